#!/usr/bin/env python3
"""Writes what the tests of Core/Anomaly/FSAC compare with: the same head, written with PyTorch's modules and autograd.

    make_fsac_fixtures.py Tests/CoreTests/Fixtures/fsac

Needs torch (written with 2.x). Seeded: a second run writes the same files. Everything is written out as the paper has it, patch
by patch, in double precision: nothing of the algebra that makes the Swift code quick.
"""
import json
import os
import sys

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

    def forward(self, tokens):
        s, scale = self.settings, tokens.shape[1] ** 0.5
        psi = s["anchor_residual"] * self.text(self.anchors) + (1 - s["anchor_residual"]) * self.anchors
        adapted = s["image_residual"] * self.image(tokens) + (1 - s["image_residual"]) * tokens
        features, enhanced = [], []
        for token, own in zip(tokens, adapted):
            tf = self.image_to_text(torch.softmax(token[None] @ psi.T / scale, -1) @ psi)
            vt = self.text_to_image(torch.softmax(psi @ tf.T / scale, -1) @ tf)
            enhanced.append(psi + s["patch_share"] * vt)
            features.append(own + tf[0])
        return torch.stack(features), psi, torch.stack(enhanced)

    def similarities(self, tokens):
        features, psi, enhanced = self(tokens)
        first = functional.cosine_similarity(features[:, None], psi[None], dim=-1)
        return first, functional.cosine_similarity(features[:, None], enhanced, dim=-1)

    def loss(self, tokens, labels):
        first, second = self.similarities(tokens)
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
        return text_to_image + image_to_text + self.settings["classification_weight"] * classified

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


def main():
    directory = sys.argv[1]
    os.makedirs(directory, exist_ok=True)
    torch.manual_seed(20261121)
    common = {
        "image_residual": 0.4, "anchor_residual": 0.3, "classification_weight": 0.7, "temperature": 0.07,
        "image_rate": 2e-3, "anchor_rate": 1e-3}
    cases = [
        case(12, {**common, "hidden": 7, "blocks": 1, "output": False, "patch_share": 0.7}, 8, 12),
        case(9, {**common, "hidden": 20, "blocks": 2, "output": True, "patch_share": 0.01}, 6, 12)]
    with open(os.path.join(directory, "training.json"), "w") as file:
        json.dump(cases, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
