"""How fast VGG-19 paints 500 steps at 512 pixels, beside the bare net: `python -m tests.bench.gpu`, where a GPU is.

It needs neither Gradio nor pictures nor trained weights, none of which matters to the time.
"""

import argparse
import time
from collections.abc import Callable

import torch

from models.device import computes_bfloat16, device
from models.frames import finished
from models.nets.vgg import VGG19
from models.painters import Painter
from models.style import StyleParams, transfer
from tests.bench.style_step import bare_step


def seconds(work: Callable[[], object]) -> float:
    """How long it takes until the device has done it."""
    start = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--side", type=int, default=512)
    options = parser.parse_args()
    place = device().torch_device
    torch.manual_seed(0)
    net = VGG19().eval().requires_grad_(False).to(place)
    content, style = torch.rand(2, 1, 3, options.side, options.side).to(place)
    painter = Painter(net.to(memory_format=torch.channels_last), None, computes_bfloat16())

    def paint(steps: int) -> None:
        finished(transfer(painter, content, [style], StyleParams(iterations=steps)))

    def walk(steps: int) -> None:
        for _ in range(steps):
            bare_step(net, content)

    for name, work in (("style_gpu", paint), ("style_gpu_bare", walk)):
        work(5)
        print(f"{name}_{options.side}_{options.steps}it_s: {seconds(lambda w=work: w(options.steps)):.4g}", flush=True)


if __name__ == "__main__":
    main()
