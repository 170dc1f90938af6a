"""What the speed figures are taken with."""

import time
from collections.abc import Callable

from playwright.sync_api import sync_playwright

from tests.browser.find import chromium

# From an input event to the pixels on the canvas, as the page itself sees it.
SLIDE = """async ([times, picture, inputs]) => {
  const canvas = document.querySelector(picture), sliders = document.querySelectorAll(inputs);
  const put = CanvasRenderingContext2D.prototype.putImageData;
  let painted;
  CanvasRenderingContext2D.prototype.putImageData = function (...image) {
    put.apply(this, image);
    if (this.canvas === canvas) painted?.(performance.now());
  };
  const waits = [];
  for (let i = 0; i < times; i++) {
    const slider = sliders[i % sliders.length];
    slider.value = slider.value > 0 ? -0.15 : 0.15;
    const seen = new Promise((resolve) => { painted = resolve; }), start = performance.now();
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    waits.push(await seen - start);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  CanvasRenderingContext2D.prototype.putImageData = put;
  return waits;
}"""


def milliseconds(work: Callable[[], object], runs: int) -> list[float]:
    """How long each run takes, after three that do not count."""
    times = []
    for _ in range(runs + 3):
        start = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - start))
    return times[3:]


def slide(url: str, ready: str, canvas: str, sliders: str, times: int = 200) -> list[float]:
    """Milliseconds, in order of size, from a slider's event to the canvas it changes, in a page that is ready."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(url)
        page.wait_for_selector(ready)
        page.evaluate(SLIDE, [20, canvas, sliders])
        return sorted(page.evaluate(SLIDE, [times, canvas, sliders]))
