"""What differs between two pictures of good parts and must not matter: place, turn, light, sharpness, noise, compression.

All functions work on a batch on its own device; `batch` random numbers are drawn per picture. Pictures are (M, 3, S, S) in 0...1.
"""

import math

import torch
from torch.nn import functional


class Dice:
    """Random numbers on a device."""

    def __init__(self, device):
        self.device = device

    def uniform(self, count, low, high):
        return torch.rand(count, device=self.device) * (high - low) + low

    def log_uniform(self, count, low, high):
        return torch.exp(self.uniform(count, math.log(low), math.log(high)))

    def chance(self, count, probability):
        return torch.rand(count, device=self.device) < probability

    def sign(self, *shape):
        return torch.sign(torch.randn(*shape, device=self.device))

    def field(self, count, size, scales, channels=1):
        """Smooth noise (count, channels, size, size): a sum over `scales`, pairs of a coarse resolution and a weight."""
        total = 0
        for coarse, weight in scales:
            noise = torch.randn(count, channels, coarse, coarse, device=self.device)
            total = total + weight * functional.interpolate(noise, (size, size), mode="bicubic", align_corners=False)
        return total


def spread(values):
    """(M) as (M, 1, 1, 1)."""
    return values.view(-1, 1, 1, 1)


def unit_places(size, device):
    """Centres of size x size cells in -1...1: (size x size, 2), x first."""
    line = (torch.arange(size, device=device) + 0.5) / size * 2 - 1
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([x, y], -1).view(size * size, 2)


def window(centre, half, turn, aspect, size, mirror=None):
    """Sampling places of turned windows: (M, size, size, 2), and their matrices (M, 2, 2)."""
    cosine, sine = torch.cos(turn), torch.sin(turn)
    rows = [torch.stack([cosine * half * aspect, -sine * half], -1), torch.stack([sine * half * aspect, cosine * half], -1)]
    matrix = torch.stack(rows, -2)
    if mirror is not None:
        matrix = matrix * torch.stack([mirror, torch.ones_like(mirror)], -1)[:, None, :]
    places = unit_places(size, centre.device)[None] @ matrix.transpose(1, 2) + centre[:, None]
    return places.view(-1, size, size, 2), matrix


def sample(pictures, places):
    return functional.grid_sample(
        pictures, places, mode="bilinear", padding_mode="reflection", align_corners=False)


def blur(pictures, sigma):
    """Gaussian of a sigma (M) per picture, radius 4 pixels."""
    count, channels, rows, columns = pictures.shape
    offsets = torch.arange(-4, 5, device=pictures.device).float()
    kernel = torch.exp(-0.5 * (offsets / sigma.clamp_min(0.15)[:, None]) ** 2)
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(channels, 0)
    flat = pictures.reshape(1, count * channels, rows, columns)
    for shape, padding in (((1, 9), (4, 4, 0, 0)), ((9, 1), (0, 0, 4, 4))):
        padded = functional.pad(flat, padding, mode="reflect")
        flat = functional.conv2d(padded, kernel.view(count * channels, 1, *shape), groups=count * channels)
    return flat.view(count, channels, rows, columns)


def compress(pictures, coarseness):
    """The rounding of JPEG's 8 x 8 cosines with steps that grow with `coarseness` (M); no subsampling of colours."""
    k, n = torch.arange(8.0)[:, None], torch.arange(8.0)[None]
    cosines = torch.cos(math.pi * (2 * n + 1) * k / 16) * 0.5
    cosines[0] /= math.sqrt(2)
    cosines = cosines.to(pictures.device)
    count, channels, rows, columns = pictures.shape
    h, w = rows // 8 * 8, columns // 8 * 8
    blocks = pictures[:, :, :h, :w].reshape(count, channels, h // 8, 8, w // 8, 8).permute(0, 1, 2, 4, 3, 5) * 255
    index = torch.arange(8, device=pictures.device).float()
    steps = (8 + 4.5 * (index[:, None] + index[None])) * coarseness.view(-1, 1, 1, 1, 1, 1)
    rounded = torch.round(cosines @ blocks @ cosines.T / steps) * steps
    result = pictures.clone()
    blocks = (cosines.T @ rounded @ cosines) / 255
    result[:, :, :h, :w] = blocks.permute(0, 1, 2, 4, 3, 5).reshape(count, channels, h, w)
    return result


def photographed(pictures, strength, dice):
    """Gamma, gain, cast, offset, uneven light, defocus, noise, compression; `strength` (M), about 0.25 to 1.2."""
    count, _, size, _ = pictures.shape
    uniform = lambda low, high: dice.uniform(count, low, high)
    x = pictures.clamp(1e-4, 1) ** spread(torch.exp(uniform(-0.25, 0.25) * strength))
    cast = torch.randn(count, 3, 1, 1, device=x.device) * spread(0.03 * strength)
    x = x * (1 + spread(uniform(-0.2, 0.2) * strength) + cast) + spread(uniform(-0.05, 0.05) * strength)
    light = functional.interpolate(
        torch.randn(count, 1, 3, 3, device=x.device), (size, size), mode="bilinear", align_corners=True)
    x = x * (1 + light * spread(uniform(0, 0.1) * strength))
    x = blur(x, uniform(-0.6, 1.1).clamp_min(0) * strength)
    x = x + torch.randn_like(x) * spread(uniform(-0.01, 0.03).clamp_min(0) * strength)
    squeezed = compress(x.clamp(0, 1), dice.log_uniform(count, 0.15, 2.2) * strength.clamp_min(0.2))
    return torch.where(spread(dice.chance(count, 0.5)), squeezed, x).clamp(0, 1)
