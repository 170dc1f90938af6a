"""Cutting a face out of a photograph as face space wants it: found by a detector, then shifted, scaled and turned."""

import functools
import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from skimage.data import lbp_frontal_face_cascade_filename
from skimage.feature import Cascade
from torch import Tensor

from models.images import resized

# Where the detector sees the face in the ORL pictures of 112 × 92: left, top and side, their means over 100 pictures.
SEEN_LEFT, SEEN_TOP, SEEN_SIDE = 0.4, 17.6, 88.6
LEAST, SCALE, STEP = 1 / 10, 1.15, 1.5  # the smallest face in the shorter side, and how finely the detector searches

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Nudge:
    """How far a crop is off its box: shifts in parts of its width, a zoom, and an angle in degrees, clockwise."""

    across: float = 0.0
    down: float = 0.0
    zoom: float = 1.0
    angle_deg: float = 0.0


def detect(picture: Tensor, size: tuple[int, int]) -> Box | None:
    """The box x1, y1, x2, y2 of the largest upright face in a picture (H, W), framed as a face of that size is."""
    shorter = min(picture.shape)
    smallest = max(24, round(LEAST * shorter))
    if shorter < smallest:
        return None
    found = cascade().detect_multi_scale(
        np.stack([(255 * picture).byte().numpy()] * 3, axis=2),
        scale_factor=SCALE,
        step_ratio=STEP,
        min_size=(smallest, smallest),
        max_size=(shorter, shorter),
    )
    if not found:
        return None
    face = max(found, key=lambda box: box["width"])
    scale = face["width"] / SEEN_SIDE
    left, top = face["c"] - SEEN_LEFT * scale, face["r"] - SEEN_TOP * scale
    return left, top, left + size[1] * scale, top + size[0] * scale


@functools.cache
def cascade() -> Cascade:
    """scikit-image's detector of frontal faces, by local binary patterns."""
    return Cascade(lbp_frontal_face_cascade_filename())


def middle(picture: Tensor, size: tuple[int, int]) -> Box:
    """The largest box of a face's shape in the middle of a picture (H, W)."""
    rows, columns = picture.shape
    height = min(rows, columns * size[0] / size[1])
    width = height * size[1] / size[0]
    left, top = (columns - width) / 2, (rows - height) / 2
    return left, top, left + width, top + height


def corners(box: Box, nudge: Nudge) -> Tensor:
    """The corners (4, 2) of what is cut out, x and y in pixels, from the face's own top left, clockwise."""
    left, top, right, bottom = box
    width, height = (right - left) / nudge.zoom, (bottom - top) / nudge.zoom
    angle = math.radians(nudge.angle_deg)
    turn = torch.tensor([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    centre = torch.tensor([(left + right) / 2, (top + bottom) / 2])
    off = torch.tensor([nudge.across, nudge.down]) * (right - left)
    return (
        centre + off + torch.tensor([[-1.0, -1], [1, -1], [1, 1], [-1, 1]]) * torch.tensor([width, height]) / 2 @ turn
    )


def cut(picture: Tensor, around: Tensor, size: tuple[int, int]) -> Tensor:
    """What lies between four corners (4, 2) of a picture (H, W), as a picture of that size; edges go on beyond."""
    extent = torch.tensor(picture.shape[::-1])
    scale = min(1.0, size[1] / (around[1] - around[0]).norm().item())
    if scale < 1:
        smaller = [max(1, round(side * scale)) for side in picture.shape]
        picture = resized(picture[None, None], smaller)[0, 0]
    origin, right, down = around[0], around[1] - around[0], around[3] - around[0]
    theta = torch.stack([right / extent, down / extent, (2 * origin + right + down) / extent - 1], dim=1)
    grid = F.affine_grid(theta[None], [1, 1, *size], align_corners=False)
    return F.grid_sample(picture[None, None], grid, padding_mode="border", align_corners=False)[0, 0]
