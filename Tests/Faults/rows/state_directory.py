"""The state directory: whose it is, what is in it, and that it may go (rows S13 to S16)."""

import errno
import os
import shutil
import time

from faulty_disk import Disk
from lines import Ended, Line
from rig import eventually, expect, needs_root, step
from rows.storage import SMALL_JOURNAL, unwell


@step("S13", "a state directory of another user, that is no folder, or without a parent: one clear line, at once")
def _(folder):
    needs_root()
    figures = []
    with Line(folder / "line") as line:
        os.chmod(folder, 0o755)
        os.chmod("/tmp", 0o1777)
        os.chmod(folder.parent, 0o755)
        line.under = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        cases = {
            "of another user": lambda: (line.state.mkdir(), os.chmod(line.state, 0o700)),
            "a file": lambda: line.state.write_text("x"),
        }
        os.chown(line.folder, 65534, 65534)
        (line.folder / "log").touch()
        for name, make in cases.items():
            shutil.rmtree(line.state, ignore_errors=True)
            line.state.unlink(missing_ok=True)
            make()
            line.launch()
            code = line.ended(10)
            last = line.log().splitlines()[-1]
            expect(code == 78 and str(line.state) in last, f"{name}: {code} {last}")
            figures.append(f"{name}: {code}")
        line.state.unlink(missing_ok=True)
        shutil.rmtree(line.state, ignore_errors=True)
        line.state = folder / "none" / "state"
        line.configure().launch()
        code = line.ended(10)
        expect(
            code in (1, 78) and str(line.state) in line.log().splitlines()[-1], f"no parent: {code} {line.log()[-300:]}"
        )
        return "; ".join([*figures, f"no parent: {code}"])


@step("S13", "a symbolic link in the lock's place is refused, and what it points at stays as it was")
def _(folder):
    with Line(folder / "line") as line:
        line.state.mkdir()
        precious = folder / "precious"
        precious.write_text("precious")
        (line.state / "lock").symlink_to(precious)
        line.launch()
        code = line.ended(10)
        expect(code != 0 and precious.read_text() == "precious", f"{code}, {precious.read_text()!r}")
        expect("lock" in line.log(), line.log()[-300:])
        return f"exit code {code}"


@step(
    "S14",
    "each change on the disk of a start that recovers fails or is the last before a kill: the next start is as the"
    " first",
)
def _(folder):
    with Line(folder / "line", rate=100, journal=SMALL_JOURNAL).prepare() as line:
        disk = Disk(line)
        count = 0
        line.watch()
        for mode, error in (("kill", 0), ("once", errno.ENOSPC), ("once", errno.EIO)):
            for first in range(1, 40):
                line.start()
                line.verdicts(3)
                line.kill()
                line.watch()
                damage_as_a_crash_does(line.state)
                disk.fail("all", mode, error, first)
                line.launch()
                eventually("the end of the start", lambda: line.process.poll() is not None or answers(line), 30)
                hits = disk.hits
                disk.mend()
                line.kill()
                line.watch()
                count += 1
                if not hits or disk.counted > first + 60:
                    break
        line.start()
        line.verdicts(5)
        line.stop()
        return f"{count} starts cut off or failing at one of their changes"


def answers(line):
    try:
        return line.answers()
    except (OSError, Ended):
        return False


def damage_as_a_crash_does(state):
    """Half a line behind the last one, and names that were never finished."""
    newest = max((state / "journal").glob("[0-9]*.jsonl"))
    with open(newest, "ab") as file:
        file.write(b'{"seq":999999,"time":"2026-')
    (state / "journal" / "tmp-00000001.jsonl").write_text("half")
    (state / "recipes/part/tmp-current.7").write_text("1")
    (state / "recipes/part/models/tmp-9").mkdir(exist_ok=True)
    (state / "recipes/part/models/tmp-9/model.json").write_text("{")


@step(
    "S15",
    "the state directory is removed below a running line: it says so and makes it anew, or stops calling itself well",
)
def _(folder):
    with Line(folder / "line", rate=50).prepare() as line:
        line.start()
        line.verdicts(10)
        shutil.rmtree(line.state, ignore_errors=True)
        said = unwell(line, "the state that is gone")
        time.sleep(2)
        expect(line.is_running(), line.log()[-600:])
        health = line.health()
        journal = (line.state / "journal").is_dir()
        expect(health != 200 or journal, "well without a journal")
        code, seconds = line.stop()
        line.prepare() if not (line.state / "recipes").is_dir() else None
        line.start()
        line.verdicts(5)
        return (
            f"said after {said:.1f} s, then health {health}, journal {'there again' if journal else 'not made'}; stop:"
            f" {code}"
        )


@step("S16", "pictures that retention removes while they are fetched: whole or 404")
def _(folder):
    with Line(
        folder / "line", rate=50, pictures="all", images="max_bytes = 1048576\nmin_free_bytes = 0"
    ).prepare() as line:
        line.watch().start()
        line.verdicts(250, timeout=60)
        codes = {}
        end = time.monotonic() + 6
        while time.monotonic() < end:
            last = line.status()["storage"]["last_seq"]
            for seq in (last, last - 10, last - 25, last - 60, 1):
                for kind in ("image", "heatmap"):
                    reply = line.get(f"/v1/inspections/{max(1, seq)}/{kind}")
                    codes[reply.code] = codes.get(reply.code, 0) + 1
                    whole = reply.body.endswith(b"\xff\xd9") or reply.body.endswith(b"IEND\xaeB`\x82")
                    expect(
                        reply.code in (200, 404) and (reply.code == 404 or whole),
                        f"{kind} of {seq}: {reply.code}, {len(reply.body)}",
                    )
        line.stop()
        expect(codes.get(200) and codes.get(404), f"{codes}")
        return f"{codes[200]} whole, {codes[404]} not there any more, no other answer"
