#!/usr/bin/env bash
# Installs packages of Debian where it may, and else says exactly what is missing.
set -euo pipefail
missing=("$@")

install=(apt-get install --yes --no-install-recommends "${missing[@]}")
if ! command -v apt-get > /dev/null; then
    echo "install: there is no apt-get here; install what Debian calls: ${missing[*]}" >&2
    exit 1
fi
if [ "$(id -u)" -eq 0 ]; then
    root=()
elif sudo -n true 2> /dev/null; then
    root=(sudo)
else
    echo "install: run this once, then try again: sudo ${install[*]}" >&2
    exit 1
fi
echo "install: ${missing[*]}"
"${root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${root[@]}" "${install[@]}" -qq > /dev/null
