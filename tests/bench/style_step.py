"""The bare net that a step of neural style is held against."""

import torch
from torch import nn

from models.style import STYLE_LAYERS

LAYERS = (*(name.replace("conv", "relu") for name in STYLE_LAYERS), "relu4_2")


def bare_step(net: nn.Module, picture: torch.Tensor) -> None:
    """Forward to relu5_1 and back to the picture, nothing else."""
    picture = picture.detach().requires_grad_()
    torch.autograd.grad(net(picture, LAYERS, "average")["relu5_1"].sum(), picture)
