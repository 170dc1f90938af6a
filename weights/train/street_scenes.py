"""Photographs of streets, trains and cats with their boxes, and others without, from `$NETS_DATA/data`.

`detection/street5`: only persons, cars, buses, trains and cats have a box. `detection/coco_small`: everything has.
`natural_images`: nothing has. None of them is ever shown or shipped.
"""

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from models.detectors import COCO, STREET
from models.yolo import GREY
from weights.train.natural_images import load_natural_images
from weights.train.recipe import data_folder, read_data

CLASSES = {COCO.index(name): name for name in STREET}  # by their numbers among COCO's eighty
ARCHIVES = {
    "street5": ("street5_a.zip", "street5_b.zip"),
    "coco_small": ("coco_small.zip",),
}
SHA256 = {
    "coco_small.json": "c9918519a7363ac1962976a0b00ed89de96b99320bd8da554028f0541c096deb",
    "coco_small.zip": "7f77c4b67f55d4eeb130ee64711667ff791569443d5957f2cbbe57fe0b8f4771",
    "street5.json": "a34fbc026f044dc2f49f7cabd2bc15d0752803fc071f3c33666d9ffbe06532bb",
    "street5_a.zip": "28c8e76bfb9f7cb4b83a9df18a4b03df5f86402355d563c86adba413808b1e21",
    "street5_b.zip": "d6902b1032ee8642728f85fcb363de6d86b91c85ecc4fcb8f61dd91059154a22",
}
UNLABELLED = 1000  # natural pictures, to be told by the teacher alone
SMALLEST_PX = 6  # of a box that is still taught after cropping
KEPT = 0.3  # of a box that must be left by a crop
MOSAICS = 0.5  # of all scenes


@dataclass(frozen=True)
class Photograph:
    """A picture, and its labels (G, 5): place in `CLASSES`, then xyxy in px."""

    picture: Image.Image
    labels: np.ndarray


def load_photographs(split: str, folder: Path | None = None) -> list[Photograph]:
    """The "val" pictures of street5, or all that there are to "train" on.

    Raises:
        ValueError: if a file is absent, or not the one that the recipe was written for.
    """
    folder = folder or data_folder()
    found = labelled("street5", split, folder / "detection")
    if split == "train":
        found += labelled("coco_small", split, folder / "detection") + unlabelled(folder / "natural_images")
    return found


def labelled(name: str, split: str, folder: Path) -> list[Photograph]:
    """The pictures of one COCO-format file."""
    told = json.loads(read(folder, f"{name}.json"))
    places = {number: place for place, number in enumerate(CLASSES)}
    boxes: dict[int, list[tuple[float, ...]]] = {}
    for item in told["annotations"]:
        if item["category_id"] in places and not item["iscrowd"]:
            x, y, width, height = item["bbox"]
            box = (places[item["category_id"]], x, y, x + width, y + height)
            boxes.setdefault(item["image_id"], []).append(box)
    content: dict[str, bytes] = {}
    for archive in ARCHIVES[name]:
        with zipfile.ZipFile(io.BytesIO(read(folder, archive))) as opened:
            content |= {entry: opened.read(entry) for entry in opened.namelist()}
    return [
        Photograph(
            Image.open(io.BytesIO(content[item["file_name"]])).convert("RGB"),
            np.array(boxes.get(item["id"], []), dtype=np.float32).reshape(-1, 5),
        )
        for item in told["images"]
        if item["split"] == split
    ]


def read(folder: Path, name: str) -> bytes:
    """The content of one of the files, whose bytes are checked."""
    return read_data(folder.parent, f"{folder.name}/{name}", SHA256[name])


def unlabelled(folder: Path) -> list[Photograph]:
    """Some of the natural pictures."""
    (pictures, _), _ = load_natural_images(folder)
    chosen = pictures[:: len(pictures) // UNLABELLED].permute(0, 2, 3, 1).numpy()
    return [Photograph(Image.fromarray(picture), np.zeros((0, 5), np.float32)) for picture in chosen]


def scene(photographs: Sequence[Photograph], side_px: int, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """A picture (3, S, S) in [0, 1] and its labels (G, 5), in px: one photograph, or four side by side."""
    sheet, labels = Image.new("RGB", (side_px, side_px), GREY), []
    across, down = (random.uniform(0.3, 0.7, 2) * side_px).astype(int).tolist()
    frames = [(0, 0, side_px, side_px)]
    if random.random() < MOSAICS:
        frames = [
            (left, top, right, bottom)
            for left, right in ((0, across), (across, side_px))
            for top, bottom in ((0, down), (down, side_px))
        ]
    for frame in frames:
        photograph = photographs[int(random.integers(len(photographs)))]
        labels.append(paste(sheet, frame, photograph, random))
    picture = torch.from_numpy(np.asarray(sheet, dtype=np.float32) / 255).permute(2, 0, 1)
    return tinted(picture, random), torch.from_numpy(np.concatenate(labels))


def paste(
    sheet: Image.Image, frame: tuple[int, int, int, int], photograph: Photograph, random: np.random.Generator
) -> np.ndarray:
    """Puts a part of a photograph, larger or smaller, perhaps mirrored, into a frame; the labels that are left."""
    left, top, right, bottom = frame
    picture, labels = photograph.picture, photograph.labels.copy()
    scale = max(right - left, bottom - top) / max(picture.size) * np.exp(random.uniform(-0.4, 0.6))
    stretch = np.exp(random.uniform(-0.1, 0.1))
    scales = np.array([scale * stretch, scale / stretch])
    room = np.array([right - left, bottom - top]) - np.array(picture.size) * scales
    x, y = random.uniform(np.minimum(room, 0), np.maximum(room, 0))
    if random.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        labels[:, [1, 3]] = picture.width - labels[:, [3, 1]]
    size = np.maximum(1, np.round(np.array(picture.size) * scales)).astype(int).tolist()
    part = Image.new("RGB", (right - left, bottom - top), GREY)
    part.paste(picture.resize(size, Image.Resampling.BILINEAR), (round(x), round(y)))
    sheet.paste(part, (left, top))
    return moved(labels, scales, np.array([left + x, top + y]), frame)


def moved(labels: np.ndarray, scales: np.ndarray, offset: np.ndarray, frame: Sequence[int]) -> np.ndarray:
    """Labels scaled, moved and cut by their frame, without those of which too little is left."""
    labels[:, 1:] = labels[:, 1:] * np.tile(scales, 2) + np.tile(offset, 2)
    whole = (labels[:, 3:] - labels[:, 1:3]).prod(axis=1)
    labels[:, [1, 3]] = labels[:, [1, 3]].clip(frame[0], frame[2])
    labels[:, [2, 4]] = labels[:, [2, 4]].clip(frame[1], frame[3])
    sides = labels[:, 3:] - labels[:, 1:3]
    return labels[(sides.min(axis=1) > SMALLEST_PX) & (sides.prod(axis=1) > KEPT * whole)]


def tinted(picture: Tensor, random: np.random.Generator) -> Tensor:
    """Brighter or darker, of more or less contrast and colour."""
    gain, contrast, colour = np.exp(random.uniform(-0.3, 0.3, 3)).astype(np.float32)
    grey = picture.mean(dim=0, keepdim=True)
    picture = grey + (picture - grey) * float(colour)
    return ((picture - 0.5) * float(contrast) + 0.5).mul_(float(gain)).clamp_(0, 1)
