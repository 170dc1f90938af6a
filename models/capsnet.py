"""What the CapsNet tab computes: a drawing made ready as MNIST was, its capsules, and pictures decoded from them.

Sabour, Frosst, Hinton 2017, arXiv 1710.09829; the nets are in `models/nets/capsnet.py`.
"""

import functools
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from pydantic import BaseModel, Field, field_validator
from torch import Tensor

import weights
from models.device import device
from models.images import to_grey, to_uint8
from models.nets.capsnet import DIGITS, POSE_DIMENSIONS, CapsNet, routing
from models.once import once
from models.strokes import dots_from_text, ready_digits
from weights.manifest import CAPSNET

LARGEST_OFFSET, OFFSET_STEP = 0.25, 0.05  # the paper's figure 4
Offset = Annotated[float, Field(ge=-LARGEST_OFFSET, le=LARGEST_OFFSET)]


class CapsNetParams(BaseModel, frozen=True):
    """What a visitor can set."""

    drawing: str = Field(
        default_factory=lambda: ready_digits()[0].drawing,
        description="The digit drawn, 28×28 dots of one bit, in base64url.",
    )
    capsule: int | None = Field(None, ge=0, le=9, description="The capsule to decode; none for the longest.")
    offsets: tuple[Offset, ...] = Field(
        (0.0,) * POSE_DIMENSIONS,
        min_length=POSE_DIMENSIONS,
        max_length=POSE_DIMENSIONS,
        description="What is added to each of the capsule's 16 dimensions, in steps of 0.05.",
    )

    @field_validator("drawing")
    @classmethod
    def drawing_is_dots(cls, text: str) -> str:
        dots_from_text(text)
        return text


class Capsule(BaseModel, frozen=True):
    """One digit capsule as a page sends it back: whose it is, its pose, and what is added to it."""

    digit: int = Field(ge=0, le=9)
    pose: tuple[Annotated[float, Field(ge=-1, le=1)], ...] = Field(
        min_length=POSE_DIMENSIONS, max_length=POSE_DIMENSIONS
    )
    offsets: tuple[Offset, ...] = Field(
        (0.0,) * POSE_DIMENSIONS, min_length=POSE_DIMENSIONS, max_length=POSE_DIMENSIONS
    )

    def moved(self) -> Tensor:
        """The pose with its offsets, (16,)."""
        return torch.tensor(self.pose) + torch.tensor(self.offsets)


@dataclass(frozen=True)
class Reading:
    """What the net made of one picture.

    Attributes:
        given: the picture, (28, 28) in [0, 1].
        poses: (10, 16), a digit capsule a row.
        lengths: (10,), how sure the net is of each digit.
        couplings: (10, 1152) for every routing iteration.
    """

    given: Tensor
    poses: Tensor
    lengths: Tensor
    couplings: tuple[Tensor, ...]

    @property
    def digit(self) -> int:
        """The digit of the longest capsule."""
        return int(self.lengths.argmax())

    def capsule(self, params: CapsNetParams) -> Capsule:
        """The capsule that the parameters ask for, with their offsets."""
        digit = self.digit if params.capsule is None else params.capsule
        return Capsule(digit=digit, pose=tuple(self.poses[digit].tolist()), offsets=params.offsets)


@once
def load() -> tuple[CapsNet, weights.Loaded]:
    """The trained net on this process's device, and where its weights came from."""
    loaded = weights.load(CAPSNET)
    net = CapsNet().eval().requires_grad_(False)
    net.load_state_dict({name: tensor.float() for name, tensor in loaded.tensors.items()})
    return net.to(device().torch_device), replace(loaded, tensors={})


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


@torch.inference_mode()
def classify(net: CapsNet, picture: Tensor) -> Reading:
    """What the net makes of a picture (1, 1, 28, 28)."""
    picture = picture.to(net.transforms.device)
    poses, couplings = routing(net.votes(net.primary_capsules(picture)))
    return Reading(
        given=picture[0, 0].cpu(),
        poses=poses[0].cpu(),
        lengths=poses[0].norm(dim=1).cpu(),
        couplings=tuple(coupling[0].cpu() for coupling in couplings),
    )


@torch.inference_mode()
def reconstruct(net: CapsNet, digit: int, poses: Tensor) -> Tensor:
    """Pictures (N, 28, 28) decoded from poses (N, 16) of one digit's capsule alone."""
    everywhere = poses.to(net.transforms.device).unsqueeze(1).expand(-1, DIGITS, -1)
    digits = torch.full((len(poses),), digit, device=everywhere.device)
    return net.reconstruct(everywhere, digits).squeeze(1).cpu()


@dataclass(frozen=True)
class Answer:
    """A reading, and one of its capsules decoded.

    Attributes:
        capsule: the one that was asked for, with its offsets.
        reconstruction: (28, 28), from the capsule as the net found it.
        perturbed: (28, 28), with the offsets.
        squared_error: of the reconstruction, summed over the picture.
    """

    reading: Reading
    capsule: Capsule
    reconstruction: Tensor
    perturbed: Tensor
    squared_error: float


def answer(net: CapsNet, params: CapsNetParams) -> Answer:
    """What the net makes of the drawing, and what the capsule asked for looks like.

    Raises:
        ValueError: if the canvas is empty.
    """
    reading = classify(net, prepare_drawing(params.drawing))
    capsule = reading.capsule(params)
    poses = torch.stack([torch.tensor(capsule.pose), capsule.moved()])
    reconstruction, perturbed = reconstruct(net, capsule.digit, poses)
    squared_error = (reconstruction - reading.given).square().sum().item()
    return Answer(reading, capsule, reconstruction, perturbed, squared_error)


def sweep(net: CapsNet, digit: int, pose: Tensor, offsets: Tensor | None = None) -> Tensor:
    """Pictures (16, S, 28, 28): each dimension of a pose (16,) in turn moved by each of S offsets.

    Without offsets, the paper's figure 4: −0.25 … 0.25 in steps of 0.05, S = 11.
    """
    if offsets is None:
        offsets = torch.arange(-5, 6) * OFFSET_STEP
    moves = torch.eye(POSE_DIMENSIONS).unsqueeze(1) * offsets[None, :, None]
    return reconstruct(net, digit, (pose + moves).flatten(0, 1)).unflatten(0, (POSE_DIMENSIONS, -1))


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
LEAST_EFFECT = 0.5  # in natural spreads
LEAST_LEAD = 1.3  # over the property that moves second most


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


def name_dimensions(ends: Tensor) -> list[str | None]:
    """What each dimension does to this digit, from its pictures at both ends (16, 2, 28, 28).

    The property that moves most, in natural spreads; none where nothing measured moves by `LEAST_EFFECT`,
    or where another moves nearly as much.
    """
    spread = torch.tensor(list(NATURAL_SPREAD.values()))
    effects = (measure(ends[:, 1]) - measure(ends[:, 0])).abs() / spread
    first, second = effects.topk(2, dim=1).values.T
    clear = (first >= LEAST_EFFECT) & (first >= LEAST_LEAD * second)
    names = list(NATURAL_SPREAD)
    return [names[most] if told else None for most, told in zip(effects.argmax(dim=1), clear, strict=True)]


def sheet(pictures: Tensor, scale: int = 3, gap: int = 4) -> Image.Image:
    """A sweep (16, C, 28, 28) as one sharp picture: a named dimension a row, an offset a column."""
    rows, columns = pictures.shape[:2]
    cell, left, top = 28 * scale + gap, 150, 40
    picture = Image.new("L", (left + columns * cell, top + rows * cell), 255)
    pen = ImageDraw.Draw(picture)
    for column in range(columns):
        offset = (column - columns // 2) * OFFSET_STEP
        pen.text((left + column * cell + 14 * scale, top / 2), f"{offset:+.2f}", 0, anchor="mm", font_size=22)
    for row, name in enumerate(name_dimensions(pictures[:, [0, -1]])):
        label = f"{name} {row + 1}" if name else f"dim {row + 1}"
        pen.text((left - 12, top + row * cell + 14 * scale), label, 0, anchor="rm", font_size=22)
        for column in range(columns):
            digit = Image.fromarray(to_uint8(pictures[row, column][None]))
            digit = digit.resize((28 * scale, 28 * scale), Image.Resampling.NEAREST)
            picture.paste(digit, (left + column * cell, top + row * cell))
    return picture
