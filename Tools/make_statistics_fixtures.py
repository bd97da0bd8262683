#!/usr/bin/env python3
"""Makes the fixtures of StatisticsTests: control charts by NumPy and SciPy, beginnings of shifts by zoneinfo, and a journal over both
changes of the clock, with clocks that were set, part numbers that come again and causes, counted by Python alone.

    python3 -m pip install numpy scipy tzdata && Tools/make_statistics_fixtures.py

The journal's lines are written as the daemon does (fields and their order), with CRC32C computed here."""
import collections
import datetime
import functools
import json
import pathlib
import zoneinfo

import numpy as np
from scipy import stats

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "Tests/StatisticsTests/Fixtures"
UTC = datetime.timezone.utc
D2 = 2 / np.sqrt(np.pi)
TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    TABLE.append(byte)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return f"{crc ^ 0xFFFFFFFF:08x}"


# Control charts

def rate_chart(counts):
    judged = np.array([ok + ng for ok, ng in counts], float)
    ng = np.array([ng for _, ng in counts], float)
    centre = ng.sum() / judged.sum()
    sigma = np.sqrt(centre * (1 - centre) / judged)
    z = (ng / judged - centre) / sigma if centre not in (0, 1) else np.zeros(len(judged))
    sigma_z = np.abs(np.diff(z)).mean() / D2
    width = 3 * max(1, sigma_z)
    lower, upper = np.maximum(0, centre - width * sigma), np.minimum(1, centre + width * sigma)
    return {
        "counts": counts, "centre": centre, "sigmaZ": sigma_z, "lower": list(lower), "upper": list(upper),
        "out": [bool(o) for o in (ng / judged < lower) | (ng / judged > upper)],
    }


def score_chart(scores):
    scores = np.array(scores)
    mean, sigma, weight = scores.mean(), np.abs(np.diff(scores)).mean() / D2, 0.02
    number = np.arange(1, len(scores) + 1)
    # Unrolled: (1 - w)^i mean + w sum (1 - w)^(i - j) x_j
    value = np.array([
        (1 - weight) ** i * mean + weight * ((1 - weight) ** (i - np.arange(1, i + 1)) @ scores[:i]) for i in number])
    half = 3 * sigma * np.sqrt(weight / (2 - weight) * (1 - (1 - weight) ** (2 * number)))
    return {
        "scores": list(scores), "mean": mean, "sigma": sigma, "value": list(value), "lower": list(mean - half),
        "upper": list(mean + half), "out": int(((value < mean - half) | (value > mean + half)).sum()),
    }


def gap_chart(gaps):
    mean = np.mean(gaps)
    # SciPy's counts trials, the NG included.
    limit = lambda q: int(stats.geom.ppf(q, 1 / (mean + 1))) - 1 if mean > 0 else 0
    lower, upper = limit(0.00135), limit(1 - 0.00135)
    return {
        "gaps": gaps, "centre": mean, "lower": lower, "upper": upper,
        "out": sum(gap < lower or gap > upper for gap in gaps),
    }


def wilson(count, all_):
    interval = stats.binomtest(count, all_).proportion_ci(0.95, method="wilson")
    return {"count": count, "all": all_, "lower": interval.low, "upper": interval.high}


def charts(random):
    rates = [[[980, 20], [990, 10], [500, 9]], [[10, 0], [20, 0]], [[0, 5], [0, 7]]]
    for _ in range(20):
        size = int(random.integers(2, 30))
        scatter = random.choice([0, 0, 0.5, 2])
        rows = []
        for n in random.integers(1, 20_000, size):
            rate = min(0.9, 0.02 * np.exp(scatter * random.normal()))
            ng = int(random.binomial(n, rate))
            rows.append([int(n) - ng, ng])
        rates.append(rows)
    scores = [list(1 + 0.1 * random.normal(size=n) + shift * (np.arange(n) > n / 2))
              for n, shift in [(30, 0), (100, 0), (400, 0.3), (1000, 0.05)]]
    gaps = [[5], [0, 0], [0, 0, 3], [int(g) for g in random.geometric(0.3, 50) - 1],
            [int(g) for g in random.geometric(0.001, 200) - 1] + [100_000], [100_000] * 3 + [2]]
    proportions = [[0, 1], [1, 1], [0, 60], [3, 60], [20, 20], [1, 1000], [31, 4808], [499, 1000]]
    return {
        "rate": [rate_chart(rows) for rows in rates], "score": [score_chart(row) for row in scores],
        "gap": [gap_chart(row) for row in gaps], "wilson": [wilson(*pair) for pair in proportions],
    }


# Shifts

def microseconds(time):
    return (time - datetime.datetime(1970, 1, 1, tzinfo=UTC)) // datetime.timedelta(microseconds=1)


def moment(us):
    return datetime.datetime(1970, 1, 1, tzinfo=UTC) + datetime.timedelta(microseconds=us)


def local(us, zone):
    return moment(us).astimezone(zone).replace(tzinfo=None)


def first_showing(wall, zone):
    """The first moment at which the clock on the wall shows `wall` or later, by looking at each minute of two days."""
    start = microseconds(wall.replace(tzinfo=UTC)) - 86_400_000_000
    for minute in range(2 * 1440 + 1):
        if local(start + minute * 60_000_000, zone) >= wall:
            return start + minute * 60_000_000
    raise AssertionError(wall)


def shift_plans():
    plans = []
    for name, shifts, days in [
        ("Europe/Berlin", {"early": "06:00", "late": "14:00", "night": "22:00"},
         ["2026-03-28", "2026-03-29", "2026-06-01", "2026-10-24", "2026-10-25"]),
        ("Europe/Berlin", {"a": "02:00", "b": "02:30", "c": "03:00"}, ["2026-03-28", "2026-03-29", "2026-10-25", "2026-10-26"]),
        ("America/New_York", {"day": "00:00"}, ["2026-03-07", "2026-03-08", "2026-11-01"]),
        ("Asia/Kolkata", {"one": "05:30", "two": "17:30"}, ["2026-01-01"]),
        ("Australia/Lord_Howe", {"one": "01:45", "two": "13:45"}, ["2026-04-04", "2026-04-05", "2026-10-03", "2026-10-04"]),
        ("Asia/Shanghai", {"early": "08:00", "late": "20:00"}, ["2026-12-31"]),
    ]:
        zone = zoneinfo.ZoneInfo(name)
        ordered = sorted(shifts.items(), key=lambda item: item[1])
        rows = []
        for day in days:
            begun = lambda n, offset=0: first_showing(
                datetime.datetime.fromisoformat(f"{day}T{ordered[n][1]}") + datetime.timedelta(days=offset), zone)
            for index, (shift, _) in enumerate(ordered):
                end = begun(index + 1) if index + 1 < len(ordered) else begun(0, 1)
                rows.append({"day": day, "name": shift, "from": begun(index), "to": end})
        plans.append({"zone": name, "shifts": shifts, "rows": rows})
    return plans


# A journal, and what is in it

ZONE = "Europe/Berlin"
SHIFTS = {"early": "06:00", "late": "14:00", "night": "22:00"}


def journal(random):
    """Lines around both changes of the clock; the clock is set back and ahead in between."""
    lines, seq = [], 0
    for start, hours in [("2026-03-28T20:00", 14), ("2026-10-24T19:00", 16)]:
        time = datetime.datetime.fromisoformat(start).replace(tzinfo=UTC)
        end = time + datetime.timedelta(hours=hours)
        set_back = False
        while time < end:
            seq += 1 + int(random.integers(0, 40) == 0) * 5
            time += datetime.timedelta(microseconds=int(random.exponential(150e6)))
            if not set_back and random.integers(0, 200) == 0:
                time, set_back = time - datetime.timedelta(hours=3), True
            draw = random.random()
            record = {
                "seq": seq, "time": time.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "camera": ["top", "side"][seq % 2],
                "recipe": "bottle" if draw < 0.8 else 'cap "B"', "generation": 3 + seq // 300, "frame": f"{seq}",
            }
            if draw > 0.3:
                record["part"] = f"A-{int(random.integers(0, 250))}" + ("\\" if seq % 50 == 0 else "")
            if seq > 200:
                record["lot"] = f"L-{seq // 150}"
            score = round(float(random.gamma(20, 0.04)), 6)
            if draw < 0.05:
                record |= {"verdict": "INVALID", "cause": str(random.choice(["frame_dark", "camera_lost", "commissioning"]))}
            else:
                record |= {"verdict": "NG" if score >= 1.1 else "OK", "score": score, "limit": 1.1}
                if score > 1.05:
                    record["uncertain"] = True
            record |= {"regions": [{"x": 1, "y": 2, "width": 3, "height": 4, "peak": 1.5}] if score >= 1.1 else [],
                       "latency_ms": {"wait": 0.5, "total": 20.25}, "durable": False, "stored": "written"}
            body = json.dumps(record, separators=(",", ":"), ensure_ascii=False)[:-1]
            lines.append(f'{body},"crc":"{crc32c(body.encode())}"}}')
    return lines


def count(records):
    """`records` is a list of (record, previous time of the camera, whether its part came before)."""
    parts = [(r, before, again) for r, before, again in records if r.get("cause") != "commissioning"]
    judged = [r for r, _, _ in parts if r["verdict"] != "INVALID"]
    first = [r for r, _, again in parts if not again and "part" in r]
    takts = sorted(us(r) - before for r, before, _ in parts if before is not None and us(r) >= before)
    rank = lambda q: min(3_600_000_000, takts[max(1, int(np.ceil(q * len(takts)))) - 1]) / 1e6
    tally = {
        "parts": len(parts), "ok": sum(r["verdict"] == "OK" for r in judged), "ng": sum(r["verdict"] == "NG" for r in judged),
        "invalid": len(parts) - len(judged), "uncertain": sum(r.get("uncertain", False) for r, _, _ in parts),
        "reinspections": sum(again for _, _, again in parts), "commissioning": len(records) - len(parts),
        "causes": dict(collections.Counter(r["cause"] for r, _, _ in parts if r["verdict"] == "INVALID")),
        "numbered": len(first), "numbered_ok": sum(r["verdict"] == "OK" for r in first), "clock_changes": 0,
    }
    if judged:
        tally["ng_rate"] = tally["ng"] / len(judged)
    if parts:
        tally["judged_share"] = len(judged) / len(parts)
    if first:
        tally["first_pass_yield"] = tally["numbered_ok"] / len(first)
    if takts:
        tally["takt"] = {"p50": rank(0.5), "p95": rank(0.95)}
    return tally


def us(record):
    return microseconds(datetime.datetime.fromisoformat(record["time"].replace("Z", "+00:00")))


def counted(lines, begin, end, by, names=lambda r: True):
    """What the answer has to be for a stretch."""
    zone = zoneinfo.ZoneInfo(ZONE)
    seen, newest, rows = set(), {}, []
    for record in map(json.loads, lines):
        number = (record["camera"], record.get("part"))
        again = "part" in record and number in seen
        if "part" in record:
            seen.add(number)
        if not begin <= us(record) < end or not names(record):
            continue
        rows.append((record, newest.get(record["camera"]), again))
        if record.get("cause") != "commissioning":
            newest[record["camera"]] = us(record)
    groups = collections.defaultdict(list)
    for row in rows:
        groups[key(row[0], by, zone)].append(row)
    groups.pop(None, None)
    return {
        "from": begin, "to": end, "by": by, "total": count(rows),
        "groups": {name: count(rows) for name, rows in groups.items()},
    }


def key(record, by, zone):
    if by in ("recipe", "camera"):
        return record[by]
    if by in ("lot", "cause"):
        return record.get(by, "" if by == "lot" else None)
    wall = moment(us(record)).astimezone(zone)
    if by == "hour":
        return wall.strftime("%Y-%m-%dT%H:00") + wall.strftime("%z")[:3] + ":" + wall.strftime("%z")[3:]
    # The shift that began last: of the day before, or of today.
    return max(item for item in begun(wall.date(), zone) if item[0] <= us(record))[1]


@functools.cache
def begun(today, zone):
    return [
        (first_showing(datetime.datetime.fromisoformat(f"{day}T{clock}"), zone), f"{day}/{name}")
        for day in (today - datetime.timedelta(days=1), today) for name, clock in SHIFTS.items()]


def main():
    random = np.random.default_rng(16)
    FOLDER.mkdir(parents=True, exist_ok=True)
    write = lambda name, value: (FOLDER / name).write_text(json.dumps(value, separators=(",", ":")) + "\n")
    write("charts.json", charts(random))
    write("shifts.json", shift_plans())
    lines = journal(random)
    (FOLDER / "journal.jsonl").write_text("\n".join(lines) + "\n")
    times = sorted(us(json.loads(line)) for line in lines)
    night = first_showing(datetime.datetime.fromisoformat("2026-10-24T22:00"), zoneinfo.ZoneInfo(ZONE))
    asked = [counted(lines, 0, times[-1] + 1, by) for by in ("shift", "recipe", "camera", "lot", "cause")]
    asked += [counted(lines, times[-1] - 57_600_000_000, times[-1] + 1, "hour"), counted(lines, night, night + 32_400_000_000, "hour")]
    write("counts.json", asked)


if __name__ == "__main__":
    main()
