"""A face behind an occluder, rebuilt from what is seen of it.

Plain projection takes the occluder for part of the face; masked least squares asks the visible pixels alone (Everson,
Sirovich 1995, doi 10.1364/JOSAA.12.001657, there for gappy data), and prefers likely weights where these leave a
choice; the robust way finds the occluder by itself.
"""

from typing import Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import binary_closing, binary_fill_holes, binary_opening
from skimage.filters import apply_hysteresis_threshold
from torch import Tensor

from models.face_space import FaceSpace, project, reconstruct

Way = Literal["projection", "masked", "robust"]
WAYS: tuple[Way, ...] = get_args(Way)

PATCH_PX = 256  # pixels err together with their neighbours: so many tell no more than one
COARSE = 4  # the occluder is searched in pictures so many times smaller
STAGES = (0, 0, 1, 2, 3, 5, 8, 12)  # eigenfaces that explain the picture while the occluder is searched
ROUNDS = 3  # at each stage
DOUBTED = 0.6  # times the deviation to be expected, from where on a pixel counts half or less in the search
HIDDEN, CERTAIN = 2.1, 5.0  # times it, for a pixel of an occluder, and for at least one of each occluder
SPECK, GAP = (3, 3), (5, 5)  # coarse pixels: smaller specks are no occluders, smaller gaps part of one


def reconstruct_occluded(
    space: FaceSpace, picture: Tensor, visible: Tensor, way: Way, small: FaceSpace | None = None
) -> Tensor:
    """The face (H, W) behind an occluder, from a picture (H, W) of it and the mask (H, W), True where it is visible.

    "projection" and "robust" do not look at the mask. Where nothing is hidden, all three are the projection.

    Args:
        small: the same faces `COARSE` times smaller, where the caller has them, to find the occluder in.
    """
    if way == "robust":
        visible = ~find_occluder(small or space.shrunk(COARSE), picture)
    if way == "projection" or visible.all():
        return reconstruct(space, project(space, picture[None]))[0]
    return reconstruct(space, masked_least_squares(space, picture, visible, PATCH_PX * space.rest)[None])[0]


def masked_least_squares(space: FaceSpace, picture: Tensor, visible: Tensor, noise: float = 0.0) -> Tensor:
    """The weights (K,) that explain the visible part of a picture (H, W) best; visibility (H, W) is from 0 to 1.

    Least squares with a ridge: with `noise` as the variance of a pixel around its face, the likeliest weights, given
    that each is normal with its own variance. Without, what lies in face space is recovered exactly.
    """
    seen = visible.flatten().to(space.mean)
    shown = space.eigenfaces * seen
    system = shown @ space.eigenfaces.T + torch.diag(noise / space.variances)
    return torch.linalg.solve(system, shown @ (picture.flatten() - space.mean))


def find_occluder(small: FaceSpace, picture: Tensor) -> Tensor:
    """Where a picture (H, W) is no face, (H, W): pixels that a few eigenfaces explain far worse than those of a face.

    `small` is the space of faces `COARSE` times smaller than the picture. From the mean face on, more and more
    eigenfaces explain what still seems to be visible, and what they explain worst counts less the next time: so the
    occluder is gone before there are eigenfaces enough to imitate it.
    """
    shrunk = F.avg_pool2d(picture[None], COARSE)[0]
    visible = torch.ones(small.size, dtype=small.mean.dtype)
    for k in (min(stage, len(small.variances)) for stage in STAGES):
        part = small.first(k)
        expected = (small.variances[k:, None] * small.eigenfaces[k:].square()).sum(dim=0) + small.rest
        for _ in range(ROUNDS):
            weights = masked_least_squares(part, shrunk, visible, 4 * expected.mean().item())
            off = (shrunk - reconstruct(part, weights[None])[0]).square() / expected.view(small.size)
            visible = 1 / (1 + (off / DOUBTED**2).square())
    hidden = torch.from_numpy(whole(off.sqrt().numpy()))
    return hidden.repeat_interleave(COARSE, 0).repeat_interleave(COARSE, 1)


def whole(deviations: np.ndarray) -> np.ndarray:
    """The occluders that such deviations (h, w) from a face tell of, without specks, gaps and holes."""
    likely = apply_hysteresis_threshold(deviations, HIDDEN, CERTAIN)
    wide = np.pad(binary_opening(likely, np.ones(SPECK)), GAP[0])
    closed = binary_closing(wide, np.ones(GAP))[GAP[0] : -GAP[0], GAP[1] : -GAP[1]]
    return binary_fill_holes(closed)
