"""What the DeepDream tab asks for besides a run: a picture to begin with, an atlas of channels."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, Field

from demos.deepdream_run import about, beginning
from demos.refusals import answering, checked
from demos.running import size_of
from demos.turns import answering_in_turn
from models import deepdream, recognisers
from models.deepdream import DeepDreamParams
from models.images import to_image, to_jpeg_url

PAGE = 24  # channels of an atlas


class Page(BaseModel, frozen=True):
    """A page of an atlas."""

    net: recognisers.NetName
    layer: str = Field(max_length=80)
    first: int = Field(ge=0)


@answering
def look(request: dict) -> dict[str, Any]:
    """The picture that a run would begin with."""
    params = checked(DeepDreamParams, request)
    picture = beginning(params, smallest_px=1)
    return {"image": to_jpeg_url(to_image(picture)), "size": size_of(picture), "caption": about(params)["caption"]}


@answering_in_turn("atlas")
def atlas(request: dict) -> Iterator[dict[str, Any]]:
    """What some channels of a layer like to see, and how many it has."""
    page = checked(Page, request)
    params = checked(DeepDreamParams, {"net": page.net, "layer": page.layer})
    dreamer = recognisers.load(params.net)
    channels = deepdream.channels_of(dreamer, params.excited)
    if page.first >= channels:
        raise ValueError(f"first must be below {channels}, got {page.first}")
    shown = range(page.first, min(page.first + PAGE, channels))
    for frame in deepdream.atlas(dreamer, params.excited, shown):
        yield {"done": frame.done}
    yield {"images": [to_jpeg_url(to_image(picture[None])) for picture in frame.picture], "channels": channels}
