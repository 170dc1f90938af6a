"""Boxes, xyxy in pixels: how the cells of a grid tell them, and how much two of them overlap."""

import functools

import torch
from torch import Tensor

from models.nets.yolox import STRIDES

EMPTY = 1e-9  # px², so that nothing divided by nothing is nothing


@functools.cache
@torch.inference_mode(False)  # whoever asks first, others may learn with them
def cells(height_px: int, width_px: int) -> Tensor:
    """Every cell's column, row and stride, (N, 3), grid after grid, of a picture whose sides are multiples of 32."""
    return torch.cat([grid(height_px // stride, width_px // stride, stride) for stride in STRIDES])


def grid(rows: int, columns: int, stride: int) -> Tensor:
    """One grid's cells (R·C, 3), row by row."""
    row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    return torch.stack([column, row, torch.full_like(row, stride)], dim=-1).flatten(0, 1).float()


def decode(told: Tensor, places: Tensor) -> Tensor:
    """Boxes (…, N, 4) from what the cells (N, 3) tell of centre and size, (…, N, 4). Ge et al. 2021, section 2.2."""
    stride = places[:, 2:]
    centre = (told[..., :2] + places[:, :2]) * stride
    half = told[..., 2:].exp() * stride / 2
    return torch.cat([centre - half, centre + half], dim=-1)


def area(boxes: Tensor) -> Tensor:
    """Of boxes (…, 4), in px²; nothing for a box turned inside out."""
    return (boxes[..., 2:] - boxes[..., :2]).clamp_min(0).prod(dim=-1)


def iou(boxes: Tensor, others: Tensor) -> Tensor:
    """Intersection over union of boxes (…, 4), pair by pair; 0 where both are empty."""
    low, high = torch.maximum(boxes[..., :2], others[..., :2]), torch.minimum(boxes[..., 2:], others[..., 2:])
    shared = (high - low).clamp_min(0).prod(dim=-1)
    return shared / (area(boxes) + area(others) - shared).clamp_min(EMPTY)


def diou(boxes: Tensor, others: Tensor) -> Tensor:
    """IoU less how far apart the centres are, by the diagonal of what encloses both. Zheng et al. 2020, eq. 7."""
    apart = (boxes[..., :2] + boxes[..., 2:] - others[..., :2] - others[..., 2:]).square().sum(dim=-1) / 4
    low, high = torch.minimum(boxes[..., :2], others[..., :2]), torch.maximum(boxes[..., 2:], others[..., 2:])
    return iou(boxes, others) - apart / (high - low).square().sum(dim=-1).clamp_min(EMPTY)
