#!/usr/bin/env python3
"""Writes what the tests of the methods that read compare with: WinCLIP and zero-shot scores from NumPy.

    make_winclip_fixtures.py Tests/CoreTests/Fixtures/scorers

Needs numpy (written with 2.4). Follows Jeong et al., CVPR 2023: equations 3 to 5 and section 4.3, temperature 0.07. Seeded: a
second run writes the same file.
"""
import json
import os
import sys

import numpy as np

TEMPERATURE = 0.07
SIDES = (2, 3)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def rounded(array):
    return [float(f"{value:.7g}") for value in np.asarray(array, np.float64).ravel()]


def exact(array):
    """What the test reads, so that both sides begin with the same numbers."""
    return np.array(rounded(array)).reshape(np.shape(array))


def abnormal(rows, anchors):
    """The softmax over the normal and the abnormal text."""
    logits = unit(rows) @ anchors.T / TEMPERATURE
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    return (weights / weights.sum(-1, keepdims=True))[..., 1]


def unlike(rows, known):
    return (1 - (unit(rows) @ unit(known).T).max(-1)) / 2


def harmonic(values, side, grid):
    """Over all windows that lie over a patch."""
    rows, columns = grid
    values = values.reshape(rows - side + 1, columns - side + 1)
    inverse, count = np.zeros(grid), np.zeros(grid)
    for y in range(values.shape[0]):
        for x in range(values.shape[1]):
            inverse[y:y + side, x:x + side] += 1 / values[y, x]
            count[y:y + side, x:x + side] += 1
    return count / inverse


def winclip(query, shots, anchors, grid):
    zero_shot = abnormal(query["embedding"][None], anchors)[0]
    textual, visual = [np.full(grid, zero_shot)], [
        unlike(query["patches"], np.concatenate([shot["patches"] for shot in shots])).reshape(grid)]
    for side in SIDES:
        name = f"windows{side}"
        known = np.concatenate([shot[name] for shot in shots])
        textual.append(harmonic(abnormal(query[name], anchors), side, grid))
        visual.append(harmonic(unlike(query[name], known), side, grid))
    textual = len(textual) / sum(1 / scale for scale in textual)
    visual = sum(visual) / len(visual)
    return textual + visual, (zero_shot + visual.max()) / 2


def main(directory):
    random = np.random.default_rng(11)
    cases = []
    for grid, width, embedding in [((4, 5), 7, 6), ((3, 6), 5, 9)]:
        anchors = unit(exact(unit(random.normal(size=(2, embedding)))))
        common = random.normal(size=embedding)

        def picture():
            windows = {
                f"windows{side}": exact(common + random.normal(
                    size=((grid[0] - side + 1) * (grid[1] - side + 1), embedding))) for side in SIDES}
            return {"embedding": exact(common + random.normal(size=embedding)),
                    "patches": exact(random.normal(size=(grid[0] * grid[1], width))), **windows}

        shots, query = [picture() for _ in range(2)], picture()
        values, score = winclip(query, shots, anchors, grid)
        cases.append({
            "rows": grid[0], "columns": grid[1], "width": width, "anchors": rounded(anchors),
            "shots": [{key: rounded(value) for key, value in shot.items()} for shot in shots],
            "query": {key: rounded(value) for key, value in query.items()}, "map": rounded(values),
            "score": float(score), "zeroShot": float(abnormal(query["embedding"][None], anchors)[0])})
    with open(os.path.join(directory, "winclip.json"), "w") as file:
        json.dump(cases, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
