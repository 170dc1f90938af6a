"""Drawings of 28×28 one-bit dots: their text form for links, and ready digits of our own strokes."""

import base64
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import AfterValidator

SIDE = 28
PEN_RADIUS = 1.5  # in dots, as wide as the pen of the page
TEXT_LENGTH = 131  # 784 bits in base64url, without padding


def dots_from_text(text: str) -> np.ndarray:
    """Dots (28, 28) of 0 and 1 from their base64url text.

    Raises:
        ValueError: if the text is not that of 784 bits.
    """
    bits = bits_from_text(text, TEXT_LENGTH)
    if bits.size != SIDE * SIDE:
        raise ValueError(f"drawing must be {TEXT_LENGTH} base64url characters, got {len(text)} characters")
    return bits.reshape(SIDE, SIDE)


def bits_from_text(text: str, length: int) -> np.ndarray:
    """The bits (8·N,) in base64url text of so many characters, without padding; none where it is no such text."""
    try:
        content = base64.b64decode(text + "=" * (-length % 4), altchars=b"-_", validate=True)
    except ValueError:
        content = b""
    return np.unpackbits(np.frombuffer(content if len(text) == length else b"", np.uint8))


def readable(parse: Callable[[str], object]) -> AfterValidator:
    """Lets pass the texts that can be parsed; what is wrong with others, the parser's ValueError says."""

    def checked(text: str) -> str:
        parse(text)
        return text

    return AfterValidator(checked)


Drawing = Annotated[str, readable(dots_from_text)]


def text_from_dots(dots: np.ndarray) -> str:
    """The base64url text of dots, (28, 28) where they are a drawing, any nonzero value being ink."""
    return base64.urlsafe_b64encode(np.packbits(dots != 0).tobytes()).decode().rstrip("=")


def draw(*strokes: str) -> str:
    """The text of the dots whose centre lies under a stroke, each given as "x,y x,y …" in dots."""
    columns, rows = np.meshgrid(np.arange(SIDE) + 0.5, np.arange(SIDE) + 0.5)
    centres = np.stack([columns, rows], axis=-1)
    path = np.concatenate([curve(stroke) for stroke in strokes])
    distances = np.linalg.norm(centres[:, :, None] - path, axis=-1).min(axis=2)
    return text_from_dots(distances <= PEN_RADIUS)


def curve(stroke: str, steps: int = 12) -> np.ndarray:
    """Points (N, 2) on the Catmull-Rom curve through the stroke's points."""
    points = np.array([[float(number) for number in point.split(",")] for point in stroke.split()])
    start, end = points[:-1], points[1:]
    before = np.concatenate([points[:1], points[:-2]])
    after = np.concatenate([points[2:], points[-1:]])
    t = np.linspace(0, 1, steps)[:, None, None]
    bend = (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
    return (bend / 2).transpose(1, 0, 2).reshape(-1, 2)


@dataclass(frozen=True)
class ReadyDigit:
    """A drawing, the digit its writer meant (None for no digit), and what is special about it."""

    drawing: str
    meant: int | None
    remark: str


# Digit meant, what to know about it, strokes.
READY_STROKES = (
    (5, "A plain 5", ("20,5 10,5", "10,5 9,12", "9,12 15,10.5 20,15 18,22 12,24 8,22")),
    (0, "A plain 0", ("14,4 8,8 7,15 9,22 14,24 19,21 21,13 19,6 14,4",)),
    (1, "A plain 1", ("16,4 12,24",)),
    (2, "A plain 2", ("8,9 11,5 16,4.5 19,8 17,14 12,19 7,23.5", "7,23.5 14,22.5 21,23.5")),
    (3, "A plain 3", ("8,6 13,4 18,6 18,11 12,13.5", "12,13.5 19,15.5 19,21 13,24 8,22")),
    (4, "A plain 4", ("10,4 7,15 13,15 21,14", "18,8 16,25")),
    (6, "A plain 6", ("18,4 12,8 8,17 10,23 15,24 19,20 17,15 12,15 8.5,19",)),
    (7, "A plain 7", ("7,5 20,5", "20,5 16,13 12,24")),
    (8, "A plain 8", ("19,7 14,4 9,7 11,12 17,16 19,21 14,24 9,21 11,16 17,12 19,7",)),
    (9, "A plain 9", ("19,9 14,4 9,8 11,13 16,13 19,9 19,16 16,25",)),
    (4, "A 4 closed like a 9", ("12,5 9,14", "9,14 19,14", "12,5 18,4.5", "18,4.5 18,24")),
    (6, "A 6 with a short stem", ("16,5 10,10 8,17 10,23 15,24 19,20 18,13 13,11 9,15",)),
    (7, "A 7 with a foot", ("8,6 19,6 14,15 9,22", "9,22 20,22")),
    (8, "An 8 left open", ("19,6 14,4 9,7 11,12 17,16 19,21 14,24 9,21 11,16",)),
    (9, "A 9 left open", ("9,4 9,13 18,13", "18,4 18,24")),
    (None, "A heart", ("14,24 6,14 6,7 11,6 14,10", "14,10 17,6 22,7 22,14 14,24")),
)


@functools.cache
def ready_digits() -> tuple[ReadyDigit, ...]:
    """Digits to start from, plain ones first, then those that ask a question."""
    return tuple(ReadyDigit(draw(*strokes), meant, remark) for meant, remark, strokes in READY_STROKES)
