#!/usr/bin/env bash
# Checks what the compiler cannot: who may import what, and that files stay short (ARCHITECTURE.md).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

longest_file=400
failed=0

# forbid WHAT WHY: prints the lines that standard input holds
forbid() {
    local lines
    lines=$(cat)
    [ -z "$lines" ] && return
    failed=1
    printf 'check: %s\n%s\n' "$1" "$lines" >&2
}

# imports MODULES FOLDER...: every import of one of MODULES (a regular expression) in one of FOLDER
imports() {
    grep -rnE --include='*.swift' "^[[:space:]]*(@[a-zA-Z_]+ +)*((public|package|internal|private|fileprivate) +)?import +((struct|class|enum|func|protocol|typealias|let|var) +)?($1)\b" "${@:2}" || true
}

imports COpenBLAS Sources | { grep -v '^Sources/Core/Numerics/' || true; } |
    forbid 'only Sources/Core/Numerics may import COpenBLAS'
imports CKernels Sources | { grep -v '^Sources/Core/' || true; } | forbid 'only Core may import CKernels'
imports 'CJPEG|CPNG' Sources | { grep -v '^Sources/Core/Imaging/' || true; } |
    forbid 'only Sources/Core/Imaging may import CJPEG and CPNG'
imports CZlib Sources | { grep -v '^Sources/Core/Weights/' || true; } | forbid 'only Sources/Core/Weights may import CZlib'
imports CCrypto Sources | { grep -v '^Sources/Platform/SHA256.swift:' || true; } |
    forbid 'only Sources/Platform/SHA256.swift may import CCrypto'
imports CCurl Sources | { grep -v '^Sources/fsacctl/HTTP/' || true; } |
    forbid 'only Sources/fsacctl/HTTP may import CCurl'
imports Dispatch Sources/Core | { grep -v '^Sources/Core/Numerics/Parallel.swift:' || true; } |
    forbid 'only Sources/Core/Numerics/Parallel.swift may import Dispatch: Core has no threads of its own'
imports 'Logging|NIO[A-Za-z]*|Hummingbird[A-Za-z]*|ServiceLifecycle|TOMLKit|ArgumentParser' Sources/Core Sources/Platform |
    forbid 'Core has no log, no network, no configuration and no command line'
imports 'Daemon|ControlProtocol' Sources/Core | forbid 'imports go one way: Core -> Daemon'
imports 'Core|Daemon|ControlProtocol' Sources/Platform | forbid 'imports go one way: Platform -> Core'
imports 'NIO[A-Za-z]*|Logging|Core|Daemon' Sources/ControlProtocol | forbid 'ControlProtocol is values without I/O'

find Sources Tests -name '*.swift' -exec awk -v longest=$longest_file \
    'FNR > longest && !(FILENAME in seen) { seen[FILENAME]; print FILENAME }' {} + |
    forbid "files of more than $longest_file lines: split them"

exit $failed
