#!/usr/bin/env python3
"""Devices that fsac-gateway asks by itself, by pymodbus: a remote I/O module that has a camera's lines, and a PLC that the register
map is written into. TRIGGERS in the environment says how many: 100."""
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import threading
import time
import unittest

from pymodbus.client import ModbusTcpClient

from rig import BIN, Rig, await_, free_port

TRIGGERS = int(os.environ.get("TRIGGERS") or 100)
HERE = pathlib.Path(__file__).resolve().parent
OK, NG, INVALID, REJECT, VALID, BUSY, READY, HEARTBEAT, HEALTHY = range(9)
LINES = """
[[line_io]]
driver = "modbus"
chip = "cabinet-3"
mode = "{mode}"
[line_io.outputs]
ok = {{ line = 0 }}
ng = {{ line = 1 }}
invalid = {{ line = 2 }}
reject = {{ line = 3 }}
result_valid = {{ line = 4 }}
busy = {{ line = 5 }}
ready = {{ line = 6 }}
heartbeat = {{ line = 7 }}
healthy = {{ line = 8 }}
[line_io.inputs]
trigger = {{ line = 2 }}
"""
MODULE = """
[[module]]
name = "cabinet-3"
address = "127.0.0.1:{module}"
"""
MIRROR = """
[modbus]
[[modbus.mirror]]
name = "plc"
address = "127.0.0.1:{module}"
registers_at = 100
commands = true
"""


class Module:
    """module.py at work, and what its outputs did."""

    def __init__(self, port, watchdog=1000):
        self.port, self.watchdog, self.changes, self.process = port, watchdog, [], None

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, HERE / "module.py", str(self.port), str(self.watchdog)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1)
        threading.Thread(target=self.listen, args=(self.process,), daemon=True).start()
        return self

    def listen(self, process):
        with process.stdout as lines:
            for line in lines:
                change = json.loads(line)
                self.changes.append((change["time"], set(change["active"])))

    @property
    def active(self):
        return self.changes[-1][1] if self.changes else set()

    def tell(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")

    def pulse(self, line):
        """When the input's edge was told."""
        now = time.monotonic()
        self.tell("input", line, 1)
        # Up and down for longer than two looks of the gateway and an order between them.
        time.sleep(0.1)
        self.tell("input", line, 0)
        time.sleep(0.1)
        return now

    def kill(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.changes.append((time.monotonic(), set()))

    def since(self, begin, line):
        """When the output became inactive after `begin`; None = it is active."""
        fallen = None
        for moment, active in self.changes:
            if line in active:
                fallen = None
            elif fallen is None or moment < begin:
                fallen = moment
        return fallen

    def rises(self, line):
        before, rises = set(), []
        for moment, active in self.changes:
            if line in active and line not in before:
                rises.append(moment)
            before = active
        return rises


class DevicesTest(unittest.TestCase):
    def setUp(self):
        self.port = free_port()

    def rig(self, tables, **how):
        rig = Rig(tables=tables.replace("{module}", str(self.port)), **how)
        self.addCleanup(rig.end)
        return rig

    def state(self, rig):
        answer = rig.control("status", "--json")
        return json.loads(answer.stdout)["state"] if answer.returncode == 0 else None

    def line(self, mode="pulse", watchdog=1000):
        module = Module(self.port, watchdog).start()
        self.addCleanup(lambda: module.kill())
        rig = self.rig(MODULE, trigger="line", lines=LINES.format(mode=mode)).start().fit()
        await_("the line", lambda: READY in module.active)
        return rig, module

    def trigger(self, rig, module):
        """The verdict of a part, once its result has been shown."""
        count, last = len(module.rises(VALID)), rig.last_sequence()
        module.pulse(2)
        await_("a result", lambda: len(module.rises(VALID)) > count)
        await_("its line", lambda: rig.last_sequence() > last)
        return rig.journal()[-1]["verdict"]

    def test_each_trigger_has_one_result_and_ok_and_reject_are_never_both(self):
        rig, module = self.line()
        ways = []
        for _ in range(TRIGGERS):
            count, begin = len(module.rises(VALID)), module.pulse(2)
            await_("a result", lambda: len(module.rises(VALID)) > count)
            ways.append(1000 * (module.rises(VALID)[-1] - begin))
            time.sleep(0.15)
        verdicts = [line["verdict"] for line in rig.journal()]
        self.assertEqual(len(verdicts), TRIGGERS)
        self.assertEqual(len(module.rises(VALID)), TRIGGERS)
        for line, name in [(OK, "OK"), (NG, "NG"), (INVALID, "INVALID")]:
            self.assertEqual(len(module.rises(line)), verdicts.count(name), name)
        self.assertEqual(len(module.rises(REJECT)), TRIGGERS - verdicts.count("OK"))
        self.assertGreater(verdicts.count("OK"), 0)
        before = set()
        for _, active in module.changes:
            self.assertFalse(OK in active and active & {NG, INVALID, REJECT}, active)
            # The result stood in the module before it was said to stand.
            if VALID in active and VALID not in before:
                self.assertTrue(before & {OK, NG, INVALID}, (before, active))
            before = active
        counts = json.loads(rig.control("io", "show", "--json").stdout)["io"][0]
        print(f"\n    trigger to result_valid p50 {statistics.median(ways):.0f} ms, max {max(ways):.0f} ms; journal to lines "
              f"p50 {counts['latency_ms']['p50']:.1f} ms, p99 {counts['latency_ms']['p99']:.1f} ms")

    def test_a_module_that_dies_hangs_or_is_slow_is_a_fault_until_it_is_back(self):
        rig, module = self.line()

        def kill():
            module.kill()

        def stop():
            module.process.send_signal(signal.SIGSTOP)

        def crawl():
            module.tell("slow", 300)

        def close_its_ears():
            module.tell("deaf", 1)

        def again():
            if module.process.poll() is None:
                module.process.send_signal(signal.SIGCONT)
                module.tell("slow", 0)
                module.tell("deaf", 0)
            else:
                module.start()

        figures = []
        for fault in [kill, stop, crawl, close_its_ears]:
            begin = time.monotonic()
            fault()
            await_(f"io_lost after {fault.__name__}", lambda: self.state(rig) == "io_lost", patience=10)
            lost = time.monotonic() - begin
            reason = rig.control("status").stdout
            self.assertIn("cabinet-3", reason)
            begin = time.monotonic()
            again()
            await_(f"the line after {fault.__name__}", lambda: self.state(rig) == "inspecting" and READY in module.active, patience=20)
            figures.append(f"{fault.__name__} {lost:.2f} s, back {time.monotonic() - begin:.2f} s")
            self.assertLess(lost, 3)
            self.assertIn(self.trigger(rig, module), ("OK", "NG"))
        print("\n    " + "; ".join(figures))

    def test_no_ok_stays_when_fsacd_or_the_gateway_is_gone(self):
        # Longer than anything else may take: what falls does not fall by the watchdog.
        rig, module = self.line(mode="latch", watchdog=30_000)
        figures = []
        for name, sign in [("fsacd", signal.SIGKILL), ("fsacd", signal.SIGSTOP)]:
            while self.trigger(rig, module) != "OK":
                pass
            self.assertIn(OK, module.active)
            begin = time.monotonic()
            rig.send(name, sign)
            await_("outputs off", lambda: not module.active, patience=10)
            took = module.since(begin, OK) - begin
            figures.append(f"{name} {sign.name} {took:.2f} s")
            self.assertLess(took, 2)
            if sign == signal.SIGSTOP:
                rig.send(name, signal.SIGCONT)
            else:
                rig.start(name)
            await_("the line", lambda: READY in module.active)
        print("\n    outputs off after " + "; ".join(figures))

    def test_without_the_gateway_the_modules_watchdog_takes_the_outputs_back(self):
        rig, module = self.line(mode="latch", watchdog=500)
        for sign in [signal.SIGKILL, signal.SIGSTOP]:
            while self.trigger(rig, module) != "OK":
                pass
            begin = time.monotonic()
            rig.send("fsac-gateway", sign)
            await_("outputs off", lambda: not module.active, patience=10)
            self.assertLess(module.since(begin, OK) - begin, 1.5)
            await_("io_lost", lambda: self.state(rig) == "io_lost", patience=10)
            if sign == signal.SIGSTOP:
                rig.send("fsac-gateway", signal.SIGCONT)
            else:
                rig.start("fsac-gateway")
            await_("the line", lambda: READY in module.active)

    def test_a_watchdog_that_is_not_set_is_found_before_it_is_needed(self):
        rig = self.rig(MODULE)

        def tried():
            return subprocess.run(
                [BIN / "fsac-gateway", "--config", rig.folder / "gateway.toml", "--try-watchdog", "cabinet-3", "--output", "5"],
                capture_output=True, text=True)

        for watchdog, code, words in [(300, 0, "its watchdog works"), (30_000, 1, "set the module's communication watchdog")]:
            module = Module(self.port, watchdog).start()
            await_("the module", lambda: "watchdog" in tried().stdout)
            answer = tried()
            self.assertEqual((answer.returncode, words in answer.stdout), (code, True), answer.stdout + answer.stderr)
            await_("the output off", lambda: not module.active)
            self.assertTrue(module.rises(5))
            module.kill()
        self.assertEqual(tried().returncode, 1)

    def test_the_map_is_written_into_a_plc_and_its_commands_are_carried_out_once(self):
        plc = subprocess.Popen([sys.executable, HERE / "memory.py", str(self.port)], stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (plc.kill(), plc.wait()))
        rig = self.rig(MIRROR).start("fsacd", "fsac-gateway").fit()
        own = ModbusTcpClient("127.0.0.1", port=self.port, timeout=3)
        self.addCleanup(own.close)
        await_("the PLC", own.connect)

        def words(address, count):
            return own.read_holding_registers(100 + address, count=count, device_id=1).registers

        await_("the test pattern", lambda: words(0, 8) == [1, 0x1234, 0x1234, 0x5678, 0x4049, 0x0FDB, 0x4653, 0x4143])
        beat = words(8, 1)
        await_("a heartbeat", lambda: words(8, 1) != beat, patience=5)
        for number in range(1, 21):
            own.write_registers(300, [1, number], device_id=1)
            await_("its result", lambda: words(240, 2) == [number, 2])
            result = words(40, 60)
            self.assertEqual((result[0], result[6]), (result[59], number))
            self.assertIn(result[3], (1, 2, 3))
        # The PLC goes on saying the last one.
        time.sleep(0.5)
        self.assertEqual(len(rig.journal()), 20)
        rig.send("fsac-gateway", signal.SIGKILL)
        rig.start("fsac-gateway")
        await_("the new start", lambda: words(240, 3) == [20, 3, 101])
        self.assertEqual(len(rig.journal()), 20)
        rig.send("fsacd", signal.SIGKILL)
        await_("the fault", lambda: words(10, 1) == [10], patience=5)
        time.sleep(1)
        beats = set()
        for _ in range(20):
            beats.add(tuple(words(8, 1)))
            time.sleep(0.1)
        self.assertEqual(len(beats), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
