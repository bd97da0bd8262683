"""Bare nearest-neighbour detection with single blocks and pairs of them, for the original, the trained and averaged weights.

Protocol: pictures squashed to one square size; shots of seed s are `sorted(train/good)[s*k:(s+1)*k]`; cosine distance to the nearest
shot's token; a picture's score is the mean of the highest 1 % of its tokens; I-AUROC over all test pictures. No test label is used
for anything but this figure. The share of the trained weights is chosen by `validate.paired_accuracy`, never by this.
"""

import argparse
import io
import json
import os

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file
from torch.nn import functional

import pictures
from train import network_of
from average import average
from validate import paired_accuracy

TOP = 0.01
STORED = 322


def listed(folder, shots=16):
    """(path, is shot, is defective) of a data set in MVTec AD's layout."""
    names = lambda at: sorted(os.path.join(at, name) for name in os.listdir(at))
    found = [(path, True, False) for path in names(os.path.join(folder, "train", "good"))[:shots]]
    for kind in sorted(os.listdir(os.path.join(folder, "test"))):
        found += [(path, False, kind != "good") for path in names(os.path.join(folder, "test", kind))]
    return found


def pack(folders, out, quality=80):
    """Stores data sets, squashed to 322 px, in one file for a machine that has none of them."""
    data, sets, is_shot, is_defective = [], [], [], []
    for folder in folders:
        for path, shot, defective in listed(folder):
            file = io.BytesIO()
            with Image.open(path) as picture:
                squashed = picture.convert("RGB").resize((STORED, STORED), Image.BICUBIC)
            squashed.save(file, "WEBP", quality=quality)
            data.append(file.getvalue())
            sets.append(os.path.basename(os.path.normpath(folder)))
            is_shot.append(shot)
            is_defective.append(defective)
    ends = np.concatenate([[0], np.cumsum([len(one) for one in data])])
    np.savez(out, data=np.frombuffer(b"".join(data), np.uint8), off=ends, sets=np.array(sets), shot=np.array(is_shot),
             defective=np.array(is_defective))
    print(f"{out}: {len(data)} pictures of {len(set(sets))} sets, {ends[-1] / 2**20:.1f} MiB")


def _opened(data):
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture.convert("RGB"))


def packed(path):
    """{set: (pictures uint8 (n, 3, 322, 322), is shot (n), is defective (n))}."""
    stored = np.load(path, allow_pickle=False)
    data, ends = stored["data"].tobytes(), stored["off"]
    with pictures.workers() as pool:
        decoded = np.stack(list(pool.map(_opened, [data[a:b] for a, b in zip(ends[:-1], ends[1:])], chunksize=16)))
    every = torch.from_numpy(decoded).permute(0, 3, 1, 2)
    result = {}
    for name in dict.fromkeys(stored["sets"].tolist()):
        chosen = torch.from_numpy(np.flatnonzero(stored["sets"] == name))
        result[name] = every[chosen], torch.from_numpy(stored["shot"])[chosen], torch.from_numpy(stored["defective"])[chosen]
    return result


def auroc(scores, defective):
    bad, good = scores[defective].double(), scores[~defective].double()
    difference = bad[:, None] - good[None]
    return ((difference > 0).double() + 0.5 * (difference == 0).double()).mean().item()


@torch.no_grad()
def detection(network, data, size, blocks, pairs, shots, seeds, device, batch=64):
    """{(shots, blocks): {set: [I-AUROC by seed]}}."""
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    mean, deviation = network.mean_and_deviation(device)
    side = size // 14 * network.cell  # as many tokens of either network
    result = {}
    for name, (images, is_shot, defective) in data.items():
        tokens = {block: [] for block in blocks}
        for part in images.split(batch):
            x = part.to(device).float() / 255
            if side != x.shape[-1]:
                x = functional.interpolate(x, (side, side), mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)
            for block, values in zip(blocks, network((x - mean) / deviation, blocks, None, dtype)):
                tokens[block].append(functional.normalize(values, dim=-1).to(dtype))
        tokens = {block: torch.cat(values) for block, values in tokens.items()}
        train, test = is_shot.nonzero()[:, 0], (~is_shot).nonzero()[:, 0]
        for k in shots:
            for seed in range(seeds):
                chosen = train[seed * k : (seed + 1) * k].to(device)
                for combined in [(block,) for block in blocks] + list(pairs):
                    distance = 0
                    for block in combined:
                        memory = tokens[block][chosen].flatten(0, 1)
                        nearest = []
                        for part in test.split(16):
                            queries = tokens[block][part.to(device)]
                            similarity = queries.flatten(0, 1) @ memory.T
                            nearest.append(1 - similarity.amax(1).float().view(len(queries), -1))
                        nearest = torch.cat(nearest)
                        # Blocks in units of their usual distance.
                        distance = distance + (nearest / nearest.median().clamp_min(1e-6) if len(combined) > 1 else nearest)
                    score = distance.topk(max(1, round(TOP * distance.shape[1])), 1)[0].mean(1).cpu()
                    key = (k, "+".join(map(str, combined)))
                    result.setdefault(key, {}).setdefault(name, []).append(auroc(score, defective[test]))
    return result


def table(title, result):
    names = list(next(iter(result.values())))
    print(f"\n{title}\nshots blocks    " + " ".join(f"{name.removeprefix('mvtec_')[:9]:>9}" for name in names) + "      mean")
    for (k, blocks), by_set in result.items():
        values = [float(np.mean(by_set[name])) for name in names]
        print(f"{k:5} {blocks:9} " + " ".join(f"{value:9.3f}" for value in values) + f" {np.mean(values):9.4f}", flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = options.add_argument
    add("--pack", metavar="FILE", help="only store DATA in one file")
    add("--data", nargs="+", required=True, help="folders in MVTec AD's layout, or one packed file")
    add("--original", help="safetensors of the original weights")
    add("--trained", nargs="*", default=[], help="safetensors of trainings")
    add("--shares", type=float, nargs="+", default=[0.5], help="of the trained weights in the average")
    add("--average", nargs="+", choices=["each", "together"], default=["each"], help="each training, or the mean of all")
    add("--blocks", type=int, nargs="+", default=[4, 5, 6, 7, 8])
    add("--pairs", nargs="*", default=["6+8"])
    add("--sizes", type=int, nargs="+", default=[322])
    add("--shots", type=int, nargs="+", default=[4, 1])
    add("--seeds", type=int, default=3)
    add("--archive", nargs="*", default=[], help="also validates on the last pictures of these and on drawn products")
    add("--products", type=int, default=200)
    add("--limit", type=int)
    add("--episodes", type=int, default=512, help="of the validation")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--json")
    chosen = options.parse_args()
    if chosen.pack:
        return pack(chosen.data, chosen.pack)
    device = chosen.device
    data = packed(chosen.data[0]) if chosen.data[0].endswith(".npz") else {
        os.path.basename(os.path.normpath(folder)): _loaded(folder) for folder in chosen.data}
    pairs = [tuple(int(block) for block in pair.split("+")) for pair in chosen.pairs]
    original = load_file(chosen.original)
    validation = pictures.pools(chosen.archive, [], chosen.products, device, chosen.limit)[1] if chosen.archive else None
    states = {"original": original}
    trained = [load_file(path) for path in chosen.trained]
    groups = {}
    if "each" in chosen.average:
        groups = {os.path.basename(path).removesuffix(".safetensors"): [it] for path, it in zip(chosen.trained, trained)}
    if "together" in chosen.average:
        groups["together"] = trained
    for name, members in groups.items():
        for share in chosen.shares:
            states[f"{name} x {share}"] = average(original, members, share)
    report = []
    for name, state in states.items():
        network = network_of(state, max(chosen.blocks)).to(device)
        if validation:
            dtype = torch.bfloat16 if device == "cuda" else torch.float32
            accuracy = paired_accuracy(network, validation, max(chosen.blocks), 16 * network.cell, chosen.episodes, device, dtype=dtype)
            print(f"\n{name}: of held-out fills {accuracy[0]:.4f}, of drawn faults {accuracy[1]:.4f} above the good one")
            report.append({"weights": name, "validation": accuracy})
        for size in chosen.sizes:
            result = detection(network, data, size, chosen.blocks, pairs, chosen.shots, chosen.seeds, device)
            table(f"{name}, {size} px", result)
            report += [{"weights": name, "size": size, "shots": k, "blocks": blocks, "auroc": by_set}
                       for (k, blocks), by_set in result.items()]
        if chosen.json:
            with open(chosen.json, "w") as file:
                json.dump(report, file, indent=1)


def _loaded(folder):
    found = listed(folder)
    images = []
    for path, _, _ in found:
        with Image.open(path) as picture:
            images.append(np.asarray(picture.convert("RGB").resize((STORED, STORED), Image.BICUBIC)))
    images = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
    return images, torch.tensor([shot for _, shot, _ in found]), torch.tensor([bad for _, _, bad in found])


if __name__ == "__main__":
    main()
