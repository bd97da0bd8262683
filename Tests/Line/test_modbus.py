#!/usr/bin/env python3
"""The Modbus server of fsac-gateway against pymodbus and mbpoll; the PLC is the program in docs/modbus.md.

PARTS, READS and MUTANTS in the environment say how many of each: 200, 5000 and 20000."""
import os
import pathlib
import random
import re
import signal
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time
import unittest

from pymodbus.client import ModbusTcpClient
from pymodbus.exceptions import ModbusException

from rig import ROOT, LossyWay, Rig, await_
from structured_text import TON, compiled, program

PARTS, READS, MUTANTS = (int(os.environ.get(name) or count) for name, count in [
    ("PARTS", 200), ("READS", 5000), ("MUTANTS", 20_000)])
PROGRAM = compiled(program((ROOT / "docs/modbus.md").read_text()))
FLOAT, DWORD = ModbusTcpClient.DATATYPE.FLOAT32, ModbusTcpClient.DATATYPE.UINT32


def client(port):
    one = ModbusTcpClient("127.0.0.1", port=port, timeout=3, retries=0)
    assert one.connect()
    unittest.addModuleCleanup(one.close)
    return one


def registers(plc, address, count):
    reply = plc.read_holding_registers(address, count=count, device_id=1)
    assert not reply.isError(), reply
    return reply.registers


def number(words):
    return words[0] << 16 | words[1]


class PLC:
    """A scan each 10 ms: reads, the program of the document, writes."""

    def __init__(self, port):
        self.port, self.plc, self.answers, self.writes = port, None, [], 0
        self.variables = {
            "beat": TON(), "patience": TON(), "lastBeat": -1, "step": 0, "number": 0, "confirmed": False, "sensor": False}
        self.scan_registers()
        self.variables["number"] = self.variables["R240"]
        # The program runs before the first part comes: what is not alive yet rejects a hundred parts in a moment.
        await_("the line", self.is_alive)

    def is_alive(self):
        self.scan()
        return self.variables["alive"]

    def connection(self):
        if self.plc is None:
            self.plc = client(self.port)
        return self.plc

    def lose(self):
        if self.plc:
            self.plc.close()
        self.plc = None

    def scan_registers(self):
        """What cannot be read stays as it was."""
        try:
            for address, count in [(240, 4), (8, 92)]:
                values = registers(self.connection(), address, count)
                self.variables |= {f"R{address + index}": value for index, value in enumerate(values)}
        except (ModbusException, AssertionError, OSError):
            self.lose()

    def scan(self, sensor=False):
        self.variables["sensor"] = sensor
        self.scan_registers()
        exec(PROGRAM, self.variables)
        self.variables["confirmed"] = False
        if self.variables["write"]:
            try:
                self.writes += 1
                name = f"P{self.variables['number']:05}".encode()
                words = [1, self.variables["number"], 0, 0, *struct.unpack(">3H", name)]
                reply = self.connection().write_registers(200, words, device_id=1)
                self.variables["confirmed"] = not reply.isError()
            except (ModbusException, AssertionError, OSError):
                self.lose()

    def part(self):
        """The number of a part, and whether it was released."""
        self.scan(sensor=True)
        while not (self.variables["release"] or self.variables["reject"]):
            self.scan()
            time.sleep(0.005)
        return self.variables["number"], self.variables["release"]


class ModbusTest(unittest.TestCase):
    def rig(self, **how):
        rig = Rig(**how)
        self.addCleanup(rig.end)
        return rig.start()

    def raw(self, rig):
        """A client that sends any bytes."""
        one = socket.create_connection(("127.0.0.1", rig.port), timeout=5)
        self.addCleanup(one.close)
        return one

    def test_both_word_orders_are_seen_by_the_pattern_with_pymodbus_and_mbpoll(self):
        for order, words in [("high_first", "big"), ("low_first", "little")]:
            rig = self.rig(order=order)
            plc = client(rig.port)
            raw = registers(plc, 0, 8)
            self.assertEqual(raw[:2], [1, 0x1234])
            self.assertEqual(plc.convert_from_registers(raw[2:4], DWORD, word_order=words), 0x12345678)
            self.assertAlmostEqual(plc.convert_from_registers(raw[4:6], FLOAT, word_order=words), 3.1415927, 6)
            self.assertEqual(struct.pack(">2H", *raw[6:]), b"FSAC")
            big = ["-B"] if order == "high_first" else []
            poll = subprocess.run(
                ["mbpoll", "-m", "tcp", "-p", str(rig.port), "-a", "1", "-0", "-r", "4", "-t", "4:float", *big, "-1", "-q",
                 "127.0.0.1"], capture_output=True, text=True, timeout=20)
            self.assertIn("3.14159", poll.stdout, poll.stderr)
            plc.close()

    def test_every_triggered_part_is_answered_once_with_replies_lost(self):
        rig = self.rig().fit()
        way = LossyWay(rig.port, 0.05)
        plc = PLC(way.own_port)
        answers = dict(plc.part() for _ in range(PARTS))
        self.assertEqual(list(answers), list(range(1, PARTS + 1)))
        lines = {line["trigger_id"]: line for line in rig.journal() if "trigger_id" in line}
        # Once each, in their order, whatever was written twice.
        self.assertEqual([line["trigger_id"] for line in rig.journal() if "trigger_id" in line], sorted(lines))
        self.assertEqual({line["part"] for line in lines.values()}, {f"P{number:05}" for number in lines})
        for number, released in answers.items():
            if released:
                self.assertEqual(lines[number]["verdict"], "OK")
        # On a machine that stands still for a second a part is rejected without a line, or although it was OK.
        strict = sum(not released and (number not in lines or lines[number]["verdict"] == "OK")
                     for number, released in answers.items())
        self.assertEqual(set(answers.values()), {True, False}, "no part was released, or none rejected")
        self.assertGreater(way.cut, 0)
        print(f"\n{PARTS} parts, {plc.writes} writes, {way.cut} replies lost: each answered once, "
              f"{sum(answers.values())} released, {strict} rejected for want of a timely answer", file=sys.stderr)

    def test_no_read_is_torn_beside_results(self):
        rig = self.rig(trigger="continuous", rate=50).fit()
        plc = client(rig.port)
        seen, times = {}, []
        await_("verdicts", lambda: number(registers(plc, 41, 2)) > 0)
        for _ in range(READS):
            start = time.monotonic()
            block = registers(plc, 8, 92)
            times.append(time.monotonic() - start)
            self.assertEqual(block[32], block[91])
            found = number(block[33:35]), block[35], tuple(block[42:46]), tuple(block[52:55])
            self.assertEqual(found[0] & 0xFFFF, block[32])
            self.assertEqual(seen.setdefault(found[0], found), found)
        lines = {line["seq"]: line for line in rig.journal()}
        for sequence, (_, verdict, reals, _) in seen.items():
            line = lines[sequence]
            self.assertEqual(verdict, {"OK": 1, "NG": 2, "INVALID": 3}[line["verdict"]])
            score, limit = struct.unpack(">2f", struct.pack(">4H", *reals))
            self.assertAlmostEqual(score, line.get("score", 0), 4)
            self.assertAlmostEqual(limit, line.get("limit", 0), 4)
        self.assertGreater(len(seen), 1)
        times.sort()
        print(f"\n{READS} reads, {len(seen)} results, 0 torn; a read p50 {times[len(times) // 2] * 1000:.2f} ms, "
              f"p99 {times[len(times) * 99 // 100] * 1000:.2f} ms", file=sys.stderr)

    def test_a_lot_is_set_by_a_command_and_stands_in_the_results_and_the_journal(self):
        rig = self.rig().fit()
        plc = client(rig.port)

        def command(code, part=b"", lot=b""):
            commands.append(len(commands) + 1)
            texts = struct.unpack(">32H", part.ljust(32, b"\0") + lot.ljust(32, b"\0"))
            plc.write_registers(200, [code, commands[-1], 0, 0, *texts], device_id=1)
            await_("the answer", lambda: registers(plc, 240, 2)[1] > 1)
            return registers(plc, 241, 1)[0]

        def text(address):
            return struct.pack(">16H", *registers(plc, address, 16)).rstrip(b"\0")

        commands, shown = [], []
        for lot in (b"L-2231", "L-\u00e9".encode(), b""):
            self.assertEqual((command(4, lot=lot), command(1, part=b"A-1")), (2, 2))
            shown.append((text(64), text(80)))
        self.assertEqual(shown, [(b"A-1", b"L-2231"), (b"A-1", "L-\u00e9".encode()), (b"A-1", b"")])
        self.assertEqual([line.get("lot") for line in rig.journal() if "trigger_id" in line], ["L-2231", "L-\u00e9", None])
        self.assertEqual(command(4, lot=b"L\x07"), 3)

    def test_a_result_can_be_read_soon_after_its_journal_line(self):
        rig = self.rig().fit()
        plc, delays = client(rig.port), []
        for command in range(1, 51):
            plc.write_registers(200, [1, command], device_id=1)
            while registers(plc, 241, 1) == [1]:
                pass
            read = time.time()
            self.assertEqual(registers(plc, 46, 1), [command])
            segment = max((rig.folder / "state/journal").glob("[0-9]*.jsonl"), key=lambda path: path.stat().st_mtime)
            delays.append(read - segment.stat().st_mtime)
        print(f"\njournal line to the PLC: p50 {statistics.median(delays) * 1000:.1f} ms, "
              f"max {max(delays) * 1000:.1f} ms (the clock of files has a grain of 4 ms)", file=sys.stderr)

    def test_a_daemon_that_is_killed_or_hangs_is_not_known_within_a_second(self):
        rig = self.rig(trigger="continuous", rate=20).fit()
        plc = client(rig.port)

        def is_known():
            line = registers(plc, 8, 4)
            return line[1] == 8 and line[2] == 0 and line[3] & 1

        def is_not_known():
            line = registers(plc, 8, 4)
            return line[1] == 0 and line[2] == 10 and not line[3] & 1

        await_("a line that is well", is_known)
        for how in (signal.SIGKILL, signal.SIGSTOP):
            rig.send("fsacd", how)
            start = time.monotonic()
            await_("fault 10", is_not_known)
            # A second, and what a machine that builds besides takes longer.
            took = time.monotonic() - start
            print(f"\n{how.name}: not known after {took:.2f} s", file=sys.stderr)
            self.assertLess(took, 3)
            beat, result = registers(plc, 8, 1), registers(plc, 40, 60)
            time.sleep(1)
            self.assertEqual((registers(plc, 8, 1), registers(plc, 40, 60)), (beat, result))
            if how == signal.SIGKILL:
                rig.start("fsacd")
            else:
                rig.send("fsacd", signal.SIGCONT)
            await_("the line again", is_known)
            last = number(registers(plc, 41, 2))
            await_("a new result", lambda: number(registers(plc, 41, 2)) > last)

    def test_a_trigger_under_way_when_the_daemon_is_killed_is_answered(self):
        rig = self.rig(rate=1).fit()
        plc = client(rig.port)
        rig.send("fsacd", signal.SIGSTOP)
        plc.write_registers(200, [1, 5], device_id=1)
        self.assertEqual(registers(plc, 240, 2)[0], 5)
        rig.send("fsacd", signal.SIGKILL)
        await_("the answer", lambda: registers(plc, 240, 3) == [5, 3, 10], 10)
        rig.start("fsacd")
        await_("the line again", lambda: registers(plc, 10, 1) == [0])
        self.assertEqual(registers(plc, 240, 3), [5, 3, 10])
        plc.write_registers(200, [1, 6], device_id=1)
        await_("the next one", lambda: registers(plc, 240, 2) == [6, 2])
        self.assertEqual([line.get("trigger_id") for line in rig.journal()], [6])

    def test_a_gateway_that_is_killed_carries_nothing_out_twice(self):
        rig = self.rig().fit()
        for round_ in range(1, 6):
            plc = client(rig.port)
            await_("the line", lambda: registers(plc, 10, 1) == [0])
            start = registers(plc, 27, 1)
            plc.write_registers(200, [1, round_], device_id=1)
            if round_ % 2:
                await_("the answer", lambda: registers(plc, 240, 2) == [round_, 2])
            rig.send("fsac-gateway", signal.SIGKILL)
            with self.assertRaises((ModbusException, OSError, AssertionError)):
                registers(plc, 8, 1)
            rig.start("fsac-gateway")
            plc = client(rig.port)
            self.assertNotEqual(registers(plc, 27, 1), start)
            known = registers(plc, 240, 3)
            # Killed before the number was kept, nothing was done; else it says that it does not know.
            if known[0] == round_:
                self.assertEqual(known[1:], [3, 101])
                plc.write_registers(200, [1, round_], device_id=1)
                time.sleep(0.2)
                self.assertEqual(registers(plc, 240, 3), [round_, 3, 101])
        ids = [line["trigger_id"] for line in rig.journal() if "trigger_id" in line]
        self.assertEqual(len(ids), len(set(ids)))
        # The newest result is there again.
        await_("the result of before", lambda: registers(plc, 46, 1) == [ids[-1]])

    def test_queued_results_come_each_once_in_order_over_kills(self):
        rig = self.rig(trigger="continuous", rate=30, results="queued").fit()
        plc, seen, command = client(rig.port), [], 0
        end = time.monotonic() + 12
        kills = [time.monotonic() + 3, time.monotonic() + 6]
        while time.monotonic() < end:
            if kills and time.monotonic() > kills[0]:
                kills.pop(0)
                rig.send("fsac-gateway", signal.SIGKILL)
                rig.start("fsac-gateway")
                plc = client(rig.port)
                command = registers(plc, 240, 1)[0]
            block = registers(plc, 8, 92)
            if block[3] & 4:
                seen.append(number(block[33:35]))
                command += 1
                plc.write_registers(200, [2, command, block[32]], device_id=1)
                await_("the acknowledgement", lambda: registers(plc, 240, 2) in ([command, 2], [command, 3]))
            else:
                time.sleep(0.005)
        # A kill between the acknowledgement and its file shows a result twice, never none.
        once = sorted(set(seen))
        self.assertLessEqual(len(seen) - len(once), 2)
        self.assertEqual(seen, sorted(seen))
        numbers = [line["seq"] for line in rig.journal() if once[0] <= line["seq"] <= once[-1]]
        self.assertEqual(once, numbers)
        print(f"\n{len(once)} queued results, 2 kills: none missing, {len(seen) - len(once)} twice", file=sys.stderr)

    def test_a_hundred_silent_and_half_open_clients_harm_nobody(self):
        rig = self.rig()
        plc = client(rig.port)
        registers(plc, 0, 8)
        others = []
        for index in range(100):
            other = self.raw(rig)
            if index % 2:
                other.sendall(b"\x00\x01\x00\x00\x00")
            others.append(other)
            if index % 10 == 0:
                self.assertEqual(registers(plc, 1, 1), [0x1234])
        self.assertEqual(registers(plc, 1, 1), [0x1234])

    def test_who_may_only_read_changes_nothing(self):
        rig = self.rig()
        with socket.socket() as other:
            other.bind(("127.0.0.2", 0))
            other.connect(("127.0.0.1", rig.port))
            other.sendall(bytes.fromhex("000100000006010600c90005"))
            self.assertEqual(other.recv(100), bytes.fromhex("0001000000030186" + "01"))
            other.sendall(bytes.fromhex("000200000006010300010001"))
            self.assertEqual(other.recv(100)[-2:], b"\x12\x34")
        self.assertEqual(registers(client(rig.port), 200, 36), [0] * 36)

    def test_damaged_requests_end_nothing_and_write_nothing(self):
        rig = self.rig()
        chance = random.Random(7)
        seeds = [bytes.fromhex(text) for text in [
            "000100000006010300080" + "05c", "00020000000601020000000d", "000300000006010600cb0005",
            "00040000000b011000c80002040001" + "0009", "000500000006010100000001"]]
        other = None
        for _ in range(MUTANTS):
            request = bytearray(chance.choice(seeds))
            for _ in range(chance.randrange(1, 4)):
                match chance.randrange(3):
                    case 0: request[chance.randrange(len(request))] = chance.randrange(256)
                    case 1 if len(request) > 1: del request[chance.randrange(len(request))]
                    case _: request.insert(chance.randrange(len(request) + 1), chance.randrange(256))
            try:
                if other is None:
                    other = socket.socket()
                    # One that may not write: whatever is written then is a mistake.
                    other.bind(("127.0.0.2", 0))
                    other.settimeout(0.001)
                    other.connect(("127.0.0.1", rig.port))
                other.sendall(request)
                if chance.random() < 0.2:
                    other.recv(4096)
            except TimeoutError:
                pass
            except OSError:
                other.close()
                other = None
        if other:
            other.close()
        self.assertIsNone(rig.programs["fsac-gateway"].poll(), rig.log("fsac-gateway"))
        plc = client(rig.port)
        self.assertEqual(registers(plc, 200, 36), [0] * 36)
        self.assertEqual(registers(plc, 240, 4), [0] * 4)
        resident = int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(
            f"/proc/{rig.programs['fsac-gateway'].pid}/status").read_text())[1])
        print(f"\n{MUTANTS} damaged requests; the gateway has {resident // 1024} MiB", file=sys.stderr)
        self.assertLess(resident, 64 * 1024)


if __name__ == "__main__":
    unittest.main(verbosity=2)
