#!/usr/bin/env bash
# The suite in virtual machines with Debian's kernel, virtual cameras and systemd: what `make vm-test` runs. Two machines at
# a time; output in .build/vm.
#
#   run.sh [CASE...]   cases: install service faults formats motionjpeg io gateway page power (default: all)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

logs=.build/vm
machine=Tests/VM/vm-run

# A package that installs in seconds under emulation: without the large network. And a newer one, to upgrade to.
packages() {
    local version kind
    version=$(dpkg-deb -f .build/deb/fsac.deb Version)
    for kind in vm vm-next; do
        local suffix=${kind#vm}
        local root=.build/vm/package
        rm -rf "$root"
        dpkg-deb -R .build/deb/fsac.deb "$root"
        find "$root/usr/share/fsac/models" -type f ! -name 'efficientnet-lite0.*' -delete
        [ -z "$suffix" ] || sed -i "s/^Version: .*/Version: $version+${suffix#-}/" "$root/DEBIAN/control"
        (cd "$root" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
        dpkg-deb --root-owner-group -Zgzip -z1 -b "$root" ".build/deb/fsac-$kind.deb" >/dev/null
    done
    rm -rf .build/vm/package
}

in_machine() { # SECONDS PROGRAM [ARG...]
    local seconds=$1
    shift
    "$machine" --timeout "$seconds" Tests/VM/python.sh "$@"
}

# Until FILE has COUNT lines that say that a machine inspects; not for ever.
await_inspection() { # FILE COUNT
    local end=$((SECONDS + 200))
    until [ "$(grep -c '^power: inspecting' "$1")" -ge "$2" ]; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.2
    done
}

# Kills machines in the middle of their work, and looks at what the next boot finds.
power() {
    local disk=$logs/disk.img shown=$logs/shown.txt cut process
    rm -f "$disk" "$shown"
    truncate -s 256M "$disk"
    mkfs.ext4 -q "$disk"
    export VM_QEMU="-drive file=$PWD/$disk,if=virtio,format=raw"
    for cut in 1 2 3; do
        TMPDIR=$PWD/$logs setsid "$machine" --timeout 240 Tests/VM/python.sh Tests/VM/cases/power_write.py >>"$shown" 2>>"$logs/power.err" &
        process=$!
        await_inspection "$shown" $cut ||
            { echo "FAILED no inspection before cut $cut"; tail -n 20 "$shown" "$logs/power.err"; return 1; }
        sleep $((3 + cut))
        kill -KILL -- "-$process"
        wait "$process" 2>/dev/null || true
        echo "ok     power cut $cut: $(grep -c '^shown ' "$shown") verdicts shown so far"
    done
    in_machine 240 Tests/VM/cases/power_read.py "$PWD/$shown"
}

# Beside the machine with the package a browser of this one: as the line PC's own screen (an emulated one takes minutes to draw) and as another
# computer of the hall. In a network of its own, where all ports are free, with the addresses of docs/page.md: at 8745 a door of the machine leads to
# its loopback interface.
page() {
    local guest code=0
    ip link set lo up
    local hall="user,id=hall,restrict=on,net=192.168.10.0/24,host=192.168.10.2,dhcpstart=192.168.10.7"
    hall+=",hostfwd=tcp:127.0.0.1:8744-192.168.10.7:8744,hostfwd=tcp:127.0.0.1:8745-192.168.10.7:9745"
    VM_QEMU="-netdev $hall -device virtio-net-pci,netdev=hall" \
        in_machine 1200 Tests/VM/cases/page.py &
    guest=$!
    Tests/Page/run.sh round || code=$?
    wait "$guest" || code=$?
    return $code
}

run_case() {
    local begin=$SECONDS code=0
    echo "== $1"
    case $1 in
    power) power ;;
    page) unshare --net "$0" --page ;;
    # What the kernel's interrupts are kept in is overwritten when it is freed: a second use of it is seen at once, not by chance.
    io)
        local triggers=${TRIGGERS:-60} rate=${RATE:-2} kills=${KILLS:-10}
        VM_APPEND="slub_debug=P,proc_dir_entry,kmalloc-512 ${VM_APPEND-}" in_machine $((900 + triggers / rate + 15 * kills)) \
            Tests/VM/cases/io.py "TRIGGERS=$triggers" "RATE=$rate" "KILLS=$kills"
        ;;
    *) in_machine 900 "Tests/VM/cases/$1.py" ;;
    esac || code=$?
    echo "== $1: $([ $code = 0 ] && echo passed || echo "FAILED ($code)") in $((SECONDS - begin)) s"
    return $code
}

case ${1-} in
--case) run_case "$2" >"$logs/$2.log" 2>&1; exit ;;
--page) page; exit ;;
esac

cases=("$@")
[ $# -gt 0 ] || cases=(faults service motionjpeg io page install power gateway formats)
rm -rf "$logs"
mkdir -p "$logs"
"$machine" --ready
# The machine has this one's programs, and no network.
case " ${cases[*]} " in *" page "*) Tools/setup.sh chromium cage iproute2 xwayland && Tests/Page/run.sh setup ;; esac
packages
status=0
printf '%s\n' "${cases[@]}" | xargs -P 2 -n 1 "$0" --case || status=1
for name in "${cases[@]}"; do cat ".build/vm/$name.log"; done
[ $status = 0 ] && echo "vm-test: all passed in $SECONDS s" || echo "vm-test: FAILED" >&2
exit $status
