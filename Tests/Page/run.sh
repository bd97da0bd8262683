#!/usr/bin/env bash
# The operator's page in a real browser, against the real daemon on real pictures: what `make page-test`, `page-pace`,
# `page-soak` and `page-shots` run.
#
#   run.sh test [NAME...]   the tests, or those of test_page.py that are named
#   run.sh soak             the heap of the page over PARTS parts at RATE a second
#   run.sh pace             from a verdict to the screen, what 16 screens cost, the nearest good patch, at RATE parts a second
#   run.sh round            an operator's round at a page that runs elsewhere (Tests/VM/run.sh page)
#   run.sh setup            what all of them need
#   run.sh shots            pictures of six states in four sizes, plain and as a deuteranope sees them, into .build/page-shots
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cache=${FSAC_CACHE:-.cache}
python=$cache/page-tests/bin/python

Tools/setup.sh chromium chromium-driver fonts-dejavu-core fonts-noto-cjk python3-venv
if [ ! -x "$python" ] || ! "$python" -c 'import selenium, numpy, PIL, axe_playwright_python' 2>/dev/null; then
    echo "page: installing selenium and axe"
    python3 -m venv "$cache/page-tests"
    "$python" -m pip install --quiet --disable-pip-version-check selenium==4.40.0 numpy==2.2.6 pillow==12.0.0
    # Of it only the script of axe is used, which needs nothing.
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps axe-playwright-python==0.1.8
fi

what=${1:-test}
shift || true
case $what in
    test) exec "$python" Tests/Page/test_page.py "$@" ;;
    shots) exec "$python" Tests/Page/shots.py "$@" ;;
    pace) exec "$python" Tests/Page/pace.py "$@" ;;
    soak) exec "$python" Tests/Page/soak.py "$@" ;;
    round) exec "$python" Tests/Page/round.py "$@" ;;
    setup) ;;
    *) echo "page: $what: expected test, pace, soak, round, setup or shots" >&2 && exit 64 ;;
esac
