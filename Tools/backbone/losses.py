"""Losses on the logarithm of the distance to the nearest memory token: what the detector will threshold."""

from dataclasses import dataclass

import torch
from torch.nn import functional

MARGIN = 0.2
"""By which a defect's token is to lie above the worst clean ones, in the logarithm."""
PICTURE_MARGIN = 0.7
"""By which the four worst tokens of a defective picture are to lie above them, and any defect's token above the mean clean one."""
SOFTNESS = 0.3
WORST = 0.03
"""Share of a picture's clean tokens that count as its worst."""


@dataclass
class EpisodeLoss:
    """Means over the episodes that have a defect; `contrast` over all."""

    tokens: torch.Tensor
    pictures: torch.Tensor
    contrast: torch.Tensor
    token_recall: torch.Tensor  # of defects' tokens, share above the worst clean ones
    picture_recall: torch.Tensor


def nearest_distance(queries, memory, counts):
    """1 - cosine to the nearest memory token, (B, Q), of normalised (B, Q, 384) and (B, M, 384); `counts` (B, M) says which are
    there. The gradient flows through the nearest pair."""
    with torch.no_grad():
        similarity = torch.bmm(queries, memory.transpose(1, 2)).masked_fill(~counts[:, None], -2)
        nearest = similarity.argmax(-1)
    chosen = torch.gather(memory, 1, nearest[..., None].expand(-1, -1, memory.shape[-1]))
    return (1 - (queries * chosen).sum(-1)).clamp_min(0)


def episode_loss(tokens, episodes, dtype):
    """The losses of one block's tokens (B x VIEWS, N, 384)."""
    count, views = episodes.views.shape[:2]
    number = tokens.shape[1]
    kept = episodes.is_memory.shape[1]
    unit = functional.normalize(tokens, dim=-1).view(count, views, number, -1)
    memory = unit[:, :kept].reshape(count, kept * number, -1)
    queries = unit[:, kept:].reshape(count, -1, unit.shape[-1])
    distance = nearest_distance(queries, memory, episodes.is_memory.repeat_interleave(number, 1))
    level = torch.log(distance + 0.01)
    clean, defect = episodes.clean.float(), episodes.defect
    valid = ((defect.sum(1) > 0) & (clean.sum(1) > 32)).float()
    share = valid / valid.sum().clamp_min(1)

    worst = level.masked_fill(~episodes.clean, -9).topk(max(4, int(WORST * level.shape[1])), 1)[0].mean(1)
    middle = (level * clean).sum(1) / clean.sum(1).clamp_min(1)
    soft = lambda x: functional.softplus(x / SOFTNESS) * SOFTNESS
    above = soft(worst[:, None] + MARGIN - level) + 0.5 * soft(middle[:, None] + PICTURE_MARGIN - level)
    token_loss = ((defect * above).sum(1) / defect.sum(1).clamp_min(1e-3) * share).sum()

    top = level.masked_fill(defect <= 0, -9).topk(4, 1)[0]
    there = (defect > 0).sum(1).clamp_max(4)
    counted = torch.arange(4, device=tokens.device)[None] < there[:, None]
    peak = (top * counted).sum(1) / there.clamp_min(1)
    picture_loss = (soft(worst + PICTURE_MARGIN - peak) * share).sum()

    # InfoNCE: a clean token is nearer to its own memory than to other products' tokens.
    sampled = torch.multinomial(clean + 1e-6, 48)
    positive = 1 - torch.gather(distance, 1, sampled)
    anchors = torch.gather(queries, 1, sampled[..., None].expand(-1, -1, queries.shape[-1]))
    index = torch.randint(0, number, (count, 4), device=tokens.device)
    others = torch.gather(unit[:, 0], 1, index[..., None].expand(-1, -1, unit.shape[-1])).reshape(count * 4, -1)
    negative = torch.einsum("bsd,nd->bsn", anchors.to(dtype), others.to(dtype)).float()
    owner = torch.arange(count * 4, device=tokens.device) // 4
    own = owner[None] == torch.arange(count, device=tokens.device)[:, None]
    negative = negative.masked_fill(own[:, None], -9)
    logits = torch.cat([positive[..., None], negative], -1) / 0.1
    contrast = (torch.logsumexp(logits, -1) - positive / 0.1).mean()

    with torch.no_grad():
        is_defect = defect > 0
        token_recall = (is_defect & (level > worst[:, None])).float().sum() / is_defect.sum().clamp_min(1)
        picture_recall = ((peak > worst).float() * share).sum()
    return EpisodeLoss(token_loss, picture_loss, contrast, token_recall, picture_recall)
