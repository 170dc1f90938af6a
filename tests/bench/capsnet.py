"""How fast the CapsNet tab is: its net, and the way from a slider to a new picture."""

import http.client
import json
import statistics
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from urllib.parse import urlparse

import torch
from playwright.sync_api import sync_playwright

from models import capsnet
from tests.browser.find import chromium
from tests.server import running_app

# From an input event to the pixels on the canvas, as the page itself sees it.
SLIDE = """async (times) => {
  const canvas = document.querySelector('.cn-perturbed'), sliders = document.querySelectorAll('.cn-bank input');
  const put = CanvasRenderingContext2D.prototype.putImageData;
  let painted;
  CanvasRenderingContext2D.prototype.putImageData = function (...image) {
    put.apply(this, image);
    if (this.canvas === canvas) painted?.(performance.now());
  };
  const waits = [];
  for (let i = 0; i < times; i++) {
    const slider = sliders[i % 16];
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


def net_figures() -> Iterator[tuple[str, float]]:
    """The decoder alone, and the whole net against its two convolutions, in pairs."""
    net, _ = capsnet.load()
    pose = torch.zeros(1, 16)
    yield "capsnet_decoder_ms", statistics.median(milliseconds(lambda: capsnet.reconstruct(net, 5, pose), 300))
    for batch, name in [(1, "capsnet_forward_over_convs"), (128, "capsnet_forward_over_convs_batch_128")]:
        pictures = torch.rand(batch, 1, 28, 28)
        digits = torch.zeros(batch, dtype=torch.long)
        with torch.inference_mode():
            ratios = []
            for _ in range(40 if batch == 1 else 7):
                [whole] = milliseconds(lambda p=pictures, d=digits: net.reconstruct(net(p), d), 1)
                [convs] = milliseconds(lambda p=pictures: net.primary(net.conv(p)), 1)
                ratios.append(whole / convs)
        yield name, statistics.median(ratios)


def page_figures() -> Iterator[tuple[str, float]]:
    """From a slider to a new picture in a browser, and how many such events one process answers a second."""
    with running_app() as url:
        waits = sorted(slide_in_browser(url))
        yield "capsnet_slider_ms_median", statistics.median(waits)
        yield "capsnet_slider_ms_p95", waits[int(0.95 * len(waits))]
        yield "capsnet_slider_events_per_s", events_per_second(url)


def slide_in_browser(url: str) -> list[float]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(url)
        page.wait_for_selector(".cn-bank input:enabled")
        page.evaluate(SLIDE, 20)
        return page.evaluate(SLIDE, 200)


def events_per_second(url: str, clients: int = 20, seconds: float = 5.0) -> float:
    """Decoder calls answered while `clients` ask as fast as they can, each on its own connection."""
    with urllib.request.urlopen(url + "config") as answer:
        parts = json.load(answer)["components"]
    [bank] = [part["id"] for part in parts if "decode" in part["props"].get("server_fns", [])]
    data = {"digit": 5, "pose": [0.1] * 16, "offsets": [0.05] * 16}
    body = json.dumps({"data": data, "fn_name": "decode", "component_id": bank, "session_hash": "bench"})
    answered = []
    deadline = time.perf_counter() + seconds

    def ask() -> None:
        connection = http.client.HTTPConnection(urlparse(url).netloc)
        count = 0
        while time.perf_counter() < deadline:
            connection.request("POST", "/gradio_api/component_server", body, {"Content-Type": "application/json"})
            count += "picture" in json.load(connection.getresponse())
        answered.append(count)

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(answered) / seconds
