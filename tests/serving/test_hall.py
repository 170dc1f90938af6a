"""Many at once: what sliders meet beside a dream, and beside people who send nonsense."""

import asyncio
import base64
import functools
import json
import random
import secrets
import time

import httpx
import pytest

from models.images import data_url
from tests.serving.bad_pictures import bad_pictures

STUDENTS, SECONDS = 40, 5
JSON = {"content-type": "application/json"}
TRIES = 3  # a machine that others use may be slow for a moment, not thrice


async def decoder_of(client: httpx.AsyncClient) -> int:
    parts = (await client.get("config")).json()["components"]
    return next(part["id"] for part in parts if "decode" in part["props"].get("server_fns", ()))


async def student(client: httpx.AsyncClient, widget: int, until: float, took: list) -> None:
    """Move a slider twice a second; None stands for an answer that is none."""
    session, pose = secrets.token_hex(6), [random.uniform(-0.2, 0.2) for _ in range(16)]
    await asyncio.sleep(random.random() / 2)
    while time.monotonic() < until:
        begun = time.monotonic()
        data = {"digit": random.randrange(10), "pose": pose, "offsets": [0.1] * 16}
        call = {"component_id": widget, "fn_name": "decode", "session_hash": session, "data": data}
        answer = (await client.post("gradio_api/component_server/", json=call)).json()
        whole = len(base64.b64decode(answer.get("picture", ""))) == 28 * 28
        took.append(1000 * (time.monotonic() - begun) if whole else None)
        await asyncio.sleep(max(0, 0.5 - (time.monotonic() - begun)))


async def hall(url: str, beside) -> list:
    """How long each slider waited for its picture, in ms."""
    took: list = []
    limits = httpx.Limits(max_connections=STUDENTS + 20)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits, trust_env=False) as client:
        widget = await decoder_of(client)
        until = time.monotonic() + SECONDS
        others = asyncio.create_task(beside(client, until))
        await asyncio.gather(*(student(client, widget, until, took) for _ in range(STUDENTS)))
        await others
    return took


def percentile(took: list, part: float) -> float:
    return sorted(took)[int(part * (len(took) - 1))]


async def dreaming(client: httpx.AsyncClient, until: float) -> None:
    """One dream after another."""
    listed = (await client.get("gradio_api/info")).json()["named_endpoints"]["/deepdream"]["parameters"]
    data = [{"size_px": 256}.get(part["parameter_name"], part["parameter_default"]) for part in listed]
    while time.monotonic() < until:
        event = (await client.post("gradio_api/call/deepdream", json={"data": data})).json()["event_id"]
        await client.get(f"gradio_api/call/deepdream/{event}")


async def nonsense(client: httpx.AsyncClient, until: float) -> None:
    """Bad pictures, one after another, four at a time."""
    parts = (await client.get("config")).json()["components"]
    widget = next(part["id"] for part in parts if "look" in part["props"].get("server_fns", ()))

    async def one() -> None:
        while time.monotonic() < until:
            body = random.choice(worst()).replace(b'"WIDGET"', str(widget).encode())
            answer = await client.post("gradio_api/component_server/", content=body, headers=JSON)
            assert answer.status_code == 200

    await asyncio.gather(*(one() for _ in range(4)))


@functools.cache
def worst() -> list[bytes]:
    """Bad pictures as a page would send them, made beforehand: what sends them must not be slow itself."""
    addresses = [data_url(content, "image/png") for _, content in bad_pictures() if len(content) < 300_000]
    call = {"component_id": "WIDGET", "fn_name": "look", "session_hash": "bad"}
    return [json.dumps(call | {"data": {"picture": address}}).encode() for address in addresses]


@pytest.mark.slow
@pytest.mark.parametrize(("beside", "longest_ms"), [(dreaming, 800), (nonsense, 250)], ids=["dreams", "nonsense"])
def test_sliders_stay_quick_beside(app_url, beside, longest_ms):
    worst()
    for _ in range(TRIES):
        took = asyncio.run(hall(app_url, beside))
        assert None not in took, "an answer was lost"
        assert len(took) > STUDENTS * SECONDS
        if percentile(took, 0.99) <= longest_ms:
            return
    pytest.fail(f"p99 was {percentile(took, 0.99):.0f} ms")
