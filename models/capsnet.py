"""What the CapsNet tab computes: the capsules of a drawing, and pictures decoded from them.

Sabour, Frosst, Hinton 2017, arXiv 1710.09829; the nets are in `models/nets/capsnet.py`.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from PIL import Image
from pydantic import BaseModel, Field
from torch import Tensor

import weights
from models.digits import NATURAL_SPREAD, contact_sheet, measure, prepare_drawing
from models.nets.capsnet import DIGITS, POSE_DIMENSIONS, CapsNet, routing
from models.once import once, trained
from models.strokes import Drawing, ready_digits
from weights.manifest import CAPSNET

LARGEST_OFFSET, OFFSET_STEP = 0.25, 0.05  # the paper's figure 4
Offset = Annotated[float, Field(ge=-LARGEST_OFFSET, le=LARGEST_OFFSET)]


class CapsNetParams(BaseModel, frozen=True):
    """What a visitor can set."""

    drawing: Drawing = Field(
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
    return trained(CapsNet(), CAPSNET)


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


LEAST_EFFECT = 0.5  # in natural spreads
LEAST_LEAD = 1.3  # over the property that moves second most


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


def sheet(pictures: Tensor) -> Image.Image:
    """A sweep (16, C, 28, 28) as one sharp picture: a named dimension a row, an offset a column."""
    columns = pictures.shape[1]
    offsets = [f"{(column - columns // 2) * OFFSET_STEP:+.2f}" for column in range(columns)]
    names = name_dimensions(pictures[:, [0, -1]])
    rows = [f"{name} {row + 1}" if name else f"dim {row + 1}" for row, name in enumerate(names)]
    return contact_sheet(pictures, rows, offsets)
