"""What a pipeline yields, frame by frame: the last one, and a watch over their numbers."""

import math
from collections import deque
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")


def finished(frames: Iterator[T]) -> T:
    """The last of many."""
    return deque(frames, maxlen=1).pop()


def sound(frames: Iterator[T], number: Callable[[T], float], name: str) -> Iterator[T]:
    """The frames as they come, while that number of theirs is one.

    Raises:
        ValueError: once it is infinite, or not a number.
    """
    for frame in frames:
        if not math.isfinite(number(frame)):
            raise ValueError(f"{name} must stay a number, got {number(frame)}: choose gentler settings")
        yield frame
