"""The package: the README's instructions word by word, who may do what, exposure, upgrade, removal."""

import pathlib
import re
import sys
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from guest import *  # noqa: E402,F403

README = (PROJECT / "README.md").read_text()


def commands(heading):
    """The indented commands of the README's section `heading`, comments cut off."""
    section = README.split(f"## {heading}\n")[1].split("\n## ")[0]
    block = re.findall(r"(?:^    .*\n)+", section, re.MULTILINE)[0]
    return [line.split("   #")[0].strip() for line in block.splitlines()]


load_vivid()
# An index of all manuals takes minutes here.
sh("rm -f /var/lib/man-db/auto-update")
# An engineer who may become root, and whose editor knows which camera is meant, and that the machine is slow.
sh("useradd -m -s /bin/bash engineer && echo 'engineer ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/engineer")
pathlib.Path("/usr/local/bin/set-camera").write_text(
    f"#!/bin/sh\nexec sed -i -e 's|^device = .*|device = \"{VIVID}\"|' "
    "-e '$a backbone = \"efficientnet-lite0\"\\nmethod = \"patch-memory\"\\ninput_size = 64\\nrotations = 1' \"$1\"\n")
pathlib.Path("/etc/sudoers.d/editor").write_text("Defaults editor=/usr/local/bin/set-camera\n")
sh("chmod 755 /usr/local/bin/set-camera; cp .build/deb/fsac_*_amd64.deb ~engineer/ 2>/dev/null; chown engineer: ~engineer/*")
sh("systemctl set-environment OPENBLAS_CORETYPE=Haswell")


@step("the README's commands for a line PC, each as it stands there, by a user with sudo")
def _():
    for command in commands("Install on a line PC"):
        print(f"       $ {command}", flush=True)
        output = sh(f"export EDITOR=/usr/local/bin/set-camera; {command}", user="engineer", timeout=300)
        print("".join(f"         {line}\n" for line in output.splitlines()[-6:]), end="", flush=True)


@step("the line inspects after it")
def _():
    eventually("a judged part", lambda: state() == "inspecting" and any(v["verdict"] != "INVALID" for v in verdicts()), 60)
    expect(sh("systemctl is-active fsacd").strip() == "active", "not active")
    expect(sh("systemctl is-system-running", check=False)[1].strip() == "running", sh("systemctl --failed"))


@step("exposure by systemd-analyze security, at most 1.0")
def _():
    text = sh("systemd-analyze security fsacd --no-pager")
    score = float(re.search(r"Overall exposure level for fsacd.service: ([0-9.]+)", text)[1])
    expect(score <= 1.0, text)
    expect("Failed" not in sh("systemd-analyze verify fsacd.service"), "systemd-analyze verify complains")
    return score


def page(path, **headers):
    """The status of an answer of the operator's page; 0 = nobody listens."""
    try:
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:8744{path}", headers=headers), timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as refusal:
        return refusal.code
    except OSError:
        return 0


@step("the operator's page is there without a network of the daemon's own, to its own names, and goes and comes with the daemon")
def _():
    expect(page("/") == 200 and page("/v1/status") == 200, "no page")
    expect(page("/v1/status", Host="evil.example") == 421, "the page answers to any name")
    expect(page("/v1/reload") == 404, "the page's listener reloads")
    sh("systemctl stop fsacd")
    expect(page("/") == 0, "something listens")
    expect(sh("systemctl is-active fsacd", check=False)[1].strip() == "inactive", "the page started what was stopped")
    sh("systemctl start fsacd")
    eventually("the page", lambda: page("/v1/status") == 200, 60)
    eventually("a line that inspects", lambda: state() == "inspecting", 60)


@step("runs as fsac with the camera's group, its socket open to the group alone")
def _():
    pid = sh("systemctl show -p MainPID --value fsacd").strip()
    expect(sh(f"ps -o user= -p {pid}").strip() == "fsac", "another user")
    expect(sh("stat -c '%U:%G %a' /run/fsac/control.sock").strip() == "fsac:fsac 660", sh("ls -la /run/fsac"))
    expect(sh("stat -c '%U:%G %a' /var/lib/fsac").strip() == "fsac:fsac 750", sh("ls -la /var/lib"))


@step("an operator who is in the group fsac and nothing else adds a shot; one who is not is refused and told why")
def _():
    picture = sorted((PICTURES / "global").glob("*.jpg"))[0]
    for name, groups in [("ines", "-G fsac"), ("otto", "")]:
        sh(f"useradd -m {groups} {name} && install -m644 {picture} /home/{name}/good.jpg")
    code, text = sh("fsacctl add-normal --no-wait good.jpg", user="ines", check=False)
    expect(code == 1 and "--force" in text, f"a picture unlike every shot is added without a question: {code}: {text}")
    text = sh("fsacctl add-normal --no-wait --force good.jpg", user="ines")
    expect("added" in text, text)
    code, text = sh("fsacctl add-normal good.jpg", user="otto", check=False)
    expect(code == 69 and "group" in text, f"{code}: {text}")
    code, text = sh("cat /var/lib/fsac/journal/current.jsonl", user="otto", check=False)
    expect(code != 0, "a stranger reads the journal")
    uid = sh("id -u ines").strip()
    expect(f"uid={uid}" in daemon_log(200), "the daemon's log does not name the operator's uid")


@step("an upgrade keeps shots, models, journal and configuration, and the daemon runs again")
def _():
    before, config = verdicts()[-1], CONFIG.read_text()
    sh(f"dpkg -i {PROJECT}/.build/deb/fsac-vm-next.deb")
    eventually("the new version", lambda: status()["recipes"][0].get("model") and state() == "inspecting", 60)
    expect(CONFIG.read_text() == config, "the configuration changed")
    lines = verdicts()
    expect(before in lines and [v["seq"] for v in lines] == list(range(1, len(lines) + 1)), "verdicts are missing")
    expect("+next" in sh("dpkg-query -W fsac"), "the old version")


@step("removal stops the daemon and keeps the state; purging takes it along")
def _():
    sh("dpkg -r fsac")
    expect(sh("systemctl is-active fsacd", check=False)[1].strip() == "inactive", "still active")
    expect(verdict_files(), "the journal is gone")
    sh("dpkg --purge fsac")
    for path in ["/var/lib/fsac", "/etc/fsac", "/usr/lib/fsac", "/usr/share/fsac", "/lib/systemd/system/fsacd.service",
                 "/lib/systemd/system/fsacd-page.socket"]:
        expect(not pathlib.Path(path).exists(), f"{path} is still there")


finish()
