"""Power cuts (row S6): every file of the state is set back to what the disk may have of it, and the daemon starts on
that.

trace.c writes down what is on the disk for certain: bytes that an fdatasync covered, names that an fsync of their
folder covered. After a SIGKILL everything else may be there, be there in part, or not at all.
"""

import os
import random
import shutil
import time

import pictures
from lines import Line
from rig import SHIM, counters, expect, step

# More for longer: CUTS=200.
CUTS = int(os.environ.get("CUTS") or 12)


class Unsynced:
    """What a power cut may take back, by a trace of the calls."""

    def __init__(self, text):
        # By path: [offset, count] of bytes; names: created paths, and renames as [what was replaced, source, target].
        self.bytes, self.created, self.renames = {}, [], []
        begun = {}
        for line in text.splitlines():
            thread, call, rest = line.split(" ", 2)
            if call == "write":
                offset, count, path = rest.split(" ", 2)
                self.bytes.setdefault(path, []).append((int(offset), int(count)))
            elif call == "create":
                self.created.append(rest)
            elif call == "rename":
                kept, source, target = rest.split(" ", 2)
                self.move(source, target)
                self.renames.append((kept, source, target))
            elif call == "remove":
                self.bytes.pop(rest, None)
                self.created = [path for path in self.created if path != rest]
            elif call == "sync":
                begun[thread, rest] = (len(self.bytes.get(rest, [])), list(self.created), list(self.renames))
            elif call == "synced" and (thread, rest) in begun:
                count, created, renames = begun.pop((thread, rest))
                if rest in self.bytes:
                    del self.bytes[rest][:count]
                self.created = [path for path in self.created if path not in created or os.path.dirname(path) != rest]
                self.renames = [
                    entry for entry in self.renames if entry not in renames or os.path.dirname(entry[2]) != rest
                ]

    def move(self, source, target):
        """The bytes of a file, or of those in a folder, go with its name."""

        def moved(path):
            return target + path[len(source) :] if path == source or path.startswith(source + "/") else path

        self.bytes = {moved(path): ranges for path, ranges in self.bytes.items()}
        self.created = [moved(path) for path in self.created]

    def take_back(self, state, original, chance, bytes_go, names_go):
        """In a copy at `state` of the directory that the trace is of."""

        def place(path):
            return str(state) + path[len(str(original)) :]

        for path, ranges in self.bytes.items():
            if ranges and os.path.isfile(place(path)) and not os.path.islink(place(path)):
                self.damage(place(path), ranges, chance, bytes_go)
        if names_go:
            for kept, source, target in reversed(self.renames):
                # The last one may not have been made any more.
                if os.path.lexists(place(source)) or not os.path.lexists(place(target)):
                    continue
                os.rename(place(target), place(source))
                if kept != "-":
                    shutil.copyfile(kept, place(target), follow_symlinks=False)
            for path in reversed(self.created):
                if os.path.isdir(place(path)) and not os.path.islink(place(path)):
                    shutil.rmtree(place(path))
                elif os.path.lexists(place(path)):
                    os.unlink(place(path))

    @staticmethod
    def damage(path, ranges, chance, bytes_go):
        first = min(offset for offset, _ in ranges)
        size = os.path.getsize(path)
        end = min(size, max(offset + count for offset, count in ranges))
        if bytes_go == "in part":
            # Sectors come to the disk in any order; here the first few of them have.
            sectors = chance.randrange(8)
            first = min(end, max(first, (first // 512 + sectors) * 512))
        with open(path, "r+b") as file:
            if end == size and bytes_go != "as zeros":
                file.truncate(first)
            else:
                file.seek(first)
                file.write(bytes(max(0, end - first)))


@step(
    "S6",
    "a power cut at any moment, as strict as the standard allows: what was shown as durable is there, and the start"
    " needs no help",
)
def _(folder):
    chance = random.Random(6)
    library = SHIM.with_name("trace.so")
    variants = [("absent", True), ("absent", False), ("as zeros", False), ("in part", False), ("in part", True)]
    starts, durable, taken = 0, 0, 0
    for cut in range(CUTS):
        here = folder / str(cut)
        (here / "replaced").mkdir(parents=True)
        trace = here / "trace"
        trace.touch()
        with Line(
            here / "line",
            rate=100,
            pictures="ng",
            journal="segment_bytes = 65536",
            images="max_bytes = 1048576\nmin_free_bytes = 0",
        ).prepare() as line:
            line.environment |= {
                "LD_PRELOAD": str(library),
                "FSAC_FAULT_TRACE": str(trace),
                "FSAC_FAULT_STATE": str(line.state),
                "FSAC_FAULT_REPLACED": str(here / "replaced"),
            }
            # What was there before is on the disk.
            line.watch().start()
            line.verdicts(chance.randrange(5, 250))
            operate(line, chance)
            time.sleep(chance.uniform(0, 0.4))
            line.kill()
            shown = dict(line.shown)
            unsynced = Unsynced(trace.read_text())
            taken += (
                sum(len(ranges) for ranges in unsynced.bytes.values()) + len(unsynced.renames) + len(unsynced.created)
            )
            line.environment.clear()
            whole = here / "whole"
            line.state.rename(whole)
            for bytes_go, names_go in variants:
                shutil.rmtree(line.state, ignore_errors=True)
                shutil.copytree(whole, line.state, symlinks=True)
                unsynced.take_back(line.state, line.state, chance, bytes_go, names_go)
                before = line.journal()
                line.shown = {}
                line.start()
                line.verdicts(3)
                expect(line.health() == 200, f"cut {cut}, {bytes_go}, names {names_go}: {line.get('/healthz').body}")
                line.kill()
                starts += 1
                after = line.journal()
                promised = {seq for seq, records in shown.items() if any(record["durable"] for record in records)}
                durable += len(promised)
                lost = promised - after.keys()
                with counters.lock:
                    counters.lost += sorted(lost)
                expect(
                    not lost, f"cut {cut}, {bytes_go}, names {names_go}: shown as durable and gone: {sorted(lost)[:3]}"
                )
                again = {
                    seq
                    for seq in shown.keys() & after.keys()
                    if {record["time"] for record in after[seq]} - {record["time"] for record in shown[seq]}
                }
                with counters.lock:
                    counters.twice += sorted(again)
                expect(
                    not again, f"cut {cut}, {bytes_go}, names {names_go}: {len(again)} shown numbers are given again"
                )
                expect(before.keys() <= after.keys(), f"cut {cut}: lines that were there are gone")
            # What the daemon wrote after the cut is counted; the shown lines that no promise covers are not.
            line.shown = {}
        shutil.rmtree(here)
    return f"{CUTS} cuts, {taken} changes that could be taken back, {starts} starts, {durable} durable verdicts, 0 lost"


def operate(line, chance):
    """Something of what operators change."""
    kind = chance.randrange(4)
    if kind == 0:
        line.add(pictures.good(chance.randrange(100, 200)), "force=true")
    elif kind == 1:
        line.request("PUT", "/v1/limit?force=true", {"value": round(chance.uniform(0.8, 1.2), 3)})
    elif kind == 2:
        line.request("POST", "/v1/refit", {})
