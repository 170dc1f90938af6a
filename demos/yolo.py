"""The YOLO tab: one look at a picture, all that it proposes, and how boxes go until the last one stands."""

from typing import Any

import gradio as gr

from demos import ui
from demos.pictures import chooser
from demos.refusals import checked, in_order, on_change, telling
from demos.yolo_answers import MISTAKES, coco_boxes, looked, ready, seen
from models import detectors, drawings
from models.drawings import ready_drawings
from models.yolo import MOST_TRUTHS, YOLOParams

HOW_IT_WORKS = r"""
**Where do the boxes come from, and where do they go?** The net looks once. Every cell of three grids, 8, 16 and 32
pixels apart, answers at the same time: where a box around its thing would be, how sure it is that there is a thing at
all, and which class it would be. What is called confidence is a product:

$\text{score} = \text{objectness} \times P(\text{class}), \qquad \text{IoU} = |A \cap B| \,/\, |A \cup B|$

Neighbouring cells see the same thing, so it gets many boxes. A threshold drops the unsure ones; then the best box
stays, whatever of its class overlaps it by more than the limit goes, and so on with the best of the rest: greedy
non-maximum suppression. In code: `suppress` in `models/suppression.py`.

**Where it fails.** Suppression knows boxes, not things: where two digits of one kind touch, one may go, and no limit is
right for all pictures. A detector knows its classes alone: to ours of digits a square is a 0, to ours of the street,
which learned five classes from 2,043 photographs and misses many, a motorcycle is a car. Other things raise its
objectness and no class.
"""

DETECTORS = {
    "auto": "The one that suits the picture",
    "coco": "YOLOX-s, COCO's 80 classes",
    "street": "Street, ours",
    "digits": "Digits, ours",
}
METHODS = {
    "hard": "Remove it",
    "diou": "Remove it, by DIoU",
    "linear": "Soft: × (1 − IoU)",
    "gaussian": "Soft: × exp(−IoU² / 0.5)",
}


def try_this() -> dict[str, str]:
    """Three links, each of which reveals one idea."""
    return {
        "Every cell speaks at once": "demo=yolo&view=candidates&v=1",
        "Turn suppression off": "demo=yolo&overlap=1&score=0.3&v=1",
        "A square must be some digit": "demo=yolo&picture=board&v=1",
    }


def show(*values: Any) -> list[dict]:
    """What the picture and the foot show."""
    params = in_order(YOLOParams, values)
    detectors.load(params.net, params.shows_digits)  # once, and not on this picture's account
    milliseconds = ui.stopwatch()
    detector, picture, found = looked(params)
    foot = ui.answered(detector.loaded, detector.figure, milliseconds(), detector.place)
    return [gr.update(seen=seen(detector, found, picture, params)), gr.update(value=foot)]


@telling
def api(
    picture: str = "drawing",
    drawing: str | None = None,
    net: str = "auto",
    score: float = 0.6,
    overlap: float = 0.5,
    method: str = "hard",
    classwise: bool = True,
    mistake: str = "none",
) -> dict:
    """The boxes that are left, x, y, width and height with their class's name, and every blow of suppression.

    picture: a ready picture's name, a data: address of a PNG, JPEG or WebP, or "drawing". The others are those of the
    page's address.
    """
    params = checked(YOLOParams, ui.given(locals()))
    detector, _, found = looked(params)
    return coco_boxes(detector, found, params)


def lay_out_work() -> dict[str, gr.HTML]:
    """What the eye needs: the picture, three stages, thresholds, one box taken apart; widgets by parameter or name."""
    parts = {}
    with gr.Row(elem_classes="cn-work cn-detecting"):
        with gr.Column(scale=0, elem_classes="cn-column-stages"):
            own = {"pastes": True, "streams": True}
            parts["picture"] = chooser(DEMO, "picture", "Picture", ready(), {"drawing": "Draw digits"}, **own)
            parts["view"] = ui.control(DEMO, "view", "stages")
        with gr.Column(scale=1):
            canvas = {"side_px": drawings.SIDE_PX, "parts": drawings.PARTS, "pen_px": drawings.PEN_PX}
            drafts = [vars(drawing) for drawing in ready_drawings()]
            parts["drawing"] = ui.control(
                DEMO, "drawing", "sight", **canvas, longest=drawings.LONGEST, ready=drafts, seen={}
            )
            parts["step"] = ui.control(DEMO, "step", "blows")
        with gr.Column(scale=0, elem_classes="cn-column-boxes"):
            parts["score"] = ui.dial(DEMO, "score", "Score, at least", 0.01)
            parts["overlap"] = ui.dial(DEMO, "overlap", "Overlap (IoU), at most", 0.01)
            parts["grid"] = ui.control(DEMO, "grid", "grids")
            parts["cell"] = ui.control(DEMO, "cell", "anatomy")
            parts["pair"] = ui.control(DEMO, "pair", "sandbox")
    return parts


def lay_out_more() -> dict[str, gr.HTML]:
    """What is folded away; widgets by parameter."""
    parts = {}
    fold = ui.fold("More: the detector, kinds of suppression, classic mistakes")
    with fold, gr.Row(elem_classes="cn-work"):
        with gr.Column(scale=1):
            parts["net"] = ui.choice(DEMO, "net", "Detector", DETECTORS)
        with gr.Column(scale=1):
            parts["method"] = ui.choice(DEMO, "method", "What happens to the weaker box", METHODS)
            parts["classwise"] = ui.toggle(DEMO, "classwise", "Class by class")
        with gr.Column(scale=1):
            parts["mistake"] = ui.choice(DEMO, "mistake", "A classic mistake", MISTAKES)
            ui.widget("given")
    with ui.fold("Your own ground truth: hits, precision, recall, AP"):
        parts["truth"] = ui.control(DEMO, "truth", "truth", most=MOST_TRUTHS)
    return parts


def build() -> ui.Tab:
    """Lay the tab out and wire it."""
    label = ui.label(
        "YOLO",
        2016,
        "Joseph Redmon, Santosh Divvala, Ross Girshick, Ali Farhadi",
        DEMO.paper,
        "One look at the picture, thousands of guesses at once: every cell of three grids proposes a box, "
        "and all that follows is throwing boxes away.",
        try_this(),
    )
    parts = lay_out_work() | lay_out_more()
    foot = ui.foot(HOW_IT_WORKS)
    controls = {name: parts[name] for name in YOLOParams.model_fields}
    asking = [parts[name].input for name in ("picture", "drawing", "net", "mistake")]
    on_change([label.select, *asking], show, list(controls.values()), [parts["drawing"], foot])
    gr.api(api, api_name=DEMO.slug)
    return ui.Tab(controls, label)


DEMO = ui.Demo("yolo", "YOLO", YOLOParams, build, paper="https://arxiv.org/abs/1506.02640")
