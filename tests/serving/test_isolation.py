"""Isolation: of many visitors at once everybody gets the answer to his own question, and none stands in the log."""

import asyncio
import base64
import json
import os
import random
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import httpx
import numpy as np
import pytest
import torch

from models import capsnet
from models.capsnet import CapsNetParams, Capsule
from models.images import to_uint8
from models.strokes import ready_digits
from tests.server import running_app

SESSIONS, UPDATES = 50, 20
MARK = secrets.token_hex(8)  # stands in all that the visitors of this file say, their names included


@contextmanager
def errors_to(path) -> Iterator[None]:
    """What processes begun meanwhile write to their standard error goes there."""
    kept = os.dup(2)
    with open(path, "wb") as log:
        os.dup2(log.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return tmp_path_factory.mktemp("log") / "log.jsonl"


@pytest.fixture(scope="module")
def hall(log):
    """The address of a running app whose log is kept."""
    with ExitStack() as until_the_end:
        with errors_to(log):
            url = until_the_end.enter_context(running_app())
        yield url


@pytest.fixture(scope="module")
def config(hall):
    return httpx.get(f"{hall}config", timeout=60).json()


@pytest.fixture(scope="module")
def net():
    return capsnet.load()[0]


def visitors(count):
    """Names of sessions, all with the mark."""
    return [f"{MARK}{number:03d}" for number in range(count)]


def client_of(hall):
    headers = {"User-Agent": f"hall {MARK}", "Referer": f"{hall}?{MARK}"}
    return httpx.AsyncClient(base_url=hall, headers=headers, timeout=120, limits=httpx.Limits(max_connections=60))


def all_at_once(hall, visit, names):
    """What each of the visits tells, made at the same time."""

    async def together():
        async with client_of(hall) as client:
            return await asyncio.gather(*(visit(client, name) for name in names))

    return asyncio.run(together())


def same_picture(told, right):
    """Whether two pictures differ by one grey level at most: nets round otherwise on a busy machine."""
    return np.abs(np.asarray(told, int).ravel() - np.asarray(right, int).ravel()).max() <= 1


def grey(text):
    return np.frombuffer(base64.b64decode(text), np.uint8)


# --- sliders --------------------------------------------------------------------------------------


def moved(name, update):
    """The capsule that this visitor moves so at this update: nobody else's."""
    dice = random.Random(f"{name} {update}")
    pose, offsets = ([dice.uniform(-reach, reach) for _ in range(16)] for reach in (0.4, 0.25))
    return Capsule(digit=dice.randrange(10), pose=pose, offsets=offsets)


def test_fifty_visitors_at_their_sliders_each_get_their_own_picture(hall, config, net):
    widget = next(part["id"] for part in config["components"] if "decode" in part["props"].get("server_fns", ()))

    async def visit(client, name):
        told = []
        for update in range(UPDATES):
            call = {"component_id": widget, "fn_name": "decode", "session_hash": name}
            answer = await client.post("gradio_api/component_server/", json=call | {"data": dict(moved(name, update))})
            told.append(answer.json()["picture"])
        return told

    names = visitors(SESSIONS)
    told = all_at_once(hall, visit, names)
    for name, pictures in zip(names, told, strict=True):
        for update, picture in enumerate(pictures):
            capsule = moved(name, update)
            right = to_uint8(capsnet.reconstruct(net, capsule.digit, capsule.moved()[None]))
            assert same_picture(grey(picture), right), (name, update)
    assert len({picture for pictures in told for picture in pictures}) > SESSIONS * UPDATES * 0.99


# --- events of the page ---------------------------------------------------------------------------


def drawn(name, update):
    """What this visitor has drawn, and the capsule that is decoded of it."""
    dice = random.Random(f"{name} {update}")
    offsets = tuple(dice.uniform(-0.25, 0.25) for _ in range(16))
    return CapsNetParams(drawing=dice.choice(ready_digits()).drawing, capsule=dice.randrange(10), offsets=offsets)


def test_twenty_visitors_who_draw_each_see_their_own_capsule(hall, config, net):
    event = next(part for part in config["dependencies"] if len(part["outputs"]) == 4 and not part["queue"])

    async def visit(client, name):
        told = []
        for update in range(3):
            params = drawn(name, update)
            values = [params.drawing, params.capsule, list(params.offsets)]
            body = {"data": values, "fn_index": event["id"], "session_hash": name, "event_data": None}
            answer = await client.post("gradio_api/run/predict", json=body)
            told.append(answer.json()["data"][2]["props"]["capsule"])
        return told

    names = visitors(20)
    for name, told in zip(names, all_at_once(hall, visit, names), strict=True):
        for update, capsule in enumerate(told):
            params = drawn(name, update)
            answer = capsnet.answer(net, params)
            assert capsule["digit"] == params.capsule
            assert capsule["offsets"] == pytest.approx(params.offsets)
            assert same_picture(grey(capsule["picture"]), to_uint8(answer.perturbed[None])), (name, update)


# --- through the queue ----------------------------------------------------------------------------


def last_of(stream, kind):
    """The last event of that kind in what a stream has told."""
    messages = [json.loads(line.removeprefix("data: ")) for line in stream.splitlines() if line.startswith("data: ")]
    return [message for message in messages if kind is None or message["msg"] == kind][-1]


def is_answer_to(told, params, net):
    """Whether the API has told what the net says of these parameters."""
    right = capsnet.answer(net, params)
    return (
        (told["digit"], told["decoded"]) == (right.reading.digit, params.capsule)
        and torch.allclose(torch.tensor(told["pose"]), right.capsule.moved(), atol=1e-3)
        and same_picture(told["picture"], to_uint8(right.perturbed[None]))
    )


def test_ten_callers_of_the_api_each_get_their_own_answer(hall, net):
    async def visit(client, name):
        params = drawn(name, "by the API")
        body = {"data": [params.drawing, params.capsule, list(params.offsets)]}
        event = (await client.post("gradio_api/call/capsnet", json=body)).json()["event_id"]
        [told] = last_of((await client.get(f"gradio_api/call/capsnet/{event}")).text, None)
        return is_answer_to(told, params, net)

    assert all_at_once(hall, visit, visitors(10)) == [True] * 10


def test_ten_sessions_in_the_queue_each_hear_their_own_answer(hall, config, net):
    function = next(part["id"] for part in config["dependencies"] if part["api_name"] == "capsnet")

    async def visit(client, name):
        params = drawn(name, "queued")
        values = [params.drawing, params.capsule, list(params.offsets)]
        body = {"data": values, "fn_index": function, "session_hash": name}
        event = (await client.post("gradio_api/queue/join", json=body)).json()["event_id"]
        stream = await client.get("gradio_api/queue/data", params={"session_hash": name})
        told = last_of(stream.text, "process_completed")
        return told["event_id"] == event and is_answer_to(told["output"]["data"][0], params, net)

    assert all_at_once(hall, visit, visitors(10)) == [True] * 10


def test_a_refusal_reaches_only_who_caused_it(hall):
    async def visit(client, name):
        event = (await client.post("gradio_api/call/yolo", json={"data": [name, *[None] * 7]})).json()["event_id"]
        return (await client.get(f"gradio_api/call/yolo/{event}")).text

    names = visitors(10)
    for name, told in zip(names, all_at_once(hall, visit, names), strict=True):
        assert "event: error" in told
        assert name in told
        assert not any(other in told for other in names if other != name)


def test_nobody_hears_of_a_session_that_he_cannot_name(hall):
    asked = {"params": {"session_hash": "somebody else"}, "timeout": 60}
    with httpx.stream("GET", f"{hall}gradio_api/queue/data", **asked) as answer:
        assert '"session_not_found":true' in next(answer.iter_text())


# --- the log --------------------------------------------------------------------------------------


def troubled():
    """Everything that may make a server write down what a visitor said."""
    file = {"path": f"/{MARK}", "meta": {"_type": "gradio.FileData"}}
    for target in ("gradio_api/run/predict", "gradio_api/queue/join", "gradio_api/cancel", "gradio_api/reset"):
        for values in ([MARK], [file, MARK, MARK], [MARK] * 9, {MARK: MARK}, MARK):
            for number in (0, 99_999, MARK, None):
                yield target, {"data": values, "fn_index": number, "session_hash": MARK, "event_id": MARK}
    for number, name in ((0, MARK), (-1, MARK), (MARK, "decode"), (11, "__init__")):
        yield (
            "gradio_api/component_server/",
            {"component_id": number, "fn_name": name, "session_hash": MARK, "data": MARK},
        )
    yield from ((f"gradio_api/run/{MARK}", {"data": []}), (f"gradio_api/call/{MARK}", {"data": []}))
    yield from ((f"gradio_api/call/{name}", {"data": [MARK]}) for name in ("capsnet", "yolo", "eigenfaces"))


def test_nothing_of_a_visitor_stands_in_the_log(hall, log):
    with httpx.Client(base_url=hall, headers={"User-Agent": MARK}, timeout=60) as client:
        for target, body in troubled():
            client.post(f"{target}?{MARK}", json=body)
        client.post("gradio_api/run/predict", content=f'{{"{MARK}": NaN', headers={"Content-Type": "application/json"})
        for target in (
            "",
            "config",
            f"assets/{MARK}",
            f"gradio_api/call/capsnet/{MARK}",
            f"{MARK}%00",
            f"pulse/{MARK}",
        ):
            with suppress(httpx.RemoteProtocolError):  # an unknown call is cut off after a word
                client.get(f"{target}?demo={MARK}&drawing={MARK}")
    lines = log.read_text().splitlines()
    assert [line[:200] for line in lines if MARK in line] == []
    assert [line[:200] for line in lines if not line.startswith('{"at": ')] == []
