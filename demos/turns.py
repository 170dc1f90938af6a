"""Heavy work on the page and on the API: each waits for its turn at the gate, and says so."""

import asyncio
import functools
import inspect
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
from gradio.context import LocalContext

from demos.refusals import answering, refused, sentence_for
from demos.serving.calls import VISITOR
from demos.serving.gate import GATE, TELL_EVERY_S, Waiting
from demos.ui import whole

FORGOTTEN_S = 3.0  # after which a widget that no longer asks for its answer gets none


def on_run(runner: gr.HTML, function: Callable[..., Iterator[list]], inputs: list, outputs: list, kind: str) -> None:
    """Show all that the function makes of the runner's task and the inputs, when it is its turn, until Stop is pressed.

    The first of the outputs is where the work is seen, where it says how long it waits and hears of its failure, the
    last is the foot. The runner submits and stops; its value tells the run's number.
    """
    stage, foot = outputs[0], outputs[-1]

    def on_stage(task: dict, **frame: Any) -> dict:
        return whole(stage, gr.update(frame={"run": task.get("run"), **frame}))

    async def shown(visitor: gr.Request, *values: Any) -> AsyncIterator[list | dict]:
        try:
            steps = GATE.steps(kind, str(visitor.session_hash), lambda: function(*values), done_on_page)
            async with aclosing(steps):
                async for updates in steps:
                    if isinstance(updates, Waiting):
                        yield {stage: on_stage(values[0], waiting=str(updates))}
                    else:
                        yield [whole(part, update) for part, update in zip(outputs, updates, strict=True)]
        except Exception as fault:
            yield {stage: on_stage(values[0], failed=True), foot: refused(fault)}

    quietly = {"show_progress": "hidden", "api_visibility": "private"}
    event = runner.submit(shown, [runner, *inputs], outputs, concurrency_limit=None, **quietly)
    event.failure(lambda task: on_stage(task, failed=True), runner, stage, queue=False, **quietly)
    runner.stop(None, cancels=[event])


def done_on_page(updates: list) -> float:
    """Which part of a run is done, by what the page is told of it."""
    return done(updates[0].get("frame"))


def done(told: Any) -> float:
    """Which part of some work is done, by what is told of it; 0 where that is not known."""
    return told.get("done", 0.0) if isinstance(told, dict) else 0.0


def telling_in_turn(kind: str) -> Callable[[Callable[..., Iterator[dict]]], Callable]:
    """For the API: the last thing that a generator function yields, when it is its turn; faults as messages."""

    def decorate(work: Callable[..., Iterator[dict]]) -> Callable:
        @functools.wraps(work)
        async def told(*values: Any, **named: Any) -> dict:
            last: Any = None
            try:
                caller = LocalContext.request.get().session_hash
                steps = GATE.steps(kind, caller, lambda: work(*values, **named), done)
                async for answer in steps:
                    last = answer
                    if not heard():
                        await steps.aclose()
            except Exception as fault:
                raise gr.Error(escape(sentence_for(fault)), print_exception=False) from fault
            return last

        told.__signature__ = inspect.signature(work).replace(return_annotation=dict)
        return told

    return decorate


def heard() -> bool:
    """Whether the caller of the API still listens: Gradio marks the event of one that went away, and goes on."""
    blocks, event_id = LocalContext.blocks.get(None), LocalContext.event_id.get(None)
    jobs = [job for jobs in blocks._queue.active_jobs for job in jobs or ()] if blocks else []
    return all(job.alive for job in jobs if job._id == event_id)


@dataclass(eq=False)
class Errand:
    """A widget's heavy call under way, what it last said, and what ends it when nobody asks again."""

    task: asyncio.Task
    said: Any = None
    forgetting: asyncio.TimerHandle | None = None


def answering_in_turn(kind: str) -> Callable[[Callable[[Any], Iterator[dict]]], Callable]:
    """For a widget's own calls: the last thing that a generator function yields, when it is its turn.

    Until then the widget gets {"waiting": sentence, "ticket": …}, and asks again with {"ticket": …}, or with
    {"ticket": …, "stop": true} to give the place away; `ClassicNets.ask` does so.
    """

    def decorate(work: Callable[[Any], Iterator[dict]]) -> Callable:
        errands: dict[str, Errand] = {}

        async def run(ticket: str, request: Any) -> Any:
            async for said in GATE.steps(kind, VISITOR.get(), lambda: work(request), done):
                errands[ticket].said = said
            return errands[ticket].said

        def begin(request: Any) -> str:
            ticket = secrets.token_urlsafe(16)
            errands[ticket] = Errand(asyncio.create_task(run(ticket, request)))
            return ticket

        def forget(ticket: str) -> None:
            if errand := errands.pop(ticket, None):
                errand.task.cancel()

        @answering
        @functools.wraps(work)
        async def answer(request: Any) -> dict:
            asked = request if isinstance(request, dict) else {}
            ticket = str(asked["ticket"]) if "ticket" in asked else begin(request)
            if asked.get("stop") is True:
                forget(ticket)
            if ticket not in errands:
                raise ValueError("This is no longer under way: ask for it again.")
            errand = errands[ticket]
            if errand.forgetting:
                errand.forgetting.cancel()
            await asyncio.wait({errand.task}, timeout=TELL_EVERY_S)
            if errand.task.done():
                return errands.pop(ticket).task.result()
            errand.forgetting = asyncio.get_running_loop().call_later(FORGOTTEN_S, forget, ticket)
            return {"waiting": str(errand.said) if isinstance(errand.said, Waiting) else "", "ticket": ticket}

        return answer

    return decorate
