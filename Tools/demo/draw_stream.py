#!/usr/bin/env python3
"""Draws what the demo's second line sees: one good shot, parts to be judged before and after, and the parts that teach.

    draw_stream.py PICTURES DESTINATION --parts 30 --seed 1

Leaves DESTINATION/shot.jpg, DESTINATION/tests (good parts and ones with a local defect in turn) and DESTINATION/stream (of
30 parts two have a local defect, and nobody tells the programs which). No picture is there twice. What a part is known to be
is in its name; the programs are given the pixels only.
"""
import argparse
import pathlib
import random
import shutil

TESTS = 16
DEFECTIVE_SHARE = 15


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=pathlib.Path)
    parser.add_argument("destination", type=pathlib.Path)
    parser.add_argument("--parts", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    arguments = parser.parse_args()

    generator = random.Random(arguments.seed)
    defects = arguments.parts // DEFECTIVE_SHARE
    good = generator.sample(
        sorted((arguments.pictures / "nominal").glob("*.jpg")), 1 + TESTS // 2 + arguments.parts - defects)
    bad = generator.sample(sorted((arguments.pictures / "local").glob("*.jpg")), TESTS // 2 + defects)
    for folder in ("tests", "stream", "parts"):
        (arguments.destination / folder).mkdir(parents=True)
    shutil.copyfile(good.pop(), arguments.destination / "shot.jpg")
    for number in range(TESTS):
        label, pictures = ("local", bad) if number % 2 else ("good", good)
        shutil.copyfile(pictures.pop(), arguments.destination / "tests" / f"{number + 1:02}-{label}.jpg")
    stream = [(file, "good") for file in good] + [(file, "local") for file in bad]
    generator.shuffle(stream)
    for number, (file, label) in enumerate(stream, 1):
        shutil.copyfile(file, arguments.destination / "stream" / f"stream-{number:02}-{label}.jpg")


if __name__ == "__main__":
    main()
