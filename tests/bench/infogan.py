"""How fast the InfoGAN tab is: its nets, and the way from a slider to a new picture."""

import statistics
from collections.abc import Iterator

import torch

from demos.infogan_answers import shown
from models import infogan
from tests.bench.clock import milliseconds, slide
from tests.server import running_app


def net_figures() -> Iterator[tuple[str, float]]:
    """Both generators and Q, as one slider event asks for them, at batch 1."""
    nets, _ = infogan.load()
    codes = infogan.Codes()
    noise, c1, styles = infogan.noise_of(7), infogan.one_hot(nets, torch.tensor([2])), torch.zeros(2)
    once = milliseconds(lambda: infogan.generate(nets.generator, noise, c1, styles), 300)
    yield "infogan_generator_ms", statistics.median(once)
    yield "infogan_server_ms", statistics.median(milliseconds(lambda: shown(nets, codes), 300))


def page_figures() -> Iterator[tuple[str, float]]:
    """From a slider to a new picture in a browser."""
    with running_app() as url:
        address = f"{url}?demo=infogan&v=1"
        waits = slide(address, ready=".cn-codes .cn-read b", canvas=".cn-shown", sliders=".cn-style input")
    yield "infogan_slider_ms_median", statistics.median(waits)
    yield "infogan_slider_ms_p95", waits[int(0.95 * len(waits))]
