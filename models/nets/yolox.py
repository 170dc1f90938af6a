"""YOLOX: a one-stage detector that lets every cell of three grids propose one box, without anchors.

Ge, Liu, Wang, Li, Sun 2021, arXiv 2107.08430. Modules and parameters bear the names of the authors' checkpoints.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STRIDES = (8, 16, 32)  # px between the cells of each grid
WIDTHS = (256, 512, 1024)  # of the features behind each grid, times the net's own width
RARE = -4.6  # the logit of 1 %: before training, nearly every cell holds nothing
SIZES = {  # depth, width, depthwise
    "nano": (0.33, 0.25, True),
    "tiny": (0.33, 0.375, False),
    "s": (0.33, 0.50, False),
    "digits": (0.33, 0.109375, False),  # our own, smaller than any of theirs
}


class Convolution(nn.Module):
    """A convolution, normalised, then SiLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03)  # which the checkpoints do not say
        self.act = nn.SiLU(inplace=True)

    def forward(self, features: Tensor) -> Tensor:
        return self.act(self.bn(self.conv(features)))


class Depthwise(nn.Module):
    """The same in two: every channel by itself, then all of them in each place."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.dconv = Convolution(inputs, inputs, kernel, stride, groups=inputs)
        self.pconv = Convolution(inputs, outputs, 1)

    def forward(self, features: Tensor) -> Tensor:
        return self.pconv(self.dconv(features))


Wide = type[Convolution] | type[Depthwise]  # what stands where a kernel is 3 × 3


class Bottleneck(nn.Module):
    """Two convolutions, beside which the features may pass unchanged."""

    def __init__(self, channels: int, shortcut: bool, wide: Wide) -> None:
        super().__init__()
        self.conv1, self.conv2 = Convolution(channels, channels, 1), wide(channels, channels, 3)
        self.shortcut = shortcut

    def forward(self, features: Tensor) -> Tensor:
        seen = self.conv2(self.conv1(features))
        return seen + features if self.shortcut else seen


class CSPLayer(nn.Module):
    """Half of the channels through bottlenecks, half past them (Wang et al. 2019, arXiv 1911.11929)."""

    def __init__(self, inputs: int, outputs: int, depth: int, shortcut: bool, wide: Wide) -> None:
        super().__init__()
        half = outputs // 2
        self.conv1, self.conv2 = Convolution(inputs, half, 1), Convolution(inputs, half, 1)
        self.conv3 = Convolution(2 * half, outputs, 1)
        self.m = nn.Sequential(*(Bottleneck(half, shortcut, wide) for _ in range(depth)))

    def forward(self, features: Tensor) -> Tensor:
        return self.conv3(torch.cat([self.m(self.conv1(features)), self.conv2(features)], dim=1))


class Pyramid(nn.Module):
    """What is strongest near each place, near and far (spatial pyramid pooling)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.conv1 = Convolution(channels, half, 1)
        self.m = nn.ModuleList(nn.MaxPool2d(kernel, 1, kernel // 2) for kernel in (5, 9, 13))
        self.conv2 = Convolution(4 * half, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        features = self.conv1(features)
        return self.conv2(torch.cat([features, *(pool(features) for pool in self.m)], dim=1))


class Focus(nn.Module):
    """Every second pixel of every second row: four small pictures, one upon the other."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.conv = Convolution(12, outputs, 3)

    def forward(self, pictures: Tensor) -> Tensor:
        rows = pictures[..., ::2, :], pictures[..., 1::2, :]
        return self.conv(torch.cat([part[..., start::2] for start in (0, 1) for part in rows], dim=1))


class CSPDarknet(nn.Module):
    """The backbone: features at the strides 8, 16 and 32."""

    def __init__(self, depth: float, width: float, wide: Wide) -> None:
        super().__init__()
        base, once = int(64 * width), max(round(3 * depth), 1)
        self.stem = Focus(base)
        self.dark2 = self.stage(base, once, wide)
        self.dark3 = self.stage(2 * base, 3 * once, wide)
        self.dark4 = self.stage(4 * base, 3 * once, wide)
        self.dark5 = nn.Sequential(
            wide(8 * base, 16 * base, 3, 2),
            Pyramid(16 * base),
            CSPLayer(16 * base, 16 * base, once, shortcut=False, wide=wide),
        )

    def stage(self, channels: int, depth: int, wide: Wide) -> nn.Sequential:
        """Half the size, twice the channels."""
        return nn.Sequential(
            wide(channels, 2 * channels, 3, 2), CSPLayer(2 * channels, 2 * channels, depth, shortcut=True, wide=wide)
        )

    def forward(self, pictures: Tensor) -> list[Tensor]:
        near = self.dark3(self.dark2(self.stem(pictures)))
        middle = self.dark4(near)
        return [near, middle, self.dark5(middle)]


class PAFPN(nn.Module):
    """The neck: coarse features are told to the fine grids, then fine ones to the coarse (arXiv 1803.01534)."""

    def __init__(self, depth: float, width: float, wide: Wide) -> None:
        super().__init__()
        near, middle, far = (int(channels * width) for channels in WIDTHS)
        once = round(3 * depth)
        self.backbone = CSPDarknet(depth, width, wide)
        self.lateral_conv0, self.reduce_conv1 = Convolution(far, middle, 1), Convolution(middle, near, 1)
        self.bu_conv2, self.bu_conv1 = wide(near, near, 3, 2), wide(middle, middle, 3, 2)
        self.C3_p4 = CSPLayer(2 * middle, middle, once, shortcut=False, wide=wide)
        self.C3_p3 = CSPLayer(2 * near, near, once, shortcut=False, wide=wide)
        self.C3_n3 = CSPLayer(2 * near, middle, once, shortcut=False, wide=wide)
        self.C3_n4 = CSPLayer(2 * middle, far, once, shortcut=False, wide=wide)

    def forward(self, near: Tensor, middle: Tensor, far: Tensor) -> list[Tensor]:
        far = self.lateral_conv0(far)
        middle = self.reduce_conv1(self.C3_p4(torch.cat([F.interpolate(far, scale_factor=2.0), middle], dim=1)))
        near = self.C3_p3(torch.cat([F.interpolate(middle, scale_factor=2.0), near], dim=1))
        middle = self.C3_n3(torch.cat([self.bu_conv2(near), middle], dim=1))
        return [near, middle, self.C3_n4(torch.cat([self.bu_conv1(middle), far], dim=1))]


class Head(nn.Module):
    """Three heads, one a grid: where the box is, whether there is a thing at all, and of which class it would be."""

    def __init__(self, classes: int, width: float, wide: Wide) -> None:
        super().__init__()
        hidden = int(256 * width)
        self.stems = nn.ModuleList(Convolution(int(channels * width), hidden, 1) for channels in WIDTHS)
        self.cls_convs, self.reg_convs = (
            nn.ModuleList(nn.Sequential(wide(hidden, hidden, 3), wide(hidden, hidden, 3)) for _ in STRIDES)
            for _ in range(2)
        )
        self.cls_preds, self.reg_preds, self.obj_preds = (
            nn.ModuleList(nn.Conv2d(hidden, outputs, 1) for _ in STRIDES) for outputs in (classes, 4, 1)
        )
        for layer in (*self.cls_preds, *self.obj_preds):
            nn.init.constant_(layer.bias, RARE)

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        return [self.grid(place, part) for place, part in enumerate(features)]

    def grid(self, place: int, features: Tensor) -> Tensor:
        """One grid's box, objectness and classes, (B, 5 + K, H, W)."""
        features = self.stems[place](features)
        kind, where = self.cls_convs[place](features), self.reg_convs[place](features)
        return torch.cat(
            [self.reg_preds[place](where), self.obj_preds[place](where), self.cls_preds[place](kind)], dim=1
        )


class YOLOX(nn.Module):
    """Candidates, one a cell, of pictures in [0, 1], RGB; inside it reckons as its authors did, in BGR up to 255."""

    def __init__(self, classes: int, depth: float, width: float, depthwise: bool = False) -> None:
        super().__init__()
        wide = Depthwise if depthwise else Convolution
        self.backbone, self.head = PAFPN(depth, width, wide), Head(classes, width, wide)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, N, 5 + K) of pictures (B, 3, H, W) whose sides are multiples of 32, grid after grid, row by row.

        The box's centre from the cell's corner and the logarithms of its size, all in strides, then its objectness
        and what speaks for each class, from 0 to 1.
        """
        answer = self.logits(self.features(pictures)[3:])
        return torch.cat([answer[..., :4], answer[..., 4:].sigmoid()], dim=2)

    def features(self, pictures: Tensor) -> list[Tensor]:
        """Six maps (B, C, H, W): of the backbone at three strides, then of the neck."""
        red, green, blue = pictures.split(1, dim=1)
        seen = self.backbone.backbone(torch.cat([blue, green, red], dim=1) * 255)
        return [*seen, *self.backbone(*seen)]

    def logits(self, features: Sequence[Tensor]) -> Tensor:
        """What `forward` returns, of the neck's features, before it is squeezed between 0 and 1."""
        return torch.cat([grid.flatten(2) for grid in self.head(features)], dim=2).transpose(1, 2)


def yolox(size: str, classes: int = 80) -> YOLOX:
    """An untrained net of one of the `SIZES`."""
    depth, width, depthwise = SIZES[size]
    return YOLOX(classes, depth, width, depthwise)
