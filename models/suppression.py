"""Non-maximum suppression as a trace: who stays, and who goes because of whom.

The best box stays and each that overlaps it too much goes; then the best of those that are left, and so on.
Soft-NMS (Bodla et al. 2017, arXiv 1704.04503) lowers scores instead, and a box goes once it falls below the threshold;
DIoU (Zheng et al. 2020, arXiv 1911.08287) also asks how far apart the centres are.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from torch import Tensor

from models.boxes import diou, iou

Method = Literal["hard", "diou", "linear", "gaussian"]
SIGMA = 0.5  # of the Gaussian, as in Soft-NMS


@dataclass(frozen=True)
class Blow:
    """One box struck by a better one; both are places in the list of boxes.

    Args:
        overlap: their IoU, or DIoU where the method asks for it.
        before, after: the struck box's score; 0 after a blow that removes it at once.
    """

    by: int
    box: int
    overlap: float
    before: float
    after: float
    removed: bool


@dataclass(frozen=True)
class Trace:
    """The boxes that stay, best first, with the scores they keep, and every blow in the order it fell."""

    kept: tuple[int, ...]
    scores: tuple[float, ...]
    blows: tuple[Blow, ...]


def suppress(
    boxes_xyxy: Tensor,
    scores: Tensor,
    kinds: Tensor,
    *,
    overlap: float = 0.5,
    method: Method = "hard",
    classwise: bool = True,
    least: float = 0.0,
) -> Trace:
    """The trace of suppression among boxes (N, 4) with scores (N,) and classes (N,).

    Args:
        overlap: more than this and the weaker box is struck; the Gaussian strikes whatever overlaps at all.
        classwise: boxes of different classes leave each other alone.
        least: a box whose score falls below this is removed.
    """
    left, kind_of = scores.numpy(force=True).copy(), kinds.numpy(force=True)
    every = (diou if method == "diou" else iou)(boxes_xyxy[:, None], boxes_xyxy).numpy(force=True)
    alive = np.ones(len(left), dtype=bool)
    kept: list[int] = []
    blows: list[Blow] = []
    while alive.any():
        best = int(np.where(alive, left, -np.inf).argmax())
        alive[best] = False
        kept.append(best)
        overlaps = every[best]
        struck = alive & (overlaps > (0 if method == "gaussian" else overlap))
        if classwise:
            struck &= kind_of == kind_of[best]
        after = left * weakened(overlaps, method)
        removed = struck & ((after < least) | (after == 0))
        blows += (
            Blow(best, box, overlaps[box].item(), left[box].item(), after[box].item(), bool(removed[box]))
            for box in ranked(struck, left)
        )
        left = np.where(struck, after, left)
        alive &= ~removed
    return Trace(tuple(kept), tuple(left[kept].tolist()), tuple(blows))


def weakened(overlaps: np.ndarray, method: Method) -> np.ndarray:
    """What a struck box's score is multiplied by, (N,)."""
    if method == "linear":
        return 1 - overlaps
    if method == "gaussian":
        return np.exp(-(overlaps**2) / SIGMA)
    return np.zeros_like(overlaps)


def ranked(chosen: np.ndarray, scores: np.ndarray) -> list[int]:
    """The places of the chosen boxes, the best first, of equals the first."""
    places = np.flatnonzero(chosen)
    return places[np.argsort(-scores[places], kind="stable")].tolist()
