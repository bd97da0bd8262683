"""What somebody at the page decides of the next parts: recipe, lot, and a part that is inspected now (test_page.py)."""
import http.client
import http.server
import json
import shutil
import threading
import time
import unittest

from browser import LANGUAGES, WORDS, Browser
from line import Line, await_, replayed

DECIDED = ["recipe", "lot", "trigger"]
# Of what is open at the top: whether it is on the screen, large enough, apart from each other, and above the question.
PLACES = """
const boxes = (selector) => [...document.querySelectorAll(selector)].map((e) => e.getBoundingClientRect()).filter((r) => r.width);
const [panel] = boxes('#actions'), [asked] = boxes('#acknowledge'), [tile] = boxes('.tile');
const targets = boxes('#actions button, #actions input, #acknowledge button');
const apart = (a, b) => a === b || Math.max(b.left - a.right, a.left - b.right, b.top - a.bottom, a.top - b.bottom) >= 16;
return {
  seen: panel.left >= 0 && panel.right <= innerWidth && asked.bottom <= innerHeight && panel.width > 300,
  whole: [...document.querySelectorAll('#actions, #acknowledge')].every((e) =>
    e.scrollHeight <= e.clientHeight + 1 && e.scrollWidth <= e.clientWidth + 1),
  large: targets.every((r) => r.height >= 76 && r.width >= 76),
  apart: targets.every((a) => targets.every((b) => apart(a, b))),
  elsewhere: panel.bottom <= asked.top,
  tile: innerHeight > innerWidth || panel.left >= tile.right || panel.top >= tile.bottom,
  legible: [...document.querySelectorAll('#actions *, #acknowledge *')].every((e) => parseFloat(getComputedStyle(e).fontSize) >= 18),
};
"""


class OtherSite(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Another site</title>")

    def log_message(self, *_):
        pass


class DecisionTest(unittest.TestCase):
    """What the next parts are: of a camera that is asked for each part, and of one that is not."""

    @classmethod
    def setUpClass(cls):
        cls.line = Line(camera=replayed(20, "software"), allowed=DECIDED)
        cls.addClassCleanup(cls.line.end)
        for picture in cls.line.normals + [next(cls.line.good) for _ in range(10)]:
            shutil.copy(picture, cls.line.folder / "parts/camera1")
        cls.line.start()
        cls.line.fit()
        for name in ["cap", "lid"]:
            assert cls.line.control("recipe", "copy", "textile", name).returncode == 0
        cls.browser = Browser(1024, 600)
        cls.addClassCleanup(cls.browser.end)

    def setUp(self):
        self.open(self.line)

    def open(self, line, language="en"):
        self.browser.open(line.actions_url, language)
        await_("what may be decided", lambda: not self.browser.run("return document.getElementById('act').hidden"))
        self.browser.click("#act")

    def mean(self, words, name="Jürgen <17>"):
        """Answers the question at the bottom of the screen."""
        await_("the question", lambda: self.browser.text("#acknowledge p") == words)
        self.browser.run("document.querySelector('#acknowledge input').value = arguments[0]", name)
        self.browser.click("#acknowledge .yes")

    def test_another_recipe_is_chosen_in_two_places_by_somebody_with_a_name(self):
        before = len(self.line.changes())
        choices = "return [...document.querySelectorAll('#actions .choices button')].map((e) => [e.innerText, e.disabled])"
        await_("the recipes", lambda: self.browser.run(choices) == [["textile: in use", True], ["cap", False], ["lid", False]])
        self.browser.click("#actions .choices button:nth-child(2)")
        self.browser.click("#acknowledge .no")
        self.assertEqual(len(self.line.changes()), before)
        self.browser.click("#actions .choices button:nth-child(2)")
        self.mean("camera1: recipe cap from the next part on?")
        await_("what came of it", lambda: self.browser.text("#actions .so") == WORDS["en"]["recorded"])
        await_("it on the page", lambda: "Recipe cap" in self.browser.text(".camera .recipe"))
        event = self.line.changes()[-1]
        self.assertEqual([event["event"], event["name"], event["after"]], ["recipe_use", "Jürgen <17>", {"recipe": "cap"}])
        self.assertEqual(self.line.status()["cameras"][0]["recipe"], "cap")
        await_("the others", lambda: self.browser.run(choices)[:2] == [["textile", False], ["cap: in use", True]])
        self.browser.click("#actions .choices button:nth-child(1)")
        self.mean("camera1: recipe textile from the next part on?")
        await_("the one of before", lambda: self.line.status()["cameras"][0]["recipe"] == "textile")

    def test_a_lot_is_begun_by_a_code_that_ends_with_enter_and_ended(self):
        self.browser.run("document.querySelector('#actions input').focus()")
        for key in [*"L-<22>", "Enter"]:
            self.browser.press(key)
        self.mean("camera1: are the next parts of lot L-<22>?", name="")
        await_("it on the page", lambda: "Lot L-<22>" in self.browser.text(".camera .recipe"))
        self.assertEqual(json.loads(self.line.control("lot", "--json").stdout), {"lots": [{"camera": "camera1", "lot": "L-<22>"}]})
        verdict = json.loads(self.line.control("trigger", "--json").stdout)["inspection"]
        self.assertEqual(verdict["lot"], "L-<22>")
        await_("its end", lambda: not self.browser.run("return document.querySelector('#actions .end').hidden"))
        self.browser.click("#actions .end")
        self.mean("camera1: are the next parts of no lot?")
        await_("no lot", lambda: "Lot" not in self.browser.text(".camera .recipe"))
        self.assertEqual([(event["event"], event["after"]) for event in self.line.changes()[-2:]], [("lot", {"lot": "L-<22>"}), ("lot", {})])
        # None is begun without a name.
        self.browser.click("#actions .begin")
        self.assertTrue(self.browser.run("return document.getElementById('acknowledge').hidden"))

    def test_a_part_is_inspected_now_and_its_verdict_is_shown(self):
        number = self.line.status()["storage"]["last_seq"]
        self.browser.click("#actions .now")
        self.mean("camera1: inspect the part that is there now?")
        said = await_("its verdict", lambda: (words := self.browser.text("#actions .so")) != WORDS["en"]["oneMoment"] and words)
        verdict = self.line.history()[-1]
        self.assertEqual(verdict["seq"], number + 1)
        self.assertRegex(said, rf"^Part {verdict['seq']}, .*: {verdict['verdict']}$")
        self.browser.await_part(verdict["seq"])
        event = self.line.changes()[-1]
        self.assertEqual([event["event"], event["camera"], event["name"]], ["trigger", "camera1", "Jürgen <17>"])
        # The command line needs no event: the verdict's line tells.
        self.line.control("trigger")
        self.assertEqual(self.line.changes()[-1]["seq"], event["seq"])

    def test_it_has_room_on_each_screen_and_rests_beside_the_tile(self):
        for width, height in [(1024, 600), (1280, 800), (1920, 1080), (1080, 1920), (768, 1024)]:
            self.browser.resize(width, height)
            for language in LANGUAGES:
                self.open(self.line, language)
                await_("the recipes", lambda: self.browser.run("return document.querySelectorAll('#actions .choices button').length") == 3)
                self.browser.click("#actions .choices button:nth-child(3)")
                places = self.browser.run(PLACES)
                self.assertEqual([name for name, holds in places.items() if not holds], [], f"{width} x {height}, {language}")
                beyond = self.browser.run("const e = document.documentElement; return e.scrollWidth > innerWidth || e.scrollHeight > innerHeight")
                self.assertFalse(beyond, f"{width} x {height}, {language}")
                self.assertEqual(self.browser.violations(), [], f"{width} x {height}, {language}")
                self.assertNotRegex(self.browser.text("body"), r"\{\w+\}")
        self.browser.resize(1024, 600)

    def test_it_is_opened_and_closed_by_the_keyboard_and_by_nobody(self):
        self.browser.run("document.querySelector('#actions .now').focus()")
        self.browser.press("Escape")
        self.assertTrue(self.browser.run("return document.getElementById('actions').hidden"))
        self.assertEqual(self.browser.run("return document.activeElement.id"), "act")
        self.browser.press("Enter")
        self.assertEqual(self.browser.run("return [document.getElementById('actions').hidden, document.activeElement.ariaExpanded]"), [False, "true"])
        # After a minute.
        time.sleep(50)
        self.assertFalse(self.browser.run("return document.getElementById('actions').hidden"))
        await_("its end", lambda: self.browser.run("return document.getElementById('actions').hidden"))

    def test_what_is_not_possible_says_why(self):
        line = Line(["left", "right"], allowed=DECIDED)
        self.addCleanup(line.end)
        line.start()
        self.open(line)
        await_("which camera", lambda: self.browser.text("#actions .so") == WORDS["en"]["chooseCamera"])
        self.assertEqual(self.browser.run("return [...document.querySelectorAll('#actions button')].filter((e) => e.offsetParent).length"), 0)
        self.browser.click(".choose")
        await_("its recipes", lambda: self.browser.text("#actions [data-action=recipe] .why") == WORDS["en"]["onlyRecipe"])
        self.assertEqual(self.browser.text("#actions [data-action=trigger] .why"), WORDS["en"]["notTriggered"])
        self.assertTrue(self.browser.run("return document.querySelector('#actions .now').hidden"))
        self.assertEqual(line.control("recipe", "copy", "textile", "cap").returncode, 0)
        await_("one without a model", lambda: self.browser.text("#actions .choices button:nth-child(2)") == "cap: no model")
        self.assertTrue(self.browser.run("return document.querySelector('#actions .choices button:nth-child(2)').disabled"))
        # What the daemon refuses stands there in its words.
        self.browser.run("document.querySelector('#actions input').value = '\u202egpj'")
        self.browser.click("#actions .begin")
        self.mean("left: are the next parts of lot \ufffdgpj?")
        await_("the refusal", lambda: self.browser.text("#actions .so").startswith(WORDS["en"]["notRecorded"] + " lot: expected"))
        self.assertEqual(line.changes(), [])
        # A page that only looks, or where less may be done, offers no more than that.
        self.browser.open(line.url)
        time.sleep(1)
        self.assertTrue(self.browser.run("return document.getElementById('act').hidden"))
        self.browser.complaints()

    def test_nobody_elses_page_decides_anything(self):
        """Each request as the page makes it, but for one thing; and by a browser from another site's page."""
        port, before = self.line.actions, self.line.changes()
        requests = [
            ("PUT", "/v1/lots", {"camera": "camera1", "lot": "X"}), ("POST", "/v1/recipes/use", {"camera": "camera1", "recipe": "cap"}),
            ("POST", "/v1/trigger", {"camera": "camera1"}),
        ]
        own = {"Content-Type": "application/json", "X-Fsac": "1", "Sec-Fetch-Site": "same-origin", "Host": f"127.0.0.1:{port}",
               "Origin": f"http://127.0.0.1:{port}"}
        other = [{"Host": f"evil.example:{port}", "Origin": f"http://evil.example:{port}"}, {"Origin": "http://evil.example"}, {"Origin": "null"},
                 {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Content-Type": "text/plain"}, {"X-Fsac": "0"}]
        hostile = [{**own, **change} for change in other] + [{k: v for k, v in own.items() if k != left} for left in own if left != "Host"]
        last = self.line.status()["storage"]["last_seq"]
        for method, path, body in requests:
            for headers in hostile:
                self.assertIn(self.answered(port, method, path, body, headers), [403, 421], f"{path} {headers}")
            self.assertIn(self.answered(self.line.port, method, path, body, {**own, "Host": f"127.0.0.1:{self.line.port}"}), [404, 405])
        # What is on no list, as the page itself would ask for it.
        for method, path in [("PUT", "/v1/limit"), ("POST", "/v1/normals"), ("POST", "/v1/reload"), ("POST", "/v1/models/rollback"),
                             ("POST", "/v1/recipes/copy"), ("POST", "/v1/judgements"), ("POST", "/v1/alarms/acknowledge"), ("DELETE", "/v1/lots")]:
            self.assertIn(self.answered(port, method, path, {}, own), [403, 404, 405], path)
        site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), OtherSite)
        self.addCleanup(site.server_close)
        self.addCleanup(site.shutdown)
        threading.Thread(target=site.serve_forever, daemon=True).start()
        self.browser.driver.get(f"http://localhost:{site.server_port}/")
        tried = self.browser.driver.execute_async_script("""
            const [at, requests, done] = arguments;
            const ways = [
              { mode: 'no-cors' }, { headers: { 'Content-Type': 'application/json', 'X-Fsac': '1' } }, { mode: 'cors', credentials: 'include' },
            ];
            const form = (path, body) => {
              const [frame, form, field] = ['iframe', 'form', 'input'].map((name) => document.createElement(name));
              Object.assign(form, { target: 'f', method: 'post', action: at + path, enctype: 'text/plain' });
              [frame.name, field.name] = ['f', JSON.stringify(body)];
              form.append(field); document.documentElement.append(frame, form); form.submit();
            };
            Promise.all(requests.flatMap(([method, path, body]) => {
              form(path, body);
              return ways.map((way) => fetch(at + path, { method: way.mode === 'no-cors' ? 'POST' : method, body: JSON.stringify(body), ...way })
                .then(({ type, ok }) => type !== 'opaque' && ok, () => false));
            })).then((got) => setTimeout(() => done(got), 500));""", f"http://127.0.0.1:{port}", requests)
        self.assertEqual(tried, [False] * 9)
        self.assertEqual(self.line.changes(), before)
        self.assertEqual(self.line.status()["storage"]["last_seq"], last)
        # As the page asks for it, it is done: it was not for something else that nothing was.
        self.assertEqual(self.answered(port, *requests[2], own), 200)
        self.assertNotEqual(self.line.changes(), before)
        self.browser.complaints()

    def answered(self, port, method, path, body, headers):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.putrequest(method, path, skip_host=True)
            text = json.dumps(body)
            for name, value in {**headers, "Content-Length": str(len(text))}.items():
                connection.putheader(name, value)
            connection.endheaders(text.encode())
            return connection.getresponse().status
        finally:
            connection.close()
