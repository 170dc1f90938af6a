"""The neural style tab: choose a content and a style, watch the loss fall, draw the paper's figures."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from demos import running, ui
from demos.pictures import chooser, photographs, styles
from demos.refusals import checked, in_order, on_change
from demos.running import Task
from demos.style_answers import Order, api, estimate, look, panels
from demos.style_run import messages
from demos.turns import on_run
from models import painters
from models.device import long_work_device
from models.nets.vgg import CONVOLUTIONS
from models.paintings import PAINTINGS
from models.style import STYLE_LAYERS, StyleParams
from models.style_figures import FIGURES

HOW_IT_WORKS = r"""
**Where in a net is a painter's style?** A deep layer $F$ says which things are where. What two channels $i$ and $j$
say, multiplied and summed over all places, forgets the where and keeps the together: strokes, colours, textures.

$G_{ij} = \sum_k F_{ik} F_{jk}, \quad L = \alpha \cdot \tfrac12 \sum (F - F^{content})^2 + \beta \sum_l w_l\,
\tfrac{1}{4N_l^2} \sum (G^l - A^l)^2$

Nothing is trained: the picture itself is changed, all its pixels at once, along the slope of $L$. Both sums are counted
per place of their layer, so that α/β means the same at every size.
In code: `losses` in `models/style.py`.

**Where it fails.** It knows textures, not meaning: a face may be painted like a sky. What is larger than a layer's
view, a composition, a perspective, is lost. Strokes have one size in pixels: a larger result has smaller ones. The thin
VGG-19 of ours is a quarter as wide as the real one and learned from larger nets on 16,644 small pictures; its large
forms are vaguer. Every picture takes its hundred steps; nets that paint at once came a year later.
"""

TITLES = {"thin_vgg19": "Thin VGG-19, ours", "vgg19": "VGG-19, 575 MB to fetch"}
FETCHED = {name: painting.title for name, painting in PAINTINGS.items()}
FIRST: dict[str, Any] = {}  # what the defaults lead to, once somebody has run them
CHOICES = {
    "net": ("Net", TITLES),
    "start": ("Begin with", {"content": "the content", "noise": "white noise", "style": "the style"}),
    "matched": ("Match", {"both": "content and style", "content": "the content only", "style": "the style only"}),
    "colours": ("Colours", {"style": "the style's", "luminance": "the content's", "histogram": "a style recoloured"}),
    "optimizer": ("Descent", {"L-BFGS": "L-BFGS, the paper's", "Adam": "Adam"}),
    "pooling": ("Pooling", {"average": "average, the paper's", "max": "max, as it was trained"}),
    "content_layer": ("Content layer", dict(zip(CONVOLUTIONS, CONVOLUTIONS, strict=True))),
}


def try_this() -> dict[str, str]:
    """Three links, each of which reveals one idea."""
    return {
        "Style only, from white noise": "demo=style&matched=style&start=noise&v=1",
        "Grains only: two low layers": "demo=style&layer_weights=1,1,0,0,0&v=1",
        "Keep the content's colours": "demo=style&style=stained_glass&colours=luminance&v=1",
    }


def begin(*values: Any) -> list[dict]:
    """What the tab shows first: what the defaults lead to, if it is known, or a run of what is asked for."""
    params = in_order(StyleParams, values)
    if params == StyleParams() and FIRST:
        told = gr.update(estimate=estimate(params))
        return [gr.update(frame=FIRST), told, gr.update(value=foot_of(params, FIRST))]
    return [gr.skip(), gr.update(start=True), gr.skip()]


def run(task: dict, *values: Any) -> Iterator[list[dict]]:
    """A transfer, or one that goes on from the last."""
    params, task = in_order(StyleParams, values), checked(Task, task)
    loading = None if painters.is_loaded(params.net) else TITLES[params.net]
    first = FIRST if (params, task) == (StyleParams(), Task(run=task.run)) else {}
    yield from running.shown(messages(params, task), task, loading, first, lambda last: foot_of(params, last))


def draw(order: dict, *values: Any) -> Iterator[list[dict]]:
    """One of the paper's figures, of these pictures."""
    params, message = in_order(StyleParams, values), {}
    for message in panels(params, checked(Order, order)):
        yield [gr.update(frame=message), gr.skip()]
    loaded = painters.load(params.net).loaded
    yield [
        gr.skip(),
        gr.update(value=ui.answered(loaded, message["title"].lower(), message["milliseconds"], long_work_device())),
    ]


def foot_of(params: StyleParams, message: dict[str, Any]) -> dict[str, Any]:
    """Which weights looked, where, for how long."""
    figure = f"{params.pooling} pooling, {message['made']} steps"
    return ui.answered(painters.load(params.net).loaded, figure, message["milliseconds"], long_work_device())


def expect(*values: Any) -> list[dict]:
    """What a run of what the controls ask for will cost."""
    return [gr.update(estimate=estimate(in_order(StyleParams, values))), gr.skip()]


def lay_out_work() -> dict[str, gr.HTML]:
    """What the eye needs: two pictures, what becomes of them, and its figures; widgets by parameter or name."""
    parts = {}
    with gr.Row(elem_classes="cn-work cn-dreaming"):
        with gr.Column(scale=0, elem_classes="cn-column-controls"):
            parts["content"] = chooser(DEMO, "content", "Content", photographs(), {}, pastes=True)
            parts["style"] = chooser(DEMO, "style", "Style", styles(), FETCHED)
            parts["log_ratio"] = ui.dial(DEMO, "log_ratio", "log α/β, style to content", 0.1)
            parts["size_px"] = ui.dial(DEMO, "size_px", "Longer side in pixels", 32)
            more = [("on", "Paint on", "Begin from the picture as it stands, with what is chosen now")]
            parts["runner"] = running.runner(Task(), more)
        with gr.Column(scale=1):
            brushes = {"Brush style 1": "#ff0000", "Brush style 2": "#0000ff"}
            parts["mask"] = running.easel(DEMO, "picture", "content", look, brushes)
        with gr.Column(scale=0, elem_classes="cn-column-figures"):
            ui.widget("descent", layers=STYLE_LAYERS)
    return parts


def lay_out_more() -> dict[str, gr.HTML]:
    """What is folded away; widgets by parameter."""
    parts = {}
    with ui.fold("More: start, colours, layers, a second style, the net"), gr.Row(elem_classes="cn-work"):
        with gr.Column(scale=1):
            parts |= {name: ui.choice(DEMO, name, *CHOICES[name]) for name in ("start", "colours", "matched", "net")}
        with gr.Column(scale=1):
            parts["iterations"] = ui.dial(DEMO, "iterations", "Steps", 5)
            parts["scales"] = ui.dial(DEMO, "scales", "Sizes, coarse to fine", 1)
            parts["style_scale"] = ui.dial(DEMO, "style_scale", "Style scale", 0.05)
            parts["variation"] = ui.dial(DEMO, "variation", "Total variation", 0.001)
            parts["seed"] = ui.dial(DEMO, "seed", "Seed of the noise", 1)
        with gr.Column(scale=1):
            parts["layer_weights"] = ui.control(DEMO, "layer_weights", "weights", layers=STYLE_LAYERS)
            parts |= {name: ui.choice(DEMO, name, *CHOICES[name]) for name in ("content_layer", "optimizer", "pooling")}
        with gr.Column(scale=1):
            parts["second"] = chooser(DEMO, "second", "Second style", styles(), {None: "None"} | FETCHED)
            parts["blend"] = ui.dial(DEMO, "blend", "Share of the second", 0.05)
    return parts


def build() -> ui.Tab:
    """Lay the tab out and wire it."""
    label = ui.label(
        "Neural style",
        2015,
        "Leon Gatys, Alexander Ecker, Matthias Bethge",
        DEMO.paper,
        "One net reads a picture twice: which features it has where, and which go together. The result keeps the first "
        "of one picture and the second of another.",
        try_this(),
    )
    parts = lay_out_work() | lay_out_more()
    figures = ui.widget(
        "plates", Order(name="ratios").model_dump(), figures={n: f.title for n, f in FIGURES.items()}, frame={}
    )
    foot = ui.foot(HOW_IT_WORKS)
    controls = {name: parts[name] for name in StyleParams.model_fields}
    inputs, stage, runner = list(controls.values()), parts["mask"], parts["runner"]
    on_change([label.select], begin, inputs, [stage, runner, foot])
    costly = [parts[name].input for name in ("content", "size_px", "iterations", "scales", "style_scale", "net")]
    on_change(costly, expect, inputs, [runner, foot])
    on_run(runner, run, inputs, [stage, foot], "painting")
    on_run(figures, draw, inputs, [figures, foot], "figure")
    gr.api(api, api_name=DEMO.slug, concurrency_limit=None)
    return ui.Tab(controls, label)


DEMO = ui.Demo("style", "Neural style", StyleParams, build, paper="https://arxiv.org/abs/1508.06576")
