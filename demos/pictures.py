"""The ready pictures of the tabs that change photographs: Gradio's own and scikit-image's, none of ours."""

import functools
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import gradio as gr
from gradio import media
from PIL import Image, ImageOps

from demos import ui
from models.images import from_data_url, read_picture, to_jpeg_url
from models.photographs import LARGEST_PX

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
    "galaxies": ReadyPicture("Hubble deep field", "NASA, public domain", "scikit-image", "hubble_deep_field.jpg"),
}


def opened(text: str) -> Image.Image:
    """The picture that a parameter names or holds.

    Raises:
        ValueError: if it holds no picture.
    """
    return READY[text].open() if text in READY else read_picture(from_data_url(text))


def chooser(demo: ui.Demo, parameter: str, title: str, more: dict[str | None, str]) -> gr.HTML:
    """The widget that chooses a picture: ready ones, `more` names by what they show, or one's own."""
    ready = [*thumbnails(), *({"name": name, "title": text} for name, text in more.items())]
    texts = {"title": title, "shares": parameter}
    return ui.control(demo, parameter, "pictures", ready=ready, largest_side=LARGEST_PX, **texts)


@functools.cache
def thumbnails() -> list[dict[str, str]]:
    """Every ready picture for the page: its name, what it shows, and how it looks, square and small."""
    size = (THUMBNAIL_PX, THUMBNAIL_PX)
    return [
        {"name": name, "title": ready.title, "image": to_jpeg_url(ImageOps.fit(ready.open(), size))}
        for name, ready in READY.items()
    ]
