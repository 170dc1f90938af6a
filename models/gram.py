"""Gram matrices: which channels of a layer speak together, wherever they do. Gatys et al. 2015, arXiv 1508.06576."""

from typing import Any

import torch
from torch import Tensor


def gram(features: Tensor, mask: Tensor | None = None) -> Tensor:
    """The mean over places of each two channels' product, (B, C, H, W) → (B, C, C) float32: eq. 3 by place.

    With a mask (1, 1, H, W) in [0, 1], only in its places (Gatys et al. 2017, arXiv 1611.07865).
    """
    if mask is None:
        return Products.apply(features) / features[0, 0].numel()
    return Products.apply(features * mask.to(features)) / mask.square().sum().clamp_min(1)


class Products(torch.autograd.Function):
    """Sums over places of each two channels' product, whose slope takes one product of matrices, not autograd's two."""

    @staticmethod
    def forward(ctx: Any, features: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C, C) float32, also of bfloat16."""
        ctx.save_for_backward(features)
        places = by_place(features).float()
        return places.transpose(1, 2) @ places

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Tensor:
        """The slope (B, C, H, W) by the features, in their own precision."""
        (features,) = ctx.saved_tensors
        both = (slope + slope.transpose(1, 2)).to(features.dtype)
        return (by_place(features) @ both).unflatten(1, features.shape[2:]).permute(0, 3, 1, 2)


def by_place(features: Tensor) -> Tensor:
    """(B, C, H, W) → (B, H·W, C), without a copy where the channels lie last."""
    return features.permute(0, 2, 3, 1).flatten(1, 2)
