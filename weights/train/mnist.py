"""MNIST for the recipes: the four IDX files of a folder, else the Hub's copy; either way the same checked bytes."""

import gzip
import hashlib
import io
import os
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

HUB_REPO, HUB_COMMIT = "ylecun/mnist", "77f3279092a1c1579b2250db8eafed0ad422088c"
IDX_STEMS = {"train": "train", "test": "t10k"}
# sha256 over the pictures' raw bytes (N, 28, 28), which no container changes.
PIXELS_SHA256 = {
    "train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    "test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
}


def load_mnist(split: str, folder: Path | None = None) -> tuple[Tensor, Tensor]:
    """Pictures (N, 1, 28, 28) uint8 and labels (N,) int64 of the "train" or "test" split.

    Args:
        folder: holds the IDX files, gzipped; without one, `$NETS_DATA/data/mnist`, else the Hub.

    Raises:
        ValueError: if the pictures are not MNIST's, byte for byte.
    """
    folder = folder or default_folder()
    pixels, labels = read_idx(split, folder) if folder else download(split)
    digest = hashlib.sha256(pixels.tobytes()).hexdigest()
    if digest != PIXELS_SHA256[split]:
        raise ValueError(f"the {split} pictures must have sha256 {PIXELS_SHA256[split]}, got {digest}")
    return torch.from_numpy(pixels).unsqueeze(1), torch.from_numpy(labels).long()


def default_folder() -> Path | None:
    """`$NETS_DATA/data/mnist` where it exists."""
    folder = Path(os.environ.get("NETS_DATA", ""), "data", "mnist")
    return folder if "NETS_DATA" in os.environ and folder.is_dir() else None


def read_idx(split: str, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (N, 28, 28) and labels (N,), both uint8."""
    stem = IDX_STEMS[split]
    pixels = gzip.decompress((folder / f"{stem}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((folder / f"{stem}-labels-idx1-ubyte.gz").read_bytes())
    return (
        np.frombuffer(pixels, np.uint8, offset=16).reshape(-1, 28, 28).copy(),
        np.frombuffer(labels, np.uint8, offset=8).copy(),
    )


def download(split: str) -> tuple[np.ndarray, np.ndarray]:
    """The same from the Hub's parquet files."""
    import pyarrow.parquet
    from huggingface_hub import hf_hub_download
    from PIL import Image

    path = hf_hub_download(HUB_REPO, f"mnist/{split}-00000-of-00001.parquet", repo_type="dataset", revision=HUB_COMMIT)
    table = pyarrow.parquet.read_table(path)
    pixels = [np.asarray(Image.open(io.BytesIO(row["bytes"]))) for row in table["image"].to_pylist()]
    return np.stack(pixels), np.array(table["label"].to_pylist(), dtype=np.uint8)
