#!/usr/bin/env python3
"""Writes what the tests of Core/Anomaly/Synthetic compare with: Poisson's equation, solved by SciPy's sparse direct solver.

    make_synthesis_fixtures.py Tests/CoreTests/Fixtures/synthesis

Needs numpy and scipy (written with numpy 2.4, scipy 1.17). Seeded: a second run writes the same file.
"""
import json
import os
import sys

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spsolve


def rounded(array):
    return [float(f"{value:.8g}") for value in np.asarray(array, np.float64).ravel()]


def solve(laplacian, border):
    """Five points; every unknown has one equation, known values go to the right-hand side."""
    rows, columns = laplacian.shape
    matrix = sparse.lil_matrix((rows * columns, rows * columns))
    right = laplacian.ravel().copy()
    for row in range(rows):
        for column in range(columns):
            here = row * columns + column
            matrix[here, here] = -4
            for r, c in [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]:
                if 0 <= r < rows and 0 <= c < columns:
                    matrix[here, r * columns + c] = 1
                else:
                    right[here] -= border[r + 1, c + 1]
    return spsolve(matrix.tocsr(), right).reshape(rows, columns)


def poisson(random):
    cases = []
    for rows, columns in [(23, 31), (1, 6), (40, 9)]:
        laplacian = np.array(rounded(random.uniform(-0.1, 0.1, (rows, columns)))).reshape(rows, columns)
        border = np.array(rounded(random.uniform(0, 1, (rows + 2, columns + 2)))).reshape(rows + 2, columns + 2)
        cases.append({
            "rows": rows, "columns": columns, "laplacian": rounded(laplacian), "border": rounded(border),
            "solution": rounded(solve(laplacian, border))})
    return cases


def clone(random):
    """Seamless cloning as Perez et al. write it: the guidance field's divergence on the right, the target at the border."""
    height, width = 14, 19
    patch = random.integers(60, 190, (height + 2, width + 2, 3))
    frame = random.integers(100, 140, (height + 2, width + 2, 3))
    result = np.empty((height, width, 3))
    for channel in range(3):
        g = patch[:, :, channel].astype(np.float64)
        laplacian = g[:-2, 1:-1] + g[2:, 1:-1] + g[1:-1, :-2] + g[1:-1, 2:] - 4 * g[1:-1, 1:-1]
        result[:, :, channel] = solve(laplacian, frame[:, :, channel].astype(np.float64))
    return {
        "height": height, "width": width, "patch": patch.ravel().tolist(), "frame": frame.ravel().tolist(),
        "result": rounded(np.clip(result, 0, 255))}


def main():
    directory = sys.argv[1]
    os.makedirs(directory, exist_ok=True)
    random = np.random.default_rng(20261121)
    for name, value in [("poisson", poisson(random)), ("clone", clone(random))]:
        with open(os.path.join(directory, name + ".json"), "w") as file:
            json.dump(value, file, separators=(",", ":"))
            file.write("\n")


if __name__ == "__main__":
    main()
