#!/usr/bin/env python3
"""What an operator sees of the line: tests of the page in a real browser, against the real daemon (run.sh)."""
import json
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import states
from browser import LANGUAGES, WORDS, Browser
from decisions import DecisionTest
from line import BIN, MODELS, PICTURES, ROOT, Line, await_

HOSTILE = [
    "<img src=x onerror=window.hit=1>.jpg", "<script>window.hit=1<!--script>.jpg", "\"><svg onload=window.hit=1>.jpg",
    "'};window.hit=1;{'.jpg", "{time} {seq} ${window.hit=1}.jpg", "\u202egpj.ko.jpg", "&lt;b&gt;&#x3c;i&#x3e;.jpg", "a" * 200 + ".jpg",
]


class PageTest(unittest.TestCase):
    """One line and one browser for all: each test leaves them as it found them."""

    @classmethod
    def setUpClass(cls):
        cls.line = Line()
        cls.addClassCleanup(cls.line.end)
        cls.line.start()
        cls.line.fit()
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.end)

    def setUp(self):
        self.browser.open(self.line.url)
        self.addCleanup(lambda: self.assertEqual(self.browser.complaints(), []))

    def test_each_verdict_is_on_the_tile_by_word_sign_and_score(self):
        for wanted, pictures in [("OK", self.line.good), ("NG", self.line.bad)]:
            verdict = self.line.until(wanted, pictures)
            self.browser.await_part(verdict["seq"])
            self.assertEqual(self.browser.kind(), wanted.lower())
            self.assertEqual(self.browser.text(".said .word"), wanted)
            self.assertEqual(
                self.browser.run("return document.querySelector('.tile use').getAttribute('href')"), f"#sign-{wanted.lower()}")
            self.assertEqual(self.browser.text(".score .value"), f"{verdict['score']:.2f}")
            self.assertIn(f"{verdict['limit']:.2f}", self.browser.text(".score .limit"))
        verdict = self.line.verdict(self.line.dark())
        self.browser.await_part(verdict["seq"])
        self.assertEqual(self.browser.kind(), "invalid")
        self.assertIn("too dark", self.browser.text(".tile .why"))

    def test_the_last_reject_stays_while_good_parts_pass(self):
        reject = self.line.until("NG", self.line.bad)
        for _ in range(3):
            self.line.until("OK", self.line.good)
        await_("its heat map", lambda: self.browser.run(
            "return document.querySelector('.reject img')?.getAttribute('src')")
            == f"/v1/inspections/{reject['seq']}/heatmap")
        self.assertTrue(self.browser.run("return document.querySelector('.reject img').naturalWidth > 0"))
        self.browser.open(self.line.url)
        await_("it after a reload", lambda: f"Part {reject['seq']}," in self.browser.text(".reject .what"))

    def test_the_nearest_good_patch_is_shown_beside_what_is_unusual_in_the_last_reject(self):
        reject = self.line.until("NG", self.line.bad)
        self.browser.await_part(reject["seq"])
        self.browser.run("document.querySelector('.reject .nearest').click()")
        await_("both", lambda: self.browser.run(
            "return document.querySelector('.reject img')?.getAttribute('src')")
            == f"/v1/inspections/{reject['seq']}/nearest")
        shape = self.browser.run("const i = document.querySelector('.reject img'); return [i.naturalWidth, i.naturalHeight, i.alt]")
        self.assertEqual(shape[:2], [648, 320])
        self.assertIn(f"Part {reject['seq']},", shape[2])
        self.assertEqual(self.browser.text(".reject .half.right"), WORDS["en"]["nearestGood"])
        self.assertEqual(self.browser.violations(), [])
        found = json.loads(self.line.control("show", str(reject["seq"]), "--json").stdout)["nearest"]
        self.assertEqual(found["way"], "nearest")
        shots = json.loads(self.line.control("normals", "list", "--json").stdout)["normals"]
        self.assertIn(found["shot"], [shot["sha256"] for shot in shots])

    def test_where_the_rejects_of_the_shift_are_is_drawn_over_the_last_one(self):
        self.browser.await_part(self.line.until("NG", self.line.bad)["seq"])
        # By the keyboard, as everything else.
        self.browser.run("document.querySelector('.reject .fields').focus()")
        self.browser.press("Enter")
        await_("the fields", lambda: self.browser.run("return document.querySelectorAll('.reject svg.fields .field').length"))
        regions = lambda: json.loads(self.line.control("statistics", "--json").stdout)["regions"][0]
        counts = lambda: sorted(count for row in regions()["counts"] for count in row if count)
        # Those of the page are some seconds old.
        await_("all that are counted", lambda: sorted(map(int, self.browser.run(
            "return [...document.querySelectorAll('.reject svg.fields text')].map((e) => e.textContent)"))) == counts())
        most = max((count, row, column) for row, line in enumerate(regions()["counts"]) for column, count in enumerate(line))
        self.assertIn(f": {most[0]}", self.browser.text(".reject .what"))
        inside = self.browser.run("""
            const box = (element) => element.getBoundingClientRect();
            const [image, fields] = [document.querySelector('.reject img'), [...document.querySelectorAll('.reject .field')]].map(
              (e) => Array.isArray(e) ? e.map(box) : [box(e)]);
            return fields.every((r) => r.left >= image[0].left - 1 && r.right <= image[0].right + 1 && r.width > 5 && r.height > 5);""")
        self.assertTrue(inside)
        for language in LANGUAGES:
            self.browser.open(self.line.url, language)
            await_("the part", lambda: self.browser.text(".reject .what"))
            self.browser.run("document.querySelector('.reject .fields').click()")
            spoken = await_("the drawing", lambda: self.browser.run(
                "return document.querySelector('.reject svg.fields')?.ariaLabel"))
            self.assertRegex(spoken, r"[A-H][1-6] \d")
            self.assertEqual(self.browser.violations(), [], language)
        self.browser.open(self.line.url, "en")

    def test_a_reject_is_held_compared_judged_and_counted(self):
        """The whole way of an operator who says that it threw out a good one again."""
        reject = self.line.until("NG", self.line.bad)
        self.browser.open(self.line.actions_url)
        self.browser.await_part(reject["seq"])
        before = self.rejudged()
        self.browser.run("document.querySelector('.strip li:last-child button').click()")
        self.browser.run("document.querySelector('.last .nearest').click()")
        await_("the good patch beside it", lambda: self.browser.run(
            "return document.querySelector('.last img')?.getAttribute('src')") == f"/v1/inspections/{reject['seq']}/nearest")
        await_("what can be said", lambda: self.browser.text(".judge .OK") == WORDS["en"]["isGood"])
        self.assertEqual(self.browser.violations(), [])
        self.browser.run("document.querySelector('.judge .OK').click()")
        await_("the question", lambda: self.browser.text(".confirm p") == f"Part {reject['seq']} is good?")
        # Meant in another place: no two taps at one spot say anything.
        apart = self.browser.run("""
            const box = (selector) => document.querySelector(selector).getBoundingClientRect();
            const [said, meant] = [box('.judge'), box('.confirm')];
            return meant.bottom <= said.top || meant.right <= said.left;""")
        self.assertTrue(apart)
        self.assertEqual(self.browser.violations(), [])
        self.assertEqual(self.rejudged(), before)
        self.browser.run("document.querySelector('.confirm .yes').click()")
        await_("the sign on the strip", lambda: self.browser.run(
            "return document.querySelector(`.strip li[data-seq='${arguments[0]}'] button`).dataset.judged", reject["seq"]) == "good")
        self.assertIn(WORDS["en"]["judged.good"], self.browser.run(
            "return document.querySelector(`.strip li[data-seq='${arguments[0]}'] button`).ariaLabel", reject["seq"]))
        await_("the statistics", lambda: self.rejudged() == (before[0] + 1, before[1] + 1))
        await_("them on the page", lambda: f"{before[0] + 1} of {before[1] + 1}" in self.browser.text(".counts"))
        event = self.line.changes()[-1]
        self.assertEqual([event["event"], event["after"]["seq"]], ["judgement", reject["seq"]])
        # It is proposed as a shot, and is none until somebody accepts it.
        proposed = json.loads(self.line.control("candidates", "--json").stdout)["candidates"]
        self.assertIn((reject["seq"], "false_reject"), [(one["seq"], one["kind"]) for one in proposed])
        # Another page, that may only look, shows it too; and offers nothing.
        self.browser.open(self.line.url)
        await_("the sign there", lambda: self.browser.run(
            "return document.querySelector(`.strip li[data-seq='${arguments[0]}'] button`)?.dataset.judged", reject["seq"]) == "good")
        self.browser.run("document.querySelector('.strip li:last-child button').click()")
        await_("a held part", lambda: self.browser.text(".last h3") == "Held part")
        self.assertTrue(self.browser.run("return document.querySelector('.judge').hidden"))
        self.browser.open(self.line.url)

    def rejudged(self):
        total = json.loads(self.line.control("statistics", "--json").stdout)["total"]
        good = total.get("rejudged", {}).get("false_rejects", {"count": 0, "of": 0})
        return good["count"], good["of"]

    def test_the_shift_is_counted_and_drawn(self):
        self.line.until("NG", self.line.bad)
        # Of fewer nobody knows how their scores scatter.
        for _ in range(30):
            self.line.until("OK", self.line.good)
        self.browser.open(self.line.url)
        await_("the shift", lambda: WORDS["en"]["shift"] in self.browser.text(".counts"))
        total = json.loads(self.line.control("statistics", "--json").stdout)["total"]
        await_("its parts", lambda: f"{total['parts']:,}" in self.browser.text(".counts"))
        await_("a bar", lambda: self.browser.run("return document.querySelectorAll('.rates rect').length"))
        await_("the scores", lambda: self.browser.run("return document.querySelectorAll('.scores path').length") == 3)
        for chart in [".rates", ".scores"]:
            self.assertTrue(self.browser.run(
                "const r = document.querySelector(arguments[0] + ' svg').getBoundingClientRect(); return r.width > 50 && r.height > 20", chart))
            self.assertRegex(self.browser.run("return document.querySelector(arguments[0] + ' svg').ariaLabel", chart), r"\d")

    def test_a_daemon_that_stands_still_is_not_known_until_it_goes_on(self):
        self.not_known(signal.SIGSTOP, lambda: self.line.signal(signal.SIGCONT))

    def test_a_daemon_that_is_killed_is_not_known_until_it_runs_again(self):
        self.not_known(signal.SIGKILL, self.line.start)

    def not_known(self, number, mend):
        self.line.until("OK", self.line.good)
        self.browser.await_kind("ok")
        self.browser.watch()
        await_("a sign of life", lambda: self.browser.run("return window.beats.length"))
        self.line.signal(number)
        self.browser.await_kind("unknown")
        beat, lost = self.browser.run("return [window.beats.at(-1), window.seen.find((s) => s[2] === 'unknown')[1]]")
        print(f"  {number.name}: not known {(lost - beat) / 1000:.1f} s after the last sign of life (wanted: 3.0)")
        self.assertLess(lost - beat, 5000)
        self.assertNotIn("OK", self.browser.text(".tile"))
        self.assertIn("No answer since", self.browser.text("#banner .title"))
        mend()
        mended = time.monotonic()
        self.browser.await_kind(lambda kind: kind != "unknown", patience=20)
        print(f"  {number.name}: live again after {time.monotonic() - mended:.1f} s (wanted: 5.0)")

    def test_a_fault_is_told_with_its_beginning_and_what_to_do(self):
        states.make("fault", self.line, self.browser)
        self.assertRegex(self.browser.text("#banner .since"), r"since \d\d:\d\d:\d\d")
        state = self.line.status()["state"]
        self.assertIn(WORDS["en"][f"state.{state}"], self.browser.text("#banner .title"))
        self.assertEqual(self.browser.text("#banner .todo"), WORDS["en"][f"do.{state}"])
        states.leave("fault", self.line, self.browser)
        await_("the end of the banner", lambda: not self.browser.text("#banner"))

    def test_names_of_files_are_text(self):
        for name in HOSTILE:
            name = name.replace("/", "")
            verdict = self.line.verdict(next(self.line.good), name=name)
            self.browser.await_part(verdict["seq"])
            shown = self.browser.text(".which")
            expected = name if len(name) <= 80 else name[:79] + "…"
            self.assertIn(expected.replace("\u202e", "\ufffd"), shown)
            self.assertIsNone(self.browser.run("return window.hit ?? null"))
        self.assertEqual(self.browser.run(
            "return [...document.querySelectorAll('main img, main script, main a, main iframe')]"
            ".filter((e) => !e.getAttribute('src')?.startsWith('/v1/inspections/')).length"), 0)

    def test_each_language_is_complete(self):
        self.line.until("NG", self.line.bad)
        self.line.verdict(self.line.dark())
        for language in LANGUAGES:
            self.browser.open(self.line.url, language)
            self.browser.await_kind("invalid")
            self.assertEqual(self.browser.run("return document.documentElement.lang"), language)
            self.assertEqual(self.browser.text(".said .word"), WORDS[language]["invalid"])
            self.assertIn(WORDS[language]["cause.frame_dark"], self.browser.text(".tile .why"))
            self.assertNotRegex(self.browser.text("body"), r"\b(?:cause|state|do)\.|\{\w+\}")
        self.browser.open(self.line.url, "xx")
        self.assertEqual(self.browser.run("return document.documentElement.lang"), "zh")
        self.browser.open(self.line.url, "en")

    def test_a_part_is_held_by_the_keyboard_until_it_is_let_go(self):
        held = self.line.until("OK", self.line.good)
        self.browser.await_part(held["seq"])
        self.browser.run("document.querySelector('.strip li:last-child button').focus()")
        self.browser.press("Enter")
        await_("the held part", lambda: self.browser.text(".last h3") == "Held part")
        verdict = self.line.until("OK", self.line.good)
        self.browser.await_part(verdict["seq"])
        self.assertIn(f"Part {held['seq']},", self.browser.text(".last .what"))
        self.browser.press("Escape")
        await_("the newest part", lambda: f"Part {verdict['seq']}," in self.browser.text(".last .what"))

    def test_tabs_that_nobody_sees_keep_no_place(self):
        driver = self.browser.driver
        first = driver.current_window_handle
        for _ in range(7):
            driver.switch_to.new_window("tab")
            self.browser.open(self.line.url)
            self.browser.await_kind(lambda kind: kind not in (None, "unknown"))
        for handle in driver.window_handles:
            if handle != first:
                driver.switch_to.window(handle)
                driver.close()
        driver.switch_to.window(first)
        self.browser.await_kind(lambda kind: kind != "unknown")

    def test_the_worst_of_a_second_leads_where_nobody_can_read_each_part(self):
        shown = self.browser.driver.execute_async_script("""
            const done = arguments[0];
            import('/assets/line.js').then(({ leading, tile }) => {
              const parts = (words, at) => words.map((verdict, seq) => ({ verdict, seq, at }));
              const quick = parts(['OK', 'NG', 'OK', 'INVALID', 'OK', 'OK'], 1000);
              done([
                leading(quick, 1500).verdict.verdict, leading(quick, 1500).of, leading(quick, 3000).verdict.verdict,
                leading(parts(['OK', 'NG', 'OK'], 1000), 1500).verdict.verdict,
                leading(parts(['OK', 'OK', 'STRANGE', 'OK', 'OK'], 1000), 1500).verdict.verdict,
                tile({ verdicts: parts(['OK'], 1000) }, [], true, 1500).kind,
                tile({ verdicts: parts(['OK'], 1000) }, [], false, 1500).kind,
                tile({ verdicts: parts(['OK'], 1000) }, [{ state: 'camera_lost' }], true, 1500).kind,
                tile({ verdicts: parts(['STRANGE'], 1000) }, [], true, 1500).kind,
                tile({ verdicts: [] }, [], true, 1500).kind,
              ]);
            });""")
        self.assertEqual(shown, ["NG", 6, "OK", "OK", "STRANGE", "ok", "unknown", "unknown", "invalid", "unknown"])

    def test_nothing_is_cut_off_in_any_size(self):
        self.line.until("NG", self.line.bad)
        for width, height in [(1024, 600), (1280, 800), (1920, 1080), (1080, 1920), (768, 1024)]:
            for language in LANGUAGES:
                self.browser.resize(width, height)
                self.browser.open(self.line.url, language)
                self.browser.await_kind("ng")
                beyond = self.browser.run("""
                    const { scrollWidth, scrollHeight } = document.documentElement;
                    const word = document.querySelector('.said .word').getBoundingClientRect();
                    const tile = document.querySelector('.tile').getBoundingClientRect();
                    const face = [...document.querySelectorAll('.tile > .face .sign, .tile > .face .said p')].filter((e) => e.innerText !== '')
                      .map((e) => e.getBoundingClientRect());
                    const small = [...document.querySelectorAll('body *')].filter((e) => e.childElementCount === 0
                      && e.innerText && parseFloat(getComputedStyle(e).fontSize) < 18).map((e) => e.innerText);
                    return [scrollWidth > innerWidth, scrollHeight > innerHeight, word.left < tile.left || word.right > tile.right
                      || word.bottom > tile.bottom, face.some((r) => r.height && (r.top < tile.top || r.bottom > tile.bottom)), small.length > 0];""")
                self.assertEqual(beyond, [False] * 5, f"{width} x {height}, {language}")
        self.browser.resize(1280, 800)

    def test_screen_readers_and_eyes_find_their_way_in_each_state_and_language(self):
        for name in states.NAMES:
            self.browser.open(self.line.url)
            states.make(name, self.line, self.browser)
            try:
                for language in LANGUAGES:
                    self.browser.run("""
                        const chosen = document.getElementById('language');
                        chosen.value = arguments[0];
                        chosen.dispatchEvent(new Event('change'));""", language)
                    if name != "stale":
                        await_("the language", lambda: self.browser.run("return document.documentElement.lang") == language)
                    self.assertEqual(self.browser.violations(), [], f"{name}, {language}")
            finally:
                states.leave(name, self.line, self.browser)
        self.browser.open(self.line.url, "en")


def started(test, **settings):
    """A line with a model, and a browser with a small screen; both end with the test."""
    line = Line(**settings)
    test.addCleanup(line.end)
    line.start()
    line.fit()
    browser = Browser(1024, 600)
    test.addCleanup(browser.end)
    return line, browser


class AlarmTest(unittest.TestCase):
    def test_an_alarm_is_acknowledged_in_two_taps_by_somebody_with_a_name(self):
        line, browser = started(self, further="[alarm]\nng_of_last = [2, 50]\n")
        browser.open(line.url)
        alarms = lambda: json.loads(line.control("alarm", "list", "--json").stdout)["alarms"]
        for _ in range(2):
            line.until("NG", line.bad)
        await_("the alarm", lambda: WORDS["en"]["alarm.ng_of_last"] in browser.text("#banner .title"))
        # Who may only look can do nothing about it.
        self.assertIsNone(browser.run("return document.querySelector('#banner button')"))
        browser.open(line.actions_url)
        await_("what can be done", lambda: browser.text("#banner button") == WORDS["en"]["acknowledge"])
        browser.run("document.querySelector('#banner button').click()")
        self.assertEqual(browser.text("#acknowledge p"), WORDS["en"]["sayAcknowledge"].replace("{camera}", "camera1"))
        self.assertTrue(browser.run("""
            const box = (selector) => document.querySelector(selector).getBoundingClientRect();
            return box('#banner button').bottom <= box('#acknowledge').top && box('#acknowledge').top >= 0;"""))
        self.assertEqual(browser.violations(), [])
        browser.run("document.querySelector('#acknowledge .no').click()")
        self.assertTrue(browser.run("return document.getElementById('acknowledge').hidden"))
        self.assertEqual(len(alarms()), 1)
        browser.run("document.querySelector('#banner button').click()")
        browser.run("document.querySelector('#acknowledge input').value = 'Jürgen <17>'")
        browser.run("document.querySelector('#acknowledge .yes').click()")
        await_("the end of the banner", lambda: not browser.text("#banner"))
        self.assertEqual(alarms(), [])
        event = line.changes()[-1]
        self.assertEqual([event["event"], event["name"]], ["acknowledged", "Jürgen <17>"])
        # The name stands there for the next thing that is done, and after a while no more.
        reject = line.until("NG", line.bad)
        browser.await_part(reject["seq"])
        browser.run("document.querySelector('.strip li:last-child button').click()")
        browser.run("document.querySelector('.judge .NG').click()")
        self.assertEqual(browser.run("return document.querySelector('main .confirm input').value"), "Jürgen <17>")
        self.assertTrue(browser.run("""
            const box = (selector) => document.querySelector(selector).getBoundingClientRect();
            const inside = box('main .confirm');
            return ['.yes', '.no', 'input'].every((one) => box(`main .confirm ${one}`).bottom <= inside.bottom);"""))
        # A picture that is asked for before it is stored is none.
        self.assertEqual([words for words in browser.complaints() if "/v1/inspections/" not in words], [])


class SoundTest(unittest.TestCase):
    # What is played, by its frequency; noted from the beginning on.
    LISTEN = """
        window.heard = [];
        const start = AudioScheduledSourceNode.prototype.start;
        AudioScheduledSourceNode.prototype.start = function (...when) {
          window.heard.push(this.frequency.value);
          start.apply(this, when);
        };"""

    def listener(self, *further):
        browser = Browser(1024, 600, further)
        self.addCleanup(browser.end)
        browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": self.LISTEN})
        return browser

    def test_a_reject_is_heard_and_an_alarm_until_it_is_acknowledged_once_somebody_turned_it_on(self):
        line, _ = started(self, further="[alarm]\nng_of_last = [2, 50]\n")
        browser = self.listener()
        browser.open(line.url)
        heard = lambda: browser.run("return window.heard")
        self.assertEqual(browser.text("#sound"), WORDS["en"]["soundOff"])
        browser.await_part(line.until("NG", line.bad)["seq"])
        self.assertEqual(heard(), [])
        line.control("alarm", "acknowledge")
        # A script is nobody's finger.
        browser.click("#sound")
        await_("that it is blocked", lambda: browser.text("#sound") == WORDS["en"]["soundBlocked"])
        browser.touch("#sound")
        await_("that it is on", lambda: browser.text("#sound") == WORDS["en"]["soundOn"])
        self.assertEqual(browser.violations(), [])
        browser.await_part(line.until("OK", line.good)["seq"])
        self.assertEqual(heard(), [])
        browser.await_part(line.until("NG", line.bad)["seq"])
        await_("the reject", lambda: heard() == [220])
        line.until("NG", line.bad)
        await_("the alarm again and again", lambda: heard().count(880) >= 3)
        self.assertEqual(line.control("alarm", "acknowledge").returncode, 0)
        await_("the end of the banner", lambda: not browser.text("#banner"))
        number = len(heard())
        time.sleep(5)
        self.assertEqual(len(heard()), number)
        # It is remembered, and blocked until somebody touches the page anywhere.
        browser.open(line.url)
        await_("that it is blocked", lambda: browser.text("#sound") == WORDS["en"]["soundBlocked"])
        browser.touch("h1")
        await_("that it is on", lambda: browser.text("#sound") == WORDS["en"]["soundOn"])
        browser.touch("#sound")
        await_("that it is off", lambda: browser.text("#sound") == WORDS["en"]["soundOff"])
        browser.await_part(line.until("NG", line.bad)["seq"])
        self.assertEqual(heard(), [])

    def test_a_kiosk_is_heard_without_being_touched_by_the_flag_that_the_document_names(self):
        flag = re.search(r"`(--autoplay[a-z-]+=[a-z-]+)`", (ROOT / "docs/page.md").read_text())[1]
        line, _ = started(self)
        browser = self.listener(flag)
        browser.open(line.url)
        browser.click("#sound")
        browser.open(line.url)
        await_("that it is on", lambda: browser.text("#sound") == WORDS["en"]["soundOn"])
        browser.await_part(line.until("NG", line.bad)["seq"])
        await_("the reject", lambda: browser.run("return window.heard") == [220])


class PINTest(unittest.TestCase):
    def test_who_does_not_know_the_pin_judges_nothing(self):
        made = subprocess.run([BIN / "fsacctl", "page-pin"], input="4711\n", capture_output=True, text=True)
        self.assertEqual(made.returncode, 0, made.stderr)
        line, browser = started(self, page=made.stdout)
        browser.open(line.actions_url)
        reject = line.until("NG", line.bad)
        browser.await_part(reject["seq"])
        browser.run("document.querySelector('.strip li:last-child button').click()")
        await_("what can be said", lambda: browser.text(".judge .OK") == WORDS["en"]["isGood"])
        # It is said for some seconds only.
        browser.run("""
            const so = document.querySelector('.judge .so');
            window.said = [];
            new MutationObserver(() => window.said.push(so.textContent)).observe(so, { childList: true });""")
        for pin, said in [("4712", "pinWrong"), ("4711", "recorded")]:
            # A part is held for a minute.
            browser.run("document.querySelector('.strip li:last-child button').click()")
            browser.run("document.querySelector('.judge .OK').click()")
            self.assertFalse(browser.run("return document.querySelector('main .confirm .pin').hidden"))
            # Without one it is asked for, and who is at it has time.
            browser.run("document.querySelector('main .confirm .yes').click()")
            self.assertTrue(browser.run("return document.activeElement === document.querySelector('main .confirm .pin input')"))
            self.assertEqual(browser.violations(), [])
            browser.run("""
                const box = (selector) => document.querySelector(selector).getBoundingClientRect();
                const inside = box('main .confirm');
                window.fits = ['.yes', '.no', '.name input', '.pin input'].every((one) => box(`main .confirm ${one}`).bottom <= inside.bottom
                  && box(`main .confirm ${one}`).right <= inside.right);""")
            self.assertTrue(browser.run("return window.fits"))
            browser.run("""
                document.activeElement.value = arguments[0];
                document.querySelector('main .confirm .yes').click();""", pin)
            await_("what came of it", lambda: WORDS["en"][said] in browser.run("return window.said"))
            self.assertEqual([event["event"] for event in line.changes()], ["judgement"] if pin == "4711" else [])


class PictureTest(unittest.TestCase):
    def test_a_picture_that_the_disk_had_no_room_for_was_dropped_and_the_page_says_so(self):
        line = Line(images=f"min_free_bytes = {1 << 50}")
        self.addCleanup(line.end)
        line.start()
        line.fit()
        browser = Browser()
        self.addCleanup(browser.end)
        browser.open(line.url)
        browser.await_part(line.until("OK", line.good)["seq"])
        await_("why there is no picture", lambda: browser.text(".last .none") == WORDS["en"]["pictureDropped"])
        browser.run("document.querySelector('.last .nearest').click()")
        await_("why there is nothing beside it", lambda: browser.text(".last .none") == WORDS["en"]["pictureDropped"])


class TopTest(unittest.TestCase):
    def test_a_terminal_shows_the_line_and_nothing_of_before_while_it_is_silent(self):
        line = Line()
        self.addCleanup(line.end)
        line.start()
        line.fit()
        top = subprocess.Popen(
            [BIN / "fsacctl", "top", "--socket", line.folder / "control.sock"], stdout=subprocess.PIPE, text=True)
        # The last one first: a pipe that is read cannot be closed.
        self.addCleanup(top.stdout.close)
        self.addCleanup(top.wait)
        self.addCleanup(top.kill)
        said = []
        threading.Thread(target=lambda: said.extend(iter(lambda: top.stdout.read(1), "")), daemon=True).start()
        for wanted, pictures in [("OK", line.good), ("NG", line.bad)]:
            verdict = line.until(wanted, pictures)
            await_("its verdict", lambda: f"{verdict['seq']:8}  {wanted}" in "".join(said))
        self.assertIn("press-4  inspecting", "".join(said))
        line.signal(signal.SIGSTOP)
        await_("the silence", lambda: "NOT KNOWN: no sign of life since" in "".join(said))
        self.assertNotIn("OK", "".join(said).split("NOT KNOWN")[-1])
        line.signal(signal.SIGCONT)
        await_("the line again", lambda: "inspecting" in "".join(said).split("NOT KNOWN")[-1])


class ReportTest(unittest.TestCase):
    def test_the_report_of_an_evaluation_is_read_by_keyboard_and_screen_reader(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="fsac-page."))
        self.addCleanup(shutil.rmtree, folder)
        for place, name, pictures in [
            ("train/good", "nominal", slice(0, 6)), ("test/good", "nominal", slice(10, 16)), ("test/local", "local", slice(0, 6)),
        ]:
            (folder / "set" / place).mkdir(parents=True)
            for picture in sorted((PICTURES / name).glob("*.jpg"))[pictures]:
                shutil.copy(picture, folder / "set" / place)
        done = subprocess.run(
            [BIN / "fsacctl", "evaluate", folder / "set", "--models", MODELS, "--backbone", "efficientnet-lite0", "--shots", "1,2",
             "--seeds", "2", "--cache", folder / "cache", "--report", folder / "report"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        # Narrower than its tables.
        browser = Browser(600, 800)
        self.addCleanup(browser.end)
        browser.driver.get((folder / "report/index.html").as_uri())
        for _ in range(2):
            self.assertEqual(browser.violations(), [])
            browser.run("for (const details of document.querySelectorAll('details')) details.open = true")
        names = "return [...document.querySelectorAll('table.sortable')[0].tBodies[0].rows].map((row) => row.cells[0].innerText)"
        browser.run("document.querySelector('table.sortable button').click()")
        self.assertEqual(browser.run(names), sorted(browser.run(names)))
        self.assertEqual(browser.run("return document.querySelector('table.sortable th').ariaSort"), "ascending")
        browser.run("document.querySelector('table.sortable button').click()")
        self.assertEqual(browser.run(names), sorted(browser.run(names), reverse=True))
        self.assertEqual(browser.complaints(), [])

    def test_the_report_of_a_shift_is_read_without_anything_else(self):
        line = Line()
        self.addCleanup(line.end)
        line.start()
        line.fit()
        for _ in range(32):
            line.verdict(next(line.good))
        # On a busy machine pictures of a quick line are dropped.
        stored = lambda seq: line.control("show", str(seq), "--heatmap", str(line.folder / "heatmap")).returncode == 0
        for _ in range(2):
            await_("an NG with its picture", lambda: stored(line.until("NG", line.bad)["seq"]))
        file = line.folder / "shift.html"
        answer = line.control("report", "shift", "--html", str(file))
        self.assertEqual(answer.returncode, 0, answer.stderr)
        browser = Browser()
        self.addCleanup(browser.end)
        browser.driver.get(file.as_uri())
        total = json.loads(line.control("statistics", "--json").stdout)["total"]
        self.assertIn(f"NG\n{total['ng']}\n", browser.text(".tiles"))
        self.assertTrue(browser.run("return [...document.images].length >= 4 && [...document.images].every((i) => i.naturalWidth > 0)"))
        self.assertEqual(browser.run("return performance.getEntriesByType('resource').filter((r) => !r.name.startsWith('data:')).length"), 0)
        self.assertEqual(browser.violations(), [])
        self.assertEqual(browser.complaints(), [])
        browser.resize(400, 800)
        self.assertFalse(browser.run("return document.documentElement.scrollWidth > innerWidth"))


class SeveralCamerasTest(unittest.TestCase):
    def test_each_camera_has_its_tile_and_one_that_is_chosen_the_whole_page(self):
        line = Line(["left", "right", "top"])
        self.addCleanup(line.end)
        line.start()
        line.fit()
        browser = Browser()
        self.addCleanup(browser.end)
        browser.open(line.url)
        tiles = "return Object.fromEntries([...document.querySelectorAll('.camera')].filter((c) => !c.hidden).map((c) =>" \
            " [c.ariaLabel, c.querySelector('.tile').dataset.kind]))"
        line.verdict(line.dark(), camera="right")
        line.verdict(next(line.good), camera="top")
        await_("each its own", lambda: (seen := browser.run(tiles))["left"] == "unknown" and seen["right"] == "invalid"
               and seen["top"] in ("ok", "ng"))
        browser.run("document.querySelectorAll('.choose')[1].click()")
        await_("one alone", lambda: list(browser.run(tiles)) == ["right"])
        self.assertIn("camera=right", browser.driver.current_url)
        browser.run("document.getElementById('all').click()")
        await_("all", lambda: len(browser.run(tiles)) == 3)


if __name__ == "__main__":
    unittest.main(verbosity=2)
