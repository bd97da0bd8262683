"""Debian's mosquitto with access list, passwords and TLS, and paho-mqtt as who reads what a gateway publishes."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import threading
import time

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from loopback import await_, free_port

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
SETTINGS = """
listener {port} 127.0.0.1
persistence true
persistence_location {folder}/
max_queued_messages 0
log_dest file {folder}/broker.log
allow_anonymous {anonymous}
"""
# Everything acknowledged is on the disk soon: who reads finds its subscription again after a kill.
SAVING = """
autosave_interval 1
autosave_on_changes true
"""
READER = ("reader", "hunter2")
GATEWAY = ("fsac", "Tr0ub4dor")


class Mosquitto:
    """A broker's program by the mosquitto.conf of `folder`."""

    program = None

    def set_password(self, user, password):
        users = self.folder / "users"
        subprocess.run(["mosquitto_passwd", "-b", *([] if users.exists() else ["-c"]), users, user, password],
                       check=True, stderr=subprocess.DEVNULL)

    def write_settings(self, text):
        # A broker that is started by root becomes another user, who may not read the folder.
        text += "user root\n" if os.getuid() == 0 else ""
        (self.folder / "mosquitto.conf").write_text(text)

    def start(self):
        self.program = subprocess.Popen([MOSQUITTO, "-c", self.folder / "mosquitto.conf"])
        return self

    def kill(self):
        self.program.kill()
        self.program.wait()

    def end(self):
        if self.program and self.program.poll() is None:
            self.program.send_signal(signal.SIGCONT)
            self.kill()


class Broker(Mosquitto):
    def __init__(self, folder, acl=None, tls=None, is_saving=False):
        """acl: lines of an access list for the user of the gateway; with one there are passwords. tls: a Certificates.
        is_saving: a kill loses no subscription."""
        self.folder = pathlib.Path(folder) / "broker"
        self.folder.mkdir()
        self.port, self.tls, self.has_users = free_port(), tls, acl is not None
        text = SETTINGS.format(port=self.port, folder=self.folder, anonymous="false" if self.has_users else "true")
        text += SAVING if is_saving else ""
        if self.has_users:
            self.allow(acl)
            for user, password in (READER, GATEWAY):
                self.set_password(user, password)
            text += f"acl_file {self.folder}/acl\npassword_file {self.folder}/users\n"
        if tls:
            text += f"cafile {tls.ca}\ncertfile {tls.certificate}\nkeyfile {tls.key}\n"
        self.write_settings(text)

    def allow(self, acl):
        (self.folder / "acl").write_text(f"user {READER[0]}\ntopic readwrite #\nuser {GATEWAY[0]}\n{acl}\n")
        if self.program:
            self.program.send_signal(signal.SIGHUP)


class Certificates:
    """A certificate authority, and a broker's certificate of it for the name localhost."""

    def __init__(self, folder, name="ca"):
        folder = pathlib.Path(folder)
        self.ca, self.certificate, self.key = (folder / f"{name}.{end}" for end in ("pem", "broker.pem", "broker.key"))
        new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        authority = folder / f"{name}.key"
        for command in [
            [*new, "-keyout", authority, "-out", self.ca, "-subj", f"/CN={name}"],
            [*new, "-keyout", self.key, "-out", self.certificate, "-subj", "/CN=localhost", "-CA", self.ca, "-CAkey",
             authority, "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=CA:FALSE"],
        ]:
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


class Reader:
    """Keeps its subscription over connections, and notes what comes in its order."""

    def __init__(self, broker, topics=("fsac/#",)):
        self.verdicts, self.gaps, self.events, self.states, self.delays, self.messages = [], [], [], [], [], []
        self.bridge, self.statistics, self.answers, self.anchors = [], [], [], []
        self.is_there = threading.Event()
        self.client = Client(CallbackAPIVersion.VERSION2, client_id="reader", protocol=MQTTv5)
        self.client.on_connect = lambda client, *_: client.subscribe([(topic, 1) for topic in topics])
        self.client.on_subscribe = lambda *_: self.is_there.set()
        self.client.on_disconnect = lambda *_: self.is_there.clear()
        self.client.on_message = self.note
        self.client.reconnect_delay_set(1, 1)
        if broker.has_users:
            self.client.username_pw_set(*READER)
        if broker.tls:
            self.client.tls_set(ca_certs=str(broker.tls.ca))
        session = Properties(PacketTypes.CONNECT)
        session.SessionExpiryInterval = 3600
        self.client.connect_async("localhost" if broker.tls else "127.0.0.1", broker.port, clean_start=False, properties=session)
        self.client.loop_start()
        await_("the reader", self.is_there.is_set)

    def note(self, _client, _user, message):
        now = time.time()
        body = json.loads(message.payload)
        self.messages.append((message.topic, body, message.retain, dict(getattr(message.properties, "UserProperty", []))))
        match message.topic.split("/"):
            case ["bridge", _]: self.bridge.append(str(body))
            case [_, _, _, "verdict"]:
                self.verdicts.append((body["journal"], body["seq"]))
                self.delays.append((now, body))
            case [_, _, "gap"]: self.gaps.append(body)
            case [_, _, "state"]: self.states.append(body["state"])
            case [_, _, "event" | "alarm"]: self.events.append(body)
            case [_, _, "anchor"]: self.anchors.append(body)
            case [_, _, "statistics"]: self.statistics.append(body)
            case [_, _, "answer"]: self.answers.append((getattr(message.properties, "CorrelationData", None), body))

    def has(self, journal, number):
        return (journal, number) in self.verdicts[-1000:]

    def end(self):
        self.client.disconnect()
        self.client.loop_stop()
