"""Neural style: a picture is changed until a net sees one picture's things in it and another's textures.

Gatys, Ecker, Bethge 2015, arXiv 1508.06576: things are what a deep layer says where; a texture is which channels of
several layers speak together, wherever they do.

Differences from the paper: both losses are counted per place of a layer, so that α/β means the same at every size; a
little total variation keeps grains away; small sizes may come first; a style may be confined to a part of the picture;
and a step may be computed in bfloat16.
"""

import functools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Protocol

import torch
from pydantic import BaseModel, Field, field_validator
from torch import Tensor

from models.colours import Canvas, Colours
from models.gram import gram
from models.images import resized
from models.lbfgs import LBFGS, LEAPT
from models.nets.vgg import CONVOLUTIONS, Convolution
from models.painters import NetName
from models.photographs import LARGEST_PX, OwnPicture, Photograph, StylePicture

STYLE_LAYERS: tuple[str, ...] = tuple(name for name in CONVOLUTIONS if name.endswith("_1"))
BETA = 1e4  # of the style, of which only the ratio to the content's weight matters
SMALLEST_PX = 16  # of a side, which four poolings leave one place of

OPTIMIZERS: dict[str, Callable[[Tensor], Any]] = {
    "L-BFGS": LBFGS,
    "Adam": lambda picture: torch.optim.Adam([picture], lr=0.02),
}

Share = Annotated[float, Field(ge=0, le=1)]


class StyleParams(BaseModel, frozen=True):
    """What the tab is set to."""

    content: Photograph = Field(
        "cat", description="The picture whose things are kept. One of your own stays out of the link."
    )
    style: StylePicture = Field("brush_strokes", description="The picture whose textures are taken.")
    second: StylePicture | None = Field(None, description="Another style, blended in or brushed on.")
    blend: float = Field(0.5, ge=0, le=1, description="The share of the second style.")
    mask: OwnPicture | None = Field(
        None, description="Where the styles go, red the first and blue the second; nothing brushed, everywhere."
    )
    log_ratio: float = Field(
        -4.5, ge=-6, le=-1, description="log₁₀ of α/β: low, and only the style counts; high, and only the content."
    )
    matched: Literal["both", "content", "style"] = Field("both", description="Which of the two losses to follow.")
    content_layer: Convolution = Field("conv4_2", description="Where content is read: low layers keep every pixel.")
    layer_weights: tuple[Share, Share, Share, Share, Share] = Field(
        (1, 1, 1, 1, 1), description="How much each style layer counts: conv1_1 sees grains, conv5_1 large forms."
    )
    net: NetName = Field("thin_vgg19", description="The net that looks.")
    pooling: Literal["average", "max"] = Field("average", description="How the net shrinks; the paper prefers average.")
    optimizer: Literal["L-BFGS", "Adam"] = Field("L-BFGS", description="How to descend; the paper takes L-BFGS.")
    start: Literal["content", "noise", "style"] = Field("content", description="The picture to begin with.")
    iterations: int = Field(100, ge=5, le=1000, description="Steps in all.")
    scales: int = Field(1, ge=1, le=4, description="Sizes to work at, each twice the last: coarse forms come first.")
    size_px: int = Field(384, ge=64, le=LARGEST_PX, description="The longer side of the result, in pixels.")
    style_scale: float = Field(1, ge=0.5, le=2, description="How large the style's strokes are.")
    variation: float = Field(0.01, ge=0, le=0.1, description="Weight of total variation, against grains.")
    colours: Colours = Field(
        "style",
        description="Whose colours: the style's, or the content's, by painting luminance only or matching the style.",
    )
    seed: int = Field(0, ge=0, le=9999, description="Chooses the noise.")

    @field_validator("layer_weights")
    @classmethod
    def something_counts(cls, weights: tuple[float, ...]) -> tuple[float, ...]:
        """The weights, if not all are 0."""
        if not any(weights):
            raise ValueError("layer_weights must not all be 0, got nothing else")
        return weights


class Painter(Protocol):
    """What looks: a net of `models.painters`, or a toy."""

    def activations(self, pictures: Tensor, layers: Collection[str], pooling: str) -> dict[str, Tensor]:
        """What rectified layers say, by their convolutions' names, of pictures (B, 3, H, W) in [0, 1]."""


@dataclass(frozen=True)
class Frame:
    """A picture on its way.

    Args:
        picture: (1, 3, H, W) in [0, 1], of the scale's size.
        terms: of its loss: "content", each style layer's, "variation".
        step: from 1, over all scales, to `steps`; `scale` likewise.
        grams: its Gram matrices (1, N, N), by layer; `targets`, what they shall become.
    """

    picture: Tensor
    terms: Mapping[str, float]
    step: int
    steps: int
    scale: int
    scales: int
    grams: Mapping[str, Tensor]
    targets: Mapping[str, Tensor]

    @property
    def loss(self) -> float:
        """All that is made smaller."""
        return sum(self.terms.values())


# --- what is made smaller -------------------------------------------------------------------------


def content_loss(features: Tensor, target: Tensor) -> Tensor:
    """½ Σ (F − P)² of two feature maps (1, C, H, W): eq. 1, per place."""
    return (features.float() - target.float()).square().sum() / (2 * features[0, 0].numel())


def style_loss(found: Tensor, target: Tensor) -> Tensor:
    """Σ (G − A)² / 4N² of two Gram matrices (1, N, N): eq. 4, whose M² is in the matrices already."""
    return (found - target).square().sum() / (4 * found.shape[1] ** 2)


def total_variation(picture: Tensor) -> Tensor:
    """The mean squared difference of neighbouring pixels, down and across, of a picture (1, 3, H, W)."""
    return picture.diff(dim=2).square().mean() + picture.diff(dim=3).square().mean()


@dataclass(frozen=True)
class Region:
    """A part of the picture and the Gram matrices it shall have, by layer.

    Args:
        masks: where it is, (1, 1, H, W) for each layer; none, and it is everywhere.
    """

    grams: Mapping[str, Tensor]
    masks: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Aim:
    """What a picture shall be alike to: the features of its content, and in each region a style."""

    content: Tensor
    regions: Sequence[Region]


def aim_of(
    painter: Painter, content: Tensor, styles: Sequence[Tensor], params: StyleParams, masks: Sequence[Tensor] = ()
) -> Aim:
    """The aim of one or two styles (1, 3, H, W), blended, or each where its own mask (1, 1, H, W) is."""
    layers = {params.content_layer, *(STYLE_LAYERS if masks else ())}  # which tell how large masks must be
    seen = painter.activations(content, layers, params.pooling)
    grams = [grams_of(painter, style, params.pooling) for style in styles]
    if masks:
        sizes = {name: seen[name].shape[2:] for name in STYLE_LAYERS}
        shrunk = [{name: resized(mask, size) for name, size in sizes.items()} for mask in masks]
        regions = [Region(*both) for both in zip(grams, shrunk, strict=True)]
    else:
        share = params.blend if len(styles) > 1 else 0.0
        regions = [Region({name: torch.lerp(grams[0][name], grams[-1][name], share) for name in STYLE_LAYERS})]
    return Aim(seen[params.content_layer], regions)


def grams_of(painter: Painter, picture: Tensor, pooling: str) -> dict[str, Tensor]:
    """A picture's Gram matrix of each style layer."""
    seen = painter.activations(picture, STYLE_LAYERS, pooling)
    return {name: gram(features) for name, features in seen.items()}


def losses(
    painter: Painter, picture: Tensor, aim: Aim, params: StyleParams
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The weighted terms of a picture's loss, by name, and its Gram matrices in the first region, by layer."""
    weights = {} if params.matched == "content" else dict(zip(STYLE_LAYERS, params.layer_weights, strict=True))
    styled = [name for name, weight in weights.items() if weight]
    read = [] if params.matched == "style" else [params.content_layer]
    seen = painter.activations(picture, {*read, *styled}, params.pooling)
    found = [{name: gram(seen[name], region.masks.get(name)) for name in styled} for region in aim.regions]
    terms: dict[str, Tensor] = {}
    if read:
        alpha = BETA * 10**params.log_ratio if styled else BETA
        terms["content"] = alpha * content_loss(seen[params.content_layer], aim.content)
    for name in styled:
        parts = [style_loss(made[name], region.grams[name]) for made, region in zip(found, aim.regions, strict=True)]
        terms[name] = BETA * weights[name] / sum(weights.values()) * torch.stack(parts).sum()
    grams = {name: made.detach() for name, made in found[0].items()}
    return terms | {"variation": BETA * params.variation * total_variation(picture)}, grams


# --- the descent ----------------------------------------------------------------------------------


@torch.no_grad()
def transfer(
    painter: Painter,
    content: Tensor,
    styles: Sequence[Tensor],
    params: StyleParams,
    masks: Sequence[Tensor] = (),
    begun: Tensor | None = None,
) -> Iterator[Frame]:
    """Paints a picture (1, 3, H, W) in [0, 1] in one or two styles of any size.

    Args:
        masks: (1, 1, H, W) in [0, 1] for each style, of the content's size; none, and the styles are blended.
        begun: (1, 3, H, W) to go on from, at full size.

    Yields:
        A frame after every step; the last one is of the content's own size.
    """
    canvas = Canvas(content, params.colours)
    sizes = sizes_of(content, 1 if begun is not None else params.scales)
    shares = [len(part) for part in torch.arange(params.iterations).tensor_split(len(sizes))]
    picture, before = begun, 0
    for scale, (size, steps) in enumerate(zip(sizes, shares, strict=True), start=1):
        small = resized(canvas.content, size)
        seen = [canvas.style(fitted_style(style, small, params.style_scale)) for style in styles]
        aim = aim_of(painter, small, seen, params, [resized(mask, size) for mask in masks])
        begins = beginning(small, seen[0], params) if picture is None else resized(picture, size)
        for step, (painted, terms, grams) in enumerate(descend(painter, begins, aim, params, steps), start=before + 1):
            place = {"step": step, "steps": params.iterations, "scale": scale, "scales": len(sizes)}
            numbers = dict(zip(terms, torch.stack(list(terms.values())).tolist(), strict=True))
            yield Frame(canvas.shown(painted), numbers, **place, grams=grams, targets=aim.regions[0].grams)
        picture, before = painted, before + steps


def descend(
    painter: Painter, picture: Tensor, aim: Aim, params: StyleParams, steps: int
) -> Iterator[tuple[Tensor, dict[str, Tensor], dict[str, Tensor]]]:
    """For each step a picture with its losses and its Gram matrices; one that a step made worse is not shown."""
    picture = picture.clone().requires_grad_()
    optimizer = OPTIMIZERS[params.optimizer](picture)
    seen: list[tuple[dict[str, Tensor], dict[str, Tensor]]] = []

    def evaluate() -> Tensor:
        terms, grams = losses(painter, picture, aim, params)
        seen[:] = [(terms, grams)]
        total = functools.reduce(torch.add, terms.values())
        (slope,) = torch.autograd.grad(total, picture)
        picture.grad = slope.contiguous()
        return total

    for _ in range(steps):
        before = picture.detach().clone()
        if optimizer.step(torch.enable_grad()(evaluate)) is not LEAPT:
            shown = (before, *seen[0])
        yield shown


def beginning(content: Tensor, style: Tensor, params: StyleParams) -> Tensor:
    """The picture to begin with, of the content's size."""
    if params.start == "noise":
        return torch.rand(content.shape, generator=torch.Generator().manual_seed(params.seed)).to(content)
    return content if params.start == "content" else resized(style, content.shape[2:])


def sizes_of(content: Tensor, scales: int) -> list[tuple[int, int]]:
    """The sizes (height, width) to work at, the smallest first; none too small for the net to look at."""
    halved = [tuple(side // 2**times for side in content.shape[2:]) for times in range(scales)]
    return [size for size in reversed(halved) if min(size) >= SMALLEST_PX or size == halved[0]]


def fitted_style(style: Tensor, content: Tensor, scale: float) -> Tensor:
    """A style as large as the content, or with sides `scale` times as long, in its own shape."""
    factor = scale * (content[0, 0].numel() / style[0, 0].numel()) ** 0.5
    return resized(style, [max(SMALLEST_PX, round(factor * side)) for side in style.shape[2:]])
