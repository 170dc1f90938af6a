"""Drawings of many digits: strokes on a square of 256 px, as text for links and as a picture for a detector."""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from PIL import Image, ImageDraw

from models.strokes import READY_STROKES, curve, readable

SIDE_PX = 256
PEN_PX = 6.0
PARTS = 2  # of a pixel that a point can lie on
LONGEST = 1990  # characters, for an address to hold
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
PLACES = {letter: place for place, letter in enumerate(LETTERS)}
TWELVE = (2, 7, 1, 8, 0, 3, 9, 5, 4, 6, 8, 2)
FINE = 4  # how much larger a picture is drawn before it is shrunk


def strokes_from_text(text: str) -> list[np.ndarray]:
    """Strokes, each of points (P, 2) in px; in the text a point is three letters, its x and y in 18 bits.

    Raises:
        ValueError: if the text is not that of strokes.
    """
    if len(text) > LONGEST or any(len(stroke) % 3 or not stroke for stroke in text.split(".") if text):
        raise ValueError(f"drawing must be strokes of three letters a point, at most {LONGEST}, got {len(text)}")
    try:
        bits = [[PLACES[letter] for letter in stroke] for stroke in text.split(".") if stroke]
    except KeyError as failure:
        raise ValueError(f"drawing must be written in base64url letters and dots, got {failure}") from None
    return [points(np.array(stroke)) for stroke in bits]


def points(sixes: np.ndarray) -> np.ndarray:
    """Points (P, 2) in px of numbers (3·P,) of six bits."""
    numbers = sixes.reshape(-1, 3) @ np.array([4096, 64, 1])
    return np.stack([numbers >> 9, numbers & 511], axis=1) / PARTS


def text_from_strokes(strokes: Iterable[np.ndarray]) -> str:
    """The text of strokes."""
    return ".".join("".join(map(letters, stroke)) for stroke in strokes)


def letters(point: np.ndarray) -> str:
    """The three letters of a point (2,)."""
    x, y = (point * PARTS).round().clip(0, SIDE_PX * PARTS - 1).astype(int)
    number = int(x) << 9 | int(y)
    return LETTERS[number >> 12] + LETTERS[number >> 6 & 63] + LETTERS[number & 63]


Strokes = Annotated[str, readable(strokes_from_text)]


def picture_of(text: str) -> Image.Image:
    """The drawing as a picture, 256 × 256, white on black."""
    sheet = Image.new("L", (SIDE_PX * FINE, SIDE_PX * FINE))
    pen, radius = ImageDraw.Draw(sheet), PEN_PX * FINE / 2
    for stroke in strokes_from_text(text):
        path = [tuple(point) for point in (stroke * FINE).tolist()]
        pen.line(path, 255, round(2 * radius), joint="curve")
        for x, y in (path[0], path[-1]):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), 255)
    return sheet.reduce(FINE).convert("RGB")


# --- ready drawings -------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReadyDrawing:
    """A drawing to start from, and what is special about it."""

    drawing: str
    remark: str


# What to know about it, then each digit with its left, top and height in px.
READY = (
    (
        "Eight digits of pi",
        (
            *((3, 10, 14, 74), (1, 74, 20, 66), (4, 112, 26, 70), (1, 190, 14, 76)),
            *((5, 16, 122, 84), (9, 84, 112, 66), (2, 142, 130, 72), (6, 206, 160, 52)),
        ),
    ),
    (
        "From 120 px to 16 px",
        (
            *((8, 12, 14, 120), (7, 122, 18, 84), (6, 196, 30, 58)),
            *((5, 30, 168, 40), (4, 92, 176, 28), (3, 142, 182, 20), (2, 184, 186, 16)),
        ),
    ),
    ("Digits that touch", ((3, 24, 30, 90), (8, 78, 36, 84), (6, 118, 122, 96), (0, 174, 132, 92), (1, 66, 120, 70))),
    (
        "Twelve at once",
        tuple((digit, 10 + 62 * (place % 4), 12 + 84 * (place // 4), 56) for place, digit in enumerate(TWELVE)),
    ),
)


def placed(digit: int, left: float, top: float, height: float) -> list[np.ndarray]:
    """The strokes of a ready digit, put there."""
    strokes = [curve(stroke, steps=5) for stroke in next(ready for meant, _, ready in READY_STROKES if meant == digit)]
    every = np.concatenate(strokes)
    scale = height / np.ptp(every[:, 1])
    return [(stroke - every.min(axis=0)) * scale + (left, top) for stroke in strokes]


def drawn(digits: Sequence[tuple[int, float, float, float]]) -> str:
    """The text of ready digits put there."""
    return text_from_strokes(stroke for digit in digits for stroke in placed(*digit))


@functools.cache
def ready_drawings() -> tuple[ReadyDrawing, ...]:
    """Drawings to start from."""
    return tuple(ReadyDrawing(drawn(digits), remark) for remark, digits in READY)


# --- scenes ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scene:
    """Digits on another ground, among things that are none.

    Args:
        ground, ink, rule: colours, from 0 to 255.
        every_px: from one rule to the next.
        scribbles: lines of points, "x,y x,y …" in px.
    """

    title: str
    ground: tuple[int, int, int]
    ink: tuple[int, int, int]
    rule: tuple[int, int, int]
    every_px: int
    digits: tuple[tuple[int, float, float, float], ...]
    scribbles: tuple[str, ...]


SCENES = {
    "paper": Scene(
        "Digits on ruled paper",
        *((243, 240, 230), (38, 44, 78), (176, 196, 214)),
        every_px=21,
        digits=(
            *((2, 18, 16, 42), (0, 62, 18, 38), (2, 104, 14, 44), (6, 152, 16, 40)),
            *((7, 30, 92, 62), (5, 92, 100, 56), (9, 150, 88, 60), (3, 184, 150, 84), (8, 60, 186, 48)),
        ),
        scribbles=(
            "120,190 140,176 150,204 168,182 176,210",
            "14,238 40,230 30,250 70,236",
            "206,30 240,24 214,60 244,52",
        ),
    ),
    "board": Scene(
        "Digits on a blackboard",
        *((30, 56, 48), (226, 232, 222), (44, 72, 62)),
        every_px=64,
        digits=(
            (4, 16, 20, 84),
            (1, 84, 30, 64),
            (8, 118, 18, 74),
            (6, 18, 140, 60),
            (5, 84, 132, 96),
            (0, 176, 120, 70),
        ),
        scribbles=("182,30 236,30 236,86 182,86 182,30", "176,214 206,204 236,220 200,238 176,214", "20,230 60,240"),
    ),
}


def scene(name: str) -> Image.Image:
    """A ready scene as a picture, 512 × 512: always the same, with a little noise."""
    made = SCENES[name]
    side = 2 * SIDE_PX
    sheet = Image.new("RGB", (side, side), made.ground)
    pen = ImageDraw.Draw(sheet)
    for y in range(2 * made.every_px, side, 2 * made.every_px):
        pen.line((0, y, side, y), made.rule, 2)
    scribbles = [np.array([[float(n) for n in point.split(",")] for point in line.split()]) for line in made.scribbles]
    for stroke in (*strokes_from_text(drawn(made.digits)), *scribbles):
        pen.line([tuple(point) for point in (2 * stroke).tolist()], made.ink, 9, joint="curve")
    noise = np.random.default_rng(0).normal(0, 5, (side, side, 1))
    return Image.fromarray((np.asarray(sheet) + noise).clip(0, 255).astype(np.uint8))
