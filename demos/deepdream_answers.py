"""What the DeepDream tab asks for besides a run: a picture to begin with, an atlas of channels, files to keep."""

import threading
from typing import Any, Literal

from PIL import Image
from pydantic import BaseModel, Field

from demos.deepdream_run import beginning, caption, image, size_of
from demos.refusals import answering, checked
from models import deepdream, recognisers
from models.deepdream import DeepDreamParams
from models.films import to_film_url
from models.images import from_data_url, read_picture, to_jpeg_url, to_png_url
from models.photographs import LARGEST_PX, OwnPicture

FRAMES_PER_SECOND, MOST_FRAMES = 12, 120
PAGE = 24  # channels of an atlas
ONE_AT_A_TIME = threading.Lock()  # these calls go past the queue


class Kept(BaseModel, frozen=True):
    """Frames that the page has shown, and what shall become of them."""

    kind: Literal["png", "gif", "mp4"]
    frames: list[OwnPicture] = Field(min_length=1, max_length=MOST_FRAMES)
    settings: str = Field(max_length=2000)


class Page(BaseModel, frozen=True):
    """A page of an atlas."""

    net: recognisers.NetName
    layer: str
    first: int = Field(ge=0)


@answering
def look(request: dict) -> dict[str, Any]:
    """The picture that a run would begin with."""
    params = checked(DeepDreamParams, request)
    picture = beginning(params, smallest_px=1)
    return {"image": to_jpeg_url(image(picture)), "size": size_of(picture), "caption": caption(params)}


@answering
def atlas(request: dict) -> dict[str, Any]:
    """What some channels of a layer like to see, and how many it has."""
    page = checked(Page, request)
    params = checked(DeepDreamParams, {"net": page.net, "layer": page.layer})
    dreamer = recognisers.load(params.net)
    channels = deepdream.channels_of(dreamer, params.excited)
    if page.first >= channels:
        raise ValueError(f"first must be below {channels}, got {page.first}")
    with ONE_AT_A_TIME:
        pictures = deepdream.atlas(dreamer, params.excited, range(page.first, min(page.first + PAGE, channels)))
    return {"images": [to_jpeg_url(image(picture[None])) for picture in pictures], "channels": channels}


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
