"""How fast the YOLO tab is: its net beside its limit, from cells to boxes, and from a threshold to a new picture."""

import statistics
from collections.abc import Callable, Iterator

import torch
from playwright.sync_api import sync_playwright
from torch.utils.flop_counter import FlopCounterMode

from models import yolo
from models.fold import fold
from models.graphs import graph_of, session
from models.nets.yolox import yolox
from tests.bench.clock import milliseconds
from tests.browser.find import chromium
from tests.server import running_app

SIDE_PX, EDGE = 416, 1024  # of the picture, and of the matrices
PAIRS = 60

# From a slider's event to the boxes that it changes, as the page itself sees it.
THRESHOLDS = """async (times) => {
  const picture = document.querySelector('.cn-scene svg');
  const slider = document.querySelector('.cn-column-boxes .cn-slide');
  let painted;
  new MutationObserver(() => painted?.(performance.now())).observe(picture, { childList: true });
  const waits = [];
  for (let i = 0; i < times; i++) {
    slider.value = i % 2 ? 0.05 : 0.02;
    const seen = new Promise((resolve) => { painted = resolve; }), start = performance.now();
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    waits.push(await seen - start);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return waits;
}"""


def net_figures() -> Iterator[tuple[str, float]]:
    """YOLOX-nano on two cores beside what a matrix product at its peak would take; decoding with suppression."""
    net, picture, matrix = fold(yolox("nano").eval()), torch.rand(1, 3, SIDE_PX, SIDE_PX), torch.rand(EDGE, EDGE)
    with torch.inference_mode(), FlopCounterMode(display=False) as counted:
        net(picture)
    answer, runs = session(graph_of(net, SIDE_PX)), ([], [])
    with torch.inference_mode():
        for _ in range(PAIRS):
            for work, times in zip((lambda: answer(picture), lambda: matrix @ matrix), runs, strict=True):
                times += milliseconds(work, 1)
    forward, product = map(min, runs)
    yield "yolo_forward_over_limit", forward / (product * counted.get_total_flops() / (2 * EDGE**3))
    yield "yolo_postprocess_ms", statistics.median(milliseconds(crowded(), 200))


def crowded() -> Callable[[], object]:
    """The way from a net's answer to boxes: 3,549 candidates, and ten things that six cells each tell of."""
    told, cells = torch.zeros(3549, 85), torch.arange(10)[:, None] * 260 + torch.arange(6)
    told[cells, 0] = -torch.arange(6.0)  # they all mean the first one's box
    told[cells, 2:4] = 2
    told[cells, 4:6] = torch.linspace(0.95, 0.85, 6)[:, None]
    params, given = yolo.YOLOParams(), torch.zeros(1, 3, SIDE_PX, SIDE_PX)
    return lambda: yolo.surviving(yolo.candidates(told, given, (1.0, 1.0)), params)


def page_figures() -> Iterator[tuple[str, float]]:
    """From a threshold to a new picture in a browser, with 3,549 candidates."""
    with running_app() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{url}?demo=yolo&picture=cat&net=street&v=1")
        page.wait_for_selector(".cn-answered-once")
        page.evaluate(THRESHOLDS, 20)
        waits = sorted(page.evaluate(THRESHOLDS, 200))
        yield "yolo_threshold_ms_median", statistics.median(waits)
        yield "yolo_threshold_ms_p95", waits[int(0.95 * len(waits))]
