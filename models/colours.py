"""Whose colours a painted picture has: its style's, or by one of two ways its content's.

Gatys, Bethge, Hertzmann, Shechtman 2016, "Preserving Color in Neural Artistic Style Transfer", arXiv 1606.05897.
"""

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

Colours = Literal["style", "luminance", "histogram"]

# NTSC's luminance and its two chrominances, of red, green and blue.
YIQ = ((0.299, 0.587, 0.114), (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112))


def mapped(picture: Tensor, matrix: Tensor) -> Tensor:
    """A picture (1, 3, H, W) whose every colour went through a matrix (3, 3)."""
    return torch.einsum("ij,bjhw->bihw", matrix, picture)


def to_yiq(picture: Tensor) -> Tensor:
    """Luminance and chrominances (1, 3, H, W) of a picture in RGB."""
    return mapped(picture, picture.new_tensor(YIQ))


def from_yiq(picture: Tensor) -> Tensor:
    """A picture (1, 3, H, W) in RGB of luminance and chrominances."""
    return mapped(picture, picture.new_tensor(YIQ).inverse())


def grey(picture: Tensor) -> Tensor:
    """A picture's luminance, (1, 3, H, W), the same in red, green and blue."""
    return to_yiq(picture)[:, :1].expand(-1, 3, -1, -1)


def matched(style: Tensor, content: Tensor) -> Tensor:
    """The style with the content's mean colour and covariance of colours, sec. 4.1 there."""
    means, roots = zip(*(moments(picture) for picture in (style, content)), strict=True)
    return mapped(style - means[0], roots[1] @ roots[0].inverse()) + means[1]


def moments(picture: Tensor) -> tuple[Tensor, Tensor]:
    """The mean colour (1, 3, 1, 1) and the Cholesky root (3, 3) of the colours' covariance."""
    colours = picture.flatten(2)[0]
    spread = colours.cov() + 1e-5 * torch.eye(3).to(picture)  # or a grey picture would have no root
    return colours.mean(dim=1).view(1, 3, 1, 1), torch.linalg.cholesky(spread)


@dataclass(frozen=True)
class Canvas:
    """What is painted, in which colours.

    Args:
        original: the content (1, 3, H, W) in [0, 1].
        content: what the net is shown of it.
    """

    original: Tensor
    colours: Colours
    content: Tensor = field(init=False)

    def __post_init__(self) -> None:
        content = grey(self.original) if self.colours == "luminance" else self.original
        object.__setattr__(self, "content", content)

    def style(self, style: Tensor) -> Tensor:
        """What the net is shown of a style (1, 3, H, W)."""
        if self.colours == "style":
            return style
        return matched(grey(style) if self.colours == "luminance" else style, self.content)

    def shown(self, painted: Tensor) -> Tensor:
        """What people are shown of a picture (1, 3, H, W) as it is painted, in [0, 1]."""
        if self.colours == "luminance":
            size = painted.shape[2:]
            chrominances = torch.nn.functional.interpolate(to_yiq(self.original)[:, 1:], size, mode="bilinear")
            painted = from_yiq(torch.cat([to_yiq(painted)[:, :1], chrominances], dim=1))
        return painted.clamp(0, 1)
