"""A watched folder: every file exactly once, whoever writes it (rows F1 to F3). FOLDER_FILES=10000 writes so many."""

import collections
import ctypes
import ftplib
import io
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import pictures
from lines import Line
from rig import NotRun, eventually, expect, step

FILES = int(os.environ.get("FOLDER_FILES") or 1500)
RESTARTS, KILLS = 20, 5

BASE = [pictures.good(seed) for seed in range(41, 45)]


def picture(number):
    """One of its own bytes."""
    data = BASE[number % len(BASE)]
    return data[:33] + pictures.chunk(b"tEXt", b"number\0%d" % number) + data[33:]


def run(*words):
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


class Ftp:
    """A server of this computer and a client of it."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        # Debian's python3-pyftpdlib belongs to Debian's Python.
        words = ["/usr/bin/python3", "-m", "pyftpdlib", "-i", "127.0.0.1", "-p", str(port), "-w", "-d", folder]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.client = ftplib.FTP()
        eventually("the FTP server", lambda: self.client.connect("127.0.0.1", port, timeout=10))
        self.client.login()

    def __call__(self, source, target):
        self.client.storbinary(f"STOR {target.name}", io.BytesIO(source.read_bytes()))

    def close(self):
        self.process.kill()
        self.process.wait()


# As a client of a share: made empty, then in pieces with pauses.
SLOWLY = """
import os, pathlib, sys, time
data, target = pathlib.Path(sys.argv[1]).read_bytes(), pathlib.Path(sys.argv[2])
target.touch()
with open(target, "wb") as file:
    for piece in range(0, len(data), len(data) // 3 + 1):
        file.write(data[piece : piece + len(data) // 3 + 1])
        file.flush()
        time.sleep(0.02)
os.utime(target, (1, 1))
"""


def slowly(source, target):
    # In a process of its own: children that the other writers start here would keep the first of its two openings for
    # some moments, and close it, as a second writer, in the middle of the second.
    run(sys.executable, "-c", SLOWLY, source, target)


def copied_with_times(source, target):
    shutil.copy2(source, target)


def renamed(source, target):
    temporary = target.with_name(f".{target.name}.tmp")
    shutil.copyfile(source, temporary)
    temporary.rename(target)


@step(
    "F1",
    "files at the highest rate by cp, rsync, install, mv from the same and from another file system, Python's copies, an"
    f" FTP server, a slow writer, with {RESTARTS} restarts and {KILLS} kills: one line each",
)
def _(folder):
    for program in ("rsync", "install"):
        if not shutil.which(program):
            raise NotRun(f"there is no {program}")
    beside = pathlib.Path(tempfile.mkdtemp(prefix="fsac-folder-", dir="/dev/shm"))
    with Line(folder / "line", frames={}, mode="watch").prepare() as line:
        near = folder / "near"
        near.mkdir()
        ftp = Ftp(line.frames)
        try:
            writers = {
                "cp": lambda a, b: run("cp", a, b),
                "cp-p": lambda a, b: run("cp", "-p", a, b),
                "rsync": lambda a, b: run("rsync", "-t", a, b),
                "install": lambda a, b: run("install", "-m", "644", a, b),
                "mv": lambda a, b: run("mv", a, b),
                "mv-from-afar": lambda a, b: run("mv", a, b),
                "copy": lambda a, b: shutil.copy(a, b),
                "copy2": copied_with_times,
                "rename": renamed,
                "ftp": ftp,
                "slow": slowly,
            }
            each = -(-FILES // len(writers))
            names = collections.Counter()

            def write(kind, first):
                place = beside if kind == "mv-from-afar" else near
                for number in range(first, first + each):
                    source = place / f"{kind}-{number}-good.png"
                    source.write_bytes(picture(number))
                    writers[kind](source, line.frames / source.name)
                    names[source.name] += 1

            threads = [
                threading.Thread(target=write, args=(kind, index * each)) for index, kind in enumerate(writers)
            ]
            line.start()
            begin = time.monotonic()
            for thread in threads:
                thread.start()
            for number in range(RESTARTS + KILLS):
                # Over most of the writing.
                time.sleep(FILES / 5000)
                if number % 5 == 2:
                    line.end()
                else:
                    # 70: on a busy computer, where the end was waited for no longer.
                    code = line.stop()[0]
                    expect(code in (0, 70), f"exit code {code}: {line.log()[-600:]}")
                line.start()
            for thread in threads:
                thread.join()
            written = time.monotonic() - begin

            def lines():
                found = collections.Counter(
                    records[-1]["frame"] for records in line.journal().values() if records[-1].get("frame")
                )
                return found

            total = each * len(writers)
            expect(len(names) == total, f"{total - len(names)} files were not written: a writer failed")
            eventually("all verdicts", lambda: len(lines()) >= total, 600, 0.5)
            # What would be judged twice would be now: more than two looks at the folder.
            time.sleep(2.5)
            line.stop()
            found = lines()
            twice = [name for name, count in found.items() if count > 1]
            missing = [name for name in names if name not in found]
            records = [records[-1] for records in line.journal().values() if records[-1].get("frame")]
            shown = [record for record in records if record["frame"] in twice[:3]]
            expect(not twice and not missing, f"{len(twice)} twice {shown}, {len(missing)} missing {missing[:4]}")
            bad = [record for record in records if record["verdict"] == "INVALID"]
            expect(not bad, f"{len(bad)} INVALID: {bad[:1]}")
            return f"{total} files within {written:.0f} s, {len(records)} lines, 0 twice, 0 missing"
        finally:
            ftp.close()
            shutil.rmtree(beside, ignore_errors=True)


def mount_silence(path):
    """A share whose server never answers; what ends it."""
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        server = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise NotRun(f"/dev/fuse: {error.strerror}") from error
    options = f"fd={server},rootmode=40000,user_id=0,group_id=0"
    if libc.mount(b"silence", os.fsencode(path), b"fuse", 0, options.encode()) != 0:
        raise NotRun(f"mount: {os.strerror(ctypes.get_errno())}")

    def end():
        os.close(server)
        libc.umount2(os.fsencode(path), 2)

    return end


@step("F3", "a share whose server stops answering: `camera_lost` within 40 s, and the line goes on when it is back")
def _(folder):
    with Line(folder / "line", frames={}, mode="watch").prepare() as line:
        line.start()
        (line.frames / "first-good.png").write_bytes(picture(1))
        eventually("the first verdict", lambda: len(line.journal()) >= 1, 60)
        begin = time.monotonic()
        end = mount_silence(line.frames)
        try:
            eventually("a lost camera", lambda: line.status()["cameras"][0]["state"] == "camera_lost", 40)
            lost = time.monotonic() - begin
        finally:
            end()
        (line.frames / "second-good.png").write_bytes(picture(2))
        eventually("the second verdict", lambda: len(line.journal()) >= 2, 60)
        time.sleep(1.5)
        line.stop()
        frames = sorted(records[-1]["frame"] for records in line.journal().values() if records[-1].get("frame"))
        expect(frames == ["first-good.png", "second-good.png"], f"{frames}")
        return f"lost after {lost:.0f} s"


@step("F2", "300 parts under one name, moved over it, and 300 written over it: one line each, seen or `missed`")
def _(folder):
    figures = []
    for kind in ("moved", "written"):
        with Line(folder / kind, frames={}, mode="watch").prepare() as line:
            line.start()
            target = line.frames / "latest-good.png"
            for number in range(300):
                data = picture(number)
                if kind == "moved":
                    (line.frames / ".part").write_bytes(data)
                    (line.frames / ".part").rename(target)
                else:
                    target.write_bytes(data)
                time.sleep(0.002)

            def records():
                return [records[-1] for records in line.journal().values() if records[-1].get("frame")]

            eventually("300 lines", lambda: len(records()) >= 300, 60)
            time.sleep(1.5)
            line.stop()
            found = records()
            expect(len(found) == 300, f"{kind}: {len(found)} lines")
            missed = [record for record in found if record["verdict"] == "INVALID"]
            expect(all(record["cause"] == "missed" for record in missed), f"{missed[:1]}")
            figures.append(f"{kind}: {300 - len(missed)} judged, {len(missed)} missed")
    return "; ".join(figures)
