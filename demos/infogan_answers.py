"""What the InfoGAN page asks for while it is open: live pictures, the lecture's figures, walks and films."""

from collections.abc import Iterator
from typing import Any, Literal

from torch import Tensor

from demos import ui
from demos.refusals import answering, checked
from demos.turns import answering_in_turn
from models import infogan
from models.digits import enlarged
from models.films import filmed
from models.images import to_base64, to_png_url
from models.infogan import FRAMES_PER_SECOND, Codes, Figure, Reading, Walk
from models.nets.infogan import Trained
from weights.manifest import INFOGAN

FILM_SCALE = 8


class FigureAsked(Codes, frozen=True):
    """One of the lecture's figures."""

    figure: Figure


class WalkAsked(Codes, frozen=True):
    """One of the walks, and as which file."""

    walk: Walk
    kind: Literal["gif", "mp4"] = "gif"


def exhibit(readings: Reading, index: int, picture: Tensor) -> dict[str, Any]:
    """A picture (28, 28) and what Q reads in it, for the page."""
    return {
        "picture": to_base64(picture),
        "probabilities": readings.probabilities[index].tolist(),
        "styles": readings.styles[index].tolist(),
    }


def shown(nets: Trained, codes: Codes) -> dict[str, Any]:
    """What both exhibits show of some codes."""
    made = infogan.make(nets, codes)
    return {
        "codes": codes.model_dump(),
        "generated": exhibit(made.readings, 0, made.picture),
        "twin": exhibit(made.readings, 1, made.twin),
    }


@answering
async def generate(request: dict) -> dict[str, Any]:
    """The pictures of changed codes: what every live control asks for, so quick that it needs no thread."""
    codes = checked(Codes, request)
    nets, _ = infogan.load()
    milliseconds = ui.stopwatch()
    return shown(nets, codes) | {"milliseconds": milliseconds()}


@answering
async def digits(request: dict) -> dict[str, list[str]]:
    """All ten digits of changed codes, for the buttons."""
    codes = checked(Codes, request)
    nets, _ = infogan.load()
    return {"digits": [to_base64(picture) for picture in infogan.all_digits(nets, codes)]}


@answering
def figure(request: dict) -> dict[str, str]:
    """One of the lecture's figures as a PNG, with its caption."""
    asked = checked(FigureAsked, request)
    nets, _ = infogan.load()
    title, caption = captions(nets)[asked.figure]
    return {"png": to_png_url(infogan.figure(nets, asked.figure, asked)), "title": title, "caption": caption}


@answering
def walk(request: dict) -> dict[str, Any]:
    """The frames of a walk, to be played in the page."""
    asked = checked(WalkAsked, request)
    nets, _ = infogan.load()
    frames = infogan.walk(nets, asked.walk, asked)
    return {
        "frames": [
            {
                "codes": {"digit": digit, "styles": styles, "noise": asked.noise},
                "generated": exhibit(frames.readings, index, frames.pictures[index]),
                "twin": exhibit(frames.twin_readings, index, frames.twins[index]),
            }
            for index, (digit, styles) in enumerate(
                zip(frames.path.digits.tolist(), frames.path.styles.tolist(), strict=True)
            )
        ]
    }


@answering_in_turn("film")
def film(request: dict) -> Iterator[dict[str, str]]:
    """A walk as a file to keep."""
    asked = checked(WalkAsked, request)
    nets, _ = infogan.load()
    pictures = infogan.along(nets.generator, infogan.path(nets, asked.walk, asked), asked)
    frames = (enlarged(picture, FILM_SCALE) for picture in pictures)
    for address in filmed(frames, FRAMES_PER_SECOND, asked.kind):
        yield {"film": address}


def captions(nets: Trained) -> dict[str, tuple[str, str]]:
    """Title and caption of each figure: our number, measured on the embedded file, beside the paper's."""
    figures = INFOGAN.figures
    styles = {
        name: (
            f"{name} varied from −2 to 2",
            f"A row for each digit; training used −1 to 1. <b>{name} is {style.property}</b> (−: {style.low}, "
            f"+: {style.high}), rank correlation within a digit {style.correlation:.2f}. The paper finds rotation in "
            "its c2 and width in its c3, and gives no number.",
        )
        for name, style in zip(("c2", "c3"), infogan.style_names(nets), strict=True)
    }
    return styles | {
        "c1": (
            "c1 varied on InfoGAN",
            "A column for each digit, a row for each noise z. <b>Used as a classifier, c1 errs on "
            f"{figures['c1_error_percent']:.1f} %</b> of the 10,000 test digits (the paper: 5 %), and tells "
            f"{figures['digit_information_nats']:.2f} of ln 10 = 2.30 nats about the digit that is made.",
        ),
        "twin": (
            "c1 varied on an ordinary GAN, λ = 0",
            "A column for each category, a row for each of the same noises z; trained alike, but with λ = 0: "
            "<b>no clear meaning</b>, as in the paper. "
            f"Here c1 tells {figures['twin_digit_information_nats']:.2f} of ln 10 = 2.30 nats about the digit.",
        ),
    }
