"""What hides a part of a face: a mask of cells, brushed or ready, and what it is made of."""

from typing import Annotated, Literal

import torch
from torch import Tensor

from models.strokes import bits_from_text, readable, text_from_dots

ROWS, COLUMNS, CELL_PX = 28, 23, 4  # of a face of 112 × 92 pixels
TEXT_LENGTH = 108  # in characters: 644 bits and four more
Ink = Literal["black", "white", "noise"]
NOISE_SEED = 1991


def cells_from_text(text: str) -> Tensor:
    """Which cells (28, 23) a mask covers, from its base64url text; none where that is empty.

    Raises:
        ValueError: if the text is not that of so many bits.
    """
    if not text:
        return torch.zeros(ROWS, COLUMNS, dtype=torch.bool)
    cells = torch.from_numpy(bits_from_text(text, TEXT_LENGTH))[: ROWS * COLUMNS].bool()
    if text_from_cells(cells) == text:  # which no stray bits at the end are
        return cells.view(ROWS, COLUMNS)
    raise ValueError(f"cover must be {TEXT_LENGTH} base64url characters or none, got {len(text)} characters")


def text_from_cells(cells: Tensor) -> str:
    """The base64url text of covered cells (28, 23); empty where none is."""
    return text_from_dots(cells.numpy()) if cells.any() else ""


Cover = Annotated[str, readable(cells_from_text)]


def box(rows: range, columns: range) -> Tensor:
    """A rectangle of cells."""
    cells = torch.zeros(ROWS, COLUMNS, dtype=torch.bool)
    cells[rows.start : rows.stop, columns.start : columns.stop] = True
    return cells


READY = {
    "Sunglasses": text_from_cells(
        box(range(10, 15), range(2, 11)) | box(range(10, 15), range(12, 21)) | box(range(10, 12), range(1, 22))
    ),
    "Scarf": text_from_cells(box(range(18, 28), range(0, 23))),
    "Block": text_from_cells(box(range(8, 22), range(10, 21))),
}


def over_pixels(cells: Tensor) -> Tensor:
    """Cells (28, 23) as pixels (112, 92)."""
    return cells.repeat_interleave(CELL_PX, 0).repeat_interleave(CELL_PX, 1)


def covered(picture: Tensor, hidden: Tensor, ink: Ink) -> Tensor:
    """The picture (112, 92) with that ink where it is hidden."""
    noise = torch.rand(picture.shape, generator=torch.Generator().manual_seed(NOISE_SEED))
    inks = {"black": torch.zeros_like(picture), "white": torch.ones_like(picture), "noise": noise}
    return torch.where(hidden, inks[ink], picture)
