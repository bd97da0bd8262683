"""The first five stages of EfficientNet-Lite0, to be trained: read from and written to the names of its wheel.

The network is that of Tan and Le, "EfficientNet", 2019, table 1, in its Lite form: no squeeze and excitation, ReLU6, TensorFlow's
padding. Batch norms keep the statistics that they came with; their scales and shifts are trained.
"""

import torch
from torch import nn
from torch.nn import functional

CELL = 16
"""Pixels a side that a token stands for: the stride of stages 4 and 5."""
STAGES = ((1, 3, 1, 16), (2, 3, 2, 24), (2, 5, 2, 40), (3, 3, 2, 80), (3, 5, 1, 112))
"""Repeats, kernel, stride of the first block, channels."""
EPSILON = 1e-3
_NORM = ("weight", "bias", "running_mean", "running_var")


def _padded(x, kernel, stride):
    """TensorFlow's padding, by which what is left over stands at the end: x, and what the convolution adds on each side itself."""
    if stride == 1:
        return x, kernel // 2
    sides = []
    for length in (x.shape[3], x.shape[2]):
        missing = max((-(-length // stride) - 1) * stride + kernel - length, 0)
        sides += [missing // 2, missing - missing // 2]
    return functional.pad(x, sides), 0


class EfficientNet(nn.Module):
    """The first `depth` stages, from a state of the wheel's names (`_conv_stem.*`, `_blocks.N.*`)."""

    cell = CELL
    taught_layer = 5
    """Whose original tokens are recalled through a linear head, against collapse."""

    def __init__(self, state, depth):
        super().__init__()
        self.depth = depth
        self.weights = nn.ParameterDict()
        self.blocks = [  # (stage, prefix, stride, is last of its stage)
            (stage, f"_blocks.{sum(one[0] for one in STAGES[: stage - 1]) + position}", stride if position == 0 else 1,
             position == repeats - 1)
            for stage, (repeats, _, stride, _) in enumerate(STAGES[:depth], 1) for position in range(repeats)]
        kept = ["_conv_stem.", "_bn0."] + [prefix + "." for _, prefix, _, _ in self.blocks]
        for key, tensor in state.items():
            if not key.startswith(tuple(kept)):
                continue
            if key.endswith(("running_mean", "running_var")):
                self.register_buffer(self._name(key), tensor.clone().float())
            else:
                self.weights[self._name(key)] = nn.Parameter(tensor.clone().float())
        self.keys = [key for key in state if key.startswith(tuple(kept))]

    @staticmethod
    def _name(key):
        return key.replace(".", "/")

    def _tensor(self, key):
        name = self._name(key)
        return self.weights[name] if name in self.weights else getattr(self, name)

    def state(self):
        """Weights by the wheel's names, in float32 on the CPU."""
        return {key: self._tensor(key).detach().float().cpu().contiguous().clone() for key in self.keys}

    def width(self, layer):
        return STAGES[layer - 1][3]

    def positions_at(self, places):
        """A convolutional network has no positions."""
        return None

    def levels(self):
        """Parameters by their distance from the output, in blocks: [(distance, parameters)]."""
        of = lambda prefix: [p for name, p in self.weights.items() if name.startswith(self._name(prefix))]
        last = len(self.blocks)
        found = [(last - 1 - index, of(prefix + ".")) for index, (_, prefix, _, _) in enumerate(self.blocks)]
        return found + [(last, of("_conv_stem.") + of("_bn0."))]

    def _convolution(self, x, name, norm, dtype, stride=1, groups=1, clips=True):
        weight, bias, mean, variance = (self._tensor(f"{norm}.{part}") for part in _NORM)
        scale = weight / torch.sqrt(variance + EPSILON)
        kernel = self._tensor(name + ".weight") * scale.view(-1, 1, 1, 1)
        x, around = _padded(x, kernel.shape[-1], stride)
        x = functional.conv2d(x, kernel.to(dtype), (bias - mean * scale).to(dtype), stride=stride, padding=around, groups=groups)
        return functional.hardtanh(x, 0.0, 6.0) if clips else x  # clamp's gradient takes three times as long

    def forward(self, pictures, layers, positions=None, dtype=torch.float32):
        """Tokens after each of `layers` (stages, counted from 1; 4 and 5), the mean of the 3 x 3 around each of stage 5: a list
        of (pictures, tokens, channels). `pictures` (pictures, 3, H, W) are normalised, H and W multiples of 16."""
        x = pictures.to(dtype, memory_format=torch.channels_last)  # three times as fast on a CPU
        x = self._convolution(x, "_conv_stem", "_bn0", dtype, stride=2)
        taken = []
        for stage, prefix, stride, is_last in self.blocks:
            if stage > max(layers):
                break
            before = x
            expanded = self._tensor(f"{prefix}._depthwise_conv.weight").shape[0]
            if expanded != x.shape[1]:
                x = self._convolution(x, f"{prefix}._expand_conv", f"{prefix}._bn0", dtype)
            x = self._convolution(x, f"{prefix}._depthwise_conv", f"{prefix}._bn1", dtype, stride, expanded)
            x = self._convolution(x, f"{prefix}._project_conv", f"{prefix}._bn2", dtype, clips=False)
            if x.shape == before.shape:
                x = x + before
            if is_last and stage in layers:
                y = x.float()
                if stage == 5:
                    y = functional.avg_pool2d(y, 3, 1, 1, count_include_pad=False)
                taken.append(y.flatten(2).transpose(1, 2))
        return taken

    @staticmethod
    def mean_and_deviation(device):
        """(x - 127) / 128 in 0...1: two tensors (1, 3, 1, 1)."""
        whole = lambda value: torch.full((1, 3, 1, 1), value / 255, device=device)
        return whole(127.0), whole(128.0)
