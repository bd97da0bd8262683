#!/usr/bin/env python3
"""Debian's Prometheus with the configuration of packaging/plant: its rules, a real daemon's numbers, and a plant of stations (run.sh)."""
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Page"))
from line import ROOT, Line, await_, free_port

SECONDS = int(os.environ.get("PLANT_SECONDS") or 60)
STATIONS = int(os.environ.get("STATIONS") or 200)


class Plant:
    """Stations whose numbers are a real daemon's, with counters that go on at two parts a second."""

    def __init__(self, text):
        self.text, self.begin = text, time.monotonic()
        self.dead, self.silent, self.asked = set(), set(), 0

    def metrics(self, number):
        parts = int(2 * (time.monotonic() - self.begin))

        def counted(match):
            share = 0 if "OK" not in match[1] and "NG" not in match[1] else parts // 20 if "NG" in match[1] else parts
            return f"{match[1]} {int(match[2]) + share}"

        text = re.sub(r"^(fsac_verdicts_total\S*) (\d+)$", counted, self.text, flags=re.M)
        return re.sub(r"^fsac_up 1$", f"fsac_up {0 if number in self.dead else 1}", text, flags=re.M)

    def serve(self):
        plant = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                plant.asked += 1
                number = int(self.path.split("/")[2])
                if number in plant.silent:
                    return self.send_error(503)
                body = plant.metrics(number).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server.server_address[1]


class Prometheus:
    def __init__(self, folder, stations):
        self.folder = folder
        for file in (ROOT / "packaging/plant/prometheus").iterdir():
            shutil.copy(file, folder)
        # JSON is YAML.
        (folder / "stations.yml").write_text(json.dumps(stations))
        self.port = free_port()
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address=127.0.0.1:{self.port}"], stderr=open(folder / "log", "wb"))

    def get(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)["data"]
        except OSError:
            if self.process.poll() is not None:
                raise AssertionError("prometheus ended: " + (self.folder / "log").read_text()[-2000:]) from None
            return None

    def value(self, expression):
        """Of one sample; nothing is 0."""
        answer = self.get("query", query=expression)
        return float(answer["result"][0]["value"][1]) if answer and answer["result"] else 0

    def pages(self):
        """Who is called out for what."""
        alerts = (self.get("alerts") or {"alerts": []})["alerts"]
        return {(alert["labels"]["alertname"], alert["labels"]["station"]) for alert in alerts
                if alert["state"] == "firing" and alert["labels"]["severity"] == "page"}

    def memory(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) // 1024


def promtool(*words, **how):
    run = subprocess.run(["promtool", *words], capture_output=True, text=True, **how)
    said = run.stdout + run.stderr
    assert run.returncode == 0, f"promtool {' '.join(words)}: {said}"
    return said


def check_rules(folder):
    for file in [*(ROOT / "packaging/plant/prometheus").iterdir(), ROOT / "Tests/Plant/fsac.rules.test.yml"]:
        shutil.copy(file, folder)
    promtool("check", "config", "prometheus.yml", cwd=folder)
    promtool("test", "rules", "fsac.rules.test.yml", cwd=folder)
    print("plant: rules: each alert comes when it should, and not else")


def real_metrics():
    """Of a real daemon after some parts, as its page gives them."""
    line = Line()
    try:
        line.start()
        line.fit()
        line.until("OK", line.good)
        line.until("NG", line.bad)
        with urllib.request.urlopen(f"{line.url}metrics", timeout=30) as answer:
            text = answer.read().decode()
    finally:
        line.end()
    said = promtool("check", "metrics", input=text)
    assert not said, said
    for name in ("fsac_build_info", "fsac_latency_seconds_bucket", "fsac_verdicts_total", "fsac_up 1"):
        assert name in text, f"{name} is not in {text}"
    kinds = re.findall(r"^# TYPE (\S+) ", text, flags=re.M)
    assert len(set(kinds)) == len(kinds), "a metric is described twice"
    print(f"plant: /metrics: {len(kinds)} metrics, {len(text)} bytes, nothing that promtool finds fault with")
    return text


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fsac-plant."))
    prometheus = None
    try:
        check_rules(folder)
        plant = Plant(real_metrics())
        port = plant.serve()
        prometheus = Prometheus(folder, [
            {"targets": [f"127.0.0.1:{port}"],
             "labels": {"station": f"station-{number}", "instance": f"station-{number}", "__metrics_path__": f"/station/{number}/metrics"}}
            for number in range(STATIONS)])
        await_("all stations", lambda: prometheus.value('count(up{job="fsac"} == 1)') == STATIONS)
        begin = time.monotonic()
        assert prometheus.pages() == set(), prometheus.pages()
        plant.dead, plant.silent = {1, 2}, {3}
        wanted = {("FsacLineDead", "station-1"), ("FsacLineDead", "station-2"), ("FsacUnreachable", "station-3")}
        await_("the alerts", lambda: prometheus.pages() == wanted)
        told = time.monotonic() - begin
        plant.dead, plant.silent = set(), set()
        await_("the end of the alerts", lambda: prometheus.pages() == set())
        print(f"plant: 2 dead lines and 1 that does not answer are told within {told:.0f} s, nobody else, and taken back")
        while time.monotonic() < begin + SECONDS:
            time.sleep(1)
            assert prometheus.pages() == set(), prometheus.pages()
        stretch = f"{int(time.monotonic() - begin)}s"
        missed = prometheus.value(f'sum(count_over_time(up{{station!="station-3"}}[{stretch}]) - sum_over_time(up{{station!="station-3"}}[{stretch}]))')
        slowest = prometheus.value(f"max(max_over_time(scrape_duration_seconds[{stretch}]))")
        series = prometheus.value("prometheus_tsdb_head_series") or prometheus.value('count({__name__=~".+"})')
        # Prometheus spreads what it has seen over the quarter of an hour.
        seen = min(time.monotonic() - begin, 900)
        rate = prometheus.value("sum(fsac:judged:rate15m)") / STATIONS * 900 / seen
        assert missed == 0, f"{missed} scrapes of stations that are there came to nothing"
        assert rate > 1, f"{rate} parts a second and station, expected about 2"
        print(f"plant: {STATIONS} stations for {stretch}: 0 scrapes came to nothing, slowest {slowest:.2f} s, "
              f"{plant.asked} answers, {series:.0f} series, prometheus {prometheus.memory()} MiB")
    finally:
        if prometheus:
            prometheus.process.terminate()
            prometheus.process.wait()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
