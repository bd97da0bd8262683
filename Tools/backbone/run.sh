#!/usr/bin/env bash
# Trains a backbone for detection from the embedded one: what `make backbone` runs. Says what it would take and asks first.
#
#   BACKBONE    dinov2-small (default) or efficientnet-lite0
#   PICTURES    folders of own pictures, with spaces (licences that allow it); drawn products are always there
#   ARCHIVE     archives of pictures (.npz, see Tools/backbone/pictures.py), with spaces
#   SEEDS       trainings, whose weights are averaged (default "0 1 2 3"; of efficientnet-lite0 "0")
#   VIEWS       views that each sees (default 180000; of efficientnet-lite0 60000)
#   SHARE       of the trained weights in the average with the original ones (default 0.7)
#   OUT         folder (default .cache/backbone/BACKBONE)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

models=${FSAC_MODELS:-models}
cache=${FSAC_CACHE:-.cache}
backbone=${BACKBONE:-dinov2-small}
out=${OUT:-$cache/backbone/$backbone}
share=${SHARE:-0.7}
case $backbone in
    dinov2-small)
        name=fsac-vit-small seeds="0 1 2 3" views=180000
        own=()
        takes="on a graphics processor of a data centre about 75 seconds each, on two cores of a PC about 20 hours each"
        ;;
    efficientnet-lite0)
        name=fsac-lite0 seeds=0 views=60000
        own=(--depth 5 --losses 4:0.5,5:1 --phases 0:192:16,0.85:288:8 --rate 4e-4 --decay 0.9)
        takes="on two cores of a PC about 45 minutes each"
        ;;
    *) echo "backbone: $backbone: expected dinov2-small or efficientnet-lite0" >&2 && exit 64 ;;
esac
read -ra folders <<<"${PICTURES:-}"
read -ra archives <<<"${ARCHIVE:-}"
views=${VIEWS:-$views}
read -ra every <<<"${SEEDS:-$seeds}"

cat <<TEXT
Trains $backbone ${#every[@]} times on $views views each: $takes;
it goes on where it was interrupted. Fetches PyTorch from the Python package index (3 GB on disk).
Pictures: drawn products${PICTURES:+, $PICTURES}${ARCHIVE:+, $ARCHIVE}. The weights go to $out.
TEXT
if [ -t 0 ]; then
    read -rp "Go on? [y/N] " answer
    [ "$answer" = y ] || exit 1
elif [ "${YES:-}" != 1 ]; then
    echo "There is no terminal to ask: YES=1 makes it go on." >&2
    exit 1
fi

python=$cache/torch/bin/python
if ! [ -x "$python" ]; then
    python3 -m venv "$cache/torch"
    "$python" -m pip install --quiet torch safetensors pillow numpy scipy
fi

# The allocator gives nothing back: a step's large temporaries would each be mapped and zeroed anew, half of the time on a CPU.
export MALLOC_MMAP_THRESHOLD_=4294967296 MALLOC_TRIM_THRESHOLD_=8589934592 MALLOC_TOP_PAD_=268435456
options=(--weights "$models/$backbone.safetensors" --out "$out" --views "$views" --seeds "${every[@]}" "${own[@]}")
if [ ${#folders[@]} != 0 ]; then options+=(--pictures "${folders[@]}"); fi
if [ ${#archives[@]} != 0 ]; then options+=(--archive "${archives[@]}"); fi
"$python" Tools/backbone/train.py "${options[@]}"

trained=()
for seed in "${every[@]}"; do trained+=("$out/seed-$seed.safetensors"); done
"$python" Tools/backbone/average.py --original "$models/$backbone.safetensors" --trained "${trained[@]}" --share "$share" \
    --out "$out/$name.safetensors"
echo "To use it: fsacctl model import $out/$name.safetensors --name $name"
