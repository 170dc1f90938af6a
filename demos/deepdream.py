"""The DeepDream tab: choose a picture and a layer, watch the dream grow, leave out a trick, keep the film."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from demos import running, ui
from demos.deepdream_answers import PAGE, atlas, look
from demos.deepdream_run import Task, messages, short
from demos.pictures import chooser, photographs
from demos.refusals import checked, in_order, on_change
from demos.serving.files import published
from demos.turns import on_run, telling_in_turn
from models import recognisers
from models.deepdream import MOST_CHANNELS, DeepDreamParams
from models.device import long_work_device
from models.recognisers import FAVOURITE, LAYERS
from weights import EMBEDDED

PAPER = "https://research.google/blog/inceptionism-going-deeper-into-neural-networks/"

HOW_IT_WORKS = r"""
**What does a net see in clouds?** Show it a picture and let a layer answer; then change the picture so that it answers
the same, only louder. Whatever it faintly recognised grows, is recognised better, and grows more:

$g = \partial\, \tfrac12 \sum_i a_i(x)^2 / \partial x, \quad x \leftarrow x + s\, g / \overline{|g|}$

Three tricks turn noise into beasts. *Jitter* moves the picture before each step, so that no pixel grid settles.
*Octaves* dream on a small copy first, then carry what was added to larger ones. *Dividing by the gradient's mean size*
makes one strength right for every layer. Leave one out, run, and press "Against the last".
In code: `dream` in `models/deepdream.py`.

**Where it fails.** It shows what the net was trained on, not what the picture means: an eighth of ImageNet's classes
are dogs, so dogs come. Without a network a thin net of ours dreams; it learned from the original's answers on 16,644
pictures, half of them of dogs, and finds dogs where the original also finds birds, beetles and pagodas. A dream does
not explain a neuron: it is one picture that the neuron likes.
"""

TITLES = {
    "googlenet": "GoogLeNet, as in 2015",
    "thin_googlenet": "Thin GoogLeNet, ours",
    "torchvision_googlenet": "GoogLeNet, torchvision's",
    "inception_v3": "Inception-v3",
}
FIRST_DREAM: dict[str, Any] = {}  # of the defaults, once somebody has dreamed it
MODES = [
    ("on", "Dream on", "Begin from the dream as it stands"),
    ("zoom", "Zoom film", "Dream, go a little closer, dream again"),
]
TRICKS = {"jitter": "Jitter", "pyramid": "Octaves", "normalised": "÷ |g|"}
SEES = ("patches", "curls", "strokes", "eyes", "muzzles", "heads", "beasts", "animals", "things", "mazes", "towers")


def try_this() -> dict[str, str]:
    """Three links, each of which reveals one idea."""
    return {
        "The slide's strokes, layer 3b": "demo=deepdream&layer=inception_3b/5x5_reduce&v=1",
        "A lion grows other beasts": "demo=deepdream&picture=lion&v=1",
        "The same without jitter": "demo=deepdream&picture=lion&jitter=false&v=1",
    }


def begin(*values: Any) -> list[dict]:
    """What the tab shows first: the dream of the defaults, if it was dreamed before, or a run of what is asked for."""
    params = in_order(DeepDreamParams, values)
    if params == DeepDreamParams() and FIRST_DREAM:
        return [gr.skip(), gr.update(frame=FIRST_DREAM), gr.skip(), gr.update(value=foot_of(params, FIRST_DREAM))]
    return [gr.update(net=params.net), gr.skip(), gr.update(start=True), gr.skip()]


def run(task: dict, *values: Any) -> Iterator[list[dict]]:
    """A dream, a dream on the last one, or a zoom film."""
    params, task = in_order(DeepDreamParams, values), checked(Task, task)
    loading = None if recognisers.is_loaded(params.net) else TITLES[params.net]
    first = FIRST_DREAM if (params, task) == (DeepDreamParams(), Task(run=task.run)) else {}
    yield from running.shown(messages(params, task), task, loading, first, lambda last: foot_of(params, last))


def foot_of(params: DeepDreamParams, message: dict[str, Any]) -> dict[str, Any]:
    """Which weights dreamed, where, for how long."""
    loaded = recognisers.load(params.net).loaded
    return ui.answered(loaded, f"{message['made']} steps", message["milliseconds"], long_work_device())


@telling_in_turn("dream")
def api(
    picture: str = "rocket",
    net: str = "googlenet",
    layer: str | None = None,
    channels: list[int] | None = None,
    guide: str | None = None,
    mask: str | None = None,
    strength: float = 1.5,
    octaves: int = 4,
    steps: int = 10,
    octave_scale: float = 1.4,
    jitter: bool = True,
    pyramid: bool = True,
    normalised: bool = True,
    size_px: int = 448,
    seed: int = 0,
) -> Iterator[dict]:
    """A dream: the picture as a data: address, the objective at every step of every octave, and the net's top five.

    picture, guide, mask: a ready picture's name or a data: address of a PNG, JPEG or WebP. The others are those of the
    page's address.
    """
    for message in messages(checked(DeepDreamParams, ui.given(locals())), Task()):
        yield {"picture": message["image"], "objective": message["curve"], "top_five": message.get("top")}


def layers() -> gr.HTML:
    """The strip of layers, for every net; what they like was dreamed by the thin GoogLeNet."""
    sprite = published((EMBEDDED / "deepdream_layers.jpg").read_bytes())
    nets = {}
    for net, names in LAYERS.items():
        pictured = names == LAYERS["thin_googlenet"]
        sees = SEES if pictured else [""] * len(names)
        listed = [(name, short(name), seen) for name, seen in zip(names, sees, strict=True)]
        nets[net] = {"layers": listed, "favourite": FAVOURITE[net], "pictured": pictured}
    return ui.control(DEMO, "layer", "layers", nets=nets, net=DeepDreamParams().net, sprite=sprite)


def lay_out_work() -> dict[str, gr.HTML]:
    """What the eye needs: layers, knobs, the dream, its figures; widgets by parameter or name."""
    parts = {"layer": layers()}
    with gr.Row(elem_classes="cn-work cn-dreaming"):
        with gr.Column(scale=0, elem_classes="cn-column-controls"):
            parts["strength"] = ui.dial(DEMO, "strength", "Strength", 0.1)
            parts["octaves"] = ui.dial(DEMO, "octaves", "Octaves", 1)
            parts["steps"] = ui.dial(DEMO, "steps", "Steps per octave", 1)
            with gr.Row(elem_classes="cn-tricks"):
                for trick, text in TRICKS.items():
                    parts[trick] = ui.toggle(DEMO, trick, text)
            parts["runner"] = running.runner(Task(), MODES)
            parts["picture"] = chooser(DEMO, "picture", "Picture", photographs(), {"noise": "Noise"}, pastes=True)
        with gr.Column(scale=1):
            parts["mask"] = running.easel(DEMO, "dream", "picture", look, {"Brush where": "#ffffff"})
        with gr.Column(scale=0, elem_classes="cn-column-figures"):
            ui.widget("progress")
    with gr.Row(elem_classes="cn-channels"):
        atlas_of = {"page": PAGE, "most": MOST_CHANNELS, "server_functions": [atlas]}
        parts["channels"] = ui.control(DEMO, "channels", "atlas", **atlas_of)
    return parts


def lay_out_more() -> dict[str, gr.HTML]:
    """What is folded away; widgets by parameter."""
    parts = {}
    with ui.fold("More: the net, a guide, size, seed"), gr.Row(elem_classes="cn-work"):
        with gr.Column(scale=1):
            parts["net"] = ui.choice(DEMO, "net", "Net", TITLES)
            parts["size_px"] = ui.dial(DEMO, "size_px", "Longer side in pixels", 32)
            parts["octave_scale"] = ui.dial(DEMO, "octave_scale", "Octave scale", 0.05)
        with gr.Column(scale=1):
            parts["seed"] = ui.dial(DEMO, "seed", "Seed", 1)
            parts["turns"] = ui.dial(DEMO, "turns", "Frames of a zoom film", 1)
        with gr.Column(scale=1):
            parts["guide"] = chooser(DEMO, "guide", "Guide", photographs(), {None: "None"})
    return parts


def build() -> ui.Tab:
    """Lay the tab out and wire it."""
    label = ui.label(
        "DeepDream",
        2015,
        "Alexander Mordvintsev, Christopher Olah, Mike Tyka",
        DEMO.paper,
        "Run a recognising net backwards and whatever a layer faintly sees grows: low layers paint strokes, "
        "high layers paint things.",
        try_this(),
    )
    parts = lay_out_work() | lay_out_more()
    foot = ui.foot(HOW_IT_WORKS)
    controls = {name: parts[name] for name in DeepDreamParams.model_fields}
    stage, runner = parts["mask"], parts["runner"]
    on_change([label.select], begin, list(controls.values()), [parts["layer"], stage, runner, foot])
    on_run(runner, run, list(controls.values()), [stage, foot], "dream")
    gr.api(api, api_name=DEMO.slug, concurrency_limit=None)
    return ui.Tab(controls, label)


DEMO = ui.Demo("deepdream", "DeepDream", DeepDreamParams, build, paper=PAPER)
