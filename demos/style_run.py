"""One run of the neural style tab: from its parameters to what the page shows, message by message."""

import base64
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from demos import ui
from demos.pictures import caption, opened, opened_style, title_of
from demos.running import EVERY_MS, Task, size_of
from demos.zero import PAINTING_S, lent, longest_ms
from models import painters
from models.device import device, long_work_device
from models.frames import sound
from models.images import to_image, to_jpeg_url, to_png_url, to_tensor
from models.photographs import fitted
from models.style import SMALLEST_PX, STYLE_LAYERS, Frame, StyleParams, resized, transfer
from models.style_cost import check_room

SHOWN_CHANNELS = 16  # of a Gram matrix
LONGEST_MS = longest_ms(PAINTING_S)


def content_of(params: StyleParams) -> Tensor:
    """The picture whose things are kept, (1, 3, H, W) in [0, 1]."""
    return fitted(to_tensor(opened(params.content)), params.size_px, SMALLEST_PX).to(device().torch_device)


def styles_of(params: StyleParams) -> list[Tensor]:
    """The one or two styles, (1, 3, H, W) in [0, 1]."""
    names = [params.style, params.second] if params.second else [params.style]
    return [to_tensor(opened_style(name)).to(long_work_device().torch_device) for name in names]


def masks_of(params: StyleParams, content: Tensor) -> list[Tensor]:
    """Where each style goes, (1, 1, H, W) in [0, 1]: where it was brushed on, or else where no other was."""
    if not params.mask:
        return []
    brushed = resized(to_tensor(opened(params.mask)), content.shape[2:]).to(content)
    first, second = brushed[:, :1], brushed[:, 2:]
    if not params.second:
        return [first if first.any() else second]
    return [first if first.any() else 1 - second, second if second.any() else 1 - first]


def frames(params: StyleParams, task: Task, content: Tensor) -> Iterator[Frame]:
    """The transfer that the parameters ask for, or one that goes on from a picture."""
    painter = painters.load_for_long_work(params.net)
    check_room(painter, content, params)
    begun = resized(to_tensor(opened(task.begun)), content.shape[2:]).to(content) if task.begun else None
    return transfer(painter, content, styles_of(params), params, masks_of(params, content), begun)


@lent(PAINTING_S)
def messages(params: StyleParams, task: Task) -> Iterator[dict[str, Any]]:
    """What the page is told of a run: the picture as it is painted, its losses, its Gram matrices."""
    content = content_of(params).to(long_work_device().torch_device)
    work = sound(frames(params, task, content), lambda frame: frame.loss, "loss")
    said = {"before": to_jpeg_url(to_image(content)), "size": size_of(content), "caption": caption(params.content)}
    said |= {"short": title_of(params.style), "unit": "steps", "run": task.run}
    milliseconds, told = ui.stopwatch(), -EVERY_MS
    curve: list[list[float]] = []
    for frame in work:
        curve.append([frame.loss, frame.terms.get("content", 0), style_part(frame)])
        if milliseconds() - told > EVERY_MS or frame.step == frame.steps:
            told = milliseconds()
            shown = said | figures_of(frame) | {"curve": [*curve], "milliseconds": told}
            yield shown | {"image": to_jpeg_url(to_image(frame.picture)), "filmed": True}
        if told > LONGEST_MS:
            break
    yield shown | {"image": to_png_url(to_image(frame.picture)), "filmed": False, "last": True}


def style_part(frame: Frame) -> float:
    """The styles' part of a loss."""
    return sum(part for name, part in frame.terms.items() if name in STYLE_LAYERS)


def figures_of(frame: Frame) -> dict[str, Any]:
    """How far a transfer has come, in numbers and pictures of numbers."""
    size = f"size {frame.scale} of {frame.scales}, " if frame.scales > 1 else ""
    place = f"{size}step {frame.step} of {frame.steps}."
    return {
        "place": place[0].upper() + place[1:],
        "made": frame.step,
        "steps": frame.steps,
        "done": frame.step / frame.steps,
        "terms": dict(frame.terms),
        "grams": {name: heat(found[0], frame.targets[name][0]) for name, found in frame.grams.items()},
    }


def heat(found: Tensor, target: Tensor) -> dict[str, Any]:
    """A layer's Gram matrices (N, N) for the page, of the channels that speak loudest in the style, and their distance.

    One byte a cell, row by row: the two channels' product, in units of how loud each of them is in the style.
    """
    loudest = target.diagonal().topk(min(SHOWN_CHANNELS, len(target))).indices.sort().values
    loudness = target.diagonal()[loudest].clamp_min(1e-12).sqrt()

    def cells(matrix: Tensor) -> str:
        parts = matrix[loudest][:, loudest] / (loudness * loudness[:, None])
        levels = parts.clamp(0, 1).mul(255).round().to("cpu", torch.uint8)
        return base64.b64encode(levels.numpy().tobytes()).decode()

    distance = (found - target).norm() / target.norm().clamp_min(1e-12)
    return {"current": cells(found), "target": cells(target), "side": len(loudest), "distance": distance.item()}
