#!/usr/bin/env python3
"""The faults of docs/faults.md against the real daemon, on real files: what `make faults` runs.

    run.py [ROW...]   rows: S1 S8 ... (default: all)

Needs root, for file systems of its own (in a mount namespace of its own) and control groups; what cannot be made is
reported as NOT RUN, and the run fails. Prints each step with its figure, and keeps the figures in
.build/faults/figures.json for docs/faults.md (`Tests/Faults/table.py --write`).
"""

import concurrent.futures
import importlib
import os
import pathlib
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import rig  # noqa: E402
import table  # noqa: E402

# Most steps wait for most of their time.
AT_ONCE = 3


def enter_namespace():
    """Mounts of this run are seen by nobody else, and gone with it."""
    if os.geteuid() == 0 and os.environ.get("FSAC_FAULTS_NAMESPACE") is None:
        os.environ["FSAC_FAULTS_NAMESPACE"] = "1"
        os.execvp("unshare", ["unshare", "-m", "--propagation", "private", sys.executable, *sys.argv])


def problems():
    """Of the table in docs/faults.md."""
    for path in sorted((pathlib.Path(__file__).parent / "rows").glob("*.py")):
        importlib.import_module(f"rows.{path.stem}")
    return table.problems({item.row for item in rig.steps})


def main(rows):
    enter_namespace()
    begin = time.monotonic()
    if wrong := problems():
        sys.exit("\n".join(f"docs/faults.md: {problem}" for problem in wrong))
    unknown = set(rows) - {item.row for item in rig.steps}
    if unknown:
        sys.exit(
            f"faults: no such row: {' '.join(sorted(unknown))}: {' '.join(sorted({item.row for item in rig.steps}))}"
        )
    chosen = [item for item in rig.steps if not rows or item.row in rows]
    rig.SHIM.parent.mkdir(parents=True, exist_ok=True)
    for old in ("template", "template-line"):
        shutil.rmtree(rig.SHIM.parent / old, ignore_errors=True)
    rig.build_shims()
    root = pathlib.Path(tempfile.mkdtemp(prefix="fsac-faults-", dir="/tmp"))
    try:
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            folders = {item: root / str(number) for number, item in enumerate(chosen)}
            futures = [pool.submit(show, item, folders[item]) for item in chosen]
            for future in concurrent.futures.as_completed(futures):
                future.result()
    finally:
        shutil.rmtree(root, ignore_errors=True)
    table.keep_figures(chosen)
    sys.exit(conclude(chosen, time.monotonic() - begin))


def show(item, folder):
    folder.mkdir()
    rig.run(item, folder)
    print(
        f"{item.outcome:8}{item.seconds:6.1f} s  {item.row:4}{item.text}" + (f": {item.figure}" if item.figure else ""),
        flush=True,
    )
    shutil.rmtree(folder, ignore_errors=True)


def conclude(chosen, seconds):
    counters = rig.counters
    print(
        f"faults: {len({item.row for item in chosen})} rows, {len(chosen)} steps in {seconds:.0f} s;"
        f" {counters.verdicts} verdicts in journals, {counters.shown} shown, {counters.restarts} starts of the daemon"
    )
    is_sound = True
    for name, found in counters.broken().items():
        print(f"faults: {name}: {len(found)}" + (f": {found[0]}" if found else ""))
        is_sound = is_sound and not found
    for outcome in ("FAILED", "NOT RUN"):
        those = [item for item in chosen if item.outcome == outcome]
        if those:
            print(f"faults: {outcome}: " + "; ".join(f"{item.row} {item.text}" for item in those))
            is_sound = False
    return 0 if is_sound else 1


if __name__ == "__main__":
    main(sys.argv[1:])
