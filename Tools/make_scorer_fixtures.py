#!/usr/bin/env python3
"""Writes what the tests of the scorers compare with: the same scores from NumPy, SciPy and scikit-learn.

    make_scorer_fixtures.py Tests/CoreTests/Fixtures/scorers

Needs numpy, scipy and scikit-learn (written with numpy 2.4, scipy 1.17, scikit-learn 1.9). Seeded: a second run writes the
same files.
"""
import json
import os
import sys

import numpy as np
from scipy import ndimage
from scipy.linalg import eigh
from scipy.spatial.distance import cdist, mahalanobis
from sklearn.covariance import OAS
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors


def write(directory, name, value):
    with open(os.path.join(directory, name + ".json"), "w") as file:
        json.dump(value, file, separators=(",", ":"))
        file.write("\n")


def rounded(array):
    return [float(f"{value:.7g}") for value in np.asarray(array, np.float64).ravel()]


def unit(rows):
    """As single precision has it."""
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return np.array(rounded(rows.astype(np.float32))).reshape(rows.shape)


def pictures(random, count, grid, width, noise, anomaly=False):
    """Unit features of a made-up part: a pattern over the grid and noise."""
    rows, columns = grid
    y, x = np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, columns), indexing="ij")
    basis = np.stack([np.ones_like(x), x, y, x * y, np.cos(3 * x), np.sin(4 * y)], -1).reshape(-1, 6)
    mixing = np.random.default_rng(5).normal(size=(6, width))
    result = []
    for _ in range(count):
        features = basis @ mixing + noise * random.normal(size=(rows * columns, width))
        if anomaly:
            features[rows * columns // 2] += 2 * random.normal(size=width)
        result.append(unit(features))
    return result


def patchcore(memory, query):
    """Roth et al., equations 6 and 7, with 9 neighbours, the nearest patch among them."""
    distances, nearest = NearestNeighbors(n_neighbors=1).fit(memory).kneighbors(query)
    patch = int(np.argmax(distances[:, 0]))
    around = NearestNeighbors(n_neighbors=min(9, len(memory))).fit(memory)
    around = around.kneighbors(memory[nearest[patch]], return_distance=False)[0]
    exponents = np.exp(cdist(query[patch:patch + 1], memory[around])[0])
    weight = 1 - np.exp(distances[patch, 0]) / exponents.sum()
    return distances[:, 0], weight * distances[patch, 0]


def padim(shots, query, grid, sample, ridge):
    """A Gaussian of the smallest window with `sample` patches around each place, shrunk by OAS."""
    rows, columns = grid
    width = query.shape[1]
    reach = next(r for r in range(9) if (2 * r + 1) ** 2 * len(shots) >= sample)
    places = []
    for place in range(rows * columns):
        row, column = divmod(place, columns)
        window = [r * columns + c
                  for r in range(max(row - reach, 0), min(row + reach, rows - 1) + 1)
                  for c in range(max(column - reach, 0), min(column + reach, columns - 1) + 1)]
        places.append(np.concatenate([shot[window] for shot in shots]))
    epsilon = ridge * np.mean([place.var(axis=0).mean() for place in places])
    scores = []
    for place, samples in enumerate(places):
        covariance = OAS().fit(samples).covariance_ + epsilon * np.eye(width)
        scores.append(mahalanobis(query[place], samples.mean(axis=0), np.linalg.inv(covariance)) / np.sqrt(width))
    return np.array(scores)


def spade(shots, query, neighbours):
    """Global features choose the shots, whose patches make the gallery. Patches without the scale."""
    wholes = unit(np.array([shot.mean(axis=0) for shot in shots]))
    whole = unit(query.mean(axis=0, keepdims=True))
    search = NearestNeighbors(n_neighbors=min(neighbours, len(shots)), metric="cosine").fit(wholes)
    distances, nearest = (result[0] for result in search.kneighbors(whole))
    gallery = np.concatenate([shots[index] for index in nearest])
    patches, _ = NearestNeighbors(n_neighbors=1, metric="cosine").fit(gallery).kneighbors(query)
    return patches[:, 0], distances.mean()


def scorers(random):
    cases = []
    for grid, width, count, noise, neighbours in [((5, 7), 12, 3, 0.3, 2), ((6, 4), 9, 1, 0.2, 1), ((4, 6), 10, 4, 0.5, 50)]:
        shots = pictures(random, count, grid, width, noise)
        query = pictures(random, 1, grid, width, noise, anomaly=True)[0]
        values, image = patchcore(np.concatenate(shots), query)
        spade_values, spade_image = spade(shots, query, neighbours)
        cases.append({
            "rows": grid[0], "columns": grid[1], "width": width, "shots": [rounded(shot) for shot in shots],
            "query": rounded(query), "patchcore": rounded(values), "patchcoreImage": float(image),
            "padim": rounded(padim(shots, query, grid, 32, 1)),
            "neighbours": neighbours, "spade": rounded(spade_values), "spadeImage": float(spade_image)})
    return cases


def otsu(values):
    values = np.sort(values)
    best = (0, 0)
    for low, high in zip(values[:-1], values[1:]):
        below, above = values[values <= low], values[values >= high]
        if low == high:
            continue
        between = len(below) * len(above) / len(values) ** 2 * (below.mean() - above.mean()) ** 2
        best = max(best, (between, (low + high) / 2))
    return best[1], best[0] / values.var()


def foreground(random):
    """A disc on a plain ground: the first component, Otsu's threshold, closing, filling, widening."""
    rows, columns, width = 12, 15, 8
    y, x = np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, columns), indexing="ij")
    radius = np.hypot(y - 0.1, x + 0.1).ravel()
    part, ground = random.normal(size=width), random.normal(size=width)
    # a hole in the middle looks like the ground
    inside = (radius < 0.7) & (radius > 0.2)
    features = unit(np.where(inside[:, None], part, ground) + 0.25 * random.normal(size=(rows * columns, width)))
    along = PCA(n_components=1).fit_transform(features)[:, 0]
    threshold, separation = otsu(along)
    mask = along > threshold
    if mask.reshape(rows, columns)[0].mean() > mask[inside].mean():
        mask = ~mask
    # outside of the grid counts as set for the erosion and as clear for the dilation: nothing is known there
    square = np.ones((3, 3))
    mask = ndimage.binary_dilation(mask.reshape(rows, columns), square)
    mask = ndimage.binary_erosion(mask, square, border_value=1)
    # areas of 8 neighbours that do not reach the border are filled
    mask = ndimage.binary_fill_holes(mask, square)
    mask = ndimage.binary_dilation(mask, square)
    return {"rows": rows, "columns": columns, "width": width, "features": rounded(features),
            "separation": float(separation), "mask": [int(value) for value in mask.ravel()]}


def axes(random):
    points = random.normal(size=(40, 6)) @ np.diag([5, 4, 3, 2, 1, 0.5]) @ random.normal(size=(6, 9))
    values, vectors = eigh(points.T @ points)
    return {"rows": 40, "columns": 9, "points": rounded(points), "axes": rounded(vectors[:, ::-1].T[:3])}


def main():
    directory = sys.argv[1]
    os.makedirs(directory, exist_ok=True)
    random = np.random.default_rng(4)
    write(directory, "scorers", scorers(random))
    write(directory, "foreground", foreground(random))
    write(directory, "axes", axes(random))


if __name__ == "__main__":
    main()
