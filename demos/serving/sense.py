"""What an event for Gradio must be: it believes what it is told, fetches what it is shown, and keeps all of it."""

from typing import Any

import gradio as gr
import orjson
from starlette.types import Message, Receive

LONGEST_NAME = 100  # of a session
FILE = b"gradio.FileData"  # by which a value says that it is a file, to be fetched from wherever it says


async def whole(receive: Receive) -> bytes:
    """All of a body."""
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def again(body: bytes, receive: Receive) -> Receive:
    """Reads a body once more, and then what follows it."""
    messages: list[Message] = [{"type": "http.request", "body": body}]

    async def read() -> Message:
        return messages.pop() if messages else await receive()

    return read


def makes_sense(blocks: gr.Blocks, body: bytes) -> bool:
    """Whether a body is JSON, names no file, and brings as many values as the event that it names takes."""
    try:
        told = orjson.loads(body)
    except ValueError:
        return False
    if not isinstance(told, dict) or len(str(told.get("session_hash"))) > LONGEST_NAME:
        return False
    return FILE not in orjson.dumps(told) and fits(blocks, told.get("fn_index"), told.get("data"))


def fits(blocks: gr.Blocks, number: Any, values: Any) -> bool:
    """Whether these are as many values as the event of that number takes; the API names its events otherwise."""
    if number is None or values is None:
        return True
    event = blocks.fns.get(number) if isinstance(number, int) else None
    return bool(event and event.fn and isinstance(values, list) and len(values) == len(event.inputs))
