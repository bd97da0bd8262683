#!/usr/bin/env python3
"""The table in docs/faults.md: that it has every row, that what it names is there, and the figures of `make faults`.

table.py           checks it
table.py --write   puts the figures of the last whole run into it
"""

import json
import pathlib
import re
import sys

PROJECT = pathlib.Path(__file__).resolve().parents[2]
PAGE = PROJECT / "docs/faults.md"
FIGURES = PROJECT / ".build/faults/figures.json"

COUNTS = dict(C=12, S=16, T=1, G=3, W=3, I=5, P=8, H=5, U=3, L=1, F=3)
ROWS = [f"{letter}{number}" for letter, count in COUNTS.items() for number in range(1, count + 1)]
FORM = re.compile(r"^\| ([A-Z]\d+) \| (.*) \| (.*) \| (.*) \| (.*) \|$")


def rows(text):
    return [match.groups() for line in text.splitlines() if (match := FORM.match(line))]


def problems(stepped):
    """What is wrong with the page, given the rows that have steps in Tests/Faults/rows."""
    found = []
    entries = rows(PAGE.read_text())
    names = [entry[0] for entry in entries]
    if names != ROWS:
        found.append(f"rows missing, doubled or out of order: {sorted(set(ROWS) ^ set(names)) or names}")
    sources = [path.read_text() for path in (PROJECT / "Tests").rglob("*.swift")]
    for name, _, _, shown, _ in entries:
        if ("`make faults`" in shown) != (name in stepped):
            found.append(f"{name}: the page and Tests/Faults/rows disagree on whether `make faults` shows it")
        for suite, test in re.findall(r"`(\w+)/(\w+)`", shown):
            holds = re.compile(rf"(struct|class|extension) {suite}\b").search
            if not any(f"func {test}(" in source and holds(source) for source in sources):
                found.append(f"{name}: there is no test {suite}/{test}")
        for case in re.findall(r"VM `(\w+)`", shown):
            if not list((PROJECT / "Tests/VM/cases").glob(f"{case}*.py")):
                found.append(f"{name}: there is no case {case} of Tests/VM")
        if "`" not in shown and not shown.startswith("not shown: "):
            found.append(f"{name}: neither a test nor why not: {shown}")
    return found


def keep_figures(chosen):
    """Beside those of rows that were not run this time."""
    kept = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    for row in {item.row for item in chosen}:
        kept[row] = [[item.text, item.figure] for item in chosen if item.row == row and item.outcome == "shown"]
    FIGURES.write_text(json.dumps(kept, indent=1))


def write():
    figures = json.loads(FIGURES.read_text())
    lines = []
    for line in PAGE.read_text().splitlines():
        match = FORM.match(line)
        if match and figures.get(match[1]) and "`make faults`" in match[4]:
            # What other tests measured stands before, up to this mark.
            other, mark, _ = match[5].partition("<br>") if match[5].startswith("VM: ") else ("", "", "")
            cell = "<br>".join(
                ([other] if mark or other else [])
                + [f"{text}: {figure}" if figure else text for text, figure in figures[match[1]]]
            )
            line = f"| {match[1]} | {match[2]} | {match[3]} | {match[4]} | {cell} |"
        lines.append(line)
    PAGE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write()
    else:
        sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
        import run

        sys.exit("\n".join(run.problems()) or 0)
