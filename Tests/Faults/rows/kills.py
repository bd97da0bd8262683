"""SIGKILL at any moment (row S1), and what a power cut or a bad sector leaves of the journal (rows S6, S7)."""

import json
import os
import random
import shutil
import threading
import time

import pictures
from journal import gaps, is_sound
from lines import Ended, Line
from rig import counters, expect, step
from rows.steps import unfinished

# More for longer: KILLS=500.
KILLS = int(os.environ.get("KILLS") or 40)


class Operators:
    """Two people who change things all the time, and remember what they were answered."""

    def __init__(self, line, seed):
        self.line, self.seed = line, seed
        self.shots, self.recipe, self.asked = set(), None, set()
        self.lock = threading.Lock()

    def work_until(self, moment):
        threads = [
            threading.Thread(target=self.work, args=(self.seed + number, moment), daemon=True) for number in range(2)
        ]
        self.seed += 2
        for thread in threads:
            thread.start()
        return threads

    def work(self, seed, moment):
        chance = random.Random(seed)
        while not moment.is_set():
            try:
                self.change(chance)
            except (OSError, Ended, AssertionError, ValueError, KeyError):
                time.sleep(0.02)

    def change(self, chance):
        line, recipe = self.line, chance.choice(line_recipes)
        kind = chance.random()
        if kind < 0.4:
            reply = line.add(
                pictures.good(chance.randrange(2000, 2400)),
                f"force=true&recipe={recipe}&refit={chance.choice(['true', 'false'])}",
            )
            for shot in line.added(reply)["shots"]:
                if shot["outcome"] in ("added", "duplicate"):
                    with self.lock:
                        self.shots.add((recipe, shot["normal"]["sha256"]))
        elif kind < 0.55:
            line.request("POST", f"/v1/refit?recipe={recipe}", {}, timeout=5)
        elif kind < 0.65:
            limit = {"value": chance.choice([0.9, 1.1, None])}
            line.request("PUT", f"/v1/limit?recipe={recipe}&force=true", limit, timeout=5)
        elif kind < 0.8:
            with self.lock:
                # Not forgotten by the next one: a kill may cut the answer off, and the next finds nobody.
                self.asked.add(recipe)
                if line.request("POST", "/v1/recipes/use", {"recipe": recipe}, timeout=5).code == 200:
                    self.recipe, self.asked = recipe, set()
        elif kind < 0.9:
            line.request("POST", f"/v1/commission?recipe={recipe}", {"parts": 5}, timeout=5)
        else:
            line.request("DELETE", f"/v1/commission?recipe={recipe}", timeout=5)


line_recipes = ("part", "other")


@step(
    "S1",
    "SIGKILL at any moment while it inspects and is changed: nothing shown or answered is lost, each start needs no"
    " help",
)
def _(folder):
    chance = random.Random(1)
    with Line(
        folder,
        rate=100,
        recipes=line_recipes,
        pictures="all",
        journal="segment_bytes = 65536",
        images="max_bytes = 1048576\nmin_free_bytes = 0",
    ).prepare() as line:
        operators = Operators(line, 100)
        starts = []
        for number in range(KILLS):
            line.watch().start()
            starts.append(line.started_in)
            used = line.status()["cameras"][0]["recipe"]
            expect(
                operators.recipe in (None, used) or used in operators.asked,
                f"kill {number}: {operators.recipe} was in use, now {used}",
            )
            operators.recipe, operators.asked = used, set()
            found = {
                (recipe, shot["sha256"])
                for recipe in line_recipes
                for shot in json.loads(line.get(f"/v1/normals?recipe={recipe}").body)["normals"]
            }
            expect(
                operators.shots <= found, f"kill {number}: shots that were answered are gone: {operators.shots - found}"
            )
            end = threading.Event()
            threads = operators.work_until(end)
            time.sleep(chance.uniform(0, 0.8))
            line.process.kill()
            line.process.wait()
            end.set()
            for thread in threads:
                thread.join(60)
        line.watch().start()
        line.verdicts(10)
        line.stop()
        numbers = sorted(line.journal())
        holes = {(before + 1, after - 1) for before, after in zip(numbers, numbers[1:]) if after != before + 1}
        said = gaps(line.state / "journal")
        expect(holes <= said, f"numbers missing without a word: {sorted(holes - said)[:3]}")
        pieces = unfinished(line)
        expect(not pieces, f"left behind: {pieces}")
        code, report = line.verify("--no-pictures")
        expect(code == 0, f"verify: {report}")
        for kind, mark in (("images", b"\xff\xd9"), ("heatmaps", b"IEND\xaeB`\x82")):
            for path in (line.state / kind).rglob("*.*"):
                expect(path.read_bytes().endswith(mark), f"half a picture: {path}")
        return (
            f"{KILLS} kills, {len(line.shown)} shown verdicts and {len(operators.shots)} answered shots, 0 lost; a"
            f" start takes {max(starts):.1f} s at most"
        )


@step("S1", "SIGKILL while people say what parts are: nothing that was answered is lost")
def _(folder):
    chance, said, kills = random.Random(200), {}, 0
    with Line(folder, rate=100, recipes=("part",)).prepare() as line:
        line.watch().start()
        while len(said) < 200:
            line.verdicts(30)
            killer = threading.Timer(chance.uniform(0, 0.3), line.process.kill)
            killer.start()
            try:
                for record in line.newest(100):
                    seq, judged = record["seq"], chance.choice(["OK", "NG"])
                    if record["verdict"] == "INVALID" or seq in said:
                        continue
                    if line.request("POST", "/v1/judgements", {"seq": seq, "judged": judged}, timeout=5).code == 201:
                        said[seq] = judged
            except (OSError, Ended, ValueError, KeyError):
                # In the middle of something: what was not answered may count or not.
                pass
            killer.join()
            line.process.wait()
            kills += 1
            line.watch().start()
        parts = json.loads(line.get("/v1/judgements?limit=1000").body)["parts"]
        line.stop()
        written = {
            event["after"]["seq"]: event["after"]["judged"] for event in line.events() if event["event"] == "judgement"
        }
        lost = [seq for seq, judged in said.items() if written.get(seq) != judged]
        expect(not lost, f"{len(lost)} of {len(said)} judgements are not in the events: {lost[:3]}")
        outcomes = {"OK": "good", "NG": "bad"}
        told = {part["seq"]: part["outcome"] for part in parts}
        lost = [seq for seq, judged in said.items() if told.get(seq) != outcomes[judged]]
        expect(not lost, f"{len(lost)} of {len(said)} judgements are not told: {lost[:3]}")
        return f"{kills} kills, {len(said)} answered judgements, 0 lost"


@step(
    "S7",
    "the journal's newest segment cut, flipped, overwritten, zeroed, emptied or gone: no number twice, every sound line"
    " still read",
)
def _(folder):
    chance = random.Random(7)
    with Line(folder, rate=200, journal="segment_bytes = 65536").prepare() as line:
        line.watch().start()
        line.verdicts(450, timeout=60)
        line.kill()
        whole = folder / "whole"
        shutil.copytree(line.state, whole)
        shown = dict(line.shown)
        newest = max((whole / "journal").glob("[0-9]*.jsonl")).relative_to(whole)
        data = (whole / newest).read_bytes()
        last = data[:-1].rindex(b"\n") + 1

        def flipped(count):
            damaged = bytearray(data)
            for _ in range(count):
                damaged[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            return bytes(damaged)

        damages = {f"last line cut after {cut} bytes": data[: last + cut] for cut in (0, 1, 40, len(data) - last - 1)}
        damages |= {f"bit flip {number}": flipped(1) for number in range(6)} | {"100 bit flips": flipped(100)}
        damages |= {
            "zeros behind": data + bytes(4096),
            "zeroed": bytes(len(data)),
            "emptied": b"",
            "halved": data[: len(data) // 2],
            "its header only": data[: data.index(b"\n") + 1],
            "noise": chance.randbytes(len(data)),
            "noise in the middle": data[:9000] + chance.randbytes(500) + data[9500:],
            "gone": None,
        }
        for name, damaged in damages.items():
            line.kill()
            shutil.rmtree(line.state)
            shutil.copytree(whole, line.state)
            path = line.state / newest
            path.unlink() if damaged is None else path.write_bytes(damaged)
            sound = sum(is_sound(text) for text in (damaged or b"").split(b"\n") if text.startswith(b'{"seq":'))
            line.shown = {}
            line.start()
            line.verdicts(3)
            line.stop()
            fresh = {
                seq
                for seq, records in line.journal().items()
                for record in records
                if record["time"] > shown[max(shown)][-1]["time"]
            }
            again = fresh & shown.keys()
            with counters.lock:
                counters.twice += sorted(again)
            expect(
                not again, f"{name}: {len(again)} numbers that were shown are given again, from {min(again, default=0)}"
            )
            # In a segment or set aside beside it: `current.jsonl` is but another name.
            files = [file for file in (line.state / "journal").iterdir() if file.name != "current.jsonl"]
            kept = b"".join(file.read_bytes() for file in files)
            still = sum(
                kept.count(text) > 0
                for text in (damaged or b"").split(b"\n")
                if text.startswith(b'{"seq":') and is_sound(text)
            )
            expect(still == sound, f"{name}: {sound - still} sound lines are gone")
        line.shown = {}
        return f"{len(damages)} damages, {len(shown)} shown numbers, none given again"


@step("S1", "what has a number past all others, or was planted, ends no start and uses up no numbers")
def _(folder):
    with Line(folder, rate=100).prepare() as line:
        line.watch().start()
        line.verdicts(20)
        line.kill()
        last = max(line.journal())
        journal = line.state / "journal"
        (journal / "18446744073709551615.jsonl").write_text("")
        (journal / "9007199254740993.jsonl").write_text('{"seq":9007199254740993}\n')
        (journal / "000000000000.jsonl").symlink_to("/etc/passwd")
        os.mkfifo(journal / "000000000007.jsonl.fifo")
        (journal / "999999999999.jsonl").mkdir()
        (line.state / "recipes/part/models/9223372036854775807").mkdir()
        (line.state / "recipes/part/normals/x.jpg").symlink_to("/dev/zero")
        (line.state / "images").symlink_to("/etc")
        line.watch().start()
        line.verdicts(20)
        line.stop()
        numbers = sorted(seq for seq in line.journal() if seq < 1 << 52)
        expect(numbers[-1] < last + 10_000_000_000_000, f"numbers jumped to {numbers[-1]}")
        return "links, pipes, folders and numbers of 2^64-1 in the state directory"
