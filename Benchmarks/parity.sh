#!/usr/bin/env bash
# Compares CLIP's towers at full size with open_clip on the same random weights: what `make parity` runs. PyTorch is Debian's,
# open_clip and what it needs besides live in .cache, as do the random weights (2.5 GB).
#
#   MODELS     which (default: ViT-B-16-plus-240 ViT-L-14-336)
#   THREADS    threads that both may use (default 2)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cache=${FSAC_CACHE:-.cache}
requirements=Benchmarks/requirements-parity.txt
if ! cmp -s "$requirements" "$cache/parity/installed.txt"; then
    Tools/setup.sh python3-numpy python3-torch python3-torchvision
    echo "parity: installing the reference into $cache/parity"
    # Debian's Python: another one on PATH does not find Debian's PyTorch.
    /usr/bin/python3 -m venv --clear --system-site-packages "$cache/parity"
    # Without their dependencies: PyTorch is there.
    "$cache/parity/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$requirements"
    cp "$requirements" "$cache/parity/installed.txt"
fi
# open_clip says on standard error that it cannot reach a hub: it is not to.
read -ra models <<<"${MODELS:-}"
"$cache/parity/bin/python" Benchmarks/parity.py --fsacctl .build/release/fsacctl --cache "$cache/clip" \
    --threads "${THREADS:-2}" "${models[@]}"

# The tokenizer on 10,000 texts, with CLIP's own vocabulary, which open_clip's package carries.
vocabulary=$("$cache/parity/bin/python" -c 'import open_clip.tokenizer; print(open_clip.tokenizer.default_bpe())' 2>/dev/null)
"$cache/parity/bin/python" Tools/make_tokenizer_fixtures.py "$cache/parity/tokenizer" "$vocabulary"
FSAC_TOKENIZER_PARITY=$(realpath "$cache/parity/tokenizer") swift test -c release --explicit-target-dependency-import-check error \
    --disable-testable-imports --filter TokenizerTests
