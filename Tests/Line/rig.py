"""The real daemon on real pictures, the real gateway beside it, and a way to lose what travels between the gateway and a PLC."""
import json
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from loopback import BIN, MODELS, PICTURES, ROOT, await_, free_port

DAEMON = """
state_directory = "{folder}/state"
models_directory = "{models}"
[control]
socket = "{folder}/control.sock"
[camera]
name = "camera1"
path = "{folder}/frames"
mode = "replay"
rate_hz = {rate}
trigger = "{trigger}"
{more}
[journal]
sync_deadline_ms = 60000
[images]
save_images = "none"
save_heatmaps = "none"
[recipe]
name = "textile"
backbone = "efficientnet-lite0"
method = "patch-memory"
input_size = 64
rotations = 1
frozen_frames = 0
"""
GATEWAY = """
control_socket = "{folder}/control.sock"
state_directory = "{folder}/gateway"
station = "press-4"
"""
MODBUS = """
[modbus]
listen = "127.0.0.1:{port}"
allow = ["127.0.0.0/8"]
control = ["127.0.0.1"]
word_order = "{order}"
results = "{results}"
plc_timeout_ms = 1000
[modbus.recipes]
textile = 7
"""


class Rig:
    def __init__(self, trigger="software", rate=100, order="high_first", results="latest", tables=None, lines=""):
        """tables: of the gateway's configuration in place of [modbus]; {folder} is the rig's. lines: the daemon's [[line_io]]."""
        # Short: a Unix socket's path has at most 107 bytes.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fsac-line."))
        self.port = free_port()
        self.programs = {}
        (self.folder / "frames").mkdir()
        pictures = sorted((PICTURES / "nominal").glob("*.jpg"))
        bad = sorted((PICTURES / "global").glob("*.jpg")) or sorted((PICTURES / "local").glob("*.jpg"))
        for index, picture in enumerate(pictures[4:10] + bad[:3]):
            shutil.copy(picture, self.folder / "frames" / f"{index}.jpg")
        self.shots = pictures[:4]
        more = "trigger_deadline_ms = 20000" if trigger in ("software", "line") else ""
        (self.folder / "config.toml").write_text(
            DAEMON.format(folder=self.folder, models=MODELS, trigger=trigger, rate=rate, more=more) + lines)
        self.has_modbus = tables is None
        (self.folder / "gateway.toml").write_text((GATEWAY + (tables or MODBUS)).format(
            folder=self.folder, port=self.port, order=order, results=results))

    def start(self, *names):
        for name in names or ("fsacd", "fsac-gateway"):
            settings = {"fsacd": "config.toml", "fsac-gateway": "gateway.toml"}[name]
            with open(self.folder / f"{name}.log", "ab") as log:
                self.programs[name] = subprocess.Popen([BIN / name, "--config", self.folder / settings], stderr=log)
            if name == "fsacd":
                await_("fsacd", lambda: self.control("status").returncode == 0)
            elif self.has_modbus:
                await_("the gateway's port", self.is_open)
            elif "[[sink]]" in (self.folder / "gateway.toml").read_text():
                await_("the gateway's word on its sinks", lambda: self.sinks() is not None)
        return self

    def fit(self):
        answer = self.control("add-normal", *self.shots)
        assert answer.returncode == 0, answer.stderr
        return self

    def is_open(self):
        assert self.programs["fsac-gateway"].poll() is None, self.log("fsac-gateway")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def sinks(self):
        """How the sinks of a gateway that runs do, by name; None before it said so."""
        assert self.programs["fsac-gateway"].poll() is None, self.log("fsac-gateway")
        try:
            return {sink["name"]: sink for sink in json.loads((self.folder / "gateway/sinks.json").read_text())["sinks"]}
        except FileNotFoundError:
            return None

    def log(self, name):
        return (self.folder / f"{name}.log").read_text()[-3000:]

    def control(self, *words):
        return subprocess.run(
            [BIN / "fsacctl", *words, "--socket", self.folder / "control.sock"], capture_output=True, text=True)

    def journal(self):
        """All verdicts, in their order, from the files."""
        lines = []
        for segment in sorted((self.folder / "state/journal").glob("[0-9]*.jsonl"), key=lambda path: int(path.stem)):
            for line in segment.read_text().splitlines():
                if line.startswith('{"seq"'):
                    lines.append(json.loads(line))
        return lines

    def line_count(self):
        """Of verdicts, without reading them."""
        return sum(path.read_bytes().count(b'{"seq":') for path in (self.folder / "state/journal").glob("[0-9]*.jsonl"))

    def last_sequence(self):
        """Of the line that was written last; 0 = none."""
        segments = sorted((self.folder / "state/journal").glob("[0-9]*.jsonl"), key=lambda path: int(path.stem))
        for segment in reversed(segments):
            with open(segment, "rb") as file:
                file.seek(max(0, len(file.read().rstrip(b"\0")) - 100_000))
                if found := re.findall(rb'^{"seq":(\d+),.*}$', file.read(), re.M):
                    return int(found[-1])
        return 0

    def journal_id(self):
        return json.loads((self.folder / "state/journal.id").read_text().splitlines()[0])["journal"]

    def send(self, name, number):
        self.programs[name].send_signal(number)
        if number == signal.SIGKILL:
            self.programs[name].wait()

    def stop(self, name):
        self.programs[name].terminate()
        assert self.programs[name].wait(20) == 0, self.log(name)

    def end(self):
        for program in self.programs.values():
            if program.poll() is None:
                program.send_signal(signal.SIGCONT)
                program.terminate()
        for program in self.programs.values():
            try:
                program.wait(20)
            except subprocess.TimeoutExpired:
                program.kill()
        shutil.rmtree(self.folder)


class LossyWay:
    """Between a PLC and the gateway: of each connection's replies some never arrive, and the connection breaks in their place."""

    def __init__(self, port, share, seed=1):
        self.port, self.share, self.random, self.cut = port, share, random.Random(seed), 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.own_port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                plc, _ = self.listener.accept()
                gateway = socket.create_connection(("127.0.0.1", self.port))
            except OSError:
                return
            threading.Thread(target=self.carry, args=(plc, gateway), daemon=True).start()
            threading.Thread(target=self.answer, args=(gateway, plc), daemon=True).start()

    def carry(self, plc, gateway):
        try:
            while piece := plc.recv(4096):
                gateway.sendall(piece)
        except OSError:
            pass
        self.close(plc, gateway)

    def answer(self, gateway, plc):
        try:
            while piece := gateway.recv(4096):
                if self.random.random() < self.share:
                    self.cut += 1
                    break
                plc.sendall(piece)
        except OSError:
            pass
        self.close(plc, gateway)

    @staticmethod
    def close(*sockets):
        for one in sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
