#!/usr/bin/env python3
"""Compares CLIP at full size with open_clip on the same seeded random weights: what `make parity` runs.

    parity.py --fsacctl .build/release/fsacctl --cache .cache/clip [--threads 2] [NAME...]

Image embedding, tokens of every block and after the last norm, patch tokens in the space of the text, text embeddings, and the
gradient of eq. 17 (of a seeded direction in the embedding's space, against autograd). The figure is the largest difference of
an output, over that output's mean magnitude.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy
import open_clip
import torch
from safetensors.numpy import load_file, save_file
from safetensors.torch import load_file as load_state

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import clip_weights

NAMES = ("ViT-B-16-plus-240", "ViT-L-14-336")
TOLERANCE, GRADIENT_TOLERANCE, GRADIENT_COSINE = 1e-4, 1e-3, 0.999
TEXTS = (
    "",
    "a photo of a flawless bottle cap.",
    "a jpeg corrupted photo of the printed circuit board with defect for anomaly detection.",
    "Ünïcode, 100 % and a very long text. " * 8,
)
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}


def reference(folder, name):
    config = clip_weights.configuration(name)
    network = open_clip.model.CLIP(
        config["embed_dim"], config["vision_cfg"], config["text_cfg"], quick_gelu=config.get("quick_gelu", False)
    )
    network.load_state_dict(load_state(folder / "open_clip_model.safetensors"), strict=True)
    return network.eval().requires_grad_(False)


def image_outputs(network, image, direction):
    visual, found = network.visual, {}
    x = visual._embeds(image)
    for index, block in enumerate(visual.transformer.resblocks, 1):
        x = block(x)
        found[f"layer{index}"] = x[0, 1:]
    tokens = visual.ln_post(x)[0]
    found["patch_tokens"], found[f"layer{index + 1}"] = tokens[1:], tokens[1:] @ visual.proj
    found["class_token"] = network.encode_image(image)[0]
    (found["input_gradient"],) = torch.autograd.grad((tokens[0] @ visual.proj @ direction), image)
    return {key: value.detach().numpy() for key, value in found.items()}


def embed(options, folder, *arguments):
    """The tensors that `fsacctl embed` writes."""
    with tempfile.TemporaryDirectory() as place:
        words = [options.fsacctl, "embed", "--backbone", folder, "--threads", options.threads, *arguments]
        subprocess.run(
            [str(word) for word in (*words, "--output", f"{place}/output.safetensors")], check=True, env=ENVIRONMENT,
            stdout=subprocess.DEVNULL,
        )
        return load_file(f"{place}/output.safetensors")


def difference(ours, expected):
    return float(numpy.abs(ours.reshape(-1) - expected.reshape(-1)).max() / numpy.abs(expected).mean())


def compare(name, options):
    """Rows of (what, difference, tolerance), and the gradient's cosine."""
    folder = clip_weights.folder(name, options.cache)
    config = clip_weights.configuration(name)
    random = numpy.random.default_rng(2)
    size, depth = config["vision_cfg"]["image_size"], config["vision_cfg"]["layers"]
    image = random.standard_normal((3, size, size), dtype=numpy.float32)
    direction = random.standard_normal(config["embed_dim"], dtype=numpy.float32)
    with tempfile.TemporaryDirectory() as place:
        save_file({"input": image, "direction": direction}, f"{place}/input.safetensors")
        layers = ",".join(str(layer) for layer in range(1, depth + 2))
        ours = embed(
            options, folder, "--input-tensor", f"{place}/input.safetensors", "--layers", layers, "--direction",
            f"{place}/input.safetensors",
        )
    network = reference(folder, name)
    expected = image_outputs(network, torch.from_numpy(image[None]).requires_grad_(), torch.from_numpy(direction))
    gradient = expected.pop("input_gradient").reshape(-1)
    rows = [(what, difference(ours[what], value), TOLERANCE) for what, value in expected.items()]
    rows.append(("input_gradient", difference(ours["input_gradient"], gradient), GRADIENT_TOLERANCE))
    own = ours["input_gradient"].reshape(-1).astype(numpy.float64)
    cosine = float(own @ gradient / numpy.linalg.norm(own) / numpy.linalg.norm(gradient))
    tokenizer = open_clip.SimpleTokenizer(context_length=config["text_cfg"]["context_length"])
    for text in TEXTS:
        wanted = network.encode_text(tokenizer([text]))[0].numpy()
        rows.append((f"text {text[:24]!r}", difference(embed(options, folder, "--text", text)["text"], wanted), TOLERANCE))
    return rows, cosine


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fsacctl", type=pathlib.Path, required=True)
    parser.add_argument("--cache", type=pathlib.Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("names", nargs="*", default=NAMES)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    failed = False
    print(f"torch {torch.__version__}, open_clip {open_clip.__version__}; largest difference over mean magnitude", flush=True)
    for name in options.names:
        rows, cosine = compare(name, options)
        failed |= any(not figure <= tolerance for _, figure, tolerance in rows) or not cosine >= GRADIENT_COSINE
        print(name)
        for what, figure, tolerance in rows:
            print(f"  {what:32} {figure:8.1e}   at most {tolerance:.0e}{'' if figure <= tolerance else '   FAILED'}")
        print(f"  cosine of the gradients          {cosine:.7f}   at least {GRADIENT_COSINE}", flush=True)
    if failed:
        sys.exit("parity: an output differs from open_clip's")


if __name__ == "__main__":
    main()
