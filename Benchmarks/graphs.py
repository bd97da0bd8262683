"""The backbones as ONNX graphs, written from the papers on the weights in models/: what ONNX Runtime is given to run.

They share no code with the Swift implementation. Each takes `input` [1, 3, size, size] and gives `class_token`,
`patch_tokens` and `layer1` ... `layerN`, as `fsacctl embed` does. Operators are the largest that ONNX has (layer norm,
GELU, batch norm), so that ONNX Runtime can fuse and optimise them.
"""

import math

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

OPSET = 20


class Graph:
    def __init__(self):
        self.nodes, self.initializers, self.outputs = [], [], []

    def constant(self, array, dtype=numpy.float32):
        name = f"constant{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(numpy.array(array, dtype=dtype, order="C"), name))
        return name

    def add(self, operator, *inputs, **attributes):
        name = f"{operator}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def reshape(self, x, shape):
        return self.add("Reshape", x, self.constant(shape, numpy.int64))

    def output(self, name, x, rank=3):
        self.nodes.append(helper.make_node("Identity", [x], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * rank))

    def model(self, size):
        image = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, size, size])
        graph = helper.make_graph(self.nodes, "backbone", [image], self.outputs, self.initializers)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)


class Transformer(Graph):
    """What DINOv2 and CLIP's image tower (Dosovitskiy et al. 2021) have in common."""

    def __init__(self, weights, width, heads, epsilon):
        super().__init__()
        self.weights, self.width, self.heads, self.epsilon = weights, width, heads, epsilon

    def product(self, x, matrix, bias):
        """`matrix` [outputs, inputs]."""
        return self.add("Add", self.add("MatMul", x, self.constant(matrix.T)), self.constant(bias))

    def linear(self, x, name):
        return self.product(x, self.weights[name + ".weight"], self.weights[name + ".bias"])

    def norm(self, x, name):
        scale, bias = (self.constant(self.weights[f"{name}.{kind}"]) for kind in ("weight", "bias"))
        return self.add("LayerNormalization", x, scale, bias, epsilon=self.epsilon, axis=-1)

    def attention(self, x, layers, tokens):
        """`layers`: matrix and bias of query, key and value."""
        query, key, value = (
            self.add("Transpose", self.reshape(self.product(x, *layer), [1, tokens, self.heads, self.width // self.heads]), perm=order)
            for layer, order in zip(layers, ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]))
        )
        scale = self.constant(math.sqrt(self.width // self.heads))
        logits = self.add("Div", self.add("MatMul", query, key), scale)
        mixed = self.add("MatMul", self.add("Softmax", logits, axis=-1), value)
        return self.reshape(self.add("Transpose", mixed, perm=[0, 2, 1, 3]), [1, tokens, self.width])

    def embedding(self, convolution, patch, rows, class_token, position_embedding):
        """`convolution`: names of kernel and bias, or of the kernel alone."""
        kernels = (self.constant(self.weights[name]) for name in convolution)
        x = self.add("Conv", "input", *kernels, strides=[patch, patch])
        x = self.add("Transpose", self.reshape(x, [1, self.width, rows * rows]), perm=[0, 2, 1])
        x = self.add("Concat", self.constant(class_token), x, axis=1)
        return self.add("Add", x, self.constant(position_embedding))

    def patches(self, x, tokens):
        return self.add("Slice", x, *(self.constant([value], numpy.int64) for value in (1, tokens, 1)))

    def first(self, x):
        return self.add("Gather", x, self.constant(0, numpy.int64), axis=1)


def dinov2_small(weights, size):
    """ViT-S/14 (Oquab et al. 2023): 12 blocks, 6 heads, layer scale."""
    graph = Transformer(weights, width=384, heads=6, epsilon=1e-6)
    rows = size // 14
    tokens = rows * rows + 1
    projection = "embeddings.patch_embeddings.projection"
    x = graph.embedding(
        (projection + ".weight", projection + ".bias"), 14, rows, weights["embeddings.cls_token"],
        positions(weights["embeddings.position_embeddings"], rows),
    )
    for index in range(12):
        block = f"encoder.layer.{index}."
        names = (f"{block}attention.attention.{layer}" for layer in ("query", "key", "value"))
        layers = [(weights[name + ".weight"], weights[name + ".bias"]) for name in names]
        branch = graph.attention(graph.norm(x, block + "norm1"), layers, tokens)
        branch = graph.linear(branch, block + "attention.output.dense")
        x = graph.add("Add", x, graph.add("Mul", branch, graph.constant(weights[block + "layer_scale1.lambda1"])))
        branch = graph.add("Gelu", graph.linear(graph.norm(x, block + "norm2"), block + "mlp.fc1"))
        branch = graph.linear(branch, block + "mlp.fc2")
        x = graph.add("Add", x, graph.add("Mul", branch, graph.constant(weights[block + "layer_scale2.lambda1"])))
        graph.output(f"layer{index + 1}", graph.patches(x, tokens))
    x = graph.norm(x, "layernorm")
    graph.output("class_token", graph.first(x), rank=2)
    graph.output("patch_tokens", graph.patches(x, tokens))
    return graph.model(size)


def clip_image(weights, config):
    """CLIP's image tower (Radford et al. 2021) with the exact GELU; heads of 64 channels. `config` is OpenCLIP's."""
    vision = config["vision_cfg"]
    width, depth, patch, size = vision["width"], vision["layers"], vision["patch_size"], vision["image_size"]
    graph = Transformer(weights, width, width // 64, epsilon=1e-5)
    tokens = (size // patch) ** 2 + 1
    x = graph.embedding(
        ("visual.conv1.weight",), patch, size // patch, weights["visual.class_embedding"].reshape(1, 1, width),
        weights["visual.positional_embedding"][None],
    )
    x = graph.norm(x, "visual.ln_pre")
    for index in range(depth):
        block = f"visual.transformer.resblocks.{index}."
        thirds = (numpy.split(weights[f"{block}attn.in_proj_{kind}"], 3) for kind in ("weight", "bias"))
        branch = graph.attention(graph.norm(x, block + "ln_1"), list(zip(*thirds)), tokens)
        x = graph.add("Add", x, graph.linear(branch, block + "attn.out_proj"))
        branch = graph.add("Gelu", graph.linear(graph.norm(x, block + "ln_2"), block + "mlp.c_fc"))
        x = graph.add("Add", x, graph.linear(branch, block + "mlp.c_proj"))
        graph.output(f"layer{index + 1}", graph.patches(x, tokens))
    x = graph.norm(x, "visual.ln_post")
    graph.output("patch_tokens", graph.patches(x, tokens))
    graph.output("class_token", graph.add("MatMul", graph.first(x), graph.constant(weights["visual.proj"])), rank=2)
    return graph.model(size)


def positions(embeddings, rows):
    """The position grid at another size: bicubic, a = -0.75, half-pixel centres, no antialiasing, border repeated."""
    side = math.isqrt(embeddings.shape[1] - 1)
    grid = embeddings[0, 1:].reshape(side, side, -1).astype(numpy.float64)
    resample = bicubic(side, rows)
    grid = numpy.einsum("ri,ijc->rjc", resample, grid)
    grid = numpy.einsum("sj,rjc->rsc", resample, grid).reshape(1, rows * rows, -1)
    return numpy.concatenate([embeddings[:, :1], grid], axis=1)


def bicubic(inputs, outputs):
    """[outputs, inputs]: the weights of a one-dimensional bicubic interpolation (Keys 1981)."""
    if inputs == outputs:
        return numpy.eye(inputs)
    a = -0.75
    matrix = numpy.zeros((outputs, inputs))
    for row in range(outputs):
        centre = (row + 0.5) * inputs / outputs - 0.5
        first = math.floor(centre) - 1
        for tap in range(first, first + 4):
            x = abs(centre - tap)
            near = (a + 2) * x**3 - (a + 3) * x**2 + 1
            far = a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a
            matrix[row, min(max(tap, 0), inputs - 1)] += near if x <= 1 else far
    return matrix


# Repeats, kernel, stride of the first block, channels (Tan and Le 2019, table 1; Lite0 has the B0's blocks).
LITE0_STAGES = ((1, 3, 1, 16), (2, 3, 2, 24), (2, 5, 2, 40), (3, 3, 2, 80), (3, 5, 1, 112), (4, 5, 2, 192), (1, 3, 1, 320))


def efficientnet_lite0(weights, size):
    """EfficientNet-Lite0: mobile inverted bottlenecks with ReLU6 and TensorFlow's padding."""
    graph = Graph()

    def convolution(x, name, batch_norm, clips=True, **attributes):
        x = graph.add("Conv", x, graph.constant(weights[name + ".weight"]), auto_pad="SAME_UPPER", **attributes)
        names = ("weight", "bias", "running_mean", "running_var")
        x = graph.add(
            "BatchNormalization", x, *(graph.constant(weights[f"{batch_norm}.{name}"]) for name in names), epsilon=1e-3
        )
        return graph.add("Clip", x, graph.constant(0.0), graph.constant(6.0)) if clips else x

    def tokens(x, channels, side):
        return graph.add("Transpose", graph.reshape(x, [1, channels, side * side]), perm=[0, 2, 1])

    x = convolution("input", "_conv_stem", "_bn0", strides=[2, 2])
    index, channels, side = 0, 32, size // 2
    for stage, (repeats, kernel, first_stride, outputs) in enumerate(LITE0_STAGES, 1):
        for position in range(repeats):
            block, stride = f"_blocks.{index}", first_stride if position == 0 else 1
            shortcut = x if stride == 1 and channels == outputs else None
            expanded = weights[f"{block}._depthwise_conv.weight"].shape[0]
            if expanded != channels:
                x = convolution(x, f"{block}._expand_conv", f"{block}._bn0")
            x = convolution(
                x, f"{block}._depthwise_conv", f"{block}._bn1", group=expanded, strides=[stride, stride]
            )
            x = convolution(x, f"{block}._project_conv", f"{block}._bn2", clips=False)
            if shortcut:
                x = graph.add("Add", x, shortcut)
            index, channels, side = index + 1, outputs, -(-side // stride)
        graph.output(f"layer{stage}", tokens(x, channels, side))
    x = convolution(x, "_conv_head", "_bn1")
    graph.output("patch_tokens", tokens(x, 1280, side))
    graph.output("class_token", graph.reshape(graph.add("GlobalAveragePool", x), [1, 1280]), rank=2)
    return graph.model(size)


BUILDERS = {"dinov2-small": dinov2_small, "efficientnet-lite0": efficientnet_lite0}


def build(backbone, size, weights, layers):
    """The serialised graph of a backbone at one input size; `layers` says whether each layer is an output too."""
    return serialised(BUILDERS[backbone](load_file(weights), size), layers)


def build_clip(folder, config, layers):
    """The same of the image tower of a CLIP."""
    return serialised(clip_image(load_file(folder / "open_clip_model.safetensors"), config), layers)


def serialised(model, layers):
    if not layers:
        # An output that nobody asks for could keep ONNX Runtime from fusing operators.
        kept = [output for output in model.graph.output if not output.name.startswith("layer")]
        del model.graph.output[:]
        model.graph.output.extend(kept)
    onnx.checker.check_model(model)
    return model.SerializeToString()
