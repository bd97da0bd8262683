"""The gateway's package and the page's actions: sockets that systemd passes in, and a unit that has the network it was given."""

import http.server
import pathlib
import re
import socket
import struct
import sys
import threading
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from guest import *  # noqa: E402,F403

GATEWAY = pathlib.Path("/etc/fsac/gateway.toml")
SINK = 'station = "press-4"\n[[sink]]\nname = "qms"\nkind = "webhook"\nurl = "http://127.0.0.1:8080/fsac"\nfrom = "start"\n'
MODBUS = '[modbus]\ncameras = ["cam"]\nallow = ["127.0.0.1/32"]\n'
ACTIONS = "http://127.0.0.1:8745"

received = []


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        received.extend(json.loads(line) for line in body.splitlines())
        self.send_response(204)
        self.end_headers()

    def log_message(self, *words):
        pass


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def registers(count):
    """The first ones of unit 1."""
    with socket.create_connection(("127.0.0.1", 502), timeout=10) as plc:
        plc.sendall(struct.pack(">HHHBBHH", 1, 0, 6, 1, 3, 0, count))
        reply = plc.makefile("rb").read(9 + 2 * count)
    return struct.unpack(f">{count}H", reply[9:])


def commands(document, heading):
    """The indented commands of a section, comments cut off."""
    section = (PROJECT / "docs" / document).read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    return [line.split("   #")[0].strip() for line in re.findall(r"^    (.*)", section, re.MULTILINE)]


install()
sh(f"dpkg -i {PROJECT}/.build/deb/fsac-gateway.deb")
load_vivid()
threading.Thread(target=http.server.ThreadingHTTPServer(("127.0.0.1", 8080), Receiver).serve_forever, daemon=True).start()


@step("the package starts no gateway and opens no port")
def _():
    expect(sh("systemctl is-active fsac-gateway fsac-gateway-modbus.socket", check=False)[1].split() == ["inactive"] * 2, "active")
    expect(not listens(502), "somebody listens on port 502")


@step("with a sink alone it runs, and nobody listens for PLCs")
def _():
    configure(camera(), top='[page]\nactions = ["judge"]\n')
    start()
    teach()
    GATEWAY.write_text(SINK)
    sh("systemctl enable --now fsac-gateway")
    expect(not listens(502), "somebody listens on port 502")


@step("without a network of its own it reaches nobody, and says so")
def _():
    eventually("its word", lambda: "unreachable" in sh("fsac-gateway --status", check=False)[1], 60)
    expect(not received, "something arrived")


@step("with the drop-in of docs/mqtt.md each line arrives, in order")
def _():
    text = re.search(r"```ini\n(\[Service\].*?)```", (PROJECT / "docs/mqtt.md").read_text(), re.DOTALL)[1]
    folder = pathlib.Path("/etc/systemd/system/fsac-gateway.service.d")
    folder.mkdir()
    (folder / "override.conf").write_text(re.sub(r"IPAddressAllow=.*", "IPAddressAllow=127.0.0.1", text))
    sh("systemctl daemon-reload && systemctl restart fsac-gateway")
    eventually("20 lines", lambda: len(received) >= 20, 60)
    numbers = [line["seq"] for line in received if "verdict" in line]
    expect(numbers == sorted(set(numbers)), numbers)
    expect(numbers[0] == verdicts()[0]["seq"], "not from the first line on")
    eventually("its word", lambda: sh("fsac-gateway --status", check=False)[0] == 0)


@step("an address that the drop-in does not name is not reached")
def _():
    GATEWAY.write_text(SINK.replace("127.0.0.1", "127.0.0.2"))
    threading.Thread(target=http.server.ThreadingHTTPServer(("127.0.0.2", 8080), Receiver).serve_forever, daemon=True).start()
    sh("systemctl restart fsac-gateway")
    eventually("its word", lambda: "unreachable" in sh("fsac-gateway --status", check=False)[1], 60)
    GATEWAY.write_text(SINK)


@step("with [modbus] the commands of docs/modbus.md open the port, which outlives a restart of the gateway")
def _():
    sh("systemctl disable --now fsac-gateway")
    # As it is shipped: without a network of its own.
    sh("rm -r /etc/systemd/system/fsac-gateway.service.d && systemctl daemon-reload")
    GATEWAY.write_text(MODBUS)
    for command in commands("modbus.md", "Set up"):
        if "systemctl enable" in command:
            print(f"       $ {command}", flush=True)
            sh(command.replace("sudo ", ""))
    for _ in range(2):
        eventually("the test pattern", lambda: registers(8) == (1, 0x1234, 0x1234, 0x5678, 0x4049, 0x0FDB, 0x4653, 0x4143))
        sh("systemctl restart fsac-gateway")
    sh("systemctl stop fsac-gateway")
    eventually("a closed port", lambda: not listens(502))
    sh("systemctl start fsac-gateway")
    eventually("the test pattern", lambda: registers(2) == (1, 0x1234))


@step("exposure of the gateway by systemd-analyze security, as it is shipped")
def _():
    text = sh("systemd-analyze security fsac-gateway --no-pager")
    score = float(re.search(r"Overall exposure level for fsac-gateway.service: ([0-9.]+)", text)[1])
    expect(score <= 1.0, text)
    return score


def judge(host="127.0.0.1:8745", **more):
    request = urllib.request.Request(
        f"{ACTIONS}/v1/judgements", json.dumps({"seq": verdicts()[-1]["seq"], "judged": "OK"}).encode(),
        {"Content-Type": "application/json", "X-Fsac": "1", "Sec-Fetch-Site": "same-origin", "Origin": ACTIONS, "Host": host, **more})
    try:
        return urllib.request.urlopen(request, timeout=20).status
    except urllib.error.HTTPError as error:
        return error.code


@step("the page acts by the socket that systemd passes in, once it is enabled, and for its own page alone")
def _():
    expect(not listens(8745), "somebody listens on port 8745")
    sh("systemctl enable fsacd-actions.socket")
    start()
    eventually("the page", lambda: json.loads(urllib.request.urlopen(f"{ACTIONS}/v1/actions", timeout=20).read())["actions"] == ["judge"], 60)
    eventually("the line inspecting", lambda: state() == "inspecting", 60)
    expect(judge(Origin="http://elsewhere") in (403, 421), "another page may act")
    expect(judge() == 201, "its own page may not")
    events = [json.loads(line) for line in sh("fsacctl events --json").splitlines()]
    expect([event["origin"] for event in events if event["event"] == "judgement"][-1:] == ["page"], events[-3:])


finish()
