#!/usr/bin/env bash
# A plant's Prometheus on stations that are simulated from a real daemon's numbers: what `make plant-test` runs.
#
#   PLANT_SECONDS   how long it collects (default 60)
#   STATIONS        how many there are (default 200)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Unpacked and not installed: the package would start a server on this machine.
cache=$(realpath "${FSAC_CACHE:-.cache}")/prometheus
if [ ! -x "$cache/usr/bin/promtool" ]; then
    mkdir -p "$cache"
    (cd "$cache" && apt-get download -qq prometheus && dpkg -x prometheus_*.deb . && rm prometheus_*.deb)
fi
PATH=$cache/usr/bin:$PATH exec python3 Tests/Plant/plant.py
