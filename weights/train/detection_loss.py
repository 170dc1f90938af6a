"""What each cell of a detector should have said, and how far it is from that.

SimOTA gives every labelled box to the cells that tell it best already. Ge et al. 2021, arXiv 2107.08430, section 2.2,
batch-wise. Where no label is, a teacher's word may stand: then the cells learn from all that it says.
Differences from the paper: how many cells a box gets is reckoned from all cells, so that a small box may get some that
lie outside it.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from models.boxes import decode, iou

RADIUS = 2.5  # strides: no cell further from a box's centre is given it while a nearer one is left
MOST_CELLS = 10  # for one box
OUTSIDE = 1e5  # the cost of a cell that a box should only go to where there is no other
IOU_WEIGHT, LOG_WEIGHT = 5.0, 1.0
UNSURE = 0.05  # objectness below which a teacher's boxes and classes teach nothing


@dataclass(frozen=True)
class Targets:
    """What every cell should say.

    Args:
        boxes: (B, N, 4) xyxy px.
        objectness: (B, N) from 0 to 1.
        classes: (B, N, K) from 0 to 1.
        weight: (B, N): how much a cell's box and classes count.
    """

    boxes: Tensor
    objectness: Tensor
    classes: Tensor
    weight: Tensor


def nothing_like(logits: Tensor) -> Targets:
    """The targets of pictures in which there is nothing."""
    empty = torch.zeros_like(logits[..., 0])
    return Targets(torch.zeros_like(logits[..., :4]), empty, torch.zeros_like(logits[..., 5:]), empty)


def told_by(teacher: Tensor, places: Tensor) -> Targets:
    """The targets that a teacher's answer (B, N, 5 + K) sets."""
    objectness = teacher[..., 4]
    weight = objectness * (objectness > UNSURE)
    return Targets(decode(teacher[..., :4], places), objectness, teacher[..., 5:], weight)


@torch.no_grad()
def labelled(targets: Targets, logits: Tensor, labels: Tensor, places: Tensor) -> Targets:
    """The targets with labels (B, G, 5) put over them: class, then xyxy px; a class of -1 fills a row up.

    Args:
        logits: what the student says of the same pictures, (B, N, 5 + K).
    """
    if not labels.shape[1]:
        return targets
    kinds, boxes, given = labels[..., 0].long().clamp_min(0), labels[..., 1:], labels[..., 0] >= 0
    overlap = iou(decode(logits[..., :4], places)[:, None], boxes[:, :, None])
    cost = class_cost(logits, kinds) - 3 * overlap.clamp_min(1e-8).log() + OUTSIDE * ~well_placed(boxes, places)
    mine = chosen(cost, overlap, given)
    best = mine.float().argmax(dim=1)  # (B, N): the box of each cell that has one
    taken = mine.any(dim=1)
    quality = overlap.gather(1, best[:, None])[:, 0]
    kind = kinds.gather(1, best)
    onehot = F.one_hot(kind, logits.shape[2] - 5) * quality[..., None]
    return Targets(
        torch.where(taken[..., None], boxes.gather(1, best[..., None].expand(-1, -1, 4)), targets.boxes),
        torch.where(taken, 1.0, targets.objectness),
        torch.where(taken[..., None], onehot, targets.classes),
        torch.where(taken, 1.0, targets.weight),
    )


def class_cost(logits: Tensor, kinds: Tensor) -> Tensor:
    """(B, G, N): the cross-entropy of each cell's scores, were it given a box of those kinds (B, G)."""
    scores = (logits[..., 5:].sigmoid() * logits[..., 4:5].sigmoid()).sqrt().clamp(1e-6, 1 - 1e-6)
    spared = -(1 - scores).log()
    index = kinds[:, None].expand(-1, logits.shape[1], -1)
    return (spared.sum(dim=2, keepdim=True) + (-scores.log() - spared).gather(2, index)).mT


def well_placed(boxes: Tensor, places: Tensor) -> Tensor:
    """(B, G, N): whether a cell's middle lies in the box, and near its centre."""
    stride = places[:, 2]
    x, y = (places[:, 0] + 0.5) * stride, (places[:, 1] + 0.5) * stride
    left, top, right, bottom = (side[..., None] for side in boxes.unbind(dim=-1))
    inside = (x > left) & (x < right) & (y > top) & (y < bottom)
    away = torch.maximum((x - (left + right) / 2).abs(), (y - (top + bottom) / 2).abs())
    return inside & (away < RADIUS * stride)


def chosen(cost: Tensor, overlap: Tensor, given: Tensor) -> Tensor:
    """(B, G, N): the cells of each box, the cheapest ones, as many as its best overlaps sum to; a cell has one box."""
    many = min(MOST_CELLS, cost.shape[2])
    wanted = overlap.topk(many, dim=2).values.sum(dim=2).int().clamp_min(1)
    cheapest = cost.topk(many, dim=2, largest=False).indices
    mine = torch.zeros_like(cost, dtype=torch.bool)
    mine.scatter_(2, cheapest, torch.arange(many, device=cost.device) < wanted[..., None])
    mine &= given[..., None]
    cheapest_box = torch.where(mine, cost, torch.inf).argmin(dim=1, keepdim=True)
    return mine & (torch.arange(cost.shape[1], device=cost.device)[:, None] == cheapest_box)


def detection_loss(logits: Tensor, targets: Targets, places: Tensor) -> dict[str, Tensor]:
    """The parts of the loss of what a student says (B, N, 5 + K), each by the cells that count."""
    count = targets.weight.sum().clamp_min(1)
    overlap = iou(decode(logits[..., :4], places), targets.boxes)
    stride = places[:, 2:]
    centre = (targets.boxes[..., :2] + targets.boxes[..., 2:]) / 2 / stride - places[:, :2]
    size = ((targets.boxes[..., 2:] - targets.boxes[..., :2]) / stride).clamp_min(1e-4).log()
    away = (logits[..., :4] - torch.cat([centre, size], dim=-1)).abs().sum(dim=2)
    wrong = F.binary_cross_entropy_with_logits(logits[..., 5:], targets.classes, reduction="none").sum(dim=2)
    unseen = F.binary_cross_entropy_with_logits(logits[..., 4], targets.objectness, reduction="none")
    return {
        "boxes": IOU_WEIGHT * ((1 - overlap**2) * targets.weight).sum() / count,
        "sides": LOG_WEIGHT * (away * targets.weight).sum() / count,
        "classes": (wrong * targets.weight).sum() / count,
        "objectness": unseen.sum() / count,
    }
