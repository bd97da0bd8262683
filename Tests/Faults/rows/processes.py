"""The daemon as a process: a second one, hangs, deaths, memory (rows P1 to P4, C12)."""

import hashlib
import json
import random
import subprocess
import threading
import time

import pictures
from lines import Ended, Line
from rig import BUILD, Notifications, eventually, expect, memory_limit, seconds_until, step
from rows.clients import HEAD, hold, quietly


@step(
    "P1",
    "50 daemons at once on one state: one runs, the others end with 75; a lock file that is removed lets no second"
    " one in",
)
def _(folder):
    with Line(folder, rate=50).prepare() as line:
        line.watch().start()
        line.verdicts(5)
        others = [
            subprocess.Popen(
                [BUILD / "fsacd", "--config", line.configuration], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
            for _ in range(50)
        ]
        ends = [(other.communicate()[1].decode(), other.returncode) for other in others]
        expect(
            all(code == 75 and str(line.process.pid) in text for text, code in ends),
            f"{set(code for _, code in ends)} {ends[0][0]}",
        )
        (line.state / "lock").unlink()
        second = subprocess.Popen(
            [BUILD / "fsacd", "--config", line.configuration], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        time.sleep(2)
        alive = second.poll() is None
        second.kill()
        line.verdicts(5)
        expect(not alive, "a second daemon runs on the same state")
        line.stop()
        return "50 of 50 ended with 75 and the first one's number; with the lock's file removed a second one ends, too"


def hang(folder, point, goes_on=False):
    """A stage that hangs: what is said, whether systemd still gets signs of life, and how it ends.

    - goes_on: the line goes on without the stage, and is not to be killed for it.
    """
    with Notifications(folder) as (pings, path):
        with Line(folder / "line", rate=10).prepare() as line:
            line.watch().start(NOTIFY_SOCKET=path, WATCHDOG_USEC="4000000", FSAC_FAILPOINT=point)
            eventually("the hang", lambda: "failpoint:" in line.log(), 30)
            begin = time.monotonic()
            said = seconds_until(f"a health that tells of {point}", lambda: line.health(timeout=10) != 200, 20)
            time.sleep(max(0, begin + 8 - time.monotonic()))
            late = [when for when in pings if when > begin + 4]
            stopped = time.monotonic()
            line.process.terminate()
            try:
                line.process.wait(15)
                ended = f"ends {time.monotonic() - stopped:.1f} s after SIGTERM"
            except subprocess.TimeoutExpired as error:
                raise AssertionError(f"{point}: SIGTERM did not end it within 15 s") from error
            expect(bool(late) == goes_on, f"{point}: {len(late)} signs of life after the hang")
            return f"said after {said:.1f} s, {len(late) or 'no'} sign{'s' * (len(late) > 1)} of life, {ended}"


@step("P2", "an inspection that hangs")
def _(folder):
    return hang(folder, "inference.hang:20")


@step("P2", "a disk's call of the journal that never returns")
def _(folder):
    return hang(folder, "disk(journal/0).hang:20", goes_on=True)


@step("C12", "a camera that hangs inside of a call")
def _(folder):
    return hang(folder, "capture.hang:20")


@step("P2", "a supervision that hangs gives no sign of life, so that systemd ends it")
def _(folder):
    with Notifications(folder) as (pings, path):
        with Line(folder / "line", rate=10).prepare() as line:
            line.start(NOTIFY_SOCKET=path, WATCHDOG_USEC="2000000", FSAC_FAILPOINT="supervision.hang:3")
            eventually("the hang", lambda: "failpoint:" in line.log(), 30)
            begin = time.monotonic()
            time.sleep(4)
            late = [when for when in pings if when > begin + 0.5]
            expect(not late, f"{len(late)} signs of life after the hang")
            return "no sign of life"


@step("P3", "a fit that ends the daemon at each start is left out after two deaths, and the line inspects")
def _(folder):
    with Line(folder, rate=20).prepare() as line:
        line.watch().start()
        line.add(pictures.good(60), "force=true&refit=false")
        eventually("the shot", lambda: len(json.loads(line.get("/v1/normals").body)["normals"]) == 4)
        line.kill()
        deaths = 0
        for _ in range(6):
            line.watch().launch(FSAC_FAILPOINT="fit.kill:1")
            try:
                line.process.wait(6)
                deaths += 1
            except subprocess.TimeoutExpired:
                break
        expect(line.is_running(), f"{deaths} starts ended in the fit, the line never inspects")
        line.verdicts(5)
        status = line.status()
        record = line.newest()[0]
        expect(record["verdict"] != "INVALID" and record["generation"] == 1, f"{record}")
        expect(status.get("reason") or "fit" in line.log().lower(), "nothing is said of it")
        # Somebody asks for it again, with a sound one.
        line.kill()
        line.watch().start()
        line.request("POST", "/v1/refit", {})
        line.fitted()
        line.verdicts(2)
        expect(line.newest()[0]["generation"] == 2, f"the fit that was asked for was not made: {line.newest()[0]}")
        line.stop()
        return f"{deaths} deaths, then left out; a fit that is asked for is made"


@step("P4", "memory that runs out: ended by the kernel, the next start inspects, and nobody else was ended")
def _(folder):
    with memory_limit(90) as (move, killed):
        with Line(folder, rate=20).prepare() as line:
            line.watch().start()
            move(line.process.pid)
            line.verdicts(5)
            uploads = [
                threading.Thread(target=quietly, args=(lambda: upload(line, 30 << 20),), daemon=True) for _ in range(12)
            ]
            for thread in uploads:
                thread.start()
            for thread in uploads:
                thread.join(60)
            ended = not line.is_running()
            line.watch().start()
            line.verdicts(5)
            line.stop()
            return (
                f"12 uploads of 30 MiB in 90 MiB: {'ended by the kernel' if ended else 'refused, never ended'};"
                f" {killed()} killed"
            )


def upload(line, length):
    return line.add(random.Random(1).randbytes(length), "force=true&dry_run=true", 60)


def fit_of_more_shots(line):
    """How the fit ended that is due at the start; nothing while it goes on."""
    fit = json.loads(line.get("/v1/refit").body)
    if fit["state"] == "failed":
        return f"refused: {fit['message']}"
    return "made" if line.status()["recipes"][0]["model"]["generation"] > 1 else None


@step(
    "P4",
    "a fit of 200 shots in 110 MiB: made, or refused with a reason, and the line inspects, at this start and the next",
)
def _(folder):
    with memory_limit(110) as (move, killed):
        with Line(folder, rate=10).prepare() as line:
            shots = line.state / "recipes/part/normals"
            for number in range(200):
                data = pictures.good(1 + number % 20) + bytes(number // 20)
                (shots / f"{hashlib.sha256(data).hexdigest()}.png").write_bytes(data)
            line.configuration.write_text(
                line.configuration.read_text()
                .replace("input_size = 64", "input_size = 160")
                .replace("rotations = 1", "rotations = 8\ncoreset_budget = 256")
            )
            ends = []
            for _ in range(4):
                line.watch().launch()
                move(line.process.pid)
                try:
                    eventually("the daemon to answer", line.answers, 60)
                    ends.append(eventually("the end of the fit", lambda: fit_of_more_shots(line), 120))
                    break
                except Ended:
                    ends.append("ended")
            expect(line.is_running(), f"{len(ends)} starts ended in the fit; {killed()} killed by the kernel")
            line.verdicts(3)
            last = ends[-1]
            peak = line.memory("VmHWM")
            line.stop()
            return f"{last[:160]}; {ends.count('ended')} deaths, {peak:.0f} MiB at most"


@step("P2", "SIGTERM ends it whatever clients do: deaf, idle, half a head, half a body, histories that nobody reads")
def _(folder):
    cases = {
        "20 deaf tails": (b"GET /v1/tail?since=1 " + HEAD + b"\r\n", 20),
        "10 histories": (b"GET /v1/history?since=1&limit=100000 " + HEAD + b"\r\n", 10),
        "20 idle": (b"", 20),
        "20 half heads": (b"GET /hea", 20),
        "20 half bodies": (
            b"POST /v1/normals " + HEAD + b"Content-Type: image/png\r\nContent-Length: 100000\r\n\r\nxx",
            20,
        ),
    }
    figures = []
    for name, (data, count) in cases.items():
        with Line(folder / name.replace(" ", "-"), rate=200).prepare() as line:
            line.watch().start()
            line.verdicts(100)
            line.stop_watching()
            connections = hold(line, data, count)
            time.sleep(1)
            code, seconds = line.stop(timeout=40)
            for connection in connections:
                connection.close()
            expect(code == 0 and seconds < 12, f"{name}: {code} after {seconds:.1f} s")
            figures.append(f"{name}: {seconds:.1f} s")
    return ", ".join(figures)


@step("P2", "a start whose socket cannot be opened ends at once, and says why: no zombie that holds the lock")
def _(folder):
    figures = []
    cases = {
        "a file in its place": lambda line: line.socket.write_text("precious"),
        "no such group": lambda line: line.configure(control='socket_group = "nosuchgroup"'),
        "no such folder": lambda line: line.configuration.write_text(
            line.configuration.read_text().replace("/control.sock", "/none/control.sock")
        ),
        "a name that is too long": lambda line: line.configuration.write_text(
            line.configuration.read_text().replace("/control.sock", f"/{'a' * 120}.sock")
        ),
    }
    for name, spoil in cases.items():
        with Line(folder / name.replace(" ", "-"), rate=20).prepare() as line:
            spoil(line)
            begin = time.monotonic()
            line.launch()
            try:
                code = line.ended(20)
            except subprocess.TimeoutExpired as error:
                raise AssertionError(f"{name}: still there after 20 s, log: {line.log()[-200:]}") from error
            seconds = time.monotonic() - begin
            expect(code not in (0, -9) and len(line.log()) > 20, f"{name}: {code} {line.log()}")
            figures.append(f"{name}: {code} after {seconds:.1f} s")
    return ", ".join(figures)
