"""Nets as ONNX graphs: they answer as the nets do, alone and side by side, or say what they cannot write down."""

import copy
import functools
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from models.fold import fold
from models.graphs import graph_of, session
from models.nets.yolox import YOLOX, yolox


def pictures(side_px: int, count: int = 1) -> torch.Tensor:
    """Noise of two sizes, so that both pixels and larger things matter."""
    dice = torch.Generator().manual_seed(0)
    large, small = (torch.rand(count, 3, side, side, generator=dice) for side in (side_px // 16, side_px))
    return (F.interpolate(large, size=side_px) + small) / 2


@functools.cache
def folded(size: str) -> YOLOX:
    """A net whose normalisations were those of its features, so that its answers depend on the picture."""
    torch.manual_seed(0)
    net = yolox(size, classes=10)
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 1.0
    with torch.no_grad():
        net(pictures(96, count=8))
    return fold(net.eval()).requires_grad_(False)


@pytest.mark.parametrize("side_px", [64, 96])
@pytest.mark.parametrize("size", ["nano", "digits", "tiny"])
def test_graph_answers_as_exactly_as_its_net(size, side_px):
    net, seen = folded(size), pictures(side_px)
    answer, exact = session(graph_of(net, side_px), threads=1)(seen), copy.deepcopy(net).double()(seen.double())
    assert answer.shape == exact.shape == (1, sum((side_px // stride) ** 2 for stride in (8, 16, 32)), 15)
    assert (answer - exact).abs().max() < 4 * (net(seen) - exact).abs().max()  # which rounds too
    assert (exact - exact.mean(dim=1)).abs().max() > 0.1


def test_layout_of_a_picture_does_not_matter():
    answer, seen = session(graph_of(folded("digits"), 64)), pictures(64)
    assert torch.equal(answer(seen.contiguous(memory_format=torch.channels_last)), answer(seen))


class Squeezing(nn.Module):
    """A net that does one thing to a picture."""

    def __init__(self, squeeze) -> None:
        super().__init__()
        self.squeeze = squeeze

    def forward(self, seen):
        return self.squeeze(seen)


@pytest.mark.parametrize(
    ("squeeze", "name"),
    [
        (nn.Softplus(), "softplus"),
        (torch.tanh, "tanh"),
        (lambda seen: seen.erf(), "erf"),
        (lambda seen: seen - 1, "sub"),
        (lambda seen: seen[:, 1:], r"\(slice.*\)"),
    ],
)
def test_unknown_operation_is_refused_by_name(squeeze, name):
    with pytest.raises(ValueError, match=f"got {name}$"):
        graph_of(Squeezing(squeeze), 64)


def test_net_that_still_normalises_is_refused():
    with pytest.raises(ValueError, match=r"got batch_norm$"):
        graph_of(yolox("digits").eval(), 64)


def test_other_threads_may_ask_their_nets_meanwhile():
    net, other, seen = folded("digits"), nn.Sequential(nn.Linear(8, 8), nn.Tanh()), torch.rand(1, 8)
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(graph_of, net, 64)
        while not writing.done():
            other(seen)
    assert writing.result()


def test_session_remembers_no_picture():
    answer, (one, other) = session(graph_of(folded("nano"), 64)), pictures(64, count=2).split(1)
    first = answer(one)
    kept = first.clone()
    assert not torch.equal(answer(other), kept)
    assert torch.equal(first, kept)
    assert torch.equal(answer(one), kept)


def test_two_threads_may_ask_one_session_at_once():
    answer, seen = session(graph_of(folded("nano"), 64), threads=2), pictures(64, count=8).split(1)
    alone = [answer(picture) for picture in seen]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(answer, 5 * seen))
    assert all(torch.equal(one, other) for one, other in zip(together, 5 * alone, strict=True))
