"""The disk: full, out of inodes, read-only, failing, slow (rows S8 to S12)."""

import errno
import json
import os
import time

from faulty_disk import Disk
from lines import Line
from rig import (
    Filler,
    Notifications,
    disk_file_system,
    expect,
    memory_file_system,
    seconds_until,
    sh,
    step,
)

SMALL_JOURNAL = "segment_bytes = 65536\nmax_bytes = 8388608"
SMALL_PICTURES = "min_free_bytes = 1048576\nmax_bytes = 4194304"


def unwell(line, what, timeout=15):
    """How long it takes until the line says that it is not well."""
    return seconds_until(f"a health that tells of {what}", lambda: line.health() != 200, timeout)


def well(line, what, timeout=30):
    begin = time.monotonic()
    while (reply := line.get("/healthz")).code != 200:
        expect(time.monotonic() - begin < timeout, f"{what}, and after {timeout} s health is still {reply.body}")
        time.sleep(0.02)
    return time.monotonic() - begin


def trigger(line, part):
    """A part that a machine asks about; the verdict is answered."""
    reply = line.request("POST", "/v1/trigger", {"part": part})
    if reply.code == 200:
        record = json.loads(reply.body)["inspection"]
        line.note(record)
        return record
    return None


def survive_a_full_disk(folder, options, takes_inodes):
    """Fills the state's disk below a running line, has triggers answered meanwhile, kills it, and frees the space."""
    with memory_file_system(folder / "disk", options) as disk:
        with Line(
            folder / "line",
            state=disk / "state",
            camera='trigger = "software"',
            pictures="all",
            journal=SMALL_JOURNAL,
            images=SMALL_PICTURES,
        ).prepare() as line:
            line.start().watch()
            for number in range(10):
                trigger(line, f"before-{number}")
            expect(line.health() == 200, "not well before anything happened")
            with Filler(disk, takes_inodes):
                answered = [trigger(line, f"full-{number}") for number in range(400)]
                told = line.health()
                expect(line.is_running(), line.log()[-600:])
                # Whatever was answered must outlive the daemon.
                line.kill()
            line.watch().start()
            back = well(line, "the disk that has room again")
            record = trigger(line, "after")
            expect(record["verdict"] != "INVALID", f"{record}")
            line.stop()
            judged = sum(bool(record) and record["verdict"] != "INVALID" for record in answered)
            causes = sorted({record["cause"] for record in answered if record and record["verdict"] == "INVALID"})
            expect(judged == 400 or told != 200, f"{400 - judged} of 400 not judged ({causes}), and health {told}")
            return (
                f"400 triggers with a full disk: {judged} judged, each in the journal after kill -9; {400 - judged} not"
                f" {' '.join(causes)}; health {told}; well again after {back:.1f} s"
            )


@step("S8", "a full disk: what is answered OK or NG is on the disk and outlives kill -9")
def _(folder):
    return survive_a_full_disk(folder, "size=24m", takes_inodes=False)


@step("S9", "no inode left: what is answered OK or NG is on the disk and outlives kill -9")
def _(folder):
    return survive_a_full_disk(folder, "size=24m,nr_inodes=120", takes_inodes=True)


@step("S8", "a disk that others fill again and again: the line is well again without a restart")
def _(folder):
    with memory_file_system(folder / "disk", "size=24m") as disk:
        with Line(
            folder / "line",
            state=disk / "state",
            rate=100,
            pictures="all",
            journal=SMALL_JOURNAL,
            images=SMALL_PICTURES,
        ).prepare() as line:
            line.watch().start()
            line.verdicts(20)
            times = []
            for _ in range(5):
                with Filler(disk):
                    time.sleep(2)
                    expect(line.is_running(), line.log()[-600:])
                times.append(well(line, "the disk that has room again"))
            line.verdicts(20)
            line.stop()
            return f"5 of 5, well again after {max(times):.1f} s at most"


@step("S9", "the line's own pictures leave the journal its inodes")
def _(folder):
    with memory_file_system(folder / "disk", "size=48m,nr_inodes=200") as disk:
        with Line(
            folder / "line",
            state=disk / "state",
            rate=100,
            pictures="all",
            journal=SMALL_JOURNAL,
            images="min_free_bytes = 0\nmax_bytes = 33554432",
        ).prepare() as line:
            line.watch().start()
            line.verdicts(600, timeout=60)
            expect(line.health() == 200, f"health after 600 parts: {line.get('/healthz').body}")
            line.stop()
            causes = {
                record["cause"] for records in line.journal().values() for record in records if record.get("cause")
            }
            expect(not causes, f"INVALID verdicts: {causes}")
            return "600 parts with two pictures each on 200 inodes, all judged"


@step("S10", "a file system that goes read-only is said, and used again when it is writable")
def _(folder):
    with disk_file_system(folder / "disk", 64) as disk:
        with Line(
            folder / "line", state=disk / "state", rate=50, pictures="all", journal=SMALL_JOURNAL, images=SMALL_PICTURES
        ).prepare() as line:
            # What is prepared is on the disk before it breaks.
            os.sync()
            line.watch().start()
            line.verdicts(10)
            device = sh("findmnt", "-no", "SOURCE", disk).strip()
            # An error in the file system makes it read-only at once, whoever has files open.
            sh("mount", "-o", "remount,errors=remount-ro", disk)
            with open(f"/sys/fs/ext4/{os.path.basename(device)}/trigger_fs_error", "w") as file:
                file.write("fsac-faults")
            said = unwell(line, "the read-only disk")
            time.sleep(1)
            expect(line.is_running(), line.log()[-600:])
            code, seconds = line.stop()
            expect(code == 0 and seconds < 15, f"stopped with {code} after {seconds:.1f} s")
            # The start: not for ever 78, which the unit would never try again.
            line.launch()
            time.sleep(3)
            code = line.process.poll()
            expect(code != 78, f"78 on a read-only disk: {line.log()[-300:]}")
            line.kill()
            sh("umount", disk)
            sh("fsck.ext4", "-fy", disk.with_suffix(".img"), check=False)
            sh("mount", "-o", "loop", disk.with_suffix(".img"), disk)
            # As after a power cut: what was not synced when the file system broke may be gone.
            line.shown = {seq: said for seq, said in line.shown.items() if any(record["durable"] for record in said)}
            line.watch().start()
            back = line.verdicts(10) and well(line, "the writable disk")
            line.stop()
            return (
                f"said after {said:.1f} s, a start on it ends with {code}; well again {back:.1f} s after a start on the"
                " mended disk"
            )


@step("S10", "a read-only remount and back, without a restart")
def _(folder):
    with Line(folder / "line", rate=50, journal=SMALL_JOURNAL).prepare() as line:
        disk = Disk(line)
        line.watch().start()
        line.verdicts(10)
        times = []
        for _ in range(5):
            disk.fail("all", "forever", errno.EROFS)
            said = unwell(line, "the read-only disk")
            disk.mend()
            times.append((said, well(line, "the writable disk")))
        line.verdicts(10)
        line.stop()
        return (
            f"5 of 5: said after {max(said for said, _ in times):.1f} s, well again after"
            f" {max(back for _, back in times):.1f} s at most"
        )


@step("S11", "every call of the journal failing, once and for ever, with each error: nothing shown is lost, no restart")
def _(folder):
    with Line(folder / "line", rate=100, journal=SMALL_JOURNAL).prepare() as line:
        disk = Disk(line)
        line.watch().start()
        count = 0
        slowest = 0.0
        for calls in ("write", "fdatasync", "fsync", "rename", "open", "ftruncate", "fallocate", "unlink", "all"):
            for error in (errno.EIO, errno.ENOSPC, errno.EROFS, errno.EDQUOT):
                for mode, seconds in (("once", 0.15), ("forever", 0.6)):
                    disk.fail(calls, mode, error, path="/journal")
                    time.sleep(seconds)
                    disk.mend()
                    slowest = max(slowest, well(line, f"a disk without {calls} {errno.errorcode[error]}"))
                    expect(line.is_running(), line.log()[-600:])
                    count += 1
        for mode in ("once", "short"):
            disk.fail("write", "short" if mode == "short" else "once", errno.ENOSPC, path="/journal")
            time.sleep(0.5)
            disk.mend()
            slowest = max(slowest, well(line, "a disk without short writes"))
            count += 1
        line.verdicts(20)
        before = len(line.shown)
        line.kill()
        line.watch().start()
        line.verdicts(20)
        line.stop()
        return f"{count} faults over {before} shown verdicts, well again after {slowest:.1f} s at most"


@step("S11", "a signal in the middle of every call is noticed by nobody")
def _(folder):
    with Line(folder / "line", rate=100, journal=SMALL_JOURNAL).prepare() as line:
        disk = Disk(line)
        line.watch().start()
        hits = 0
        for calls in ("write", "fdatasync", "fsync", "rename", "open", "ftruncate"):
            for first in (1, 2, 3):
                disk.fail(calls, "once", errno.EINTR, first)
                line.verdicts(10)
                hits += disk.hits
                disk.mend()
                expect(line.health() == 200, f"{calls}: {line.get('/healthz').body}")
        line.stop()
        causes = {record["cause"] for records in line.journal().values() for record in records if record.get("cause")}
        expect(not causes and "in memory" not in line.log(), f"EINTR was noticed: {causes} {line.log()[-400:]}")
        return f"{hits} calls interrupted"


@step("S12", "a disk that is stuck for 12 s: the line says so, goes on, and is not killed for it")
def _(folder):
    with Notifications(folder) as (pings, path):
        with Line(folder / "line", rate=10).prepare() as line:
            disk = Disk(line)
            line.watch().start(NOTIFY_SOCKET=path, WATCHDOG_USEC="8000000")
            line.verdicts(10)
            before = line.status()
            disk.fail("fdatasync,fsync", "delay", seconds=12, path="/journal")
            begin = time.monotonic()
            said, healths = None, []
            while time.monotonic() - begin < 12:
                asked = time.monotonic()
                code = line.health(timeout=60)
                healths.append(time.monotonic() - asked)
                if code != 200 and said is None:
                    said = time.monotonic() - begin
                time.sleep(0.2)
            stuck = line.status()
            disk.mend()
            well(line, "a disk that moves")
            line.verdicts(5)
            line.stop()
            expect(said is not None, "a stuck disk was called well for 12 s")
            frames = stuck["cameras"][0]["frames"] - before["cameras"][0]["frames"]
            dropped = stuck["cameras"][0]["dropped"] - before["cameras"][0]["dropped"]
            expect(dropped <= max(5, 0.25 * frames), f"{dropped} of {frames} frames were dropped")
            alive = [when for when in pings if begin < when < begin + 12]
            expect(len(alive) >= 3, f"{len(alive)} signs of life in 12 s: the watchdog would have killed it")
            return (
                f"said after {said:.1f} s, {dropped} of {frames} frames dropped, {len(alive)} signs of life, health"
                f" answered within {max(healths):.1f} s"
            )
