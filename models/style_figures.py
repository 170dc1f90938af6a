"""The paper's figures, as grids of small transfers: how much of which, what each layer keeps, and which way down.

Gatys, Ecker, Bethge 2015, arXiv 1508.06576, figures 1 and 3.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from models.style import STYLE_LAYERS, Frame, Painter, StyleParams, transfer

FigureName = Literal["ratios", "reconstructions", "race"]
PANEL_PX, RACE_PX = 160, 224
RATIOS = (-5, -4, -3, -2)
FROM_NOISE = {"start": "noise", "iterations": 100, "size_px": PANEL_PX, "scales": 2}


@dataclass(frozen=True)
class Figure:
    """A grid of transfers, each with what it changes of the tab's parameters."""

    title: str
    rows: Sequence[str]
    columns: Sequence[str]
    cells: Sequence[Sequence[dict[str, Any]]]

    def panels(self, params: StyleParams) -> Iterator[tuple[int, int, StyleParams]]:
        """Row, column and parameters of each transfer."""
        for row, cells in enumerate(self.cells):
            for column, changes in enumerate(cells):
                yield row, column, params.model_copy(update=changes)


@dataclass(frozen=True)
class PanelFrame:
    """A step of one of a figure's transfers, and the seconds since its first."""

    row: int
    column: int
    frame: Frame
    seconds: float


def up_to(count: int) -> tuple[int, ...]:
    """Weights of which only those of the first style layers count."""
    return tuple(int(place < count) for place in range(len(STYLE_LAYERS)))


FIGURES: dict[FigureName, Figure] = {
    "ratios": Figure(
        "More of the style, or of the content; local, or global",
        ["conv1_1, local", "to conv2_1", "to conv3_1", "to conv4_1", "to conv5_1, global"],
        ["α/β = 1e-5, style", "α/β = 1e-4", "α/β = 1e-3", "α/β = 1e-2, content"],
        [
            [
                FROM_NOISE | {"matched": "both", "log_ratio": ratio, "layer_weights": up_to(place + 1)}
                for ratio in RATIOS
            ]
            for place in range(len(STYLE_LAYERS))
        ],
    ),
    "reconstructions": Figure(
        "What each layer keeps of a picture",
        ["content", "style"],
        STYLE_LAYERS,
        [
            [FROM_NOISE | {"matched": "content", "content_layer": name, "scales": 1} for name in STYLE_LAYERS],
            [FROM_NOISE | {"matched": "style", "layer_weights": up_to(n)} for n in range(1, len(STYLE_LAYERS) + 1)],
        ],
    ),
    "race": Figure(
        "Two ways down, from one seed",
        [""],
        ["L-BFGS", "Adam"],
        [[{"optimizer": name, "start": "noise", "scales": 1, "size_px": RACE_PX} for name in ("L-BFGS", "Adam")]],
    ),
}


def drawn(
    painter: Painter, figure: Figure, content: Tensor, style: Tensor, params: StyleParams
) -> Iterator[PanelFrame]:
    """All steps of all transfers of a figure, of a content (1, 3, H, W) as large as its panels."""
    for row, column, changed in figure.panels(params):
        seconds, begun = 0.0, None
        for frame in transfer(painter, content, [style], changed):
            seconds += time.perf_counter() - begun if begun else 0.0  # and not what is done with a frame
            yield PanelFrame(row, column, frame, seconds)
            begun = time.perf_counter()
