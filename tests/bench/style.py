"""How fast pictures are painted: a step against the bare net, what bfloat16 costs, and a whole run."""

import statistics
from collections.abc import Iterator
from dataclasses import replace

import torch

from demos.pictures import opened_style
from demos.style_run import content_of
from models import painters
from models.frames import finished
from models.images import to_tensor
from models.nets.vgg import VGG19
from models.painters import Painter
from models.style import StyleParams, aim_of, losses, transfer
from tests.bench.clock import milliseconds
from tests.bench.style_step import bare_step

PARAMS = StyleParams(size_px=256, iterations=100)


def whole() -> Painter:
    """The whole VGG-19 as the app lays it out; its weights do not matter here."""
    torch.manual_seed(0)
    return painters.prepared(VGG19().eval().requires_grad_(False), painters.load("thin_vgg19").loaded)


def net_figures() -> Iterator[tuple[str, float]]:
    """A step with VGG-19 against plain PyTorch in float32, in pairs; and runs of 100 steps with the embedded net."""
    content, style = content_of(PARAMS), to_tensor(opened_style(PARAMS.style))
    torch.manual_seed(0)
    bare = VGG19().eval().requires_grad_(False)
    for name, half in [("fp32", False), ("bf16", True)]:
        work, ratios = transfer(replace(whole(), bfloat16=half), content, [style], PARAMS), []
        next(work)
        for _ in range(9):
            [ours] = milliseconds(lambda w=work: next(w), 1)
            [theirs] = milliseconds(lambda: bare_step(bare, content), 1)
            ratios.append(ours / theirs)
        yield f"style_iteration_over_limit_{name}", statistics.median(ratios)
    thin = painters.load("thin_vgg19")
    ends = []
    for half in (True, False):
        painted = finished(transfer(replace(thin, bfloat16=half), content, [style], PARAMS)).picture
        exact = replace(thin, bfloat16=False)
        terms, _ = losses(exact, painted, aim_of(exact, content, [style], PARAMS), PARAMS)
        ends.append(sum(terms.values()).item())
    yield "style_bf16_loss_ratio", ends[0] / ends[1]
    runs = milliseconds(lambda: finished(transfer(thin, content, [style], PARAMS)), 3)
    yield "style_embedded_256_100it_s", statistics.median(runs) / 1000
