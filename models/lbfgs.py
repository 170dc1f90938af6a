"""L-BFGS, the paper's way down, with a bound on how far a step goes in place of a line search.

Nocedal 1980, "Updating Quasi-Newton Matrices with Limited Storage". The loss of Gram matrices grows with the fourth
power of a picture: a step that the last slopes promise may leap to where it is a million times worse, and a line search
would ask the net two or three times for each step. Here a step asks once; one that made things worse is shortened.
"""

from collections import deque
from collections.abc import Callable

import torch
from torch import Tensor

FIRST, FARTHEST = 0.004, 0.1  # the mean change of a value by the first step, and by any
SHORTENED, LENGTHENED = 0.25, 2.0  # how the bound changes where a step made things worse, and where it did not
WORSE = 1.05  # times the loss before: bfloat16 rounds by less
LEAPT = "leapt"
CURVED = 1e-4  # the least cosine of a change and what it did to the slope, for them to be remembered


class LBFGS:
    """Descends by changing a tensor in place.

    Args:
        memory: how many steps to remember.
    """

    def __init__(self, picture: Tensor, memory: int = 10) -> None:
        self.picture, self.pairs = picture, deque[tuple[Tensor, Tensor]](maxlen=memory)
        self.change: Tensor | None = None  # by the last step; its slope and its loss are those before it
        self.slope, self.loss, self.farthest = torch.zeros_like(picture).flatten(), float("inf"), FIRST

    def step(self, evaluate: Callable[[], Tensor]) -> str | None:
        """One step, or `LEAPT` if the last one went too far; `evaluate` returns the loss and leaves its slope.

        Raises:
            ValueError: if it leaves none.
        """
        loss = evaluate().item()
        if self.change is not None and not loss < WORSE * self.loss:
            self.farthest *= SHORTENED
            self.move(SHORTENED * self.change, since=self.change)
            return LEAPT
        if self.picture.grad is None:
            raise ValueError("evaluate must leave the slope of the loss, got none")
        slope = self.picture.grad.flatten().clone()
        if self.change is not None:
            self.remember(self.change, slope - self.slope)
            self.farthest = min(LENGTHENED * self.farthest, FARTHEST)
        self.loss, self.slope = loss, slope
        self.move(self.bounded(-self.newton(slope)))
        return None

    def move(self, change: Tensor, since: Tensor | float = 0.0) -> None:
        """Change the picture, having undone the change since."""
        self.change = change
        self.picture.add_((change - since).view_as(self.picture))

    def remember(self, change: Tensor, bend: Tensor) -> None:
        """Learn from what a change did to the slope, if that is how a valley does it."""
        if change.dot(bend) > CURVED * change.norm() * bend.norm():
            self.pairs.append((change, bend))

    def newton(self, slope: Tensor) -> Tensor:
        """The slope by the inverse of what is known of the curvature: the two loops of Nocedal's."""
        weights = []
        for change, bend in reversed(self.pairs):
            weight = change.dot(slope) / change.dot(bend)
            slope = slope - weight * bend
            weights.append(weight)
        if self.pairs:
            change, bend = self.pairs[-1]
            slope = slope * (change.dot(bend) / bend.dot(bend))
        for (change, bend), weight in zip(self.pairs, reversed(weights), strict=True):
            slope = slope + (weight - bend.dot(slope) / change.dot(bend)) * change
        return slope

    def bounded(self, change: Tensor) -> Tensor:
        """The change, shortened where it goes too far; the first one is as long as it may be."""
        length = change.abs().mean().clamp_min(1e-30)
        scale = self.farthest / length
        return change * (scale.clamp_max(1) if self.pairs else scale)
