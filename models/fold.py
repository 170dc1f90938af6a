"""Nets made quicker to ask, for live controls: each batch normalisation merged into the layer before it."""

from typing import TypeVar

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

Net = TypeVar("Net", bound=nn.Module)


def fold(net: Net) -> Net:
    """The net itself, in eval mode, whose sequences hold no batch normalisation any more and which answers the same."""
    for name, part in net.named_children():
        setattr(net, name, folded(part) if isinstance(part, nn.Sequential) else fold(part))
    return net


def folded(layers: nn.Sequential) -> nn.Sequential:
    """The layers, each normalisation merged into the linear layer or convolution before it."""
    merged: list[nn.Module] = []
    for layer in layers:
        if isinstance(layer, nn.BatchNorm1d):
            merged[-1] = fuse_linear_bn_eval(merged[-1], layer)
        elif isinstance(layer, nn.BatchNorm2d):
            transpose = isinstance(merged[-1], nn.ConvTranspose2d)
            merged[-1] = fuse_conv_bn_eval(merged[-1], layer, transpose=transpose)
        else:
            merged.append(layer)
    return nn.Sequential(*merged)
