#!/usr/bin/env python3
"""Reads the journal of the demo's second line: how the same parts were judged before and after the stream taught the model.

    compare.py STATE

Exits with 1 when a part was judged by one generation only, or none.
"""
import argparse
import collections
import json
import pathlib
import sys


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("state", type=pathlib.Path)
    arguments = parser.parse_args()

    verdicts = collections.defaultdict(dict)
    for segment in sorted((arguments.state / "journal").glob("[0-9]*.jsonl")):
        for line in map(json.loads, segment.read_text(encoding="utf-8").splitlines()):
            # before-03-good.jpg
            when, _, part = line.get("frame", "").partition("-")
            if when in ("before", "after") and line["verdict"] != "INVALID":
                verdicts[when][part] = line
    if not verdicts["before"] or verdicts["before"].keys() != verdicts["after"].keys():
        print("demo: not every part was judged before and after", file=sys.stderr)
        sys.exit(1)
    print(f"{'':10}{'false rejects':>16}{'escapes':>12}{'uncertain':>12}")
    for when in ("before", "after"):
        lines = verdicts[when]
        good = [line for part, line in lines.items() if "good" in part]
        bad = [line for part, line in lines.items() if "good" not in part]
        rejects = sum(line["verdict"] == "NG" for line in good)
        escapes = sum(line["verdict"] == "OK" for line in bad)
        uncertain = sum(line.get("uncertain", False) for line in lines.values())
        print(f"{when:10}{f'{rejects} of {len(good)}':>16}{f'{escapes} of {len(bad)}':>12}"
              f"{f'{uncertain} of {len(lines)}':>12}")


if __name__ == "__main__":
    main()
