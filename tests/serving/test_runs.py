"""Runs of the real app over HTTP: stopped, left, overlapping, and the server told to end."""

import asyncio
import json
import secrets
import signal
import tempfile
import time
from contextlib import asynccontextmanager
from itertools import pairwise

import httpx
import pytest

from models.deepdream import DeepDreamParams
from tests.server import free_port, started

# 0.3 s, one step of at most 0.25 s, and as much again for two busy cores to tell of it.
STOPPED_S = 1.1
LONG = {"net": "thin_googlenet", "steps": 60, "octaves": 6, "size_px": 448}
SHORT = {"net": "thin_googlenet", "steps": 2, "octaves": 2, "size_px": 128}


class Tab:
    """A page's DeepDream tab as the server sees it."""

    def __init__(self, client: httpx.AsyncClient, config: dict) -> None:
        self.client, self.session = client, secrets.token_hex(6)
        parts = {part["id"]: part["props"] for part in config["components"]}
        self.event = next(
            event
            for event in config["dependencies"]
            if [target[1] for target in event["targets"]] == ["submit"]
            and len(event["inputs"]) == 1 + len(DeepDreamParams.model_fields)
        )
        self.values = [parts[part].get("value") for part in self.event["inputs"]]

    async def run(self, **asked: object) -> str:
        """Press Run; the event's id."""
        named = dict(zip(["task", *DeepDreamParams.model_fields], self.values, strict=True)) | asked
        body = {"fn_index": self.event["id"], "session_hash": self.session, "data": list(named.values())}
        answer = await self.client.post("gradio_api/queue/join", json=body)
        return answer.json()["event_id"]

    async def stop(self, event: str) -> None:
        """Press Stop."""
        body = {"session_hash": self.session, "fn_index": self.event["id"], "event_id": event}
        await self.client.post("gradio_api/cancel", json=body)

    async def told(self):
        """What the page hears, message by message."""
        async with self.client.stream("GET", f"gradio_api/queue/data?session_hash={self.session}") as answer:
            async for line in answer.aiter_lines():
                if line.startswith("data:"):
                    yield json.loads(line[5:])


def frame_of(message: dict) -> str:
    """What is in a message: a picture, a place in the line, a failure, or nothing."""
    text = json.dumps(message.get("output") or {})
    return next((kind for kind in ("waiting", "failed", "image") if f'"{kind}"' in text or f'\\"{kind}\\"' in text), "")


@pytest.fixture(scope="module")
def server():
    """An app of these tests' own, and what it logs."""
    with tempfile.TemporaryFile("w+") as log, started(free_port(), log) as (url, _):
        yield url, log


@asynccontextmanager
async def visiting(url: str):
    """A client, and a way to open tabs."""
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
        config = (await client.get("config")).json()
        yield client, lambda: Tab(client, config)


async def seconds_until_idle(client: httpx.AsyncClient) -> float:
    """How long something still runs."""
    begun = time.monotonic()
    while (await client.get("health")).json()["runs"]:
        assert time.monotonic() - begun < 30, "it does not end"
        await asyncio.sleep(0.02)
    return time.monotonic() - begun


async def first_picture(tab: Tab):
    """Listen until the dream shows something; the stream, still open."""
    stream = tab.told()
    async for message in stream:
        if frame_of(message) == "image":
            return stream
    raise AssertionError("no picture came")


@pytest.mark.parametrize("way", ["stopped", "left"])
def test_dream_ends_when_it_is_stopped_or_its_tab_is_closed(server, way):
    async def given_up():
        async with visiting(server[0]) as (client, open_tab):
            tab = open_tab()
            event = await tab.run(**LONG)
            stream = await first_picture(tab)
            assert (await client.get("health")).json()["runs"] == 1
            if way == "stopped":
                await tab.stop(event)
            else:
                await stream.aclose()
            return await seconds_until_idle(client)

    assert asyncio.run(given_up()) < STOPPED_S


def test_dream_for_the_api_ends_when_its_caller_is_gone(server):
    async def gone():
        async with visiting(server[0]) as (client, _):
            listed = (await client.get("gradio_api/info")).json()["named_endpoints"]["/deepdream"]["parameters"]
            data = [LONG.get(part["parameter_name"], part["parameter_default"]) for part in listed]
            event = (await client.post("gradio_api/call/deepdream", json={"data": data})).json()["event_id"]
            while not (await client.get("health")).json()["runs"]:
                await asyncio.sleep(0.02)
            with pytest.raises(httpx.ReadTimeout):
                await client.get(f"gradio_api/call/deepdream/{event}", timeout=0.5)
            return await seconds_until_idle(client)

    assert asyncio.run(gone()) < STOPPED_S


def test_runs_of_many_do_not_overlap_and_who_waits_sees_his_place(server):
    async def one(tab: Tab, seen: list):
        await tab.run(**SHORT)
        async for message in tab.told():
            seen.append((time.monotonic(), frame_of(message)))

    async def five():
        async with visiting(server[0]) as (_, open_tab):
            logs = [[] for _ in range(5)]
            await asyncio.gather(*(one(open_tab(), seen) for seen in logs))
            return logs

    logs = asyncio.run(five())
    pictures = [[when for when, kind in seen if kind == "image"] for seen in logs]
    spans = sorted((times[0], times[-1]) for times in pictures)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert sum(any(kind == "waiting" for _, kind in seen) for seen in logs) >= 3


def test_fourth_run_of_one_visitor_is_refused(server):
    async def four():
        async with visiting(server[0]) as (client, open_tab):
            tab = open_tab()
            events = [await tab.run(**LONG) for _ in range(4)]
            async for message in tab.told():
                if frame_of(message) == "failed":
                    refusal = json.dumps(message)
                    break
            for event in events:
                await tab.stop(event)
            await seconds_until_idle(client)
            return refusal

    assert "You have 3 runs under way" in asyncio.run(four())


def test_log_tells_of_runs_and_of_nobody(server):
    url, log = server

    async def one():
        async with visiting(url) as (_, open_tab):
            tab = open_tab()
            await tab.run(**SHORT)
            [message async for message in tab.told()]
            return tab.session

    session = asyncio.run(one())
    log.seek(0)
    lines = log.read().splitlines()
    assert any(json.loads(line).get("kind") == "dream" for line in lines)
    assert session not in "".join(lines)


def test_server_that_is_told_to_end_tells_its_pages_and_ends_beside_a_dream():
    async def ended(url, process):
        async with visiting(url) as (client, open_tab), client.stream("GET", "pulse") as pulse:
            tab = open_tab()
            await tab.run(**LONG)
            stream = await first_picture(tab)
            heard = pulse.aiter_lines()
            while "here" not in await anext(heard):
                pass
            process.send_signal(signal.SIGTERM)
            lines = [line async for line in heard]
            await stream.aclose()
            return lines

    with started(free_port()) as (url, process):
        lines = asyncio.run(ended(url, process))
        assert "event: leaving" in lines
        assert process.wait(timeout=8) == 0
