"""One run of the DeepDream tab: from its parameters to what the page shows, message by message."""

from collections.abc import Iterator
from typing import Any

from torch import Tensor

from demos import running, ui
from demos.pictures import caption, opened
from demos.running import EVERY_MS, size_of
from demos.zero import DREAM_S, lent, longest_ms
from models import deepdream, recognisers
from models.deepdream import DeepDreamParams, Frame
from models.device import long_work_device
from models.frames import sound
from models.images import to_image, to_jpeg_url, to_png_url, to_tensor
from models.photographs import fitted
from models.recognisers import Recogniser

GUIDE_PX = 384
THUMBNAIL_PX = 150
LONGEST_MS = longest_ms(DREAM_S)

# What is maximised, in words and as a formula.
EXCITED = (
    "Half the sum of squares of {which} of {layer}, a mean over places: &frac12; &sum;<sub>{over}</sub> a<sub>c</sub>"
    "&sup2;. By a its gradient is a itself: what is there grows."
)
GUIDED = (
    "How well each place p of {layer} matches that place q of the guide which it matches best already, a mean over "
    "places: max<sub>q</sub> a<sub>p</sub> &middot; g<sub>q</sub>."
)


class Task(running.Task, frozen=True):
    """What to do: dream, perhaps on from a picture, or make a zoom film."""

    zooms: bool = False


def beginning(params: DeepDreamParams, smallest_px: int) -> Tensor:
    """The picture to dream on, (1, 3, H, W) in [0, 1]."""
    if params.picture == "noise":
        return deepdream.noise(1, params.size_px * 3 // 4, params.size_px, params.seed)
    return fitted(to_tensor(opened(params.picture)), params.size_px, smallest_px)


def thumbnail(picture: Tensor) -> str:
    """A picture (1, 3, H, W), small, for the page."""
    small = to_image(picture)
    small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    return to_jpeg_url(small)


def frames(dreamer: Recogniser, picture: Tensor, params: DeepDreamParams, zooms: bool) -> Iterator[Frame]:
    """The dream that the parameters ask for, or the zoom film."""
    place = long_work_device().torch_device

    def prepared(text: str | None) -> Tensor | None:
        return to_tensor(opened(text)).to(place) if text else None

    guide, mask = prepared(params.guide), prepared(params.mask)
    if guide is not None:
        guide = fitted(guide, min(params.size_px, GUIDE_PX), dreamer.smallest_px)
    objective = deepdream.objective_of(dreamer, params, guide)
    make = deepdream.zoom_film if zooms else deepdream.dream
    return make(dreamer, picture.to(place), params, objective, mask if mask is None else mask[:, :1])


@lent(DREAM_S)
def messages(params: DeepDreamParams, task: Task) -> Iterator[dict[str, Any]]:
    """What the page is told of a run: the dream as it grows, at last as it is, losslessly."""
    dreamer = recognisers.load_for_long_work(params.net)
    before = beginning(params, dreamer.smallest_px)
    picture = deepdream.zoomed(to_tensor(opened(task.begun)), before) if task.begun else before
    work = sound(frames(dreamer, picture, params, task.zooms), lambda frame: frame.excitement, "objective")
    said = about(params) | {"before": to_jpeg_url(to_image(before)), "size": size_of(before)}
    said |= {"unit": "steps", "run": task.run}
    milliseconds, told = ui.stopwatch(), -EVERY_MS
    curve, ends = [], []
    for made, frame in enumerate(work, start=1):
        if frame.octave == frame.step == 1:
            curve, ends = [], []
        curve.append(frame.excitement)
        ended = frame.step == frame.steps
        if ended:
            ends.append({"image": thumbnail(frame.picture), "size": size_of(frame.picture)})
        shown = said | progress(frame) | {"made": made, "curve": [*curve], "ends": [*ends]}
        shown |= {"place": place_of(frame, params.turns if task.zooms else 1)}
        if ended or milliseconds() - told > EVERY_MS:
            told = milliseconds()
            filmed = not task.zooms or (ended and frame.octave == frame.octaves)
            yield shown | {"milliseconds": told, "image": to_jpeg_url(to_image(frame.picture)), "filmed": filmed}
        if told > LONGEST_MS:
            break
    seen = [recognisers.top_five(dreamer, part) for part in (before, frame.picture)]
    whole = {"image": to_png_url(to_image(frame.picture)), "top": seen, "last": True}
    yield shown | {"milliseconds": told, "filmed": False} | whole


def progress(frame: Frame) -> dict[str, Any]:
    """How far a dream has come."""
    return {name: getattr(frame, name) for name in ("octave", "octaves", "step", "steps", "done")}


def place_of(frame: Frame, turns: int) -> str:
    """Where a dream is, in words."""
    film = f"Frame {frame.turn} of {turns}, octave" if turns > 1 else "Octave"
    return f"{film} {frame.octave} of {frame.octaves}, step {frame.step} / {frame.steps}."


def about(params: DeepDreamParams) -> dict[str, str]:
    """What is dreamed on, and what is asked for, in words and as a formula."""
    layer, channels = params.excited, ", ".join(map(str, params.channels))
    which = f"channel {channels}" if channels else "all channels"
    wish = GUIDED if params.guide else EXCITED
    return {
        "caption": "Noise." if params.picture == "noise" else caption(params.picture),
        "short": short(layer),
        "measure": f"{short(layer)}, {which}",
        "wish": wish.format(which=which, layer=layer, over=f"c = {channels}" if channels else "c"),
    }


def short(layer: str) -> str:
    """A layer's name as people say it."""
    name = layer.removeprefix("inception_").removeprefix("inception").removesuffix("/output").removesuffix("_reduce")
    return name.removesuffix("/3x3")
