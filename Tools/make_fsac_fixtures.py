#!/usr/bin/env python3
"""Writes what the tests of Core/Anomaly/FSAC compare with: the same heads, written with PyTorch's modules and autograd.

    make_fsac_fixtures.py Tests/CoreTests/Fixtures/fsac

Needs torch (1.13 or later) and numpy. Seeded: a second run writes the same files. Everything is written out as the paper has it,
picture by picture (or patch by patch), in double precision: nothing of the algebra that makes the Swift code quick.

training.json is of the head on patches, pictures.json of CLIP-FSAC++ on whole pictures. Its weights and embeddings are not in the
file: both sides draw them from SplitMix64, so that the full size, C = 640, is a small file, too.
"""
import json
import os
import sys

import numpy
import torch
from torch import nn
from torch.nn import functional

torch.set_default_dtype(torch.float64)


def adapter(width, hidden, blocks, output):
    layers = []
    for _ in range(blocks):
        layers += [nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width), nn.GELU()]
    return nn.Sequential(*layers, nn.Linear(width, width)) if output else nn.Sequential(*layers[:-1])


class Head(nn.Module):
    def __init__(self, width, settings):
        super().__init__()
        self.settings = settings
        self.image = adapter(width, settings["hidden"], settings["blocks"], settings["output"])
        self.text = adapter(width, settings["hidden"], 1, settings["output"])
        self.image_to_text = nn.Linear(width, width)
        self.text_to_image = nn.Linear(width, width)
        self.anchors = nn.Parameter(torch.randn(2, width))

    def forward(self, tokens, together=False):
        """CF of each row, psi, and CT: one for each row, its own only key in eq. 8, or one for all rows together."""
        s, scale = self.settings, tokens.shape[1] ** 0.5
        psi = s["anchor_residual"] * self.text(self.anchors) + (1 - s["anchor_residual"]) * self.anchors
        texts = psi if s["descriptor"] == "paper" else self.anchors
        adapted = s["image_residual"] * self.image(tokens) + (1 - s["image_residual"]) * tokens
        answers = torch.cat([
            self.image_to_text(torch.softmax(token[None] @ texts.T / scale, -1) @ texts) for token in tokens])

        def enhanced(keys):
            return psi + s["patch_share"] * self.text_to_image(torch.softmax(texts @ keys.T / scale, -1) @ keys)

        if together:
            return adapted + answers, psi, enhanced(answers)[None].expand(len(tokens), -1, -1)
        return adapted + answers, psi, torch.stack([enhanced(answer[None]) for answer in answers])

    def similarities(self, tokens, together=False):
        features, psi, enhanced = self(tokens, together)
        first = functional.cosine_similarity(features[:, None], psi[None], dim=-1)
        return first, functional.cosine_similarity(features[:, None], enhanced, dim=-1)

    def losses(self, tokens, labels, together=False):
        """Eq. 10, 11 and 12."""
        first, second = self.similarities(tokens, together)
        half = len(labels) // 2
        target = torch.stack([1 - labels, labels], 1)
        image_to_text = -(target * torch.log_softmax(first, 1)).sum() / half
        text_to_image = 0
        for normal in range(half):
            other = normal + half
            pair = first[[normal, other]]
            text_to_image -= labels[other] * torch.log_softmax(pair[:, 0], 0)[0] / half
            text_to_image -= labels[other] * torch.log_softmax(pair[:, 1], 0)[1] / half
        classified = functional.cross_entropy(second / self.settings["temperature"], target)
        return image_to_text, text_to_image, classified

    def loss(self, tokens, labels):
        image_to_text, text_to_image, classified = self.losses(tokens, labels)
        return text_to_image + image_to_text + self.settings["classification_weight"] * classified

    def margins(self, tokens):
        """Log odds of AS (eq. 14 to 16)."""
        _, second = self.similarities(tokens)
        return (second[:, 1] - second[:, 0]) / self.settings["temperature"]

    def named(self):
        result = {"anchors": self.anchors}
        for name, module in [("image_adapter", self.image), ("anchor_adapter", self.text)]:
            linears = [layer for layer in module if isinstance(layer, nn.Linear)]
            for index, layer in enumerate(linears):
                is_output = self.settings["output"] and index == len(linears) - 1
                key = "output" if is_output else f"{index // 2}.{index % 2}"
                result[f"{name}.{key}.weight"], result[f"{name}.{key}.bias"] = layer.weight, layer.bias
        for name in ["image_to_text", "text_to_image"]:
            layer = getattr(self, name)
            result[name + ".weight"], result[name + ".bias"] = layer.weight, layer.bias
        return result


def rounded(tensor):
    return [float(f"{value:.7g}") for value in tensor.detach().reshape(-1).tolist()]


def case(width, settings, batch, steps):
    head = Head(width, settings)
    for parameter in head.parameters():
        parameter.data = torch.tensor(rounded(parameter)).reshape(parameter.shape)
    named = head.named()
    tensors = {name: {"shape": list(value.shape), "values": rounded(value)} for name, value in named.items()}
    centre = torch.tensor(rounded(torch.randn(width) * 0.1))
    scale = 3.5
    others = [value for name, value in named.items() if not name.startswith("image_adapter")]
    optimizer = torch.optim.Adam([
        {"params": list(head.image.parameters()), "lr": settings["image_rate"]},
        {"params": others, "lr": settings["anchor_rate"]}])
    batches, losses = [], []
    gradients = None
    for _ in range(steps):
        tokens = torch.tensor(rounded(functional.normalize(torch.randn(batch, width), dim=1))).reshape(batch, width)
        labels = torch.tensor([0.0] * (batch // 2) + rounded(torch.rand(batch // 2)))
        loss = head.loss((tokens - centre) * scale, labels)
        optimizer.zero_grad()
        loss.backward()
        if gradients is None:
            gradients = {name: rounded(value.grad) for name, value in named.items()}
        optimizer.step()
        batches.append({"tokens": rounded(tokens), "labels": rounded(labels)})
        losses.append(loss.item())
    tokens = torch.tensor(rounded(functional.normalize(torch.randn(7, width), dim=1))).reshape(7, width)
    _, second = head.similarities((tokens - centre) * scale)
    probabilities = torch.softmax(second / settings["temperature"], 1)[:, 1]
    return {
        "width": width, "settings": settings, "tensors": tensors, "centre": rounded(centre), "scale": scale,
        "batches": batches, "losses": losses, "gradients": gradients,
        "tokens": rounded(tokens), "probabilities": rounded(probabilities)}


def split_mix(seed, count):
    """The upper 24 bits of SplitMix64's first numbers, as multiples of 2^-24."""
    with numpy.errstate(over="ignore"):
        state = numpy.uint64(seed) + numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
        state = (state ^ state >> numpy.uint64(30)) * numpy.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ state >> numpy.uint64(27)) * numpy.uint64(0x94D049BB133111EB)
        state = state ^ state >> numpy.uint64(31)
    return (state >> numpy.uint64(40)).astype(numpy.float32)


def drawn(seed, shape, bound):
    """Uniform in -bound ..< bound, rounded as single precision does."""
    bound = numpy.float32(bound)
    values = -bound + (bound - -bound) * split_mix(seed, int(numpy.prod(shape))) * numpy.float32(2.0 ** -24)
    return torch.tensor(values.astype(numpy.float64)).reshape(shape)


def sampled(tensor):
    """At most 40 values at equal steps, and the Euclidean norm of all."""
    values = tensor.detach().reshape(-1)
    count = min(len(values), 40)
    places = [place * len(values) // count for place in range(count)]
    return {"values": rounded(values[places]), "norm": float(f"{values.norm().item():.9g}")}


PRESETS = {"mvtec": (0.4, 0.01), "visa": (0.1, 0.7)}


def pictures_case(width, descriptor, preset, learns_anchors, pairs, seed):
    """CLIP-FSAC++ on whole pictures: ten Adam steps on pairs of embeddings, then scores of single pictures."""
    residual, share = PRESETS[preset]
    head = Head(width, {
        "hidden": 4 * width, "blocks": 2, "output": True, "descriptor": descriptor, "image_residual": residual,
        "anchor_residual": residual, "patch_share": share, "classification_weight": 0.7, "temperature": 0.07})
    named = head.named()
    norm = (3.0 / width) ** 0.5 * 10  # Uniform numbers up to this make vectors of norm 10.
    bounds = {}
    for index, name in enumerate(sorted(named)):
        value = named[name]
        bound = norm if name == "anchors" else (6 / sum(value.shape)) ** 0.5 if value.dim() == 2 else 0.02
        bounds[name] = {"seed": seed + index, "bound": float(numpy.float32(bound)), "shape": list(value.shape)}
        value.data = drawn(seed + index, value.shape, bound)
    text = [value for name, value in named.items() if not name.startswith(("image_adapter", "anchors"))]
    if learns_anchors:
        text.append(head.anchors)
    optimizer = torch.optim.Adam([
        {"params": list(head.image.parameters()), "lr": 5e-4}, {"params": text, "lr": 1e-4}])
    labels = torch.tensor([0.0] * pairs + [1.0] * pairs)
    losses = []
    for step in range(10):
        terms = head.losses(drawn(seed + 100 + step, (2 * pairs, width), norm), labels, together=True)
        optimizer.zero_grad()
        (terms[0] + terms[1] + 0.7 * terms[2]).backward()
        if step == 0:
            gradients = {name: sampled(value.grad) for name, value in named.items()}
        optimizer.step()
        losses.append([term.item() for term in terms])
    embeddings = drawn(seed + 200, (5, width), norm).requires_grad_()
    margins = head.margins(embeddings)
    return {
        "width": width, "descriptor": descriptor, "preset": preset, "learns_anchors": learns_anchors, "pairs": pairs,
        "seed": seed, "bound": float(numpy.float32(norm)), "tensors": bounds, "losses": losses, "gradients": gradients,
        "trained": {name: sampled(value) for name, value in named.items()},
        "margins": rounded(margins), "anomaly_scores": rounded(torch.sigmoid(margins)),
        "margin_gradients": sampled(torch.autograd.grad(margins.sum(), embeddings)[0])}


def write(path, cases):
    with open(path, "w") as file:
        json.dump(cases, file, separators=(",", ":"))
        file.write("\n")


def main():
    directory = sys.argv[1]
    os.makedirs(directory, exist_ok=True)
    torch.manual_seed(20261121)
    common = {
        "descriptor": "paper", "image_residual": 0.4, "anchor_residual": 0.3, "classification_weight": 0.7, "temperature": 0.07,
        "image_rate": 2e-3, "anchor_rate": 1e-3}
    cases = [
        case(12, {**common, "hidden": 7, "blocks": 1, "output": False, "patch_share": 0.7}, 8, 12),
        case(9, {**common, "hidden": 20, "blocks": 2, "output": True, "patch_share": 0.01}, 6, 12)]
    write(os.path.join(directory, "training.json"), cases)
    write(os.path.join(directory, "pictures.json"), [
        pictures_case(8, "paper", "mvtec", False, 2, 1000), pictures_case(9, "paper", "visa", True, 1, 2000),
        pictures_case(8, "released", "mvtec", True, 1, 3000), pictures_case(9, "released", "visa", False, 2, 4000),
        pictures_case(640, "paper", "mvtec", False, 2, 5000), pictures_case(640, "released", "visa", True, 2, 6000)])


if __name__ == "__main__":
    main()
