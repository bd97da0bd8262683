"""A line of its own for a step: state, configuration, frames and the real daemon, and a client that keeps its own
record of what it was shown."""

import collections
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import journal
import pictures
from recorder import Recorder
from rig import BUILD, PROJECT, Ended, counters, eventually, expect

Reply = collections.namedtuple("Reply", "code body")

CONFIGURATION = """\
state_directory = "{state}"
models_directory = "{models}"
compute_threads = 1

[control]
socket = "{folder}/control.sock"
{control}

[camera]
name = "cam"
source = "folder"
path = "{frames}"
mode = "{mode}"
rate_hz = {rate}
{camera}

{recipes}

[journal]
{journal}

[images]
save_images = "{pictures}"
save_heatmaps = "{pictures}"
{images}
"""

RECIPE = """\
[[recipe]]
name = "{name}"
backbone = "efficientnet-lite0"
method = "patch-memory"
input_size = 64
rotations = 1
frozen_frames = 0
{more}
"""

_template = threading.Lock()


class Line:
    """Everything but the state directory lies in `folder`, which is on another file system where a step mounts one."""

    def __init__(
        self,
        folder,
        *,
        state=None,
        frames=pictures.PARTS,
        rate=50.0,
        recipes=("part",),
        models=PROJECT / "models",
        environment=None,
        under=(),
        **texts,
    ):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.state = folder, state or folder / "state"
        self.frames = folder / "frames"
        self.frames.mkdir(exist_ok=True)
        for name, data in frames.items():
            (self.frames / name).write_bytes(data)
        self.socket = folder / "control.sock"
        self.configuration = folder / "config.toml"
        self.environment, self.under = dict(environment or {}), list(under)
        self.process, self.recorder = None, None
        self.shown = {}
        self.lock = threading.Lock()
        self.rate, self.recipes, self.models = rate, recipes, models
        self.texts = dict(control="", camera="", mode="replay", journal="", images="", pictures="none", recipe="")
        self.configure(**texts)

    def configure(self, **texts):
        """Writes the configuration; what is not named stays as it is."""
        self.texts |= texts
        recipes = "\n".join(RECIPE.format(name=name, more=self.texts["recipe"]) for name in self.recipes)
        self.configuration.write_text(
            CONFIGURATION.format(
                state=self.state,
                models=self.models,
                folder=self.folder,
                frames=self.frames,
                rate=self.rate,
                **(self.texts | {"recipes": recipes}),
            )
        )
        return self

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.kill()
        try:
            self.account()
        except AssertionError:
            # It is counted; what went wrong first is said.
            if kind is None:
                raise

    # The daemon

    def launch(self, **environment):
        """Starts the daemon without waiting for it."""
        self.end()
        surroundings = os.environ | {"SWIFT_BACKTRACE": "enable=no"} | self.environment | environment
        with open(self.folder / "log", "ab") as log:
            self.begin = time.monotonic()
            self.process = subprocess.Popen(
                [*self.under, BUILD / "fsacd", "--config", self.configuration],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=surroundings,
            )
        counters.restarts += 1
        return self

    def start(self, timeout=60, **environment):
        self.launch(**environment)
        eventually("the daemon to answer", self.answers, timeout)
        self.started_in = time.monotonic() - self.begin
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise Ended(f"the daemon ended with {self.process.returncode}: {self.log()[-600:]}")
        return self.get("/v1/status", timeout=5).code == 200

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def end(self):
        if self.is_running():
            self.process.kill()
            self.process.wait()

    def kill(self):
        self.end()
        self.stop_watching()

    def stop(self, timeout=30):
        """The exit code after SIGTERM, and how long it took."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout)
        self.stop_watching()
        return code, time.monotonic() - begin

    def ended(self, timeout=30):
        """The exit code of a daemon that ends by itself; minus the signal's number."""
        return self.process.wait(timeout)

    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def prepare(self):
        """A fitted model in the state directory, as `teach` makes it: fitted once, copied then."""
        with _template:
            template = PROJECT / ".build/faults/template"
            if not template.is_dir():
                with Line(template.with_name("template-line")) as line:
                    line.start().teach()
                    expect(line.stop()[0] == 0, line.log())
                    line.shown = {}
                    shutil.copytree(line.state / "recipes", template)
        if not self.state.exists():
            self.state.mkdir(mode=0o750)
        for name in self.recipes:
            shutil.copytree(template / "part", self.state / "recipes" / name)
        return self

    def teach(self):
        """Three shots, one fit."""
        for shot in pictures.SHOTS:
            expect(self.added(self.add(shot, "force=true&refit=false"))["state"] == "done", self.log()[-600:])
        self.request("POST", "/v1/refit", {})
        expect(self.fitted()["state"] == "idle", self.log()[-600:])
        return self

    # Its process

    def memory(self, what="VmRSS"):
        """MiB."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(what)) / 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def threads(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def holdings(self):
        """What its descriptors are of, and its threads' names, without numbers."""
        process = pathlib.Path(f"/proc/{self.process.pid}")
        held = collections.Counter()
        for folder, name, text in (
            ("fd", "descriptor of", os.readlink),
            ("task", "thread", lambda task: (task / "comm").read_text().strip()),
        ):
            for entry in (process / folder).iterdir():
                with contextlib.suppress(OSError):
                    held[f"{name} {re.sub('[0-9]+', '#', text(entry))}"] += 1
        # Pictures on their way to the disk come and go.
        return collections.Counter({name: count for name, count in held.items() if not name.endswith(".tmp")})

    # Its clients

    def connect(self, timeout=10):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout)
        try:
            connection.connect(str(self.socket))
        except OSError as error:
            connection.close()
            if not self.is_running():
                raise Ended(f"the daemon is not there: {error}") from error
            raise
        return connection

    def request(self, method, path, body=b"", headers="", timeout=30):
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: fsac\r\nConnection: close\r\n{headers}"
        if body or method in ("POST", "PUT"):
            head += f"Content-Length: {len(body)}\r\n"
        return self.exchange(head.encode() + b"\r\n" + body, timeout)

    def exchange(self, data, timeout=30):
        """What is answered to these bytes; code 0 = the connection was closed without an answer."""
        with self.connect(timeout) as connection:
            answer = b""
            # Who refuses a request need not take all of it, and may be gone after the answer.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(data)
            with contextlib.suppress(ConnectionResetError):
                while not is_whole(answer) and (piece := connection.recv(1 << 16)):
                    answer += piece
        head, _, body = answer.partition(b"\r\n\r\n")
        if b"chunked" in head.lower():
            body = unchunked(body)
        return Reply(int(head.split()[1]) if head.startswith(b"HTTP/") else 0, body)

    def get(self, path, timeout=30):
        return self.request("GET", path, timeout=timeout)

    def status(self, timeout=30):
        return json.loads(self.get("/v1/status", timeout).body)

    def health(self, timeout=30):
        return self.get("/healthz", timeout).code

    def ctl(self, *words, timeout=120, **options):
        environment = {key: value for key, value in os.environ.items() if key != "LD_PRELOAD"}
        return subprocess.run(
            [BUILD / "fsacctl", *words, "--socket", self.socket],
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            env=environment,
            **options,
        )

    def add(self, data, query="force=true", timeout=30):
        """Asks for a picture to become a shot; the operation is answered at once."""
        return self.request("POST", f"/v1/normals?{query}", data, "Content-Type: image/png\r\n", timeout)

    def added(self, reply):
        """Follows the operation that an `add` was answered with to its end."""
        expect(reply.code == 202, f"{reply.code} {reply.body[:300]}")
        path = f"/v1/normals/operations/{json.loads(reply.body)['operation']}"
        return eventually(
            "the operation", lambda: (now := json.loads(self.get(path).body))["state"] != "running" and now, 60
        )

    def fitted(self, recipe="part", timeout=60):
        """Waits until no fit is asked for any more."""
        path = f"/v1/refit?recipe={recipe}"
        return eventually(
            "the fit", lambda: (fit := json.loads(self.get(path).body))["state"] != "fitting" and fit, timeout
        )

    def verdicts(self, count=1, timeout=30):
        """Waits for more verdicts, and gives the newest number. Counted: behind a crash numbers go on further on."""
        last = max((record["seq"] for record in self.newest()), default=0)

        def new():
            numbers = [record["seq"] for record in self.newest(count) if record["seq"] > last]
            return len(numbers) == count and numbers[-1]

        return eventually(f"{count} verdicts", new, timeout)

    def newest(self, count=1):
        """The newest verdicts, the newest of them last."""
        lines = [json.loads(line) for line in self.get(f"/v1/history?limit={count}").body.splitlines()]
        return [line for line in lines if "verdict" in line]

    # What it was shown

    def watch(self):
        """Begins to record what `tail` shows; before the start, everything from the last record on."""
        self.stop_watching()
        self.recorder = Recorder(self)
        self.recorder.start()
        return self

    def stop_watching(self):
        if self.recorder:
            self.recorder.is_ending = True
            self.recorder.join(10)
            self.recorder = None

    def note(self, record):
        """A verdict that somebody was shown."""
        # 0 = it has no number, and no line: nothing is promised of it.
        if record["seq"] == 0:
            return
        with self.lock:
            self.shown.setdefault(record["seq"], []).append(record)

    def journal(self):
        return journal.read(self.state / "journal")

    def events(self):
        return journal.events(self.state)

    def verify(self, *options):
        """What `fsacctl verify` says of the state directory: its exit code, and the report."""
        done = subprocess.run(
            [BUILD / "fsacctl", "verify", "--state", self.state, "--json", *options],
            capture_output=True,
            text=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
        )
        expect(done.returncode in (0, 1, 2), f"verify: {done.returncode} {done.stderr[-300:]}")
        return done.returncode, json.loads(done.stdout)

    def account(self):
        """Adds to the counters what the line wrote and showed. Once, at the end: the journal is all there is then."""
        written = self.journal()
        first = min(written, default=0)
        lost, twice = [], []
        for seq, records in self.shown.items():
            kept = written.get(seq, [])
            judged = [record for record in records if record["verdict"] != "INVALID"]
            # Older segments are removed by `journal.max_bytes`; of two lines the newer one counts.
            if seq >= first and judged and (not kept or kept[-1]["verdict"] != judged[0]["verdict"]):
                lost.append(judged[0])
        for seq in written.keys() | self.shown.keys():
            both = written.get(seq, []) + self.shown.get(seq, [])
            if len({(record["time"], record["frame"]) for record in both}) > 1:
                twice.append(both)
        every = [record for source in (written, self.shown) for records in source.values() for record in records]
        wrong = [
            record
            for record in every
            if record["verdict"] == "OK" and ("defect" in record["frame"] or "damaged" in record["frame"])
        ]
        with counters.lock:
            counters.verdicts += len(written)
            counters.shown += len(self.shown)
            counters.false_ok += wrong
            counters.lost += lost
            counters.twice += twice
        expect(not wrong, f"{len(wrong)} false OK: {wrong[:2]}")
        expect(not lost, f"{len(lost)} of {len(self.shown)} shown verdicts are not in the journal: {lost[:2]}")
        expect(not twice, f"{len(twice)} numbers were given twice: {twice[:2]}")


def is_whole(answer):
    """Whether all of a reply is there that says how long it is."""
    head, end, body = answer.partition(b"\r\n\r\n")
    length = [field.split(b":")[1] for field in head.lower().split(b"\r\n") if field.startswith(b"content-length:")]
    return bool(end and length) and len(body) >= int(length[0])


def unchunked(data):
    whole = b""
    while data:
        length, _, data = data.partition(b"\r\n")
        count = int(length or b"0", 16)
        if not count:
            break
        whole, data = whole + data[:count], data[count + 2 :]
    return whole
