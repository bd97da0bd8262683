"""The first blocks of DINOv2's ViT-S/14, to be trained: read from and written to Hugging Face's names.

The network is that of `dinov2-small` (Oquab et al., "DINOv2", 2023) without registers: 384 numbers a token, 6 heads, patches of
14 pixels, a position grid of 37 x 37 that is interpolated to the picture's tokens.
"""

import torch
from torch import nn
from torch.nn import functional

WIDTH = 384
HEADS = 6
PATCH = 14
GRID = 37
EPSILON = 1e-6

_BLOCK = {
    "norm1_weight": "norm1.weight",
    "norm1_bias": "norm1.bias",
    "output_weight": "attention.output.dense.weight",
    "output_bias": "attention.output.dense.bias",
    "scale1": "layer_scale1.lambda1",
    "norm2_weight": "norm2.weight",
    "norm2_bias": "norm2.bias",
    "hidden_weight": "mlp.fc1.weight",
    "hidden_bias": "mlp.fc1.bias",
    "mlp_weight": "mlp.fc2.weight",
    "mlp_bias": "mlp.fc2.bias",
    "scale2": "layer_scale2.lambda1",
}
_PROJECTIONS = ("query", "key", "value")


def _attention(query, key, value):
    """softmax(q k^T / sqrt(64)) v, by PyTorch's kernel where there is one (2.0 and later)."""
    if hasattr(functional, "scaled_dot_product_attention"):
        return functional.scaled_dot_product_attention(query, key, value)
    return torch.softmax(query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5, -1) @ value


def block(tokens, w, dtype):
    """One pre-norm block with layer scale. `tokens` (pictures, tokens, 384) stay in float32, products are in `dtype`."""
    count, length, width = tokens.shape
    y = functional.layer_norm(tokens, (width,), w["norm1_weight"], w["norm1_bias"], EPSILON).to(dtype)
    y = functional.linear(y, w["qkv_weight"].to(dtype), w["qkv_bias"].to(dtype))
    query, key, value = y.view(count, length, 3, HEADS, width // HEADS).permute(2, 0, 3, 1, 4).unbind(0)
    y = _attention(query, key, value).transpose(1, 2).reshape(count, length, width)
    tokens = tokens + functional.linear(y, w["output_weight"].to(dtype), w["output_bias"].to(dtype)) * w["scale1"]
    y = functional.layer_norm(tokens, (width,), w["norm2_weight"], w["norm2_bias"], EPSILON).to(dtype)
    y = functional.gelu(functional.linear(y, w["hidden_weight"].to(dtype), w["hidden_bias"].to(dtype)))
    return tokens + functional.linear(y, w["mlp_weight"].to(dtype), w["mlp_bias"].to(dtype)) * w["scale2"]


class VisionTransformer(nn.Module):
    """The first `depth` blocks, from a state of Hugging Face's names (`embeddings.*`, `encoder.layer.N.*`)."""

    cell = PATCH
    taught_layer = 5
    """Whose original tokens are recalled through a linear head, against collapse."""

    def __init__(self, state, depth):
        super().__init__()
        parameter = lambda tensor: nn.Parameter(tensor.clone().float())
        self.class_token = parameter(state["embeddings.cls_token"])
        positions = state["embeddings.position_embeddings"]
        self.class_position = parameter(positions[:, :1])
        self.positions = parameter(positions[:, 1:].reshape(1, GRID, GRID, WIDTH).permute(0, 3, 1, 2))
        for fixed in (self.positions, self.class_position):
            fixed.requires_grad_(False)
        self.patch_weight = parameter(state["embeddings.patch_embeddings.projection.weight"])
        self.patch_bias = parameter(state["embeddings.patch_embeddings.projection.bias"])
        self.blocks = nn.ModuleList()
        for index in range(depth):
            prefix = f"encoder.layer.{index}."
            weights = nn.ParameterDict({name: parameter(state[prefix + key]) for name, key in _BLOCK.items()})
            for kind in ("weight", "bias"):
                joined = [state[f"{prefix}attention.attention.{name}.{kind}"] for name in _PROJECTIONS]
                weights[f"qkv_{kind}"] = parameter(torch.cat(joined))
            self.blocks.append(weights)
        # Replaced by a compiled one for training.
        self.block = block

    @property
    def depth(self):
        return len(self.blocks)

    def state(self):
        """Weights by Hugging Face's names, in float32 on the CPU."""
        grid = self.positions.permute(0, 2, 3, 1).reshape(1, GRID * GRID, WIDTH)
        state = {
            "embeddings.cls_token": self.class_token,
            "embeddings.position_embeddings": torch.cat([self.class_position, grid], 1),
            "embeddings.patch_embeddings.projection.weight": self.patch_weight,
            "embeddings.patch_embeddings.projection.bias": self.patch_bias,
        }
        for index, weights in enumerate(self.blocks):
            prefix = f"encoder.layer.{index}."
            state.update({prefix + key: weights[name] for name, key in _BLOCK.items()})
            for kind in ("weight", "bias"):
                for name, part in zip(_PROJECTIONS, weights[f"qkv_{kind}"].chunk(3)):
                    state[f"{prefix}attention.attention.{name}.{kind}"] = part
        return {key: tensor.detach().float().cpu().contiguous().clone() for key, tensor in state.items()}

    def width(self, layer):
        return WIDTH

    def levels(self):
        """Parameters by their distance from the output, in blocks: [(distance, parameters)]. Positions are not trained."""
        last = len(self.blocks)
        found = [(last - 1 - index, list(weights.values())) for index, weights in enumerate(self.blocks)]
        return found + [(last, [self.class_token, self.patch_weight, self.patch_bias])]

    def position_grid(self, rows, columns):
        """Positions of a whole picture: (1, rows x columns, 384)."""
        grid = functional.interpolate(self.positions, (rows, columns), mode="bicubic", align_corners=False)
        return grid.permute(0, 2, 3, 1).reshape(1, rows * columns, WIDTH)

    def positions_at(self, places):
        """Positions at `places` (views, rows, columns, 2), in -1...1 over the grid: (views, rows x columns, 384)."""
        grid = self.positions.expand(len(places), -1, -1, -1)
        sampled = functional.grid_sample(grid, places, mode="bicubic", padding_mode="border", align_corners=False)
        return sampled.flatten(2).transpose(1, 2)

    def forward(self, pictures, blocks, positions=None, dtype=torch.float32):
        """Patch tokens after each of `blocks` (counted from 1), layer-normalised without weights: a list of
        (pictures, tokens, 384). `pictures` (pictures, 3, H, W) are normalised, H and W multiples of 14."""
        rows, columns = pictures.shape[2] // PATCH, pictures.shape[3] // PATCH
        tokens = functional.conv2d(pictures.to(dtype), self.patch_weight.to(dtype), self.patch_bias.to(dtype), stride=PATCH)
        tokens = tokens.flatten(2).transpose(1, 2).float()
        tokens = tokens + (self.position_grid(rows, columns) if positions is None else positions)
        first = (self.class_token + self.class_position).expand(len(tokens), -1, -1)
        tokens = torch.cat([first, tokens], 1)
        taken = []
        for index, weights in enumerate(self.blocks[: max(blocks)], 1):
            tokens = self.block(tokens, dict(weights.items()), dtype)
            if index in blocks:
                taken.append(functional.layer_norm(tokens[:, 1:], (WIDTH,), eps=EPSILON))
        return taken

    @staticmethod
    def mean_and_deviation(device):
        """ImageNet's, that DINOv2's pictures are normalised with: two tensors (1, 3, 1, 1)."""
        mean = torch.tensor([0.485, 0.456, 0.406], device=device).view(1, 3, 1, 1)
        deviation = torch.tensor([0.229, 0.224, 0.225], device=device).view(1, 3, 1, 1)
        return mean, deviation
