#!/usr/bin/env python3
"""Measures the memory of fits: plants shots, starts the daemon, waits for its fit and reads the most memory that it ever had
(VmHWM of /proc). Standard library and ImageMagick's `convert`; no network.

    make build weights
    Tools/fit_memory.py PICTURES 8 40 100 500 [--method auto] [--limit 2048] [--set 'fit_memory_bytes = 268435456']

PICTURES is a folder of good parts; shots are copies of them, each moved and lighter or darker by a little. --limit (MiB) puts
the daemon into a control group of its own with that limit, as the unit's MemoryMax= does (version 1, needs root).
"""
import argparse
import hashlib
import http.client
import json
import pathlib
import random
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
GROUP = pathlib.Path("/sys/fs/cgroup/memory/fsac-fit-memory")


def pixels(path: pathlib.Path) -> tuple[int, int, bytes]:
    """Height, width and RGB."""
    ppm = subprocess.run(["convert", path, "ppm:-"], check=True, stdout=subprocess.PIPE).stdout
    header = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", ppm)
    return int(header[2]), int(header[1]), ppm[header.end():]


def png(height: int, width: int, rows: list[bytes]) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows), 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def shots(pictures: list[pathlib.Path], count: int, folder: pathlib.Path) -> list[pathlib.Path]:
    """The first `count` of a fixed sequence of copies, half as large, each moved and lighter or darker by a little."""
    chance = random.Random(1)
    made, decoded = [], {}
    for number in range(count):
        source, target = pictures[number % len(pictures)], folder / f"{number}.png"
        top, left, light = chance.randrange(16), chance.randrange(16), chance.uniform(0.96, 1.04)
        noise = [chance.randrange(-2, 3) for _ in range(64)]
        made.append(target)
        if target.exists(): continue
        if source not in decoded: decoded[source] = pixels(source)
        height, width, values = decoded[source]
        height, width_out = (height - 16) // 2, (width - 16) // 2
        rows = []
        for row in range(height):
            start = ((top + 2 * row) * width + left) * 3
            line = values[start:start + 6 * width_out]
            out = bytearray(3 * width_out)
            for channel in range(3): out[channel::3] = line[channel::6]
            level = light + noise[row % 64] / 256
            rows.append(bytes(out).translate(bytes(min(255, int(value * level)) for value in range(256))))
        target.write_bytes(png(height, width_out, rows))
    return made


class Connection(http.client.HTTPConnection):
    def __init__(self, path: str):
        super().__init__("fsac", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


def get(path: str, target: str) -> dict:
    connection = Connection(path)
    connection.request("GET", target)
    return json.loads(connection.getresponse().read())


def measure(pictures: list[pathlib.Path], options: argparse.Namespace) -> str:
    work = pathlib.Path(tempfile.mkdtemp(prefix="fsac-"))
    normals = work / "state/recipes/default/normals"
    normals.mkdir(parents=True)
    (work / "frames").mkdir()
    for picture in pictures:
        name = hashlib.sha256(picture.read_bytes()).hexdigest()
        shutil.copy(picture, normals / f"{name}.png")
    (work / "c.toml").write_text(
        f'state_directory = "{work}/state"\nmodels_directory = "{ROOT}/models"\n{options.set}\n'
        f'[control]\nsocket = "{work}/s"\n[camera]\npath = "{work}/frames"\n[recipe]\nmethod = "{options.method}"\n')
    command = [ROOT / ".build/release/fsacd", "--config", work / "c.toml"]
    if options.limit:
        GROUP.mkdir(exist_ok=True)
        (GROUP / "memory.limit_in_bytes").write_text(str(options.limit << 20))
        command = ["sh", "-c", f'echo $$ > {GROUP}/cgroup.procs; exec "$0" "$@"', *command]
    start = time.monotonic()
    daemon = subprocess.Popen(command, stderr=(work / "log").open("w"))
    try:
        reply, peak, before = {"state": "fitting"}, 0, 0
        while daemon.poll() is None and reply["state"] == "fitting":
            time.sleep(0.5)
            try:
                status = pathlib.Path(f"/proc/{daemon.pid}/status").read_text()
                peak = int(status.split("VmHWM:")[1].split()[0]) // 1024
                reply = get(f"{work}/s", "/v1/refit")
                # Before the first forward pass: what the daemon has anyway.
                if not reply.get("progress"): before = peak
            except (OSError, IndexError, http.client.HTTPException):
                continue
        end = reply.get("message") or f"generation {reply.get('generation')}"
        if daemon.poll() is not None: end = f"the daemon ended with {daemon.returncode}"
        limit = ""
        if reply.get("generation"):
            limit = f", limit {get(f'{work}/s', '/v1/limit')['value']:.3f}"
        return f"{peak} MiB ({before} MiB before the fit), {time.monotonic() - start:.0f} s: {end}{limit}"
    finally:
        daemon.kill()
        daemon.wait()
        shutil.rmtree(work)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pictures", type=pathlib.Path)
    parser.add_argument("counts", type=int, nargs="+")
    parser.add_argument("--method", default="auto")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--set", default="", help="a line for the top of the configuration")
    options = parser.parse_args()
    cache = ROOT / ".cache/fit-memory" / options.pictures.resolve().as_posix().strip("/").replace("/", "-")
    cache.mkdir(parents=True, exist_ok=True)
    pictures = sorted(path for path in options.pictures.iterdir() if path.suffix in (".png", ".jpg"))
    for count in options.counts:
        print(f"{options.method}, {count} shots: {measure(shots(pictures, count, cache), options)}", flush=True)


if __name__ == "__main__":
    main()
