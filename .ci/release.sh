#!/usr/bin/env bash
# Builds midflow as it is shipped, into the folder given: first a build that counts what runs, then, with the counts of a run
# of its own bench, the real one (profile-guided optimisation). Each has a folder of its own, so cargo keeps what it can.
#
# The counts are not the same twice, and a binary follows from them: they are kept beside it as midflow.profdata. Given as
# the second argument they are built from again.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p "$1"
target=$(cd "$1" && pwd)
profile=$target/midflow.profdata
oldest=19 # LLVM that reads the counts of Rust 1.95

merger() { # what adds counts up: the compiler's own tool, or one of the system that is new enough
    local own tool version
    own=$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/llvm-profdata
    for tool in "$own" llvm-profdata llvm-profdata-{30..19}; do
        version=$("$tool" --version 2> /dev/null | sed -n 's/.*LLVM version \([0-9]*\).*/\1/p' || true)
        if [ "${version:-0}" -ge "$oldest" ]; then
            echo "$tool"
            return
        fi
    done
    return 1
}

count() { # what runs in a bench, into $profile
    local tool counts=$target/counts
    if ! tool=$(merger); then
        echo "release: llvm-profdata of LLVM $oldest or newer is missing; \`rustup component add llvm-tools\` brings it, too"
        .ci/install.sh "llvm-$oldest"
        tool=$(merger)
    fi
    echo "release: a build that counts what runs"
    # Macros and build scripts count as well while they run; nobody wants to know.
    LLVM_PROFILE_FILE=/dev/null RUSTFLAGS="-Cprofile-generate" \
        cargo build --locked --release --bin midflow --target-dir "$target/counting"
    echo "release: its bench; the figures are those of a build that counts"
    rm -rf "$counts"
    mkdir "$counts"
    LLVM_PROFILE_FILE="$counts/%p.profraw" \
        "$target/counting/release/midflow" bench --seconds 4 --services 1000 --records 50000
    "$tool" merge -o "$profile" "$counts"/*.profraw
    rm -rf "$counts"
}

if [ $# -gt 1 ]; then
    [ "$2" -ef "$profile" ] || cp "$2" "$profile"
else
    count
fi
echo "release: the build that is shipped"
told=$target/build.log
RUSTFLAGS="-Cprofile-use=$profile" \
    cargo build --locked --release --bin midflow --target-dir "$target" 2>&1 | tee "$told"
# The compiler only warns of functions that the counts don't fit; a binary of many such is as slow as one without counts.
if misfits=$(grep -c "hash mismatch" "$told"); then
    echo "release: $profile does not fit this source: $misfits functions were built without it, so the binary is not what" \
        "should be shipped; run this again without a profile, so that it counts anew"
    exit 1
fi
echo "release: $target/release/midflow, with the counts it follows from in $profile"
