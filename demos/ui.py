"""What every tab needs: its record, its label and foot, and widgets of our own."""

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component
from pydantic import BaseModel, ValidationError

from models.device import device
from weights import Loaded, Weights, WeightsError

WIDGETS = Path(__file__).parent / "widgets"
REFUSALS = (ValueError, WeightsError)  # faults with a sentence for the visitor; any other is a bug


@dataclass(frozen=True)
class Tab:
    """A built tab: the component of each parameter, and the label that tells when the tab is first seen."""

    controls: dict[str, Component]
    label: gr.HTML


@dataclass(frozen=True)
class Demo:
    """One tab of the app."""

    slug: str
    title: str
    params: type[BaseModel]
    build: Callable[[], Tab]
    arxiv: str


def widget(name: str, value: Any = None, **props: Any) -> gr.HTML:
    """A component of our own, from `widgets/<name>.html` and `.js`."""
    return gr.HTML(
        value,
        html_template=(WIDGETS / f"{name}.html").read_text(encoding="utf-8"),
        js_on_load=(WIDGETS / f"{name}.js").read_text(encoding="utf-8"),
        apply_default_css=False,
        **props,
    )


def label(title: str, year: int, authors: str, arxiv: str, lede: str, links: dict[str, str]) -> gr.HTML:
    """The wall label over a tab; `links` are queries by what they show.

    Its event `load` comes when the tab is first seen, its controls already holding what the address asked for.
    """
    texts = {"title": title, "year": year, "authors": authors, "arxiv": arxiv, "lede": lede}
    return widget("label", links=list(links.items()), restored=False, **texts)


def foot(how_it_works: str) -> gr.HTML:
    """The line under a tab: "How it works", folded, and what answered, to be filled from `answered`."""
    with gr.Row(elem_classes="cn-foot"):
        with gr.Column(scale=2, min_width=0), gr.Accordion("How it works, and where it fails", open=False):
            gr.Markdown(how_it_works, latex_delimiters=[{"left": "$", "right": "$", "display": False}])
        with gr.Column(scale=1, min_width=0):
            return widget("foot")


def answered(weights: Weights, loaded: Loaded, figure: str, milliseconds: float) -> dict[str, Any]:
    """What the foot says of an answer: which weights, where they ran, how long it took."""
    source = f"{weights.name}, {loaded.place} weights, {figure}"
    return {
        "source": source + (f" ({loaded.because})" if loaded.because else ""),
        "device": device().name,
        "milliseconds": milliseconds,
    }


@contextmanager
def stopwatch() -> Iterator[Callable[[], float]]:
    """A function that tells the milliseconds since the block began."""
    start = time.perf_counter()
    yield lambda: 1000 * (time.perf_counter() - start)


def checked(params: type[BaseModel], **values: Any) -> BaseModel:
    """The values as the tab's parameters.

    Raises:
        ValueError: naming each parameter, what must hold, and what it was.
    """
    try:
        return params(**values)
    except ValidationError as error:
        raise ValueError("; ".join(sentence(item) for item in error.errors())) from None


def sentence(item: Any) -> str:
    """One of pydantic's errors in our words."""
    name = ".".join(str(part) for part in item["loc"])
    found = repr(item["input"])
    return f"{name}: {item['msg'].removeprefix('Value error, ')}, got {escape(found[:80])}"


def telling(function: Callable) -> Callable:
    """The function for Gradio's queue and API: what it refuses becomes a message for the visitor."""

    @functools.wraps(function)
    def told(*values: Any, **named: Any) -> Any:
        try:
            return function(*values, **named)
        except REFUSALS as refusal:
            raise gr.Error(str(refusal), print_exception=False) from refusal

    return told


def live(function: Callable[..., list], foot: gr.HTML) -> Callable:
    """The function for events past the queue, where Gradio shows no errors: what it refuses stands in the foot."""

    @functools.wraps(function)
    def shown(*values: Any) -> list | dict:
        try:
            return function(*values)
        except REFUSALS as refusal:
            return {foot: gr.update(value={"error": str(refusal)})}

    return shown


def answering(function: Callable[[dict], dict]) -> Callable:
    """The function for a widget's own calls: what it refuses becomes {"error": …}, for the widget to show."""

    @functools.wraps(function)
    async def answer(request: dict) -> dict:
        try:
            return function(request)
        except REFUSALS as refusal:
            return {"error": str(refusal)}

    return answer
