#!/usr/bin/env bash
# The dependency tree against deny.toml. Bans, licences and sources are always checked. Advisories need the RustSec
# database, which comes by git: where it can't be had this says so in one loud line, and the version bans of
# deny.toml stand in for it.
set -euo pipefail
deny=$1
database=https://github.com/RustSec/advisory-db

"$deny" check bans licenses sources

if timeout 30 git ls-remote --exit-code "$database" HEAD > /dev/null 2>&1; then
    "$deny" check advisories
elif ls -d "${CARGO_HOME:-$HOME/.cargo}"/advisory-dbs/advisory-db-* > /dev/null 2>&1; then
    echo "deny: $database can't be reached; advisories are checked against the local copy"
    "$deny" --offline check advisories
else
    echo "deny: ADVISORIES NOT CHECKED: $database can't be reached and there is no local copy; the version bans of deny.toml were checked"
fi
