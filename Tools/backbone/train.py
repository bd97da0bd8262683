"""Post-trains the first layers of DINOv2-S or EfficientNet-Lite0 for detection by nearest neighbours, on synthetic few-shot tasks.

Loss: `losses.episode_loss` after some layers, and a distillation of the original's fifth through a linear head, against
collapse. All layers train, those nearer to the input more slowly. Writes OUT/seed-N.safetensors (the running mean of the weights)
and OUT/seed-N.json (curve and options); goes on from OUT/seed-N.checkpoint after an interruption.
"""

import argparse
import json
import math
import os
import sys
import time

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional

import episodes
import pictures
import vit
from efficientnet import EfficientNet
from losses import episode_loss
from nuisance import Dice
from validate import paired_accuracy

def phases(text):
    """[(share of the views at which it begins, pixels a side, episodes a step)]"""
    parts = [part.split(":") for part in text.split(",")]
    found = [(float(begin), int(size), int(batch)) for begin, size, batch in parts]
    if found != sorted(found) or found[0][0] != 0:
        raise argparse.ArgumentTypeError(f"expected shares that begin at 0 and rise, got {text!r}")
    return found


def arguments():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = options.add_argument
    add("--weights", required=True, help="safetensors of dinov2-small or efficientnet-lite0, as in models/")
    add("--archive", nargs="*", default=[], help="archives of pictures (.npz)")
    add("--pictures", nargs="*", default=[], metavar="DIR", help="folders of own pictures")
    add("--products", type=int, default=1600, help="drawn products")
    add("--limit", type=int, help="pictures of an archive at most")
    add("--out", required=True)
    add("--seeds", type=int, nargs="+", default=[0])
    add("--views", type=int, default=160_000, help="views that a training sees")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--depth", type=int, default=8, help="blocks of a transformer, stages of a convolutional network")
    add("--losses", default="6:0.5,8:1", help="layer:weight,...")
    add("--phases", type=phases, default="0:224:96,0.82:322:44", metavar="BEGIN:SIZE:BATCH,...",
        help="from which share of the views on, at which size, how many episodes a step")
    add("--rate", type=float, default=2.5e-4)
    add("--decay", type=float, default=0.8, help="of the rate from a block to the one before it")
    add("--contrast", type=float, default=0.2)
    add("--distillation", type=float, default=0.5)
    add("--checkpoint-seconds", type=float, default=300)
    add("--deadline-seconds", type=float, default=float("inf"), help="no training begins that would end after it")
    return options.parse_args()


def parameter_groups(network, head, options):
    """Rates by depth; no weight decay for biases, norms and scales."""
    groups = []
    for distance, values in network.levels():
        factor = options.decay**distance
        groups.append({"params": [p for p in values if p.ndim > 1], "factor": factor, "weight_decay": 0.04})
        groups.append({"params": [p for p in values if p.ndim < 2], "factor": factor, "weight_decay": 0.0})
    groups.append({"params": list(head.parameters()), "factor": 3.0, "weight_decay": 0.0})
    for group in groups:
        group["lr"] = options.rate * group["factor"]
    return groups


def network_of(state, depth):
    """The network whose weights `state` holds, its first `depth` layers."""
    return (EfficientNet if "_conv_stem.weight" in state else vit.VisionTransformer)(state, depth)


class Training:
    """One seed's run: everything that a checkpoint has to hold."""

    def __init__(self, state, seed, options, compiled):
        torch.manual_seed(seed)
        device = options.device
        self.options = options
        self.network = network_of(state, options.depth).to(device)
        self.mean = network_of(state, options.depth).to(device).requires_grad_(False)
        if compiled:
            self.network.block = compiled
        width = self.network.width(options.depth)
        self.head = nn.Linear(width, width).to(device)
        groups = parameter_groups(self.network, self.head, options)
        self.parameters = [p for group in groups for p in group["params"]]
        self.optimizer = torch.optim.AdamW(groups, lr=options.rate, betas=(0.9, 0.98))
        self.step, self.views, self.curve = 0, 0, []

    def save(self, path):
        parts = {name: getattr(self, name).state_dict() for name in ("network", "mean", "head", "optimizer")}
        parts.update(step=self.step, views=self.views, curve=self.curve, random=torch.get_rng_state())
        torch.save(parts, path + ".new")
        os.replace(path + ".new", path)

    def load(self, path):
        parts = torch.load(path, map_location=self.options.device)
        for name in ("network", "mean", "head", "optimizer"):
            getattr(self, name).load_state_dict(parts[name])
        self.step, self.views, self.curve = parts["step"], parts["views"], parts["curve"]
        torch.set_rng_state(parts["random"].cpu())

    def learn(self, original, pools, dice, losses, dtype, normalise):
        """One step: returns what is worth showing."""
        options = self.options
        progress = self.views / options.views
        size, batch = next((size, batch) for begin, size, batch in reversed(options.phases) if progress >= begin)
        rate = min(1, (self.step + 1) / 150) * 0.5 * (1 + math.cos(math.pi * min(1, progress)))
        for group in self.optimizer.param_groups:
            group["lr"] = options.rate * group["factor"] * max(rate, 0.01)
        with torch.no_grad():
            drawn = episodes.draw(pools, batch, size, self.network.cell, dice)
            views = normalise(drawn.views.flatten(0, 1))
            places = self.network.positions_at(drawn.places)
            first = lambda values: values.view(batch, episodes.VIEWS, *values.shape[1:])[:, 0]
            taught = original(first(views), [self.network.taught_layer], None if places is None else first(places), dtype)[0]
        outputs = self.network(views, list(losses), places, dtype)
        total, shown = 0.0, None
        for tokens, weight in zip(outputs, losses.values()):
            loss = episode_loss(tokens, drawn, dtype)
            total = total + weight * (loss.tokens + loss.pictures + options.contrast * loss.contrast)
            shown = loss
        recalled = self.head(first(outputs[-1]))
        distilled = (1 - functional.cosine_similarity(recalled, taught, dim=-1)).mean()
        total = total + options.distillation * distilled
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.step += 1
        self.views += batch * episodes.VIEWS
        with torch.no_grad():
            keep = min(0.998, (self.step + 1) / (self.step + 10))
            for mean, value in zip(self.mean.parameters(), self.network.parameters()):
                mean.lerp_(value, 1 - keep)
        return torch.stack([total.detach(), shown.tokens.detach(), shown.pictures.detach(), shown.contrast.detach(),
                            distilled.detach(), shown.token_recall, shown.picture_recall])


def bar(share, width=30):
    return "#" * int(share * width) + "." * (width - int(share * width))


def train(state, original, pools, validation, seed, options, compiled, start):
    device = options.device
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    losses = {int(block): float(weight) for block, weight in (pair.split(":") for pair in options.losses.split(","))}
    training = Training(state, seed, options, compiled)
    mean, deviation = training.network.mean_and_deviation(device)
    target = os.path.join(options.out, f"seed-{seed}")
    if os.path.exists(target + ".checkpoint"):
        training.load(target + ".checkpoint")
        print(f"seed {seed}: goes on at {training.views} views", flush=True)
    dice, recent = Dice(device), []
    shown = saved = began = time.monotonic()
    first_view = training.views
    while training.views < options.views:
        recent.append(training.learn(original, pools, dice, losses, dtype, lambda x: (x - mean) / deviation))
        now = time.monotonic()
        if now - shown > 5 or training.views >= options.views or training.step == 1:
            values = torch.stack(recent).mean(0).tolist()
            recent, shown = [], now
            if not math.isfinite(values[0]):
                raise SystemExit(f"seed {seed}: the loss is no finite number at {training.views} views; nothing was written")
            rate = (training.views - first_view) / max(now - began, 1e-6)
            names = ("loss", "tokens", "pictures", "contrast", "distillation", "token_recall", "picture_recall")
            training.curve.append({"views": training.views, **dict(zip(names, values))})
            print(f"[{now - start:5.0f} s] seed {seed} {bar(training.views / options.views)} {training.views} views, "
                  f"{rate:.0f} a second, loss {values[0]:.3f}, recall {values[5]:.3f} of tokens, {values[6]:.3f} of pictures",
                  flush=True)
        if now - saved > options.checkpoint_seconds:
            training.save(target + ".checkpoint")
            saved = now
    save_file(training.mean.state(), target + ".safetensors")
    accuracy = paired_accuracy(training.mean, validation, max(losses), options.phases[0][1], 256 if device == "cuda" else 32, device,
                               dtype=dtype)
    with open(target + ".json", "w") as file:
        json.dump({"options": vars(options), "seed": seed, "torch": torch.__version__, "curve": training.curve,
                   "validation": {"held_out_fills": accuracy[0], "drawn_faults": accuracy[1]}}, file, indent=1)
    if os.path.exists(target + ".checkpoint"):
        os.remove(target + ".checkpoint")
    return time.monotonic() - began


def main():
    start = time.monotonic()
    options = arguments()
    os.makedirs(options.out, exist_ok=True)
    pools, validation = pictures.pools(options.archive, options.pictures, options.products, options.device, options.limit)
    print(f"[{time.monotonic() - start:5.0f} s] pictures: " + ", ".join(str(tuple(pool.pictures.shape)) for pool in pools),
          flush=True)
    state = load_file(options.weights)
    if options.device == "cuda":
        torch.set_float32_matmul_precision("high")
    original = network_of(state, 5).to(options.device).requires_grad_(False)
    is_transformer = isinstance(original, vit.VisionTransformer)
    compiled = torch.compile(vit.block, dynamic=False) if options.device == "cuda" and is_transformer else None
    longest = 0.0
    for seed in options.seeds:
        if time.monotonic() - start + longest > options.deadline_seconds:
            print(f"seed {seed}: left out, for it would end after {options.deadline_seconds:.0f} s", file=sys.stderr)
            break
        longest = max(longest, train(state, original, pools, validation, seed, options, compiled, start))


if __name__ == "__main__":
    main()
