#!/usr/bin/env python3
"""Measures the memory of fits: plants shots, starts the daemon, waits for its fit and reads the most memory that it ever had
(VmHWM of /proc), and what it has afterwards. Standard library only; no network.

    make build weights pictures
    Tools/fit_memory.py 8 40 100 500 [--pictures DIR] [--method auto] [--limit 2048] [--set 'fit_memory_bytes = 268435456']

DIR is a folder of good parts, JPEG or PNG (default: the demo's textiles, 250 x 250 pixels). --limit (MiB) puts
the daemon into a control group of its own with that limit, as the unit's MemoryMax= does (version 1, needs root).
"""
import argparse
import hashlib
import http.client
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
GROUP = pathlib.Path("/sys/fs/cgroup/memory/fsac-fit-memory")


def shots(options: argparse.Namespace, count: int, work: pathlib.Path) -> list[pathlib.Path]:
    """The first `count` pictures of the folder, by name; where there are fewer, also copies of them with a faint change each."""
    pictures = sorted(path for path in options.pictures.iterdir() if path.suffix in (".png", ".jpg"))
    missing = count - len(pictures)
    if missing > 0:
        made = work / "made"
        subprocess.run([ROOT / ".build/release/fsacctl", "synthesize", options.pictures, "--output", made, "--strength", "0",
                        "--count", str(missing)], check=True, stdout=subprocess.DEVNULL)
        pictures += [path for path in sorted(made.glob("[0-9]*.png")) if not path.stem.endswith("_mask")]
    return pictures[:count]


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


def memory(daemon: subprocess.Popen, name: str) -> int:
    """A line of /proc/PID/status, in MiB."""
    status = pathlib.Path(f"/proc/{daemon.pid}/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0]) // 1024


def measure(count: int, options: argparse.Namespace) -> str:
    work = pathlib.Path(tempfile.mkdtemp(prefix="fsac-"))
    normals = work / "state/recipes/default/normals"
    normals.mkdir(parents=True)
    (work / "frames").mkdir()
    for picture in shots(options, count, work):
        name = hashlib.sha256(picture.read_bytes()).hexdigest()
        shutil.copy(picture, normals / f"{name}{picture.suffix}")
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
                peak = memory(daemon, "VmHWM")
                reply = get(f"{work}/s", "/v1/refit")
                # Before the first forward pass: what the daemon has anyway.
                if reply["state"] == "fitting" and not reply.get("progress"): before = peak
            except (OSError, IndexError, http.client.HTTPException):
                continue
        end = reply.get("message") or f"generation {reply.get('generation')}"
        if daemon.poll() is not None: end = f"the daemon ended with {daemon.returncode}"
        seconds = time.monotonic() - start
        more = ""
        if reply.get("generation"):
            time.sleep(2)
            more = (f", limit {get(f'{work}/s', '/v1/limit')['value']:.3f}, {memory(daemon, 'VmRSS')} MiB afterwards")
        return f"{peak} MiB ({before} MiB before the fit), {seconds:.0f} s: {end}{more}"
    finally:
        daemon.kill()
        daemon.wait()
        shutil.rmtree(work)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("counts", type=int, nargs="+")
    parser.add_argument("--pictures", type=pathlib.Path, default=ROOT / ".cache/textile/nominal")
    parser.add_argument("--method", default="auto")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--set", default="", help="a line for the top of the configuration")
    options = parser.parse_args()
    for count in options.counts:
        print(f"{options.method}, {count} shots: {measure(count, options)}", flush=True)


if __name__ == "__main__":
    main()
