"""What every tab needs: its record, its label and foot, and widgets of our own."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component
from pydantic import BaseModel

from models.device import Device, device
from weights import Loaded

WIDGETS = Path(__file__).parent / "widgets"


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
    paper: str


def widget(name: str, value: Any = None, **props: Any) -> gr.HTML:
    """A component of our own, from `widgets/<name>.html` and `.js`."""
    return gr.HTML(
        value,
        html_template=(WIDGETS / f"{name}.html").read_text(encoding="utf-8"),
        js_on_load=(WIDGETS / f"{name}.js").read_text(encoding="utf-8"),
        apply_default_css=False,
        **props,
    )


def packed(value: Any) -> str:
    """A value as a text, for a widget to parse: Gradio copies a widget's props at every event, numbers one by one."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def whole(component: Component, update: dict[str, Any]) -> dict[str, Any]:
    """The update with every prop that a widget of ours was built with: one not yet mounted would lose the others."""
    return update if update == gr.skip() else getattr(component, "props", {}) | update


def control(demo: Demo, parameter: str, name: str, **props: Any) -> gr.HTML:
    """The widget for one of a demo's parameters, with its default, its help, and a class by which the page finds it."""
    value = getattr(demo.params(), parameter)
    value = list(value) if isinstance(value, tuple) else value
    told = {"shares": parameter, "help": demo.params.model_fields[parameter].description}
    return widget(name, value, elem_classes=f"cn-for-{parameter}", **told, **props)


def dial(demo: Demo, parameter: str, title: str, stride: float) -> gr.HTML:
    """The slider of a parameter that is a number, from its least to its greatest value, shared under its own name."""
    limits = {type(limit).__name__: limit for limit in demo.params.model_fields[parameter].metadata}
    least, most = limits["Ge"].ge, limits["Le"].le
    return control(
        demo,
        parameter,
        "dial",
        title=title,
        least=least,
        most=most,
        stride=stride,
        begun=getattr(demo.params(), parameter),
    )


def choice(demo: Demo, parameter: str, title: str, choices: dict[str, str]) -> gr.HTML:
    """The menu of a parameter that is one of a few; `choices` are their texts by their names."""
    return control(demo, parameter, "choice", title=title, choices=choices)


def toggle(demo: Demo, parameter: str, text: str) -> gr.HTML:
    """The button of a parameter that holds or does not."""
    return control(demo, parameter, "toggle", text=text)


def fold(title: str) -> gr.Accordion:
    """A part of a tab that is folded away until somebody asks for it."""
    return gr.Accordion(title, open=False, elem_classes="cn-fold")


def label(title: str, year: int, authors: str, paper: str, lede: str, links: dict[str, str]) -> gr.HTML:
    """The wall label over a tab; `links` are queries by what they show.

    Its event `select` comes when the tab is first seen, its controls already holding what the address asked for;
    Gradio itself would send `load` at once to every tab.
    """
    texts = {"title": title, "year": year, "authors": authors, "paper": paper, "lede": lede}
    return widget("label", links=list(links.items()), restored=False, **texts)


def foot(how_it_works: str) -> gr.HTML:
    """The line under a tab: "How it works", folded, and what answered, to be filled from `answered`."""
    with gr.Row(elem_classes="cn-foot"):
        with gr.Column(scale=2, min_width=0), gr.Accordion("How it works, and where it fails", open=False):
            gr.Markdown(how_it_works, latex_delimiters=[{"left": "$", "right": "$", "display": False}])
        with gr.Column(scale=1, min_width=0):
            return widget("foot")


def answered(loaded: Loaded, figure: str, milliseconds: float, place: Device | None = None) -> dict[str, Any]:
    """What the foot says of an answer: which weights, where they ran (unless told, where all do), how long it took."""
    place = place or device()
    source = f"{loaded.weights.name}, {loaded.place} weights, {figure}"
    return {
        "source": source + (f" ({loaded.because})" if loaded.because else ""),
        "device": place.name,
        "because": place.because,
        "milliseconds": milliseconds,
    }


def given(arguments: dict[str, Any]) -> dict[str, Any]:
    """What a caller of the API gave: all arguments but those left out."""
    return {name: value for name, value in arguments.items() if value is not None}


def stopwatch() -> Callable[[], float]:
    """A function that tells the milliseconds since now."""
    start = time.perf_counter()
    return lambda: 1000 * (time.perf_counter() - start)
