"""The sinks of fsac-gateway against Debian's mosquitto and paho-mqtt.

KILLS and LINES in the environment say how many of each: 6 and 3000."""
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from broker import GATEWAY, Certificates, Reader
from loopback import BIN
from rig import await_
from sinks import BrokerCase

KILLS, LINES = (int(os.environ.get(name) or count) for name, count in [("KILLS", 6), ("LINES", 3000)])

class MQTTTest(BrokerCase):
    def test_each_line_arrives_soon_with_its_key_and_is_the_journals(self):
        rig = self.rig(rate=20)
        broker = self.broker(rig).start()
        reader = self.reader(broker)
        rig.start().fit()
        await_("verdicts", lambda: any(body["verdict"] != "INVALID" for _, body in reader.delays))
        await_("more of them", lambda: len(reader.verdicts) > 200)
        rig.stop("fsacd")
        self.check_arrived(rig, reader)
        lines = {line["seq"]: line for line in rig.journal()}
        for topic, body, retain, properties in reader.messages:
            if not topic.endswith("/verdict"):
                continue
            self.assertFalse(retain)
            self.assertEqual(topic, "fsac/press-4/camera1/verdict")
            line = dict(lines[body["seq"]])
            line.pop("crc")
            self.assertEqual(body, {"journal": rig.journal_id(), "station": "press-4", **line})
            self.assertEqual(properties, {"journal": body["journal"], "seq": str(body["seq"]), "verdict": body["verdict"]})
        self.assertEqual([event["event"] for event in reader.events][0], "start")
        self.assertTrue({"shot_added", "generation", "stop"} <= {event["event"] for event in reader.events})
        delays = sorted(arrival - end_of(body) for arrival, body in reader.delays[100:])
        print(f"\n{len(delays)} verdicts to the subscriber: p50 {delays[len(delays) // 2] * 1000:.1f} ms, "
              f"p99 {delays[len(delays) * 99 // 100] * 1000:.1f} ms", file=sys.stderr)

    def command(self, reader, name, payload, retain=False):
        """What the gateway answers; None = nothing within a second and a half."""
        key, before = os.urandom(8), len(reader.answers)
        question = Properties(PacketTypes.PUBLISH)
        question.ResponseTopic, question.CorrelationData = "x/y/answer", key
        reader.client.publish(f"fsac/press-4/command/{name}", payload, qos=1, retain=retain, properties=question)
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            if found := [body for correlation, body in reader.answers[before:] if correlation == key]:
                return found[0]
            time.sleep(0.01)
        return None

    def test_the_shift_is_told_and_commands_come_only_where_they_are_allowed(self):
        rig = self.rig('commands = ["lot"]\n', rate=20)
        broker = self.broker(rig).start()
        reader = Reader(broker, topics=("fsac/#", "x/#"))
        self.addCleanup(reader.end)
        # Kept by the broker before anybody listens: whenever it comes, it is no command.
        reader.client.publish("fsac/press-4/command/lot", '{"lot":"stale"}', qos=1, retain=True)
        rig.start().fit()
        counted = await_("the statistics", lambda: reader.statistics and reader.statistics[-1])
        self.assertEqual(counted["shift"].split("/")[1], "day")
        self.assertIn("total", counted)
        await_("verdicts", lambda: len(reader.verdicts) > 10)

        def lots():
            return [lot.get("lot") for lot in json.loads(rig.control("lot", "show", "--json").stdout)["lots"]]

        self.assertEqual(lots(), [None])
        self.assertEqual(self.command(reader, "lot", '{"lot":"L-2231"}'), {"done": True})
        self.assertEqual(lots(), ["L-2231"])
        await_("parts of it", lambda: reader.delays[-1][1].get("lot") == "L-2231")
        self.assertIsNone(self.command(reader, "lot", '{"lot":"kept"}', retain=True))
        refused = self.command(reader, "lot", '{"lot":"L-1","limit":9}')
        self.assertEqual((refused["done"], refused["error"]["code"]), (False, "invalid_request"))
        refused = self.command(reader, "lot", '{"lot":"L-1","camera":"none"}')
        self.assertEqual((refused["done"], refused["error"]["code"]), (False, "not_found"))
        # Not on the list.
        self.assertIsNone(self.command(reader, "recipe", '{"recipe":"textile"}'))
        self.assertEqual(lots(), ["L-2231"])
        events = [event for event in reader.events if event["event"] == "lot"]
        self.assertEqual([event["after"] for event in events], [{"lot": "L-2231"}])

    def test_kills_of_gateway_broker_and_daemon_lose_no_line(self):
        rig = self.rig(rate=50)
        broker = self.broker(rig, is_saving=True).start()
        reader = self.reader(broker)
        rig.start()
        chance = random.Random(3)
        victims = [["fsac-gateway", "broker", "fsacd"][index % 3] for index in range(KILLS)]
        for victim in victims:
            await_("the reader", reader.is_there.is_set)
            before = len(reader.verdicts)
            await_("lines", lambda: len(reader.verdicts) > before + 20)
            time.sleep(chance.random())
            if victim == "broker":
                broker.kill()
                broker.start()
            else:
                rig.send(victim, signal.SIGKILL)
                rig.start(victim)
        rig.stop("fsacd")
        lines, doubles = self.check_arrived(rig, reader, doubles=100 * KILLS)
        # What a killed daemon had reserved is told, and nothing else is missing.
        told = {number for gap in reader.gaps for number in range(gap["from"], gap["to"] + 1)}
        numbers = {line["seq"] for line in rig.journal()}
        self.assertEqual(set(range(1, max(numbers))) - numbers, told - numbers)
        print(f"\n{lines} lines, {KILLS} kills: 0 missing, in order, {doubles} doubles", file=sys.stderr)

    def test_an_outage_is_made_up_for_in_order(self):
        rig = self.rig(rate=1000)
        broker = self.broker(rig)
        rig.start()
        await_("lines", lambda: rig.last_sequence() >= LINES, patience=600)
        self.assertEqual(rig.sinks()["mes"]["state"], "unreachable")
        self.assertEqual(self.status(rig).returncode, 1)
        # Until the reader is there: to a broker what nobody has asked for is delivered as well, and the gateway holds some lines.
        for program in ("fsacd", "fsac-gateway"):
            rig.send(program, signal.SIGSTOP)
        last = rig.journal()[-1]["seq"]
        broker.start()
        reader = self.reader(broker)
        for program in ("fsacd", "fsac-gateway"):
            rig.send(program, signal.SIGCONT)
        await_("the first lines", lambda: len(reader.verdicts) > 200)
        # An end in the middle of it is a clean one.
        self.assertLess(len(reader.verdicts), LINES)
        rig.stop("fsac-gateway")
        await_("the end", lambda: reader.states[-1] == "stopped")
        rig.start("fsac-gateway")
        start, before = time.monotonic(), len(reader.verdicts)
        await_("the last line", lambda: reader.has(rig.journal_id(), last), patience=600)
        took = time.monotonic() - start
        rig.stop("fsacd")
        lines, doubles = self.check_arrived(rig, reader, doubles=20)
        resident = int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(
            f"/proc/{rig.programs['fsac-gateway'].pid}/status").read_text())[1])
        print(f"\n{last} lines of an outage, {(last - before) / took:.0f}/s, {doubles} doubles; the gateway had {resident // 1024} MiB",
              file=sys.stderr)
        self.assertLess(resident, 64 * 1024)

    def test_what_a_gateway_missed_while_it_was_away_is_sent_quickly(self):
        rig = self.rig(rate=1000)
        broker = self.broker(rig).start()
        reader = self.reader(broker)
        rig.start("fsacd")
        await_("lines", lambda: rig.last_sequence() >= LINES, patience=600)
        rig.stop("fsacd")
        last = rig.journal()[-1]["seq"]
        settings = rig.folder / "config.toml"
        settings.write_text(settings.read_text().replace("rate_hz = 1000", "rate_hz = 1"))
        rig.start("fsacd")
        start = time.monotonic()
        rig.start("fsac-gateway")
        await_("the acknowledgement", lambda: rig.sinks()["mes"].get("delivered", {}).get("seq", 0) >= last, patience=600)
        took = time.monotonic() - start
        await_("the last line", lambda: reader.verdicts[-1:] and reader.verdicts[-1][1] >= last, patience=600)
        read = time.monotonic() - start
        rig.stop("fsacd")
        self.check_arrived(rig, reader)
        print(f"\n{last} lines acknowledged in {took:.1f} s, {last / took:.0f}/s; read in {read:.1f} s", file=sys.stderr)

    def secret(self, rig, mode=0o600):
        path = rig.folder / "password"
        path.write_text(GATEWAY[1] + "\n")
        path.chmod(mode)
        return f'user = "{GATEWAY[0]}"\npassword_file = "{path}"\n'

    def test_a_broker_that_refuses_is_named_soon_and_what_it_refused_arrives_later(self):
        rig = self.rig(rate=20)
        broker = self.broker(rig, acl="topic write fsac/press-4/state").start()
        with open(rig.folder / "gateway.toml", "a") as file:
            file.write(self.secret(rig))
        reader = self.reader(broker)
        rig.start()
        await_("a connection", lambda: rig.sinks()["mes"]["state"] not in ("connecting", "unreachable"))
        start = time.monotonic()
        await_("the refusal", lambda: rig.sinks()["mes"]["state"] == "refused")
        took = time.monotonic() - start
        answer = self.status(rig)
        self.assertEqual(answer.returncode, 1)
        self.assertIn("0x87 not authorized", answer.stdout)
        self.assertIn("fsac/press-4/", answer.stdout)
        self.assertIn("0x87 not authorized", rig.log("fsac-gateway"))
        self.assertLess(took, 5)
        broker.allow("topic write fsac/press-4/#")
        await_("lines", lambda: len(reader.verdicts) > 50)
        await_("that it is over", lambda: rig.sinks()["mes"]["state"] == "delivering")
        self.assertEqual(self.status(rig).returncode, 0, self.status(rig).stdout)
        rig.stop("fsacd")
        self.check_arrived(rig, reader, doubles=100)
        for place in (rig.log("fsac-gateway"), answer.stdout, *(path.read_text() for path in (
                rig.folder / "gateway").iterdir())):
            self.assertNotIn(GATEWAY[1], place)
        print(f"\nrefusal named after {took:.2f} s", file=sys.stderr)

    def test_tls_wants_the_right_authority_and_the_right_password(self):
        rig = self.rig(rate=20)
        mine, other = Certificates(rig.folder), Certificates(rig.folder, "other")
        broker = self.broker(rig, url="mqtts://localhost", acl="topic write fsac/press-4/#", tls=mine).start()
        plain = (rig.folder / "gateway.toml").read_text()
        user = self.secret(rig)

        def reason(settings):
            (rig.folder / "gateway.toml").write_text(plain + settings)
            rig.start("fsac-gateway")
            await_("a reason", lambda: rig.sinks().get("mes", {}).get("reason"))
            found = rig.sinks()["mes"]
            self.assertEqual(found["state"], "unreachable")
            rig.stop("fsac-gateway")
            return found["reason"]

        rig.start("fsacd")
        self.assertIn("certificate", reason(f'{user}ca = "{other.ca}"\n'))
        # The system's authorities do not know it, either.
        self.assertIn("certificate", reason(user))
        self.assertIn("0x87", reason(f'ca = "{mine.ca}"\n'))
        (rig.folder / "wrong").write_text("Guessed\n")
        (rig.folder / "wrong").chmod(0o600)
        wrong = f'user = "{GATEWAY[0]}"\npassword_file = "{rig.folder}/wrong"\nca = "{mine.ca}"\n'
        self.assertRegex(reason(wrong), "0x8[67]")
        self.assertNotIn("Guessed", rig.log("fsac-gateway"))
        (rig.folder / "gateway.toml").write_text(f'{plain}{user}ca = "{mine.ca}"\n')
        reader = self.reader(broker)
        rig.start("fsac-gateway")
        await_("lines", lambda: len(reader.verdicts) > 20)

    def test_a_secret_that_others_can_read_is_not_used(self):
        rig = self.rig(rate=20)
        self.broker(rig).start()
        with open(rig.folder / "gateway.toml", "a") as file:
            file.write(self.secret(rig, mode=0o644))
        rig.start()
        self.assertEqual(rig.sinks()["mes"]["state"], "failed")
        self.assertIn("mode 644", rig.sinks()["mes"]["reason"])

    def test_the_state_is_kept_by_the_broker_and_a_dead_gateway_is_offline(self):
        rig = self.rig(rate=20)
        broker = self.broker(rig).start()
        reader = self.reader(broker)
        rig.start()
        await_("the state", lambda: "no_model" in reader.states)
        rig.fit()
        await_("the state", lambda: reader.states[-1] == "inspecting")
        rig.send("fsacd", signal.SIGSTOP)
        await_("not known", lambda: reader.states[-1] == "not_known")
        rig.send("fsacd", signal.SIGCONT)
        await_("known again", lambda: reader.states[-1] == "inspecting")
        rig.send("fsac-gateway", signal.SIGKILL)
        await_("the will", lambda: reader.states[-1] == "offline")
        rig.start("fsac-gateway")
        await_("known again", lambda: reader.states[-1] == "inspecting")
        rig.send("fsac-gateway", signal.SIGTERM)
        await_("the end", lambda: reader.states[-1] == "stopped")
        self.assertEqual(rig.programs["fsac-gateway"].wait(10), 0)
        time.sleep(6)
        self.assertEqual(reader.states[-1], "stopped")
        answer = subprocess.run(["mosquitto_sub", "-V", "5", "-p", str(broker.port), "-t", "fsac/+/state", "-C", "1", "-W", "5"],
                                capture_output=True, text=True)
        self.assertEqual(json.loads(answer.stdout), {"state": "stopped", "station": "press-4"})

    def test_a_broker_that_hangs_is_left_and_nothing_is_lost(self):
        rig = self.rig(rate=20)
        broker = self.broker(rig).start()
        reader = self.reader(broker)
        rig.start()
        await_("lines", lambda: len(reader.verdicts) > 20)
        broker.program.send_signal(signal.SIGSTOP)
        stopped = rig.last_sequence()
        await_("that it is left", lambda: rig.sinks()["mes"]["state"] == "unreachable")
        # The line goes on meanwhile.
        await_("lines", lambda: rig.last_sequence() > stopped + 50)
        broker.program.send_signal(signal.SIGCONT)
        await_("lines", lambda: reader.verdicts[-1][1] >= stopped + 50)
        rig.stop("fsacd")
        self.check_arrived(rig, reader, doubles=100)

    def test_another_client_of_the_same_name_is_said_in_words(self):
        """Mosquitto 2.0.11 throws the first one out without a reason."""
        rig = self.rig(rate=20)
        broker = self.broker(rig).start()
        rig.start()
        for _ in range(3):
            await_("a connection", lambda: rig.sinks()["mes"]["state"] == "delivering")
            subprocess.run(["mosquitto_pub", "-V", "5", "-p", str(broker.port), "-i", "fsac-press-4-mes", "-t", "x", "-m", "y"],
                           check=True)
            await_("the other one", lambda: rig.sinks()["mes"]["state"] == "unreachable")
        self.assertIn("is another client with the same station and sink name there?", rig.sinks()["mes"]["reason"])

    def test_another_journal_is_told_and_delivered_from_its_beginning(self):
        rig = self.rig(rate=20)
        broker = self.broker(rig).start()
        reader = self.reader(broker)
        rig.start()
        await_("lines", lambda: len(reader.verdicts) > 20)
        rig.stop("fsacd")
        self.check_arrived(rig, reader)
        old, last = reader.verdicts[-1]
        shutil.rmtree(rig.folder / "state")
        rig.start("fsacd")
        await_("lines of the new journal", lambda: reader.verdicts[-1][0] != old)
        rig.stop("fsacd")
        self.check_arrived(rig, reader)
        self.assertIn({"journal": old, "station": "press-4", "type": "gap", "of": "verdicts", "from": last + 1}, reader.gaps)


def end_of(body):
    """When a verdict was there, by its line."""
    whole, fraction = re.fullmatch(r"(.*)\.(\d+)Z", body["time"]).groups()
    stamp = time.mktime(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) - time.timezone
    return stamp + float(f"0.{fraction}") + body["latency_ms"]["total"] / 1000
