"""Where the training's pictures come from.

Three kinds: an archive (`.npz`: `data`, the bytes of all pictures one after another; `off`, where each begins; `src`, its source),
folders of a user's own pictures, and drawn products (`procedural.py`).
"""

import argparse
import io
import os
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import torch
from PIL import Image

import procedural
from episodes import MEMORY, Pool

SIZE = procedural.SIZE
SHARES = {0: 0.24, 1: 0.14, 3: 0.12}
"""Of the archive's sources in the episodes: clothing, grocery, circuit boards. Own folders get 0.3, drawn products the rest."""
OWN_SHARE = 0.3
VALIDATION = 0.1
"""Of each source, the last pictures: never trained on."""


def _decoded(data):
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture.convert("RGB").resize((SIZE, SIZE), Image.BICUBIC))


def _opened(path):
    with open(path, "rb") as file:
        return _decoded(file.read())


def _products(first):
    return [procedural.product(seed, MEMORY + 1) for seed in range(first, first + 8)]


def workers():
    return ProcessPoolExecutor(min(16, os.cpu_count() or 1))


def archive(path, limit=None):
    """Pictures by source: {source: uint8 (pictures, 1, 3, 256, 256)}."""
    stored = np.load(path, allow_pickle=False)
    data, offsets, sources = stored["data"].tobytes(), stored["off"], stored["src"]
    chosen = range(len(sources))
    if limit:
        # The same share of each source.
        chosen = np.linspace(0, len(sources) - 1, min(limit, len(sources))).astype(int)
    with workers() as pool:
        decoded = list(pool.map(_decoded, [data[offsets[i] : offsets[i + 1]] for i in chosen], chunksize=32))
    pictures = torch.from_numpy(np.stack(decoded)).permute(0, 3, 1, 2)[:, None].contiguous()
    source = torch.from_numpy(sources[np.asarray(chosen)].astype(np.int64))
    return {int(number): pictures[source == number] for number in source.unique()}


def folder(path):
    """All pictures below a folder: uint8 (pictures, 1, 3, 256, 256)."""
    endings = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
    found = sorted(os.path.join(at, name) for at, _, names in os.walk(path) for name in names
                   if name.lower().endswith(endings))
    if not found:
        raise SystemExit(f"{path}: no pictures ({', '.join(endings)}) below this folder")
    with workers() as pool:
        decoded = list(pool.map(_opened, found, chunksize=8))
    return torch.from_numpy(np.stack(decoded)).permute(0, 3, 1, 2)[:, None].contiguous()


def products(count):
    """`count` drawn products (count, MEMORY + 2, 3, 256, 256), and which of them are textures."""
    with workers() as pool:
        drawn = [picture for group in pool.map(_products, range(0, count, 8)) for picture in group][:count]
    is_texture = torch.tensor([procedural.Product(seed).is_texture for seed in range(count)])
    return torch.from_numpy(np.stack(drawn)).permute(0, 1, 4, 2, 3).contiguous(), is_texture


def pools(archives, folders, product_count, device, limit=None):
    """(training pools, validation pools) on the device."""
    training, validation = [], []

    def add(pictures, is_texture, share):
        kept = max(1, int(len(pictures) * (1 - VALIDATION)))
        for pool, part in ((training, slice(None, kept)), (validation, slice(kept, None))):
            if len(pictures[part]):
                pool.append(Pool(pictures[part].to(device), is_texture[part].to(device), share))

    left = 1.0
    for path in archives:
        for source, pictures in archive(path, limit).items():
            add(pictures, torch.zeros(len(pictures), dtype=torch.bool), SHARES[source])
            left -= SHARES[source]
    for path in folders:
        pictures = folder(path)
        share = OWN_SHARE / len(folders)
        add(pictures, torch.zeros(len(pictures), dtype=torch.bool), share)
        left -= share
    drawn, is_texture = products(product_count)
    for kind in (False, True):
        chosen = is_texture == kind
        add(drawn[chosen], is_texture[chosen], left / 2)
    return training, validation


def main():
    options = argparse.ArgumentParser(description="Thins an archive of pictures, the same share of each source.")
    options.add_argument("archive")
    options.add_argument("out")
    options.add_argument("--count", type=int, required=True)
    chosen = options.parse_args()
    stored = np.load(chosen.archive, allow_pickle=False)
    data, offsets, sources = stored["data"].tobytes(), stored["off"], stored["src"]
    kept = np.linspace(0, len(sources) - 1, chosen.count).astype(int)
    parts = [data[offsets[i] : offsets[i + 1]] for i in kept]
    ends = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
    np.savez(chosen.out, data=np.frombuffer(b"".join(parts), np.uint8), off=ends, src=sources[kept])


if __name__ == "__main__":
    main()
