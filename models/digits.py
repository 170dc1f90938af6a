"""Pictures of digits: made ready as MNIST's were, what can be measured on them, and many of them on one sheet."""

import functools
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import Tensor

from models.images import to_grey, to_uint8
from models.strokes import dots_from_text


def prepare(picture: Image.Image) -> Tensor:
    """A picture of one digit as MNIST would hold it, (1, 1, 28, 28) in [0, 1].

    Ink made bright, fitted into 20×20, centred by mass in 28×28 (LeCun et al. 1998, section III.A).

    Raises:
        ValueError: if there is no ink to see.
    """
    ink = find_ink(to_grey(picture))
    if not ink.any():
        raise ValueError("picture must show a digit, got an even surface")
    return fit(ink)


def prepare_drawing(drawing: str) -> Tensor:
    """The same for dots drawn on the page, whose stairs are smoothed first.

    Raises:
        ValueError: if the canvas is empty.
    """
    dots = dots_from_text(drawing)
    if not dots.any():
        raise ValueError("drawing must hold some ink, got an empty canvas")
    fine = F.interpolate(torch.from_numpy(dots)[None, None].float(), scale_factor=4, mode="bicubic")
    blur = functools.partial(F.avg_pool2d, kernel_size=5, stride=1, padding=2, count_include_pad=False)
    blurred = blur(blur(fine.clamp(0, 1)))
    return fit(((blurred - 0.5) * 4 + 0.5).clamp(0, 1)[0, 0].numpy())


def find_ink(grey: np.ndarray) -> np.ndarray:
    """How inky each pixel of (H, W) is, in [0, 1], on whichever ground the digit was written."""
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    ground = float(np.median(border))
    if ground > 0.5:
        grey, ground = 1 - grey, 1 - ground
    contrast = float(grey.max()) - ground
    if contrast < 0.1:
        return np.zeros_like(grey)
    return ((grey - ground) / contrast).clip(0, 1)


def fit(ink: np.ndarray) -> Tensor:
    """Ink (H, W) fitted into 20×20 in (1, 1, 28, 28), its centre of mass in pixel (14, 14) as MNIST has it."""
    rows, columns = np.nonzero(ink > 0.2)
    box = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    scale = 20 / max(box.shape)
    size = [max(1, round(side * scale)) for side in reversed(box.shape)]
    fitted = np.asarray(Image.fromarray(box).resize(size, Image.Resampling.BICUBIC)).clip(0, 1)
    fitted = fitted / fitted.max()  # a thin pen must not turn pale
    height, width = fitted.shape
    centre_y = (fitted.sum(axis=1) * (np.arange(height) + 0.5)).sum() / fitted.sum()
    centre_x = (fitted.sum(axis=0) * (np.arange(width) + 0.5)).sum() / fitted.sum()
    top = int(np.clip(round(14.5 - centre_y), 0, 28 - height))
    left = int(np.clip(round(14.5 - centre_x), 0, 28 - width))
    canvas = torch.zeros(1, 1, 28, 28)
    canvas[0, 0, top : top + height, left : left + width] = torch.from_numpy(fitted)
    return canvas


# What can be measured on a picture, and how much it differs between digits of one class:
# the spread over MNIST's training digits, shifted as in training, averaged over the classes
# (`python -m weights.train.capsnet --evaluate` prints it).
NATURAL_SPREAD = {
    "thickness": 0.51,
    "slant": 0.26,
    "width": 0.72,
    "height": 0.43,
    "x position": 1.45,
    "y position": 1.43,
}


def measure(pictures: Tensor) -> Tensor:
    """The properties (N, 6) named in `NATURAL_SPREAD` of pictures (N, 28, 28), lengths in pixels.

    Slant is the shear that would set the digit upright; width is taken without it.
    """
    places = torch.arange(28.0)
    mass = pictures.sum(dim=(1, 2)).clamp_min(1e-6)
    x = (pictures.sum(dim=1) @ places) / mass
    y = (pictures.sum(dim=2) @ places) / mass
    from_x, from_y = places - x[:, None], places - y[:, None]
    xx = (pictures.sum(dim=1) * from_x**2).sum(dim=1) / mass
    yy = (pictures.sum(dim=2) * from_y**2).sum(dim=1) / mass
    xy = torch.einsum("nhw,nh,nw->n", pictures, from_y, from_x) / mass
    outline = pictures.diff(dim=1).abs().sum(dim=(1, 2)) + pictures.diff(dim=2).abs().sum(dim=(1, 2))
    thickness = 2 * mass / outline.clamp_min(1e-6)
    slant = -xy / yy.clamp_min(1e-6)
    width = (xx - xy**2 / yy.clamp_min(1e-6)).clamp_min(0).sqrt()
    return torch.stack([thickness, slant, width, yy.sqrt(), x, y], dim=1)


def enlarged(picture: Tensor, scale: int) -> Image.Image:
    """A picture (28, 28), `scale` screen pixels a pixel, never smoothed."""
    return Image.fromarray(to_uint8(picture[None])).resize((28 * scale, 28 * scale), Image.Resampling.NEAREST)


def contact_sheet(pictures: Tensor, rows: Sequence[str], columns: Sequence[str], scale: int = 3) -> Image.Image:
    """Pictures (R, C, 28, 28) as one sharp picture, `scale` screen pixels a pixel, rows and columns labelled."""
    gap, font_px = 4, 22
    cell, top = 28 * scale + gap, 40
    left = 24 + round(max(ImageDraw.Draw(Image.new("L", (1, 1))).textlength(row, font_size=font_px) for row in rows))
    picture = Image.new("L", (left + len(columns) * cell, top + len(rows) * cell), 255)
    pen = ImageDraw.Draw(picture)
    for column, label in enumerate(columns):
        pen.text((left + column * cell + 14 * scale, top / 2), label, 0, anchor="mm", font_size=font_px)
    for row, label in enumerate(rows):
        pen.text((left - 12, top + row * cell + 14 * scale), label, 0, anchor="rm", font_size=font_px)
        for column in range(len(columns)):
            picture.paste(enlarged(pictures[row, column], scale), (left + column * cell, top + row * cell))
    return picture
