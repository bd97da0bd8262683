#!/usr/bin/env python3
"""How quick the page is at RATE parts a second (by default 10): from a verdict to what is on the screen, what 16 screens cost the
inspection, and how long the nearest good patch takes (run.sh)."""
import json
import os
import pathlib
import shutil
import socket
import statistics
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import datetime

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from browser import Browser
from line import PICTURES, Line, replayed

RATE = float(os.environ.get("RATE") or 10)
SECONDS = 20
STREAMS = 16


def share(values, part):
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]


def parts(line, begin, end):
    """The journal's lines of two numbers and what is between them."""
    lines = line.control("history", "--json", "--since", str(begin), "--limit", "5000").stdout.splitlines()
    return [verdict for verdict in map(json.loads, lines) if begin <= verdict.get("seq", 0) <= end]


def stretch(line):
    begin = line.status()["storage"]["last_seq"] + 1
    time.sleep(SECONDS)
    return parts(line, begin, line.status()["storage"]["last_seq"])


def follow(line):
    follower = socket.create_connection(("127.0.0.1", line.port))
    follower.sendall(b"GET /v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")

    def read():
        try:
            while follower.recv(65536):
                pass
        except OSError:
            pass
    threading.Thread(target=read, daemon=True).start()
    return follower


def main():
    line, browser = Line(camera=replayed(RATE)), None
    try:
        pictures = sorted((PICTURES / "nominal").glob("*.jpg"))[10:40] + sorted((PICTURES / "local").glob("*.jpg"))[:10]
        for number, picture in enumerate(pictures):
            shutil.copy(picture, line.folder / "parts" / line.cameras[0] / f"{number * 7 % 40:02}.jpg")
        line.start()
        line.fit()
        browser = Browser()
        browser.open(line.url)
        # The tile shows the worst of a second, the strip each part.
        browser.run("""
            window.seen = [];
            new MutationObserver((changes) => {
              for (const { addedNodes } of changes) for (const { dataset } of addedNodes) window.seen.push([Number(dataset.seq), Date.now()]);
            }).observe(document.querySelector('.strip'), { childList: true });""")
        shown = stretch(line)
        seen = dict(browser.run("return window.seen"))
        delays = []
        for verdict in shown:
            # The line's time is the frame's.
            made = datetime.fromisoformat(verdict["time"].replace("Z", "+00:00")).timestamp() * 1000 + verdict["latency_ms"]["total"]
            if verdict["seq"] in seen:
                delays.append(seen[verdict["seq"]] - made)
        print(f"page: {len(delays)} of {len(shown)} parts on the page at {RATE:g} a second: median {statistics.median(delays):.1f} ms, "
              f"99 % {share(delays, 0.99):.1f} ms after the verdict (wanted: 100)")
        browser.end()
        browser = None
        alone, followed = [], []
        for _ in range(3):
            alone += [verdict["latency_ms"]["total"] for verdict in stretch(line)]
            followers = [follow(line) for _ in range(STREAMS)]
            followed += [verdict["latency_ms"]["total"] for verdict in stretch(line)]
            for follower in followers:
                follower.close()
        for part in (0.5, 0.99):
            less, more = share(alone, part), share(followed, part)
            print(f"page: {part:.0%} of the inspections within {less:.1f} ms alone and {more:.1f} ms with {STREAMS} streams: "
                  f"{more / less - 1:+.1%}")
        rejects = [verdict["seq"] for verdict in parts(line, 1, line.status()["storage"]["last_seq"]) if verdict["verdict"] == "NG"][-20:]
        times = []
        for seq in rejects:
            begun = time.monotonic()
            try:
                urllib.request.urlopen(f"{line.url}v1/inspections/{seq}/nearest").read()
            except urllib.error.HTTPError:
                # Its picture was dropped, or has gone.
                continue
            times.append(time.monotonic() - begun)
        print(f"page: the nearest good patch of {len(times)} NG while the line runs: median {statistics.median(times):.2f} s, most "
              f"{max(times):.2f} s (wanted: 1)")
    finally:
        if browser:
            browser.end()
        line.end()


main()
