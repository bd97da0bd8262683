#!/usr/bin/env python3
"""Writes what the tests of Core/Anomaly and Core/Evaluation compare with: the same figures from other implementations.

    make_anomaly_fixtures.py Tests/CoreTests/Fixtures/anomaly

Needs numpy, scipy and scikit-learn (written with numpy 2.4, scipy 1.17, scikit-learn 1.9). Seeded: a second run writes the
same files.
"""
import json
import os
import sys

import numpy as np
from scipy import ndimage, stats
from sklearn.metrics import (
    average_precision_score, balanced_accuracy_score, precision_recall_curve, roc_auc_score)


def write(directory, name, value):
    with open(os.path.join(directory, name + ".json"), "w") as file:
        json.dump(value, file, separators=(",", ":"))
        file.write("\n")


def rounded(array):
    return [float(f"{value:.6g}") for value in np.asarray(array, np.float64).ravel()]


def ranking(random):
    """Scores with and without ties, few and many, against scikit-learn."""
    cases = []
    for normal, anomalous, decimals, shift in [(7, 5, 1, 0.2), (40, 23, 6, 0.4), (200, 60, 2, 0.1), (1, 1, 3, 1), (30, 4, 1, -0.3)]:
        scores = np.concatenate([random.random(normal), random.random(anomalous) + shift])
        scores = np.round(scores, decimals).astype(np.float32)
        labels = np.concatenate([np.zeros(normal), np.ones(anomalous)])
        precision, recall, _ = precision_recall_curve(labels, scores)
        f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
        limit = np.median(scores)
        limits = np.append(np.unique(scores), np.inf)
        cases.append({
            "normal": rounded(scores[:normal]), "anomalous": rounded(scores[normal:]), "limit": float(limit),
            "balanced_accuracy": balanced_accuracy_score(labels, scores >= limit),
            "best_balanced_accuracy": max(balanced_accuracy_score(labels, scores >= limit) for limit in limits),
            "auroc": roc_auc_score(labels, scores), "average_precision": average_precision_score(labels, scores),
            "f1_max": f1.max()})
    return cases


def aupro(maps, masks, limit):
    """Every distinct score is a threshold; no bins. The curve is a polygon that starts at (0, 0) and is cut at `limit`."""
    regions = []
    for index, mask in enumerate(masks):
        labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
        regions += [(index, labels == number) for number in range(1, count + 1)]
    normal = np.concatenate([m[~k] for m, k in zip(maps, masks)])
    thresholds = np.unique(np.concatenate([m.ravel() for m in maps]))[::-1]
    rate, overlap = [0.0], [0.0]
    for threshold in thresholds:
        rate.append((normal >= threshold).mean())
        overlap.append(np.mean([(maps[index][region] >= threshold).mean() for index, region in regions]))
    rate, overlap = np.array(rate), np.array(overlap)
    grid = np.append(rate[rate < limit], limit)
    # np.interp takes the last of equal rates, as the upper end of a vertical step must be
    heights = np.append(overlap[rate < limit], np.interp(limit, rate, overlap))
    return np.trapezoid(heights, grid) / limit


def pixels(random):
    """Three pictures of different sizes: two with defects that touch at a corner or the border, one without."""
    maps, masks = [], []
    for height, width, boxes in [(24, 31, [(2, 3, 5, 4), (7, 7, 6, 3)]), (18, 40, [(0, 30, 4, 10), (12, 2, 3, 3), (15, 5, 3, 9)]), (20, 20, [])]:
        mask = np.zeros((height, width), bool)
        for row, column, rows, columns in boxes:
            mask[row:row + rows, column:column + columns] = True
        noise = ndimage.gaussian_filter(random.random((height, width)), 1.5)
        score = 0.2 + noise * 0.5 + ndimage.gaussian_filter(mask.astype(float), 2.0) * 0.15
        maps.append(np.array(rounded(score), np.float32).reshape(height, width))
        masks.append(mask)
    labels = np.concatenate([k.ravel() for k in masks])
    scores = np.concatenate([m.ravel() for m in maps])
    return {
        "pictures": [
            {"height": m.shape[0], "width": m.shape[1], "map": rounded(m), "mask": [int(v) for v in k.ravel()]}
            for m, k in zip(maps, masks)],
        "auroc": roc_auc_score(labels, scores), "aupro_30": aupro(maps, masks, 0.3), "aupro_5": aupro(maps, masks, 0.05)}


def enlarged(array, size, axis):
    """Bilinear with half-pixel centres along one axis; the border repeats."""
    count = array.shape[axis]
    centres = (np.arange(size) + 0.5) * count / size - 0.5
    return np.apply_along_axis(lambda line: np.interp(centres, np.arange(count), line), axis, array)


def anomaly_maps(random):
    cases = []
    for rows, columns, height, width, smoothing in [(4, 6, 50, 61, 0.5), (5, 5, 40, 80, 1.2), (3, 7, 30, 70, 0)]:
        scores = random.random((rows, columns)).astype(np.float32)
        large = enlarged(enlarged(scores.astype(np.float64), height, 0), width, 1)
        if smoothing > 0:
            sigma = (smoothing * height / rows, smoothing * width / columns)
            large = ndimage.gaussian_filter(large, sigma, mode="nearest", truncate=4.0)
        cases.append({
            "rows": rows, "columns": columns, "height": height, "width": width, "smoothing": smoothing,
            "scores": rounded(scores), "map": rounded(large)})
    return cases


def patch_features(random):
    """Two layers on different grids: 3 x 3 means, unit rows, bilinear resize, side by side, unit rows."""
    maps = [random.standard_normal((5, 6, 4)), random.standard_normal((3, 2, 3))]
    maps = [np.array(rounded(m)).reshape(m.shape) for m in maps]

    def unit(array):
        return array / np.linalg.norm(array, axis=-1, keepdims=True)

    enlarged_maps = []
    for layer in maps:
        window = np.ones((3, 3, 1))
        mean = ndimage.convolve(layer, window, mode="constant") / ndimage.convolve(np.ones_like(layer), window, mode="constant")
        enlarged_maps.append(enlarged(enlarged(unit(mean), 5, 0), 6, 1))
    return {
        "layers": [{"rows": m.shape[0], "columns": m.shape[1], "width": m.shape[2], "tokens": rounded(m)} for m in maps],
        "expected": rounded(unit(np.concatenate(enlarged_maps, axis=-1)))}


def student_t():
    return [
        {"degrees": degrees, "probability": p, "quantile": stats.t.ppf(p, degrees)}
        for degrees in [1, 2, 3, 4, 5, 7, 12, 35] for p in [0.5, 0.9, 0.99, 0.999]]


def main():
    directory = sys.argv[1]
    os.makedirs(directory, exist_ok=True)
    random = np.random.default_rng(20240917)
    write(directory, "ranking", ranking(random))
    write(directory, "pixels", pixels(random))
    write(directory, "anomaly_maps", anomaly_maps(random))
    write(directory, "patch_features", patch_features(random))
    write(directory, "student_t", student_t())


if __name__ == "__main__":
    main()
