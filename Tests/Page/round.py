#!/usr/bin/env python3
"""An operator's round at a line that runs elsewhere, by the addresses of docs/page.md: what `Tests/VM/run.sh page` runs beside the machine with
the package (run.sh). A stranger opens the page on another computer, sees parts come with their verdicts, and can do nothing; then stands
at the line's own screen, holds an NG, compares it with the nearest good patch, says that it is good, and sees the statistics change."""
import pathlib
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from browser import WORDS, Browser
from line import await_

# As in the document: by the hall's name for the line PC, which leads to the machine, and at its screen.
HALL, SCREEN = "http://press-4.plant.example:8744/", "http://127.0.0.1:8745/"
# The machine is emulated: it starts, fits a model and answers some hundred times slower.
START, PATIENCE = 700, 300
ENGLISH = WORDS["en"]


def say(text):
    print(f"ok     {time.monotonic() - BEGIN:6.1f} s  {text}", flush=True)


def answers(address):
    try:
        return urllib.request.urlopen(address, timeout=30).status == 200
    except OSError:
        return False


def counted(browser, key):
    """A number of the shift, in the page's own words; None where it is not there."""
    return browser.run("""
        const term = [...document.querySelectorAll('.counts dt')].find((term) => term.innerText === arguments[0]);
        return term?.nextElementSibling.innerText ?? null;""", ENGLISH[key])


def look(browser):
    browser.open(HALL)
    seen = set()

    def part():
        tile = browser.run("const { kind, seq } = document.querySelector('.tile').dataset; return [kind, seq]")
        if tile[0] in ("ok", "ng", "invalid"):
            seen.add(tuple(tile))
        return len({seq for _, seq in seen}) >= 2
    await_("two parts with their verdicts", part, PATIENCE)
    await_("the shift", lambda: counted(browser, "parts"), PATIENCE)
    offered = browser.run("return [...document.querySelectorAll('#act, .judge, #banner button')].filter((e) => e.offsetParent).length")
    assert offered == 0, "a page of another computer offers something"
    say(f"another computer sees parts come: {', '.join(f'{seq} {kind}' for kind, seq in sorted(seen, key=lambda one: int(one[1])))}")


def hold(browser):
    """The newest NG, by a tap on its sign."""
    seq = await_("an NG", lambda: browser.run("""
        const [item] = [...document.querySelectorAll('.strip li')].filter((li) => li.querySelector('[data-kind=ng]')).slice(-1);
        item?.querySelector('button').click();
        return item?.dataset.seq;"""), PATIENCE)
    await_("that it is held", lambda: browser.text(".last h3") == ENGLISH["heldPart"], PATIENCE)
    return seq


def compare(browser, seq):
    browser.click(".last .nearest")
    await_("the nearest good patch", lambda: browser.run("""
        const image = document.querySelector('.last img');
        return image?.naturalWidth > 0 && image.getAttribute('src') === arguments[0];""", f"/v1/inspections/{seq}/nearest"), PATIENCE)
    say(f"NG {seq} is held beside the nearest good patch: {browser.text('.last .half.right')}")


def judge(browser, seq):
    def tap():
        # It is held for a minute, in which an emulated machine may not have answered.
        browser.run("document.querySelector(`.strip li[data-seq='${arguments[0]}'] button`)?.click()", seq)
        return not browser.run("return document.querySelector('.judge').hidden")
    await_("what can be said", tap, PATIENCE)
    before = counted(browser, "goodAmongNG")
    assert before is None, f"somebody judged before: {before}"
    browser.touch(".judge .OK")
    await_("the question", lambda: browser.text("main .confirm p") == ENGLISH["sayGood"].replace("{seq}", seq), 30)
    browser.run("document.querySelector('main .confirm .name input').value = 'B-17'")
    browser.touch("main .confirm .yes")
    await_("the sign on the strip", lambda: browser.run(
        "return document.querySelector(`.strip li[data-seq='${arguments[0]}'] button`)?.dataset.judged", seq) == "good", PATIENCE)
    say(f"NG {seq} is judged good, in two taps")
    await_("the statistics", lambda: counted(browser, "goodAmongNG") == "1 of 1", PATIENCE)
    say(f"the statistics say so: {ENGLISH['goodAmongNG']} 1 of 1, of {counted(browser, 'parts')} parts")


BEGIN = time.monotonic()
await_("the line's own screen", lambda: answers(SCREEN), START)
say("the page answers at the line's own screen")
browser = Browser(1280, 800, ["--host-resolver-rules=MAP press-4.plant.example 127.0.0.1"])
try:
    look(browser)
    browser.open(SCREEN)
    number = hold(browser)
    compare(browser, number)
    judge(browser, number)
finally:
    browser.end()
