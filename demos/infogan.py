"""The InfoGAN tab: choose a digit, bend it with two codes beside its twin, let Q read it, follow the training."""

import dataclasses
import functools
from typing import Any

import gradio as gr

from demos import ui
from demos.canvas import canvas
from demos.infogan_answers import digits, exhibit, figure, film, generate, shown, walk
from demos.refusals import checked, in_order, on_change, telling
from models import infogan
from models.images import to_base64, to_png_url, to_uint8
from models.infogan import (
    FRAMES_PER_SECOND,
    LARGEST_SEED,
    LARGEST_STYLE,
    TRAINED_STYLE,
    Codes,
    InfoGANParams,
)
from models.nets.infogan import ENTROPY_NATS, SAMPLES
from models.strokes import dots_from_text
from weights.manifest import INFOGAN

HOW_IT_WORKS = r"""
**How can a net find out by itself what a digit is?** G paints pictures from noise $z$ and a short code $c$: one of ten
categories and two numbers; D tells them from real ones. Alone, G may ignore the code, and mostly does.
So a third net, Q, guesses the code from the picture, and G is paid when Q is right:

$\min_{G,Q} \max_D\; V(D, G) - \lambda L_I(G, Q), \quad
L_I = \mathbb{E}_{c,\, x \sim G(z,c)}\,[\log Q(c \mid x)] + H(c) \le I(c;\, G(z,c))$

Ten categories are told apart best if each is a digit, two numbers best if each does something visible.
In code: `step` in `weights/train/infogan.py`.

**Where it fails.** Labels taught none of this, but chose among three seeds and matched categories to digits; another
seed may never part 3 from 5. Ours has two helps that the paper's had not: it also learned that a real digit, slightly
moved, keeps its category, and Q sees c3 only in what holds all over a picture. A drawing keeps its digit, two styles
and the nearest of 100 noises: it comes back as *a* digit of its kind, not as yours. Beyond ±1 strokes dissolve.
"""

FIGURES = {"c1": "c1: the digit", "twin": "c1 without λ", "c2": "c2 from −2 to 2", "c3": "c3 from −2 to 2"}
WALKS = {"c1": "Morph c1", "around": "Round the pad", "c2": "Swing c2", "c3": "Swing c3"}


def try_this() -> dict[str, str]:
    """Three links, each of which reveals one idea."""
    return {
        "Leave the trained square": "demo=infogan&digit=4&styles=2,-2&v=1",
        "The same codes without λ": "demo=infogan&figure=twin&v=1",
        "Watch ten categories part": "demo=infogan&checkpoint=4&v=1",
    }


def show(*values: Any) -> list[dict]:
    """What every widget begins with, for the values of the codes."""
    codes = in_order(Codes, values)
    nets, loaded = infogan.load()
    milliseconds = ui.stopwatch()
    start = shown(nets, codes)
    took = milliseconds()
    trained = {
        "categories": nets.categories.tolist(),
        "purities": nets.purities_percent.tolist(),
        "digits": [to_base64(picture) for picture in infogan.all_digits(nets, codes)],
    }
    names = [dataclasses.asdict(name) for name in infogan.style_names(nets)]
    return [
        gr.update(trained=trained, start=start),
        gr.update(names=names),
        gr.update(start=start["generated"] | {"codes": start["codes"]}),
        gr.update(start=start["twin"] | {"codes": start["codes"]}),
        gr.update(start=start),
        gr.update(start=start),
        gr.update(progress=progress(), start=start),
        gr.update(value=ui.answered(loaded, "{c1_error_percent:.1f} % error of c1".format(**INFOGAN.figures), took)),
    ]


@functools.cache
def progress() -> dict[str, Any]:
    """How the training went, for the page."""
    nets, _ = infogan.load()
    return {
        "steps": nets.progress.steps.tolist(),
        "nats": nets.progress.nats.tolist(),
        "twin_nats": nets.twin_nats.tolist(),
        "entropy": ENTROPY_NATS,
        "samples": to_png_url(infogan.samples_sheet(nets)),
        "rows": SAMPLES,
    }


def show_redrawn(drawing: str) -> list[dict]:
    """What Q reads in the drawing, and what G makes of it."""
    drawing = checked(InfoGANParams, {"drawing": drawing}).drawing
    if not dots_from_text(drawing).any():
        return [gr.update(given=""), gr.update(start={}), gr.skip()]
    nets, _ = infogan.load()
    redrawn = infogan.redraw(nets, drawing)
    start = exhibit(redrawn.reading, 0, redrawn.picture) | {"codes": redrawn.codes.model_dump()}
    return [gr.update(given=to_base64(redrawn.given)), gr.update(start=start), gr.skip()]


@telling
def api(digit: int, styles: list[float] | None = None, noise: int | None = None) -> dict:
    """A digit made from its codes by the InfoGAN and by its twin, and Q's reading of both.

    digit: 0 to 9. styles: c2 and c3, each from −2 to 2. noise: the seed of z, 0 to 9999.
    """
    codes = checked(Codes, ui.given(locals()))
    nets, _ = infogan.load()
    made = infogan.make(nets, codes)
    return {
        "category": int(nets.categories[codes.digit]),
        "picture": to_uint8(made.picture[None]).tolist(),
        "twin": to_uint8(made.twin[None]).tolist(),
        "probabilities": made.readings.probabilities.tolist(),
        "styles": made.readings.styles.tolist(),
    }


def lay_out_codes() -> dict[str, gr.HTML]:
    """The first row: the codes, what is made of them, and their figures and walks; widgets by name."""
    with gr.Column(scale=1):
        digit = ui.control(DEMO, "digit", "digits", trained={}, start={}, server_functions=[generate, digits])
        figures = ui.control(DEMO, "figure", "figures", choices=FIGURES, start={}, server_functions=[figure])
        film_rate = {"frames_per_second": FRAMES_PER_SECOND}
        walks = ui.control(DEMO, "walk", "walks", choices=WALKS, start={}, **film_rate, server_functions=[walk, film])
    with gr.Column(scale=0, elem_classes="cn-column-pad"):
        styles = ui.control(DEMO, "styles", "pad", limit=LARGEST_STYLE, trained=TRAINED_STYLE, names=[])
        with gr.Row(elem_classes="cn-noise"):
            noise = ui.control(DEMO, "noise", "noise", largest=LARGEST_SEED)
            locked = ui.toggle(DEMO, "locked", "Lock z")
    with gr.Column(scale=0, elem_classes="cn-column-xl"):
        generated = exhibited(3, "generated", "Generated", "λ = 1", "Q reads back")
    with gr.Column(scale=0, elem_classes="cn-column-xl"):
        twin = exhibited(4, "twin", "Its twin", "λ = 0", "The same Q reads")
    parts = {"digit": digit, "figure": figures, "walk": walks, "styles": styles, "noise": noise, "locked": locked}
    return parts | {"generated": generated, "twin": twin}


def lay_out_own() -> dict[str, gr.HTML]:
    """The second row: a digit of one's own, and how the training went; widgets by name."""
    with gr.Column(scale=0, elem_classes="cn-column-xl"):
        drawing = canvas(DEMO, 5)
    with gr.Column(scale=0, elem_classes="cn-column-xl"):
        redrawn = exhibited(7, "redrawn", "G redraws it", "from what Q read", "Q read in your drawing")
    with gr.Column(scale=1):
        checkpoint = ui.control(DEMO, "checkpoint", "training", number=8, progress={}, start={})
    return {"drawing": drawing, "redrawn": redrawn, "checkpoint": checkpoint}


def build() -> ui.Tab:
    """Lay the tab out and wire it."""
    label = ui.label(
        "InfoGAN",
        2016,
        "Xi Chen, Yan Duan, Rein Houthooft, John Schulman, Ilya Sutskever, Pieter Abbeel",
        DEMO.paper,
        "Paid for making pictures from which its own code can be read back, the net finds by itself, without labels, "
        "what kind, slant and thickness are.",
        try_this(),
    )
    with gr.Row(elem_classes="cn-work cn-codes"):
        parts = lay_out_codes()
    with gr.Row(elem_classes="cn-work"):
        parts |= lay_out_own()
    foot = ui.foot(HOW_IT_WORKS)
    codes = [parts[name] for name in Codes.model_fields]
    begun = [parts[name] for name in ("digit", "styles", "generated", "twin", "figure", "walk", "checkpoint")]
    on_change([label.select], show, codes, [*begun, foot])
    on_change(
        [label.select, parts["drawing"].input],
        show_redrawn,
        [parts["drawing"]],
        [parts["drawing"], parts["redrawn"], foot],
    )
    gr.api(api, api_name=DEMO.slug)
    return ui.Tab({name: parts[name] for name in InfoGANParams.model_fields}, label)


def exhibited(number: int, shows: str, title: str, remark: str, reads: str) -> gr.HTML:
    """The widget of one picture and what Q reads."""
    texts = {"title": title, "remark": remark, "reads": reads}
    return ui.widget("exhibit", number=number, shows=shows, **texts, limit=LARGEST_STYLE, start={})


DEMO = ui.Demo("infogan", "InfoGAN", InfoGANParams, build, paper="https://arxiv.org/abs/1606.03657")
