"""What the page and the API are told of a detector's answer."""

import base64
import time
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from demos.pictures import caption, opened, photographs, thumbnail
from models import detectors, drawings, yolo
from models.detectors import BLIND, Detector
from models.images import to_image, to_jpeg_url
from models.photographs import SCENES
from models.yolo import Candidates, YOLOParams

GIVEN_PX = 224  # of what the net was given, on the page
MISTAKES = {
    "none": "None",
    "bgr": "BGR for RGB: red and blue exchanged",
    "stretched": "No letterbox: stretched to a square",
    "unscaled": "Wrong scale: 0 to 1 where 0 to 255 belongs",
}


def picture_for(params: YOLOParams) -> Image.Image:
    """The picture to search, RGB."""
    if params.picture in drawings.SCENES:
        return drawings.scene(params.picture)
    return drawings.picture_of(params.drawing) if params.picture == "drawing" else opened(params.picture)


def caption_for(params: YOLOParams) -> str:
    """What the picture is, and whose."""
    if params.picture in drawings.SCENES:
        return f"{drawings.SCENES[params.picture].title}, drawn by code."
    return "Drawing." if params.picture == "drawing" else caption(params.picture)


def ready() -> list[dict[str, str]]:
    """The ready pictures for the page."""
    scenes = drawings.SCENES.items()
    return [thumbnail(name, drawings.scene(name)) | {"title": scene.title} for name, scene in scenes] + photographs(
        SCENES
    )


def looked(params: YOLOParams) -> tuple[Detector, Image.Image, Candidates]:
    """The detector that was asked for, the picture, and all that the one says of the other."""
    detector = detectors.load(params.net, params.shows_digits)
    picture = picture_for(params)
    return detector, picture, yolo.look(detector, picture, params.mistake)


def seen(detector: Detector, found: Candidates, picture: Image.Image, params: YOLOParams) -> dict[str, Any]:
    """All that the page needs to threshold and suppress by itself."""
    likeliest = found.classes.topk(min(yolo.TOLD_CLASSES, len(detector.classes)), dim=1)
    drawn = params.picture == "drawing"
    return {
        "boxes": packed(found.boxes_xyxy),
        "objectness": packed(found.objectness),
        "kinds": packed(likeliest.indices.to(torch.uint8)),
        "chances": packed(likeliest.values),
        "scale": found.scale,
        "side": detector.side_px,
        "classes": detector.classes,
        "width": picture.width,
        "height": picture.height,
        "image": "" if drawn else to_jpeg_url(picture),  # a drawing is on the page already
        "at": time.monotonic_ns(),  # or the page would overlook an answer that is the last one's equal
        "given": to_jpeg_url(to_image(found.given).resize((GIVEN_PX, GIVEN_PX))),
        "blind": BLIND[detector.loaded.weights.name],
        "drawn": drawn,
        "caption": caption_for(params),
        "asked": params.model_dump(include={"score", "overlap", "method", "classwise", "view", "step", "grid", "cell"}),
    }


def packed(tensor: Tensor) -> str:
    """A tensor's numbers, row by row, in base64."""
    return base64.b64encode(tensor.contiguous().numpy().tobytes()).decode()


def coco_boxes(detector: Detector, found: Candidates, params: YOLOParams) -> dict[str, list[dict[str, Any]]]:
    """The boxes that are left, their sides as COCO writes them, and suppression's blows by candidates' numbers."""
    places, trace = yolo.surviving(found, params)
    kinds = found.classes[places].argmax(dim=1)
    boxes = [
        {
            "category": detector.classes[int(kinds[place])],
            "bbox": [left, top, right - left, bottom - top],
            "score": score,
            "candidate": int(places[place]),
        }
        for place, score in zip(trace.kept, trace.scores, strict=True)
        for left, top, right, bottom in [found.boxes_xyxy[places[place]].tolist()]
    ]
    blows = [
        {"by": int(places[blow.by]), "box": int(places[blow.box]), "overlap": blow.overlap, "removed": blow.removed}
        for blow in trace.blows
    ]
    return {"boxes": boxes, "blows": blows}
