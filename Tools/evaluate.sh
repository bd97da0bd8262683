#!/usr/bin/env bash
# Measures accuracy with both backbones: what `make evaluate` runs. Prints tables; with JSON=FOLDER also writes them there.
#
#   evaluate.sh [DIR]   a data set in MVTec AD's layout, or a folder of such; default: the demo's textile pictures
#
#   SHOTS       numbers of shots, with commas (default 1,4)
#   SEEDS       choices of shots for each number (default 4)
#   BACKBONES   default "efficientnet-lite0 dinov2-small"
#   OPTIONS     more options for `fsacctl evaluate`, for instance "--layers 3,4"
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

textile=${FSAC_CACHE:-.cache}/textile
layout=${FSAC_CACHE:-.cache}/textile-evaluation

# link KIND FIRST LAST FOLDER: pictures by number, as links
link() {
    local number
    mkdir -p "$layout.new/$4"
    for ((number = $2; number <= $3; number++)); do
        ln "$textile/$1/$(printf 'textile_%04d.jpg' "$number")" "$layout.new/$4/"
    done
}

# The textile pictures as two sets in MVTec AD's layout, each with 60 good and 60 defective test pictures; shots and good
# test pictures do not overlap. The pictures are numbered without an order, so a range is a draw.
lay_out_textile() {
    local kind
    [ -d "$layout" ] && return
    rm -rf "$layout.new"
    for kind in local global; do
        link nominal 1 40 "textile-$kind/train/good"
        link nominal 101 160 "textile-$kind/test/good"
        link "$kind" 1 60 "textile-$kind/test/$kind"
    done
    mv "$layout.new" "$layout"
}

directory=${1:-$layout}
if [ $# = 0 ]; then lay_out_textile; fi
read -ra backbones <<<"${BACKBONES:-efficientnet-lite0 dinov2-small}"
read -ra options <<<"${OPTIONS:-}"
for backbone in "${backbones[@]}"; do
    command=(.build/release/fsacctl evaluate "$directory" --backbone "$backbone" --shots "${SHOTS:-1,4}"
        --seeds "${SEEDS:-4}" --models "${FSAC_MODELS:-models}" "${options[@]}")
    if [ -n "${JSON:-}" ]; then
        mkdir -p "$JSON"
        "${command[@]}" --json >"$JSON/$(basename "$directory")-$backbone.json"
    else
        "${command[@]}"
    fi
done
