"""Face space: the mean of many faces and the directions in which faces differ most, their eigenfaces.

Turk, Pentland 1991, doi 10.1162/jocn.1991.3.1.71. Pictures are grey, in [0, 1]; distances are root-mean-square grey
levels (0 to 255) a pixel, so that they compare across sizes, and distance from and distance within face space add up
as the sides of a right-angled triangle do.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor

Measure = Literal["euclidean", "cosine", "mahalanobis", "whitened_cosine"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
GREY_LEVELS = 255


@dataclass(frozen=True)
class FaceSpace:
    """A mean face and K eigenfaces.

    Attributes:
        size: (height, width) of a face; D pixels.
        mean: (D,).
        eigenfaces: (K, D), orthonormal rows, the one along which faces vary most first.
        variances: (K,), of faces along each: the eigenvalues of their covariance.
        rest: a pixel's share of the variance along all other directions.
    """

    size: tuple[int, int]
    mean: Tensor
    eigenfaces: Tensor
    variances: Tensor
    rest: float

    @property
    def contrast(self) -> float:
        """The root-mean-square deviation of a face's pixels from that face's mean grey."""
        within = (self.eigenfaces - self.eigenfaces.mean(dim=1, keepdim=True)).square().mean(dim=1) @ self.variances
        return math.sqrt(self.mean.var(correction=0).item() + within.item() + self.rest)

    def first(self, k: int) -> "FaceSpace":
        """The face space of the first k eigenfaces.

        Raises:
            ValueError: if there are fewer.
        """
        if not 0 <= k <= len(self.eigenfaces):
            raise ValueError(f"k must be between 0 and {len(self.eigenfaces)}, got {k}")
        rest = self.rest + self.variances[k:].sum().item() / len(self.mean)
        return replace(self, eigenfaces=self.eigenfaces[:k], variances=self.variances[:k], rest=rest)

    def shrunk(self, factor: int) -> "FaceSpace":
        """The face space of the same faces, shrunk so many times: its eigenfaces are made orthonormal anew."""

        def shrink(pictures: Tensor) -> Tensor:
            return F.avg_pool2d(pictures.view(-1, 1, *self.size), factor).flatten(1)

        spreads = shrink(self.eigenfaces) * self.variances.sqrt()[:, None]
        _, lengths, eigenfaces = torch.linalg.svd(spreads, full_matrices=False)
        size = (self.size[0] // factor, self.size[1] // factor)
        return FaceSpace(size, shrink(self.mean)[0], eigenfaces, lengths.square(), self.rest)


def fit(pictures: Tensor, count: int) -> FaceSpace:
    """The face space of pictures (N, H, W) with so many eigenfaces, computed in float64.

    N pictures A (N, D), less their mean, span at most N − 1 directions: the eigenvectors v of the small A·Aᵀ give those
    of the large Aᵀ·A as Aᵀ·v. The small matrix is centred, not the pictures: v is then at right angles to their mean.

    Raises:
        ValueError: if the pictures span fewer directions.
    """
    rows = pictures.flatten(1).double()
    mean, gram = rows.mean(dim=0), rows @ rows.T
    gram = gram - gram.mean(dim=0) - gram.mean(dim=1, keepdim=True) + gram.mean()
    values, vectors = torch.linalg.eigh(gram)
    values, vectors = values.flip(0), vectors.flip(1)
    directions = int((values > 1e-9 * values[0]).sum())
    if count > directions:
        raise ValueError(f"count must be at most {directions}, the directions that the pictures span, got {count}")
    eigenfaces = (vectors[:, :count] / values[:count].sqrt()).T @ rows
    variances = values / (len(rows) - 1)
    rest = variances[count:].clamp(min=0).sum().item() / len(mean)
    height, width = pictures.shape[1:]
    return FaceSpace((height, width), mean, eigenfaces, variances[:count], rest)


def project(space: FaceSpace, pictures: Tensor) -> Tensor:
    """The weights (B, K) of pictures (B, H, W): how much of each eigenface they hold."""
    return (pictures.flatten(1) - space.mean) @ space.eigenfaces.T


def reconstruct(space: FaceSpace, weights: Tensor, k: int | None = None) -> Tensor:
    """Pictures (B, H, W) from the first k, or all, of their weights (B, K): the nearest points of face space."""
    return (space.mean + weights[:, :k] @ space.eigenfaces[:k]).unflatten(1, space.size)


def sample(space: FaceSpace, generator: torch.Generator) -> Tensor:
    """The weights (1, K) of a face that there never was: each as if drawn from its normal distribution."""
    return torch.randn(1, len(space.variances), generator=generator) * space.variances.sqrt()


# --- distances ------------------------------------------------------------------------------------


def distance_from_face_space(space: FaceSpace, pictures: Tensor) -> Tensor:
    """How far pictures (B, H, W) are from face space with k = 1 … K eigenfaces, (B, K) in grey levels."""
    off = pictures.flatten(1) - space.mean
    within = (off @ space.eigenfaces.T).square().cumsum(dim=1)
    return levels((off.square().sum(dim=1, keepdim=True) - within).clamp(min=0).sqrt(), space)


def distance_in_face_space(space: FaceSpace, weights: Tensor, gallery: Tensor) -> Tensor:
    """How far weights (K,) are from the nearest of a gallery (N, K), by the first 1 … K of them: (K,) grey levels."""
    return levels((gallery - weights).square().cumsum(dim=1).amin(dim=0).sqrt(), space)


def levels(lengths: Tensor, space: FaceSpace) -> Tensor:
    """Lengths of differences between pictures as root-mean-square grey levels."""
    return GREY_LEVELS * lengths / math.sqrt(len(space.mean))


# --- recognition ----------------------------------------------------------------------------------


def compare(space: FaceSpace, weights: Tensor, gallery: Tensor, measure: Measure, k: int, dropped: int = 0) -> Tensor:
    """How unlike each of the weights (B, K) is to each of the gallery's (N, K), (B, N).

    Only the first k count, less so many of the very first, which tell the light rather than the face. Euclidean
    distances are in grey levels; Mahalanobis's are in standard deviations, each weight divided by its own; a cosine's
    distance is 1 − cosine.

    Raises:
        ValueError: if no weight is left.
    """
    if not dropped < k <= weights.shape[1]:
        raise ValueError(f"k must be between {dropped + 1} and {weights.shape[1]}, got {k}")
    kept = slice(dropped, k)
    asked, known = weights[:, kept], gallery[:, kept]
    if measure in ("mahalanobis", "whitened_cosine"):
        asked, known = asked / space.variances[kept].sqrt(), known / space.variances[kept].sqrt()
    if measure in ("cosine", "whitened_cosine"):
        return 1 - F.normalize(asked) @ F.normalize(known).T
    apart = torch.cdist(asked, known)
    return levels(apart, space) if measure == "euclidean" else apart


def shifted(pictures: Tensor, by_px: int = 4) -> Tensor:
    """Pictures (N, H, W) as they are and moved up, down, left and right, (5·N, H, W): they need not be well aligned."""
    wide = F.pad(pictures[None], (by_px,) * 4, mode="replicate")[0]
    moves = [(by_px, by_px), (0, by_px), (2 * by_px, by_px), (by_px, 0), (by_px, 2 * by_px)]
    height, width = pictures.shape[1:]
    return torch.cat([wide[:, top : top + height, left : left + width] for top, left in moves])


def recognise(distances: Tensor, subjects: Tensor) -> Tensor:
    """Whose picture is nearest: the subject (B,) of the least of the distances (B, N)."""
    return subjects[distances.argmin(dim=1)]
