"""Average precision as COCO's own tools measure it."""

import contextlib
import io
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torchvision.ops import batched_nms

from models.boxes import cells, decode

SEEN, OVERLAP, MOST = 0.01, 0.65, 100  # lowest score, IoU of suppression and boxes a picture, as YOLOX is measured


def average_precision(found: Sequence[np.ndarray], labels: Sequence[np.ndarray], kinds: int) -> dict[str, float]:
    """AP@50 and AP@50:95 (Lin et al. 2014, arXiv 1405.0312) over pictures; −1 where none has a label.

    Args:
        found: for each picture (D, 6): class, score, xyxy.
        labels: for each picture (G, 5): class, xyxy.
    """
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truth = COCO()
    truth.dataset = {
        "images": [{"id": picture} for picture in range(len(labels))],
        "categories": [{"id": kind} for kind in range(kinds)],
        "annotations": [
            {"id": number, "image_id": picture, "category_id": int(kind), "iscrowd": 0, **place(box)}
            for number, (picture, kind, box) in enumerate(
                ((picture, row[0], row[1:]) for picture, rows in enumerate(labels) for row in rows), 1
            )
        ],
    }
    answers = [
        {"image_id": picture, "category_id": int(row[0]), "score": float(row[1]), **place(row[2:])}
        for picture, rows in enumerate(found)
        for row in rows
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        measured = COCOeval(truth, truth.loadRes(answers) if answers else COCO(), "bbox")
        measured.evaluate()
        measured.accumulate()
        measured.summarize()
    return {"map50": float(measured.stats[1]), "map50_95": float(measured.stats[0])}


def place(box: np.ndarray) -> dict[str, object]:
    """A box (4,) xyxy as COCO writes it."""
    left, top, right, bottom = box.tolist()
    return {"bbox": [left, top, right - left, bottom - top], "area": (right - left) * (bottom - top)}


@torch.no_grad()
def detections(net: Callable[[Tensor], Tensor], pictures: Tensor) -> list[np.ndarray]:
    """What a net finds in pictures (B, 3, H, W), as `average_precision` wants it."""
    told = net(pictures)
    boxes = decode(told[..., :4], cells(*pictures.shape[2:]).to(told))
    scores = told[..., 4:5] * told[..., 5:]
    return [surviving(*each) for each in zip(boxes, scores, strict=True)]


def surviving(boxes: Tensor, scores: Tensor) -> np.ndarray:
    """One picture's (D, 6) of boxes (N, 4) and their scores (N, K), each kind of thing suppressed by itself."""
    cell, kind = (scores > SEEN).nonzero(as_tuple=True)
    score = scores[cell, kind]
    kept = batched_nms(boxes[cell], score, kind, OVERLAP)[:MOST]
    return torch.cat([kind[kept, None], score[kept, None], boxes[cell[kept]]], dim=1).cpu().numpy()
