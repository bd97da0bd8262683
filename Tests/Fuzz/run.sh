#!/usr/bin/env bash
# Feeds damaged inputs to everything that reads bytes of others, guided by the code that they reach (libFuzzer): what `make fuzz`
# runs. The picture shims run under AddressSanitizer and UndefinedBehaviorSanitizer. It ends at the first crash and leaves the
# input in .build/fuzz/found: mend the reader, and put the input into Tests/Fuzz/corpus/TARGET.
#
#   FUZZ_SECONDS   for each target (default 600)
#   FUZZ_TARGETS   which ones (default: all)
#   CLANG          a clang with libFuzzer (default: the one beside swift)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

build=.build/fuzz
seconds=${FUZZ_SECONDS:-600}
clang=${CLANG:-$(dirname "$(readlink -f "$(command -v swift)")")/clang}
mkdir -p "$build/found"

"$clang" -std=c11 -D_DEFAULT_SOURCE -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
    -fno-omit-frame-pointer -ISources/CJPEG/include -ISources/CPNG/include \
    Tests/Fuzz/pictures.c Sources/CJPEG/*.c Sources/CPNG/*.c -ljpeg -lpng16 -o "$build/shims"
# Swift's usual linker fails on libFuzzer's debugging information.
FSAC_FUZZ=1 swift build -c release --scratch-path "$build/swift" --product fsac-fuzz -Xswiftc -sanitize=fuzzer -Xswiftc -use-ld=lld
program=$build/swift/release/fsac-fuzz

# run TARGET PROGRAM...: with the target's corpus; what reaches more code is kept in $build/grown for the next run
run() {
    local target=$1 grown=$build/grown/$1 seeds=$build/seeds/$1
    shift
    mkdir -p "$grown" "$seeds"
    "$program" "${target/shims/picture}" --seeds "$seeds"
    echo "fuzz: $target: $seconds s"
    "$@" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
        -artifact_prefix="$build/found/$target-" "$grown" "$seeds" 2>&1 |
        grep -E "^stat::number_of_executed|ERROR|SUMMARY|Test unit|Fatal|cov:" | tail -8
}

for target in ${FUZZ_TARGETS:-shims $("$program")}; do
    if [ "$target" = shims ]; then run shims "$build/shims"; else run "$target" "$program" "$target"; fi
done
