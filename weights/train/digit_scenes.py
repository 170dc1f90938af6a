"""Scenes of hand-drawn digits with their boxes: MNIST's own ink, or its middle lines drawn anew with a pen.

One to twelve digits of about 16 to 120 px, bright or dark, apart or overlapping a little, over scribbles and ruled
paper.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter
from skimage.morphology import skeletonize
from torch import Tensor

from weights.train.mnist import load_mnist

SIDE_PX, KINDS = 256, 10
SMALLEST_PX, LARGEST_PX, MOST_DIGITS = 16, 120, 12
COVERED = 0.15  # of a digit's box, at most, that another may cover
TRIES = 12  # places to try before a digit is left out
INK = 0.35  # of full ink: where a box ends
PENNED = 0.5  # of all digits are drawn with a pen
CLUTTERED, RULED = 0.5, 0.15  # of all scenes


@dataclass(frozen=True)
class Digits:
    """MNIST digits to make scenes of: pictures (N, 28, 28) uint8, labels (N,), and the middle lines of their ink."""

    pictures: np.ndarray
    labels: np.ndarray
    lines: Sequence[np.ndarray]


def load_digits(split: str, folder: Path | None = None) -> Digits:
    """The digits of one of MNIST's splits."""
    pictures, labels = (tensor.numpy() for tensor in load_mnist(split, folder))
    return Digits(pictures[:, 0], labels, [middle_line(picture) for picture in pictures[:, 0]])


def middle_line(picture: np.ndarray) -> np.ndarray:
    """Short strokes (S, 2, 2), x and y of both ends in pixels, along the middle of the ink."""
    rows, columns = np.nonzero(skeletonize(picture > 100))
    if len(rows) < 2:
        rows, columns = np.nonzero(picture >= picture.max())
    points = np.stack([columns, rows], axis=1).astype(np.float32)
    near = np.abs(points[:, None] - points).max(axis=2) <= 1
    smooth = (near @ points) / near.sum(axis=1, keepdims=True)
    start, end = np.nonzero(np.triu(near))
    return np.stack([smooth[start], smooth[end]], axis=1)


def scene(digits: Digits, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """A picture (3, 256, 256) in [0, 1] and its labels (G, 5): the digit, then its box's xyxy in px."""
    ink = np.zeros((SIDE_PX, SIDE_PX), np.float32)
    labels: list[tuple[float, float, float, float, float]] = []
    for _ in range(random.integers(1, MOST_DIGITS + 1)):
        index = int(random.integers(len(digits.labels)))
        drawn = draw(digits, index, random)
        height, width = drawn.shape
        place = free_place((width, height), [label[1:] for label in labels], random)
        if place is not None:
            x, y = place
            part = ink[y : y + height, x : x + width]
            np.maximum(part, drawn, out=part)
            labels.append((digits.labels[index], x, y, x + width, y + height))
    picture = coloured(ink, clutter(labels, random), random)
    return torch.from_numpy(picture), torch.tensor(labels, dtype=torch.float32).reshape(-1, 5)


def draw(digits: Digits, index: int, random: np.random.Generator) -> np.ndarray:
    """One digit's ink (H, W) in [0, 1], cut to its box."""
    size = float(np.exp(random.uniform(np.log(SMALLEST_PX), np.log(LARGEST_PX))))
    stretch = np.exp(random.uniform(-0.15, 0.15))
    make = penned if random.random() < PENNED else printed
    ink = make(digits, index, size, stretch, random)
    rows, columns = (np.flatnonzero((ink > INK).any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def printed(digits: Digits, index: int, size: float, stretch: float, random: np.random.Generator) -> np.ndarray:
    """MNIST's own ink, enlarged, with an edge between soft and crisp."""
    picture = digits.pictures[index]
    rows, columns = np.nonzero(picture > 100)
    scale = size / max(np.ptp(rows) + 1, np.ptp(columns) + 1)
    fitted = Image.fromarray(picture).resize(
        (max(8, round(28 * scale * stretch)), max(8, round(28 * scale))), Image.Resampling.BICUBIC
    )
    ink = np.asarray(fitted, dtype=np.float32) / 255
    crisp, level = random.uniform(1, 4), random.uniform(0.4, 0.6)
    ink = ((ink - level) * crisp + level).clip(0, 1)
    return ink / ink.max()


def penned(digits: Digits, index: int, size: float, stretch: float, random: np.random.Generator) -> np.ndarray:
    """Its middle line, drawn anew with a pen whose width has nothing to do with the digit's size."""
    lines = digits.lines[index] - 13.5
    turn, slant = random.uniform(-0.2, 0.2), random.uniform(-0.2, 0.2)
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) @ [[stretch, 0], [slant, 1]]
    lines = lines @ matrix
    lines *= size / max(np.ptp(lines[..., 0]), np.ptp(lines[..., 1]), 1)
    pen = max(1.5, random.uniform(0.03, 0.16) * size)
    lines += pen + 2 - lines.min(axis=(0, 1))
    width, height = np.ceil(lines.max(axis=(0, 1)) + pen + 2).astype(int)
    sheet = Image.new("L", (2 * width, 2 * height))
    stroke = ImageDraw.Draw(sheet)
    for (x, y), (to_x, to_y) in (2 * lines).tolist():
        stroke.line((x, y, to_x, to_y), 255, round(2 * pen))
        stroke.ellipse((to_x - pen, to_y - pen, to_x + pen, to_y + pen), 255)
        stroke.ellipse((x - pen, y - pen, x + pen, y + pen), 255)
    return np.asarray(sheet.reduce(2), dtype=np.float32) / 255


def free_place(
    size: tuple[int, int], taken: Sequence[Sequence[float]], random: np.random.Generator
) -> tuple[int, int] | None:
    """Where a box of that width and height covers little of the others, and they of it; None after `TRIES`."""
    width, height = size
    if max(size) >= SIDE_PX:
        return None
    for _ in range(TRIES):
        x, y = (int(random.integers(0, SIDE_PX - side + 1)) for side in size)
        covers = (
            max(0, min(x + width, right) - max(x, left))
            * max(0, min(y + height, bottom) - max(y, top))
            / min(width * height, (right - left) * (bottom - top))
            for left, top, right, bottom in taken
        )
        if max(covers, default=0) <= COVERED:
            return x, y
    return None


def clutter(labels: Sequence[Sequence[float]], random: np.random.Generator) -> np.ndarray:
    """Other ink (256, 256) in [0, 1]: faint rules, and scribbles that keep off the digits."""
    sheet = Image.new("L", (SIDE_PX, SIDE_PX))
    pen = ImageDraw.Draw(sheet)
    if random.random() < RULED:
        gap, shade = random.integers(12, 40), int(random.integers(30, 110))
        for at in range(int(random.integers(gap)), SIDE_PX, int(gap)):
            pen.line((0, at, SIDE_PX, at), shade, int(random.integers(1, 3)))
    if random.random() < CLUTTERED:
        for _ in range(random.integers(1, 8)):
            scribble(pen, random)
        for _, left, top, right, bottom in labels:
            pen.rectangle((left - 3, top - 3, right + 2, bottom + 2), 0)
    return np.asarray(sheet, dtype=np.float32) / 255


def scribble(pen: ImageDraw.ImageDraw, random: np.random.Generator) -> None:
    """A dot, a blot, a ring, a box or a wild line, anywhere."""
    x, y = random.integers(0, SIDE_PX, 2).tolist()
    width, height = random.integers(3, 70, 2).tolist()
    shade, thick = int(random.integers(60, 256)), int(random.integers(1, 7))
    frame = (x, y, x + width, y + height)
    kind = random.integers(6)
    if kind == 0:
        pen.ellipse((x, y, x + thick, y + thick), shade)
    elif kind == 1:
        pen.rectangle(frame, shade)
    elif kind == 2:
        pen.ellipse((x, y, x + 2 * width, y + 2 * height), outline=shade, width=thick)
    elif kind == 3:
        start, end = random.uniform(0, 360, 2)
        pen.arc(frame, start, end, shade, thick)
    else:
        points = (np.array([x, y]) + random.normal(0, 30, (random.integers(2, 7), 2)).cumsum(axis=0)).flatten()
        pen.line(points.tolist(), shade, thick, joint="curve")


def coloured(ink: np.ndarray, other: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The picture (3, 256, 256): ink of one colour, clutter of another, on paper or a board under uneven light."""
    paper, pen, dirt = (random.uniform(0, 1, (3, 1, 1)).astype(np.float32) for _ in range(3))
    grey = random.random() < 0.7
    if grey:
        paper, pen, dirt = paper[:1], pen[:1], dirt[:1]
    darker = paper.mean() > 0.5
    strong = random.uniform(0.45, 1)
    pen = (pen * 0.3) + (-1 if darker else 1) * strong * 0.85 + paper - 0.15
    if random.random() < 0.5:  # a clean canvas, black on white or white on black
        paper, pen = np.full_like(paper, darker), np.full_like(pen, not darker)
    picture = paper + other * (dirt - paper)
    picture = picture * (1 - ink) + ink * pen
    if random.random() < 0.5:
        across, down = random.uniform(-0.2, 0.2, 2)
        light = np.linspace(-across, across, SIDE_PX)[None] + np.linspace(-down, down, SIDE_PX)[:, None]
        picture = picture + light
        if random.random() < 0.5:
            picture = gaussian_filter(picture, (0, *[random.uniform(0.3, 1.0)] * 2))
        picture = picture + random.normal(0, random.uniform(0, 0.06), (1, SIDE_PX, SIDE_PX))
    return np.broadcast_to(picture, (3, SIDE_PX, SIDE_PX)).clip(0, 1).astype(np.float32)
