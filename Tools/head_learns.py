#!/usr/bin/env python3
"""Shows whether the head of CLIP-FSAC++ learns: how well synthetic anomalies that no head has seen are told from good parts that
none has seen, by the anchors before training and by the trained head. Prints the table of docs/accuracy.md.

    head_learns.py [--fsacctl .build/release/fsacctl] [--backbone dinov2-small] [--shots 1,4,8] SET...

SET is a folder in MVTec AD's layout. Runs `fsacctl evaluate`, which fits with the first shots of train/good; the figures are those
that the fit keeps in model.json. The test pictures do not enter them: they only give the last column.
"""
import argparse
import json
import os
import subprocess


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fsacctl", default=".build/release/fsacctl")
    parser.add_argument("--backbone", default="dinov2-small")
    parser.add_argument("--shots", default="1,4,8")
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--option", action="append", default=[], help="another option of evaluate, as --epochs=50")
    parser.add_argument("sets", nargs="+")
    arguments = parser.parse_args()
    print("| set | shots | untrained anchors | trained head | epochs | I-AUROC on the test pictures | fit s |")
    print("|---|---|---|---|---|---|---|")
    for folder in arguments.sets:
        output = subprocess.run(
            [arguments.fsacctl, "evaluate", folder, "--backbone", arguments.backbone, "--method", "clip-fsac", "--map",
             "similarity", "--shots", arguments.shots, "--seeds", arguments.seeds, "--fewer-seeds", "--json",
             *arguments.option],
            check=True, stdout=subprocess.PIPE).stdout
        for result in json.loads(output)["results"]:
            runs = result["runs"]

            def mean(name):
                return sum(run["training"][name] for run in runs) / len(runs)

            print(f"| {os.path.basename(os.path.normpath(folder))} | {result['shots']} | {mean('untrained'):.3f} | "
                  f"{mean('trained'):.3f} | {mean('epochs'):.0f} | {result['i_auroc']:.3f} | "
                  f"{result['fit_seconds']:.1f} |", flush=True)


if __name__ == "__main__":
    main()
