"""DeepDream: a picture is changed, step by step, so that a layer of a net says more of what it already says.

Mordvintsev, Olah, Tyka 2015, "Inceptionism: Going Deeper into Neural Networks", and the notebook that came with it,
whose arithmetic and defaults these are.

Differences from the notebook: a mask may say where to dream; large pictures go through the net in tiles; and a step
may be computed in bfloat16, whose gradient points the same way.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
import torch.nn.functional as F
from pydantic import BaseModel, Field, ValidationInfo, field_validator
from torch import Tensor

from models.photographs import LARGEST_PX, OwnPicture, Photograph, Picture
from models.recognisers import FAVOURITE, LAYERS, NetName

JITTER_PX = 32
CORE_PX, MARGIN_PX = 512, 64  # of a tile: the part it gives, and what it sees around; multiples of every net's stride
ZOOM = 0.05  # how much of each side is cut off from one frame of a zoom film to the next
MOST_CHANNELS = 16
NOISE = 0.15  # of the way from black to white


class DeepDreamParams(BaseModel, frozen=True):
    """What the tab is set to."""

    picture: Picture = Field("rocket", description="The picture to dream on. One of your own stays out of the link.")
    net: NetName = Field("googlenet", description="The net that dreams.")
    layer: str | None = Field(None, description="The layer to excite: low ones see strokes, high ones things.")
    channels: tuple[int, ...] = Field(
        (), max_length=MOST_CHANNELS, description="Its channels to excite; none means all."
    )
    guide: Photograph | None = Field(None, description="A second picture: dream of what the layer sees in it.")
    mask: OwnPicture | None = Field(
        None, description="Where to dream, brushed on the picture; nothing brushed, everywhere."
    )
    strength: float = Field(1.5, ge=0.1, le=8, description="How far a step moves a pixel on average, in levels of 255.")
    octaves: int = Field(4, ge=1, le=8, description="How many sizes of the picture to dream on, the smallest first.")
    steps: int = Field(10, ge=1, le=60, description="Gradient steps in each octave.")
    octave_scale: float = Field(1.4, ge=1.1, le=2, description="How many times larger than the last each octave is.")
    jitter: bool = Field(True, description="Before each step, move the picture by up to 32 pixels.")
    pyramid: bool = Field(True, description="Dream on small sizes first; without, all steps are made at full size.")
    normalised: bool = Field(True, description="Divide each gradient by its mean size.")
    size_px: int = Field(448, ge=128, le=LARGEST_PX, description="The longer side of the dream, in pixels.")
    seed: int = Field(0, ge=0, le=9999, description="Chooses the jitter, and the noise where that is the picture.")
    turns: int = Field(12, ge=2, le=100, description="Frames of a zoom film.")

    @field_validator("layer")
    @classmethod
    def layer_of_the_net(cls, layer: str | None, others: ValidationInfo) -> str | None:
        """The layer, if the net has it; None stands for the net's favourite."""
        net = others.data.get("net", "googlenet")
        if layer is not None and layer not in LAYERS[net]:
            raise ValueError(f"layer must be one of {', '.join(LAYERS[net])}, got {layer[:80]}")
        return layer

    @property
    def excited(self) -> str:
        """The layer to excite."""
        return self.layer or FAVOURITE[self.net]


class Dreamer(Protocol):
    """What dreams: a net of `models.recognisers`, or a toy."""

    @property
    def smallest_px(self) -> int:
        """The shortest side of a picture that it can look at."""

    def activation(self, pictures: Tensor, layer: str) -> Tensor:
        """What a layer says, (B, C, H, W), of pictures (B, 3, H, W) in [0, 1]."""


@dataclass(frozen=True)
class Frame:
    """A dream after one step.

    Args:
        picture: (B, 3, H, W) in [0, 1], of the octave's size.
        excitement: the objective before the step, per place of the layer.
        octave: from 1, the smallest, to `octaves`; `step` in it likewise.
        done: which part of all the work is done, from 0 to 1.
        turn: which frame of a zoom film this is a step of, from 1.
    """

    picture: Tensor
    excitement: float
    octave: int
    octaves: int
    step: int
    steps: int
    done: float
    turn: int = 1


# --- what is maximised ----------------------------------------------------------------------------

Objective = Callable[[Tensor], Tensor]


def whole_layer(activation: Tensor) -> Tensor:
    """Half the sum of squares: its gradient is the activation itself, so whatever is there is asked for."""
    return activation.square().sum() / 2


def one_each(channels: Sequence[int]) -> Objective:
    """The same of another channel in each picture of a batch."""
    return lambda activation: whole_layer(activation[range(len(channels)), channels])


def guided_by(guide: Tensor) -> Objective:
    """How well each place matches the place of a guide's activation (1, C, H, W) that it matches best already."""
    features = guide.flatten(2)[0]  # (C, places)

    def objective(activation: Tensor) -> Tensor:
        places = activation.flatten(2).transpose(1, 2)
        with torch.no_grad():  # some places at a time: there are as many matches as places times places
            best = torch.cat([(part @ features).argmax(dim=2) for part in places.split(1024, dim=1)], dim=1)
        return (places * features.T[best]).sum()

    return objective


def chosen(activation: Tensor, channels: tuple[int, ...]) -> Tensor:
    """Some channels of an activation (B, C, H, W), or all where none is named.

    Raises:
        ValueError: if it has no such channel.
    """
    if not channels:
        return activation
    if min(channels) < 0 or max(channels) >= activation.shape[1]:
        told = ", ".join(map(str, channels))
        raise ValueError(f"channels must be from 0 to {activation.shape[1] - 1} in this layer, got {told}")
    return activation[:, list(channels)]


def objective_of(dreamer: Dreamer, params: DeepDreamParams, guide: Tensor | None = None) -> Objective:
    """What these parameters, and a second picture (1, 3, H, W) where there is one, ask for."""
    wish: Objective = whole_layer
    if guide is not None:
        with torch.no_grad():
            wish = guided_by(chosen(dreamer.activation(guide, params.excited), params.channels))
    return lambda activation: wish(chosen(activation, params.channels))


# --- one step -------------------------------------------------------------------------------------


def gradient(dreamer: Dreamer, pictures: Tensor, layer: str, objective: Objective) -> tuple[Tensor, float]:
    """The objective's gradient by pictures, (B, 3, H, W), and the objective per place of the layer."""
    with torch.enable_grad():
        pictures = pictures.detach().requires_grad_()
        activation = dreamer.activation(pictures, layer)
        excitement = objective(activation)
        (slope,) = torch.autograd.grad(excitement, pictures)
    return slope, excitement.item() / activation[:, 0].numel()


def tiled_gradient(dreamer: Dreamer, pictures: Tensor, layer: str, objective: Objective) -> tuple[Tensor, float]:
    """The same; of a large picture in tiles, which near their seams see too little to be quite right."""
    if pictures.is_cuda:  # which has memory for the largest
        return gradient(dreamer, pictures, layer, objective)
    height, width = pictures.shape[2:]
    slope, excitement = torch.empty_like(pictures), 0.0
    for top, bottom in cores(height):
        for left, right in cores(width):
            up, before = max(0, top - MARGIN_PX), max(0, left - MARGIN_PX)
            tile = pictures[:, :, up : bottom + MARGIN_PX, before : right + MARGIN_PX]
            part, excited = gradient(dreamer, tile, layer, objective)
            core = part[:, :, top - up : bottom - up, left - before : right - before]
            slope[:, :, top:bottom, left:right] = core
            excitement += excited * core[0, 0].numel() / (height * width)
    return slope, excitement


def cores(length: int) -> list[tuple[int, int]]:
    """Where the parts of a side that each tile gives begin and end; a short rest joins the part before it."""
    starts = range(0, max(1, length - CORE_PX // 2), CORE_PX)
    return list(zip(starts, [*starts[1:], length], strict=True))


def step(
    dreamer: Dreamer, pictures: Tensor, params: DeepDreamParams, objective: Objective, shift: tuple[int, int]
) -> tuple[Tensor, float]:
    """What to add to pictures (B, 3, H, W), seen rolled by (down, right) pixels, and the objective before that."""
    slope, excitement = tiled_gradient(dreamer, pictures.roll(shift, dims=(2, 3)), params.excited, objective)
    mean = slope.abs().mean(dim=(1, 2, 3), keepdim=True).clamp_min(1e-30)  # the slope is 0 where nothing is excited
    slope = slope / (mean if params.normalised else 255)  # the notebook's is by levels, not by brightness
    return params.strength / 255 * slope.roll((-shift[0], -shift[1]), dims=(2, 3)), excitement


# --- the dream ------------------------------------------------------------------------------------


@torch.no_grad()
def dream(
    dreamer: Dreamer, pictures: Tensor, params: DeepDreamParams, objective: Objective, mask: Tensor | None = None
) -> Iterator[Frame]:
    """Dreams on pictures (B, 3, H, W) in [0, 1].

    Args:
        mask: (1, 1, H, W) in [0, 1], of any size; where it is 0, the picture stays.

    Yields:
        A frame after every step; the last one is of the pictures' own size.
    """
    random = torch.Generator().manual_seed(params.seed)
    bases = octaves_of(pictures, params, dreamer.smallest_px)
    steps = params.steps if params.pyramid else params.steps * params.octaves
    mask = torch.ones_like(pictures[:1, :1]) if mask is None else mask
    total, done = steps * sum(base[0].numel() for base in bases), 0
    detail = torch.zeros_like(bases[0])
    for octave, base in enumerate(bases, start=1):
        pictures, where = base + zoomed(detail, base), zoomed(mask, base)
        for number in range(1, steps + 1):
            down, right = torch.randint(-JITTER_PX, JITTER_PX + 1, (2,), generator=random).tolist()
            shift = (down, right) if params.jitter else (0, 0)
            change, excitement = step(dreamer, pictures, params, objective, shift)
            pictures = (pictures + where * change).clamp(0, 1)
            done += base[0].numel()
            yield Frame(pictures, excitement, octave, len(bases), number, steps, done / total)
        detail = pictures - base


def octaves_of(pictures: Tensor, params: DeepDreamParams, smallest_px: int) -> list[Tensor]:
    """The pictures in each octave's size, the smallest first; none too small for the net to look at."""
    bases = [pictures]
    while params.pyramid and len(bases) < params.octaves:
        size = [round(side / params.octave_scale) for side in bases[0].shape[2:]]
        if min(size) < smallest_px:
            break
        bases.insert(0, F.interpolate(bases[0], size, mode="bilinear", align_corners=True))
    return bases


def zoomed(pictures: Tensor, like: Tensor) -> Tensor:
    """Pictures (B, C, H, W) in the size of others."""
    return F.interpolate(pictures, like.shape[2:], mode="bilinear", align_corners=True)


def zoom_film(
    dreamer: Dreamer, picture: Tensor, params: DeepDreamParams, objective: Objective, mask: Tensor | None = None
) -> Iterator[Frame]:
    """Dreams on a picture (1, 3, H, W), goes a little way into it, dreams on; the frames of all these dreams."""
    for turn in range(1, params.turns + 1):
        seeded = params.model_copy(update={"seed": params.seed + turn - 1})
        for frame in dream(dreamer, picture, seeded, objective, mask):
            yield replace(frame, turn=turn, done=(turn - 1 + frame.done) / params.turns)
        picture, mask = closer(frame.picture), mask if mask is None else closer(mask)


def closer(picture: Tensor) -> Tensor:
    """The middle of a picture (1, 3, H, W), enlarged to its size."""
    into = picture.new_tensor([[[1 - ZOOM, 0, 0], [0, 1 - ZOOM, 0]]])
    grid = F.affine_grid(into, list(picture.shape), align_corners=True)
    return F.grid_sample(picture, grid, align_corners=True)


# --- what to begin with ---------------------------------------------------------------------------


def noise(count: int, height_px: int, width_px: int, seed: int) -> Tensor:
    """Greyish pictures (N, 3, H, W) of noise, as strong in blotches as in grains: many channels hear only those."""
    random, total = torch.Generator().manual_seed(seed), torch.zeros(count, 3, height_px, width_px)
    for grain_px in (1, 2, 4, 8, 16):
        grains = torch.rand(count, 3, -(-height_px // grain_px), -(-width_px // grain_px), generator=random) - 0.5
        total += F.interpolate(grains, (height_px, width_px), mode="bicubic")
    return (0.5 + NOISE * total).clamp(0, 1)


# --- what layers and channels like ----------------------------------------------------------------

ATLAS_PX = 96
ATLAS = DeepDreamParams(octaves=3, steps=14, strength=3)


def channels_of(dreamer: Dreamer, layer: str) -> int:
    """How many channels a layer has."""
    with torch.no_grad():
        return dreamer.activation(noise(1, ATLAS_PX, ATLAS_PX, seed=0), layer).shape[1]


def atlas(dreamer: Dreamer, layer: str, channels: Sequence[int]) -> Iterator[Frame]:
    """Dreams on noise until its pictures, (N, 3, 96, 96), show what each of some channels likes to see."""
    pictures = noise(len(channels), ATLAS_PX, ATLAS_PX, seed=0)
    params = ATLAS.model_copy(update={"layer": layer})
    return dream(dreamer, pictures, params, one_each(channels))
