#!/usr/bin/env bash
# Measures accuracy: what `make evaluate` runs. Prints the table of docs/accuracy.md. Finished runs come from the cache of
# `fsacctl evaluate`, so that an interrupted or extended measurement goes on where it was.
#
#   evaluate.sh [DIR...]   data sets in MVTec AD's layout, or folders of such; default: the demo's textile pictures
#
#   SHOTS       numbers of shots, with commas (default 1,2,4,8)
#   SEEDS       choices of shots for each number, or as many as the pictures allow (default 5)
#   METHODS     default "auto"
#   BACKBONES   default both joined, and each alone
#   OPTIONS     more options for `fsacctl evaluate`, for instance "--layers 3,4"
#   RESULTS     folder for JSON, CSV and HTML (default .cache/evaluation); what other calls left there is in the table, too
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cache=${FSAC_CACHE:-.cache}
textile=$cache/textile
layout=$cache/textile-evaluation-2
results=${RESULTS:-$cache/evaluation}

# The textile pictures as two sets in MVTec AD's layout: 60 good and 60 defective test pictures each, drawn with a stated
# seed; the good ones that were not drawn are there to learn from.
lay_out_textile() {
    [ -d "$layout" ] || python3 Tools/lay_out_textile.py "$textile" "$layout" --seed 1 --pictures 60
}

# evaluate DIR METHOD BACKBONE
evaluate() {
    local name
    name=$(basename "$1")-$3-$2
    if [ -n "${OPTIONS:-}" ]; then name+=-${OPTIONS//[^a-zA-Z0-9.,]/}; fi
    .build/release/fsacctl evaluate "$1" --method "$2" --backbone "$3" --shots "${SHOTS:-1,2,4,8}" \
        --seeds "${SEEDS:-5}" --fewer-seeds --models "${FSAC_MODELS:-models}" "${options[@]}" \
        --csv "$results/$name.csv" --report "$results/$name" --json >"$results/$name.json.new"
    mv "$results/$name.json.new" "$results/$name.json"
}

if [ $# = 0 ]; then
    lay_out_textile
    set -- "$layout"
fi
mkdir -p "$results"
read -ra methods <<<"${METHODS:-auto}"
read -ra backbones <<<"${BACKBONES:-fsac-vit-small+efficientnet-lite0 efficientnet-lite0 dinov2-small}"
read -ra options <<<"${OPTIONS:-}"
for directory in "$@"; do
    for backbone in "${backbones[@]}"; do
        for method in "${methods[@]}"; do evaluate "$directory" "$method" "$backbone"; done
    done
done
python3 Tools/accuracy_table.py "$results"/*.json
