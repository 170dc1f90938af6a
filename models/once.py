"""Loading that happens once in a process, however many visitors ask at the same time."""

import functools
import threading
from collections.abc import Callable
from typing import TypeVar

from weights import WeightsError

T = TypeVar("T")


def once(load: Callable[[], T]) -> Callable[[], T]:
    """The function, run at the first call; later callers get its result, or its `WeightsError` again."""
    lock = threading.Lock()

    @functools.cache
    def outcome() -> T | WeightsError:
        try:
            return load()
        except WeightsError as error:
            return error

    @functools.wraps(load)
    def loaded() -> T:
        with lock:
            result = outcome()
        if isinstance(result, WeightsError):
            raise result.with_traceback(None)  # or each caller would add his own to it
        return result

    return loaded
