"""How fast the Eigenfaces tab is: its fit beside the bare Gram matrix, a projection, from a slider to the face."""

import asyncio
import statistics
from collections.abc import Iterator

import torch

from demos.eigenfaces_answers import rebuild
from models import eigenfaces
from models.face_space import fit, project
from tests.bench.clock import milliseconds, slide
from tests.server import running_app


def net_figures() -> Iterator[tuple[str, float]]:
    """The fit of 400 faces of 112 × 92 pixels beside A·Aᵀ alone, both in float64; a projection; a slider's answer."""
    pictures = torch.rand(400, 112, 92, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rows, runs = pictures.flatten(1), ([], [])
    for _ in range(20):
        for work, times in zip((lambda: fit(pictures, eigenfaces.COUNT), lambda: rows @ rows.T), runs, strict=True):
            times += milliseconds(work, 1)
    fitting, product = map(min, runs)
    yield "eigenfaces_fit_over_gram", fitting / product
    trained, _ = eigenfaces.load()
    face = eigenfaces.made(trained, "mean")[None]
    yield "eigenfaces_projection_ms", statistics.median(milliseconds(lambda: project(trained.space, face), 500))
    asked = {"weights": trained.gallery[0].tolist(), "moves": [0.0] * eigenfaces.SLIDERS, "k": eigenfaces.COUNT}
    yield "eigenfaces_server_ms", statistics.median(milliseconds(lambda: asyncio.run(rebuild(asked)), 300))


def page_figures() -> Iterator[tuple[str, float]]:
    """From a weight's slider to the rebuilt face in a browser."""
    with running_app() as url:
        ready = ".cn-sum .cn-slide:enabled"
        waits = slide(f"{url}?demo=eigenfaces&v=1", ready, "[data-face=sum]", ".cn-sum .cn-slide")
        yield "eigenfaces_slider_ms_median", statistics.median(waits)
        yield "eigenfaces_slider_ms_p95", waits[int(0.95 * len(waits))]
