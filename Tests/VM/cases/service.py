"""systemd: start without a camera, watchdog, exit codes, reload, structured journal."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from guest import *  # noqa: E402,F403

install()


@step("READY without a camera and without videodev's module, then the first verdict once the camera is there (C2)")
def _():
    configure(camera())
    begin = time.monotonic()
    start()
    ready = time.monotonic() - begin
    expect(ready <= 60, f"{ready} s")
    eventually("the state", lambda: state() == "camera_lost")
    eventually("the status line", lambda: "camera_lost" in sh("systemctl show -p StatusText --value fsacd"))
    code, health = api("GET", "/healthz")
    expect(code == 503 and health["state"] == "camera_lost", f"{code} {health}")
    load_vivid()
    begin = time.monotonic()
    eventually("a verdict", lambda: status()["counts"]["invalid"] > 0)
    first = time.monotonic() - begin
    expect(first <= 15, f"{first} s")
    return f"ready after {ready:.1f} s, verdict {first:.1f} s after the module"


@step("less than 5 % of a core while no camera is there")
def _():
    unbind()
    eventually("the state", lambda: state() == "camera_lost")
    time.sleep(2)

    def used():
        return int(sh("systemctl show -p CPUUsageNSec --value fsacd")) / 1e9

    begin, cpu = time.monotonic(), used()
    time.sleep(20)
    share = (used() - cpu) / (time.monotonic() - begin)
    bind()
    expect(share < 0.05, f"{100 * share:.1f} %")
    return f"{100 * share:.1f} % (emulated)"


@step("verdicts are in the system's journal with their fields")
def _():
    teach()
    sh("fsacctl limit set 0.000001")
    eventually("an NG part", lambda: status()["counts"]["ng"] > 1)
    time.sleep(1)
    entries = [json.loads(line) for line in sh("journalctl FSAC_VERDICT=NG -o json --no-pager").splitlines()]
    expect(entries, "journalctl FSAC_VERDICT=NG finds nothing")
    fields = {"FSAC_SEQ", "FSAC_CAMERA", "FSAC_RECIPE", "FSAC_SCORE", "FSAC_LIMIT", "FSAC_FRAME", "MESSAGE"}
    expect(fields <= set(entries[0]), f"{fields - set(entries[0])} missing")
    ours = {str(v["seq"]) for v in verdicts() if v["verdict"] == "NG"}
    expect({e["FSAC_SEQ"] for e in entries} <= ours, "a verdict that is not in our journal")
    # The rejects of above will pass: that is meant.
    sh("fsacctl limit auto --force")
    return f"{len(entries)} NG entries"


@step("a reload takes a changed limit of brightness between two frames; a bad file is refused and changes nothing")
def _():
    good = CONFIG.read_text()
    CONFIG.write_text(good.replace("max_brightness = 255", "max_brightness = 5"))
    sh("systemctl reload fsacd")
    eventually("INVALID parts", lambda: "frame_saturated" in status()["counts"]["causes"])
    CONFIG.write_text(good + "\nmax_brightnes = 5\n")
    code, text = sh("systemctl reload fsacd", check=False)
    expect(code != 0, "systemctl reload did not fail")
    expect("did you mean max_brightness" in daemon_log(60), "the reason is not in the journal")
    expect("did you mean" in sh("fsacctl reload", check=False)[1], "fsacctl reload does not say why")
    CONFIG.write_text(good)
    sh("kill -HUP $(systemctl show -p MainPID --value fsacd)")
    eventually("the line inspecting again", lambda: state() == "inspecting" and verdicts()[-1]["verdict"] != "INVALID")
    expect(sh("systemctl show -p NRestarts --value fsacd").strip() == "0", "it was restarted")


@step("a bad configuration ends with 78 and is not started again and again; a good one starts")
def _():
    good = CONFIG.read_text()
    CONFIG.write_text("[camera]\nnam = 1\n")
    sh("systemctl restart fsacd", check=False)
    time.sleep(3)
    shown = sh("systemctl show -p ExecMainStatus,NRestarts,ActiveState fsacd")
    expect("ExecMainStatus=78" in shown and "NRestarts=0" in shown and "ActiveState=failed" in shown, shown)
    expect("did you mean name" in daemon_log(), "the reason is not in the journal")
    CONFIG.write_text(good)
    start()


@step("a hung inference is killed by the watchdog, and the line inspects again without help (P2)")
def _():
    dropin("hang", "[Service]\nEnvironment=FSAC_FAILPOINT=inference.hang:20\n")
    
    start()
    journal = Journal()
    # Before the restart, so that the next daemon does not hang as well.
    eventually("the daemon answering", lambda: status()["cameras"][0]["frames"] > 0)
    dropin("hang", None)
    hung = journal.wait("the loop being named", lambda e: "makes no progress" in e["MESSAGE"], 60)
    expect("inspect" in hung["MESSAGE"], hung["MESSAGE"])
    back = journal.wait("a verdict of the next daemon", lambda e: is_judged(e) and e["_PID"] != hung["_PID"], 90)
    journal.close()
    shown = sh("systemctl show -p NRestarts,Result fsacd")
    expect("NRestarts=1" in shown, shown)
    expect("watchdog" in sh("journalctl -u fsacd --no-pager -n 200"), "no word of the watchdog")
    return f"judged again {moment(back) - moment(hung):.1f} s after the loop was named"


@step("a stop is clean and quick, and 75 tells of a second instance")
def _():
    code, text = sh("sudo -u fsac fsacd", check=False)
    expect(code == 75, f"{code} {text}")
    begin = time.monotonic()
    stop()
    seconds = time.monotonic() - begin
    expect("Result=success" in sh("systemctl show -p Result fsacd"), daemon_log())
    return f"{seconds:.1f} s"


finish()
