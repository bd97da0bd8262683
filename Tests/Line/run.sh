#!/usr/bin/env bash
# The gateway between the real daemon and independent PLCs and brokers, on the loopback interface: what `make line-test` runs.
#
#   run.sh [NAME...]   the tests, or those that are named (ModbusTest, MQTTTest, ...)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cache=${FSAC_CACHE:-.cache}
python=$cache/line-tests/bin/python

Tools/setup.sh mbpoll mosquitto mosquitto-clients python3-venv
if [ ! -x "$python" ] || ! "$python" -c 'import pymodbus, paho.mqtt' 2>/dev/null; then
    echo "line: installing pymodbus and paho-mqtt"
    python3 -m venv "$cache/line-tests"
    "$python" -m pip install --quiet --disable-pip-version-check pymodbus==3.16.1 paho-mqtt==2.1.0
fi
exec "$python" Tests/Line/tests.py "$@"
