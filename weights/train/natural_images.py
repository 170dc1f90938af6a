"""Twenty classes of natural pictures, ten of things and ten of dogs, from `$NETS_DATA/data/natural_images`.

Imagenette and Imagewoof (J. Howard, 2019), 144 × 144. ImageNet's terms allow research only: nets may be trained on
them, the pictures themselves are never shown or shipped.
"""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from weights.train.recipe import data_folder, read_data

ARCHIVES = {
    "imagenette144_train.zip": "84f5947d9e80cd1ab8845c737419e1cf05207fbca990d73e807ea42599cae3c3",
    "imagewoof144_train.zip": "b40b9f71548c5f47e45001a084eea6bb5633fe0b21f2deaf15a5004c2e2950e8",
}
SIDE_PX = 144
HELD_BACK_EVERY = 10


def load_natural_images(folder: Path | None = None) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Pictures (N, 3, 144, 144) uint8 and labels (N,) to train on, and those of the tenth that is held back.

    Raises:
        ValueError: if there is no such folder, or an archive is not the one that the recipe was written for.
    """
    folder = folder or data_folder() / "natural_images"
    pictures, classes = [], []
    for name, sha256 in ARCHIVES.items():
        for picture, kind in read(folder / name, sha256):
            pictures.append(picture)
            classes.append(kind)
    labels = torch.from_numpy(np.unique(classes, return_inverse=True)[1]).long()
    stacked = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
    held_back = torch.arange(len(labels)) % HELD_BACK_EVERY == 0
    return (stacked[~held_back], labels[~held_back]), (stacked[held_back], labels[held_back])


def read(path: Path, sha256: str) -> Iterator[tuple[np.ndarray, str]]:
    """Pictures (144, 144, 3) and the WordNet ids of what they show, in the order of their names."""
    content = read_data(path.parent, path.name, sha256)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".webp"))
        for name in tqdm(names, desc=path.name):
            with archive.open(name) as file:
                yield np.asarray(Image.open(file).convert("RGB")), Path(name).parent.name
