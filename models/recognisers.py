"""The nets that dream: which there are, their layers from low to high, their weights, and what they recognise."""

import copy
import functools
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Literal, get_args

import torch
from torch import Tensor, nn

import weights
from models.device import computes_bfloat16, device, long_work_device
from models.fold import fold
from models.images import resized
from models.nets.chain import Chain
from models.nets.googlenet import INCEPTIONS, GoogLeNet, ThinGoogLeNet
from models.once import Once, once, ready, trained
from weights.manifest import BVLC_GOOGLENET, INCEPTION_V3, THIN_GOOGLENET, TORCHVISION_GOOGLENET

NetName = Literal["googlenet", "thin_googlenet", "torchvision_googlenet", "inception_v3"]
NETS = get_args(NetName)

CAFFE_LAYERS = (
    "conv2/3x3",
    "inception_3a/output",
    "inception_3b/5x5_reduce",
    *(f"inception_{name}/output" for name in tuple(INCEPTIONS)[1:]),
)
LAYERS: dict[str, tuple[str, ...]] = {
    "googlenet": CAFFE_LAYERS,
    "thin_googlenet": CAFFE_LAYERS,
    "torchvision_googlenet": ("conv3", *(f"inception{name}" for name in INCEPTIONS)),
    "inception_v3": (
        "Conv2d_4a_3x3",
        *(f"Mixed_{name}" for name in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c")),
    ),
}
FAVOURITE = {
    "googlenet": "inception_4c/output",
    "thin_googlenet": "inception_4c/output",
    "torchvision_googlenet": "inception4c",
    "inception_v3": "Mixed_6a",
}
CLASSIFIED_PX = 224

THIN_CLASSES = (
    "tench", "Shih-Tzu", "Rhodesian ridgeback", "beagle", "English foxhound", "Border terrier", "Australian terrier",
    "golden retriever", "English springer", "Old English sheepdog", "Samoyed", "dingo", "cassette player", "chain saw",
    "church", "French horn", "garbage truck", "gas pump", "golf ball", "parachute",
)  # fmt: skip


@dataclass(frozen=True)
class Recogniser:
    """A net ready to dream, what it tells apart, and where its weights came from.

    Args:
        bfloat16: what it computes in, else float32.
    """

    net: nn.Module
    classes: tuple[str, ...]
    loaded: weights.Loaded
    bfloat16: bool = False
    smallest_px: int = 32

    def activation(self, pictures: Tensor, layer: str) -> Tensor:
        """What a layer says, (B, C, H, W), of pictures (B, 3, H, W) in [0, 1]."""
        place = next(self.net.parameters()).device
        with torch.autocast(place.type, torch.bfloat16, enabled=self.bfloat16):
            return self.net(pictures.to(place, memory_format=torch.channels_last), (layer,))[layer].float()


@once
def googlenet() -> Recogniser:
    """The GoogLeNet of the original DeepDream, or in its stead the thin one that learned from it."""
    loaded = weights.load(BVLC_GOOGLENET, THIN_GOOGLENET)
    if loaded.weights is THIN_GOOGLENET:
        return prepared(*ready(ThinGoogLeNet(), loaded), THIN_CLASSES)
    return prepared(*ready(GoogLeNet(), loaded), imagenet_classes())


@once
def thin_googlenet() -> Recogniser:
    """The thin GoogLeNet of this project."""
    return prepared(*trained(ThinGoogLeNet(), THIN_GOOGLENET), THIN_CLASSES)


@once
def torchvision_googlenet() -> Recogniser:
    """torchvision's GoogLeNet, without its auxiliary classifiers."""
    loaded = weights.load(TORCHVISION_GOOGLENET)
    kept = {name: tensor for name, tensor in loaded.tensors.items() if not name.startswith("aux")}
    net = torchvision_models().googlenet(aux_logits=False, init_weights=False)
    return chained(net, LAYERS["torchvision_googlenet"], replace(loaded, tensors=kept))


@once
def inception_v3() -> Recogniser:
    """Inception-v3, without its auxiliary classifier."""
    net = torchvision_models().inception_v3(aux_logits=False, init_weights=False)
    return replace(chained(net, LAYERS["inception_v3"], weights.load(INCEPTION_V3)), smallest_px=75)


LOADERS: dict[NetName, Once[Recogniser]] = {
    "googlenet": googlenet,
    "thin_googlenet": thin_googlenet,
    "torchvision_googlenet": torchvision_googlenet,
    "inception_v3": inception_v3,
}


def load(name: NetName) -> Recogniser:
    """A net with its weights, loaded once; where the original GoogLeNet is not to be had, the thin one.

    Raises:
        WeightsError: if its weights are nowhere to be had, or are not those the manifest names.
    """
    return LOADERS[name]()


def load_for_long_work(name: NetName) -> Recogniser:
    """The same on the device for long work.

    Raises:
        WeightsError: as `load`.
    """
    return load(name) if long_work_device() == device() else on_lent_gpu(name)


@functools.cache
def on_lent_gpu(name: NetName) -> Recogniser:
    """A copy of a net for the GPU that ZeroGPU lends; the first call must be on the main thread and before launch."""
    recogniser, place = load(name), long_work_device()
    net = copy.deepcopy(recogniser.net).to(place.torch_device)
    return replace(recogniser, net=net, bfloat16=computes_bfloat16(place))


def is_loaded(name: NetName) -> bool:
    """Whether `load` would answer at once."""
    return LOADERS[name].is_done()


def chained(net: nn.Module, layers: tuple[str, ...], loaded: weights.Loaded) -> Recogniser:
    """A net of torchvision's, its normalisations folded."""
    net, loaded = ready(net, loaded)
    return prepared(Chain(fold(net), layers), loaded, imagenet_classes())


def prepared(net: nn.Module, loaded: weights.Loaded, classes: tuple[str, ...]) -> Recogniser:
    """The net laid out as this machine computes fastest."""
    return Recogniser(net.to(memory_format=torch.channels_last), classes, loaded, bfloat16=computes_bfloat16())


def torchvision_models() -> ModuleType:
    """torchvision's models, whose import takes a second that few need."""
    import torchvision

    return torchvision.models


def imagenet_classes() -> tuple[str, ...]:
    """The thousand classes of ImageNet 2012, in the order of every classifier here."""
    return tuple(torchvision_models().GoogLeNet_Weights.IMAGENET1K_V1.meta["categories"])


@torch.inference_mode()
def top_five(recogniser: Recogniser, picture: Tensor) -> list[tuple[str, float]]:
    """The five most probable classes of a picture (1, 3, H, W) in [0, 1], its shorter side shrunk to 224."""
    scale = CLASSIFIED_PX / min(picture.shape[2:])
    size = [round(scale * side) for side in picture.shape[2:]]
    chances = recogniser.activation(resized(picture, size), "logits")[0].softmax(dim=0).topk(5)
    return [(recogniser.classes[i], chance) for chance, i in zip(*map(Tensor.tolist, chances), strict=True)]
