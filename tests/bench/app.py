"""How soon the page answers."""

import statistics
import time
from collections.abc import Iterator

from tests.server import running_app


def start_figures(runs: int = 3) -> Iterator[tuple[str, float]]:
    """Seconds from the command to an answering page."""
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        with running_app():
            seconds.append(time.perf_counter() - start)
    yield "app_start_s", statistics.median(seconds)
