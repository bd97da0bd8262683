#!/usr/bin/env python3
"""What one wrong shot does: the table of docs/accuracy.md.

    wrong_shot.py [--shots 4,6] [--seeds 1] [--outliers 8] [--pictures N] [--method auto] SET...

Each choice of shots is fitted as it is, and again with defective test pictures, each in turn, as one more shot (`fsacctl evaluate
--outliers`), which is then no test. They are drawn by lot (a picture's lot is a digest of its name), --outliers of a set; 1000 are
all. All others are tests each time; no picture is embedded twice, finished runs are kept. A further escape is a defective picture that is rejected without the wrong shot, and not
with it. No test picture has a say in a limit.
"""
import argparse
import json
import os
import subprocess
import sys


def evaluate(options, directory):
    command = [options.fsacctl, "evaluate", directory, "--shots", options.shots, "--seeds", str(options.seeds),
               "--outliers", str(options.outliers), "--method", options.method, "--models", options.models, "--json"]
    if options.pictures:
        command += ["--pictures", str(options.pictures)]
    if options.backbone:
        command += ["--backbone", options.backbone]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def judged(run, defective):
    """File: score, of the pictures that are rejected, and of those that are not."""
    pictures = [picture for picture in run["pictures"] if (picture.get("defect") is not None) == defective]
    rejected = {picture["file"] for picture in pictures if picture["score"] >= run["limit"]}
    return rejected, {picture["file"] for picture in pictures} - rejected


def row(name, shots, base, runs, verbose):
    further, odd, false_rejects, limits = [], 0, [], []
    for run in runs:
        before = next(one for one in base if one["seed"] == run["seed"])
        escapes = judged(run, True)[1] - judged(before, True)[1]
        further.append(len(escapes))
        odd += run["outlier"] in run["odd_shots"]
        good = judged(run, False)
        false_rejects.append(len(good[0]) / len(good[0] | good[1]))
        limits.append(run["limit"])
        if verbose:
            print(f"    {shots} shots, seed {run['seed']}, {run['outlier']}: limit {run['limit']:.3f}, "
                  f"odd {run['odd_shots']}, further escapes {sorted(escapes)}", file=sys.stderr)
    good = [judged(run, False) for run in base]
    before = sum(len(rejected) / len(rejected | passed) for rejected, passed in good) / len(good)
    rejects = sum(len(judged(run, True)[0]) for run in base) / len(base)
    wrongly = sum(len(run["odd_shots"]) for run in base)
    return (f"| {name} | {shots} | {len(runs)} | {100 * odd / len(runs):.0f} % | {rejects:.0f} | "
            f"{sum(further) / len(further):.2f} | {max(further)} | "
            f"{sum(run['limit'] for run in base) / len(base):.3f} | {max(limits):.3f} | "
            f"{100 * before:.0f} % | {100 * sum(false_rejects) / len(false_rejects):.0f} % | {wrongly} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--shots", default="4,6")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--outliers", type=int, default=8)
    parser.add_argument("--pictures", type=int)
    parser.add_argument("--method", default="auto")
    parser.add_argument("--backbone")
    parser.add_argument("--models", default=os.environ.get("FSAC_MODELS", "models"))
    parser.add_argument("--fsacctl", default=".build/release/fsacctl")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    print("| set | good shots | wrong shots tried | called odd | rejects without it | further escapes, mean | most | "
          "limit without it | highest with it | false rejects without it | with it | good shots called odd |")
    print("|" + "---|" * 12)
    for directory in options.sets:
        results = evaluate(options, directory)["results"]
        for with_outlier in [result for result in results if result["runs"][0].get("outlier")]:
            base = next(result for result in results if result["shots"] == with_outlier["shots"]
                        and with_outlier["set"].startswith(result["set"]) and not result["runs"][0].get("outlier"))
            print(row(base["set"], base["shots"], base["runs"], with_outlier["runs"], options.verbose), flush=True)


if __name__ == "__main__":
    main()
