"""What the neural style tab asks for besides a run: its content, what a run will cost, a figure; and its API."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, Field

from demos import ui
from demos.pictures import caption
from demos.refusals import answering, checked
from demos.running import EVERY_MS, Task, size_of
from demos.style_run import content_of, messages, styles_of
from demos.turns import telling_in_turn
from demos.zero import FIGURE_S, PAINTING_S, lent, longest_ms
from models import painters
from models.device import free_bytes, long_work_device, on_zero_gpu
from models.frames import sound
from models.images import to_image, to_jpeg_url
from models.style import StyleParams
from models.style_cost import check_room, memory, seconds
from models.style_figures import FIGURES, FigureName, PanelFrame, drawn

KEPT: dict[tuple[FigureName, StyleParams], dict[str, Any]] = {}  # figures of ready pictures, for the next to ask
MOST_KEPT = 8
LONGEST_MS = longest_ms(FIGURE_S)


class Order(BaseModel, frozen=True):
    """Which figure to draw, and the run's number on its page."""

    name: FigureName
    run: int = Field(0, ge=0)


@answering
def look(request: dict) -> dict[str, Any]:
    """The picture that a run would begin with."""
    params = checked(StyleParams, request)
    content = content_of(params)
    return {"image": to_jpeg_url(to_image(content)), "size": size_of(content), "caption": caption(params.content)}


def estimate(params: StyleParams) -> str:
    """What a run will cost, in a sentence."""
    if not painters.is_loaded(params.net):
        return "How long it will take is not known before the net is here."
    painter, content = painters.load(params.net), content_of(params)
    needed = memory(painter, content, params)
    time = f"At most {PAINTING_S} s" if on_zero_gpu() else f"About {rounded(seconds(painter, content, params))}"
    room = "" if needed < free_bytes() else " More than is left here: choose a smaller size."
    return f"{time} and {max(needed / 1e9, 0.1):.1f} GB of memory.{room}"


def rounded(duration: float) -> str:
    """So many seconds as people say it."""
    return f"{duration:.0f} s" if duration < 100 else f"{duration / 60:.0f} min"


def panels(params: StyleParams, order: Order) -> Iterator[dict[str, Any]]:
    """What the page is told of a figure: its pictures as they are painted, at last the whole."""
    figure, params = FIGURES[order.name], params.model_copy(update={"second": None, "mask": None})
    grid = {"name": order.name, "title": figure.title, "rows": figure.rows, "columns": figure.columns, "run": order.run}
    kept = KEPT.get((order.name, params))
    for message in [kept] if kept else painted(params, order.name):
        yield message | grid
    keep(params, order.name, message)  # here, for what `painted` keeps would be lost where a GPU is lent


@lent(FIGURE_S)
def painted(params: StyleParams, name: FigureName) -> Iterator[dict[str, Any]]:
    """Each picture of a figure as it is painted, and all of them."""
    figure, painter = FIGURES[name], painters.load_for_long_work(params.net)
    listed = list(figure.panels(params))
    content = content_of(params.model_copy(update={"size_px": listed[0][2].size_px}))
    content = content.to(long_work_device().torch_device)
    [style] = styles_of(params)
    check_room(painter, content, params)
    milliseconds, told, cells, curves = ui.stopwatch(), -EVERY_MS, [], {}
    work = drawn(painter, figure, content, style, params)
    for panel in sound(work, lambda panel: panel.frame.loss, "loss"):
        step, steps = panel.frame.step, panel.frame.steps
        curves.setdefault(panel.column, []).append([panel.seconds, panel.frame.loss])
        if step == steps or milliseconds() - told > EVERY_MS:
            told = milliseconds()
            message = {"done": (len(cells) + step / steps) / len(listed), "milliseconds": told, "cells": [cell(panel)]}
            yield message | raced(curves, name)
        if step == steps:
            cells += message["cells"]
        if told > LONGEST_MS:
            break
    yield message | raced(curves, name) | {"cells": cells, "last": True}


def cell(panel: PanelFrame) -> dict[str, Any]:
    """One of a figure's pictures as it stands."""
    return {"row": panel.row, "column": panel.column, "image": to_jpeg_url(to_image(panel.frame.picture))}


def raced(curves: dict[int, list[list[float]]], name: FigureName) -> dict[str, Any]:
    """The losses by seconds, where they are the figure's point, in the order of the columns."""
    return {"curves": [[*curve] for curve in curves.values()]} if name == "race" else {}


def keep(params: StyleParams, name: FigureName, whole: dict[str, Any]) -> None:
    """Keep a finished figure, unless it is of somebody's own pictures, and let go of the oldest."""
    if whole["done"] < 1 or any(picture.startswith("data:") for picture in (params.content, params.style)):
        return
    KEPT[name, params] = whole
    while len(KEPT) > MOST_KEPT:
        del KEPT[next(iter(KEPT))]


@telling_in_turn("painting")
def api(
    content: str = "cat",
    style: str = "brush_strokes",
    second: str | None = None,
    blend: float = 0.5,
    mask: str | None = None,
    log_ratio: float = -4.5,
    matched: str = "both",
    content_layer: str = "conv4_2",
    layer_weights: list[float] | None = None,
    net: str = "thin_vgg19",
    pooling: str = "average",
    optimizer: str = "L-BFGS",
    start: str = "content",
    iterations: int = 100,
    scales: int = 1,
    size_px: int = 384,
    style_scale: float = 1,
    variation: float = 0.01,
    colours: str = "style",
    seed: int = 0,
) -> Iterator[dict]:
    """A picture in a style, as a data: address, and its loss at every step: all, the content's part, the style's.

    content, style, second, mask: a ready picture's name or a data: address of a PNG, JPEG or WebP. The others are those
    of the page's address.
    """
    for message in messages(checked(StyleParams, ui.given(locals())), Task()):
        yield {"picture": message["image"], "loss": message["curve"]}
