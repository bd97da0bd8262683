#!/usr/bin/env bash
# Every format that vivid has and fsac reads, taken by fsacctl through the daemon's own capture; runs in the guest.
set -euo pipefail

pictures=$(mktemp -d)
trap 'rm -rf "$pictures"' EXIT
fail() { echo "FAILED $*" >&2; exit 1; }

modprobe vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0
udevadm settle
link=/dev/v4l/by-path/platform-vivid.0-video-index0

fsacctl camera list | grep -q "$link" || fail "the camera's link is not listed"
fsacctl camera formats | grep -q '^YUYV .* 320 x 180 ' || fail "formats"
fsacctl camera controls --toml | grep -q '^brightness = 128 ' || fail "controls"

for format in YUYV UYVY NV12 GREY RGB3 BGR3 BA81 GBRG GRBG RGGB BG10 BG12 BYR2 Y10 Y12 Y16 YU12; do
    fsacctl camera snapshot --device "$link" --format $format --size 640x360 --rate 25 --output "$pictures/$format.jpg" --json \
        | grep -q "$format 640 x 360, 25 Hz" || fail "$format"
    # The same colour bars in each: all JPEGs are of about one size, grey ones without chroma.
    bytes=$(stat -c %s "$pictures/$format.jpg")
    [ "$bytes" -gt 20000 ] && [ "$bytes" -lt 60000 ] || fail "$format: $bytes bytes"
done
echo "ok     17 formats"

! fsacctl camera snapshot --size 641x360 --output "$pictures/x.jpg" 2>"$pictures/error" || fail "a size that it lacks"
grep -q '640 x 360, 640 x 480' "$pictures/error" || fail "$(cat "$pictures/error")"
! fsacctl camera snapshot --format MJPG --output "$pictures/x.jpg" 2>"$pictures/error" || fail "a format that it lacks"
grep -q 'format MJPG cannot be had: expected one of YUYV' "$pictures/error" || fail "$(cat "$pictures/error")"
echo "ok     what the camera lacks is refused with what it has"

v4l2-ctl -d "$link" --stream-mmap --stream-count=0 >/dev/null 2>&1 &
holder=$!
sleep 1
! fsacctl camera snapshot --output "$pictures/x.jpg" 2>"$pictures/error" || fail "a camera that is held"
grep -q "held by v4l2-ctl (pid $holder)" "$pictures/error" || fail "$(cat "$pictures/error")"
kill $holder
echo "ok     the holder of a busy camera is named"

! setpriv --reuid 65534 --regid 65534 --clear-groups fsacctl camera formats --device "$link" 2>"$pictures/error" || fail "nobody"
grep -q 'group video' "$pictures/error" || fail "$(cat "$pictures/error")"
setpriv --reuid 65534 --regid 65534 --groups "$(getent group video | cut -d: -f3)" \
    fsacctl camera formats --device "$link" >/dev/null || fail "a user in the group video"
echo "ok     the group video is what it takes"
