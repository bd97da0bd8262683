"""Post-trains the first blocks of DINOv2-S for detection by nearest neighbours, on synthetic few-shot tasks.

Loss: `losses.episode_loss` after some blocks, and a distillation of the original's block 5 through a linear head, against
collapse. All blocks train, those nearer to the input more slowly. Writes OUT/seed-N.safetensors (the running mean of the weights)
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
from losses import episode_loss
from nuisance import Dice
from validate import paired_accuracy

TAUGHT_BLOCK = 5


def arguments():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = options.add_argument
    add("--weights", required=True, help="safetensors of dinov2-small, as in models/")
    add("--archive", nargs="*", default=[], help="archives of pictures (.npz)")
    add("--pictures", nargs="*", default=[], metavar="DIR", help="folders of own pictures")
    add("--products", type=int, default=1500, help="drawn products")
    add("--limit", type=int, help="pictures of an archive at most")
    add("--out", required=True)
    add("--seeds", type=int, nargs="+", default=[0])
    add("--views", type=int, default=160_000, help="views that a training sees")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--depth", type=int, default=8, help="blocks")
    add("--losses", default="6:0.5,8:1", help="block:weight,...")
    add("--batch", type=int, default=96, help="episodes a step at the smaller size")
    add("--large-batch", type=int, default=44)
    add("--size", type=int, default=224)
    add("--large-size", type=int, default=322)
    add("--large-share", type=float, default=0.18, help="of the views, the last ones, at the larger size")
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
    for index, weights in enumerate(network.blocks):
        factor = options.decay ** (len(network.blocks) - 1 - index)
        values = list(weights.values())
        groups.append({"params": [p for p in values if p.ndim > 1], "factor": factor, "weight_decay": 0.04})
        groups.append({"params": [p for p in values if p.ndim < 2], "factor": factor, "weight_decay": 0.0})
    first = [network.class_token, network.patch_weight, network.patch_bias]
    groups.append({"params": first, "factor": options.decay ** len(network.blocks), "weight_decay": 0.0})
    groups.append({"params": list(head.parameters()), "factor": 3.0, "weight_decay": 0.0})
    for group in groups:
        group["lr"] = options.rate * group["factor"]
    return groups


class Training:
    """One seed's run: everything that a checkpoint has to hold."""

    def __init__(self, state, seed, options, compiled):
        torch.manual_seed(seed)
        device = options.device
        self.options = options
        self.network = vit.VisionTransformer(state, options.depth).to(device)
        self.mean = vit.VisionTransformer(state, options.depth).to(device).requires_grad_(False)
        for fixed in (self.network.positions, self.network.class_position):
            fixed.requires_grad_(False)
        self.network.block = compiled
        self.head = nn.Linear(vit.WIDTH, vit.WIDTH).to(device)
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
        large = progress >= 1 - options.large_share
        size, batch = (options.large_size, options.large_batch) if large else (options.size, options.batch)
        rate = min(1, (self.step + 1) / 150) * 0.5 * (1 + math.cos(math.pi * min(1, progress)))
        for group in self.optimizer.param_groups:
            group["lr"] = options.rate * group["factor"] * max(rate, 0.01)
        with torch.no_grad():
            drawn = episodes.draw(pools, batch, size, dice)
            views = normalise(drawn.views.flatten(0, 1))
            places = self.network.positions_at(drawn.places)
            first = lambda values: values.view(batch, episodes.VIEWS, *values.shape[1:])[:, 0]
            taught = original(first(views), [TAUGHT_BLOCK], first(places), dtype)[0]
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
    mean, deviation = vit.mean_and_deviation(device)
    training = Training(state, seed, options, compiled)
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
    accuracy = paired_accuracy(training.mean, validation, max(losses), options.size, 256 if device == "cuda" else 32, device,
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
    original = vit.VisionTransformer(state, TAUGHT_BLOCK).to(options.device).requires_grad_(False)
    compiled = torch.compile(vit.block, dynamic=False) if options.device == "cuda" else vit.block
    longest = 0.0
    for seed in options.seeds:
        if time.monotonic() - start + longest > options.deadline_seconds:
            print(f"seed {seed}: left out, for it would end after {options.deadline_seconds:.0f} s", file=sys.stderr)
            break
        longest = max(longest, train(state, original, pools, validation, seed, options, compiled, start))


if __name__ == "__main__":
    main()
