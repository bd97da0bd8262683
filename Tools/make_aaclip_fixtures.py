#!/usr/bin/env python3
"""Writes what the tests of AA-CLIP compare with: a tiny CLIP of open_clip with adapters as the paper and its code describe them.

    make_aaclip_fixtures.py Tests/CoreTests/Fixtures/aaclip

Needs torch, open_clip_torch and safetensors (written with torch 1.13 and open_clip 3.3). Seeded: a second run writes the same
numbers. Weights are random and kept in half precision; everything is computed in double precision with autograd.
"""
import os
import sys

import torch
from open_clip.model import CLIP
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

SIZE, PATCH, DEPTH, WIDTH, TEXT_WIDTH, EMBEDDING = 40, 8, 4, 32, 24, 16
GRID = SIZE // PATCH
IMAGE_LAYERS, TEXT_LAYERS, LEVELS = 3, 2, [2, 4]
CONTEXT, VOCABULARY, PROMPTS = 12, 516, (2, 3)


def projection(inputs, outputs, activated):
    linear = nn.Linear(inputs, outputs, bias=False)
    module = nn.Module()
    module.fc = nn.Sequential(linear, nn.LeakyReLU()) if activated else linear
    module.forward = module.fc.forward
    return module


def rounded(module):
    """The numbers as half precision has them."""
    with torch.no_grad():
        for tensor in module.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(tensor.half().to(tensor.dtype))
    return module


def tiny_clip():
    clip = CLIP(
        EMBEDDING,
        {"image_size": SIZE, "layers": DEPTH, "width": WIDTH, "patch_size": PATCH, "head_width": 16},
        {"context_length": CONTEXT, "vocab_size": VOCABULARY, "width": TEXT_WIDTH, "heads": 3, "layers": 3})
    clip.eval().requires_grad_(False)
    for name, parameter in clip.named_parameters():
        spread = 0.6 if "embedding" in name or "conv1" in name else 0.25
        parameter.copy_(torch.randn(parameter.shape) * spread + (1.0 if name.endswith("weight") and "ln_" in name else 0.0))
    return rounded(clip).double()


def adapters():
    image = nn.ModuleDict({
        "layer_adapters": nn.ModuleList(projection(WIDTH, WIDTH, True) for _ in range(IMAGE_LAYERS)),
        "seg_proj": nn.ModuleList(projection(WIDTH, EMBEDDING, False) for _ in LEVELS),
        "det_proj": projection(WIDTH, EMBEDDING, False)})
    text = nn.ModuleList(
        [projection(TEXT_WIDTH, TEXT_WIDTH, True) for _ in range(TEXT_LAYERS)]
        + [projection(TEXT_WIDTH, EMBEDDING, True)])
    for parameter in list(image.parameters()) + list(text.parameters()):
        nn.init.xavier_uniform_(parameter)
    return rounded(image).double(), rounded(text).double()


def mixed(x, adapter):
    own = adapter(x)
    return 0.1 * own * x.norm(dim=-1, keepdim=True) / own.norm(dim=-1, keepdim=True) + 0.9 * x


def image_tokens(clip, image, picture):
    """Patch tokens of each level after the final layer norm; None instead of the adapters: of the last block, and the embedding."""
    visual = clip.visual
    x = visual.conv1(picture).flatten(2).transpose(1, 2)
    x = torch.cat([visual.class_embedding.expand(len(x), 1, -1), x], 1) + visual.positional_embedding
    x = visual.ln_pre(x)
    tokens = []
    for index, block in enumerate(visual.transformer.resblocks):
        x = block(x)
        if image is not None and index < IMAGE_LAYERS:
            x = mixed(x, image["layer_adapters"][index])
        if index + 1 in LEVELS:
            tokens.append(visual.ln_post(x[:, 1:]))
    return tokens, visual.ln_post(x[:, 0]) @ visual.proj


def image_features(clip, image, picture):
    tokens, _ = image_tokens(clip, image, picture)
    levels = [functional.normalize(project(t), dim=-1) for project, t in zip(image["seg_proj"], tokens)]
    return tokens, levels, functional.normalize(image["det_proj"](tokens[-1]), dim=-1).mean(1)


def text_embeddings(clip, text, prompts):
    x = clip.token_embedding(prompts) + clip.positional_embedding
    for index, block in enumerate(clip.transformer.resblocks):
        x = block(x, attn_mask=clip.attn_mask)
        if index < TEXT_LAYERS:
            x = mixed(x, text[index])
    return text[-1](clip.ln_final(x)[torch.arange(len(prompts)), prompts.argmax(-1)])


def anchors(clip, text, prompts):
    """[2, C]: normal first."""
    rows = []
    for half in (prompts[:PROMPTS[0]], prompts[PROMPTS[0]:]):
        mean = functional.normalize(text_embeddings(clip, text, half), dim=-1).mean(0)
        rows.append(mean / mean.norm())
    return torch.stack(rows)


def map_loss(features, texts, masks):
    """Focal and dice loss of the upsampled similarity maps; features [B, N, C], texts [B, 2, C], masks [B, S, S]."""
    logits = 100 * features @ texts.transpose(1, 2)
    planes = logits.transpose(1, 2).unflatten(2, (GRID, GRID))
    probability = functional.interpolate(planes, size=SIZE, mode="bilinear", align_corners=True).softmax(1)
    target = torch.stack([1 - masks, masks], 1).clamp(1e-5, 1 - 1e-5)
    right = (target * probability).sum(1) + 1e-5
    focal = (-(1 - right) ** 2 * right.log()).mean()

    def dice(p, y):
        p, y = p.flatten(1), y.flatten(1)
        return 1 - ((2 * (p * y).sum(1) + 1) / (p.sum(1) + y.sum(1) + 1)).mean()

    return focal + dice(probability[:, 0], 1 - masks) + dice(probability[:, 1], masks)


def text_loss(clip, text, frozen, prompts, masks):
    """One object a picture."""
    texts = torch.stack([anchors(clip, text, p) for p in prompts])
    return map_loss(frozen, texts, masks) + 0.1 * (texts[:, 0] * texts[:, 1]).sum(1).mean() ** 2


def image_loss(clip, image, pictures, texts, masks, labels):
    _, levels, detection = image_features(clip, image, pictures)
    logits = (detection[:, None] * texts).sum(-1)
    return functional.cross_entropy(logits, labels) + sum(map_loss(level, texts, masks) for level in levels)


def smoothed(values):
    bell = torch.exp(-torch.arange(-3.0, 4.0, dtype=torch.float64) ** 2 / 2)
    kernel = torch.outer(bell, bell) / bell.sum() ** 2
    padded = functional.pad(values[None, None], (3, 3, 3, 3), mode="reflect")
    return functional.conv2d(padded, kernel[None, None])[0, 0]


def gradients(module, prefix):
    return {prefix + name: parameter.grad.clone() for name, parameter in module.named_parameters()}


def steps(module, rate, loss, count):
    """The losses of Adam's first steps."""
    start = {name: value.clone() for name, value in module.state_dict().items()}
    adam = torch.optim.Adam(module.parameters(), lr=rate, betas=(0.5, 0.999))
    losses = []
    for _ in range(count):
        adam.zero_grad()
        value = loss()
        value.backward()
        adam.step()
        losses.append(value.item())
    trained = {name: value.clone() for name, value in module.state_dict().items()}
    state = adam.state_dict()
    module.load_state_dict(start)
    return torch.tensor(losses), state, trained


def main(folder):
    torch.manual_seed(20260)
    clip, (image, text) = tiny_clip(), adapters()
    pictures = torch.randn(2, 3, SIZE, SIZE).float().double()
    prompts = torch.zeros(2, sum(PROMPTS), CONTEXT, dtype=torch.long)
    for row in prompts.flatten(0, 1):
        length = int(torch.randint(3, CONTEXT - 2, (1,)))
        row[0], row[1:length], row[length] = VOCABULARY - 2, torch.randint(1, VOCABULARY - 2, (length - 1,)), VOCABULARY - 1
    masks = torch.zeros(2, SIZE, SIZE, dtype=torch.float64)
    masks[0, 7:19, 11:30] = 1
    labels = torch.tensor([1, 0])
    out = {"pictures": pictures, "prompts": prompts, "masks": masks}

    with torch.no_grad():
        tokens, levels, detection = image_features(clip, image, pictures)
        texts = torch.stack([anchors(clip, text, p) for p in prompts])
        plain, embedding = image_tokens(clip, None, pictures)
        frozen = functional.normalize(plain[-1] @ clip.visual.proj, dim=-1)
        frozen = frozen + functional.normalize(embedding, dim=-1)[:, None]
        out |= {"tokens": torch.stack(tokens, 1), "levels": torch.stack(levels, 1), "detection": detection,
                "text": text_embeddings(clip, text, prompts.flatten(0, 1)), "anchors": texts, "frozen": frozen}
        similarities = torch.stack([level[0] @ texts[0].T for level in levels]).mean(0)
        evidence = smoothed((similarities[:, 1] - similarities[:, 0]).unflatten(0, (GRID, GRID)))
        score = torch.exp((evidence.max() + detection[0] @ texts[0, 1]) / 2 / 0.07)
        out["map"] = torch.exp((evidence - evidence.max()) / 0.07) * score
        out["image_score"] = score[None]

    features = levels[0].clone().requires_grad_()
    directions = texts.clone().requires_grad_()
    loss = map_loss(features[:1], directions[:1], masks[:1])
    loss.backward()
    out |= {"map_loss": loss[None], "map_loss.features": features.grad[0], "map_loss.anchors": directions.grad[0]}

    def text_value():
        return text_loss(clip, text, frozen, prompts, masks)

    def image_value():
        return image_loss(clip, image, pictures, texts, masks, labels)

    text_value().backward()
    out |= gradients(text, "gradient.text_adapter.")
    image_value().backward()
    out |= gradients(image, "gradient.image_adapter.")
    out["text_losses"], text_state, text_trained = steps(text, 1e-3, text_value, 6)
    out["image_losses"], image_state, image_trained = steps(image, 5e-3, image_value, 6)
    for prefix, trained in (("trained.text_adapter.", text_trained), ("trained.image_adapter.", image_trained)):
        out |= {prefix + name: value for name, value in trained.items()}

    os.makedirs(folder, exist_ok=True)
    half = {name: value.half().contiguous() for name, value in clip.state_dict().items() if value.is_floating_point()}
    save_file(half, f"{folder}/clip.safetensors")
    save_file({name: value.detach().float().contiguous() for name, value in out.items()}, f"{folder}/expected.safetensors")
    torch.save({"epoch": 5, "text_adapter": text.float().state_dict(), "text_optimizer": text_state},
               f"{folder}/text_adapter.pth")
    torch.save({"epoch": 2, "image_adapter": image.float().state_dict(), "image_optimizer": image_state},
               f"{folder}/image_adapter_2.pth")


if __name__ == "__main__":
    main(*sys.argv[1:])
