#!/usr/bin/env bash
# The gateway between the real daemon and independent PLCs, on the loopback interface: what `make line-test` runs.
#
#   run.sh [NAME...]   the tests, or those of test_modbus.py that are named
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cache=${FSAC_CACHE:-.cache}
python=$cache/line-tests/bin/python

Tools/setup.sh mbpoll python3-venv
if [ ! -x "$python" ] || ! "$python" -c 'import pymodbus' 2>/dev/null; then
    echo "line: installing pymodbus"
    python3 -m venv "$cache/line-tests"
    "$python" -m pip install --quiet --disable-pip-version-check pymodbus==3.16.1
fi
exec "$python" Tests/Line/test_modbus.py "$@"
