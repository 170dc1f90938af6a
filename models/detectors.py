"""The detectors: which there are, what each tells apart, and where its weights come from."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from torch import Tensor

import weights
from models.device import Device, device, named
from models.fold import fold
from models.graphs import graph_of, session
from models.nets.yolox import yolox
from models.once import once, ready
from weights.manifest import YOLOX_DIGITS, YOLOX_S, YOLOX_STREET

DetectorName = Literal["auto", "coco", "street", "digits"]

DIGITS = tuple("0123456789")
STREET = ("person", "car", "bus", "train", "cat")
COCO = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
    "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant",
    "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard",
    "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange", "broccoli",
    "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant", "bed", "dining table", "toilet",
    "tv", "laptop", "mouse", "remote", "keyboard", "cell phone", "microwave", "oven", "toaster", "sink",
    "refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)  # fmt: skip

COCO_PX = 640
BLIND = {
    "yolox_digits": "letters, which it takes for digits; digits lying down; strokes that run far into each other.",
    "yolox_street": "all other things; persons seen in part or from above; whatever is under some 20 px.",
    "yolox_s": "things that COCO does not name; whatever is under some 10 px; drawings and paintings.",
}
FIGURES = {
    "digits_map50_95": "AP@50:95 {:.3f} on 1,000 scenes",
    "street_ap50": "AP@50 {:.2f} on 100 photographs",
    "coco_ap": "AP@50:95 {:.3f} on COCO, as published",
}


@dataclass(frozen=True)
class Detector:
    """A net ready to look at pictures.

    Args:
        answer: what each cell says, (1, N, 5 + K) as `YOLOX.forward`, of a picture (1, 3, S, S) in [0, 1], RGB.
        classes: what it tells apart, in order.
        side_px: S.
    """

    answer: Callable[[Tensor], Tensor]
    classes: tuple[str, ...]
    side_px: int
    loaded: weights.Loaded
    place: Device

    @property
    def figure(self) -> str:
        """How good it is, in words."""
        figures = self.loaded.weights.figures
        return next(told.format(figures[name]) for name, told in FIGURES.items() if name in figures)


@once
def digits() -> Detector:
    """Our detector of hand-drawn digits."""
    return ours("digits", weights.load(YOLOX_DIGITS), DIGITS, side_px=256)


@once
def street() -> Detector:
    """Our detector of persons, cars, buses, trains and cats."""
    return street_of(weights.load(YOLOX_STREET))


@once
def coco() -> Detector:
    """YOLOX-s, trained by its authors on COCO's eighty classes."""
    return whole_graph(weights.load(YOLOX_S))


@once
def photographs() -> Detector:
    """YOLOX-s, or in its stead our own detector of the street."""
    loaded = weights.load(YOLOX_S, YOLOX_STREET)
    return whole_graph(loaded) if loaded.weights is YOLOX_S else street_of(loaded)


LOADERS = {"coco": coco, "street": street, "digits": digits}


def load(name: DetectorName, shows_digits: bool) -> Detector:
    """A detector, loaded once; "auto" is that of digits for a picture of digits, else the best for photographs.

    Raises:
        WeightsError: if its weights are nowhere to be had, or are not those the manifest names.
    """
    if name == "auto":
        return digits() if shows_digits else photographs()
    return LOADERS[name]()


def street_of(loaded: weights.Loaded) -> Detector:
    """Our detector of the street, with its weights."""
    return ours("nano", loaded, STREET, side_px=416)


def ours(size: str, loaded: weights.Loaded, classes: tuple[str, ...], side_px: int) -> Detector:
    """A net of our own: on a CPU as a graph, which answers sooner, else as it is."""
    net, loaded = ready(fold(yolox(size, len(classes)).eval()), loaded)
    place = device()
    if place.torch_device.type == "cpu":
        return Detector(session(graph_of(net, side_px)), classes, side_px, loaded, place)
    return Detector(lambda picture: net(picture.to(place.torch_device)).cpu(), classes, side_px, loaded, place)


def whole_graph(loaded: weights.Loaded) -> Detector:
    """YOLOX-s as OpenCV's model zoo keeps it: a graph for pictures up to 255."""
    run = session(loaded.tensors["graph"].numpy().tobytes())
    place = named("cpu", "onnxruntime runs the graph")
    return Detector(lambda picture: run(picture.flip(1) * 255), COCO, COCO_PX, replace(loaded, tensors={}), place)
