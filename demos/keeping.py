"""Pictures that a page has shown, as files to keep: one with its settings, or many as a film."""

from collections.abc import Iterator
from typing import Literal

from PIL import Image
from pydantic import BaseModel, Field

from demos.refusals import answering, checked
from demos.turns import answering_in_turn
from models.films import filmed
from models.images import from_data_url, read_picture, to_png_url
from models.photographs import LARGEST_PX, OwnPicture

FRAMES_PER_SECOND, MOST_FRAMES = 12, 120


class Kept(BaseModel, frozen=True):
    """A picture that the page has shown, and what the tab was set to."""

    picture: OwnPicture
    settings: str = Field(max_length=2000)


class Filmed(BaseModel, frozen=True):
    """Frames that the page has shown, and as which file to keep them."""

    kind: Literal["gif", "mp4"]
    frames: list[OwnPicture] = Field(min_length=1, max_length=MOST_FRAMES)


@answering
def keep(request: dict) -> dict[str, str]:
    """A picture as a PNG that tells its settings."""
    kept = checked(Kept, request)
    return {"file": to_png_url(opened(kept.picture), Software="Classic Nets", Settings=kept.settings)}


@answering_in_turn("film")
def film(request: dict) -> Iterator[dict[str, str]]:
    """Frames as a film."""
    asked = checked(Filmed, request)
    width, height = opened(asked.frames[-1]).size
    size = width - width % 2, height - height % 2  # H.264 wants even sides
    frames = (opened(frame).resize(size, Image.Resampling.BICUBIC) for frame in asked.frames)
    for address in filmed(frames, FRAMES_PER_SECOND, asked.kind):
        yield {"file": address}


def opened(frame: str) -> Image.Image:
    """A picture that the page sends back."""
    return read_picture(from_data_url(frame), LARGEST_PX**2)
