"""Camera faults that vivid can inject (FAULTS.md of the design, C1 to C11), with times from the guest's journal."""

import fcntl
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from guest import *  # noqa: E402,F403

CYCLES = 20
# Emulated; on a line PC 2 s each.
SEEN, BACK = 10.0, 15.0

install()
load_vivid("n_devs=1 node_types=0x1 num_inputs=2 input_types=0x30")
SIZE = 'format = "YUYV"\nwidth = 320\nheight = 180\nrate_hz = 30'
configure(camera(more=SIZE))
start()
teach()


def counts():
    return status()["cameras"][0]


def held():
    """Descriptors of the daemon, without a picture that is just being written, and its restarts."""
    looks = []
    for _ in range(8):
        looks.append(int(sh("ls /proc/$(pidof fsacd)/fd | wc -l")))
        time.sleep(0.2)
    return min(looks), sh("systemctl show -p NRestarts --value fsacd").strip()


def cycle(break_it, mend, cycles=CYCLES, is_seen=is_lost):
    """Breaks and mends the camera again and again: how long until it is seen, and until a part is judged again, counted from
    the moment that `mend` gives, else from the loss."""
    seen, back = [], []
    before = held()
    for _ in range(cycles):
        journal = Journal()
        journal.wait("a judged part", is_judged)
        begin = time.time()
        break_it()
        lost = moment(journal.wait("the loss", is_seen, SEEN + 10))
        seen.append(lost - begin)
        mended = mend() or lost
        back.append(judged_again(journal) - mended)
        journal.close()
    expect(max(seen) <= SEEN and max(back) <= BACK, f"seen {seen}, back {back}")
    time.sleep(1)
    after = held()
    # Fewer is no leak: what was open before may have been a connection or a picture that has ended since.
    expect(after[0] <= before[0] and after[1] == before[1], f"descriptors and restarts before {before}, after {after}")
    return f"{cycles} of {cycles}; seen: {spread(seen)}; judged again: {spread(back)}"


@step("the camera gives what was asked for, and status says so")
def _():
    source = counts()["source"]
    expect("YUYV" in source and "320" in source and "180" in source, source)
    return source


@step("vivid's Disconnect (C1)")
def _():
    return cycle(lambda: control("disconnect", 1), lambda: None)


@step("unplugged and plugged in again: the node goes and comes (C1)")
def _():
    def absent():
        unbind()
        time.sleep(0.5)

    def plug_in():
        begin = time.time()
        bind()
        return begin

    return cycle(absent, plug_in, cycles=5)


@step("1000 frames flagged as damaged: none judged, the stream goes on (C4)")
def _():
    button = control_number("inject_v4l2_buf_flag_error")
    before = counts()
    with open("/dev/video0", "rb", buffering=0) as device:
        for flagged in range(1, 1001):
            fcntl.ioctl(device, 0xC008561C, struct.pack("Ii", button, 1))  # VIDIOC_S_CTRL
            eventually("the flagged frame", lambda: counts()["damaged"] >= before["damaged"] + flagged, pause=0.01)
    after = counts()
    damaged = after["damaged"] - before["damaged"]
    expect(damaged == 1000, f"{damaged} seen as damaged")
    expect(after["restarts"] == before["restarts"], "the stream was started again")
    invalid = after["counts"]["causes"].get("frame_error", 0) - before["counts"]["causes"].get("frame_error", 0)
    # One that a newer frame replaced in the queue has no line.
    expect(0 < invalid <= 1000, f"{invalid} lines with frame_error")
    return f"{damaged} of 1000 seen, {invalid} journalled as INVALID frame_error, 0 judged"


@step("a stall without an error: named, and over when frames come again (C7)")
def _():
    def seen(entry):
        return is_lost(entry) and "stalled" in entry.get("FSAC_STATE", "")

    def go_on():
        control("percentage_of_dropped_buffers", 0)
        return time.time()

    return cycle(lambda: control("percentage_of_dropped_buffers", 100), go_on, cycles=5, is_seen=seen)


@step("lost frames are counted, and nothing else happens (C10)")
def _():
    before = counts()
    control("percentage_of_dropped_buffers", 30)
    time.sleep(5)
    control("percentage_of_dropped_buffers", 0)
    after = counts()
    expect(after["missed"] > before["missed"], f"{before} {after}")
    expect(after["state"] == "inspecting", after)
    return f"{after['missed'] - before['missed']} missed of {after['frames'] - before['frames']} that came"


@step("sequence numbers and time stamps that wrap are no gap (C10)")
def _():
    before = counts()
    control("wrap_sequence_number", 1)
    control("wrap_timestamp", 1)
    time.sleep(8)
    control("wrap_sequence_number", 0)
    control("wrap_timestamp", 0)
    after = counts()
    expect(after["missed"] - before["missed"] < 1000, f"missed {after['missed'] - before['missed']}")
    expect(after["state"] == "inspecting", after)


@step("a fatal error of the queue: closed and opened again (C9)")
def _():
    return cycle(lambda: control("inject_fatal_streaming_error", 1), lambda: None, cycles=10)


@step("refused REQBUFS, QBUF and STREAMON: tried again until it works (C9)")
def _():
    faults = iter(["inject_vidioc_reqbufs_error", "inject_vidioc_qbuf_error", "inject_vidioc_streamon_error"])

    def refuse():
        control(next(faults), 1)
        control("inject_fatal_streaming_error", 1)

    return cycle(refuse, lambda: None, cycles=3)


@step("busy: held by another program, which is named, and used when it is free (C11)")
def _():
    stop()
    holder = subprocess.Popen(["v4l2-ctl", "-d", "/dev/video0", "--stream-mmap=4", "--stream-count=100000"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(2)
    journal = Journal()
    start()
    entry = journal.wait("the state", lambda e: e.get("FSAC_STATE") == "camera_busy")
    holder.terminate()
    holder.wait()
    since = time.time()
    back = judged_again(journal) - since
    journal.close()
    expect(back <= BACK, back)
    return f"{entry['MESSAGE']}; judged {back:.2f} s after the release"


@step("another camera in its place is never used (C3)")
def _():
    configure(camera(more=SIZE + '\nbus = "platform:vivid-007"'))
    sh("fsacctl reload")
    eventually("the state", lambda: state() == "camera_mismatch")
    # What the camera gave before is judged yet.
    time.sleep(3)
    lines = len(verdicts())
    time.sleep(3)
    expect(len(verdicts()) == lines, "a part was judged")
    reason = status()["cameras"][0]["reason"]
    configure(camera(more=SIZE))
    sh("fsacctl reload")
    eventually("the line inspecting", lambda: state() == "inspecting")
    return reason


@step("a size that the camera does not have is a mismatch, not another size (C6)")
def _():
    configure(camera(more='format = "YUYV"\nwidth = 333\nheight = 222'))
    sh("fsacctl reload")
    eventually("the state", lambda: state() == "camera_mismatch")
    reason = status()["cameras"][0]["reason"]
    configure(camera(more=SIZE))
    sh("fsacctl reload")
    eventually("the line inspecting", lambda: state() == "inspecting")
    return reason


@step("controls are set by name, and again after a reconnect")
def _():
    configure(camera(more=SIZE + "\n[camera.controls]\nbrightness = 77"))
    sh("fsacctl reload")
    eventually("the control", lambda: "77" in sh("v4l2-ctl -d /dev/video0 -C brightness"))
    control("brightness", 10)
    unbind()
    bind()
    eventually("the control", lambda: "77" in sh("v4l2-ctl -d /dev/video0 -C brightness"))
    configure(camera(more=SIZE + "\n[camera.controls]\nbrightnes = 77"))
    sh("fsacctl reload")
    eventually("the state", lambda: state() == "camera_mismatch")
    return status()["cameras"][0]["reason"]


@step("an HDMI input loses its signal and has it again (C6)")
def _():
    stop()
    unload_vivid()
    load_vivid("n_devs=1 node_types=0x1 num_inputs=1 input_types=3")
    sh("v4l2-ctl -d /dev/video0 --set-dv-bt-timings index=0")
    configure(camera(more='format = "YUYV"\nwidth = 640\nheight = 480\nrate_hz = 0'))
    start()
    eventually("the line inspecting", lambda: state() == "inspecting", 60)

    def signal_again():
        control("dv_timings_signal_mode", 0)
        return time.time()

    return cycle(lambda: control("dv_timings_signal_mode", 1), signal_again, cycles=3)


finish()
