#!/usr/bin/env bash
# Checks the shell and Python scripts: syntax always, shellcheck where it is installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mapfile -t shell < <(find .ci Benchmarks Tests Tools -type f \( -name '*.sh' -o -path '.ci/run' \) | sort)
mapfile -t python < <(find Benchmarks Tests Tools -type f -name '*.py' | sort)

for script in "${shell[@]}"; do bash -n "$script"; done
if command -v shellcheck >/dev/null; then shellcheck "${shell[@]}"; fi
python3 - "${python[@]}" <<'PYTHON'
import ast
import pathlib
import sys

for path in sys.argv[1:]:
    ast.parse(pathlib.Path(path).read_text(), path)
PYTHON
