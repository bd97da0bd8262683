#!/usr/bin/env bash
# Checks the shell and Python scripts, and the C that only `make fuzz` compiles: syntax always, shellcheck where it is installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mapfile -t shell < <(find .ci Benchmarks Tests Tools -type f \( -name '*.sh' -o -path '.ci/run' \) | sort)
mapfile -t python < <(find Benchmarks Tests Tools -type f -name '*.py' | sort)

for script in "${shell[@]}"; do bash -n "$script"; done
"${CC:-$(command -v gcc || command -v clang || echo cc)}" -std=c11 -D_DEFAULT_SOURCE -Wall -Werror -fsyntax-only \
    -ISources/CJPEG/include -ISources/CPNG/include Tests/Fuzz/pictures.c
if command -v shellcheck >/dev/null; then shellcheck "${shell[@]}"; fi
python3 - "${python[@]}" <<'PYTHON'
import ast
import pathlib
import sys

for path in sys.argv[1:]:
    ast.parse(pathlib.Path(path).read_text(), path)
PYTHON
