"""Pictures that a page has shown, as files to keep: one with its settings, or many as a film."""

import threading
from typing import Literal

from PIL import Image
from pydantic import BaseModel, Field

from demos.refusals import answering, checked
from models.films import to_film_url
from models.images import from_data_url, read_picture, to_png_url
from models.photographs import LARGEST_PX, OwnPicture

FRAMES_PER_SECOND, MOST_FRAMES = 12, 120
ONE_AT_A_TIME = threading.Lock()  # for calls that go past the queue


class Kept(BaseModel, frozen=True):
    """Frames that the page has shown, and what shall become of them."""

    kind: Literal["png", "gif", "mp4"]
    frames: list[OwnPicture] = Field(min_length=1, max_length=MOST_FRAMES)
    settings: str = Field(max_length=2000)


@answering
def keep(request: dict) -> dict[str, str]:
    """Frames as a file: one as a PNG that tells its settings, or many as a film."""
    kept = checked(Kept, request)
    with ONE_AT_A_TIME:
        frames = [read_picture(from_data_url(frame), LARGEST_PX**2) for frame in kept.frames]
        if kept.kind == "png":
            return {"file": to_png_url(frames[-1], Software="Classic Nets", Settings=kept.settings)}
        size = [side - side % 2 for side in frames[-1].size]  # H.264 wants even sides
        film = [frame.resize(size, Image.Resampling.BICUBIC) for frame in frames]
        return {"file": to_film_url(film, FRAMES_PER_SECOND, kept.kind)}
