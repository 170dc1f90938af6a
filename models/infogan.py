"""What the InfoGAN tab computes: digits made from codes and noise, by an InfoGAN and by its twin, and codes read back.

Chen et al. 2016, arXiv 1606.03657; the nets are in `models/nets/infogan.py`.
"""

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from PIL import Image
from pydantic import BaseModel, Field
from torch import Tensor

import weights
from models.digits import contact_sheet, prepare_drawing
from models.fold import fold
from models.nets.infogan import CATEGORIES, CHECKPOINTS, NOISE, Generator, Trained
from models.once import once, trained
from models.strokes import Drawing, ready_digits
from weights.manifest import INFOGAN

LARGEST_STYLE, TRAINED_STYLE = 2.0, 1.0  # the paper's figure 2 shows twice the range it trained on
LARGEST_SEED = 9999
Style = Annotated[float, Field(ge=-LARGEST_STYLE, le=LARGEST_STYLE)]
Figure = Literal["c1", "twin", "c2", "c3"]
Walk = Literal["c1", "c2", "c3", "around"]


class Codes(BaseModel, frozen=True):
    """What a digit is made from."""

    digit: int = Field(2, ge=0, le=9, description="The digit asked for: c1 is the category that became it.")
    styles: tuple[Style, Style] = Field((0.0, 0.0), description="The codes c2 and c3; in training from −1 to 1.")
    noise: int = Field(7, ge=0, le=LARGEST_SEED, description="The seed of the noise z.")


class InfoGANParams(Codes, frozen=True):
    """What a visitor can set."""

    locked: bool = Field(True, description="Whether the noise stays when another digit is chosen.")
    figure: Figure | None = Field(None, description="The figure that is open.")
    walk: Walk | None = Field(None, description="The walk through the codes that plays.")
    checkpoint: int = Field(CHECKPOINTS - 1, ge=0, lt=CHECKPOINTS, description="The moment of training shown.")
    drawing: Drawing = Field(
        default_factory=lambda: ready_digits()[0].drawing,
        description="The digit drawn for Q to read, 28×28 dots of one bit, in base64url.",
    )


@once
def load() -> tuple[Trained, weights.Loaded]:
    """The trained nets on this process's device, and where their weights came from."""
    nets, loaded = trained(Trained(), INFOGAN)
    return fold(nets), loaded


# --- making and reading ---------------------------------------------------------------------------


def noise_of(seed: int) -> Tensor:
    """The noise z of a seed, (62,), the same on every machine."""
    return 2 * torch.rand(NOISE, generator=torch.Generator().manual_seed(seed)) - 1


def one_hot(nets: Trained, digits: Tensor) -> Tensor:
    """c1 (N, 10) of the categories that became the digits (N,)."""
    return F.one_hot(nets.categories.cpu().long()[digits], CATEGORIES).float()


@torch.inference_mode()
def generate(generator: Generator, noise: Tensor, c1: Tensor, styles: Tensor) -> Tensor:
    """Pictures (N, 28, 28) of noise (62,) or (N, 62), c1 (N, 10), and styles (2,) or (N, 2)."""
    count = len(c1)
    latents = torch.cat([noise.expand(count, -1), c1, styles.expand(count, -1)], dim=1)
    return generator(latents.to(next(generator.parameters()).device)).squeeze(1).cpu()


@dataclass(frozen=True)
class Reading:
    """What Q reads in N pictures: probabilities (N, 10) of the digits its categories became, styles (N, 2)."""

    probabilities: Tensor
    styles: Tensor


@torch.inference_mode()
def read(nets: Trained, pictures: Tensor) -> Reading:
    """Q's reading of pictures (N, 28, 28)."""
    _, logits, styles = nets.discriminator(pictures.unsqueeze(1).to(nets.categories.device))
    probabilities = logits.softmax(dim=1)[:, nets.categories.long()]
    return Reading(probabilities.cpu(), styles.cpu())


@dataclass(frozen=True)
class Made:
    """Pictures (28, 28) that the InfoGAN and its twin make of the same codes, and Q's readings of the two."""

    picture: Tensor
    twin: Tensor
    readings: Reading


def make(nets: Trained, codes: Codes) -> Made:
    """The pictures of the codes, and Q's readings of them."""
    noise, c1, styles = noise_of(codes.noise), one_hot(nets, torch.tensor([codes.digit])), torch.tensor(codes.styles)
    pictures = torch.cat([generate(generator, noise, c1, styles) for generator in (nets.generator, nets.twin)])
    return Made(pictures[0], pictures[1], read(nets, pictures))


def all_digits(nets: Trained, codes: Codes) -> Tensor:
    """Pictures (10, 28, 28) of every digit, of the same noise and styles."""
    return generate(
        nets.generator, noise_of(codes.noise), one_hot(nets, torch.arange(CATEGORIES)), torch.tensor(codes.styles)
    )


# Properties that a style may be named by, in the order of `NATURAL_SPREAD`, and what is seen at both ends.
WORDS = {"thickness": ("thin", "thick"), "slant": ("leans left", "leans right"), "width": ("narrow", "wide")}


@dataclass(frozen=True)
class StyleName:
    """The property that a style moves most, words for its two ends, and the rank correlation that was measured."""

    property: str
    low: str
    high: str
    correlation: float


def own_properties(correlations: Tensor) -> Tensor:
    """The property (2,) of those in `WORDS` that each style moves most, by correlations (2, 6) with all.

    The weaker style takes what the stronger one left.
    """
    strength = correlations.abs()[:, : len(WORDS)]
    first = strength.max(dim=1).values.argmax()
    own = strength.argmax(dim=1)
    own[1 - first] = strength[1 - first].index_fill(0, own[first], 0).argmax()
    return own


def style_names(nets: Trained) -> list[StyleName]:
    """What c2 and c3 were measured to do; each is signed so that more of it is more of its property."""
    correlations = nets.correlations.cpu()
    own = own_properties(correlations)
    strength = correlations.gather(1, own[:, None])[:, 0].tolist()
    names = [list(WORDS)[index] for index in own]
    return [StyleName(name, *WORDS[name], value) for name, value in zip(names, strength, strict=True)]


# --- the lecture's figures ------------------------------------------------------------------------

FIGURE_ROWS = 5
STYLES_BY_NAME = {"c2": 0, "c3": 1}
FIGURE_STYLES = torch.linspace(-LARGEST_STYLE, LARGEST_STYLE, 9)


def figure(nets: Trained, name: Figure, codes: Codes) -> Image.Image:
    """One of the four parts of the paper's figure 2: c1 varied on either generator, or c2 or c3 from −2 to 2."""
    return figure_of_c1(nets, name, codes) if name in ("c1", "twin") else figure_of_style(nets, name, codes)


def figure_of_c1(nets: Trained, name: Figure, codes: Codes) -> Image.Image:
    """A column for each value of c1, a row for each of five noises, by InfoGAN or by its twin."""
    seeds = [(codes.noise + row) % (LARGEST_SEED + 1) for row in range(FIGURE_ROWS)]
    noises = torch.stack([noise_of(seed) for seed in seeds]).repeat_interleave(CATEGORIES, 0)
    # The twin's categories became nothing: they keep their numbers.
    generator, c1, columns = {
        "c1": (nets.generator, one_hot(nets, torch.arange(CATEGORIES)), list("0123456789")),
        "twin": (nets.twin, torch.eye(CATEGORIES), [f"c1={category}" for category in range(CATEGORIES)]),
    }[name]
    pictures = generate(generator, noises, c1.repeat(FIGURE_ROWS, 1), torch.tensor(codes.styles))
    return contact_sheet(pictures.unflatten(0, (FIGURE_ROWS, CATEGORIES)), [f"z {seed}" for seed in seeds], columns)


def figure_of_style(nets: Trained, name: Figure, codes: Codes) -> Image.Image:
    """A row for each digit, the style of that name varied along it, the other as in the codes."""
    styles = torch.tensor(codes.styles).repeat(CATEGORIES, len(FIGURE_STYLES), 1)
    styles[:, :, STYLES_BY_NAME[name]] = FIGURE_STYLES
    c1 = one_hot(nets, torch.arange(CATEGORIES).repeat_interleave(len(FIGURE_STYLES)))
    pictures = generate(nets.generator, noise_of(codes.noise), c1, styles.flatten(0, 1))
    columns = [f"{value:+.1f}" for value in FIGURE_STYLES.tolist()]
    return contact_sheet(pictures.unflatten(0, (CATEGORIES, -1)), list("0123456789"), columns)


# --- walks through the codes ----------------------------------------------------------------------

FRAMES_PER_SECOND = 12
MORPH_FRAMES, SWING_FRAMES = 6, 48


@dataclass(frozen=True)
class Path:
    """A closed walk through the codes: c1 (F, 10), the nearest digits (F,), and styles (F, 2) of its frames."""

    c1: Tensor
    digits: Tensor
    styles: Tensor


def path(nets: Trained, name: Walk, codes: Codes) -> Path:
    """The walk from digit to digit, along c2 or c3 and back through 0, or round the edge of what was trained."""
    styles = torch.tensor(codes.styles)
    if name == "c1":
        digits = (torch.arange(CATEGORIES) + codes.digit) % CATEGORIES
        share = torch.arange(MORPH_FRAMES)[None, :, None] / MORPH_FRAMES
        here, there = one_hot(nets, digits)[:, None], one_hot(nets, digits.roll(-1))[:, None]
        c1 = ((1 - share) * here + share * there).flatten(0, 1)
        nearest = torch.where(share.flatten() <= 0.5, digits[:, None], digits.roll(-1)[:, None]).flatten()
        return Path(c1, nearest, styles.repeat(len(c1), 1))
    angle = torch.arange(SWING_FRAMES) / SWING_FRAMES * 2 * math.pi
    if name == "around":
        moved = TRAINED_STYLE * torch.stack([angle.cos(), angle.sin()], dim=1)
    else:
        moved = styles.repeat(SWING_FRAMES, 1)
        moved[:, STYLES_BY_NAME[name]] = LARGEST_STYLE * angle.sin()
    digits = torch.full((SWING_FRAMES,), codes.digit)
    return Path(one_hot(nets, digits), digits, moved)


@dataclass(frozen=True)
class Frames:
    """A walk as it is seen: pictures (F, 28, 28) of both generators, Q's readings of each, and the path."""

    path: Path
    pictures: Tensor
    twins: Tensor
    readings: Reading
    twin_readings: Reading


def along(generator: Generator, steps: Path, codes: Codes) -> Tensor:
    """Pictures (F, 28, 28) that a generator makes on a path, all of the codes' noise."""
    return generate(generator, noise_of(codes.noise), steps.c1, steps.styles)


def walk(nets: Trained, name: Walk, codes: Codes) -> Frames:
    """The frames of a walk."""
    steps = path(nets, name, codes)
    pictures, twins = (along(generator, steps, codes) for generator in (nets.generator, nets.twin))
    return Frames(steps, pictures, twins, read(nets, pictures), read(nets, twins))


# --- a digit of one's own -------------------------------------------------------------------------

NOISES_TRIED = 100


@dataclass(frozen=True)
class Redrawn:
    """A drawing that Q has read and G has made again.

    Attributes:
        given: the drawing as MNIST would hold it, (28, 28).
        reading: Q's, of this one picture.
        codes: those read, and of the noises tried the one whose picture came nearest.
        picture: what G makes of the codes, (28, 28).
    """

    given: Tensor
    reading: Reading
    codes: Codes
    picture: Tensor


def redraw(nets: Trained, drawing: str) -> Redrawn:
    """What Q reads in a drawing, and what G makes of that.

    Raises:
        ValueError: if the canvas is empty.
    """
    given = prepare_drawing(drawing)[:, 0]
    reading = read(nets, given)
    digit = reading.probabilities[0].argmax()
    # In whole hundredths, as the sliders have it and a link keeps it.
    styles = (reading.styles[0].clamp(-LARGEST_STYLE, LARGEST_STYLE) * 100).round() / 100
    noises = torch.stack([noise_of(seed) for seed in range(NOISES_TRIED)])
    pictures = generate(nets.generator, noises, one_hot(nets, digit.expand(NOISES_TRIED)), styles)
    nearest = int((pictures - given).square().sum(dim=(1, 2)).argmin())
    codes = Codes(digit=int(digit), styles=tuple(round(style, 2) for style in styles.tolist()), noise=nearest)
    return Redrawn(given[0], reading, codes, pictures[nearest])


# --- how the training went ------------------------------------------------------------------------


def samples_sheet(nets: Trained) -> Image.Image:
    """All samples kept of the training, a digit a column, the rows of each moment below those of the one before."""
    samples = nets.progress.samples[:, nets.categories.long()].cpu()
    rows = samples.permute(0, 2, 3, 1, 4)  # moment, sample, y, digit, x
    return Image.fromarray(rows.reshape(-1, CATEGORIES * 28).numpy())
