"""What the tabs that work for long share: a task, an easel on which the work is seen, and a runner that begins it."""

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
from pydantic import BaseModel, Field
from torch import Tensor

from demos import ui
from demos.keeping import MOST_FRAMES, film, keep
from models.photographs import OwnPicture

EVERY_MS = 100  # how often the page hears of the work
LONGEST_MS = 300_000  # after which it ends where it is


class Task(BaseModel, frozen=True):
    """What to do: begin, or go on from a picture; and the run's number on its page."""

    begun: OwnPicture | None = None
    run: int = Field(0, ge=0)


def easel(demo: ui.Demo, thing: str, begins: str, look: Callable[[dict], dict], brushes: dict[str, str]) -> gr.HTML:
    """The widget that shows a parameter's picture and what becomes of it, whose value is the mask brushed on it.

    Args:
        thing: what it becomes.
        begins: the parameter that names the picture, which `look` shows.
        brushes: their colours, by what they are for.
    """
    size_px = demo.params().size_px
    texts = {"thing": thing, "begins": begins, "slug": demo.slug, "size_px": size_px, "most_frames": MOST_FRAMES}
    hands = {"brushes": list(brushes.items()), "server_functions": [look, keep, film]}
    return ui.control(demo, "mask", "easel", frame={}, **texts, **hands)


def runner(task: Task, more: list[tuple[str, str, str]]) -> gr.HTML:
    """The widget that begins and stops a run; `more` are other ways to begin: name, text, help."""
    return ui.widget("runner", task.model_dump(), start=False, estimate="", more=more)


def shown(
    messages: Iterator[dict[str, Any]],
    task: Task,
    loading: str | None,
    first: dict[str, Any],
    foot_of: Callable[[dict[str, Any]], dict[str, Any]],
) -> Iterator[list[dict]]:
    """What easel and foot show of a run's messages.

    Args:
        loading: the net that is yet to be loaded.
        first: where to remember the last message, for the next visitor.
    """
    if loading:
        waiting = f"Loading {loading}. The first time it may have to be fetched."
        yield [gr.update(frame={"waiting": waiting, "run": task.run}), gr.skip()]
    message: dict[str, Any] = {}
    for message in messages:
        yield [gr.update(frame=message), gr.skip()]
    first.update(message | {"run": 0})
    yield [gr.skip(), gr.update(value=foot_of(message))]


def size_of(picture: Tensor) -> list[int]:
    """Width and height of a picture (1, 3, H, W)."""
    return list(picture.shape[:1:-1])
