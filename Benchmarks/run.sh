#!/usr/bin/env bash
# Compares both backbones with ONNX Runtime and OpenVINO and CLIP's image tower with ONNX Runtime, outputs and time, and the way of
# a camera's frame to their input with OpenCV and Pillow, and lets the daemon inspect more parts than it can: what `make bench` runs. The
# references live in .cache.
#
#   ONLY       backbones, throughput: nothing but these, some five minutes, ten
#   ROUNDS     rounds in which fsac and the others take turns (default 5)
#   RUNS       timed runs a turn (default 30)
#   THREADS    threads that both may use (default 2)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

reference=${FSAC_CACHE:-.cache}/reference
requirements=Benchmarks/requirements.txt
if ! cat "$requirements" Benchmarks/requirements-clip.txt | cmp -s - "$reference/installed.txt"; then
    echo "bench: installing the reference into $reference"
    "${PYTHON:-python3}" -m venv --clear "$reference"
    "$reference/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: -r "$requirements"
    "$reference/bin/pip" install --quiet --disable-pip-version-check --no-deps -r Benchmarks/requirements-clip.txt
    cat "$requirements" Benchmarks/requirements-clip.txt >"$reference/installed.txt"
fi
pictures=${FSAC_CACHE:-.cache}/textile/nominal
throughput() {
    "$reference/bin/python" Benchmarks/throughput.py --shots "$pictures"
}
if [ "${ONLY:-}" = throughput ]; then throughput; exit; fi
"$reference/bin/python" Benchmarks/compare.py --fsacctl .build/release/fsacctl --models "${FSAC_MODELS:-models}" \
    --rounds "${ROUNDS:-5}" --runs "${RUNS:-30}" --threads "${THREADS:-2}" "$@"
if [ "${ONLY:-}" = backbones ]; then exit; fi
"$reference/bin/python" Benchmarks/clip.py --fsacctl .build/release/fsacctl --cache "${FSAC_CACHE:-.cache}/clip" \
    --rounds "${ROUNDS:-5}" --runs "${RUNS:-30}" --threads "${THREADS:-2}"
frames=("$pictures"/*.jpg)
"$reference/bin/python" Benchmarks/frames.py --fsacctl .build/release/fsacctl --models "${FSAC_MODELS:-models}" \
    --picture "${frames[0]}" --rounds "${ROUNDS:-5}" --runs "${RUNS:-30}"
throughput
