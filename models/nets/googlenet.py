"""GoogLeNet as Caffe's model zoo trained it, the net of the original DeepDream, and a thin one of this project.

Szegedy et al. 2014, arXiv 1409.4842. Layers bear Caffe's names: `conv2/3x3`, `inception_4c/output`, and so on; each is
what its rectifier lets through.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.nets.stages import pick

# Channels of an inception module: 1×1, 3×3 reduced, 3×3, 5×5 reduced, 5×5, pooled.
INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
STEM = (64, 64, 192)
MEAN_BGR = (104.0, 117.0, 123.0)  # of ImageNet, from 0 to 255
POOLED_BEFORE = ("4a", "5a")


def convolution(
    inputs: int, outputs: int, kernel_size: int, stride: int = 1, normalised: bool = False
) -> nn.Sequential:
    """A convolution that keeps the size but for its stride, batch-normalised where asked for, and rectified."""
    layers = nn.Sequential()
    layers.conv = nn.Conv2d(inputs, outputs, kernel_size, stride, kernel_size // 2, bias=not normalised)
    if normalised:
        layers.norm = nn.BatchNorm2d(outputs)
    layers.relu = nn.ReLU(inplace=True)
    return layers


def local_response_normalised(features: Tensor) -> Tensor:
    """Features (B, C, H, W), each divided by how much its five neighbouring channels say (Krizhevsky et al. 2012).

    As `torch.nn.LocalResponseNorm(5)`, in half the time.
    """
    channels = features.shape[1]
    squares = F.pad(features.square(), (0, 0, 0, 0, 2, 2))
    scale = 1 + 1e-4 / 5 * functools.reduce(torch.add, (squares[:, start : start + channels] for start in range(5)))
    return features * (scale.rsqrt() * scale.sqrt().rsqrt())  # scale to the power of −0.75


class Inception(nn.Module):
    """Four views of the same place, side by side: 1×1, 3×3, 5×5, and what pooling leaves."""

    def __init__(self, inputs: int, channels: Sequence[int], normalised: bool) -> None:
        super().__init__()
        one, three_reduced, three, five_reduced, five, pooled = channels

        def convolve(inputs: int, outputs: int, kernel_size: int) -> nn.Sequential:
            return convolution(inputs, outputs, kernel_size, normalised=normalised)

        self.branch1 = convolve(inputs, one, 1)
        self.branch2 = nn.Sequential(convolve(inputs, three_reduced, 1), convolve(three_reduced, three, 3))
        self.branch3 = nn.Sequential(convolve(inputs, five_reduced, 1), convolve(five_reduced, five, 5))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), convolve(inputs, pooled, 1))
        self.channels = one + three + five + pooled

    def stages(self, features: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Each activation of the module (B, C, H, W), by Caffe's name for it, as soon as it is computed."""
        yield "1x1", (one := self.branch1(features))
        yield "3x3_reduce", (reduced := self.branch2[0](features))
        yield "3x3", (three := self.branch2[1](reduced))
        yield "5x5_reduce", (reduced := self.branch3[0](features))
        yield "5x5", (five := self.branch3[1](reduced))
        yield "pool", (pooled := self.branch4[0](features))
        yield "pool_proj", (projected := self.branch4[1](pooled))
        yield "output", torch.cat([one, three, five, projected], dim=1)


class GoogLeNet(nn.Module):
    """Reads pictures in [0, 1], RGB: 6,998,552 parameters with the paper's channels.

    Args:
        stem, inceptions: the channels of its first three convolutions and of each inception module.
        original: local response normalisation as in the paper, else none.
        normalised: batch normalisation in every convolution, for training.
    """

    mean: Tensor

    def __init__(
        self,
        classes: int = 1000,
        stem: Sequence[int] = STEM,
        inceptions: Mapping[str, Sequence[int]] = INCEPTIONS,
        original: bool = True,
        normalised: bool = False,
    ) -> None:
        super().__init__()
        self.conv1 = convolution(3, stem[0], 7, stride=2, normalised=normalised)
        self.conv2 = convolution(stem[0], stem[1], 1, normalised=normalised)
        self.conv3 = convolution(stem[1], stem[2], 3, normalised=normalised)
        inputs = stem[2]
        for name, channels in inceptions.items():
            module = Inception(inputs, channels, normalised)
            self.add_module(f"inception{name}", module)
            inputs = module.channels
        self.fc = nn.Linear(inputs, classes)
        self.pool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.normalise = local_response_normalised if original else nn.Identity()
        self.register_buffer("mean", torch.tensor(MEAN_BGR).view(3, 1, 1), persistent=False)

    def stages(self, pictures: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Each activation (B, C, H, W), by Caffe's name, as soon as it is computed; at last "logits" (B, classes)."""
        yield "conv1/7x7_s2", (features := self.conv1(255 * pictures.flip(1) - self.mean))
        yield "conv2/3x3_reduce", (features := self.conv2(self.normalise(self.pool(features))))
        yield "conv2/3x3", (features := self.conv3(features))
        features = self.pool(self.normalise(features))
        for name, module in self.inceptions():
            if name in POOLED_BEFORE:
                features = self.pool(features)
            for branch, activation in module.stages(features):
                yield f"inception_{name}/{branch}", activation
            features = activation
        yield "logits", self.fc(features.mean(dim=(2, 3)))

    def inceptions(self) -> Iterator[tuple[str, Inception]]:
        """The inception modules, from low to high: "3a", "3b", and so on."""
        for name, part in self.named_children():
            if isinstance(part, Inception):
                yield name.removeprefix("inception"), part

    def forward(self, pictures: Tensor, layers: Sequence[str] = ("logits",)) -> dict[str, Tensor]:
        """The activations asked for, by name; nothing is computed beyond the deepest of them."""
        return pick(self.stages(pictures), layers)


THIN = {name: [count // (4 if name in ("5a", "5b") else 2) for count in counts] for name, counts in INCEPTIONS.items()}
# The layers for which the thin net says what the whole one would, and how many channels it has and had there.
MIRRORED = {
    "conv2/3x3": (96, 192),
    "inception_3a/output": (128, 256),
    "inception_3b/5x5_reduce": (16, 32),
    "inception_3b/output": (240, 480),
    "inception_4a/output": (256, 512),
    "inception_4b/output": (256, 512),
    "inception_4c/output": (256, 512),
    "inception_4d/output": (264, 528),
}


class ThinGoogLeNet(nn.Module):
    """A GoogLeNet of half the channels, at the top a quarter, from which it tells what the whole one would say.

    Args:
        normalised: batch normalisation in every convolution, for training.
    """

    def __init__(self, classes: int = 20, normalised: bool = False) -> None:
        super().__init__()
        stem = [count // 2 for count in STEM]
        self.trunk = GoogLeNet(classes, stem, THIN, original=False, normalised=normalised)
        self.mirrors = nn.ModuleDict({name: nn.Conv2d(*channels, 1) for name, channels in MIRRORED.items()})

    def stages(self, pictures: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Each activation, as of the whole net; those that no mirror maps have channels of their own."""
        for name, activation in self.trunk.stages(pictures):
            yield name, F.relu(self.mirrors[name](activation)) if name in self.mirrors else activation

    forward = GoogLeNet.forward
