"""The whole state of a tab in the page's address: `?demo=capsnet&capsule=3&v=1`.

An address says only what differs from a default; what it says wrongly keeps its default. Links of
version 1 open for ever (`tests/test_address.py` keeps a table of them).
"""

import json
from collections.abc import Mapping
from typing import Any

import gradio as gr
from pydantic import BaseModel, ValidationError

from demos.ui import Demo, Tab, whole

LONGEST_TEXT = 2000


def params_from_query(params: type[BaseModel], query: Mapping[str, str]) -> BaseModel:
    """The parameters a query asks for, with the default of each that it does not give or gives wrongly."""
    defaults = params()
    given = {}
    for name in params.model_fields:
        text = query.get(name)
        if text is not None and len(text) <= LONGEST_TEXT:
            given[name] = read(text, getattr(defaults, name))
    try:
        return params(**given)
    except ValidationError as error:
        wrong = {name for item in error.errors() for name in item["loc"][:1]}
        return params(**{name: value for name, value in given.items() if name not in wrong})


def read(text: str, default: Any) -> Any:
    """What a text of the address stands for, where that parameter's default is this."""
    if isinstance(default, tuple):
        return text.split(",")
    return None if not text and default is None else text


def text_of(value: Any) -> str:
    """A parameter's value as it stands in an address, exactly as the page writes it."""
    if value is None:
        return ""
    if isinstance(value, tuple | list):
        return ",".join(text_of(item) for item in value)
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def connect(blocks: gr.Blocks, tabs: gr.Tabs, built: Mapping[Demo, Tab]) -> None:
    """Open each page as its address says, and let the address follow every control without a server call."""

    def restore(request: gr.Request) -> list:
        query = dict(request.query_params)
        asked = query.get("demo")
        updates: list = [gr.Tabs(selected=asked) if asked in {demo.slug for demo in built} else gr.Tabs()]
        for demo, tab in built.items():
            state = params_from_query(demo.params, query if asked == demo.slug else {})
            updates += [whole(control, gr.update(value=getattr(state, name))) for name, control in tab.controls.items()]
            updates.append(whole(tab.label, gr.update(restored=True)))
        return updates

    everything = [part for tab in built.values() for part in (*tab.controls.values(), tab.label)]
    blocks.load(restore, None, [tabs, *everything], queue=False, show_progress="hidden", api_visibility="private")
    for demo, tab in built.items():
        follow(demo, tab)


def follow(demo: Demo, tab: Tab) -> None:
    """Keep the address of one tab current, in the page alone."""
    names, controls = list(tab.controls), list(tab.controls.values())
    defaults = demo.params()
    told = ", ".join(
        json.dumps(part) for part in (demo.slug, names, [text_of(getattr(defaults, name)) for name in names])
    )
    gr.on(
        [control.change for control in controls],
        fn=None,
        inputs=controls,
        js=f"(...values) => ClassicNets.keep({told}, values)",
    )
