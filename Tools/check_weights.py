#!/usr/bin/env python3
"""Compares every tensor of an imported model with the reference library's reading of its source.

    check_weights.py efficientnet-lite0-57934424.pth models/efficientnet-lite0.safetensors
    check_weights.py vit_s_focus.onnx models/dinov2-small.safetensors

Needs numpy and safetensors, and PyTorch for checkpoints or onnx for ONNX models. Every number must be equal.
"""
import sys

import numpy
from safetensors.numpy import load_file


def checkpoint(path):
    import torch

    state = torch.load(path, map_location="cpu")
    return {name: tensor.numpy() for name, tensor in state.items() if tensor.is_floating_point()}


def onnx_backbone(path):
    """The module's parameters, rebuilt from the graph by the values that each node really consumes."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    values = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    tensors = {name[len("backbone."):]: value for name, value in values.items() if name.startswith("backbone.")}
    by_output = {output: node for node in graph.node for output in node.output}
    for node in graph.node:
        # A linear layer is Add(bias, MatMul(x, weight)): its bias still has a name.
        bias = next((name for name in node.input if node.op_type == "Add" and name.endswith(".bias")), None)
        product = next((by_output[name] for name in node.input if name in by_output), None)
        if bias and bias.startswith("backbone.") and product is not None and product.op_type == "MatMul":
            tensors[bias[len("backbone."):-len("bias")] + "weight"] = values[product.input[1]].T
    anonymous = [value for name, value in values.items() if value.ndim == 3 and not name.startswith("backbone.")]
    first, rest = sorted(anonymous, key=lambda value: value.shape[1])
    tensors["embeddings.position_embeddings"] = numpy.concatenate([first, rest], axis=1)
    return tensors


def main(source, imported):
    expected = onnx_backbone(source) if source.endswith(".onnx") else checkpoint(source)
    got = load_file(imported)
    if set(got) != set(expected):
        missing, extra = sorted(set(expected) - set(got)), sorted(set(got) - set(expected))
        sys.exit(f"names differ: {len(missing)} missing {missing[:3]}, {len(extra)} too many {extra[:3]}")
    for name, value in expected.items():
        if got[name].shape != value.shape or not numpy.array_equal(got[name], value.astype(numpy.float32)):
            sys.exit(f"{name}: differs")
    print(f"{imported}: {len(got)} tensors, {sum(value.size for value in got.values())} numbers, all equal")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
