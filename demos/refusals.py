"""What a visitor is told when something cannot be done: the one place where our errors become sentences."""

import functools
import inspect
import time
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Any, TypeVar

import gradio as gr
from gradio.events import Dependency
from pydantic import BaseModel, ValidationError

from demos.ui import whole
from weights import WeightsError

REFUSALS = (ValueError, WeightsError)  # faults with a sentence for the visitor; any other is a bug

LONG_WORK = "long work"  # the queue of which one event runs at a time

Params = TypeVar("Params", bound=BaseModel)


def checked(params: type[Params], values: Any) -> Params:
    """The values as those parameters; a widget that holds None sends an empty text.

    Raises:
        ValueError: naming each parameter, what must hold, and what it was.
    """
    empty = {name for name, field in params.model_fields.items() if field.default is None}
    if isinstance(values, dict):
        values = {name: None if value == "" and name in empty else value for name, value in values.items()}
    try:
        return params.model_validate(values)
    except ValidationError as error:
        raise ValueError("; ".join(sentence(fault) for fault in error.errors())) from None


def in_order(params: type[Params], values: Sequence[Any]) -> Params:
    """The values of all its controls, in the order of its fields, as those parameters; else as `checked`."""
    return checked(params, dict(zip(params.model_fields, values, strict=True)))


def sentence(fault: Any) -> str:
    """One of pydantic's errors in our words."""
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "value_error":
        return message
    name = ".".join(str(part) for part in fault["loc"]) or "the request"
    found = str(fault["input"])[:80] if isinstance(fault["input"], str | int | float) else type(fault["input"]).__name__
    return f"{name} {message[0].lower()}{message[1:]}, got {found}".replace("input should be", "must be")


def telling(function: Callable) -> Callable:
    """The function for Gradio's queue and API: what it refuses becomes a message for the visitor."""

    @functools.wraps(function)
    def told(*values: Any, **named: Any) -> Any:
        try:
            return function(*values, **named)
        except REFUSALS as refusal:
            raise gr.Error(escape(str(refusal)), print_exception=False) from refusal

    return told


def on_change(triggers: list, function: Callable[..., list], inputs: list, outputs: list) -> None:
    """Show at once what the function makes of the inputs, past the queue; the last of the outputs is the foot.

    Past the queue the page shows no errors of its own: what the function refuses stands in the foot.
    """

    def shown(*values: Any) -> list | dict:
        try:
            return [whole(part, update) for part, update in zip(outputs, function(*values), strict=True)]
        except REFUSALS as refusal:
            return {outputs[-1]: refused(refusal)}

    quietly = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    gr.on(triggers, shown, inputs, outputs, trigger_mode="always_last", **quietly)


def on_run(
    triggers: list, function: Callable[..., Iterator[list]], inputs: list, outputs: list, line: str = LONG_WORK
) -> Dependency:
    """Show, through a queue and one run at a time, all that the function yields; the event, for others to cancel.

    The first of the inputs tells the run's number, the first of the outputs is where the work is seen and hears of its
    failure, the last is the foot.
    """

    def shown(*values: Any) -> Iterator[list | dict]:
        try:
            for updates in function(*values):
                yield [whole(part, update) for part, update in zip(outputs, updates, strict=True)]
        except REFUSALS as refusal:
            yield {outputs[0]: failed(values[0]), outputs[-1]: refused(refusal)}

    def failed(task: dict) -> dict:
        return whole(outputs[0], gr.update(frame={"failed": True, "run": task.get("run")}))

    quietly = {"show_progress": "hidden", "api_visibility": "private"}
    event = gr.on(triggers, shown, inputs, outputs, concurrency_limit=1, concurrency_id=line, **quietly)
    event.failure(failed, inputs[0], outputs[0], queue=False, **quietly)
    return event


def refused(refusal: Exception) -> dict:
    """What the foot says of a refusal; stamped, since the page overlooks a value that is the last one's equal."""
    return gr.update(value={"error": str(refusal), "at": time.monotonic_ns()})


def answering(function: Callable) -> Callable:
    """The function for a widget's own calls: what it refuses becomes {"error": …}, for the widget to show.

    Gradio gives a plain function a thread, and runs an async one between others.
    """
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def answer(request: Any) -> dict:
            try:
                return await function(request)
            except REFUSALS as refusal:
                return {"error": str(refusal)}
    else:

        @functools.wraps(function)
        def answer(request: Any) -> dict:
            try:
                return function(request)
            except REFUSALS as refusal:
                return {"error": str(refusal)}

    return answer
