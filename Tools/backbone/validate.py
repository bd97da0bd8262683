"""How well a network tells defects that the training has not seen, on pictures and products that it has not seen.

No test picture is looked at: the share of the trained weights in the average is chosen by this.
"""

import torch
from torch.nn import functional

import defects
import episodes
from losses import nearest_distance
from nuisance import Dice

TOP = 0.01
"""Share of a picture's tokens whose mean distance is its score, as in the detector."""


@torch.no_grad()
def paired_accuracy(network, pools, block, size, count, device, seed=1234, batch=32, dtype=torch.float32):
    """Share of episodes in which a defective query scores above a clean one of the same product: (held-out fills, drawn faults).

    The first query keeps its defect, the second is drawn again without one."""
    before = torch.random.get_rng_state()
    before_device = torch.cuda.get_rng_state() if device == "cuda" else None
    torch.manual_seed(seed)
    dice = Dice(device)
    mean, deviation = network.mean_and_deviation(device)
    right, total = torch.zeros(2), torch.zeros(2)
    for _ in range(count // batch):
        drawn = episodes.draw(pools, batch, size, network.cell, dice, defects.HELD_OUT, spared=1)
        views = drawn.views.flatten(0, 1)
        places = network.positions_at(drawn.places)
        tokens = network((views - mean) / deviation, [block], places, dtype)[0]
        unit = functional.normalize(tokens, dim=-1).view(batch, episodes.VIEWS, tokens.shape[1], -1)
        memory = unit[:, : episodes.MEMORY].reshape(batch, -1, unit.shape[-1])
        counts = drawn.is_memory.repeat_interleave(tokens.shape[1], 1)
        side = tokens.shape[1]
        defective = nearest_distance(unit[:, episodes.MEMORY], memory, counts)
        good = nearest_distance(unit[:, episodes.MEMORY + 1], memory, counts)
        # What the memory has not seen is no question of defects.
        seen = drawn.covered.view(batch, episodes.QUERIES, side)
        has_defect = (drawn.defect.view(batch, episodes.QUERIES, side)[:, 0] * seen[:, 0]).sum(1) > 0
        top = max(1, round(TOP * side))
        score = lambda distance, where: distance.masked_fill(~where, 0).topk(top, 1)[0].mean(1)
        above = score(defective, seen[:, 0]) > score(good, seen[:, 1])
        for kind in (0, 1):
            chosen = has_defect & (drawn.is_fault == bool(kind))
            right[kind] += (above & chosen).sum().item()
            total[kind] += chosen.sum().item()
    torch.random.set_rng_state(before)
    if before_device is not None:
        torch.cuda.set_rng_state(before_device)
    return (right / total.clamp_min(1)).tolist()
