"""What becomes of the lines of a long outage, of anchors that a broker keeps, and of the inspection beside sinks that nobody serves.

OUTAGE and KILLS in the environment say how many lines the broker misses and how often something is killed: 3000 and 6."""
import hashlib
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

from loopback import BIN
from rig import await_
from sinks import BrokerCase

OUTAGE, KILLS = (int(os.environ.get(name) or count) for name, count in [("OUTAGE", 3000), ("KILLS", 6)])
# Longer than a gateway waits before it tries again, and than a long outage takes to be made up for.
PATIENCE = 1800
# At a port that nobody serves.
DEAD = """
url = "mqtt://127.0.0.1:{port}"
[[sink]]
name = "qms"
kind = "webhook"
url = "http://127.0.0.1:{port}/"
from = "start"
[[sink]]
name = "lamp"
kind = "exec"
command = ["/bin/false"]
from = "start"
"""


class OutageTest(BrokerCase):
    def kill(self, rig, victim):
        rig.send(victim, signal.SIGKILL)
        rig.start(victim)

    def kill_broker(self, rig, broker, reader):
        """What it has acknowledged and not handed on yet is its own matter: it has none when it is killed."""
        rig.send("fsac-gateway", signal.SIGSTOP)
        seen = None
        while seen != len(reader.verdicts):
            seen = len(reader.verdicts)
            time.sleep(0.5)
        broker.kill()
        broker.start()
        await_("the reader", reader.is_there.is_set)
        rig.send("fsac-gateway", signal.SIGCONT)

    def test_a_long_outage_with_kills_of_all_is_made_up_for_in_order(self):
        rig = self.rig(rate=1000)
        broker = self.broker(rig, is_saving=True)
        rig.start()
        begin, chance, before = time.monotonic(), random.Random(5), KILLS // 3

        def count():
            time.sleep(0.2)
            return rig.line_count()

        for index in range(before):
            await_("lines", lambda: count() >= OUTAGE * (index + 1) / (before + 1), patience=PATIENCE)
            self.kill(rig, ["fsacd", "fsac-gateway"][index % 2])
        await_("all lines of the outage", lambda: count() >= OUTAGE, patience=PATIENCE)
        made = time.monotonic() - begin
        # The line goes on, slower: what it makes meanwhile is not what is measured.
        rig.stop("fsacd")
        settings = rig.folder / "config.toml"
        settings.write_text(settings.read_text().replace("rate_hz = 1000", "rate_hz = 20"))
        last = rig.last_sequence()
        rig.send("fsac-gateway", signal.SIGSTOP)
        rig.start("fsacd")
        broker.start()
        reader = self.reader(broker)
        rig.send("fsac-gateway", signal.SIGCONT)
        await_("the first line", lambda: reader.verdicts, patience=PATIENCE)
        begin, after = time.monotonic(), KILLS - before
        for index in range(after):
            share = OUTAGE * (index + chance.random()) / after
            await_("lines", lambda: len(reader.verdicts) >= share, patience=PATIENCE)
            if index % 3 == 1:
                self.kill_broker(rig, broker, reader)
            else:
                self.kill(rig, ["fsac-gateway", None, "fsacd"][index % 3])
        await_("the last line of the outage", lambda: reader.verdicts[-1][1] >= last, patience=PATIENCE)
        took = time.monotonic() - begin
        rig.stop("fsacd")
        lines, doubles = self.check_arrived(rig, reader, doubles=100 * KILLS)
        told = {number for gap in reader.gaps for number in range(gap["from"], gap["to"] + 1)}
        numbers = {line["seq"] for line in rig.journal()}
        self.assertEqual(set(range(1, max(numbers))) - numbers, told - numbers)
        resident = int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(
            f"/proc/{rig.programs['fsac-gateway'].pid}/status").read_text())[1])
        self.assertLess(resident, 64 * 1024)
        print(f"\n{lines} lines, made in {made:.0f} s, delivered in {took:.0f} s, {KILLS} kills, {before} of them in the outage: "
              f"0 missing, in order, {doubles} doubles; the gateway had {resident // 1024} MiB", file=sys.stderr)

    def test_what_the_journals_come_to_is_kept_by_the_broker_and_tells_a_rewritten_line(self):
        rig = self.rig(rate=20)
        broker = self.broker(rig).start()
        reader = self.reader(broker)
        rig.start()
        anchor = await_("an anchor, a minute after the start", lambda: reader.anchors and reader.anchors[0])
        rig.stop("fsacd")
        kept = subprocess.run(["mosquitto_sub", "-V", "5", "-p", str(broker.port), "-t", "fsac/press-4/anchor", "-C", "1", "-W", "5"],
                              capture_output=True, text=True, check=True).stdout
        self.assertEqual(json.loads(kept), anchor)
        self.assertEqual((anchor["journal"], anchor["event"]), (rig.journal_id(), "anchor"))
        (rig.folder / "anchors.jsonl").write_text(kept)
        for folder, number, chain in [("journal", "seq", "chain"), ("events", "event_seq", "event_chain")]:
            link = anchor["before"][chain]
            for line in (rig.folder / "state" / folder / "000000000001.jsonl").read_bytes().splitlines():
                found = re.match(rb'{"seq":(\d+),', line)
                if found and anchor["before"][number] < int(found[1]) <= anchor["after"][number]:
                    link = hashlib.sha256(link.encode() + line).hexdigest()
            self.assertEqual(link, anchor["after"][chain], folder)

        def verify():
            return subprocess.run(
                [BIN / "fsacctl", "verify", "--state", rig.folder / "state", "--anchors", rig.folder / "anchors.jsonl"],
                capture_output=True, text=True)

        whole = verify()
        self.assertEqual(whole.returncode, 0, whole.stdout + whole.stderr)
        self.assertIn("1, the lines of 1 as they were; 1 that were kept are the same", whole.stdout)
        # Rewritten by somebody who knows of checksums.
        segment = sorted((rig.folder / "state/journal").glob("[0-9]*.jsonl"))[0]
        lines = segment.read_bytes().split(b"\n")
        body = lines[5].rpartition(b',"crc"')[0].replace(b'"verdict":"INVALID"', b'"verdict":"OK"')
        lines[5] = body + b',"crc":"%08x"}' % crc32c(body)
        segment.write_bytes(b"\n".join(lines))
        changed = verify()
        self.assertEqual(changed.returncode, 1)
        self.assertIn(f"not the lines that the anchor of event {anchor['seq']} was made of", changed.stdout)

    def test_sinks_that_nobody_serves_cost_the_inspection_nothing(self):
        rig = self.rig(DEAD, rate=20)
        rig.start("fsacd").fit()
        latencies = {"alone": [], "beside dead sinks": []}
        for _ in range(3):
            latencies["alone"] += self.latencies(rig)
            rig.start("fsac-gateway")
            await_("dead sinks", lambda: {sink["state"] for sink in rig.sinks().values()} == {"unreachable"})
            latencies["beside dead sinks"] += self.latencies(rig)
            rig.stop("fsac-gateway")
        figures = {name: (parts[len(parts) // 2], parts[len(parts) * 99 // 100])
                   for name, parts in ((name, sorted(parts)) for name, parts in latencies.items())}
        print("\n" + "; ".join(f"{len(latencies[name])} parts {name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms"
                               for name, (p50, p99) in figures.items()), file=sys.stderr)
        # On a machine that does other things besides: half of the parts do not feel it.
        self.assertLess(figures["beside dead sinks"][0], 1.2 * figures["alone"][0] + 1)

    def latencies(self, rig):
        """From the frame to the verdict, of the next 200 parts."""
        begin = rig.last_sequence()
        await_("parts", lambda: rig.last_sequence() >= begin + 200)
        return [line["latency_ms"]["total"] for line in rig.journal() if begin < line["seq"] <= begin + 200]


def crc32c(data):
    """Castagnoli's."""
    rest = 0xFFFFFFFF
    for byte in data:
        rest ^= byte
        for _ in range(8):
            rest = (rest >> 1) ^ (0x82F63B78 if rest & 1 else 0)
    return rest ^ 0xFFFFFFFF
