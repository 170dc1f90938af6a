"""What a transfer will cost, told before it begins: seconds, by a pace that is measured, and memory."""

import functools
import time
from itertools import pairwise

import torch
from torch import Tensor, nn

from models.device import device, free_bytes
from models.painters import Painter
from models.style import StyleParams, sizes_of, transfer

PACE = StyleParams(iterations=8)
PACE_PX = {"cpu": 128, "cuda": 512}  # large enough to be limited by arithmetic
FLOATS_A_PIXEL = 130  # that the descent remembers, and the pictures
KEPT = 2.2  # times each activation: the convolution's, the rectifier's, and those under way back
LOOKED = 1 / 3  # of that for a style, which is looked at once and not changed


@functools.cache
def pace(painter: Painter) -> float:
    """Seconds that a step takes for each pixel, on this machine at its best."""
    place = device().torch_device
    side = PACE_PX.get(place.type, PACE_PX["cpu"])
    picture, marks = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0)).to(place), []
    for _ in transfer(painter, picture, [picture], PACE):
        marks.append(time.perf_counter())
    return min(end - start for start, end in pairwise(marks)) / side**2


def seconds(painter: Painter, content: Tensor, params: StyleParams) -> float:
    """About how long the transfer will take."""
    sizes = sizes_of(content, params.scales)
    pixels = sum(height * width for height, width in sizes) / len(sizes)
    return pace(painter) * pixels * params.iterations


def memory(painter: Painter, content: Tensor, params: StyleParams) -> float:
    """About how many bytes the transfer will need."""
    activations, shrunk = 0.0, 1
    for part in painter.net.features:
        shrunk *= 4 if isinstance(part, nn.MaxPool2d) else 1
        activations += part.out_channels / shrunk if isinstance(part, nn.Conv2d) else 0
    share = max(1, LOOKED * params.style_scale**2)
    return 4 * (FLOATS_A_PIXEL + KEPT * share * activations) * content[0, 0].numel()


def check_room(painter: Painter, content: Tensor, params: StyleParams) -> None:
    """Raises ValueError if the transfer needs more memory than this machine has left."""
    needed, free = memory(painter, content, params), free_bytes()
    if needed > free:
        fitting = int(params.size_px * (free / needed) ** 0.5)
        raise ValueError(
            f"size_px must be at most {fitting} with this net, for {free / 1e9:.1f} GB of memory are left here, "
            f"got {params.size_px}, which would need {needed / 1e9:.1f} GB"
        )
