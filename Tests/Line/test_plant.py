"""The brokers of packaging/plant/mosquitto: a plant's, and one further up that it is bridged to, with the real gateway."""
import pathlib
import threading
import unittest

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from broker import READER, Certificates, Mosquitto, Reader
from loopback import ROOT, free_port
from rig import Rig, await_

SHIPPED = ROOT / "packaging/plant/mosquitto"
USERS = {"press-4": "Tr0ub4dor", "plant-1": "change-me", READER[0]: READER[1]}
SINK = """
[[sink]]
name = "mes"
kind = "mqtt"
from = "start"
url = "mqtts://localhost:{mqtt}"
user = "press-4"
password_file = "{{folder}}/password"
ca = "{ca}"
"""


class ShippedBroker(Mosquitto):
    """A broker by the files as they are shipped, but for places, names of computers and who reads."""

    has_users = True

    def __init__(self, folder, tls, acl, bridge_to=None):
        self.folder, self.tls, self.port = pathlib.Path(folder), tls, free_port()
        self.folder.mkdir()
        text = self.shipped("plant.conf", {
            "listener 8883": f"listener {self.port} 127.0.0.1",
            "/etc/mosquitto/ca_certificates/plant-ca.pem": tls.ca, "/etc/mosquitto/certs/broker.pem": tls.certificate,
            "/etc/mosquitto/certs/broker.key": tls.key, "password_file /etc/mosquitto/users": f"password_file {self.folder}/users",
            "acl_file /etc/mosquitto/acl": f"acl_file {self.folder}/acl"})
        if bridge_to:
            text += self.shipped("bridge.conf", {
                "broker.company.example:8883": f"localhost:{bridge_to.port}",
                "/etc/mosquitto/ca_certificates/company-ca.pem": bridge_to.tls.ca})
        # As Debian's mosquitto.conf has it.
        text += f"persistence true\npersistence_location {self.folder}/\nlog_dest file {self.folder}/broker.log\n"
        self.write_settings(text)
        (self.folder / "acl").write_text(acl)
        for user, password in USERS.items():
            self.set_password(user, password)

    @staticmethod
    def shipped(name, replacements):
        text = (SHIPPED / name).read_text()
        for old, new in replacements.items():
            assert text.count(old) == 1, f"{name}: expected '{old}' once"
            text = text.replace(old, str(new))
        return text


class PlantBrokersTest(unittest.TestCase):
    def setUp(self):
        self.rig = Rig(rate=20, trigger="continuous", tables="\n")
        self.addCleanup(self.rig.end)
        folder = self.rig.folder
        self.company = ShippedBroker(folder / "company", Certificates(folder, "company"),
                                     "user plant-1\ntopic write fsac/#\ntopic write bridge/plant-1\n"
                                     f"user {READER[0]}\ntopic read fsac/#\ntopic read bridge/#\n")
        self.plant = ShippedBroker(folder / "plant", Certificates(folder, "plant"),
                                   ShippedBroker.shipped("acl", {"user mes": f"user {READER[0]}"}), bridge_to=self.company)
        (folder / "password").write_text(USERS["press-4"])
        (folder / "password").chmod(0o600)
        with open(folder / "gateway.toml", "a") as file:
            file.write(SINK.format(mqtt=self.plant.port, ca=self.plant.tls.ca).replace("{folder}", str(folder)))
        for broker in (self.company, self.plant):
            self.addCleanup(broker.end)
            broker.start()

    def reader(self, broker):
        reader = Reader(broker, topics=("fsac/#", "bridge/#"))
        self.addCleanup(reader.end)
        return reader

    def test_lines_arrive_further_up_over_kills_but_for_a_brokers_last_second_and_a_silent_plant_is_said(self):
        reader = self.reader(self.company)
        self.rig.start()
        await_("lines", lambda: len(reader.verdicts) > 40)
        _, body, retain, properties = next(message for message in reader.messages if message[0].endswith("/verdict"))
        self.assertEqual((properties["seq"], properties["journal"], retain), (str(body["seq"]), body["journal"], False))
        last_seconds = set()
        for broker in (self.company, self.plant):
            before = self.rig.journal()[-1]["seq"]
            last_seconds |= {*range(before - 20, before + 2)}
            broker.kill()
            await_("lines without it", lambda: self.rig.journal()[-1]["seq"] > before + 20)
            broker.start()
            await_("the reader", reader.is_there.is_set)
        journal, last = self.rig.journal_id(), self.rig.journal()[-1]["seq"]
        await_("the last line", lambda: reader.has(journal, last))
        # A broker that is killed sends what it still had after what is new, and may lose what it had not yet put on its disk.
        expected = {(journal, line["seq"]) for line in self.rig.journal() if line["seq"] <= last and line["seq"] not in last_seconds}
        await_("every line", lambda: expected <= set(reader.verdicts))
        await_("the bridge's sign of life", lambda: reader.bridge[-1] == "1")
        self.plant.kill()
        await_("the bridge's end", lambda: reader.bridge[-1] == "0")

    def test_a_station_writes_below_its_own_name_alone_and_nobody_comes_without_a_name(self):
        reader = self.reader(self.plant)
        answers = {}

        def publish(user, topic, message):
            there, taken = threading.Event(), threading.Event()
            client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
            client.tls_set(ca_certs=str(self.plant.tls.ca))
            if user:
                client.username_pw_set(user, USERS[user])
            client.on_connect = lambda _c, _u, _f, reason, _p: (answers.setdefault("connect", reason.value), there.set())
            client.on_publish = lambda _c, _u, _m, reason, _p: (answers.update(publish=reason.value), taken.set())
            client.connect("localhost", self.plant.port)
            client.loop_start()
            self.addCleanup(client.loop_stop)
            self.assertTrue(there.wait(20))
            answer = answers.pop("connect")
            if answer == 0:
                client.publish(topic, message, qos=1)
                self.assertTrue(taken.wait(20))
                answer = answers.pop("publish")
            client.disconnect()
            return answer

        not_authorised, success, nobody_there = 0x87, 0x00, 0x10
        self.assertEqual(publish(None, "fsac/press-4/state", '{"state":"Ready"}'), not_authorised)
        self.assertEqual(publish("press-4", "fsac/press-5/state", '{"state":"Ready"}'), not_authorised)
        self.assertEqual(publish(READER[0], "fsac/press-4/state", '{"state":"Ready"}'), not_authorised)
        self.assertIn(publish("press-4", "fsac/press-4/state", '{"state":"stopped"}'), (success, nobody_there))
        await_("its own state", lambda: reader.states)
        self.assertEqual(reader.states, ["stopped"])
