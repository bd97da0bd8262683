"""Synthetic defects: seven families of masks times ten fills.

The families that `HELD_OUT` names are not drawn for training but only for validation: how far to go from the original weights is
chosen on defects that the training has not seen.
"""

import math

import torch
from torch.nn import functional

from nuisance import sample, spread, unit_places, window

MASKS = ("blob", "box", "irregular", "scratch", "perlin", "specks", "large")
FILLS = ("copy", "foreign", "colour", "blurred", "gain", "warp", "noise", "inverted", "erased", "moved")
MASK_SHARES = torch.tensor([0.16, 0.12, 0.22, 0.20, 0.12, 0.09, 0.09])
FILL_SHARES = torch.tensor([0.20, 0.13, 0.14, 0.06, 0.13, 0.0, 0.05, 0.0, 0.15, 0.14])
HELD_OUT = torch.tensor([0.0, 0.0, 0.0, 0.0, 0.0, 0.6, 0.0, 0.4, 0.0, 0.0])
"""Of the fills, for validation: what is bent or inverted. The training's shares of these are zero."""


def masks(count, size, dice):
    """Soft masks (count, 1, size, size) in 0...1 and their families (count)."""
    places = unit_places(size, dice.device).view(size, size, 2)
    plane = lambda values: values.view(-1, 1, 1)
    uniform, log_uniform = (lambda a, b: dice.uniform(count, a, b)), (lambda a, b: dice.log_uniform(count, a, b))
    family = torch.multinomial(MASK_SHARES.to(dice.device), count, replacement=True)
    x, y = places[None, ..., 0] - plane(uniform(-0.92, 0.92)), places[None, ..., 1] - plane(uniform(-0.92, 0.92))
    radius = torch.where(family == MASKS.index("large"), log_uniform(0.3, 0.75), log_uniform(0.035, 0.45))
    aspect = torch.exp(torch.randn(count, device=dice.device) * 0.5)
    turn, softness = uniform(0, math.pi), log_uniform(0.03, 0.5)
    cosine, sine = plane(torch.cos(turn)), plane(torch.sin(turn))
    along, across = x * cosine + y * sine, y * cosine - x * sine
    u, w = along / plane(radius * aspect), across / plane(radius / aspect)
    coarse = dice.field(count, size, [(6, 1.0), (14, 0.6), (40, 0.35)])[:, 0]
    fine = dice.field(count, size, [(24, 1.0), (60, 0.7)])[:, 0]
    rho = torch.sqrt(u * u + w * w + 1e-8)
    soft = lambda distance, width: torch.sigmoid((distance / plane(width)).clamp(-30, 30))
    length, thickness = log_uniform(0.08, 1.0), log_uniform(0.006, 0.05)
    bend, wave = torch.randn(count, device=dice.device) * 0.5, uniform(0, 0.06)
    line = plane(thickness) - (across - plane(bend) * along * along - plane(wave) * coarse).abs()
    scratch = soft(line / plane(thickness), softness * 0.8)
    scratch = scratch * soft((plane(length) - along.abs()) / plane(thickness), softness + 0.2)
    ellipse = torch.sqrt((along / plane(log_uniform(0.12, 0.8))) ** 2 + (across / plane(log_uniform(0.12, 0.8))) ** 2 + 1e-8)
    around = soft(1 - ellipse, softness)
    box = soft(1 - torch.maximum(u.abs(), w.abs()), (softness * 0.3).clamp_max(0.3))
    drawn = [
        soft(1 - rho, softness * 0.5), box, soft(1 - rho + 0.45 * coarse, softness * 0.5), scratch,
        soft(coarse - plane(uniform(0.3, 1.2)), softness * 0.5) * around,
        soft(fine - plane(uniform(0.9, 1.9)), softness * 0.5) * around,
        soft(1 - rho + 0.25 * coarse, (softness * 0.3).clamp_max(0.2)),
    ]
    mask = torch.zeros_like(rho)
    for index, candidate in enumerate(drawn):
        mask = torch.where(plane(family) == index, candidate, mask)
    return mask[:, None], family


def surroundings(pictures, mask):
    """What stands around a mask, spread smoothly into it: the picture without the piece."""
    size = pictures.shape[-1]
    outside = (mask < 0.15).float()
    result, missing = pictures, torch.ones_like(outside)
    filled, weight = pictures * outside, outside
    pyramid = []
    while filled.shape[-1] > 4:
        filled, weight = functional.avg_pool2d(filled, 2), functional.avg_pool2d(weight, 2)
        pyramid.append((filled, weight))
    value = None
    for filled, weight in reversed(pyramid):
        own = filled / weight.clamp_min(1e-3)
        if value is None:
            value = own
        else:
            value = functional.interpolate(value, filled.shape[-2:], mode="bilinear", align_corners=False)
            share = (weight * 4).clamp(0, 1)
            value = own * share + value * (1 - share)
    return functional.interpolate(value, (size, size), mode="bilinear", align_corners=False)


def damaged(pictures, is_texture, dice, chances=(1.0, 0.4, 0.25), fill_shares=None):
    """Pictures (M, 3, S, S) with up to len(chances) defects each.

    `is_texture` (M): a piece of the same texture at another place is no defect there, so that it comes turned and resized."""
    count, _, size, _ = pictures.shape
    shares = (FILL_SHARES if fill_shares is None else fill_shares).to(dice.device)
    uniform, log_uniform = (lambda a, b: dice.uniform(count, a, b)), (lambda a, b: dice.log_uniform(count, a, b))
    gauss = lambda channels: torch.randn(count, channels, 1, 1, device=dice.device)
    others = torch.randperm(count, device=dice.device)
    mean, deviation = pictures.mean((2, 3), keepdim=True), pictures.std((2, 3), keepdim=True)
    still = unit_places(size, dice.device).view(1, size, size, 2)
    fill_of = {name: index for index, name in enumerate(FILLS)}
    x = pictures
    for chance in chances:
        mask, family = masks(count, size, dice)
        fill = torch.multinomial(shares, count, replacement=True)
        if fill_shares is None:
            # Scratches are mostly dark or bright.
            line = (family == MASKS.index("scratch")) & dice.chance(count, 0.6)
            tone = torch.where(dice.chance(count, 0.65), fill_of["colour"], fill_of["gain"])
            fill = torch.where(line, tone, fill)
        is_fill = lambda name: spread(fill == fill_of[name])
        # A turned, resized piece of this picture or of another one.
        foreign = fill == fill_of["foreign"]
        turn = torch.where(is_texture, uniform(0.5, 2.6), uniform(-math.pi, math.pi))
        resized = torch.where(dice.chance(count, 0.5), log_uniform(0.4, 0.7), log_uniform(1.4, 2.0))
        half = torch.where(is_texture, resized, log_uniform(0.5, 1.6))
        centre = torch.stack([uniform(-0.8, 0.8), uniform(-0.8, 0.8)], -1)
        places, _ = window(centre, half, turn, torch.ones_like(half), size, dice.sign(count))
        piece = sample(torch.where(spread(foreign), x[others], x), places)
        toned = (piece - piece.mean((2, 3), keepdim=True)) / (piece.std((2, 3), keepdim=True) + 0.02) * deviation + mean
        piece = torch.where(spread(foreign & dice.chance(count, 0.5)), toned, piece)
        tinted = piece * (1 + gauss(3) * 0.12) + gauss(1) * 0.06
        piece = torch.where(spread(dice.chance(count, 0.35)), tinted, piece)
        # A colour with some noise.
        grey = spread(dice.chance(count, 0.6))
        channels = torch.where(grey, torch.ones(1, device=dice.device), torch.rand(count, 3, 1, 1, device=dice.device))
        colour = torch.where(
            grey, torch.rand(count, 1, 1, 1, device=dice.device), torch.rand(count, 3, 1, 1, device=dice.device))
        near = mean + spread(dice.sign(count) * uniform(0.08, 0.4)) * channels
        colour = torch.where(spread(dice.chance(count, 0.5)), near, colour)
        colour = colour + dice.field(count, size, [(10, 0.5), (50, 0.6)]) * spread(uniform(0, 0.08))
        blurred = functional.interpolate(
            functional.avg_pool2d(x, 7, 7), (size, size), mode="bilinear", align_corners=False)
        amount = dice.sign(count) * log_uniform(0.08, 0.6)
        gain = x * (1 + spread(amount) * channels) + spread(amount * uniform(0, 0.3))
        bend = dice.field(count, size, [(5, 1.0), (9, 0.5)], 2) * spread(log_uniform(0.03, 0.16)) * mask
        bend = bend + mask * torch.randn(count, 2, 1, 1, device=dice.device) * 0.05
        warped = sample(x, still + bend.permute(0, 2, 3, 1))
        rough = torch.where(
            spread(dice.chance(count, 0.5)), x + torch.randn_like(x) * spread(uniform(0.05, 0.2)),
            x + (x - blurred) * spread(uniform(1, 3)))
        inverted = mean - (x - mean) * spread(uniform(0.3, 1.0))
        # A piece that is missing, and one that stands elsewhere: the hole, and the piece at its new place.
        erased = surroundings(x, mask)
        way = torch.stack([uniform(0.08, 0.5) * dice.sign(count), uniform(0.08, 0.5) * dice.sign(count)], -1)
        shifted = still - way[:, None, None]
        arrived = functional.grid_sample(mask, shifted, mode="bilinear", padding_mode="zeros", align_corners=False)
        moved = sample(x, shifted)
        content = torch.zeros_like(x)
        for index, candidate in enumerate((piece, piece, colour, blurred, gain, warped, rough, inverted, erased, erased)):
            content = torch.where(spread(fill == index), candidate, content)
        is_on = dice.chance(count, chance)
        opacity = uniform(0.4, 1.1).clamp_max(1)
        # What is missing or elsewhere is wholly so.
        opacity = torch.where((fill == fill_of["erased"]) | (fill == fill_of["moved"]), torch.ones_like(opacity), opacity)
        mask = torch.where(is_fill("warp"), (mask * 3).clamp_max(1), mask)
        share = mask * spread(opacity * is_on)
        x = x * (1 - share) + content * share
        place = arrived * spread((fill == fill_of["moved"]) & is_on)
        x = (x * (1 - place) + moved * place).clamp(0, 1)
    return x
