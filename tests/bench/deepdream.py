"""How fast dreams grow: a step against the bare net, whole runs, and the first frame."""

import statistics
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import nn

from demos.deepdream_run import Task, messages
from models import recognisers
from models.deepdream import DeepDreamParams, dream, noise, step, whole_layer
from models.nets.googlenet import GoogLeNet
from models.recognisers import Recogniser
from tests.bench.clock import milliseconds

SIDE_PX = 384
PARAMS = DeepDreamParams(net="thin_googlenet")
LAYER = PARAMS.excited


def original() -> Recogniser:
    """The whole GoogLeNet as the app lays it out; its weights do not matter here."""
    torch.manual_seed(0)
    loaded = recognisers.load("thin_googlenet").loaded
    return recognisers.prepared(GoogLeNet().eval().requires_grad_(False), loaded, ())


def bare_step(net: nn.Module, picture: torch.Tensor) -> None:
    """Forward to the layer and back to the picture, nothing else."""
    picture = picture.detach().requires_grad_()
    torch.autograd.grad(net(picture, (LAYER,))[LAYER].square().sum(), picture)


def net_figures() -> Iterator[tuple[str, float]]:
    """A step of the original against plain PyTorch in float32, in pairs; and runs of 4 octaves of 10 steps."""
    torch.manual_seed(0)
    bare = GoogLeNet().eval().requires_grad_(False)
    bare.normalise = nn.LocalResponseNorm(5)
    whole, picture = original(), noise(1, SIDE_PX, SIDE_PX, seed=0)
    for name, half in [("fp32", False), ("bf16", True)]:
        dreamer, ratios = replace(whole, bfloat16=half), []
        for _ in range(12):
            [ours] = milliseconds(lambda d=dreamer: step(d, picture, PARAMS, whole_layer, (3, 5)), 1)
            [theirs] = milliseconds(lambda: bare_step(bare, picture), 1)
            ratios.append(ours / theirs)
        yield f"deepdream_step_over_limit_{name}", statistics.median(ratios)
    for name, dreamer in [("embedded", recognisers.load("thin_googlenet")), ("original", whole)]:
        runs = milliseconds(lambda d=dreamer: list(dream(d, picture, PARAMS, whole_layer)), 3)
        yield f"deepdream_{name}_384_s", statistics.median(runs) / 1000
    first = milliseconds(lambda: next(messages(PARAMS, Task())), 10)
    yield "deepdream_first_frame_s", statistics.median(first) / 1000
