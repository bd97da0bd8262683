#!/usr/bin/env python3
"""Prints what `fsacctl evaluate --json` wrote as the Markdown table of docs/accuracy.md.

    accuracy_table.py FILE.json...

One row a backbone, method, data set and number of shots; then one a number of shots with the means over the data sets,
over all files of the same backbone and method.
"""
import json
import sys

COLUMNS = [
    ("I-AUROC", "i_auroc", True), ("I-AUPR", "i_aupr", False), ("F1-max", "f1_max", False),
    ("P-AUROC", "p_auroc", False), ("AUPRO", "aupro", False), ("false rejects", "false_reject_rate", False),
    ("escapes", "escape_rate", False), ("balanced accuracy", "balanced_accuracy", False),
    ("best", "best_balanced_accuracy", False), ("fit s", "fit_seconds", False), ("ms", "ms_per_image", False)]


def configuration(evaluation):
    """What a row was measured with, in words."""
    backbone, settings = evaluation["backbone"], evaluation["settings"]
    # What the fits used: `auto` has a size of its own.
    size = evaluation["results"][0]["runs"][0].get("input_size") or backbone["input_size"]
    text = f"{backbone['name']} at {size}, {evaluation['method']}"
    layers = settings.get("layers") or []
    return text + (f", layer{'s' if len(layers) > 1 else ''} {', '.join(map(str, layers))}" if layers else "")


def cell(figures, key, deviation):
    value = figures[key]
    if value is None:
        return "–"
    if key.endswith("_rate"):
        return f"{100 * value:.0f} %"
    if key in ("ms_per_image", "fit_seconds"):
        return f"{value:.0f}" if value >= 10 else f"{value:.1f}"
    return f"{value:.3f}" + (f" ± {deviation[key]:.3f}" if deviation else "")


def row(label, name, shots, seeds, figures, deviation):
    cells = [cell(figures, key, deviation if deviates else None) for _, key, deviates in COLUMNS]
    return "| " + " | ".join([label, name, str(shots), seeds, *cells]) + " |"


def mean(results, inner):
    """The mean of each figure over the results that have it."""
    values = {key: [v for v in ((r[inner] if inner else r)[key] for r in results) if v is not None] for _, key, _ in COLUMNS}
    return {key: sum(v) / len(v) if v else None for key, v in values.items()}


def main():
    groups = {}
    for path in sys.argv[1:]:
        with open(path) as file:
            evaluation = json.load(file)
        groups.setdefault(configuration(evaluation), []).extend(evaluation["results"])
    headings = ["backbone, method", "set", "shots", "seeds", *(heading for heading, _, _ in COLUMNS)]
    print("| " + " | ".join(headings) + " |")
    print("|" + "---|" * len(headings))
    for label, results in sorted(groups.items()):
        results.sort(key=lambda result: (result["set"], result["shots"]))
        for result in results:
            print(row(label, result["set"], result["shots"], str(result["seeds"]), result, result["std"]))
        for shots in sorted({result["shots"] for result in results}):
            alike = [result for result in results if result["shots"] == shots]
            if len(alike) > 1:
                print(row(label, "**mean**", shots, "", mean(alike, None), mean(alike, "std")))


if __name__ == "__main__":
    main()
