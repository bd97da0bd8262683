"""Output lines and the trigger's line on the kernel's simulated GPIO chip; the wires are its sysfs attributes.

io.py [TRIGGERS=60] [RATE=2] [KILLS=10]: so many triggers, so many a second; so often the daemon is killed."""

import pathlib
import re
import signal
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from guest import *  # noqa: E402,F403

SIM = pathlib.Path("/sys/kernel/config/gpio-sim/io")
LABEL = "line-io"
OUTPUTS = ["ok", "reject", "result_valid", "busy", "ready", "heartbeat", "healthy", "alarm", "ng", "invalid"]
TRIGGER = 10
# Seconds from a trigger to its reject: longer than a part takes in a machine that is emulated beside others.
DELAY = 10
# Milliseconds of a pulse: such a machine stands still for tenths of a second.
PULSE = 400
COUNTS = {"TRIGGERS": 60, "RATE": 2, "KILLS": 10} | {word.split("=")[0]: int(word.split("=")[1]) for word in sys.argv[1:]}
TRIGGERS, RATE, KILLS = COUNTS["TRIGGERS"], COUNTS["RATE"], COUNTS["KILLS"]
# What is active beside result_valid.
SHOWN = {"OK": {"ok"}, "NG": {"ng", "reject"}, "INVALID": {"invalid", "reject"}}


def lines(delay=0, mode="pulse", lockout=200, width=PULSE):
    pulses = {"ok": width, "ng": width, "invalid": width, "reject": f"{width}, delay_ms = {delay}", "result_valid": width * 3 // 4}
    words = [f"{name} = {{ line = {number}" + (f", pulse_ms = {pulses[name]} }}" if name in pulses else " }")
             for number, name in enumerate(OUTPUTS)]
    return (f'[[line_io]]\ncamera = "cam"\nchip = "{LABEL}"\nmode = "{mode}"\ngap_ms = {width // 4}\n[line_io.outputs]\n'
            + "\n".join(words) + f"\n[line_io.inputs]\ntrigger = {{ line = {TRIGGER}, lockout_ms = {lockout} }}\n")


def configure_lines(**settings):
    configure(camera(more='trigger = "line"\ntrigger_deadline_ms = 8000'), recipe=RECIPE + lines(**settings))


def plug(is_in):
    (SIM / "live").write_text("1" if is_in else "0")
    sh("udevadm settle")


def wires():
    """Where the levels of the chip's lines are."""
    return sorted(pathlib.Path("/sys/devices/platform").glob("gpio-sim.*/gpiochip*/"))[0]


def level(name):
    return (wires() / f"sim_gpio{OUTPUTS.index(name)}" / "value").read_text().strip() == "1"


def pulse(line=TRIGGER):
    """An edge up and down; the time before the first."""
    pull = wires() / f"sim_gpio{line}" / "pull"
    now = time.monotonic()
    pull.write_text("pull-up")
    pull.write_text("pull-down")
    return now


class Scope:
    """Looks at some outputs all the time: when each was seen to rise and to fall, and what was active when the first rose. Before
    everything else that computes, and far more often than a pulse is long."""

    def __init__(self, *names):
        self.names = names
        self.files = [os.open(wires() / f"sim_gpio{OUTPUTS.index(name)}" / "value", os.O_RDONLY) for name in names]
        self.rises, self.falls, self.together, self.shown = {n: [] for n in names}, {n: [] for n in names}, 0, []
        self.is_over = False
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()

    def look(self):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        known = [False] * len(self.names)
        while not self.is_over:
            levels = [os.pread(file, 1, 0) == b"1" for file in self.files]
            now = time.monotonic()
            for name, before, after in zip(self.names, known, levels):
                if before != after:
                    (self.rises if after else self.falls)[name].append(now)
            seen = dict(zip(self.names, levels))
            self.together += seen.get("ok", False) and seen.get("reject", False)
            if levels[0] and not known[0]:
                self.shown.append({name for name, is_active in seen.items() if is_active} - {self.names[0]})
            known = levels
            time.sleep(0.004)

    def stop(self):
        self.is_over = True
        self.thread.join()
        for file in self.files:
            os.close(file)
        return self


def wait_ready():
    """With a delay all that was triggered before the start is rejected first."""
    eventually("ready", lambda: level("ready") and not level("reject"), 240)


def main_pid():
    return int(sh("systemctl show -p MainPID --value fsacd"))


def freeze():
    """Stops the daemon; its number. One thread after the other hears of it: until then an edge is answered."""
    pid = main_pid()
    os.kill(pid, signal.SIGSTOP)
    threads = list(pathlib.Path(f"/proc/{pid}/task").iterdir())
    eventually("all threads stopped", lambda: all(") T " in (thread / "stat").read_text() for thread in threads), 10, 0.01)
    return pid


def io():
    return api("GET", "/v1/io")[1]["io"][0]


sh("modprobe configfs && modprobe gpio-simx && mkdir -p /sys/kernel/config && "
   "{ mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config; }")
(SIM / "bank0").mkdir(parents=True)
(SIM / "bank0/num_lines").write_text("16")
(SIM / "bank0/label").write_text(LABEL)
plug(True)
load_vivid()
install()


@step("without permission the daemon runs, says io_lost and how to grant the chip; once granted it holds the lines")
def _():
    configure_lines()
    start()
    eventually("what to do", lambda: state() == "io_lost" and "fsacctl io grant" in status()["reason"])
    expect(LABEL in sh("fsacctl io list"), sh("fsacctl io list"))
    sh(f"fsacctl io grant {LABEL} && udevadm control --reload && udevadm trigger --subsystem-match=gpio && udevadm settle")
    expect("fsac-io" in sh("stat -c %G /dev/gpiochip0"), sh("ls -l /dev/gpiochip*"))
    eventually("the lines", lambda: io().get("path"), 10)
    expect("fsacd" in sh("fsacctl io list"), "nobody holds the lines")
    expect(not level("ok") and not level("ready"), "an output is active without a model")


@step(f"each of {TRIGGERS} triggers has one result_valid, beside which its own verdict stands, and one line in the journal; ok and "
      "reject never together, and no other edge")
def _():
    configure_lines(width=600 // RATE, lockout=250 // RATE)
    start()
    teach()
    wait_ready()
    # Its first is looked at before the others: what stands beside it does so for a while.
    before, scope = len(verdicts()), Scope("result_valid", "ok", "reject", "ng", "invalid")
    begin = due = time.monotonic()
    for _ in range(TRIGGERS):
        time.sleep(max(0, due - time.monotonic()))
        pulse()
        # What a machine that stood still did not give is not made up for: that would be bounce.
        due = max(due + 1 / RATE, time.monotonic() + 0.8 / RATE)
    took = time.monotonic() - begin
    eventually("all verdicts", lambda: len(verdicts()) >= before + TRIGGERS, 120, 1)
    time.sleep(1)
    scope.stop()
    found = [verdict["verdict"] for verdict in verdicts()[before:]]
    expect(len(found) == TRIGGERS, f"{len(found)} lines")
    # What waits behind 64 parts has no result on the lines, and the alarm says so.
    missed = io()["counts"].get("overrun", 0)
    expect(missed == 0, f"this machine does not hold {RATE} a second: {missed} parts are not on the lines")
    expect(scope.shown == [SHOWN[verdict] for verdict in found], f"{len(scope.shown)} result_valid: {scope.shown} of {found}")
    for name in scope.names:
        wanted = TRIGGERS if name == "result_valid" else sum(name in SHOWN[verdict] for verdict in found)
        edges = len(scope.rises[name]), len(scope.falls[name])
        expect(edges == (wanted, wanted), f"{name}: {edges} edges up and down of {wanted}")
    expect(scope.together == 0, "ok and reject together")
    figures = ", ".join(f"{found.count(verdict)} {verdict}" for verdict in SHOWN)
    told = io()
    configure_lines()
    start()
    wait_ready()
    return f"{(TRIGGERS - 1) / took:.1f} triggers a second, {figures}, {told['counts']}, to the lines {told['latency_ms']}"


@step("a commissioned part is a reject, though its score is good")
def _():
    api("POST", "/v1/commission", {"parts": 299})
    scope, before = Scope("ok", "reject"), len(verdicts())
    pulse()
    eventually("the verdict", lambda: len(verdicts()) > before)
    time.sleep(0.5)
    scope.stop()
    api("DELETE", "/v1/commission")
    expect((len(scope.rises["ok"]), len(scope.rises["reject"])) == (0, 1), f"{scope.rises}")


@step("ten edges within the lock-out are one trigger")
def _():
    # Longer than ten writes may take in here.
    configure_lines(lockout=5000)
    start()
    wait_ready()
    before = io()["counts"]["triggers"]
    for _ in range(10):
        pulse()
    eventually("ten edges", lambda: io()["counts"]["bounces"] == 9)
    expect(io()["counts"]["triggers"] == before + 1, io())


@step("edges that nobody read in time are known, and each of 1500 has a line in the journal")
def _():
    configure_lines(lockout=0)
    # So many edges take longer than the watchdog waits, where the machine is slow.
    dropin("watchdog", "[Service]\nWatchdogSec=300\n")
    start()
    wait_ready()
    before = len(verdicts())
    pid = freeze()
    for _ in range(1500):
        pulse()
    os.kill(pid, signal.SIGCONT)
    eventually("all lines", lambda: len(verdicts()) >= before + 1500, 120)
    dropin("watchdog", None)
    causes = [v.get("cause") for v in verdicts()[before:]]
    lost = causes.count("trigger_lost")
    expect(len(causes) == 1500 and lost == io()["counts"]["triggers_lost"] > 0, f"{len(causes)}, {lost} lost: {io()}")
    expect(level("alarm"), "no alarm")
    sh("fsacctl io acknowledge")
    eventually("the alarm gone", lambda: not level("alarm"))
    return f"{lost} lost"


@step("with a delay the reject comes at its time after the edge, and an OK in time cancels it")
def _():
    configure_lines(delay=1000 * DELAY)
    start()
    wait_ready()
    scope, edges = Scope("ok", "reject"), []
    for _ in range(8):
        pulse()
        time.sleep(1)
    time.sleep(DELAY + 2)
    passed, slow = len(scope.rises["ok"]), io()["counts"]["invalid"]
    # A part that this machine took too long for is a reject: never both, never neither.
    expect(passed > 0 and passed + slow == 8 and bool(slow) == bool(scope.rises["reject"]), f"{slow} INVALID: {scope.rises}")
    sh("fsacctl limit set 0.000001 --force")
    before = len(scope.rises["reject"])
    for _ in range(8):
        edges.append(pulse())
        time.sleep(1)
    time.sleep(DELAY + 2)
    scope.stop()
    sh("fsacctl limit auto --force")
    rises, falls = scope.rises["reject"][before:], scope.falls["reject"][before:]
    expect(len(scope.rises["ok"]) == passed and len(rises) == 8, f"{scope.rises}")
    behind = [rise - edge - DELAY for rise, edge in zip(rises, edges)]
    wide = [fall - rise for fall, rise in zip(falls, rises)]
    # Never early, never short; how late is the machine's, which shares two cores.
    expect(all(-0.02 <= x <= 1 for x in behind) and all(-0.02 <= x - PULSE / 1000 <= 1 for x in wide), f"{behind} {wide}")
    return (f"{passed} of 8 OK in time; rejects {1000 * min(behind):.0f} to {1000 * max(behind):.0f} ms from their time, "
            f"{1000 * min(wide):.0f} to {1000 * max(wide):.0f} ms wide ({PULSE} asked)")


@step("with a hung inference ready and heartbeat fall, rejects still come on time")
def _():
    dropin("hang", "[Service]\nEnvironment=FSAC_FAILPOINT=inference.hang:1\n")
    start()
    dropin("hang", None)
    wait_ready()
    scope = Scope("ready", "heartbeat", "reject", "ok")
    edge = pulse()
    time.sleep(DELAY + 2)
    scope.stop()
    start()
    late = scope.rises["reject"][0] - edge - DELAY
    expect(len(scope.rises["reject"]) == 1 and -0.02 <= late <= 1, f"{scope.rises} {edge}")
    fell = scope.falls["ready"][-1] - edge
    beat = max(scope.falls["heartbeat"] + scope.rises["heartbeat"]) - edge
    expect(fell <= 4 and beat <= 4 and not scope.rises["ok"], f"ready fell after {fell} s, last beat after {beat} s")
    return f"ready fell after {fell:.2f} s, the heartbeat after {beat:.2f} s, the reject {1000 * late:.0f} ms from its time"


@step("after a start with parts between sensor and ejector all of them are rejected, and the heartbeat has stood still")
def _():
    wait_ready()
    for _ in range(3):
        pulse()
        time.sleep(0.2)
    sh("systemctl kill -s KILL fsacd")
    eventually("the lines given back", lambda: not level("ready"), 5, 0.01)
    scope = Scope("reject", "heartbeat", "ok")
    wait_ready()
    time.sleep(2)
    scope.stop()
    held = scope.falls["reject"][0] - scope.rises["reject"][0]
    quiet = scope.rises["heartbeat"][0] - scope.rises["reject"][0]
    expect(len(scope.rises["reject"]) == 1 and DELAY - 0.1 <= held <= DELAY + 1, f"{scope.rises} {scope.falls}")
    expect(quiet > 1.9 and not scope.rises["ok"], f"{quiet} {scope.rises}")
    return f"reject for {held:.2f} s, heartbeat {quiet:.2f} s after the lines were taken"


@step("a disk that fails: every part is a reject, and none OK")
def _():
    configure_lines()
    dropin("disk", "[Service]\nEnvironment=FSAC_FAILPOINT=disk(/journal/).errors:1\n"
           "Environment=FSAC_FAILPOINT_AFTER=/var/lib/fsac/fail\n")
    start()
    dropin("disk", None)
    wait_ready()
    scope = Scope("ok", "reject", "invalid")
    pulse()
    eventually("an OK while the disk works", lambda: scope.rises["ok"], 10)
    pathlib.Path("/var/lib/fsac/fail").touch()
    for _ in range(5):
        pulse()
        time.sleep(1)
    eventually("the rejects", lambda: len(scope.rises["reject"]) == 5, 30)
    pathlib.Path("/var/lib/fsac/fail").unlink()
    scope.stop()
    expect(len(scope.rises["ok"]) == 1 and len(scope.rises["invalid"]) == 5, f"{scope.rises}")
    expect(state() in ("journal_failed", "storage_failed"), state())


@step("two triggers one after the other: two parts, two results, whatever comes first")
def _():
    start()
    wait_ready()
    before, scope = len(verdicts()), Scope("result_valid", "ok", "reject")
    for apart in [0.21, 0.25, 0.3]:
        pulse()
        time.sleep(apart)
        pulse()
        time.sleep(2)
    eventually("all verdicts", lambda: len(verdicts()) >= before + 6, 60)
    time.sleep(1)
    scope.stop()
    expect(len(verdicts()) == before + 6 and len(scope.rises["result_valid"]) == 6, f"{scope.rises}")
    expect(scope.together == 0, "ok and reject together")


@step("a stopped process: no result, no beat; systemd ends it, and no output stays active")
def _():
    dropin("watchdog", "[Service]\nWatchdogSec=4\nTimeoutAbortSec=2\n")
    start()
    wait_ready()
    scope = Scope(*OUTPUTS)
    freeze()
    begin = time.monotonic()
    for _ in range(3):
        pulse()
    eventually("inactive", lambda: not any(level(name) for name in OUTPUTS), 20, 0.01)
    ended = time.monotonic() - begin
    scope.stop()
    dropin("watchdog", None)
    rises = {name: [t for t in times if t > begin] for name, times in scope.rises.items()}
    expect(not any(rises.values()), f"{rises}")
    return f"all inactive after {ended:.1f} s"


@step(f"killed {KILLS} times while ok is active: no output stays active")
def _():
    def shows_ok():
        pulse()
        eventually("a result", lambda: not level("busy") and (level("ok") or level("reject")), 10, 0.01)
        return level("ok")

    configure_lines(mode="latch")
    released, quiet = [], []
    start()
    for _ in range(KILLS):
        wait_ready()
        eventually("an OK", shows_ok, 60, 0.3)
        pid = main_pid()
        begin = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        eventually("ok inactive", lambda: not level("ok"), 5, 0.002)
        released.append(time.monotonic() - begin)
        eventually("inactive", lambda: not any(level(name) for name in OUTPUTS), 5, 0.002)
        quiet.append(time.monotonic() - begin)
        eventually("the daemon", lambda: state(), 240)
    configure_lines()
    start()
    return f"ok {spread(released)}; all {spread(quiet)}"


@step("unplugged: io_lost, and parts INVALID; plugged in again: held, also under another number, inactive first")
def _():
    wait_ready()
    lost, back = [], []
    for _ in range(5):
        begin = time.monotonic()
        plug(False)
        eventually("io_lost", lambda: state() == "io_lost", 5, 0.02)
        lost.append(time.monotonic() - begin)
        begin = time.monotonic()
        plug(True)
        expect(not level("ok"), "ok after plugging")
        eventually("the lines", lambda: io().get("path") and level("ready"), 15, 0.02)
        back.append(time.monotonic() - begin)
    expect("lost" in sh("fsacctl events -n 50"), sh("fsacctl events -n 50"))
    # A kernel that was led to free twice ends threads of the daemon, sooner or later.
    faults = [line for line in sh("dmesg").splitlines() if re.search("general protection|Oops|BUG:", line)]
    expect(not faults, f"{faults}")
    return f"lost: {spread(lost)}; back: {spread(back)}"


@step("lines that another program holds: the reason names it")
def _():
    stop()
    holder = subprocess.Popen(["gpioset", "--mode=signal", wires().name, "0=0"])
    time.sleep(1)
    start()
    eventually("the reason", lambda: "gpioset" in (status().get("reason") or ""), 20)
    holder.terminate()
    holder.wait()
    eventually("the lines", lambda: io().get("path"), 20)


@step("a stop leaves all outputs inactive; a test pulses one, and is in the event journal")
def _():
    sh("fsacctl io test alarm --force")
    eventually("the pulse", lambda: level("alarm"), 5, 0.02)
    code, text = sh("fsacctl io test ok --force", check=False)
    expect(code == 1 and "release" in text, f"{code} {text}")
    expect("test alarm" in sh("fsacctl events -n 5"), sh("fsacctl events -n 5"))
    wait_ready()
    stop()
    expect(not any(level(name) for name in OUTPUTS), "an output is active")


finish()
