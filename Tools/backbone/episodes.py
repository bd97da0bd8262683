"""Episodes: the task that is trained is the task that is used.

An episode is one product: `MEMORY` views of good pictures, then `QUERIES` views with defects. Tokens of the queries are to be far
from the memory where a defect is, and near where none is.
"""

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

import defects
from nuisance import photographed, sample, spread, unit_places, window
from vit import GRID

MEMORY = 3
QUERIES = 2
VIEWS = MEMORY + QUERIES


@dataclass
class Pool:
    """Pictures of one source: uint8 (products, instances, 3, 256, 256) on the device.

    With one instance all views are of the same picture. With MEMORY + 2 of them (see `procedural.product`) each memory view is
    another instance, the queries are the next one, and the last is that one with a fault."""

    pictures: torch.Tensor
    is_texture: torch.Tensor
    share: float

    @property
    def has_faults(self):
        return self.pictures.shape[1] == MEMORY + 2


@dataclass
class Episodes:
    """A batch of B episodes of N = rows x columns tokens."""

    views: torch.Tensor  # (B, VIEWS, 3, S, S) in 0...1
    places: torch.Tensor  # (B x VIEWS, rows, columns, 2): where the tokens stand in the position grid, -1...1
    is_memory: torch.Tensor  # (B, MEMORY): which memory views count; one to three
    clean: torch.Tensor  # (B, QUERIES x N): tokens that are good and whose like the memory has seen
    defect: torch.Tensor  # (B, QUERIES x N): weight of a token as a defect, 0 to 1
    covered: torch.Tensor  # (B, QUERIES x N): tokens whose place the memory has seen
    is_fault: torch.Tensor  # (B): the query is the drawn fault of a product


def _bases(pools, count, dice):
    """Base pictures of the views (B, VIEWS, 3, 256, 256), of the faulty queries, whether these exist, and is_texture."""
    shares = torch.tensor([pool.share for pool in pools])
    chosen = torch.multinomial(shares, count, replacement=True).bincount(minlength=len(pools)).tolist()
    good, faulty, has_fault, is_texture = [], [], [], []
    for pool, number in zip(pools, chosen):
        if not number:
            continue
        index = torch.randint(0, len(pool.pictures), (number,), device=dice.device)
        pictures = pool.pictures[index].float() / 255
        if pool.has_faults:
            views = torch.cat([pictures[:, :MEMORY], pictures[:, MEMORY : MEMORY + 1].expand(-1, QUERIES, -1, -1, -1)], 1)
        else:
            views = pictures.expand(-1, VIEWS, -1, -1, -1)
        good.append(views)
        faulty.append(pictures[:, -1])
        has_fault.append(~pool.is_texture[index] if pool.has_faults else torch.zeros_like(pool.is_texture[index]))
        is_texture.append(pool.is_texture[index])
    return torch.cat(good), torch.cat(faulty), torch.cat(has_fault), torch.cat(is_texture)


def draw(pools, count, size, cell, dice, fill_shares=None, spared=0):
    """`count` episodes at `size` pixels, a multiple of `cell`, the pixels of a token. `fill_shares`: see `defects.damaged`. The last `spared` queries of each
    stay without a defect."""
    side = size // cell
    uniform, log_uniform = (lambda a, b: dice.uniform(count, a, b)), (lambda a, b: dice.log_uniform(count, a, b))
    good, faulty, has_fault, is_texture = _bases(pools, count, dice)
    single = (good[:, 0] == good[:, 1]).all(-1).all(-1).all(-1)
    grey = dice.chance(count, 0.3)
    contrast = torch.where(dice.chance(count, 0.3), uniform(0.4, 1.3), torch.ones(count, device=dice.device))

    def toned(x):
        x = torch.where(spread(grey), x.mean(1, keepdim=True).expand_as(x), x)
        mean = x.mean((1, 2, 3), keepdim=True)
        return (mean + (x - mean) * spread(contrast)).clamp(0, 1)

    good = torch.stack([toned(view) for view in good.unbind(1)], 1)
    faulty = toned(faulty)
    # In half of the episodes marks stand in every view, so that they are normal: no detector of pasting is learnt.
    marked = defects.damaged(good[:, 0], is_texture, dice, (0.8, 0.5))
    marked = torch.where(spread(dice.chance(count, 0.5) & single), marked, good[:, 0])
    good = torch.where(single.view(-1, 1, 1, 1, 1), marked[:, None].expand_as(good), good)

    # Where the views look. Textures may be seen anywhere, parts at about the same place and turn.
    each = lambda values: values[:, None].expand(count, VIEWS).reshape(count * VIEWS)
    anywhere = is_texture & dice.chance(count, 0.6)
    half = torch.where(anywhere, uniform(0.4, 0.75), uniform(0.6, 1.0))
    centre = torch.stack([uniform(-1, 1), uniform(-1, 1)], -1) * (1 - half)[:, None]
    kind = torch.rand(count, device=dice.device)
    freedom = torch.where(kind < 0.5, 0.03, torch.where(kind < 0.8, 0.18, math.pi)).float()
    quarter = torch.randint(0, 4, (count,), device=dice.device) * (math.pi / 2)
    play = log_uniform(0.01, 0.12)
    jitter = lambda: dice.uniform(count * VIEWS, -1, 1)
    turn = each(quarter) + jitter() * each(freedom)
    halves = each(half) * (1 + jitter() * each(play) * 0.7)
    centres = centre[:, None].expand(count, VIEWS, 2).reshape(-1, 2)
    centres = centres + torch.stack([jitter(), jitter()], -1) * (each(play) * each(half))[:, None]
    roaming = torch.stack([jitter(), jitter()], -1) * (1 - halves).clamp_min(0)[:, None]
    centres = torch.where(each(anywhere)[:, None], roaming, centres)
    aspect = 1 + torch.randn(count * VIEWS, device=dice.device) * 0.02 * each((kind > 0.3).float())
    places, matrices = window(centres, halves, turn, aspect, size, each(dice.sign(count)))
    bend = each(dice.chance(count, 0.4).float() * uniform(0, 0.012)).view(-1, 1, 1, 1)
    places = places + dice.field(count * VIEWS, size, [(4, 1.0)], 2).permute(0, 2, 3, 1) * bend
    views = sample(good.reshape(count * VIEWS, *good.shape[2:]), places).view(count, VIEWS, 3, size, size)

    # Which tokens of the queries the memory has seen at all.
    number = torch.where(dice.chance(count, 0.2), 1, torch.where(dice.chance(count, 0.4), 2, MEMORY))
    is_memory = torch.arange(MEMORY, device=dice.device)[None] < number[:, None]
    matrices, centres = matrices.view(count, VIEWS, 2, 2), centres.view(count, VIEWS, 2)
    tokens = unit_places(side, dice.device).view(1, 1, side * side, 2)
    seen = tokens @ matrices[:, MEMORY:].transpose(-1, -2) + centres[:, MEMORY:, None]
    seen = seen.reshape(count, 1, QUERIES * side * side, 2)
    inside = seen[:, 0].abs().amax(-1) < 1
    back = (seen - centres[:, :MEMORY, None]) @ torch.linalg.inv(matrices[:, :MEMORY]).transpose(-1, -2)
    covered = ((back.abs().amax(-1) < 1) & is_memory[..., None]).any(1) & inside
    covered = covered | (anywhere[:, None] & inside)

    # Defects, in the queries only: pasted ones, and the drawn fault of a product.
    queries = views[:, MEMORY:].reshape(count * QUERIES, 3, size, size)
    texture = is_texture[:, None].expand(count, QUERIES).reshape(-1)
    is_fault = has_fault & dice.chance(count, 0.6)
    twin = faulty[:, None].expand(-1, QUERIES, -1, -1, -1).reshape(count * QUERIES, *faulty.shape[1:])
    own = places.view(count, VIEWS, size, size, 2)[:, MEMORY:].reshape(count * QUERIES, size, size, 2)
    twin = sample(twin, own)
    of_query = lambda values: spread(values[:, None].expand(count, QUERIES).reshape(-1))
    pasted = defects.damaged(queries, texture, dice, (0.92, 0.5, 0.3), fill_shares)
    wrong = torch.where(of_query(is_fault), twin, pasted)
    is_spared = torch.arange(QUERIES, device=dice.device) >= QUERIES - spared
    wrong = torch.where(spread(is_spared[None].expand(count, -1).reshape(-1)), queries, wrong)
    change = (wrong - queries).abs().mean(1, keepdim=True)
    mean = functional.avg_pool2d(change, cell)[:, 0]
    peak = functional.max_pool2d(functional.avg_pool2d(change, 3, 1, 1), cell)[:, 0]
    is_defect = (mean > 0.016) | ((peak > 0.12) & (mean > 0.005))
    clean = functional.max_pool2d(peak[:, None], 3, 1, 1)[:, 0] < 0.012
    defect = (mean / 0.05).clamp(0.25, 1) * is_defect

    strength = each(log_uniform(0.25, 1.2))
    views = torch.cat([views[:, :MEMORY], wrong.view(count, QUERIES, 3, size, size)], 1)
    views = photographed(views.reshape(count * VIEWS, 3, size, size), strength, dice)

    # Positions: a window of a virtual grid of up to GRID tokens, the same for all views of a part.
    grid = torch.where(dice.chance(count, 0.4), torch.full((count,), float(side), device=dice.device),
                       uniform(side, max(float(GRID), side + 1.0)))
    offset = torch.stack([uniform(0, 1), uniform(0, 1)], -1) * (grid - side)[:, None]
    offsets = offset[:, None].expand(count, VIEWS, 2)
    loose = torch.rand(count, VIEWS, 2, device=dice.device) * (grid - side)[:, None, None]
    offsets = torch.where(anywhere[:, None, None], loose, offsets).reshape(count * VIEWS, 1, 2)
    line = torch.arange(side, device=dice.device).float()
    y, x = torch.meshgrid(line, line, indexing="ij")
    steps = torch.stack([x, y], -1).view(1, side * side, 2) + offsets + 0.5
    spots = steps / each(grid)[:, None, None] * 2 - 1
    return Episodes(
        views.view(count, VIEWS, 3, size, size), spots.view(count * VIEWS, side, side, 2), is_memory,
        clean.view(count, -1) & covered, defect.view(count, -1), covered, is_fault)
