#!/usr/bin/env bash
# What the tests need of the system: PostgreSQL, SoftHSM, age, openssl, and for the browser journeys Chromium, Node with npm, and
# fonts that shape Arabic. Installs it on Debian where it may, and else says exactly what is missing.
set -euo pipefail

missing=()
command -v cc > /dev/null || missing+=(build-essential)
command -v python3 > /dev/null || missing+=(python3)
python3 -m pip --version > /dev/null 2>&1 || missing+=(python3-pip)
command -v node > /dev/null || missing+=(nodejs)
command -v npm > /dev/null || missing+=(npm)
[ -n "${CHROMIUM:-}" ] || command -v chromium > /dev/null || missing+=(chromium)
fc-list :lang=ar 2> /dev/null | grep -q . || missing+=(fontconfig fonts-noto-core)
command -v age > /dev/null || missing+=(age)
command -v openssl > /dev/null || missing+=(openssl)
command -v softhsm2-util > /dev/null || missing+=(softhsm2)
command -v initdb > /dev/null || ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 || missing+=(postgresql)
[ ${#missing[@]} -eq 0 ] || exec "$(dirname "$0")/install.sh" "${missing[@]}"
