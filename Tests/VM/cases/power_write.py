"""The half of the power cut before it: inspects on a disk of its own and prints each verdict that was shown, until the machine dies."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from guest import *  # noqa: E402,F403

sh("modprobe virtio_blk ext4; modprobe ext4; udevadm settle; mkdir -p /var/lib/fsac; mount /dev/vda /var/lib/fsac")
load_vivid()
install()
sh("chown fsac:fsac /var/lib/fsac; chmod 750 /var/lib/fsac")
configure(camera(more='format = "YUYV"\nwidth = 320\nheight = 180\nrate_hz = 30'))
start()
# After a cut the shots are there, and the first part may not have been judged yet.
if not any(pathlib.Path("/var/lib/fsac/recipes").glob("*/normals/*")):
    teach()
# Everything is above this limit: NG verdicts are on the disk before anybody sees them.
sh("fsacctl limit set 0.000001")
print("power: inspecting", flush=True)
tail = subprocess.Popen(["fsacctl", "tail", "-f", "--json"], stdout=subprocess.PIPE, text=True)
for line in tail.stdout:
    verdict = json.loads(line)
    print(f"shown {verdict['seq']} {verdict['verdict']} {verdict['durable']}", flush=True)
