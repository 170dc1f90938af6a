"""How fast the CapsNet tab is: its net, and the way from a slider to a new picture."""

import http.client
import json
import statistics
import threading
import time
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlparse

import torch

from models import capsnet
from tests.bench.clock import milliseconds, slide
from tests.server import running_app


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
        waits = slide(url, ready=".cn-bank input:enabled", canvas=".cn-perturbed", sliders=".cn-bank input")
        yield "capsnet_slider_ms_median", statistics.median(waits)
        yield "capsnet_slider_ms_p95", waits[int(0.95 * len(waits))]
        yield "capsnet_slider_events_per_s", events_per_second(url)


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
