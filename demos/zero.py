"""Long work on a ZeroGPU Space, which lends its GPU call by call and lets each visitor have a few minutes of it a day.

The rest of the app stays on the CPU there, where it costs nobody's minutes.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

import gradio as gr

from demos.refusals import sentence_for
from demos.running import LONGEST_MS
from models import painters, recognisers
from models.device import on_zero_gpu
from weights import WeightsError

# The seconds asked for are what counts, used or not, and a visitor without an account has 120 a day.
DREAM_S = 20  # a film of a dozen frames among them, about 500 steps
PAINTING_S = 30  # a thousand steps of the usual size
FIGURE_S = 60  # up to twenty paintings
SPARE_S = 5  # of these, to bring the nets to the GPU and the last picture back

Given = ParamSpec("Given")
Told = TypeVar("Told")
Work = Callable[Given, Iterator[Told]]


def prepare() -> None:
    """Make ready every net that works for long; to be called on the main thread before launch: later is too late.

    Elsewhere than on a Space with ZeroGPU, nets are loaded when somebody first asks for them.
    """
    for kind in (recognisers, painters) if on_zero_gpu() else ():
        for name in kind.NETS:
            with contextlib.suppress(WeightsError):  # whoever asks for the net is told
                kind.load_for_long_work(name)


def longest_ms(seconds: float) -> float:
    """After how long a run ends itself with what it has: a lent GPU is taken back with all that it made."""
    return 1000 * (seconds - SPARE_S) if on_zero_gpu() else LONGEST_MS


def lent(seconds: float) -> Callable[[Work], Work]:
    """Decorates a generator function whose work is long: where ZeroGPU is, it runs in a process that has the GPU.

    What it is given and what it yields crosses over as a copy, what else it changes is lost, and a fault becomes a
    `gr.Error` with its sentence, for no other keeps its words on the way back. Elsewhere it is as it was.
    """

    def decorate(work: Work) -> Work:
        if not on_zero_gpu():
            return work
        import spaces  # which only a Space has

        @functools.wraps(work)
        def speaking(*given: Given.args, **named: Given.kwargs) -> Iterator[Told]:
            try:
                yield from work(*given, **named)
            except Exception as fault:
                raise gr.Error(sentence_for(fault), print_exception=False) from fault

        return spaces.GPU(duration=seconds)(speaking)

    return decorate
