"""The nets that paint: VGG-19, balanced as Gatys et al. did, and the thin one of this project."""

import copy
import functools
from collections.abc import Collection
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Literal, get_args

import torch
from torch import Tensor

import weights
from models.device import computes_bfloat16, device, long_work_device
from models.images import read_picture, resized, to_tensor
from models.nets.vgg import THIN_WIDTHS, VGG19, balance
from models.once import Once, once, ready, trained
from weights.manifest import THIN_VGG19
from weights.manifest import VGG19 as VGG19_WEIGHTS

NetName = Literal["thin_vgg19", "vgg19"]
NETS = get_args(NetName)
# Pictures of many kinds and colours that scikit-image ships, to balance a net on, each a square of this side: with few
# of them, some channels would hardly speak and be made far too loud.
PHOTOGRAPHS = (
    *("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png", "coins.png", "color.png"),
    *("brick.png", "grass.png", "gravel.png", "hubble_deep_field.jpg", "ihc.png", "retina.jpg"),
)
BALANCED_PX = 224


@dataclass(frozen=True, eq=False)
class Painter:
    """A net ready to look, and where its weights came from.

    Args:
        bfloat16: what it computes in, else float32.
    """

    net: VGG19
    loaded: weights.Loaded
    bfloat16: bool = False

    def activations(self, pictures: Tensor, layers: Collection[str], pooling: str = "average") -> dict[str, Tensor]:
        """What rectified layers say, by their convolutions' names, of pictures (B, 3, H, W) in [0, 1]."""
        place = next(self.net.parameters()).device
        names = {name.replace("conv", "relu"): name for name in layers}
        pictures = pictures.to(place, memory_format=torch.channels_last)
        with torch.autocast(place.type, torch.bfloat16, enabled=self.bfloat16):
            return {names[name]: said for name, said in self.net(pictures, names, pooling).items()}


@once
def vgg19() -> Painter:
    """VGG-19, or in its stead the thin one that learned from it."""
    loaded = weights.load(VGG19_WEIGHTS, THIN_VGG19)
    if loaded.weights is THIN_VGG19:
        return prepared(*ready(VGG19(THIN_WIDTHS), loaded))
    net = VGG19()
    kept = {name: tensor for name, tensor in loaded.tensors.items() if name in net.state_dict()}  # to conv5_1
    net, loaded = ready(net, replace(loaded, tensors=kept))
    place = next(net.parameters()).device
    return prepared(balance(net, photographs().to(place)), loaded)


@once
def thin_vgg19() -> Painter:
    """The thin VGG-19 of this project."""
    return prepared(*trained(VGG19(THIN_WIDTHS), THIN_VGG19))


LOADERS: dict[NetName, Once[Painter]] = {"thin_vgg19": thin_vgg19, "vgg19": vgg19}


def load(name: NetName) -> Painter:
    """A net with its weights, loaded once; where VGG-19 is not to be had, the thin one.

    Raises:
        WeightsError: if its weights are not those the manifest names.
    """
    return LOADERS[name]()


def load_for_long_work(name: NetName) -> Painter:
    """The same on the device for long work.

    Raises:
        WeightsError: as `load`.
    """
    return load(name) if long_work_device() == device() else on_lent_gpu(name)


@functools.cache
def on_lent_gpu(name: NetName) -> Painter:
    """A copy of a net for the GPU that ZeroGPU lends; the first call must be on the main thread and before launch."""
    painter, place = load(name), long_work_device()
    net = copy.deepcopy(painter.net).to(place.torch_device)
    return replace(painter, net=net, bfloat16=computes_bfloat16(place))


def is_loaded(name: NetName) -> bool:
    """Whether `load` would answer at once."""
    return LOADERS[name].is_done()


def prepared(net: VGG19, loaded: weights.Loaded) -> Painter:
    """The net laid out as this machine computes fastest."""
    return Painter(net.to(memory_format=torch.channels_last), loaded, computes_bfloat16())


@functools.cache
def photographs() -> Tensor:
    """Thirteen pictures (B, 3, 224, 224) in [0, 1]."""
    folder, square = files("skimage") / "data", (BALANCED_PX, BALANCED_PX)
    pictures = [to_tensor(read_picture((folder / name).read_bytes())) for name in PHOTOGRAPHS]
    return torch.cat([resized(picture, square) for picture in pictures])
