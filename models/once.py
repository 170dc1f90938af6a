"""Loading that happens once in a process, however many visitors ask at the same time."""

import functools
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Generic, TypeVar

from torch import nn

import weights
from models.device import device
from weights import WeightsError

T = TypeVar("T")
Net = TypeVar("Net", bound=nn.Module)


class Once(Generic[T]):
    """A function that runs at the first call; later callers get its result, or its `WeightsError` again."""

    def __init__(self, load: Callable[[], T]) -> None:
        self.load, self.lock = load, threading.Lock()
        self.outcome: list[T | WeightsError] = []  # one, once there is any
        functools.update_wrapper(self, load)

    def __call__(self) -> T:
        with self.lock:
            if not self.outcome:
                self.outcome.append(self.attempt())
        [result] = self.outcome
        if isinstance(result, WeightsError):
            raise result.with_traceback(None)  # or each caller would add his own to it
        return result

    def attempt(self) -> T | WeightsError:
        """What the function returns, or why there are no weights; any other failure may be tried again."""
        try:
            return self.load()
        except WeightsError as error:
            return error

    def is_done(self) -> bool:
        """Whether the first call is over."""
        return bool(self.outcome)


def once(load: Callable[[], T]) -> Once[T]:
    """The function, to be run once."""
    return Once(load)


def trained(net: Net, listed: weights.Weights) -> tuple[Net, weights.Loaded]:
    """The net with its trained weights, on this process's device and not to be trained on, and where they came from."""
    return ready(net, weights.load(listed))


def ready(net: Net, loaded: weights.Loaded) -> tuple[Net, weights.Loaded]:
    """The net with the weights that were loaded, each of which must find its place."""
    net.load_state_dict(loaded.tensors)
    return net.eval().requires_grad_(False).to(device().torch_device), replace(loaded, tensors={})
