#!/usr/bin/env python3
"""Writes the small weight files that the tests of Core/Weights read, each with its format's own library.

    make_weights_fixtures.py Tests/CoreTests/Fixtures/weights

Writes what the libraries at hand can: safetensors (needs safetensors), checkpoints (torch), ONNX (onnx); run it with
several Pythons when no one has all. The numbers are such that a test can spell them out. Written with safetensors 0.8,
torch 1.13 and onnx 1.23.
"""
import collections
import importlib.util
import os
import struct
import sys


def write_safetensors(directory):
    import numpy
    from ml_dtypes import bfloat16
    from safetensors.numpy import save_file

    tensors = {
        "single": numpy.array([[1, 2, 3], [4, 5, 6]], numpy.float32),
        "scalar": numpy.array(-7, numpy.float32),
        "empty": numpy.zeros((0, 4), numpy.float32),
        "half": numpy.array([0.5, -2, 2**-24], numpy.float16),
        "brain": numpy.array([1.5, -2], bfloat16),
        "double": numpy.array([0.25, -1e30], numpy.float64),
        "counter": numpy.array([3], numpy.int64),
        'quo"ted: na\\me': numpy.array([9], numpy.float32),
    }
    save_file(tensors, os.path.join(directory, "mixed.safetensors"), {"format": "pt", "note": 'a: "b"'})


def state_dict():
    import torch

    base = torch.arange(12, dtype=torch.float32)
    state = collections.OrderedDict()
    state["linear.weight"] = torch.nn.Parameter(base.reshape(3, 4) + 0.5)
    # As in checkpoints converted from TensorFlow: stored [height, width, inputs, outputs], viewed the other way round.
    state["conv.weight"] = torch.arange(24, dtype=torch.float32).reshape(2, 1, 3, 4).permute(3, 2, 0, 1)
    state["view"] = base[4:8]
    state["column"] = base.reshape(3, 4)[:, 1:2]
    state["half"] = torch.tensor([0.5, -2.0, 2**-24], dtype=torch.float16)
    state["brain"] = torch.tensor([1.5, -2.0], dtype=torch.bfloat16)
    state["double"] = torch.tensor([0.25, -1e30], dtype=torch.float64)
    state["scalar"] = torch.tensor(-7.0)
    state["empty"] = torch.zeros(0, 4)
    state["bn.num_batches_tracked"] = torch.tensor(3)
    state._metadata = collections.OrderedDict({"": {"version": 1}})
    return state


def write_checkpoints(directory):
    import torch

    state = state_dict()
    torch.save(state, os.path.join(directory, "legacy.pth"), _use_new_zipfile_serialization=False)
    torch.save(state, os.path.join(directory, "zip.pt"))
    wrapped = {"epoch": 3, "loss": 0.5, "steps": [2**40, -1], "optimizer": {0: None}, "state_dict": state}
    torch.save(wrapped, os.path.join(directory, "wrapped.pt"))


def write_onnx(directory):
    """A graph with the shape of an exported DINOv2: width 2, one linear layer, a position grid of 2 x 2."""
    from onnx import TensorProto, helper

    def tensor(name, shape, values, data_type=TensorProto.FLOAT, raw=True):
        if not raw:
            return helper.make_tensor(name, data_type, shape, values)
        code = {TensorProto.FLOAT: "f", TensorProto.FLOAT16: "e", TensorProto.DOUBLE: "d", TensorProto.INT64: "q"}
        return helper.make_tensor(name, data_type, shape, struct.pack(f"<{len(values)}{code[data_type]}", *values), raw=True)

    initialisers = [
        tensor("backbone.embeddings.cls_token", [1, 1, 2], [1, 2]),
        tensor("backbone.encoder.layer.0.mlp.fc1.bias", [3], [0.5, 1.5, 2.5], raw=False),
        tensor("backbone.layernorm.weight", [2], [0.5, -2], TensorProto.FLOAT16),
        tensor("backbone.layernorm.bias", [2], [0.25, -1e30], TensorProto.DOUBLE, raw=False),
        tensor("decoder.final_conv.weight", [1], [9]),
        tensor("onnx::Concat_7", [1, 1, 2], [10, 11]),
        tensor("onnx::Reshape_8", [1, 4, 2], [20, 21, 22, 23, 24, 25, 26, 27]),
        tensor("onnx::MatMul_9", [2, 3], [1, 2, 3, 4, 5, 6]),
        tensor("shape", [2], [1, -1], TensorProto.INT64),
    ]
    nodes = [
        helper.make_node("Reshape", ["onnx::Reshape_8", "shape"], ["grid"], "/backbone/embeddings/Reshape_1"),
        helper.make_node("Concat", ["onnx::Concat_7", "grid"], ["positions"], "/backbone/embeddings/Concat_6", axis=1),
        helper.make_node("MatMul", ["positions", "onnx::MatMul_9"], ["h"], "/backbone/encoder/layer.0/mlp/fc1/MatMul"),
        helper.make_node("MatMul", ["h", "grid"], ["y"], "/backbone/encoder/layer.0/attention/MatMul"),
    ]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "tiny", [], [output], initialisers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=7)
    with open(os.path.join(directory, "tiny.onnx"), "wb") as file:
        file.write(model.SerializeToString())


def main(directory):
    os.makedirs(directory, exist_ok=True)
    for library, write in (("safetensors", write_safetensors), ("torch", write_checkpoints), ("onnx", write_onnx)):
        if importlib.util.find_spec(library):
            write(directory)
        print(f"{library}: {'written' if importlib.util.find_spec(library) else 'not installed, skipped'}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
