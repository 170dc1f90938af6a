"""Activations by name, of nets that run through named stages."""

from collections.abc import Collection, Iterator

from torch import Tensor


def pick(stages: Iterator[tuple[str, Tensor]], names: Collection[str]) -> dict[str, Tensor]:
    """The activations of the stages of those names; none after the last of them is run.

    Raises:
        ValueError: if there is no stage of such a name.
    """
    found: dict[str, Tensor] = {}
    for name, activation in stages:
        if name in names:
            found[name] = activation
        if len(found) == len(set(names)):
            return found
    raise ValueError(f"layers must be layers of the net, got {', '.join(set(names) - set(found))}")
