#!/usr/bin/env bash
# Man pages and shell completions, from the programs' own description of their commands: what `make man` runs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

swift package --disable-sandbox generate-manual --multi-page --section 1 --configuration release >/dev/null
rm -rf .build/man .build/completions
mkdir -p .build/man .build/completions
find .build/plugins -path '*GenerateManual*/outputs/*' -name '*.1' -exec cp {} .build/man/ \;
# The daemon's page belongs to section 8.
if [ -f .build/man/fsacd.1 ]; then sed 's/^\.Dt \(.*\) 1$/.Dt \1 8/' .build/man/fsacd.1 >.build/man/fsacd.8 && rm .build/man/fsacd.1; fi

.build/release/fsacctl --generate-completion-script bash >.build/completions/fsacctl.bash
.build/release/fsacctl --generate-completion-script zsh >.build/completions/_fsacctl
.build/release/fsacctl --generate-completion-script fish >.build/completions/fsacctl.fish
echo "man: $(find .build/man -type f | wc -l) pages in .build/man, completions in .build/completions"
