"""The half of the power cut after it: the next boot needs no help, and every verdict that was shown as durable is there."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from guest import *  # noqa: E402,F403

shown = [line.split() for line in pathlib.Path(sys.argv[1]).read_text().splitlines() if line.startswith("shown ")]
durable = {int(words[1]): words[2] for words in shown if len(words) == 4 and words[3] == "True"}

sh("modprobe virtio_blk ext4; modprobe ext4; udevadm settle; mkdir -p /var/lib/fsac; mount /dev/vda /var/lib/fsac")
load_vivid()
install()
configure(camera(more='format = "YUYV"\nwidth = 320\nheight = 180\nrate_hz = 30'))


@step("the daemon starts on what the power cut left, and inspects")
def _():
    start()
    last = eventually("the model of before", lambda: state() == "inspecting" and verdicts()[-1]["seq"], 60)
    eventually("new verdicts", lambda: verdicts()[-1]["seq"] > last)


@step("every verdict that was shown as durable is in the journal, and no number is there twice")
def _():
    kept = verdicts()
    numbers = [v["seq"] for v in kept]
    lines = {v["seq"]: v["verdict"] for v in kept}
    lost = [seq for seq, verdict in durable.items() if lines.get(seq) != verdict]
    expect(durable and not lost, f"{len(durable)} shown, lost: {lost}")
    # Behind a cut numbers go on where none can have been given out before.
    expect(numbers == sorted(set(numbers)), "numbers twice or out of order")
    return f"{len(durable)} shown before the cut, 0 lost, {len(lines)} in the journal"


finish()
