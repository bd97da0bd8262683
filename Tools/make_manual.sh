#!/usr/bin/env bash
# Man pages and shell completions, from the programs' own description of their commands: what `make man` runs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bin=.build/release
# ArgumentParser's tool, built by itself: its plugin would build all of this package once more.
tool=.build/manual-tool
swift build --quiet -c release --package-path .build/checkouts/swift-argument-parser --scratch-path "$tool" \
    --product generate-manual

rm -rf .build/man .build/completions
mkdir -p .build/man .build/completions
"$tool/release/generate-manual" "$bin/fsacctl" --multi-page --section 1 --output-directory .build/man
"$tool/release/generate-manual" "$bin/fsacd" --section 8 --output-directory .build/man
"$tool/release/generate-manual" "$bin/fsac-gateway" --section 8 --output-directory .build/man

# Page names as Debian has them: fsacctl.limit.set.1 is fsacctl-limit-set.1, which `man fsacctl limit set` finds, too.
for page in .build/man/fsacctl.*.*.1 .build/man/fsacctl.*.1; do
    [ -e "$page" ] || continue
    name=$(basename "$page" .1)
    command=${name//./ }
    sed -e 's/^$/.Pp/' -e "s/^\.Nm \"$command\"\$/.Nm ${name//./-}/" -e "s/^\.Nm\$/.Nm \"$command\"/" "$page" \
        >".build/man/${name//./-}.1"
    rm "$page"
done

"$bin/fsacctl" --generate-completion-script bash | sed 1d >.build/completions/fsacctl.bash
"$bin/fsacctl" --generate-completion-script zsh >.build/completions/_fsacctl
"$bin/fsacctl" --generate-completion-script fish >.build/completions/fsacctl.fish
echo "man: $(find .build/man -type f | wc -l) pages in .build/man, completions in .build/completions"
