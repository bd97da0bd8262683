"""Who changed what is on the disk before it is changed (row S4), and whether all is there that was written (row S7)."""

import hashlib
import json
import shutil

import pictures
from journal import gaps
from lines import Ended, Line
from rig import eventually, expect, step
from rows.steps import every_step, manual_limit, two_step_line


def changes_of(line):
    """Events that somebody decided, and starts."""
    return [event for event in line.events() if event["event"] not in ("state", "clock", "stop")]


@step("S4", "a limit by hand, at every step of its event: no limit without its event on the disk, no event lost")
def _(folder):
    with two_step_line(folder) as line:
        line.start()
        expect(line.request("PUT", "/v1/limit?force=true", {"value": 0.5}).code == 200, "the first limit")
        line.kill()
        made, looks = {0.5}, 0

        def value(number, before=None):
            return round(0.5 + number / 1000, 3)

        def ask(number):
            reply = line.request("PUT", "/v1/limit?force=true", {"value": value(number)})
            # 0: killed.
            expect(reply.code in (0, 200, 507), f"{reply.code} {reply.body[:300]}")
            if reply.code == 200:
                made.add(value(number))
            return reply.code == 200

        def look():
            # Once after each start, whose own event has steps, too: they are done before the fault may come.
            nonlocal looks
            looks += 1
            starts = lambda: sum(event["event"] == "start" for event in line.events())
            eventually("the event of the start", lambda: starts() == looks + 1)
            events = line.events()
            numbers = {event["seq"] for event in events}
            for begin, end in gaps(line.state / "events"):
                numbers |= set(range(begin, end + 1))
            expect(numbers == set(range(1, len(numbers) + 1)), f"numbers of events: {sorted(numbers)}")
            told = {
                round(event["after"]["limit"], 3)
                for event in events
                if event["event"] == "limit" and not event.get("refused") and not event.get("failed")
            }
            expect({manual_limit(line)} | made <= told, f"limits without an event: {made - told}")
            return manual_limit(line)

        figures = every_step(line, "/events", ask, look, value)
        line.stop()
        expect(line.verify()[0] == 0, f"{line.verify()[1]}")
        return f"{figures}; {len(line.events())} events, none without its change answered and none lost"


@step(
    "S4",
    "killed between an event and its change: nothing is changed, and the next start says what parts are judged by",
)
def _(folder):
    with two_step_line(folder, recipes=("part", "other")) as line:
        line.start()
        line.request("POST", "/v1/refit?recipe=part", {})
        line.fitted()
        line.kill()

        def look():
            recipes = json.loads(line.get("/v1/recipes").body)["recipes"]
            return (
                sorted((recipe["name"], recipe["shots"], recipe["model"]["generation"]) for recipe in recipes),
                json.loads(line.get("/v1/limit?recipe=part").body)["value"],
                json.loads(line.get("/v1/commission?recipe=part").body)["state"],
                line.status()["cameras"][0]["recipe"],
            )

        shot = hashlib.sha256(pictures.SHOTS[0]).hexdigest()
        changes = {
            "limit": lambda: line.request("PUT", "/v1/limit?recipe=part&force=true", {"value": 0.7}),
            "commission_start": lambda: line.request("POST", "/v1/commission?recipe=part", {"parts": 9}),
            "recipe_use": lambda: line.request("POST", "/v1/recipes/use", {"recipe": "other"}),
            "recipe_copy": lambda: line.request("POST", "/v1/recipes/copy", {"from": "part", "to": "copy"}),
            "rollback": lambda: line.request("POST", "/v1/models/rollback?recipe=part", {"generation": 1}),
            "shot_removed": lambda: line.request("DELETE", f"/v1/normals/{shot}?recipe=part&refit=false"),
            "shot_added": lambda: line.add(pictures.good(77), "recipe=part&force=true&refit=false"),
            "refit": lambda: line.request("POST", "/v1/refit?recipe=part", {}),
            "reload": lambda: line.request("POST", "/v1/reload"),
        }
        line.start()
        before = look()
        line.kill()
        for name, change in changes.items():
            line.start(FSAC_FAILPOINT="event.kill:1")
            try:
                change()
            except (OSError, Ended):
                pass
            expect(line.ended() == -9, f"{name}: not killed")
            event = changes_of(line)[-1]
            expect(event["event"] == name and event["origin"] == "control", f"{name}: {event}")
            line.start()
            expect(look() == before, f"{name}: changed without an answer: {look()}, before {before}")
            eventually("the start", lambda: changes_of(line)[-1]["event"] == "start")
            start = changes_of(line)[-1]["after"]
            expect(round(start["recipe.part.limit"], 5) == round(before[1], 5), f"{name}: {start}")
            expect(start["camera.cam"] == before[3], f"{name}: {start}")
            line.kill()
        expect(line.verify()[0] == 0, f"{line.verify()[1]}")
        return f"{len(changes)} kinds of changes"


@step(
    "S7",
    "damage in any segment of the verdicts or the events, and pictures that are gone: `fsacctl verify` names each,"
    " status and metrics tell of it, parts are judged as before",
)
def _(folder):
    with Line(folder, rate=100, journal="segment_bytes = 65536").prepare() as line:
        line.start()
        line.verdicts(450, timeout=60)
        line.stop()
        # As slow as pictures can be stored on any machine.
        line.rate = 5
        line.configure(pictures="all").start()
        line.verdicts(20)
        for number in range(10):
            line.request("PUT", "/v1/limit?force=true", {"value": 1 + number / 100})
        line.stop()
        code, report = line.verify()
        # Also where this machine was too slow for a picture: events tell which were dropped.
        expect(code == 0, f"a whole one: {code} {report}")
        whole = folder / "whole"
        shutil.copytree(line.state, whole, symlinks=True)
        first, second, *_, newest = sorted((whole / "journal").glob("[0-9]*.jsonl"))
        events = next((whole / "events").glob("[0-9]*.jsonl"))
        lines = second.read_bytes().splitlines(keepends=True)

        def flipped(path):
            data = bytearray(path.read_bytes())
            data[data.index(b'"seq":') + 30] ^= 4
            return bytes(data)

        damages = {
            "a bit of the oldest": (first, flipped(first)),
            "a bit of one between": (second, flipped(second)),
            "a bit of the events": (events, flipped(events)),
            "a line gone": (second, b"".join(lines[:5] + lines[6:])),
            "a line twice": (second, b"".join(lines[:6] + lines[5:])),
            "two lines exchanged": (second, b"".join(lines[:5] + [lines[6], lines[5]] + lines[7:])),
            "a segment gone": (second, None),
            "a segment emptied": (second, b""),
            "another segment in its place": (second, first.read_bytes()),
            "the newest cut at the end of a line": (newest, b"".join(newest.read_bytes().splitlines(True)[:-2])),
            "an event gone": (events, b"".join((parts := events.read_bytes().splitlines(True))[:3] + parts[4:])),
            "the newest event gone": (events, b"".join(events.read_bytes().splitlines(True)[:-1])),
        }
        for name, (path, data) in damages.items():
            place = line.state / path.relative_to(whole)
            place.unlink() if data is None else place.write_bytes(data)
            code, report = line.verify("--no-pictures")
            expect(code == 1, f"{name}: {code} {report}")
            shutil.copy2(path, place)
        expect(line.verify("--no-pictures")[0] == 0, "put back, and still damaged")
        stored = sorted((line.state / "images").rglob("*-ok.jpg"))
        gone = stored[len(stored) // 2]
        data = gone.read_bytes()
        for broken in (None, b"", b"no picture"):
            gone.unlink() if broken is None else gone.write_bytes(broken)
            code, report = line.verify()
            expect(code == 2 and report["pictures"]["examples"] == [str(gone.relative_to(line.state))], f"{code} {report}")
            gone.write_bytes(data)
        place = line.state / second.relative_to(whole)
        place.write_bytes(flipped(second))
        line.start()
        damage = eventually("the daemon to tell", lambda: line.status()["storage"].get("damage"))
        expect(place.name in damage["first"] and damage["places"] >= 1, f"{damage}")
        expect(b"\nfsac_journal_damage 1\n" in line.get("/metrics").body, "the metrics do not tell")
        expect(line.health() == 200, f"{line.get('/healthz').body}")
        line.verdicts(3)
        line.stop()
        return f"{len(damages)} of {len(damages)} damages and 3 of 3 pictures named; status and metrics tell"
