"""Heavy work as a widget and the API meet it: tickets, places, ways out."""

import asyncio
import time

import gradio as gr
import pytest

from demos import turns
from demos.refusals import BROKEN, DISK_FULL, NO_MEMORY, sentence_for
from demos.serving.calls import VISITOR
from demos.serving.gate import Gate


@pytest.fixture(autouse=True)
def gate(monkeypatch):
    """A gate of the test's own, and less patience than with people."""
    gate = Gate()
    monkeypatch.setattr(turns, "GATE", gate)
    monkeypatch.setattr(turns, "TELL_EVERY_S", 0.05)
    monkeypatch.setattr(turns, "FORGOTTEN_S", 0.2)
    return gate


def slow(request):
    """A film of so many frames."""
    for frame in range(request["frames"]):
        time.sleep(0.02)
        yield {"file": f"frame {frame}"}


async def to_the_end(call, request, seen):
    """What a page does: ask until there is an answer."""
    answer = await call(request)
    while "ticket" in answer:
        seen.append(answer["waiting"])
        answer = await call({"ticket": answer["ticket"]})
    return answer


def test_widget_asks_with_its_ticket_until_the_answer_comes():
    seen = []
    answer = asyncio.run(to_the_end(turns.answering_in_turn("film")(slow), {"frames": 20}, seen))
    assert answer == {"file": "frame 19"}
    assert len(seen) >= 3


def test_widget_that_waits_hears_its_place():
    call, seen = turns.answering_in_turn("film")(slow), []

    async def two():
        VISITOR.set("ann")
        first = asyncio.create_task(to_the_end(call, {"frames": 20}, []))
        await asyncio.sleep(0.05)
        VISITOR.set("bob")
        return await to_the_end(call, {"frames": 1}, seen), await first

    assert [answer["file"] for answer in asyncio.run(two())] == ["frame 0", "frame 19"]
    assert "You are next" in seen[0]


def test_widget_can_give_its_place_away(gate):
    call = turns.answering_in_turn("film")(slow)

    async def given_up():
        ticket = (await call({"frames": 1000}))["ticket"]
        begun = time.monotonic()
        answer = await call({"ticket": ticket, "stop": True})
        await asyncio.sleep(0.05)
        return answer, time.monotonic() - begun

    answer, waited = asyncio.run(given_up())
    assert answer == {"error": "This is no longer under way: ask for it again."}
    assert waited < 0.3
    assert gate.running is None


def test_closed_tab_is_forgotten(gate):
    call = turns.answering_in_turn("film")(slow)

    async def closed():
        await call({"frames": 1000})
        await asyncio.sleep(0.4)

    asyncio.run(closed())
    assert gate.running is None


@pytest.mark.parametrize("ticket", ["", "foreign", None, 7, ["a"], {"a": 1}])
def test_foreign_ticket_is_refused(ticket):
    assert "no longer under way" in asyncio.run(turns.answering_in_turn("film")(slow)({"ticket": ticket}))["error"]


def test_refusal_of_heavy_work_is_a_sentence_and_the_next_run_is_right():
    def refusing(_):
        yield {}
        raise ValueError("frames must be few, got many")

    async def both():
        told = await to_the_end(turns.answering_in_turn("film")(refusing), {}, [])
        return told, await to_the_end(turns.answering_in_turn("film")(slow), {"frames": 2}, [])

    assert asyncio.run(both()) == ({"error": "frames must be few, got many"}, {"file": "frame 1"})


def test_api_waits_for_its_turn_and_gets_the_last_thing():
    class Request:
        session_hash = "api"

    def work(frames: int = 3):
        yield from slow({"frames": frames})

    api = turns.telling_in_turn("film")(work)

    async def asked():
        turns.LocalContext.request.set(Request())
        return await api(frames=2)

    assert asyncio.run(asked()) == {"file": "frame 1"}


def test_api_hears_a_refusal_as_a_message():
    def work():
        yield {}
        raise ValueError("frames must be <few>")

    async def asked():
        turns.LocalContext.request.set(type("Request", (), {"session_hash": "api"})())
        with pytest.raises(gr.Error, match="frames must be &lt;few&gt;"):
            await turns.telling_in_turn("film")(work)()

    asyncio.run(asked())


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (ValueError("k must be small, got 9"), "k must be small, got 9"),
        (MemoryError(), NO_MEMORY),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"), NO_MEMORY),
        (OSError(28, "No space left on device: /srv/x"), DISK_FULL),
        (KeyError("secret"), BROKEN),
    ],
)
def test_every_fault_has_a_sentence(fault, sentence):
    assert sentence_for(fault) == sentence
