"""The operator's page from the package: docs/page.md word by word, with the kiosk. Emulated, a browser does not come to draw it: whoever stands at
the screen, or at another computer, has a browser of the machine below (Tests/Page/round.py, run.sh)."""

import itertools
import pathlib
import re
import shutil
import socket
import sys
import threading
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from guest import *  # noqa: E402,F403

DOCUMENT = (PROJECT / "docs/page.md").read_text()
# Of the line PC in the hall, as the document has it.
ADDRESS = "192.168.10.7"
PAGE, ACTIONS = "http://127.0.0.1:8744", "http://127.0.0.1:8745"
FRAMES = pathlib.Path("/srv/fsac/frames")
UNIT = pathlib.Path("/etc/systemd/system/fsac-kiosk.service")
# Emulation is that slow with a browser.
PATIENCE = 400


def section(heading):
    return DOCUMENT.split(f"## {heading}\n")[1].split("\n## ")[0]


def answer(address, **headers):
    try:
        reply = urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=60)
        return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def block(text, table):
    """The lines of a text that are indented as an example, from a table's name on."""
    found = re.search(rf"^( +)\[{table}\]\n(?:\1.*\n)+", text, re.MULTILINE)
    expect(found, f"no [{table}]")
    return re.sub(rf"^{found[1]}", "", found[0], flags=re.MULTILINE)


class Door:
    """Leads whoever comes to a port of the hall's address to this machine's loopback interface, as if they stood at its screen: fsacd sees a client
    of this machine, and the address that its browser has."""

    def __init__(self, port, inner):
        self.inner, self.inside, self.lastly = inner, 0, time.monotonic()
        self.lock = threading.Lock()
        self.server = socket.create_server((ADDRESS, port))
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            outer, _ = self.server.accept()
            inner = socket.create_connection(("127.0.0.1", self.inner))
            with self.lock:
                self.inside += 1
            ways = [threading.Thread(target=self.lead, args=pair, daemon=True) for pair in [(outer, inner), (inner, outer)]]
            for way in ways:
                way.start()
            threading.Thread(target=self.close, args=(ways, outer, inner), daemon=True).start()

    def lead(self, source, target):
        try:
            while data := source.recv(1 << 16):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self, ways, *ends):
        for way in ways:
            way.join()
        for end in ends:
            end.close()
        with self.lock:
            self.inside -= 1
            self.lastly = time.monotonic()

    def is_left(self, seconds):
        """Whether nobody has been there for so long."""
        with self.lock:
            return self.inside == 0 and time.monotonic() - self.lastly > seconds


def part(name):
    """The journal's line of a picture that somebody puts into the folder."""
    seen = len(verdicts())
    shutil.copy(PICTURES / name, FRAMES / "next.tmp")
    (FRAMES / "next.tmp").rename(FRAMES / f"{seen}.jpg")
    return eventually("its verdict", lambda: verdicts()[seen], 60)


def sudo(text):
    """The commands of a text that begin so, each as it stands there."""
    commands = [command.strip() for command in re.findall(r"(?:^    |`)(sudo [^`\n]+)", text, re.MULTILINE)]
    expect(commands, "no command")
    return commands


def run(command):
    print(f"       $ {command}", flush=True)
    sh(command.removeprefix("sudo "))


CAMERA = f'[camera]\nname = "cam"\npath = "{FRAMES}"\nsettle_ms = 50\n'
NOMINAL, LOCAL = ([f"{kind}/{path.name}" for path in sorted((PICTURES / kind).iterdir())] for kind in ["nominal", "local"])

install()
FRAMES.mkdir(parents=True, exist_ok=True)


@step("the page is at the address that the document names, and shows itself to no other name")
def _():
    # A daemon of the package is given its socket.
    settings = re.sub(r".*actions_listen.*\n", "", block(section("Act at the line"), "page"))
    configure(CAMERA, top=settings)
    start()
    eventually("the page", lambda: answer(PAGE)[0] == 200, 60)
    expect(f"{PAGE}/" in section("Open it"), "another address")
    expect(answer(PAGE, Host="press-4.plant.example")[0] == 421, "answers by any name")
    expect(answer(f"{PAGE}/v1/judgements", Host="127.0.0.1:8744")[0] == 200, "what was said cannot be read")


@step("it acts once the document's command was given")
def _():
    for command in sudo(section("Act at the line")):
        if "systemctl" in command:
            run(command)
    start()
    eventually("the page", lambda: set(json.loads(answer(f"{ACTIONS}/v1/actions")[1])["actions"]) == {"judge", "acknowledge"}, 60)
    sh("fsacctl add-normal " + " ".join(str(PICTURES / name) for name in NOMINAL[:4]))
    eventually("a model", lambda: state() == "inspecting", 120)
    part(NOMINAL[20])


@step("other computers of the hall see it by the document's lines, and by no other name than those")
def _():
    # The hall: what the machine below is plugged into.
    sh("modprobe virtio_net && udevadm settle")
    card = next(path.name for path in pathlib.Path("/sys/class/net").iterdir() if path.name != "lo")
    sh(f"busybox ip addr add {ADDRESS}/24 dev {card} && busybox ip link set {card} up")
    text = section("Open it")
    expect("sudo systemctl edit fsacd-page.socket" in text, "another command")
    # What its editor would write.
    folder = pathlib.Path("/etc/systemd/system/fsacd-page.socket.d")
    folder.mkdir()
    (folder / "override.conf").write_text(block(text, "Socket"))
    sh("systemctl daemon-reload")
    CONFIG.write_text(CONFIG.read_text().replace("[page]\n", block(text, "page"), 1))
    start()
    names = re.findall(r'"([^"]+)"', block(text, "page"))
    eventually("the page in the hall", lambda: answer(f"http://{ADDRESS}:8744", Host=f"{names[0]}:8744")[0] == 200, 60)
    expect(answer(f"http://{ADDRESS}:8744")[0] == 200 and ADDRESS in names, "not by its address")
    expect(answer(f"http://{ADDRESS}:8744", Host="press-5.plant.example")[0] == 421, "answers by any name")
    expect(json.loads(answer(f"http://{ADDRESS}:8744/v1/actions")[1])["actions"] == [], "acts in the hall")


@step("a stranger sees parts come, holds an NG, compares it with the nearest good patch, judges it, and sees the statistics change")
def _():
    eventually("the line", lambda: state() == "inspecting", 60)
    door = Door(9745, 8745)
    events = lambda: map(json.loads, sh("fsacctl events --json --lines 50").splitlines())
    judged = lambda: [event for event in events() if event["event"] == "judgement"]
    end = time.monotonic() + 600
    for name in itertools.chain.from_iterable(itertools.cycle(zip(NOMINAL[20:60], LOCAL[:40]))):
        part(name)
        time.sleep(3)
        if door.is_left(20) and judged():
            break
        expect(time.monotonic() < end, "nobody came, or nobody judged")
    event, = judged()
    verdict = next(line for line in verdicts() if line["seq"] == event["after"]["seq"])
    expect([event["origin"], event.get("name"), event["after"]["judged"], verdict["verdict"]] == ["page", "B-17", "OK", "NG"], event)
    good = api("GET", "/v1/statistics?shift=current", timeout=60)[1]["total"]["rejudged"]["false_rejects"]
    expect([good["count"], good["of"]] == [1, 1], good)
    return f"of {len(verdicts())} parts"


@step("the kiosk's commands and unit start a browser without a screen")
def _():
    text = section("On a screen at the line")
    for command in sudo(text):
        # There is no network here: what it would install is there.
        if "apt-get install" in command:
            for package in command.split("--yes ")[1].split():
                expect(sh(f"dpkg-query -W -f '${{Status}}' {package}").endswith(" installed"), package)
        elif "fsac-kiosk" not in command:
            run(command)
    # As "Act at the line" has it: the address where it acts.
    UNIT.write_text(re.search(r"```ini\n(.*?)```", text, re.DOTALL)[1].replace(PAGE, ACTIONS))
    # No screen and no login manager is in this machine. And whether the browser is there is asked at a door of its own.
    pathlib.Path(f"{UNIT}.d").mkdir()
    pathlib.Path(f"{UNIT}.d/vm.conf").write_text(
        "[Service]\nEnvironment=WLR_BACKENDS=headless WLR_RENDERER=pixman WLR_LIBINPUT_NO_DEVICES=1 XDG_RUNTIME_DIR=/run/fsac-kiosk\n"
        "RuntimeDirectory=fsac-kiosk\nRuntimeDirectoryMode=0700\n")
    pathlib.Path("/etc/chromium.d/vm").write_text(
        'export CHROMIUM_FLAGS="$CHROMIUM_FLAGS --remote-debugging-port=9222 --user-data-dir=/run/fsac-kiosk/profile --disable-gpu"\n')
    run(next(command for command in sudo(text) if "fsac-kiosk" in command and "enable" in command))
    try:
        eventually("the browser", lambda: "webSocketDebuggerUrl" in answer("http://127.0.0.1:9222/json/version", Host="localhost")[1],
                   PATIENCE, 2)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{sh('journalctl -u fsac-kiosk --no-pager -n 40', check=False)[1]}") from error


@step("a browser that ends is started again")
def _():
    sh("pkill -KILL -u kiosk -x cage")
    eventually("another one", lambda: sh("systemctl show -p NRestarts --value fsac-kiosk").strip() != "0", 60, 1)


finish()
