"""The face map: how far every window of a picture is from face space, at every position and size.

Turk, Pentland 1991, section "Locating and detecting faces". Differences from the paper: each window is first brought to
the light of a face, and several sizes are tried.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from models.face_space import FaceSpace, levels
from models.images import resized
from models.suppression import suppress

# The height of the smallest window in that of the picture, and by how much the next is larger.
LEAST, STEP = 1 / 6, 1.15
CANDIDATES, OVERLAP = 40, 0.1  # of each size, and how much two places may share
FLATTEST = 0.5  # of a face's contrast: any flatter window is passed over


@dataclass(frozen=True)
class Place:
    """A window of a picture, in pixels, and its distance from face space in grey levels."""

    box_xyxy: tuple[float, float, float, float]
    distance: float


def levelled(space: FaceSpace, pictures: Tensor) -> Tensor:
    """Pictures (..., H, W) with the brightness and contrast of a face, but for the flattest ones' contrast."""
    grey, contrast = pictures.mean(dim=(-2, -1), keepdim=True), pictures.std(dim=(-2, -1), keepdim=True, correction=0)
    return gain(space, contrast) * (pictures - grey) + space.mean.mean()


def gain(space: FaceSpace, contrast: Tensor) -> Tensor:
    """What a picture of that contrast is multiplied by."""
    return space.contrast / contrast.clamp(min=FLATTEST * space.contrast)


def face_map(space: FaceSpace, picture: Tensor) -> Tensor:
    """Each window's distance from face space in grey levels, levelled, for a picture (H, W) ≥ (h, w): (H−h+1, W−w+1).

    By Fourier transforms: a window x becomes a·x + b, so all that its distance needs are its mean and its contrast, and
    its products with the mean face and with every eigenface.
    """
    grey, square = (windows_mean(space.size, values) for values in (picture, picture.square()))
    contrast = (square - grey.square()).clamp(min=0).sqrt()
    a = gain(space, contrast)
    b = space.mean.mean() - a * grey
    own = len(space.mean) * ((a * contrast).square() + space.mean.mean().square())
    with_mean, *with_faces = correlate(picture, torch.cat([space.mean[None], space.eigenfaces]), space.size)
    squared = own - 2 * (a * with_mean + b * space.mean.sum()) + space.mean.square().sum()
    for products, face in zip(with_faces, space.eigenfaces, strict=True):
        squared -= (a * products + b * face.sum() - face @ space.mean).square()
    distances = levels(squared.clamp(min=0).sqrt(), space)
    return torch.where(contrast < FLATTEST * space.contrast, math.inf, distances)


def windows_mean(size: tuple[int, int], values: Tensor) -> Tensor:
    """The mean of every window of values (H, W)."""
    return F.avg_pool2d(values[None], size, stride=1)[0]


def correlate(picture: Tensor, kernels: Tensor, size: tuple[int, int]) -> Tensor:
    """The product of every window of a picture (H, W) with each kernel (K, h·w), (K, H−h+1, W−w+1)."""
    rows, columns = (side - length + 1 for side, length in zip(picture.shape, size, strict=True))
    spectrum = torch.fft.rfft2(kernels.unflatten(1, size), s=picture.shape).conj() * torch.fft.rfft2(picture)
    return torch.fft.irfft2(spectrum, s=picture.shape)[:, :rows, :columns]


def locate(space: FaceSpace, picture: Tensor, most: int = 3, grid: int = 64) -> tuple[Tensor, list[Place]]:
    """The face map of a picture (H, W), over all sizes of windows, and its best places, the best first.

    The map has at most `grid` cells a side, each with the least distance, over all sizes, of the window in whose middle
    it lies; infinite where none does.
    """
    cell = max(picture.shape) / grid
    heat = torch.full([max(1, round(side / cell)) for side in picture.shape], math.inf)
    found: list[tuple[Tensor, Tensor]] = []
    for scale, told in scales(space, picture):
        rows, columns = (
            ((torch.arange(cells) + 0.5) * cell * scale - length / 2).round().long()
            for cells, length in zip(heat.shape, space.size, strict=True)
        )
        within = ((rows >= 0) & (rows < told.shape[0]))[:, None] & ((columns >= 0) & (columns < told.shape[1]))
        around = told[rows.clamp(0, told.shape[0] - 1)][:, columns.clamp(0, told.shape[1] - 1)]
        heat = torch.where(within, torch.minimum(heat, around), heat)
        found.append(candidates(told, space.size, scale))
    return heat, best(found, most) if found else []


def candidates(told: Tensor, size: tuple[int, int], scale: float) -> tuple[Tensor, Tensor]:
    """The boxes (C, 4) of least distance in a face map of windows of that size, and their distances (C,)."""
    least = told.flatten().topk(min(CANDIDATES, told.numel()), largest=False)
    y, x = least.indices // told.shape[1], least.indices % told.shape[1]
    return torch.stack([x, y, x + size[1], y + size[0]], dim=1) / scale, least.values


def best(found: Sequence[tuple[Tensor, Tensor]], most: int) -> list[Place]:
    """The places of least distance among boxes (C, 4) with their distances (C,), the best first, well apart."""
    boxes, distances = (torch.cat(parts) for parts in zip(*found, strict=True))
    boxes, distances = boxes[distances.isfinite()], distances[distances.isfinite()]
    kept = suppress(boxes, 1 / (1 + distances), torch.zeros(len(boxes)), overlap=OVERLAP).kept[:most]
    return [Place(tuple(boxes[place].tolist()), distances[place].item()) for place in kept]


def scales(space: FaceSpace, picture: Tensor) -> Iterator[tuple[float, Tensor]]:
    """The face map for one size of windows after another, and how much the picture was shrunk for it."""
    height, width = space.size
    largest = min(picture.shape[0] / height, picture.shape[1] / width)
    size = max(1.0, LEAST * picture.shape[0] / height)  # nothing is enlarged: that would only cost time
    while size <= largest:
        shrunk = [max(length, round(side / size)) for side, length in zip(picture.shape, space.size, strict=True)]
        yield shrunk[0] / picture.shape[0], face_map(space, resized(picture[None, None], shrunk)[0, 0])
        size *= STEP
