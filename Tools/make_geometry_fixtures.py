#!/usr/bin/env python3
"""Makes Tests/CoreTests/Fixtures/geometry: small drawn pictures, and what the reference finds and cuts out of them.

    python3 Tools/make_geometry_fixtures.py REFERENCE.py [OUTPUT]

REFERENCE.py is the detection recipe in Python (`foreground`, `pose`, `Region`); its networks are not used. Needs numpy,
scipy and Pillow >= 13 (written with 13.0.0). Every picture is drawn here, with seeded noise.

    SET-shot-N.png, SET-frame-N.png    what the geometry is chosen from, and other pictures of the scene
    PICTURE.LEVEL.png                  the mask of a picture at that level, white on black; absent where there is none
    PICTURE.HEIGHTxWIDTH-TURN.png      what the set's region shows of a picture, turned anticlockwise
    geometry.json                      regions, poses, grids
"""

import importlib.util
import json
import sys
from pathlib import Path
from unittest.mock import MagicMock

import numpy as np
from PIL import Image, ImageDraw

LEVELS = (0.5, 0.8)
FINE = 4  # drawn so much finer, then reduced: soft edges


def reference(path):
    for network in ("openvino", "onnx", "safetensors", "safetensors.numpy"):
        sys.modules.setdefault(network, MagicMock())
    specification = importlib.util.spec_from_file_location("reference", path)
    module = importlib.util.module_from_spec(specification)
    sys.modules["reference"] = module  # dataclasses look there
    specification.loader.exec_module(module)
    return module


def scene(height, width, draw, seed, colour=(90, 120, 140)):
    """A background that is brighter in the middle, with what `draw` draws on it, and a little noise on some pixels."""
    y, x = np.mgrid[:height, :width]
    light = 1 - 0.25 * ((x / width - 0.45) ** 2 + (y / height - 0.55) ** 2) + 0.05 * x / width
    ground = np.array(colour) * light[..., None]
    layer = Image.new("RGBA", (width * FINE, height * FINE))
    draw(ImageDraw.Draw(layer))
    layer = np.asarray(layer.resize((width, height), Image.BOX)).astype(float)
    alpha = layer[..., 3:] / 255
    rng = np.random.default_rng(seed)
    noise = rng.choice([-2, 0, 2], (height, width, 1), p=[0.1, 0.8, 0.1])
    return Image.fromarray(np.clip(ground * (1 - alpha) + layer[..., :3] * alpha + noise, 0, 255).astype(np.uint8))


def turned(points, centre, degrees):
    """Anticlockwise as seen, in pixels of the finer drawing."""
    angle = np.radians(degrees)
    along, across = np.array([np.cos(angle), -np.sin(angle)]), np.array([np.sin(angle), np.cos(angle)])
    return [tuple(FINE * (np.array(centre) + x * along + y * across)) for x, y in points]


def screw(centre, degrees, length=120):
    def draw(canvas):
        shaft = [(-length / 2, -7), (length / 2 - 12, -7), (length / 2, 0), (length / 2 - 12, 7), (-length / 2, 7)]
        canvas.polygon(turned(shaft, centre, degrees), fill=(215, 210, 200, 255))
        for x in range(-length // 2 + 30, length // 2 - 12, 8):
            canvas.line(turned([(x, -7), (x + 3, 7)], centre, degrees), fill=(130, 128, 120, 255), width=8)
        head = turned([(-length / 2, 0)], centre, degrees)[0]
        canvas.ellipse([*(v - 68 for v in head), *(v + 68 for v in head)], fill=(235, 230, 220, 255))
        canvas.ellipse([*(v - 24 for v in head), *(v + 24 for v in head)], fill=(60, 60, 62, 255))

    return draw


def block(left, top, width, height, hole=True):
    def draw(canvas):
        box = [left, top, left + width, top + height]
        canvas.rounded_rectangle([FINE * v for v in box], 8 * FINE, fill=(40, 46, 52, 255))
        if hole:  # as dark as the background is not: it is filled
            ring = [left + width / 4, top + height / 4, left + width / 2, top + height / 2]
            canvas.ellipse([FINE * v for v in ring], fill=(96, 122, 138, 255))

    return draw


def disc(centre, radii):
    def draw(canvas):
        corners = [centre[0] - radii[0], centre[1] - radii[1], centre[0] + radii[0], centre[1] + radii[1]]
        canvas.ellipse([FINE * v for v in corners], fill=(180, 60, 40, 255))

    return draw


def weave(height, width, phase):
    y, x = np.mgrid[:height, :width]
    value = 128 + 60 * np.sin((x + phase) / 2.3) * np.sin((y - phase) / 3.1)
    return Image.fromarray(np.repeat(value[..., None], 3, axis=-1).astype(np.uint8))


def sets():
    """{name: (shots, other pictures)}"""
    return {
        "screw": (
            [scene(220, 300, screw((150, 110), 20), 1), scene(220, 300, screw((140, 118), 155), 2),
             scene(220, 300, screw((160, 104), 260), 3)],
            [scene(220, 300, screw((128, 96), 312), 4), scene(110, 150, screw((75, 55), 75, 60), 5),
             scene(220, 300, lambda canvas: None, 6)]),
        "block": (
            [scene(120, 160, block(46, 30, 50, 44), 11), scene(120, 160, block(52, 36, 50, 44), 12),
             scene(120, 160, block(49, 33, 50, 44), 13)],
            [scene(120, 160, block(54, 32, 50, 44), 14)]),
        "corner": ([scene(100, 90, block(2, 52, 50, 44), 21), scene(100, 90, block(3, 51, 50, 44), 22)], []),
        "strip": (
            [scene(150, 110, block(40, 12, 26, 120, False), 31),
             scene(150, 110, block(42, 14, 26, 120, False), 32)], []),
        "disc": ([scene(90, 120, disc((60, 45), (54, 41)), 41), scene(90, 120, disc((61, 45), (54, 40)), 42)], []),
        "weave": ([weave(80, 100, 0), weave(80, 100, 1.5)], []),
    }  # fmt: skip


# By set: height, width, degrees.
CUTS = {
    "screw": [(28, 70, 0), (84, 196, 0), (84, 196, 180), (84, 196, 30)],
    "block": [(42, 48, 0), (112, 128, 0), (42, 48, 45), (56, 64, 200)],
    "corner": [(70, 70, 135)],
    "disc": [(28, 42, 0), (98, 126, 45)],
}


def main():
    ours = reference(sys.argv[1])
    fixtures = Path(__file__).parent.parent / "Tests/CoreTests/Fixtures/geometry"
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else fixtures
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    found = {"regions": {}, "poses": {}, "grids": []}
    for name, (shots, frames) in sets().items():
        region = ours.Region.of(shots)
        pictures = {f"{name}-shot-{i}": shot for i, shot in enumerate(shots, 1)}
        pictures |= {f"{name}-frame-{i}": frame for i, frame in enumerate(frames, 1)}
        found["regions"][name] = {
            "shots": len(shots), "mode": region.mode, "low": [float(v) for v in region.low],
            "high": [float(v) for v in region.high],
        }  # fmt: skip
        for file, picture in pictures.items():
            picture.save(folder / f"{file}.png", optimize=True)
            for level in LEVELS:
                mask = ours.foreground(picture, level)
                if mask is not None:
                    Image.fromarray(mask.astype(np.uint8) * 255).save(folder / f"{file}.{level}.png", optimize=True)
            if mask is not None:
                frame, elongation, extent = ours.pose(mask, picture)
                found["poses"][file] = {
                    "origin": list(frame.origin), "along": list(frame.along), "elongation": elongation,
                    "extent": extent.tolist(),
                }  # fmt: skip
        # Of the last picture in which a part is found, at the shots' size: a cut by coordinates is of those.
        same = [(file, picture) for file, picture in pictures.items() if picture.size == shots[0].size]
        file, picture = [(file, picture) for file, picture in same if region.frame(picture)][-1]
        for height, width, turn in CUTS.get(name, []):
            region.cut(picture, width, height, turn).save(folder / f"{file}.{height}x{width}-{turn}.png", optimize=True)
    rng = np.random.default_rng(51)
    for _ in range(40):
        width, height = np.exp(rng.uniform(np.log(20), np.log(3000), 2)).round(2)
        area = int(rng.choice([322, 448, 644])) ** 2
        grid = ours.Region("box", (0, 0), (width, height)).grid(area)
        found["grids"].append([float(width), float(height), area, *grid])
    (folder / "geometry.json").write_text(json.dumps(found, indent=1) + "\n")
    print({name: region["mode"] for name, region in found["regions"].items()})


if __name__ == "__main__":
    main()
