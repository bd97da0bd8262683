#!/usr/bin/env python3
"""Pictures of the page in six states and four sizes, plain and as somebody sees them who has no cones for green (run.sh)."""
import io
import pathlib
import sys

import numpy
from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import states
from browser import Browser
from line import ROOT, Line, await_

SIZES = [(1024, 600), (1280, 800), (1920, 1080), (1080, 1920)]
# Machado, Oliveira and Fernandes 2009: deuteranomaly of severity 1, in linear light.
DEUTERANOPE = numpy.array([
    [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]])


def deuteranope(picture):
    colours = numpy.asarray(picture.convert("RGB"), dtype=float) / 255
    linear = numpy.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    seen = numpy.clip(linear @ DEUTERANOPE.T, 0, 1)
    back = numpy.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055)
    return Image.fromarray((back * 255).round().astype(numpy.uint8))


def main():
    folder = ROOT / ".build/page-shots"
    folder.mkdir(parents=True, exist_ok=True)
    line, browser = Line(), None
    try:
        line.start()
        line.fit()
        browser = Browser()
        browser.open(line.url)
        for _ in range(14):
            line.verdict(next(line.good))
        for name in states.NAMES:
            browser.resize(*SIZES[0])
            states.make(name, line, browser)
            if name in ("ok", "ng"):
                # Numbers of the shift come some seconds later.
                part = browser.run("return document.querySelector('.tile').dataset.seq")
                await_("the part among the counted ones", lambda: part in browser.text(".counts").split())
            for width, height in SIZES:
                browser.resize(width, height)
                # One drawing, and the pictures in their new size.
                browser.driver.execute_async_script(
                    "const done = arguments[0]; requestAnimationFrame(() => setTimeout(done, 300))")
                picture = Image.open(io.BytesIO(browser.driver.get_screenshot_as_png()))
                picture.save(folder / f"{name}-{width}x{height}.png")
                deuteranope(picture).save(folder / f"{name}-{width}x{height}-deuteranope.png")
            states.leave(name, line, browser)
    finally:
        if browser:
            browser.end()
        line.end()
    print(f"page: pictures in {folder.relative_to(ROOT)}")


main()
