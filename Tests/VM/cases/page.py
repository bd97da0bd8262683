"""The operator's page from the package: docs/page.md word by word, with the kiosk. What an operator does there is for the page's own tests:
emulated, a browser does not come to draw it."""

import pathlib
import re
import shutil
import sys
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from guest import *  # noqa: E402,F403

DOCUMENT = (PROJECT / "docs/page.md").read_text()
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


install()
FRAMES.mkdir(parents=True, exist_ok=True)


@step("the page is at the address that the document names, and shows itself to no other name")
def _():
    block = re.search(r"(    \[page\]\n(?:    .*\n)+)", section("Act at the line"))[1]
    # A daemon of the package is given its socket.
    block = re.sub(r".*actions_listen.*\n", "", re.sub(r"^    ", "", block, flags=re.MULTILINE))
    configure(f'[camera]\nname = "cam"\npath = "{FRAMES}"\nsettle_ms = 50\n', top=block)
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
    shots = " ".join(str(PICTURES / f"nominal/{name}") for name in sorted(path.name for path in (PICTURES / "nominal").iterdir())[:2])
    sh(f"fsacctl add-normal {shots}")
    eventually("a model", lambda: state() == "inspecting", 120)
    part("nominal/" + sorted(path.name for path in (PICTURES / "nominal").iterdir())[20])


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
