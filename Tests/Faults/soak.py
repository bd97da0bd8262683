#!/usr/bin/env python3
"""Hours of inspection with a fault every minute: what `make soak` runs. SOAK_MINUTES: how long, else 480.

Memory, descriptors and threads at the end are those of the first hour, of a shorter run those of its first quarter,
when each kind of fault has come: medians of a tenth of the run. Memory may grow by 2 %; it is judged in runs of two
hours and more, for it takes half an hour to fill the ring of the newest 20,000 lines. Nothing shown is lost, no defect
is OK, no number is given twice, and the daemon is the same process from the beginning to the end.
"""

import contextlib
import errno
import math
import os
import pathlib
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import pictures  # noqa: E402
import rig  # noqa: E402
from faulty_disk import Disk  # noqa: E402
from lines import Ended, Line  # noqa: E402
from rows.clients import HEAD, MALFORMED, hold  # noqa: E402

SECONDS = 60 * float(os.environ.get("SOAK_MINUTES") or 480)
# Between two faults; a run of minutes has more of them.
PAUSE = min(60, SECONDS / 60)
LOOK = min(10, SECONDS / 300)


def failing_disk(line, disk, chance):
    calls = chance.choice(["write", "fdatasync", "fsync", "rename", "open", "all"])
    code = chance.choice([errno.EIO, errno.ENOSPC, errno.EROFS])
    disk.fail(calls, chance.choice(["once", "forever"]), code)
    time.sleep(1)
    disk.mend()
    return f"{calls} {errno.errorcode[code]}"


def slow_disk(line, disk, chance):
    disk.fail("fdatasync", "delay", seconds=3)
    time.sleep(3)
    disk.mend()
    return "a disk stuck for 3 s"


def reload(line, disk, chance):
    line.configure(recipe=f"sensitivity = {chance.choice([0.4, 0.5, 0.6])}")
    line.process.send_signal(signal.SIGHUP)
    return "a reload"


def shot(line, disk, chance):
    """One in, so that a fit is due; out again, so that the next fit has as much to do."""
    data = pictures.good(chance.randrange(5000, 9000))
    done = line.added(line.add(data, "force=true"))
    for added in done["shots"]:
        line.request("DELETE", f"/v1/normals/{added['normal']['sha256']}")
    return "a shot and its fit"


def bad_shots(line, disk, chance):
    for data in (b"", b"no picture", pictures.good(1)[:700]):
        line.add(data, "force=true")
    return "shots that are no pictures"


def clients(line, disk, chance):
    data = chance.choice([b"", b"GET /healthz HTTP/1.1\r\nHo", b"GET /v1/tail?since=1 " + HEAD + b"\r\n"])
    connections = hold(line, data, 300)
    time.sleep(2)
    for connection in connections:
        connection.close()
    return "300 clients that leave"


def malformed(line, disk, chance):
    with contextlib.suppress(OSError):
        line.exchange(chance.choice(list(MALFORMED.values())), 10)
    return "a malformed request"


def damaged_frames(line, disk, chance):
    # The replay reads the folder once, so it is the files that change.
    path = line.frames / "3-good.png"
    whole = path.read_bytes()
    path.write_bytes(whole[:800])
    time.sleep(1)
    path.write_bytes(whole)
    return "a damaged frame"


FAULTS = (failing_disk, slow_disk, reload, shot, bad_shots, clients, malformed, damaged_frames)


def main():
    rig.build_shims()
    shutil.rmtree(rig.SHIM.parent / "template", ignore_errors=True)
    shutil.rmtree(rig.SHIM.parent / "template-line", ignore_errors=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fsac-soak-", dir="/tmp"))
    seed = int(time.time())
    print(f"soak: {SECONDS / 60:g} minutes, a fault each {PAUSE:g} s, seed {seed}, 10 parts a second", flush=True)
    try:
        sys.exit(soak(folder, random.Random(seed)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def soak(folder, chance):
    samples, faults, bag = [], {}, []
    with Line(
        folder,
        rate=10,
        pictures="all",
        journal="segment_bytes = 1048576\nmax_bytes = 1073741824",
        images="max_bytes = 20000000\nmin_free_bytes = 0",
    ).prepare() as line:
        disk = Disk(line)
        line.watch().start()
        begin = time.monotonic()
        next_fault, next_look = begin + PAUSE / 2, begin
        while (now := time.monotonic()) < begin + SECONDS:
            if not line.is_running():
                print(f"soak: the daemon ended with {line.process.poll()}:\n{line.log()[-2000:]}")
                return 1
            if now >= next_look:
                held = line.holdings()
                descriptors = sum(count for name, count in held.items() if name.startswith("descriptor"))
                samples.append((now - begin, line.memory(), descriptors, line.threads(), held))
                next_look += LOOK
            # None in the last tenth, so that its traces are gone.
            if now >= next_fault and now < begin + 0.88 * SECONDS:
                # In turn, in another order each time: each kind has come when the first figures are taken.
                bag = bag or chance.sample(FAULTS, len(FAULTS))
                fault = bag.pop()
                try:
                    text = fault(line, disk, chance)
                except (OSError, Ended, AssertionError) as error:
                    text = f"{fault.__name__}: {error}"
                faults[text] = faults.get(text, 0) + 1
                next_fault = time.monotonic() + PAUSE
            time.sleep(0.1)
        last = line.verdicts(10)
        health = line.health()
        code, _ = line.stop()
    hour = min(3600, SECONDS / 4)
    window = SECONDS / 10
    early = [sample for sample in samples if hour - window / 2 <= sample[0] <= hour + window / 2]
    late = [sample for sample in samples if sample[0] >= SECONDS - window]
    print("soak: faults: " + ", ".join(f"{count} x {text}" for text, count in sorted(faults.items())))
    quarters = [[sample[1] for sample in samples if int(4 * sample[0] / SECONDS) == number] for number in range(4)]
    print("soak: memory by quarters, MiB: " + ", ".join(f"{statistics.median(part):.1f}" for part in quarters if part))
    is_sound = code == 0 and health == 200
    for index, (name, allowed) in enumerate((("memory, MiB", 0.02), ("descriptors", 0), ("threads", 0)), 1):
        before, after = (statistics.median(sample[index] for sample in part) for part in (early, late))
        most = before * (1 + allowed) if index > 1 or SECONDS >= 7200 else math.inf
        is_sound = is_sound and after <= most
        print(
            f"soak: {name}: {before:.1f} after {hour / 60:g} minutes, {after:.1f} at the end"
            f" ({100 * (after / before - 1):+.1f} %)"
            + ("" if after <= most else f": FAILED, at most {most:.1f}")
            + (", not judged in less than two hours" if most == math.inf else "")
        )
    more, fewer = late[-1][4] - early[-1][4], early[-1][4] - late[-1][4]
    if more or fewer:
        print(f"soak: more at the end: {dict(more)}, fewer: {dict(fewer)}")
    counters = rig.counters
    for name, found in counters.broken().items():
        print(f"soak: {name}: {len(found)}" + (f": {found[0]}" if found else ""))
        is_sound = is_sound and not found
    print(
        f"soak: {last} verdicts, {counters.shown} shown, health {health}, exit code {code}:"
        f" {'passed' if is_sound else 'FAILED'}"
    )
    return 0 if is_sound else 1


if __name__ == "__main__":
    main()
