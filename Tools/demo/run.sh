#!/usr/bin/env bash
# Runs a line on real pictures: what `make demo` runs. Ends by itself when PARTS parts, at most 60, have been judged, and a second
# line with one shot was taught by 30 parts.
#
#   PARTS      how many parts are judged (5 to 60, default 60); those that pass before there is a model are INVALID
#   RATE       parts a second (default 2)
#   SEED       draws the parts and the good shots (default 1)
#   BACKBONE   a name of `fsacctl model list`, several joined by + (default fsac-vit-small+efficientnet-lite0)
#   SIZE       side of the network's input in pixels (default 0: the network's own)
#   PAGE       port of the operator's page, and the next one where it may say what a part is (default 8744 and 8745, or free ones when
#              they are taken)
#
# Exits with 0 when the daemon did what it has to, whatever it thought of the parts; with 1 when it misbehaved.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

parts=${PARTS:-60}
rate=${RATE:-2}
seed=${SEED:-1}
backbone=${BACKBONE:-fsac-vit-small+efficientnet-lite0}
size=${SIZE:-0}
demo=$PWD/.demo
bin=$PWD/.build/release
daemon=

bold='' plain=''
if [ -t 1 ]; then bold=$'\e[1m' plain=$'\e[0m'; fi

say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

fail() {
    echo "demo: $*" >&2
    [ ! -s "$demo/fsacd.log" ] || { echo "demo: the end of $demo/fsacd.log:" >&2 && tail -n 20 "$demo/fsacd.log" >&2; }
    exit 1
}

stop_everything() {
    local job
    for job in $(jobs -p); do kill "$job" 2>/dev/null || true; done
    [ -z "$socket_folder" ] || rm -rf "$socket_folder"
}

# await SECONDS WHAT COMMAND...: until COMMAND succeeds; the daemon has to live
await() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        kill -0 "$daemon" 2>/dev/null || fail "fsacd ended while waiting for $what"
        ((SECONDS < deadline)) || fail "waited too long for $what"
        sleep 0.1
    done
}

fsacctl() { "$bin/fsacctl" "$@" --socket "$socket"; }
has_parts() { [ -s "$demo/state/journal/current.jsonl" ] && (($(grep -c '"seq"' "$demo/state/journal/current.jsonl") >= $1)); }
# Parts that a model has judged; those before there was one do not count.
has_judged() { (($(grep -c '"generation"' "$demo/state/journal/current.jsonl") >= $1)); }
# show PREFIX FOLDER: the pictures of a folder pass, each once
show() {
    local picture
    for picture in "$2"/*.jpg; do cp "$picture" "$taught/parts/$1$(basename "$picture")"; done
}

has_lines() { (($(grep -c '"frame":"'"$1" "$taught/state/journal/current.jsonl") >= $2)); }
has_kept() { (($(fsacctl teach --status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["kept"])') >= $1)); }
now_ms() { date +%s%3N; }

[[ $parts =~ ^[0-9]+$ ]] || fail "PARTS=$parts: expected a whole number"
((parts >= 5 && parts <= 60)) || fail "PARTS=$parts: expected 5 to 60"
[[ $seed =~ ^[0-9]+$ ]] || fail "SEED=$seed: expected a whole number"
[[ $rate =~ ^[0-9]+(\.[0-9]+)?$ ]] || fail "RATE=$rate: expected parts a second"

# A Unix socket's path has to fit into 107 bytes.
socket=$demo/control.sock socket_folder=
if ((${#socket} > 100)); then
    socket_folder=$(mktemp -d /tmp/fsac-demo.XXXXXX)
    socket=$socket_folder/control.sock
fi
trap stop_everything EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The ports that are wanted, or free ones.
read -r page acting < <(python3 - "${PAGE:-8744}" <<'PYTHON'
import socket
import sys

sockets = []
for wanted in (int(sys.argv[1]), int(sys.argv[1]) + 1):
    for port in (wanted, 0):
        sockets.append(socket.socket())
        sockets[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sockets[-1].bind(("127.0.0.1", port))
        except OSError:
            sockets.pop()
            continue
        break
print(*(taken.getsockname()[1] for taken in sockets))
PYTHON
)

rm -rf "$demo"
mkdir -p "$demo"
say "The parts"
python3 Tools/demo/draw_parts.py "${FSAC_CACHE:-.cache}/textile" "$demo" --parts "$parts" --seed "$seed"
cat >"$demo/config.toml" <<TOML
state_directory = "$demo/state"
models_directory = "${FSAC_MODELS:-$PWD/models}"

[control]
socket = "$socket"

[station]
name = "demo"

[page]
listen = "127.0.0.1:$page"
actions = ["judge", "acknowledge"]
actions_listen = "127.0.0.1:$acting"

[camera]
name = "demo"
source = "folder"
path = "$demo/parts"
mode = "replay"
rate_hz = $rate
repeat = true

[images]
save_images = "all"
save_heatmaps = "all"

[recipe]
name = "textile"
backbone = "$backbone"
input_size = $size
TOML

say "The operator's page: http://127.0.0.1:$acting/"
echo "It shows the line in a browser on this computer for as long as the demo runs. Tap a part of the last 20 to hold it, compare it with"
echo "\"Good beside\", and say what it is; http://127.0.0.1:$page/ is the same page without that."

say "fsacd starts without a model: nothing is OK yet"
"$bin/fsacd" --config "$demo/config.toml" 2>"$demo/fsacd.log" &
daemon=$!
await 30 "the first part" has_parts 1
fsacctl status
fsacctl tail -n 1

say "fsacctl add-normal: four good parts, the first model"
started=$(now_ms)
fsacctl add-normal "$demo"/normals/*.jpg || fail "add-normal failed"
swapped=$(now_ms)

say "Verdicts as they come"
# Not the function: its process would be a shell around the one to end.
"$bin/fsacctl" tail -f -n 0 --socket "$socket" &
tail=$!
await 600 "part $parts that is judged" has_judged "$parts"
sleep 0.5
kill "$tail" 2>/dev/null || true
wait "$tail" 2>/dev/null || true

fsacctl status --json >"$demo/status.json"
kill -TERM "$daemon"
code=0
wait "$daemon" || code=$?
daemon=
((code == 0)) || fail "fsacd ended with exit code $code after SIGTERM"

say "What was measured"
python3 Tools/demo/summarise.py "$demo/state" "$demo/labels.tsv" "$demo/status.json" \
    --swap-seconds "$(python3 -c "print(($swapped - $started) / 1000)")" || fail "the daemon misbehaved"
cat <<TEXT

On $(nproc) cores, $backbone, parts of 250 x 250 pixels at $rate a second. The parts are simulated textiles
(conformal-clip-data 0.1.4, MIT), not photographs. The limit was found from the four good shots alone. One draw of $parts
parts shows that the line works; how well it tells good from bad is measured by \`make evaluate\` (docs/accuracy.md).
The journal, pictures and heat maps stay in .demo/state.
TEXT

taught=$demo/taught
stream_parts=30

python3 Tools/demo/draw_stream.py "${FSAC_CACHE:-.cache}/textile" "$taught" --parts "$stream_parts" --seed "$seed"
cat >"$taught/config.toml" <<TOML
state_directory = "$taught/state"
models_directory = "${FSAC_MODELS:-$PWD/models}"

[control]
socket = "$socket"

[camera]
name = "demo"
source = "folder"
path = "$taught/parts"
mode = "watch"

[recipe]
name = "textile"
backbone = "$backbone"
input_size = $size
TOML

say "A second line, with one good shot"
"$bin/fsacd" --config "$taught/config.toml" 2>"$demo/fsacd.log" &
daemon=$!
await 30 "the second line" test -S "$socket"
fsacctl add-normal "$taught/shot.jpg" || fail "add-normal failed"
show before- "$taught/tests"
tests=$(find "$taught/tests" -name '*.jpg' | wc -l)
await 300 "the parts before" has_lines before- "$tests"

say "fsacctl commission --parts $stream_parts: parts of the line are kept, two of them bad"
fsacctl commission --parts "$stream_parts" --no-wait
show "" "$taught/stream"
await 300 "the parts that teach" has_lines stream- "$stream_parts"
await 30 "the kept parts" has_kept 20

say "fsacctl teach: what they would make of the model"
fsacctl teach || fail "teach failed"
# Parts that were NG and would be OK take the word of somebody who looked at them. Here their names say what they are.
passing=$(fsacctl teach --status --json | python3 -c 'import json, sys
print(*(flip["frame"] for flip in json.load(sys.stdin)["proposal"]["change"]["flips"] if flip["after"] == "OK"))')
for part in $passing; do
    [[ $part == *-good* ]] || fail "$part would pass"
done
say "fsacctl teach --accept --force: all that would pass is good"
fsacctl teach --accept --force >"$demo/teach.txt" || fail "teach failed"
tail -n 1 "$demo/teach.txt"
show after- "$taught/tests"
await 300 "the parts after" has_lines after- "$tests"

kill -TERM "$daemon"
code=0
wait "$daemon" || code=$?
daemon=
((code == 0)) || fail "fsacd ended with exit code $code after SIGTERM"
say "The same $tests parts, before and after"
python3 Tools/demo/compare.py "$taught/state" || fail "the daemon misbehaved"
cat <<TEXT

Nobody told which of the $stream_parts parts were bad. \`fsacctl teach\` alone shows what would change, --accept makes it so,
with --force where parts would pass that were NG, and \`fsacctl models rollback\` undoes it. The daemon's log is in .demo/fsacd.log.
TEXT
