"""What the cases share: steps with their times, the daemon, the system's journal, the cameras. Runs in the machine, as root."""

import http.client
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import time
import traceback

PROJECT = pathlib.Path(__file__).resolve().parents[2]
CONFIG = pathlib.Path("/etc/fsac/config.toml")
SOCKET = "/run/fsac/control.sock"
VIVID = "/dev/v4l/by-path/platform-vivid.0-video-index0"
PICTURES = PROJECT / ".cache/textile"

# Emulation computes some 300 times slower than the machine below: the smallest input, and no copies of the shots.
RECIPE = """
[recipe]
name = "part"
backbone = "efficientnet-lite0"
method = "patch-memory"
input_size = 64
rotations = 1
max_brightness = 255
"""

failures = []


def step(text):
    """Runs the function at once, and prints how long it took with what it returned: a figure, or nothing."""

    def run(function):
        start = time.monotonic()
        try:
            result = function()
            verdict = "ok"
        except Exception:
            failures.append(text)
            result, verdict = traceback.format_exc() + daemon_log(), "FAILED"
        figure = f": {result}" if result is not None else ""
        print(f"{verdict:6} {time.monotonic() - start:6.1f} s  {text}{figure}", flush=True)
        return function

    return run


def finish():
    sys.exit(f"{len(failures)} steps failed: {'; '.join(failures)}" if failures else 0)


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


def eventually(what, condition, timeout=30.0, pause=0.1):
    """Looks until `condition()` is true, and gives what it gave; it may fail until then."""
    end = time.monotonic() + timeout
    while True:
        problem = None
        try:
            if result := condition():
                return result
        except (OSError, http.client.HTTPException, AssertionError, LookupError, ValueError, StopIteration) as error:
            problem = error
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout} s for {what}" + (f": {problem}" if problem else ""))
        time.sleep(pause)


def sh(command, user=None, check=True, timeout=300):
    """A shell command's output, both streams; `user`: in a login of theirs."""
    words = ["su", "-", user, "-c", command] if user else ["bash", "-c", command]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL)
    if check and done.returncode != 0:
        raise AssertionError(f"{command}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout if check else (done.returncode, done.stdout)


def install(package=".build/deb/fsac-vm.deb"):
    """Installs the package without starting it, and makes it quick enough for emulation."""
    # An index of all manuals takes minutes here.
    sh("rm -f /var/lib/man-db/auto-update")
    sh(f"systemctl mask fsacd; dpkg -i {PROJECT / package}; systemctl unmask fsacd")
    dropin("vm", "[Service]\n"
           # The emulated processor's name would choose slow kernels.
           "Environment=OPENBLAS_CORETYPE=Haswell\n")


def dropin(name, text):
    folder = pathlib.Path("/etc/systemd/system/fsacd.service.d")
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.conf"
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    sh("systemctl daemon-reload")


# The daemon


def configure(camera, recipe=RECIPE, top=""):
    CONFIG.write_text(f"{top}\n{camera}\n{recipe}")


def camera(name="cam", device=VIVID, more=""):
    size = "" if "width" in more else "width = 320\nheight = 180\n"
    return f'[camera]\nname = "{name}"\nsource = "v4l2"\ndevice = "{device}"\nwarmup_frames = 1\n{size}{more}\n'


class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(SOCKET)


def api(method, path, body=None, timeout=30):
    """Status and decoded answer of the control API."""
    connection = Unix("fsac", timeout=timeout)
    try:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def status():
    return api("GET", "/v1/status")[1]


def state():
    return status()["state"]


def start():
    sh("systemctl restart fsacd")


def stop():
    sh("systemctl stop fsacd")


def teach(shots=1):
    """Shots from the camera, and waits for the model."""
    sh(f"fsacctl add-normal --from-camera {shots}")
    eventually("a model", lambda: state() == "inspecting", timeout=60)


def daemon_log(lines=30):
    return sh(f"journalctl -u fsacd -o short-monotonic --no-pager -n {lines}", check=False)[1]


def verdict_files():
    return sorted(pathlib.Path("/var/lib/fsac/journal").glob("[0-9]*.jsonl"))


def verdicts():
    """The lines of the verdict journal, without headers."""
    lines = [json.loads(line) for file in verdict_files() for line in file.read_text().splitlines()]
    return [line for line in lines if "verdict" in line]


class Journal:
    """The system's journal from now on, entry by entry."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["journalctl", "-f", "-n", "0", "-o", "json", "-t", "fsacd"], stdout=subprocess.PIPE)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.rest = b""
        self.entries = []
        time.sleep(1)

    def wait(self, what, matches, timeout=30):
        """The next entry that matches, and forgets those before it."""

        def look():
            self.rest += self.process.stdout.read() or b""
            *lines, self.rest = self.rest.split(b"\n")
            self.entries += [json.loads(line) for line in lines]
            while self.entries:
                entry = self.entries.pop(0)
                if matches(entry):
                    return entry
            return None

        return eventually(what, look, timeout, pause=0.02)

    def close(self):
        self.process.kill()
        self.process.wait()


def moment(entry):
    """When the journal's entry was made, in seconds of the guest's wall clock."""
    return int(entry.get("_SOURCE_REALTIME_TIMESTAMP", entry["__REALTIME_TIMESTAMP"])) / 1e6


def is_judged(entry):
    return entry.get("FSAC_VERDICT") in ("OK", "NG")


def is_lost(entry):
    return entry["MESSAGE"].startswith("camera lost")


def judged_again(journal, timeout=30):
    """The first part judged of the stream that comes next: what waited in the queue of the one before does not count."""
    journal.wait("a new stream", lambda e: e["MESSAGE"].startswith("camera delivers"), timeout)
    return moment(journal.wait("a judged part", is_judged, timeout))


def spread(seconds):
    seconds = sorted(seconds)
    return f"median {seconds[len(seconds) // 2]:.2f} s, largest {seconds[-1]:.2f} s of {len(seconds)}"


# Cameras


def load_vivid(options="n_devs=1 node_types=0x1 num_inputs=1 input_types=0"):
    sh(f"modprobe vivid {options} && udevadm settle")


def unload_vivid():
    sh("modprobe -r vivid && udevadm settle")


def control(name, value, device="/dev/video0"):
    sh(f"v4l2-ctl -d {device} -c {name}={value}")


def control_number(name, device="/dev/video0"):
    text = sh(f"v4l2-ctl -d {device} -l")
    return int(re.search(rf"\b{name} (0x[0-9a-f]+)", text)[1], 16)


def unbind():
    """Pulls the plug: the node goes."""
    pathlib.Path("/sys/bus/platform/drivers/vivid/unbind").write_text("vivid.0")


def bind():
    pathlib.Path("/sys/bus/platform/drivers/vivid/bind").write_text("vivid.0")
    sh("udevadm settle")
