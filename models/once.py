"""Loading that happens once in a process, however many visitors ask at the same time."""

import functools
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from torch import nn

import weights
from models.device import device
from weights import WeightsError

T = TypeVar("T")
Net = TypeVar("Net", bound=nn.Module)


def once(load: Callable[[], T]) -> Callable[[], T]:
    """The function, run at the first call; later callers get its result, or its `WeightsError` again.

    Its `is_done()` tells whether that call is over.
    """
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

    loaded.is_done = lambda: outcome.cache_info().currsize > 0
    return loaded


def trained(net: Net, listed: weights.Weights) -> tuple[Net, weights.Loaded]:
    """The net with its trained weights, on this process's device and not to be trained on, and where they came from."""
    return ready(net, weights.load(listed))


def ready(net: Net, loaded: weights.Loaded) -> tuple[Net, weights.Loaded]:
    """The net with the weights that were loaded, each of which must find its place."""
    net.load_state_dict(loaded.tensors)
    return net.eval().requires_grad_(False).to(device().torch_device), replace(loaded, tensors={})
