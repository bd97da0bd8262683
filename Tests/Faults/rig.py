"""What the rows share: how they are declared, what is counted over all of them, and what a fault is made of."""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import socket
import subprocess
import threading
import time
import traceback

PROJECT = pathlib.Path(__file__).resolve().parents[2]
BUILD = PROJECT / ".build/release"
SHIM = PROJECT / ".build/faults/shim.so"

steps = []


@dataclasses.dataclass(eq=False)
class Step:
    row: str
    text: str
    function: object
    outcome: str = "NOT RUN"
    figure: str = ""
    seconds: float = 0


class Ended(Exception):
    """The daemon is not there any more, or not yet."""


class NotRun(Exception):
    """The step cannot be made here, and why."""


def step(row, text):
    """Declares what shows a row of docs/faults.md; the function gets a folder, and returns a figure or nothing."""

    def declare(function):
        steps.append(Step(row, text, function))
        return function

    return declare


class Counters:
    """What must be zero over a whole run, and what it is of."""

    def __init__(self):
        self.lock = threading.Lock()
        self.verdicts = self.shown = self.restarts = 0
        self.false_ok, self.lost, self.twice = [], [], []

    def broken(self):
        return {"false OK": self.false_ok, "acknowledged verdicts lost": self.lost, "numbers given twice": self.twice}


counters = Counters()


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


def eventually(what, condition, timeout=30.0, pause=0.02):
    """Looks until `condition()` is true, and gives what it gave; it may fail until then. The limit is for slow
    machines: whoever measures takes the time."""
    end = time.monotonic() + timeout
    while True:
        problem = None
        try:
            if result := condition():
                return result
        except (OSError, AssertionError, LookupError, ValueError) as error:
            problem = error
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout} s for {what}" + (f": {problem}" if problem else ""))
        time.sleep(pause)


def seconds_until(what, condition, timeout=30.0):
    begin = time.monotonic()
    eventually(what, condition, timeout)
    return time.monotonic() - begin


def sh(*words, check=True):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL)
    if check and done.returncode:
        raise NotRun(f"{' '.join(map(str, words))}: {done.stdout.strip()}")
    return done.stdout


def build_shims():
    """The libraries that are loaded between the daemon and the C library, into .build/faults."""
    SHIM.parent.mkdir(parents=True, exist_ok=True)
    compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("clang") or "cc"
    for name in ("shim", "trace", "clock"):
        source = pathlib.Path(__file__).with_name(f"{name}.c")
        flags = ["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror"]
        subprocess.run([compiler, *flags, "-o", SHIM.with_name(f"{name}.so"), source, "-ldl"], check=True)


def needs_root():
    if os.geteuid() != 0:
        raise NotRun("needs root")


@contextlib.contextmanager
def memory_file_system(folder, options):
    """A small tmpfs at `folder`: `size=24m`, `nr_inodes=60`."""
    needs_root()
    folder.mkdir(parents=True, exist_ok=True)
    sh("mount", "-t", "tmpfs", "-o", options, "fsac-faults", folder)
    try:
        yield folder
    finally:
        sh("umount", "-l", folder, check=False)


@contextlib.contextmanager
def disk_file_system(folder, megabytes):
    """A small ext4 of a file at `folder`."""
    needs_root()
    folder.mkdir(parents=True, exist_ok=True)
    image = folder.with_suffix(".img")
    sh("truncate", "-s", f"{megabytes}M", image)
    sh("mkfs.ext4", "-q", "-F", image)
    sh("mount", "-o", "loop", image, folder)
    try:
        yield folder
    finally:
        sh("umount", "-l", folder, check=False)


@contextlib.contextmanager
def memory_limit(megabytes):
    """A control group whose processes get no more memory, and whom the kernel kills for it: a function that moves a
    process into it, and one that tells how many were killed."""
    needs_root()
    name = f"fsac-faults-{os.getpid()}-{threading.get_ident()}"
    root = pathlib.Path("/sys/fs/cgroup")
    old = (root / "memory").is_dir()
    group = root / ("memory" if old else "") / name
    try:
        group.mkdir()
        (group / ("memory.limit_in_bytes" if old else "memory.max")).write_text(str(megabytes << 20))
    except OSError as error:
        raise NotRun(f"no control group for memory: {error}") from error
    kills = group / ("memory.oom_control" if old else "memory.events")

    def move(process):
        (group / "cgroup.procs").write_text(str(process))

    def killed():
        return next(
            (int(line.split()[1]) for line in kills.read_text().splitlines() if line.startswith("oom_kill ")), 0
        )

    try:
        yield move, killed
    finally:
        for _ in range(100):
            try:
                group.rmdir()
                break
            except OSError:
                time.sleep(0.05)


class Filler(threading.Thread):
    """Somebody else who takes all the space of a file system, or all its inodes, and what is given free meanwhile."""

    def __init__(self, folder, takes_inodes=False):
        super().__init__(daemon=True)
        self.folder, self.takes_inodes = folder / "of-others", takes_inodes
        self.is_full, self.is_ending = threading.Event(), threading.Event()

    def __enter__(self):
        self.folder.mkdir()
        self.start()
        expect(self.is_full.wait(60), f"{self.folder} has no end")
        return self

    def __exit__(self, *_):
        self.is_ending.set()
        self.join()
        shutil.rmtree(self.folder)

    def run(self):
        number = 0
        with open(self.folder / "bytes", "ab", buffering=0) as file:
            while not self.is_ending.is_set():
                try:
                    if self.takes_inodes:
                        (self.folder / str(number)).touch()
                        number += 1
                    else:
                        file.write(bytes(1 << 16 if not self.is_full.is_set() else 1 << 12))
                except OSError:
                    self.is_full.set()
                    time.sleep(0.01)


def run(item, folder):
    """Makes a step and keeps what came of it."""
    begin = time.monotonic()
    try:
        item.figure = item.function(folder) or ""
        item.outcome = "shown"
    except NotRun as reason:
        item.outcome, item.figure = "NOT RUN", str(reason)
    except Exception as error:
        where = [frame for frame in traceback.extract_tb(error.__traceback__) if "rows" in frame.filename][-1:]
        place = "".join(f"{os.path.basename(frame.filename)}:{frame.lineno}: " for frame in where)
        item.outcome, item.figure = "FAILED", f"{place}{type(error).__name__}: {error}"[:1500]
    item.seconds = time.monotonic() - begin


class Notifications:
    """A notify socket in systemd's place: when a sign of life came."""

    def __init__(self, folder):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.path = str(folder / "notify.sock")
        self.socket.bind(self.path)
        self.socket.settimeout(0.1)
        self.pings, self.is_ending = [], False
        self.thread = threading.Thread(target=self.listen, daemon=True)

    def listen(self):
        while not self.is_ending:
            try:
                if b"WATCHDOG=1" in self.socket.recv(4096):
                    self.pings.append(time.monotonic())
            except TimeoutError:
                pass

    def __enter__(self):
        self.thread.start()
        return self.pings, self.path

    def __exit__(self, *_):
        self.is_ending = True
        self.thread.join()
        self.socket.close()
