#!/usr/bin/env python3
"""How much memory the page takes after as many parts as a long shift has: PARTS (28,800 are eight hours at one a second) at RATE a second
through one tab, and the heap of its scripts after collections at even steps (run.sh). Signs of life and questions come as much quicker."""
import os
import pathlib
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from browser import Browser
from line import PICTURES, Line, await_, replayed

PARTS = int(os.environ.get("PARTS") or 28_800)
RATE = float(os.environ.get("RATE") or 60)
STEPS = 16
MOST = 10 << 20
# What the page was told, and how often it asked.
COUNTED = """
window.counted = { verdict: 0, heartbeat: 0, state: 0, gap: 0, asked: 0 };
const [Source, every, ask] = [window.EventSource, window.setInterval, window.fetch];
window.EventSource = class extends Source {
  constructor(address) {
    super(`${address}&heartbeat_ms=100`);
    for (const name of Object.keys(window.counted)) this.addEventListener(name, () => (window.counted[name] += 1));
  }
};
window.setInterval = (work, time) => every(work, time >= 5000 ? time / 10 : time);
window.fetch = (...request) => {
  window.counted.asked += 1;
  return ask(...request);
};
"""


def heap(browser):
    """After what nobody holds any more is gone: bytes, and elements."""
    for _ in range(2):
        browser.driver.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
    metrics = {one["name"]: one["value"] for one in browser.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]}
    return metrics["JSHeapUsedSize"], metrics["Nodes"]


def main():
    line, browser = Line(camera=replayed(RATE), further="input_size = 96\n", images="max_bytes = 200000000"), None
    try:
        for number, picture in enumerate(line.normals + sorted((PICTURES / "nominal").glob("*.jpg"))[10:40]
                                         + sorted((PICTURES / "local").glob("*.jpg"))[:10]):
            shutil.copy(picture, line.folder / "parts" / line.cameras[0] / f"{number * 7 % 44:02}.jpg")
        line.start()
        line.fit()
        browser = Browser()
        browser.driver.execute_cdp_cmd("Performance.enable", {})
        browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": COUNTED})
        browser.open(line.url)
        begun, found = time.monotonic(), []
        for step in range(STEPS + 1):
            await_("parts", lambda: browser.run("return window.counted.verdict") >= PARTS * step / STEPS, patience=3600)
            # What a person does meanwhile.
            for button in [".strip li button", ".last .heatmap", ".last .nearest", ".reject .fields", ".last .live", ".last .image",
                           ".reject .heatmap"]:
                browser.run("document.querySelector(arguments[0])?.click()", button)
                time.sleep(0.3)
            found.append(heap(browser))
            counted = browser.run("return window.counted")
            print(f"  {counted['verdict']:6} parts, {counted['heartbeat']} signs of life, {counted['asked']} questions: "
                  f"{found[-1][0] / (1 << 20):.2f} MiB, {found[-1][1]} elements", flush=True)
        assert not browser.complaints() or all("/v1/inspections/" in words for words in browser.complaints()), browser.complaints()
        assert browser.kind() != "unknown"
    finally:
        if browser:
            browser.end()
        line.end()
    # The first is of a page that has not been filled yet.
    growth = max(size for size, _ in found[2:]) - found[1][0]
    print(f"page: {counted['verdict']} parts and {counted['gap']} gaps in {time.monotonic() - begun:.0f} s: the heap grew by "
          f"{growth / (1 << 20):.2f} MiB at most (wanted: 10)")
    return 0 if growth <= MOST else 1


sys.exit(main())
