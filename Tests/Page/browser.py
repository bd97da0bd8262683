"""A browser that has the page open, and what a person sees in it."""
import json
import pathlib

import axe_playwright_python
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from line import ROOT, await_

LANGUAGES = ["en", "de", "es", "zh"]
WORDS = {language: json.loads((ROOT / f"Sources/Page/Files/{language}.json").read_text()) for language in LANGUAGES}
AXE = next(pathlib.Path(axe_playwright_python.__file__).parent.glob("axe.min.js"))
# When the tile last became what it is, and when the last sign of life came: noted in the page, by its own clock.
WATCH = """
window.seen = [];
window.beats = [];
new MutationObserver((changes) => {
  for (const { target, attributeName } of changes) {
    if (attributeName === 'data-beat') window.beats.push(performance.now());
    else window.seen.push([Date.now(), performance.now(), target.dataset.kind, target.dataset.seq]);
  }
}).observe(document.querySelector('main'), { subtree: true, attributes: true, attributeFilter: ['data-kind', 'data-seq', 'data-beat'] });
"""


class Browser:
    def __init__(self, width=1280, height=800, further=()):
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for word in ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage", *further]:
            options.add_argument(word)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.resize(width, height)

    def resize(self, width, height):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def open(self, url, language="en", **further):
        query = "&".join(f"{name}={value}" for name, value in {"lang": language, **further}.items())
        self.driver.get(f"{url}?{query}")
        self.await_kind(lambda kind: kind)

    def run(self, script, *values):
        return self.driver.execute_script(script, *values)

    def click(self, selector):
        self.run("document.querySelector(arguments[0]).click()", selector)

    def touch(self, selector):
        """As a finger does it, and no script."""
        x, y = self.run("const r = document.querySelector(arguments[0]).getBoundingClientRect();"
                        "return [r.left + r.width / 2, r.top + r.height / 2]", selector)
        for kind in ["mousePressed", "mouseReleased"]:
            self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1})

    def press(self, key):
        """A key, or a letter."""
        codes = {"Enter": (13, "\r"), "Escape": (27, "")}
        if key not in codes:
            return self.driver.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": "char", "text": key})
        for kind in ["keyDown", "keyUp"]:
            self.driver.execute_cdp_cmd("Input.dispatchKeyEvent", {
                "type": kind, "key": key, "windowsVirtualKeyCode": codes[key][0], "text": codes[key][1]})

    def watch(self):
        self.run(WATCH)

    def kind(self):
        return self.run("return document.querySelector('.tile')?.dataset.kind ?? null")

    def await_kind(self, wanted, patience=120):
        test = wanted if callable(wanted) else lambda kind: kind == wanted
        return await_(f"a tile that is {wanted}", lambda: test(self.kind()), patience)

    def await_part(self, seq):
        return await_(f"part {seq} on the tile", lambda: self.run(
            "return document.querySelector('.tile').dataset.seq") == str(seq))

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def complaints(self):
        """What the browser's console has; that a daemon that was stopped does not answer, and that a picture on its way to the disk is not
        there yet, is no fault of the page."""
        return [message for message in (entry["message"] for entry in self.driver.get_log("browser"))
                if "net::ERR_" not in message and "ERR_CONNECTION" not in message
                and not ("/v1/inspections/" in message and " 503 " in message)]

    def violations(self):
        """Of the rules of accessibility."""
        self.run(AXE.read_text())
        answer = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run().then((r) => done(r.violations), (e) => done([{ id: String(e) }]))")
        return [(rule["id"], [node["html"][:120] for node in rule.get("nodes", [])]) for rule in answer]

    def end(self):
        self.driver.quit()
