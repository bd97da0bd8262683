#!/usr/bin/env bash
# Runs 10,000 mutants of Motion JPEG frames through the JPEG shim under AddressSanitizer, LeakSanitizer and
# UndefinedBehaviorSanitizer: what `make mutants` runs. CC chooses the compiler.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

build=.build/mjpeg
mkdir -p "$build"
compiler=${CC:-$(command -v gcc || command -v clang || echo cc)}
"$compiler" -std=c11 -D_DEFAULT_SOURCE -O1 -g -Wall -Wextra -Werror -Wno-missing-field-initializers \
    -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -ISources/CJPEG/include \
    Tests/MJPEG/*.c Sources/CJPEG/*.c -ljpeg -o "$build/mutants"
ASAN_OPTIONS=detect_leaks=1:halt_on_error=1 UBSAN_OPTIONS=print_stacktrace=1 "$build/mutants"
