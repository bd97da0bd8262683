#!/usr/bin/env python3
"""Draws the parts of the demo from the textile pictures: which are inspected, in which order, and the good shots.

    draw_parts.py PICTURES DESTINATION --parts 60 --seed 1

Leaves DESTINATION/parts (what the line sees), DESTINATION/normals (four good parts that are not among them) and
DESTINATION/labels.tsv (file name, tab, what is known of the part). The names tell a person what a part is; the
programs are given the pixels only.
"""
import argparse
import pathlib
import random
import shutil

SHOTS = 4
# Of five parts three are good, one has a local and one a global defect.
KINDS = (("nominal", "good", 3), ("local", "local", 1), ("global", "global", 1))


def counts(parts):
    """How many parts of each kind, with those that do not divide by five going to the good ones."""
    shares = {folder: parts * share // 5 for folder, _, share in KINDS}
    shares["nominal"] += parts - sum(shares.values())
    return shares


def draw(pictures, parts, seed):
    generator = random.Random(seed)
    drawn, normals = [], []
    for folder, label, _ in KINDS:
        files = sorted((pictures / folder).glob("*.jpg"))
        extra = SHOTS if folder == "nominal" else 0
        chosen = generator.sample(files, counts(parts)[folder] + extra)
        normals += chosen[:extra]
        drawn += [(file, label) for file in chosen[extra:]]
    generator.shuffle(drawn)
    return drawn, normals


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=pathlib.Path)
    parser.add_argument("destination", type=pathlib.Path)
    parser.add_argument("--parts", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    arguments = parser.parse_args()

    drawn, normals = draw(arguments.pictures, arguments.parts, arguments.seed)
    for folder in ("parts", "normals"):
        (arguments.destination / folder).mkdir(parents=True)
    with open(arguments.destination / "labels.tsv", "w", encoding="utf-8") as labels:
        for number, (file, label) in enumerate(drawn, 1):
            name = f"{number:02}-{label}-{file.name}"
            shutil.copyfile(file, arguments.destination / "parts" / name)
            labels.write(f"{name}\t{label}\n")
    for file in normals:
        shutil.copyfile(file, arguments.destination / "normals" / file.name)
    kinds = [label for _, label in drawn]
    print(
        f"{len(drawn)} parts: {kinds.count('good')} good, {kinds.count('local')} with a local defect, "
        f"{kinds.count('global')} with a global defect (drawn with seed {arguments.seed})"
    )


if __name__ == "__main__":
    main()
