"""A detector's answer, step by step: every candidate, those above a score, those left after suppression.

Redmon, Divvala, Girshick, Farhadi 2016, arXiv 1506.02640: one look at the picture, and every cell of a grid proposes.
Differences from the paper: the nets are YOLOX (arXiv 2107.08430), with three grids, one box a cell and no anchors.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from PIL import Image
from pydantic import BaseModel, Field, field_validator
from torch import Tensor

from models.boxes import cells, decode
from models.detectors import Detector, DetectorName
from models.drawings import Strokes, ready_drawings
from models.images import to_tensor
from models.photographs import DIGIT_SCENES, LARGEST_PX, SearchedPicture
from models.suppression import Method, Trace, suppress

GREY = (114, 114, 114)  # what fills a letterbox
TOLD_CLASSES = 5  # of each candidate, for the page
MOST_BOXES = 1000  # above the threshold, of which suppression may have to compare each with each
MOST_TRUTHS = 20
SANDBOX = (20, 20, 180, 110, 110, 45, 265, 135)

Mistake = Literal["none", "bgr", "stretched", "unscaled"]
Side = Annotated[int, Field(ge=0, le=320)]
Pair = tuple[Side, Side, Side, Side, Side, Side, Side, Side]
View = Literal["candidates", "above", "kept"]


class YOLOParams(BaseModel, frozen=True):
    """What the tab can be asked for."""

    picture: SearchedPicture = Field("drawing", description="The picture to search, or the canvas.")
    drawing: Strokes = Field(ready_drawings()[0].drawing, description="Strokes on the canvas, as text.")
    net: DetectorName = Field("auto", description="The detector; auto takes the one that suits the picture.")
    score: float = Field(0.6, ge=0.01, le=0.99, description="Boxes whose objectness × class is less are dropped.")
    overlap: float = Field(0.5, ge=0, le=1, description="IoU above which the weaker of two boxes is suppressed.")
    method: Method = Field("hard", description="What suppression does to the weaker box.")
    classwise: bool = Field(True, description="Boxes of different classes leave each other alone.")
    mistake: Mistake = Field("none", description="A classic mistake in preparing the picture.")
    grid: Literal["8", "16", "32"] | None = Field(
        None, description="Stride of the grid that is shown; none for all three."
    )
    view: View = Field("kept", description="What is shown large: all candidates, those above the score, or those kept.")
    step: int | None = Field(None, ge=0, le=MOST_BOXES**2, description="Boxes suppressed so far; none for all of them.")
    cell: int | None = Field(None, ge=0, le=8399, description="The candidate that is looked at; none for the best.")
    truth: tuple[int, ...] = Field((), max_length=5 * MOST_TRUTHS, description="True boxes: class, x, y, x, y each.")

    pair: Pair = Field(SANDBOX, description="Two boxes to play with: x, y, x, y of the true one, then of the guess.")

    @property
    def shows_digits(self) -> bool:
        """Whether the picture is one of digits, for which there is a detector of its own."""
        return self.picture in ("drawing", *DIGIT_SCENES)

    @field_validator("truth")
    @classmethod
    def whole_boxes(cls, truth: tuple[int, ...]) -> tuple[int, ...]:
        """The numbers themselves.

        Raises:
            ValueError: if they are not five a box, none below 0 or beyond the largest picture.
        """
        if len(truth) % 5:
            raise ValueError(f"truth must be five numbers a box, got {len(truth)} numbers")
        for number in truth:
            if not 0 <= number <= LARGEST_PX:
                raise ValueError(f"truth must hold numbers from 0 to {LARGEST_PX}, got {number}")
        return truth


@dataclass(frozen=True)
class Candidates:
    """All that a detector says of one picture, one candidate a cell.

    Args:
        boxes_xyxy: (N, 4) in pixels of the picture itself.
        objectness: (N,), from 0 to 1.
        classes: (N, K), from 0 to 1.
        scale: the picture's size for the net, by its own.
        given: what the net was given, (1, 3, S, S) in [0, 1].
    """

    boxes_xyxy: Tensor
    objectness: Tensor
    classes: Tensor
    scale: tuple[float, float]
    given: Tensor

    @property
    def scores(self) -> Tensor:
        """(N,): objectness times the best class."""
        return self.objectness * self.classes.amax(dim=1)


def letterbox(picture: Image.Image, side_px: int) -> tuple[Tensor, float]:
    """An RGB picture fitted into the top left of a grey square, (1, 3, S, S) in [0, 1], and its scale."""
    scale = side_px / max(picture.size)
    size = [max(1, int(side * scale)) for side in picture.size]
    square = Image.new("RGB", (side_px, side_px), GREY)
    square.paste(picture.resize(size, Image.Resampling.BILINEAR))
    return to_tensor(square), scale


def prepared(picture: Image.Image, side_px: int, mistake: Mistake) -> tuple[Tensor, tuple[float, float]]:
    """What the net is given, (1, 3, S, S), and the scale of x and of y; with a mistake, if one is asked for."""
    if mistake == "stretched":
        stretched = picture.resize((side_px, side_px), Image.Resampling.BILINEAR)
        return to_tensor(stretched), (side_px / picture.width, side_px / picture.height)
    given, scale = letterbox(picture, side_px)
    if mistake == "bgr":
        given = given.flip(1)
    if mistake == "unscaled":
        given = given / 255
    return given, (scale, scale)


@torch.inference_mode()
def look(detector: Detector, picture: Image.Image, mistake: Mistake = "none") -> Candidates:
    """Every candidate in a picture, from one forward pass."""
    given, scale = prepared(picture, detector.side_px, mistake)
    return candidates(detector.answer(given)[0], given, scale)


@torch.inference_mode()
def candidates(told: Tensor, given: Tensor, scale: tuple[float, float]) -> Candidates:
    """The candidates that a net's answer (N, 5 + K) to what it was given (1, 3, S, S) stands for."""
    boxes = decode(told[:, :4], cells(*given.shape[2:])) / torch.tensor(scale * 2)
    return Candidates(boxes, told[:, 4], told[:, 5:], scale, given)


@torch.inference_mode()
def above(found: Candidates, score: float) -> Tensor:
    """Places (M,) of the candidates whose score is at least that, the best first, `MOST_BOXES` at most."""
    scores = found.scores
    places = (scores >= score).nonzero()[:, 0]
    return places[scores[places].argsort(descending=True, stable=True)][:MOST_BOXES]


@torch.inference_mode()
def surviving(found: Candidates, params: YOLOParams) -> tuple[Tensor, Trace]:
    """Places (M,) of the candidates above the score, and the trace of suppression among them."""
    places = above(found, params.score)
    trace = suppress(
        found.boxes_xyxy[places],
        found.scores[places],
        found.classes[places].argmax(dim=1),
        overlap=params.overlap,
        method=params.method,
        classwise=params.classwise,
        least=params.score,
    )
    return places, trace
