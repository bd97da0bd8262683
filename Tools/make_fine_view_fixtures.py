#!/usr/bin/env python3
"""Writes what the tests of Core/Anomaly/Auto compare `auto`'s fine view with, computed by PyTorch and NumPy.

    make_fine_view_fixtures.py Tests/CoreTests/Fixtures/anomaly/fine-view.json --models models

Three drawn shots and a fourth picture of 120 x 90 pixels are looked at through both networks (the real weights) at about
448 x 448 pixels of a transformer's input, 14 pixels a token, 16 of the convolutional network. Of each stage 900 tokens are
remembered, drawn as SplitMix64 says; a stage's unit is the geometric mean over the shots of the mean of the highest 0.5 % of the
distances to the others' tokens.

units      by stage: DINOv2 blocks, then EfficientNet stages, in the order of `stages`
squares    of the fourth picture at 64 places (place i of 64 is i * (count // 64 + 1) % count): the mean over the stages of
           (distance / unit)^2

Needs PyTorch, safetensors, Pillow, NumPy and efficientnet-lite-pytorch==0.1.0 (see reference_models.py).
"""

import argparse
import json
import pathlib
import sys

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import reference_models

HEIGHT, WIDTH, ROWS, COLUMNS = 90, 120, 28, 37  # sqrt(448^2 / (4 / 3)) / 14, sqrt(448^2 * 4 / 3) / 14
STAGES = ["block4", "block6", "stage4", "stage5"]
BUDGET, TOP_SHARE, PLACES = 900, 0.005, 64


def picture(number):
    """A disc and stripes, each where its number says; whole numbers, so that both sides draw the same."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.int64)
    stripes = (7 * x + 3 * y + 11 * number) % 64
    disc = (x - 55 - 2 * number) ** 2 + (y - 45 + number) ** 2 < 900
    noise = (x * x * 31 + y * y * 17 + x * y * (5 + number)) % 23
    channels = [np.where(disc, 150 + noise, 60 + stripes + noise) * scale // 8 for scale in (8, 7, 5)]
    if number == 3:  # a defect
        channels[1] = np.where((abs(x - 60) < 4) & (abs(y - 40) < 4), 250, channels[1])
    return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))


def tensor(image, rows, columns, side, mean, deviation):
    cut = np.asarray(image.resize((side * columns, side * rows), Image.BICUBIC)).astype(np.float32) / 255
    return torch.from_numpy(((cut - np.float32(mean)) / np.float32(deviation)).transpose(2, 0, 1)[None].copy())


def neighbourhood_mean(grid):
    padded = np.pad(grid, ((1, 1), (1, 1), (0, 0)))
    counts = np.pad(np.ones(grid.shape[:2], np.float32), 1)
    shifts = [(slice(y, y + grid.shape[0]), slice(x, x + grid.shape[1])) for y in range(3) for x in range(3)]
    return sum(padded[s] for s in shifts) / sum(counts[s] for s in shifts)[..., None]


class Networks:
    def __init__(self, models):
        state = reference_models.dinov2_state(str(models / "dinov2-small.safetensors"))
        self.dino = reference_models.DINOv2(state, 14 * ROWS, 14 * COLUMNS)
        self.lite0 = reference_models.efficientnet_lite0(str(models / "efficientnet-lite0.safetensors"))

    def features(self, image):
        """{stage: [tokens, width], rows of length 1}."""
        with torch.no_grad():
            inputs = tensor(image, ROWS, COLUMNS, 14, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
            blocks = self.dino(inputs)[2:]
            stages = self.lite0(tensor(image, ROWS, COLUMNS, 16, [0.49803922] * 3, [0.5019608] * 3))[2:]
        found = {f"block{number}": blocks[number - 1][0].numpy() for number in (4, 6)}
        found["stage4"] = stages[3][0].numpy()
        found["stage5"] = neighbourhood_mean(stages[4][0].numpy().reshape(ROWS, COLUMNS, -1)).reshape(ROWS * COLUMNS, -1)
        return {name: found[name] / np.linalg.norm(found[name], axis=1, keepdims=True) for name in STAGES}


def thinned(count, kept):
    z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z <= np.sort(z)[kept - 1]


def top(values):
    count = max(1, round(TOP_SHARE * len(values)))
    return float(np.mean(np.sort(values)[-count:]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--models", type=pathlib.Path, required=True)
    options = parser.parse_args()
    networks = Networks(options.models)
    shots = [networks.features(picture(number)) for number in range(3)]
    tested = networks.features(picture(3))
    tokens = ROWS * COLUMNS
    kept = thinned(3 * tokens, BUDGET)
    owner = np.repeat(np.arange(3), tokens)[kept]
    units, squares = [], 0
    for stage in STAGES:
        rows = np.concatenate([shot[stage] for shot in shots])[kept]
        distances = lambda own, among: 1 - (own[stage] @ rows[among].T).max(axis=1)
        held_out = [top(distances(shot, owner != number)) for number, shot in enumerate(shots)]
        units.append(float(np.exp(np.mean(np.log(held_out)))))
        squares = squares + (distances(tested, slice(None)) / units[-1]) ** 2 / len(STAGES)
    places = np.arange(PLACES) * (tokens // PLACES + 1) % tokens
    document = {"rows": ROWS, "columns": COLUMNS, "stages": STAGES, "units": units, "squares": squares[places].tolist()}
    options.output.write_text(json.dumps(document, indent=1) + "\n")
    print(options.output, units)


if __name__ == "__main__":
    main()
