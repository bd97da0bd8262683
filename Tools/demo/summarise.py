#!/usr/bin/env python3
"""Reads the demo's journal beside the known labels and says what was measured.

    summarise.py STATE LABELS STATUS --swap-seconds 2.3

STATUS is what `fsacctl status --json` said after the last part.

Exits with 1 when the daemon misbehaved: sequence numbers that do not follow each other, a part that was INVALID with a
model in use, a picture that is missing without having been counted as dropped, or no part
judged at all. A wrong verdict is no misbehaviour: it is counted and shown.
"""
import argparse
import collections
import json
import os
import pathlib
import statistics
import sys


def journal(state):
    lines = []
    for segment in sorted((state / "journal").glob("[0-9]*.jsonl")):
        lines += [json.loads(line) for line in segment.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line.get("type") != "header"]


def faults(lines, state, status):
    """What the daemon may not do."""
    for before, after in zip(lines, lines[1:]):
        if after["seq"] != before["seq"] + 1:
            yield f"the journal goes from {before['seq']} to {after['seq']}"
    judged = [line for line in lines if line["verdict"] != "INVALID"]
    if not judged:
        yield "no part was judged"
        return
    for line in lines:
        if line["seq"] > judged[0]["seq"] and line["verdict"] == "INVALID":
            yield f"part {line['seq']} is INVALID ({line['cause']}) although there is a model"
    missing = [line["seq"] for line in judged for kind in ("image", "heatmap") if not (state / line[kind]).is_file()]
    if len(missing) > status["storage"]["images_dropped"]:
        yield f"pictures or heat maps of the parts {missing} are not there"


def rate(name, wrong, total):
    share = f"{100 * len(wrong) / total:.0f} %" if total else "none inspected"
    return f"{name:16}{len(wrong)} of {total} ({share})"


def print_mistakes(judged, labels):
    known = [(line, labels[line["frame"]]) for line in judged]
    good = [line for line, label in known if label == "good"]
    false_rejects = [line for line in good if line["verdict"] == "NG"]
    print(rate("false rejects", false_rejects, len(good)) + " good parts")
    for kind in ("local", "global"):
        defective = [line for line, label in known if label == kind]
        escapes = [line for line in defective if line["verdict"] == "OK"]
        print(rate("escapes", escapes, len(defective)) + f" parts with a {kind} defect")


def print_latency(judged, status):
    latency = status["latency"]
    print(f"{'latency':16}median {latency['p50']:.1f} ms, 95 % {latency['p95']:.1f} ms, from frame to journalled verdict, "
          f"{len(judged)} judged parts")
    stages = [line["latency_ms"] for line in judged]
    medians = ", ".join(
        f"{stage} {statistics.median(times[stage] for times in stages):.1f}" for stage in ("wait", "decode", "embed", "score")
    )
    print(f"{'':16}medians of the stages in ms: {medians}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("state", type=pathlib.Path)
    parser.add_argument("labels", type=pathlib.Path)
    parser.add_argument("status", type=pathlib.Path)
    parser.add_argument("--swap-seconds", type=float, required=True)
    arguments = parser.parse_args()

    labels = dict(line.split("\t") for line in arguments.labels.read_text(encoding="utf-8").splitlines())
    status = json.loads(arguments.status.read_text(encoding="utf-8"))
    lines = journal(arguments.state)
    counts = collections.Counter(line["verdict"] for line in lines)
    judged = [line for line in lines if line["verdict"] != "INVALID"]
    print(f"{'parts':16}{len(lines)}: {counts['OK']} OK, {counts['NG']} NG, {counts['INVALID']} INVALID "
          "(before there was a model)")
    if judged:
        print_mistakes(judged, labels)
        print_latency(judged, status)
    print(f"{'new model':16}{arguments.swap_seconds:.1f} s from `fsacctl add-normal` of 4 shots to the model in use")
    worst = max((line for line in judged if line.get("heatmap")), key=lambda line: line["score"], default=None)
    if worst:
        print(f"{'heat maps':16}{os.path.relpath(arguments.state / 'heatmaps')}; the highest score: "
              f"{os.path.relpath(arguments.state / worst['heatmap'])}")
    found = list(faults(lines, arguments.state, status))
    for fault in found:
        print(f"demo: {fault}", file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
