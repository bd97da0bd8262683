"""Webhooks against a web server that fails by plan, and programs that answer, or do not.

KILLS in the environment says how often the gateway is killed meanwhile: half of it."""
import hashlib
import hmac
import http.server
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import unittest

from loopback import BIN
from rig import Rig, await_

KILLS = int(os.environ.get("KILLS") or 6) // 2
SECRET = "a key of the plant"


class Receiver:
    """Does with each request what `plan` says: a status, "hang", or "cut" (taken, and the answer is lost)."""

    def __init__(self, plan):
        self.plan, self.requests, self.taken, self.elsewhere, self.kept, self.changed = plan, [], [], 0, {}, []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path != "/fsac":
                    receiver.elsewhere += 1
                receiver.answer(self, body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        # A gateway that is killed resets its connection.
        self.server.handle_error = lambda *_: None
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request, body):
        key = request.headers["Idempotency-Key"]
        action = self.plan(body)
        self.requests.append((key, action))
        # One key, one body, however often it comes.
        if self.kept.setdefault(key, body) != body:
            self.changed.append(key)
        expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        if request.headers["Fsac-Signature"] != f"sha256={expected}":
            action = 401
        if action == "hang":
            time.sleep(3)
        if action == "cut" or isinstance(action, int) and action < 300:
            self.taken += [json.loads(line) for line in body.splitlines()]
        if not isinstance(action, int):
            request.close_connection = True
            return
        request.send_response(action)
        if action == 302:
            request.send_header("Location", f"http://127.0.0.1:{self.port}/elsewhere")
        if action == 429:
            request.send_header("Retry-After", "2")
        request.send_header("Content-Length", "0")
        request.end_headers()

    def numbers(self):
        return [line["seq"] for line in list(self.taken) if "verdict" in line]

    def end(self):
        self.server.shutdown()
        self.server.server_close()


class Sinks(unittest.TestCase):
    def rig(self, sink, **how):
        rig = Rig(tables=f'\n[[sink]]\nname = "qms"\nfrom = "start"\n{sink}\n', trigger="continuous", **how)
        self.addCleanup(rig.end)
        (rig.folder / "secret").write_text(SECRET)
        (rig.folder / "secret").chmod(0o600)
        return rig

    def check_arrived(self, rig, numbers):
        rig.stop("fsacd")
        last = rig.journal()[-1]["seq"]
        # The newest of them come when there is a daemon again.
        rig.start("fsacd")
        await_("the last line", lambda: last in numbers()[-1000:])
        expected = [line["seq"] for line in rig.journal() if line["seq"] <= last]
        found = list(dict.fromkeys(number for number in numbers() if number <= last))
        self.assertEqual(found, expected)
        return len(found), len(numbers()) - len(set(numbers()))


class WebhookTest(Sinks):
    def receiver(self, plan):
        receiver = Receiver(plan)
        self.addCleanup(receiver.end)
        return receiver

    def web(self, receiver, more=""):
        return self.rig(f'kind = "webhook"\nurl = "http://127.0.0.1:{receiver.port}/fsac"\nbatch = 20\ntimeout_s = 2\n'
                        f'secret_file = "{{folder}}/secret"\n{more}', rate=50)

    def test_a_receiver_that_fails_by_plan_gets_every_line_in_order(self):
        chance = random.Random(5)
        failures = [500, 302, 429, "cut", "hang", 503, "cut", 408]
        receiver = self.receiver(lambda _: failures.pop(0) if failures and chance.random() < 0.4 else 200)
        rig = self.web(receiver).start()
        for _ in range(KILLS):
            before = len(receiver.taken)
            await_("lines", lambda: len(receiver.taken) > before + 50)
            rig.send("fsac-gateway", signal.SIGKILL)
            rig.start("fsac-gateway")
        await_("all failures", lambda: not failures)
        lines, doubles = self.check_arrived(rig, receiver.numbers)
        self.assertEqual(receiver.elsewhere, 0)
        self.assertEqual(receiver.changed, [])
        self.assertNotIn(SECRET, rig.log("fsac-gateway"))
        print(f"\n{lines} lines, 8 failures, {KILLS} kills of the gateway: 0 missing, in order, {doubles} doubles",
              file=sys.stderr)

    def test_what_is_refused_is_put_aside_and_can_be_sent_again(self):
        is_strict = True
        receiver = self.receiver(lambda body: 422 if is_strict and b'"seq":7,' in body else 200)
        rig = self.web(receiver).start()
        await_("later lines", lambda: any(number > 100 for number in receiver.numbers()))
        self.assertNotIn(7, receiver.numbers())
        aside = list((rig.folder / "gateway/refused/qms").iterdir())
        self.assertEqual(len(aside), 1)
        await_("the count", lambda: rig.sinks()["qms"].get("put_aside"))
        gateway = [BIN / "fsac-gateway", "--config", rig.folder / "gateway.toml"]
        self.assertIn("fsac-gateway --resend qms", subprocess.run([*gateway, "--status"], capture_output=True, text=True).stdout)
        self.assertEqual(sum(1 for _, action in receiver.requests if action == 422), 3)
        self.assertEqual(subprocess.run([*gateway, "--resend", "qms"], capture_output=True).returncode, 1)
        is_strict = False
        answer = subprocess.run([*gateway, "--resend", "qms"], capture_output=True, text=True)
        self.assertEqual(answer.returncode, 0, answer.stdout)
        self.assertIn(7, receiver.numbers())
        self.assertEqual(list((rig.folder / "gateway/refused/qms").iterdir()), [])

    def test_with_stop_nothing_is_passed_over(self):
        is_strict = True
        receiver = self.receiver(lambda body: 422 if is_strict and b'"seq":7,' in body else 200)
        rig = self.web(receiver, 'on_refused = "stop"').start()
        await_("refusals", lambda: sum(1 for _, action in receiver.requests if action == 422) > 3)
        self.assertEqual(rig.sinks()["qms"]["state"], "refused")
        self.assertNotIn(30, receiver.numbers())
        is_strict = False
        self.check_arrived(rig, receiver.numbers)


# Notes each line before it answers; does wrong what it is told to do wrong at its 5th line.
PROGRAM = """#!/usr/bin/env python3
import json, os, sys, time
folder = os.path.dirname(os.path.abspath(__file__))
run = len([name for name in os.listdir(folder) if name.startswith("run-")])
open(f"{folder}/run-{run}", "w").close()
for count, line in enumerate(sys.stdin, 1):
    line = json.loads(line)
    if count == 5 and run < 4:
        if run == 0: sys.exit(3)
        if run == 1: print("thanks", flush=True)
        if run == 2: time.sleep(60)
        if run == 3: os.close(1)
        time.sleep(60)
    with open(f"{folder}/noted", "a") as file:
        file.write(f"{line.get('seq', 0)}\\n")
    print(line.get("seq", line.get("from")), flush=True)
"""


class ExecTest(Sinks):
    def test_a_program_that_ends_answers_wrongly_or_hangs_gets_every_line_in_order(self):
        rig = self.rig('kind = "exec"\ncommand = ["{folder}/lamp/lamp"]', rate=20)
        (rig.folder / "lamp").mkdir()
        (rig.folder / "lamp/lamp").write_text(PROGRAM)
        (rig.folder / "lamp/lamp").chmod(0o755)
        rig.start()
        noted = rig.folder / "lamp/noted"

        def numbers():
            lines = noted.read_text().split("\n")[:-1] if noted.exists() else []
            return [int(line) for line in lines if line != "0"]

        await_("the fifth run", lambda: (rig.folder / "lamp/run-4").exists())
        lines, doubles = self.check_arrived(rig, numbers)
        log = rig.log("fsac-gateway")
        for words in ("ended with status 3", 'answered "thanks"', "acknowledged nothing for 10 s"):
            self.assertIn(words, log)
        print(f"\n{lines} lines to a program that failed four times: 0 missing, in order, {doubles} doubles", file=sys.stderr)

    def test_a_program_that_is_not_there_is_said(self):
        rig = self.rig('kind = "exec"\ncommand = ["{folder}/nothing"]', rate=20).start()
        await_("the words", lambda: "no such file" in rig.sinks()["qms"].get("reason", "").lower())
