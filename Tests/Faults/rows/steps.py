"""Between two steps on the disk: kill, one error, errors for ever, at every step of each change (rows S2 to S5).

SQLite's way: the fault comes at the N-th operation, N = 1, 2, ... until a run passes untouched.
"""

import hashlib
import json
import time

import pictures
from lines import Ended, Line
from rig import eventually, expect, step

ACTIONS = ("kill", "error", "errors")
# What the others do leaves nothing that a kill could cut in two. `open` may be for reading, too.
CHANGES = ("open", "write", "truncate", "rename", "link", "remove", "create folder", "fdatasync", "fsync")


def every_step(line, text, ask, look, wanted, reset=None):
    """Asks for a change again and again, with a fault at each of its steps in turn: a kill before each that changes
    something, an error at each, errors for ever from each that changes something on.

    - ask(N): asks for the N-th change; true = it was answered as done.
    - look(): what there is of it now.
    - wanted(N, before): what there is when it is done; else it must be as before.
    - reset(): done before each, so that every one has as many steps.
    Returns the figures.
    """
    now = line.folder / "now"
    point = {"FSAC_FAILPOINT_AFTER": str(now)}
    plan = [("trace", 1)]
    counts = dict.fromkeys(ACTIONS, 0)
    number, asked, answered, before = 0, None, False, None
    while asked or plan:
        action, first = plan.pop(0) if plan else (None, 0)
        now.unlink(missing_ok=True)
        # The start after a fault is the one before the next: a failpoint is inert until there is `now`.
        line.watch().start(**(point | {"FSAC_FAILPOINT": f"disk({text}).{action}:{first}"} if action else {}))
        for recipe in line.recipes:
            # A fit that is due after the fault before has steps of its own, and names of its own.
            line.fitted(recipe)
        found = look()
        if asked:
            done = wanted(number, before)
            expect(
                found == done or (found == before and not answered),
                f"{asked}: answered {answered}, expected {done} (before: {before}), found {found}",
            )
            eventually(f"{asked}: nothing left behind", lambda: not unfinished(line), 5)
        if not action:
            break
        if reset:
            reset()
            found = look()
        number, asked, before = number + 1, f"{action} at step {first}", found
        mark = len(line.log())
        now.touch()
        try:
            answered = ask(number)
        except (OSError, Ended):
            answered = False
        said = [word for word in line.log()[mark:].splitlines() if word.startswith("failpoint:")]
        if action == "kill" and said:
            line.process.wait(10)
        else:
            expect(line.is_running(), f"{asked}: {line.log()[-500:]}")
        if action == "trace":
            steps = [word.split(": ", 2)[2] for word in said]
            expect(answered and steps, f"not answered without a fault, or no step {text}")
            plan = [
                (kind, index)
                for kind in ACTIONS
                for index, step in enumerate(steps, 1)
                if kind == "error" or step.startswith(CHANGES)
            ]
        elif said:
            counts[action] += 1
        else:
            expect(answered, f"{asked} did not come, and the change was not answered")
    line.verdicts(4)
    return f"{len(steps)} steps: " + ", ".join(f"{count} x {action}" for action, count in counts.items())


def unfinished(line):
    """Names of what was never finished."""
    return [path for path in line.state.rglob("*") if path.name.startswith("tmp-") or path.name.endswith(".tmp")]


def shots(line, recipe="part"):
    return sorted(shot["sha256"] for shot in json.loads(line.get(f"/v1/normals?recipe={recipe}").body)["normals"])


def manual_limit(line):
    limit = json.loads(line.get("/v1/limit").body)
    expect(limit.get("manual"), f"not by hand any more: {limit}")
    return round(limit["value"], 3)


def two_step_line(folder, recipes=("part",), **texts):
    return Line(folder, rate=20, recipes=recipes, **texts).prepare()


@step(
    "S5",
    "add-normal, at every step: the shot is there as it was sent or not at all, and is there when that was answered",
)
def _(folder):
    with two_step_line(folder) as line:

        def picture(number):
            return pictures.good(1000 + number)

        def ask(number):
            reply = line.add(picture(number), "force=true&refit=false")
            if reply.code != 202:
                return False
            done = line.added(reply)
            return done["state"] == "done" and done["shots"][0]["outcome"] == "added"

        kept = {hashlib.sha256(shot).hexdigest() for shot in pictures.SHOTS}

        def reset():
            for added in set(shots(line)) - kept:
                expect(
                    line.request("DELETE", f"/v1/normals/{added}").code in (200, 204), f"{added} could not be removed"
                )

        return every_step(
            line,
            "/recipes/",
            ask,
            lambda: shots(line),
            lambda number, before: sorted({*before, hashlib.sha256(picture(number)).hexdigest()}),
            reset,
        )


def generation(line):
    """Of the model in use, which judges."""
    line.verdicts(2)
    newest = line.newest()[0]
    expect(newest["verdict"] != "INVALID", f"{newest}")
    return newest["generation"]


@step("S4", "a re-fit, at every step of the model's save: the old generation or the new one, whole, and it inspects")
def _(folder):
    with two_step_line(folder) as line:

        def ask(number):
            line.request("POST", "/v1/refit", {})
            return line.fitted()["state"] == "idle"

        return every_step(line, "/recipes/part/", ask, lambda: generation(line), lambda number, before: before + 1)


@step("S4", "a roll-back, at every step: the generation that was named or the one before")
def _(folder):
    with two_step_line(folder) as line:
        line.start().request("POST", "/v1/refit", {})
        line.fitted()
        line.kill()

        def goal(number):
            return 1 + number % 2

        def ask(number):
            return line.request("POST", "/v1/models/rollback", {"generation": goal(number)}).code == 200

        return every_step(line, "/recipes/part/", ask, lambda: generation(line), lambda number, before: goal(number))


@step("S4", "a limit by hand, at every step: the old one or the new one, never calibration's")
def _(folder):
    with two_step_line(folder) as line:
        line.start()
        expect(line.request("PUT", "/v1/limit?force=true", {"value": 0.5}).code == 200, "the first limit")
        line.kill()

        def value(number, before=None):
            return round(0.5 + number / 1000, 3)

        def ask(number):
            return line.request("PUT", "/v1/limit?force=true", {"value": value(number)}).code == 200

        return every_step(line, "/recipes/part/", ask, lambda: manual_limit(line), value)


@step("S4", "the recipe in use, at every step: what was answered holds after the next start")
def _(folder):
    with two_step_line(folder, recipes=("part", "other")) as line:
        names = ("part", "other")

        def ask(number):
            return line.request("POST", "/v1/recipes/use", {"recipe": names[number % 2]}).code == 200

        def look():
            return line.status()["cameras"][0]["recipe"]

        return every_step(line, "recipes-in-use", ask, look, lambda number, before: names[number % 2])


@step("S4", "commissioning, at every step of its begin and its end: while it may go on, nothing is OK")
def _(folder):
    with two_step_line(folder) as line:

        def ask(number):
            if json.loads(line.get("/v1/commission").body)["state"] == "off":
                return line.request("POST", "/v1/commission", {"parts": 1000}).code // 100 == 2
            return line.request("DELETE", "/v1/commission").code // 100 == 2

        def look():
            line.verdicts(2)
            newest = line.newest()[0]
            return newest["verdict"] == "INVALID" and newest["cause"] == "commissioning"

        return every_step(line, "/recipes/part/", ask, look, lambda number, before: not before)


@step("S4", "a recipe's copy, at every step: the copy is whole or not there")
def _(folder):
    with two_step_line(folder) as line:

        def ask(number):
            return line.request("POST", "/v1/recipes/copy", {"from": "part", "to": f"copy{number}"}).code in (200, 201)

        def look():
            names = sorted(entry["name"] for entry in json.loads(line.get("/v1/recipes").body)["recipes"])
            expect(all(len(shots(line, name)) == 3 for name in names), f"a recipe has not all shots: {names}")
            return names

        return every_step(line, "/recipes/", ask, look, lambda number, before: sorted({*before, f"copy{number}"}))


def journal_step(folder, text, most):
    """A fault at each of the first steps of a part of the journal's work, while it writes; then a start without one."""
    with Line(folder, rate=200, journal="segment_bytes = 65536\nmax_bytes = 8388608").prepare() as line:
        figures = []
        for action in ACTIONS:
            for first in range(1, most + 1):
                marks = line.log().count("failpoint:")
                line.watch().launch(FSAC_FAILPOINT=f"disk({text}).{action}:{first}")
                try:
                    eventually("the step", lambda: line.log().count("failpoint:") > marks or not line.is_running(), 20)
                except AssertionError:
                    expect(first > 1, f"no step {text}")
                    figures.append(f"{first - 1} x {action}")
                    break
                time.sleep(0.1)
                if action == "kill":
                    expect(line.process.wait(10) == -9, "not killed")
                else:
                    expect(line.is_running(), line.log()[-600:])
                line.kill()
            else:
                figures.append(f"{most} x {action}")
        line.watch().start()
        line.verdicts(20)
        expect(line.health() == 200, f"{line.get('/healthz').body}")
        line.stop()
        return ", ".join(figures)


@step("S2", "writing and syncing a line of the journal")
def _(folder):
    return journal_step(folder, "journal/0", 8)


@step("S2", "rotation: the new segment's file, whose room was set aside, its header, sync, rename")
def _(folder):
    return journal_step(folder, "/journal/spare-", 6)


@step("S2", "rotation: names in the journal's folder")
def _(folder):
    return journal_step(folder, "fsync ", 3)


@step("S2", "the link to the newest segment")
def _(folder):
    return journal_step(folder, "current.jsonl", 4)


def picture_step(folder, text):
    with Line(folder, rate=50, pictures="all", images="max_bytes = 1048576\nmin_free_bytes = 0").prepare() as line:
        figures = []
        for action in ACTIONS:
            for first in range(1, 8):
                marks = line.log().count("failpoint:")
                line.watch().launch(FSAC_FAILPOINT=f"disk({text}).{action}:{first}")
                eventually("the step", lambda: line.log().count("failpoint:") > marks or not line.is_running(), 20)
                if action != "kill":
                    eventually("the daemon to answer", line.answers)
                    line.verdicts(3)
                line.kill()
            figures.append(f"7 x {action}")
        line.watch().start()
        line.verdicts(5)
        line.stop()
        whole = 0
        for kind, end in (("images", b"\xff\xd9"), ("heatmaps", b"IEND\xaeB`\x82")):
            for path in (line.state / kind).rglob("*"):
                if path.is_file():
                    expect(not path.name.startswith("tmp-") and ".tmp" not in path.name, f"left behind: {path}")
                    expect(path.read_bytes().endswith(end), f"half a picture: {path}")
                    whole += 1
        return ", ".join(figures) + f"; {whole} pictures, all whole"


@step("S3", "a picture's write and rename")
def _(folder):
    return picture_step(folder, "/images/")


@step("S3", "a heat map's write and rename")
def _(folder):
    return picture_step(folder, "/heatmaps/")
