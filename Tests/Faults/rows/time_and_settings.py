"""Clocks and reloads (rows T1, G1 to G3)."""

import json
import os
import random
import signal
import struct
import time

import pictures
from lines import Line
from rig import SHIM, eventually, expect, step

DAY = 86400
YEAR = 365 * DAY
JUMPS = (-3600, DAY, -50 * YEAR, 30 * YEAR, 0, -1, 1, 10 * YEAR, -90 * DAY)


def fake_clock(line):
    """A wall clock that the step sets, with a monotonic one that goes on: a function that sets how many seconds it is
    ahead."""
    path = line.folder / "clock"
    path.write_bytes(bytes(8))
    line.environment |= {"LD_PRELOAD": str(SHIM.with_name("clock.so")), "FSAC_FAULT_CLOCK": str(path)}

    def set_to(seconds):
        # One aligned word: it is never seen half.
        with open(path, "r+b", buffering=0) as file:
            file.write(struct.pack("<q", seconds))

    return set_to


@step("T1", "100 jumps of the clock, an hour back, decades forth: no verdict missing, nothing deleted, always well")
def _(folder):
    chance = random.Random(1)
    with Line(folder, rate=50, pictures="all", images="max_bytes = 67108864\nmin_free_bytes = 0").prepare() as line:
        set_to = fake_clock(line)
        line.watch().start()
        line.verdicts(10)
        first, before = max(line.journal()), line.status()
        unwell = []
        for number in range(100):
            set_to(offset := chance.choice(JUMPS))
            time.sleep(0.08)
            if (code := line.health()) != 200:
                unwell.append((offset, code))
        set_to(0)
        line.verdicts(10)
        after = line.status()
        expect(not unwell, f"not well after {unwell[:3]}")
        expect(after["cameras"][0]["restarts"] == before["cameras"][0]["restarts"], "the camera was opened again")
        line.stop()
        numbers = sorted(line.journal())
        expect(all(later == number + 1 for number, later in zip(numbers, numbers[1:])), "numbers are missing")
        gone = [
            record["seq"]
            for records in line.journal().values()
            for record in records
            if record.get("image") and not (line.state / record["image"]).exists()
        ]
        dropped = after["storage"]["images_dropped"]
        expect(len(gone) <= dropped, f"{len(gone)} pictures are gone, {dropped} were dropped")
        years = {record["time"][:4] for records in line.journal().values() for record in records}
        expect(len(years) > 2, f"the clock did not jump: {years}")
        line.start()
        expect(line.verdicts(3), "no verdict after the jumps")
        return f"{numbers[-1] - first} verdicts in {len(years)} different years, none missing, no picture deleted"


@step(
    "T1",
    "the clock is put right while the daemon is down: a watched folder's old file is not judged again, a new one is",
)
def _(folder):
    with Line(folder, frames={}, mode="watch").prepare() as line:
        set_to = fake_clock(line)
        set_to(DAY)
        line.watch().start()
        (line.frames / "one-good.png").write_bytes(pictures.good(31))
        eventually("its verdict", lambda: line.journal())
        line.stop()
        set_to(0)
        (line.frames / "two-good.png").write_bytes(pictures.good(33))
        line.watch().start()
        eventually("its verdict", lambda: len(line.journal()) == 2)
        line.stop()
        names = sorted(records[-1]["frame"] for records in line.journal().values())
        expect(names == ["one-good.png", "two-good.png"], f"{names}")
        return "one before, one after, each once"


@step("G3", "200 reloads and 200 hang-ups under load: no verdict missing, no frame judged by half a setting")
def _(folder):
    with Line(folder, rate=100).prepare() as line:
        line.watch().start()
        line.verdicts(10)
        memory, before = line.memory(), line.status()
        for number in range(200):
            line.configure(recipe=f"sensitivity = {0.4 if number % 2 else 0.6}")
            reply = line.request("POST", "/v1/reload", {})
            expect(reply.code == 200, f"reload {number}: {reply.code} {reply.body[:300]}")
        for _ in range(200):
            line.process.send_signal(signal.SIGHUP)
            time.sleep(0.002)
        line.verdicts(20)
        line.fitted()
        after, memory = line.status(), line.memory() - memory
        line.stop()
        causes = {record["cause"] for records in line.journal().values() for record in records if record.get("cause")}
        expect(not causes, f"INVALID: {causes}")
        dropped = after["cameras"][0]["dropped"] - before["cameras"][0]["dropped"]
        total = after["cameras"][0]["frames"] - before["cameras"][0]["frames"]
        return f"{total} frames, {dropped} dropped by a line that is busy with fits; memory {memory:+.0f} MiB"


@step(
    "G1",
    "a reload of a broken file, of none, of a pipe, of other folders: refused with a reason, the line goes on as"
    " it was",
)
def _(folder):
    with Line(folder, rate=50).prepare() as line:
        line.watch().start()
        line.verdicts(5)
        text = line.configuration.read_text()
        cases = {
            "three brackets": text.replace("[[recipe]]", "[[[recipe]]]"),
            "a dot": text + "\n[.a]\n",
            "a bracket": text + "\n[",
            "unknown": "foo = 1\n" + text,
            "no state": text.replace(str(line.state), ""),
            "bytes": os.urandom(3000),
            "another state": text.replace(str(line.state), str(folder / "state2")),
            "another socket": text.replace("control.sock", "other.sock"),
            "no such backbone": text.replace("efficientnet-lite0", "nonsense"),
            "long": text + "#" + "x" * 2_000_000,
            "deep": text + "\nx = " + "[" * 100_000,
            "none": None,
            "a pipe": os.mkfifo,
        }
        for name, content in cases.items():
            line.configuration.unlink(missing_ok=True)
            if content is os.mkfifo:
                os.mkfifo(line.configuration)
            elif content is not None:
                line.configuration.write_bytes(content if isinstance(content, bytes) else content.encode())
            reply = line.request("POST", "/v1/reload", {})
            is_refused = 400 <= reply.code < 500 and len(reply.body) > 30
            is_left = (
                reply.code == 200 and json.loads(reply.body)["needs_restart"] and not json.loads(reply.body)["applied"]
            )
            expect(is_refused or is_left, f"{name}: {reply.code} {reply.body[:200]}")
            expect(line.is_running() and line.health() == 200, f"{name}: {line.log()[-300:]}")
        line.configuration.unlink()
        line.configuration.write_text(text)
        expect(line.request("POST", "/v1/reload", {}).code == 200, "the sound file is refused")
        line.verdicts(5)
        line.stop()
        # At a start the same files end with 78, so that the unit does not try again and again.
        codes = []
        for name in ("three brackets", "a bracket", "unknown", "bytes", "none"):
            line.configuration.unlink(missing_ok=True)
            if cases[name] is not None:
                line.configuration.write_bytes(cases[name] if isinstance(cases[name], bytes) else cases[name].encode())
            line.launch()
            codes.append(line.ended(10))
        expect(codes == [78] * len(codes), f"starts ended with {codes}")
        return f"{len(cases)} of {len(cases)} refused, {len(codes)} starts with 78"
