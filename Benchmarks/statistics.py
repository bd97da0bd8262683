#!/usr/bin/env python3
"""Statistics over a large journal, as `fsacctl` gives them: equal to a count of the lines by Python, and how long they take. The daemon runs
on a journal that this program writes: PARTS lines (by default a million) that end with a shift of 288,000 parts, ten a second, around
a change of the clock, with a clock that was set back and part numbers that come again. It is killed KILLS times while it builds the index.

    python3 Benchmarks/statistics.py --bin .build/release --parts 1000000 --kills 20     (needs numpy and scipy)
"""
import argparse
import atexit
import datetime
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Tools"))
import make_statistics_fixtures as fixtures  # noqa: E402

SEGMENT = 100_000
TABLE = np.array(fixtures.TABLE, np.uint32)
# The night of 2026-10-24 lasts 9 hours: with one line in 0.1125 s it has 288,000.
NIGHT_END = datetime.datetime(2026, 10, 25, 5, tzinfo=fixtures.UTC)
STEP = 112_500


def records(count, draw):
    first = fixtures.microseconds(NIGHT_END) - count * STEP
    for seq in range(1, count + 1):
        moment = first + seq * STEP - 1
        # For ten minutes, a while before the night, the clock is an hour behind.
        if 0 <= seq - (count - 400_000) < 5333:
            moment -= 3_600_000_000
        score = round(draw.gammavariate(20, 0.04), 6)
        record = {
            "seq": seq, "time": (fixtures.moment(moment)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "camera": f"cam{seq % 2}",
            "recipe": "bottle" if seq % 5 else "cap", "generation": 3, "frame": f"{seq}",
            "part": f"A-{draw.randrange(4 * count) if draw.random() < 0.02 else 4 * count + seq}",
        }
        if draw.random() < 0.01:
            record |= {"verdict": "INVALID", "cause": draw.choice(["frame_dark", "camera_lost", "commissioning"]), "regions": []}
        else:
            record |= {"verdict": "NG" if score >= 1.3 else "OK", "score": score, "limit": 1.3, "regions": []}
        yield record | {"latency_ms": {"wait": 0.5, "decode": 4.1, "embed": 43.2, "score": 7.1, "total": 55.6},
                        "image": f"images/2026/10/24/{seq}-ok.jpg", "durable": False, "stored": "written"}


def checksums(bodies):
    """CRC32C of many texts, byte by byte of all at a time."""
    longest = max(map(len, bodies))
    block = np.zeros((len(bodies), longest), np.uint8)
    for row, body in enumerate(bodies):
        block[row, :len(body)] = np.frombuffer(body, np.uint8)
    lengths = np.array([len(body) for body in bodies])
    crc = np.full(len(bodies), 0xFFFFFFFF, np.uint32)
    for place in range(longest):
        step = crc >> np.uint32(8) ^ TABLE[(crc ^ block[:, place]) & np.uint32(0xFF)]
        crc = np.where(place < lengths, step, crc)
    return [f"{value:08x}" for value in crc ^ np.uint32(0xFFFFFFFF)]


def write(folder, count):
    folder.mkdir(parents=True)
    draw, previous, lines = random.Random(16), (0, "00000000"), []

    def flush(bodies, first):
        nonlocal previous
        header = f'{{"type":"header","version":1,"previous_seq":{previous[0]},"previous_crc":"{previous[1]}"'
        texts = [header.encode(), *bodies]
        sums = checksums(texts)
        with open(folder / f"{first:020d}.jsonl", "wb") as file:
            for text, crc in zip(texts, sums):
                file.write(text + f',"crc":"{crc}"}}\n'.encode())
        previous = (first + len(bodies) - 1, sums[-1])

    for record in records(count, draw):
        lines.append(json.dumps(record, separators=(",", ":"))[:-1].encode())
        if len(lines) == SEGMENT:
            flush(lines, record["seq"] - SEGMENT + 1)
            lines = []
    if lines:
        flush(lines, count - len(lines) + 1)


class Daemon:
    def __init__(self, options, folder):
        self.options, self.folder, self.process = options, folder, None
        (folder / "frames").mkdir()
        shifts = ", ".join(f'{{ name = "{name}", from = "{clock}" }}' for name, clock in fixtures.SHIFTS.items())
        (folder / "config.toml").write_text(f"""
state_directory = "{folder}/state"
models_directory = "{pathlib.Path(self.options.models).resolve()}"
[control]
socket = "{folder}/s"
request_timeout_s = 600
[camera]
path = "{folder}/frames"
[recipe]
backbone = "efficientnet-lite0"
[statistics]
time_zone = "{fixtures.ZONE}"
shifts = [{shifts}]
[images]
min_free_bytes = 0
""")

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [f"{self.options.bin}/fsacd", "--config", f"{self.folder}/config.toml"], stderr=log)
        while subprocess.run(self.command("status"), capture_output=True, check=False).returncode:
            assert self.process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.05)

    def end(self, how):
        self.process.send_signal(how)
        self.process.wait()

    def command(self, *arguments):
        return [f"{self.options.bin}/fsacctl", *arguments, "--socket", f"{self.folder}/s"]

    def ask(self, *arguments):
        begun = time.monotonic()
        output = subprocess.run(self.command(*arguments, "--json"), check=True, capture_output=True).stdout
        return output, time.monotonic() - begun

    def computed(self):
        """Seconds of a processor that it has had."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", default=".build/release")
    parser.add_argument("--models", default="models")
    parser.add_argument("--parts", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fsac-", ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        journal = folder / "state" / "journal"
        write(journal, options.parts)
        daemon = Daemon(options, folder)
        atexit.register(lambda: daemon.process and daemon.process.kill())
        draw = random.Random(1)
        for _ in range(options.kills):
            daemon.start()
            time.sleep(draw.random())
            daemon.end(signal.SIGKILL)
        daemon.start()
        begun = time.monotonic()
        while True:
            try:
                reply = json.loads(daemon.ask("statistics", "--shift", "2026-10-24/night")[0])
            except subprocess.CalledProcessError:
                continue
            if reply["index"]["last_seq"] == options.parts:
                break
        print(f"index: complete {time.monotonic() - begun:.1f} s after the last start, "
              f"{(folder / 'state/index.sqlite').stat().st_size / options.parts:.0f} bytes a part")
        lines = [line for path in sorted(journal.glob("*[0-9].jsonl")) for line in path.read_text().splitlines()
                 if line.startswith('{"seq"')]
        begin, end = (fixtures.microseconds(datetime.datetime.fromisoformat(reply[key].replace("Z", "+00:00"))) for key in ("from", "to"))
        every = ("--since", "2026-01-01", "--until", "2026-12-01")
        year = [fixtures.microseconds(datetime.datetime(2026, month, 1, tzinfo=fixtures.UTC)) for month in (1, 12)]
        for arguments, by, span in [(("--shift", "2026-10-24/night"), "hour", (begin, end)), (every, "shift", year),
                                    (every, "cause", year), (every, "camera", year)]:
            reply = json.loads(daemon.ask("statistics", *arguments, "--by", by)[0])
            expected = fixtures.counted(lines, *span, by)
            groups = {group["name"]: group["tally"] for group in reply["groups"]}
            assert reply["total"] == expected["total"], (by, reply["total"], expected["total"])
            assert groups == expected["groups"], by
            print(f"equal to Python's count: {reply['total']['parts']} parts, {len(groups)} groups by {by}")
        begun = daemon.computed()
        times = sorted(daemon.ask("statistics", "--shift", "2026-10-24/night")[1] for _ in range(9))
        computed = (daemon.computed() - begun) / 9
        print(f"a shift of {count_of(daemon)} lines: median {times[4]:.3f} s, least {times[0]:.3f} s, with the start of fsacctl; "
              f"fsacd computes for {computed:.3f} s")
        part = json.loads(lines[options.parts // 2])["part"]
        times = sorted(daemon.ask("find", "--part", part)[1] for _ in range(9))
        print(f"a part: median {times[4] * 1000:.0f} ms, least {times[0] * 1000:.0f} ms, with the start of fsacctl")
        times = sorted(daemon.ask("events", "-n1")[1] for _ in range(9))
        print(f"for comparison, a request that does nothing: median {times[4] * 1000:.0f} ms")
        daemon.end(signal.SIGTERM)


def count_of(daemon):
    total = json.loads(daemon.ask("statistics", "--shift", "2026-10-24/night")[0])["total"]
    return total["parts"] + total["commissioning"]


if __name__ == "__main__":
    os.environ.pop("FSAC_SOCKET", None)
    main()
