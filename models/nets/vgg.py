"""VGG-19 as far as style and content are read from it. Simonyan, Zisserman 2014, arXiv 1409.1556.

Layers bear the names of Gatys et al. 2015: `conv4_2` is the second convolution of the fourth block, and `relu4_2` what
its rectifier lets through.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.nets.stages import pick

Convolution = Literal[  # block and place in it; of the fifth block as many as are used
    "conv1_1", "conv1_2",
    "conv2_1", "conv2_2",
    "conv3_1", "conv3_2", "conv3_3", "conv3_4",
    "conv4_1", "conv4_2", "conv4_3", "conv4_4",
    "conv5_1",
]  # fmt: skip
CONVOLUTIONS: tuple[Convolution, ...] = get_args(Convolution)
WIDTHS = (64, 128, 256, 512, 512)
THIN_WIDTHS = (16, 32, 64, 128, 128)
MEAN_RGB, STD_RGB = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, from 0 to 1
POOLINGS: dict[str, Callable[..., Tensor]] = {"average": F.avg_pool2d, "max": F.max_pool2d}
RAREST = 0.05  # of the layer's mean activation: a channel that says less is not made louder than this one


class VGG19(nn.Module):
    """Reads pictures in [0, 1], RGB; its parameters bear torchvision's names.

    Args:
        widths: channels of each block.
        deepest: the last of `CONVOLUTIONS` that it has.
        normalised: batch normalisation after every convolution, for training.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, widths: Sequence[int] = WIDTHS, deepest: Convolution = "conv5_1", normalised: bool = False
    ) -> None:
        super().__init__()
        self.features, inputs = nn.Sequential(), 3
        for name in CONVOLUTIONS[: CONVOLUTIONS.index(deepest) + 1]:
            outputs = widths[int(name[4]) - 1]
            if name.endswith("_1") and inputs > 3:
                self.features.append(nn.MaxPool2d(2))
            self.features.append(nn.Conv2d(inputs, outputs, 3, padding=1))
            if normalised:
                self.features.append(nn.BatchNorm2d(outputs))
            self.features.append(nn.ReLU())
            inputs = outputs
        self.register_buffer("mean", torch.tensor(MEAN_RGB).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD_RGB).view(3, 1, 1), persistent=False)

    def stages(self, pictures: Tensor, pooling: str = "max") -> Iterator[tuple[str, Tensor]]:
        """Each convolution and rectifier's activation (B, C, H, W), as soon as it is computed."""
        features, names = (pictures - self.mean) / self.std, iter(CONVOLUTIONS)
        for part in self.features:
            features = POOLINGS[pooling](features, 2) if isinstance(part, nn.MaxPool2d) else part(features)
            if isinstance(part, nn.Conv2d):
                yield (name := next(names)), features
            elif isinstance(part, nn.ReLU):
                yield name.replace("conv", "relu"), features

    def forward(self, pictures: Tensor, layers: Sequence[str], pooling: str = "max") -> dict[str, Tensor]:
        """The activations asked for, by name; nothing is computed beyond the deepest of them."""
        return pick(self.stages(pictures, pooling), layers)


@torch.no_grad()
def balance(net: VGG19, pictures: Tensor) -> VGG19:
    """The net itself, each channel scaled so that what its rectifier lets through has the mean 1 over these pictures.

    So Gatys et al. did: the layers' losses are then of one size, and what follows a channel undoes its scale, so that
    nothing else changes. Pictures are (B, 3, H, W) in [0, 1].
    """
    features, before = (pictures - net.mean) / net.std, torch.ones_like(net.mean[:, 0, 0])
    for part in net.features:
        if isinstance(part, nn.Conv2d):
            part.weight.mul_(before[:, None, None])
            loudness = F.relu(part(features)).mean(dim=(0, 2, 3))
            before = loudness.clamp_min(RAREST * loudness.mean())
            part.weight.div_(before[:, None, None, None])
            if part.bias is not None:
                part.bias.div_(before)
        features = part(features)
    return net
