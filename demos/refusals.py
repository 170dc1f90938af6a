"""What a visitor is told when something cannot be done: the one place where our errors become sentences."""

import errno
import functools
import inspect
import logging
import re
import time
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, TypeVar

import gradio as gr
import torch
from pydantic import BaseModel, ValidationError

from demos.ui import whole
from weights import WeightsError

REFUSALS = (ValueError, WeightsError)  # faults with a sentence for the visitor
NO_MEMORY = "There is not enough memory here for this. Choose a smaller size, or try again when less is going on."
DISK_FULL = "The server's disk is full. Nothing of yours is lost: try again later."
BROKEN = "Something broke here, and has been noted. Try again, or reload the page."

MOST_TOLD = 3  # of what is wrong with a request
MOST_ITEMS = 1000  # more than any parameter has
HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")  # which JSON can hold and no answer can

Params = TypeVar("Params", bound=BaseModel)
log = logging.getLogger("demos.serving.faults")


def sentence_for(fault: Exception) -> str:
    """What the visitor is told of a fault. One that has no sentence of its own is a bug, and is logged."""
    if isinstance(fault, gr.Error):  # told already, in the process of a lent GPU, or by ZeroGPU itself
        return str(fault.message)
    if isinstance(fault, REFUSALS):
        return str(fault)
    log.error("fault", exc_info=fault)
    if isinstance(fault, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(fault):
        return NO_MEMORY
    return DISK_FULL if isinstance(fault, OSError) and fault.errno == errno.ENOSPC else BROKEN


def checked(params: type[Params], values: Any) -> Params:
    """The values as those parameters; a widget that holds None sends an empty text.

    Raises:
        ValueError: naming each parameter, what must hold, and what it was.
    """
    fields = params.model_fields
    if isinstance(values, dict):
        empty = {name for name, field in fields.items() if field.default is None}
        values = {name: None if value == "" and name in empty else value for name, value in values.items()}
        for name in fields.keys() & values.keys():
            look_over(name, values[name], yes_or_no=fields[name].annotation is bool)
    try:
        return params.model_validate(values)
    except ValidationError as error:
        raise ValueError("; ".join(sentence(fault) for fault in error.errors()[:MOST_TOLD])) from None


def look_over(name: str, value: Any, yes_or_no: bool) -> None:
    """Refuses what pydantic takes for something else, or cannot tell of, or would tell of for minutes."""
    parts = value if isinstance(value, list | tuple) else [value]
    if len(parts) > MOST_ITEMS:
        raise ValueError(f"{name} must have at most {MOST_ITEMS:,} items, got {len(parts):,}")
    for part in parts:
        if isinstance(part, bool) and not yes_or_no:
            raise ValueError(f"{name} must be neither true nor false, got {part}")
        if isinstance(part, int) and part.bit_length() > 63:
            raise ValueError(f"{name} must be a smaller number, got one of {part.bit_length():,} bits")
        if isinstance(part, str) and not part.isascii() and HALF_A_CHARACTER.search(part):
            raise ValueError(f"{name} must be whole characters, got half of one")


def in_order(params: type[Params], values: Sequence[Any]) -> Params:
    """The values of all its controls, in the order of its fields, as those parameters; else as `checked`."""
    return checked(params, dict(zip(params.model_fields, values, strict=True)))


def sentence(fault: Any) -> str:
    """One of pydantic's errors in our words."""
    name = ".".join(str(part) for part in fault["loc"])
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "value_error":
        return message if message.startswith(name) else f"{name}: {message}"
    found = str(fault["input"])[:80] if isinstance(fault["input"], str | int | float) else type(fault["input"]).__name__
    if not name:
        return f"the request must be a set of named values, got {type(fault['input']).__name__}"
    return f"{name} {message[0].lower()}{message[1:]}, got {found}".replace("input should be", "must be")


def telling(function: Callable) -> Callable:
    """The function for Gradio's queue and API: what it refuses becomes a message for the visitor."""

    @functools.wraps(function)
    def told(*values: Any, **named: Any) -> Any:
        try:
            return function(*values, **named)
        except Exception as fault:
            raise gr.Error(escape(sentence_for(fault)), print_exception=False) from fault

    return told


def on_change(triggers: list, function: Callable[..., list], inputs: list, outputs: list) -> None:
    """Show at once what the function makes of the inputs, past the queue; the last of the outputs is the foot.

    Past the queue the page shows no errors of its own: what the function refuses stands in the foot.
    """

    def shown(*values: Any) -> list | dict:
        try:
            return [whole(part, update) for part, update in zip(outputs, function(*values), strict=True)]
        except Exception as fault:
            return {outputs[-1]: refused(fault)}

    quietly = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    gr.on(triggers, shown, inputs, outputs, trigger_mode="always_last", **quietly)


def refused(fault: Exception) -> dict:
    """What the foot says of a fault; stamped, since the page overlooks a value that is the last one's equal."""
    return gr.update(value={"error": sentence_for(fault), "at": time.monotonic_ns()})


def answering(function: Callable) -> Callable:
    """The function for a widget's own calls: what it refuses becomes {"error": …}, for the widget to show.

    A plain function gets a thread, an async one runs between others.
    """
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def answer(request: Any) -> dict:
            try:
                return await function(request)
            except Exception as fault:
                return {"error": sentence_for(fault)}
    else:

        @functools.wraps(function)
        def answer(request: Any) -> dict:
            try:
                return function(request)
            except Exception as fault:
                return {"error": sentence_for(fault)}

    return answer
