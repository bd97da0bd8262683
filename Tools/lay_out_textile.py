#!/usr/bin/env python3
"""Lays the demo's textile pictures out as two data sets in MVTec AD's layout, `textile-local` and `textile-global`.

    lay_out_textile.py FROM TO [--seed 1] [--pictures 60]

The test pictures are drawn from each kind; the good pictures that were not drawn become train/good. Files are linked, not
copied.
"""
import argparse
import os
import pathlib
import random


def link(pictures, folder):
    folder.mkdir(parents=True)
    for picture in pictures:
        os.link(picture, folder / picture.name)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("target", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pictures", type=int, default=60)
    options = parser.parse_args()
    new = options.target.with_name(options.target.name + ".new")
    nominal = sorted((options.source / "nominal").glob("*.jpg"))
    for kind in ["local", "global"]:
        draw = random.Random(options.seed)
        good = set(draw.sample(nominal, options.pictures))
        defective = draw.sample(sorted((options.source / kind).glob("*.jpg")), options.pictures)
        link([picture for picture in nominal if picture not in good], new / f"textile-{kind}" / "train" / "good")
        link(sorted(good), new / f"textile-{kind}" / "test" / "good")
        link(sorted(defective), new / f"textile-{kind}" / "test" / kind)
    new.rename(options.target)


if __name__ == "__main__":
    main()
