#!/usr/bin/env python3
"""How many parts a second the daemon inspects when more come than it can, from 1, 2 and 4 cameras, beside what one part alone takes.

    throughput.py --shots DIR [--fsacd .build/release/fsacd ...] [--cameras 1 2 4] [--threads 1 2] [--rounds 2] [--seconds 15]

Cameras are watched folders, each file a part that gets a verdict. Parts are pictures of DIR, enlarged to 1920x1080 with a sensor's
noise, as JPEG (4:2:2, quality 85), after the four first ones, which the daemon learns. Saturated: all files are there at once, and the verdicts of the second
half are timed. Alone: the next file comes a while after the verdict of the one before; latency is from the whole file to the verdict, as
the journal has it. Several --fsacd take turns. Memory is the most resident memory that the daemon had while it judged.
"""

import argparse
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import numpy
from frames import frame, jpeg

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Tools"))
from fit_memory import get, memory  # noqa: E402

SHOTS, PICTURES, ALONE = 4, 16, 12
RECIPES = {
    "auto": "",
    "patch-memory, efficientnet-lite0": 'method = "patch-memory"\nbackbone = "efficientnet-lite0"\n',
}


class Line:
    """A daemon on a state directory of its own, which keeps the model from one run to the next."""

    def __init__(self, program, recipe, pictures):
        self.program, self.recipe, self.parts = program, recipe, pictures[SHOTS:]
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="fsac-throughput-"))
        normals = self.work / "state/recipes/default/normals"
        normals.mkdir(parents=True)
        for picture in pictures[:SHOTS]:
            (normals / f"{hashlib.sha256(picture).hexdigest()}.jpg").write_bytes(picture)
        self.daemon, self.sent, self.lines, self.read = None, 0, [], {}

    def start(self, cameras, threads):
        self.folders = [self.work / f"frames{number}" for number in range(cameras)]
        text = (f'state_directory = "{self.work}/state"\nmodels_directory = "{ROOT}/models"\ncompute_threads = {threads}\n'
                f'[control]\nsocket = "{self.work}/s"\n[recipe]\n{RECIPES[self.recipe]}')
        for folder in self.folders:
            folder.mkdir(exist_ok=True)
            text += f'[[camera]]\nname = "{folder.name}"\npath = "{folder}"\njudged_files = "move"\n'
        (self.work / "c.toml").write_text(text)
        with (self.work / "log").open("w") as log:
            self.daemon = subprocess.Popen([self.program, "--config", self.work / "c.toml"], stderr=log)
        while True:
            time.sleep(0.3)
            self.check()
            try:
                if "value" in get(f"{self.work}/s", "/v1/limit"): return
            except OSError:
                continue

    def stop(self):
        self.daemon.terminate()
        self.daemon.wait()

    def remove(self):
        shutil.rmtree(self.work)

    def send(self, folder):
        self.sent += 1
        name = f"{self.sent:06}.jpg"
        (folder / f".{name}").write_bytes(self.parts[self.sent % len(self.parts)])
        return folder / f".{name}", folder / name

    def count(self):
        """Verdicts so far. Reads what is new of the journal alone: the daemon that is timed needs the processor."""
        for file in sorted((self.work / "state/journal").glob("[0-9]*.jsonl")):
            with file.open("rb") as journal:
                journal.seek(self.read.get(file, 0))
                new = journal.read()
            whole = new[:new.rfind(b"\n") + 1]
            self.read[file] = self.read.get(file, 0) + len(whole)
            self.lines += [json.loads(line) for line in whole.splitlines() if line.startswith(b'{"seq"')]
        return len(self.lines)

    def check(self):
        if self.daemon.poll() is not None: sys.exit((self.work / "log").read_text())

    def wait(self, count):
        while self.count() < count:
            self.check()
            time.sleep(0.005)
        return time.monotonic()

    def alone(self):
        """Milliseconds of each part but the first two."""
        for _ in range(ALONE):
            before = self.count()
            start, end = self.send(self.folders[self.sent % len(self.folders)])
            start.rename(end)
            self.wait(before + 1)
            time.sleep(0.2)
        return [line["latency_ms"]["total"] for line in self.lines[-ALONE + 2:]]

    def saturated(self, parts):
        """Parts a second."""
        before = self.count()
        names = [self.send(self.folders[number % len(self.folders)]) for number in range(parts)]
        for start, end in names: start.rename(end)
        half = self.wait(before + parts // 2)
        done = self.count()
        end = self.wait(before + parts)
        causes = {line["cause"] for line in self.lines[-parts:] if line["verdict"] == "INVALID"}
        if causes: sys.exit(f"parts were not judged: {causes}")
        return (before + parts - done) / (end - half)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fsacd", type=pathlib.Path, nargs="+", default=[ROOT / ".build/release/fsacd"])
    parser.add_argument("--shots", type=pathlib.Path, required=True)
    parser.add_argument("--cameras", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--recipes", choices=RECIPES, nargs="+", default=list(RECIPES))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=15, help="of saturation, about")
    options = parser.parse_args()
    files = sorted(path for path in options.shots.iterdir() if path.suffix in (".jpg", ".png"))[:PICTURES]
    pictures = [jpeg(frame(path, seed)) for seed, path in enumerate(files)]
    print("| recipe | threads | cameras | program | parts a second | a part alone, median ms | memory, MiB |\n|---|---|---|---|---|---|---|")
    for recipe in options.recipes:
        lines = [Line(program, recipe, pictures) for program in options.fsacd]
        try:
            for threads in options.threads:
                for cameras in options.cameras:
                    rates, alone, most = ([[] for _ in lines] for _ in range(3))
                    for _ in range(options.rounds):
                        for number, line in enumerate(lines):
                            line.start(cameras, threads)
                            latencies = line.alone()
                            alone[number] += latencies
                            parts = max(20, round(options.seconds * 1000 / numpy.median(latencies)))
                            rates[number].append(line.saturated(parts))
                            most[number].append(memory(line.daemon, "VmRSS"))
                            line.stop()
                    for number, line in enumerate(lines):
                        print(f"| {recipe} | {threads} | {cameras} | {line.program} | {numpy.median(rates[number]):.2f} "
                              f"({', '.join(f'{rate:.2f}' for rate in rates[number])}) | {numpy.median(alone[number]):.0f} "
                              f"| {max(most[number])} |", flush=True)
        finally:
            for line in lines:
                if line.daemon and line.daemon.poll() is None: line.stop()
                line.remove()


if __name__ == "__main__":
    main()
