"""The ORL faces of AT&T Laboratories Cambridge, and pictures to measure against, from `$NETS_DATA/data/faces`.

Forty people, ten pictures each (Samaria, Harter 1994). Where there is no such file scikit-learn fetches the Olivetti
copy of the same pictures, smaller, and figures differ a little; the pictures to measure against must be there.
"""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from models.face_pictures import SIZE
from weights.train.recipe import data_folder, read_data

SHA256 = {
    "orl_faces.npz": "bc4a48c1f0e8d0dc753c4b6c68750ee196be96abd8ae593c972f5bbec33b0045",
    "lfwcrop.npz": "954609803a9fd5aac837be1851387ac0233ef9afc95574ed437311b1988c3405",
    "nonfaces.npz": "e0817aa02d4a9915b1dd8082aed4d7040b2d031c4fb71bfc7d57198ed132b81e",
}


@dataclass(frozen=True)
class Faces:
    """Pictures (N, 112, 92) in [0, 1], whose they are (N,), and which of that person's (N,); both count from 1."""

    pictures: Tensor
    subjects: Tensor
    indices: Tensor

    def of(self, chosen: Tensor) -> "Faces":
        """Those of a mask (N,)."""
        return Faces(self.pictures[chosen], self.subjects[chosen], self.indices[chosen])


def load_faces(folder: Path | None = None) -> Faces:
    """The 400 faces.

    Args:
        folder: `$NETS_DATA/data`, unless told.

    Raises:
        ValueError: if the file there is another.
    """
    if not ((folder or data_folder()) / "faces/orl_faces.npz").is_file():
        return load_olivetti()
    told = read("orl_faces.npz", folder)
    subjects, indices = (torch.from_numpy(told[name]).long() for name in ("subject", "index"))
    return Faces(torch.from_numpy(told["images"]).double() / 255, subjects, indices)


def load_olivetti() -> Faces:
    """scikit-learn's copy, 64 × 64, enlarged."""
    from sklearn.datasets import fetch_olivetti_faces

    told = fetch_olivetti_faces()
    subjects = torch.from_numpy(told.target).long() + 1
    return Faces(framed(torch.from_numpy(told.images).double()), subjects, torch.arange(len(subjects)) % 10 + 1)


def load_others(name: str, folder: Path | None = None) -> Tensor:
    """Pictures (N, 112, 92) of "lfwcrop" or "nonfaces", only to measure on."""
    return framed(torch.from_numpy(read(f"{name}.npz", folder)["images"]).double() / 255)


def framed(pictures: Tensor) -> Tensor:
    """The middle of pictures (N, H, W) in the shape of a face, (N, 112, 92)."""
    height, width = pictures.shape[1:]
    rows, columns = min(height, round(width * SIZE[0] / SIZE[1])), min(width, round(height * SIZE[1] / SIZE[0]))
    top, left = (height - rows) // 2, (width - columns) // 2
    middle = pictures[:, None, top : top + rows, left : left + columns]
    return F.interpolate(middle, SIZE, mode="bilinear", antialias=True)[:, 0]


def read(name: str, folder: Path | None) -> dict[str, np.ndarray]:
    """The arrays of a file, whose bytes are checked.

    Raises:
        ValueError: if it is absent, or another.
    """
    with np.load(io.BytesIO(read_data(folder or data_folder(), f"faces/{name}", SHA256[name]))) as arrays:
        return dict(arrays)
