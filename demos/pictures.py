"""The ready pictures to work on and to take styles from: Gradio's and scikit-image's, and patterns drawn by code."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import gradio as gr
from gradio import media
from PIL import Image, ImageOps

from demos import ui
from demos.refusals import answering
from demos.serving.files import published
from models import patterns
from models.images import from_data_url, read_picture, to_jpeg
from models.once import once
from models.paintings import PAINTINGS, fetched
from models.patterns import PATTERNS
from models.photographs import LARGEST_PX, NAMES

THUMBNAIL_PX = 112


@dataclass(frozen=True)
class ReadyPicture:
    """A photograph that comes with a library: what it shows, whose it is, its file there."""

    title: str
    credit: str
    library: str
    file: str

    def open(self) -> Image.Image:
        """The photograph, RGB."""
        path = media.get_image(self.file) if self.library == "Gradio" else str(files("skimage") / "data" / self.file)
        return read_picture(Path(path).read_bytes())


READY = {
    "rocket": ReadyPicture("Falcon 9 at night", "SpaceX, public domain", "scikit-image", "rocket.jpg"),
    "lion": ReadyPicture("Lion", "from Gradio's examples", "Gradio", "lion.jpg"),
    "tower": ReadyPicture("Tower", "from Gradio's examples", "Gradio", "tower.jpg"),
    "cheetah": ReadyPicture("Cheetah", "from Gradio's examples", "Gradio", "cheetah.jpg"),
    "cat": ReadyPicture("Chelsea the cat", "S. van der Walt, CC0", "scikit-image", "chelsea.png"),
    "coffee": ReadyPicture("Coffee", "R. Michetti, CC0", "scikit-image", "coffee.png"),
    "astronaut": ReadyPicture("Eileen Collins", "NASA, public domain", "scikit-image", "astronaut.png"),
    "motorcycle": ReadyPicture(
        "Motorcycle", "D. Scharstein et al., Middlebury 2014", "scikit-image", "motorcycle_left.png"
    ),
    "galaxies": ReadyPicture("Hubble deep field", "NASA, public domain", "scikit-image", "hubble_deep_field.jpg"),
}

STYLES: dict[str, ReadyPicture] = {
    "brick": ReadyPicture("Brick", "CC0Textures, CC0", "scikit-image", "brick.png"),
    "grass": ReadyPicture("Grass", "linolafett, CC0", "scikit-image", "grass.png"),
    "gravel": ReadyPicture("Gravel", "CC0Textures, CC0", "scikit-image", "gravel.png"),
    "galaxies": READY["galaxies"],
}
PATTERN_PX = 512


def opened(text: str) -> Image.Image:
    """The picture that a parameter names or holds.

    Raises:
        ValueError: if it holds no picture.
    """
    return READY[text].open() if text in READY else read_picture(from_data_url(text))


def opened_style(text: str) -> Image.Image:
    """The picture of a style that a parameter names or holds.

    Raises:
        ValueError: if it holds no picture, or its painting cannot be fetched.
    """
    if text in PATTERNS:
        return patterns.draw(text, PATTERN_PX)
    if text in PAINTINGS:
        return fetched(text)
    return STYLES[text].open() if text in STYLES else opened(text)


def caption(text: str) -> str:
    """What a picture is, and whose."""
    if text in PATTERNS:
        return f"{text.replace('_', ' ').capitalize()}, drawn by code."
    if text in PAINTINGS:
        return f"{PAINTINGS[text].title}, {PAINTINGS[text].painter}."
    ready = (READY | STYLES).get(text)
    return f"{ready.title}, {ready.credit}." if ready else "Your picture."


def chooser(
    demo: ui.Demo,
    parameter: str,
    title: str,
    ready: list[dict[str, Any]],
    more: dict[str | None, str],
    *,
    pastes: bool = False,
    streams: bool = False,
    draws: Callable | None = None,
) -> gr.HTML:
    """The widget that chooses a picture: ready ones, `more` names by what they show, or one's own, even a live one.

    Args:
        draws: what the page calls, by the name `drawn`, for the ready ones that come later.
    """
    listed = [*ready, *({"name": name, "title": text} for name, text in more.items())]
    ways = {"pastes": pastes, "streams": streams, "largest_side": LARGEST_PX, "server_functions": [draws or drawn]}
    return ui.control(demo, parameter, "pictures", title=title, ready=listed, **ways)


def photographs(names: Sequence[str] = NAMES) -> list[dict[str, str]]:
    """Ready photographs for the page: the name of each, what it shows, and how it looks, square and small."""
    return [photograph(name) for name in names]


@functools.cache
def photograph(name: str) -> dict[str, str]:
    """One of them, opened once for all tabs that have it."""
    return thumbnail(name, (READY | STYLES)[name].open())


@functools.cache
def styles() -> list[dict[str, Any]]:
    """Every ready style that needs no network, likewise; those that are drawn come later, by `drawn`."""
    later = [{"name": name, "title": title_of(name), "later": True} for name in PATTERNS]
    return later + photographs(tuple(STYLES))


@once
def drawings() -> dict[str, str]:
    """How each style drawn by code looks: seconds of work, not to be done before somebody looks."""
    return {name: thumbnail(name, opened_style(name))["image"] for name in PATTERNS}


@answering
def drawn(_: dict) -> dict[str, dict[str, str]]:
    """The pictures that come later, by their names."""
    return {"images": drawings()}


def thumbnail(name: str, picture: Image.Image) -> dict[str, str]:
    """A ready picture for the page."""
    square = ImageOps.fit(picture, (THUMBNAIL_PX, THUMBNAIL_PX))
    return {"name": name, "title": title_of(name), "image": published(to_jpeg(square))}


def title_of(name: str) -> str:
    """What a ready picture shows."""
    return caption(name).split(",")[0]
