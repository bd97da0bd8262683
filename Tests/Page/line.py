"""A line for the page: the real daemon on real pictures, one part for each picture that is put into its folder."""
import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from loopback import BIN, MODELS, PICTURES, ROOT, await_, free_port

CONFIGURATION = """
state_directory = "{folder}/state"
models_directory = "{models}"
[station]
name = "press-4"
[control]
socket = "{folder}/control.sock"
[page]
listen = "127.0.0.1:{port}"
actions = {allowed}
actions_listen = "127.0.0.1:{actions}"
{page}
{cameras}
[images]
save_images = "all"
save_heatmaps = "all"
{images}
[recipe]
name = "textile"
backbone = "efficientnet-lite0"
method = "patchcore"
"""
CAMERA = """
[[camera]]
name = "{name}"
path = "{folder}/parts/{name}"
settle_ms = 50
"""


def replayed(rate, trigger="continuous"):
    """A camera that shows the pictures of its folder over and over, so many a second."""
    return f"""
[[camera]]
name = "{{name}}"
path = "{{folder}}/parts/{{name}}"
mode = "replay"
rate_hz = {rate}
trigger = "{trigger}"
"""


class Line:
    def __init__(self, cameras=("camera1",), further="", page="", images="", camera=CAMERA, allowed=("judge", "acknowledge")):
        """further: of the configuration, keys of the recipe and tables that only some tests want; page, images: keys of those tables; allowed: what
        the page may do."""
        self.cameras = cameras
        # Short: a Unix socket's path has at most 107 bytes.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fsac-page."))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.actions = free_port()
        self.actions_url = f"http://127.0.0.1:{self.actions}/"
        self.names = itertools.count(1)
        self.daemon = None
        for name in cameras:
            (self.folder / "parts" / name).mkdir(parents=True)
        tables = "".join(camera.format(name=name, folder=self.folder) for name in cameras)
        (self.folder / "config.toml").write_text(
            CONFIGURATION.format(folder=self.folder, models=MODELS, port=self.port, actions=self.actions, allowed=json.dumps(allowed),
                                 cameras=tables, page=page, images=images) + further)
        lots = sorted((PICTURES / "nominal").glob("*.jpg")), sorted((PICTURES / "local").glob("*.jpg"))
        self.good, self.bad = itertools.cycle(lots[0][10:60]), itertools.cycle(lots[1][:50])
        self.normals = lots[0][:4]

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.daemon = subprocess.Popen([BIN / "fsacd", "--config", self.folder / "config.toml"], stderr=log)
        await_("the daemon", lambda: self.answers())

    def answers(self):
        if self.daemon.poll() is not None:
            raise AssertionError("fsacd ended: " + (self.folder / "log").read_text()[-2000:])
        return self.control("status", "--json").returncode == 0

    def control(self, *words):
        return subprocess.run(
            [BIN / "fsacctl", *words, "--socket", self.folder / "control.sock"], capture_output=True, text=True)

    def status(self):
        return json.loads(self.control("status", "--json").stdout)

    def fit(self):
        answer = self.control("add-normal", *self.normals)
        assert answer.returncode == 0, answer.stderr

    def part(self, picture, name=None, camera=None):
        """Puts a picture in front of a camera. Returns the name of its file."""
        name = name or f"part-{next(self.names):04}.jpg"
        folder = self.folder / "parts" / (camera or self.cameras[0])
        shutil.copy(picture, self.folder / "next")
        os.rename(self.folder / "next", folder / name)
        return name

    def verdict(self, picture, **how):
        """The journal's line of a part that is put in front of a camera."""
        name = self.part(picture, **how)
        return await_(f"the verdict of {name}", lambda: next((v for v in self.history() if v["frame"] == name), None))

    def history(self):
        lines = self.control("history", "--json", "--limit", "50").stdout.splitlines()
        return [verdict for verdict in map(json.loads, lines) if "seq" in verdict]

    def events(self):
        return [json.loads(line) for line in self.control("events", "--json", "--lines", "20").stdout.splitlines()]

    def changes(self):
        """The newest events of what was done from the page: the daemon tells of faults and fits among them."""
        return [event for event in self.events() if event["origin"] == "page"]

    def until(self, wanted, pictures):
        """Parts until one gets the verdict that is wanted; that one."""
        for picture in itertools.islice(pictures, 40):
            if (verdict := self.verdict(picture))["verdict"] == wanted:
                return verdict
        raise AssertionError(f"none of 40 parts is {wanted}")

    def dark(self):
        """A picture that is not judged."""
        from PIL import Image
        path = self.folder / "dark.jpg"
        Image.new("RGB", (250, 250)).save(path)
        return path

    def signal(self, number):
        self.daemon.send_signal(number)
        if number == signal.SIGKILL:
            self.daemon.wait()

    def end(self):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.send_signal(signal.SIGCONT)
            self.daemon.terminate()
            self.daemon.wait(20)
        shutil.rmtree(self.folder)
