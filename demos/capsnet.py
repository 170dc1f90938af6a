"""The CapsNet tab: draw a digit, see ten capsules read it, decode one, and move its sixteen dimensions."""

import base64
import io
from typing import Any

import gradio as gr
import torch

from demos import ui
from models import capsnet
from models.capsnet import LARGEST_OFFSET, OFFSET_STEP, CapsNetParams, Capsule
from models.images import GreyLevels, to_uint8
from models.strokes import PEN_RADIUS, ready_digits, text_from_dots
from weights.manifest import CAPSNET

FIGURE = "{test_error_percent:.2f} % test error"

HOW_IT_WORKS = r"""
**What does a capsule know that a neuron does not?** A neuron says *how much*. A capsule is a vector: its length
says how sure the net is that a digit is there, its direction how that digit was written.

Each of 1,152 small capsules sees a patch and votes, through a learned matrix, for the pose of every digit:
$\hat{u}_{j|i} = W_{ij} u_i$. Digits whose voters agree are listened to more, three times over:

$c_{ij} = \operatorname{softmax}_j b_{ij}, \quad s_j = \sum_i c_{ij} \hat{u}_{j|i}, \quad
v_j = \frac{\lVert s_j \rVert^2}{1 + \lVert s_j \rVert^2} \frac{s_j}{\lVert s_j \rVert}, \quad
b_{ij} \leftarrow b_{ij} + \hat{u}_{j|i} \cdot v_j$

A decoder paints the digit back from one capsule's 16 numbers. In code: `routing` in `models/nets/capsnet.py`.

**Where it fails.** It must explain every picture as one of ten digits: a heart gets a digit too, if a shorter capsule.
It knows only MNIST's handwriting, so a barred 7 or a footed 1 may be misread. Few of the 16 dimensions do one
thing alone. Later work found that routing adds little to accuracy.
"""


def base64_pixels(picture: torch.Tensor) -> str:
    """A picture (28, 28) in [0, 1] as base64 grey levels."""
    return base64.b64encode(to_uint8(picture[None]).tobytes()).decode()


@ui.answering
def decode(request: dict) -> dict[str, Any]:
    """The picture of a changed capsule: what moving a slider asks for."""
    capsule = ui.checked(Capsule, **request)
    net, _ = capsnet.load()
    with ui.stopwatch() as milliseconds:
        picture = capsnet.reconstruct(net, capsule.digit, capsule.moved()[None])[0]
        return {"picture": base64_pixels(picture), "milliseconds": milliseconds()}


@ui.answering
def sheet(request: dict) -> dict[str, str]:
    """The sweep of a capsule as one PNG."""
    capsule = ui.checked(Capsule, **request)
    net, _ = capsnet.load()
    pictures = capsnet.sweep(net, capsule.digit, torch.tensor(capsule.pose))
    content = io.BytesIO()
    capsnet.sheet(pictures).save(content, "PNG")
    return {"png": "data:image/png;base64," + base64.b64encode(content.getvalue()).decode()}


@ui.answering
def drawing_of(request: dict) -> dict[str, str]:
    """The drawing that stands for an uploaded picture."""
    picture = ui.checked(GreyLevels, **request).picture()
    return {"drawing": text_from_dots(capsnet.prepare(picture)[0, 0].numpy() > 0.5)}


def show(drawing: str, capsule: int | None, offsets: list[float]) -> list[dict]:
    """What the canvas, the bars, the sliders and the foot show."""
    params = ui.checked(CapsNetParams, drawing=drawing, capsule=capsule, offsets=offsets)
    net, loaded = capsnet.load()
    with ui.stopwatch() as milliseconds:
        try:
            given = capsnet.prepare_drawing(params.drawing)
        except ValueError:  # an empty canvas is no mistake here: the page says how to begin
            return [gr.update(given=""), gr.update(reading={}), gr.update(capsule={}), gr.skip()]
        reading = capsnet.classify(net, given)
        answer = ui.answered(CAPSNET, loaded, FIGURE.format(**CAPSNET.figures), milliseconds())
    chosen = reading.capsule(params)
    poses = torch.stack([torch.tensor(chosen.pose), chosen.moved()])
    reconstruction, perturbed = capsnet.reconstruct(net, chosen.digit, poses)
    ends = capsnet.sweep(net, chosen.digit, poses[0], torch.tensor([-LARGEST_OFFSET, LARGEST_OFFSET]))
    bars = {
        "lengths": reading.lengths.tolist(),
        "meant": next((ready.meant for ready in ready_digits() if ready.drawing == params.drawing), None),
        "decoded": chosen.digit,
        "reconstruction": base64_pixels(reconstruction),
        "error": (reconstruction - reading.given).square().sum().item(),
    }
    bank = {
        "digit": chosen.digit,
        "pose": chosen.pose,
        "names": capsnet.name_dimensions(ends),
        "ends": [base64_pixels(end) for end in ends.flatten(0, 1)],
        "reconstruction": bars["reconstruction"],
        "picture": base64_pixels(perturbed),
    }
    given = base64_pixels(reading.given)
    return [gr.update(given=given), gr.update(reading=bars), gr.update(capsule=bank), gr.update(value=answer)]


@ui.telling
def api(drawing: str, capsule: int = -1, offsets: list[float] = [0.0] * 16) -> dict:
    """Lengths of the ten capsules for a drawing (28×28 bits, base64url), and the picture decoded from one.

    A capsule of −1 is the longest; offsets are added to its 16 dimensions.
    """
    params = ui.checked(CapsNetParams, drawing=drawing, capsule=None if capsule == -1 else capsule, offsets=offsets)
    net, _ = capsnet.load()
    reading = capsnet.classify(net, capsnet.prepare_drawing(params.drawing))
    chosen = reading.capsule(params)
    picture = capsnet.reconstruct(net, chosen.digit, chosen.moved()[None])
    return {
        "digit": reading.digit,
        "lengths": reading.lengths.tolist(),
        "decoded": chosen.digit,
        "pose": chosen.moved().tolist(),
        "picture": to_uint8(picture).tolist(),
    }


def build() -> ui.Tab:
    """Lay the tab out and wire it."""
    defaults = CapsNetParams()
    label = ui.label(
        "Capsule network",
        2017,
        "Sara Sabour, Nicholas Frosst, Geoffrey Hinton",
        DEMO.arxiv,
        "Each digit gets a small vector instead of one number: its length says how sure the net is, "
        "and its sixteen entries say how the digit was written.",
        {"A 5 that could be a 3": "demo=capsnet&capsule=3&v=1"},
    )
    with gr.Row(elem_classes="cn-work"):
        with gr.Column(scale=0, elem_classes="cn-column-xl"):
            ready = [{"drawing": digit.drawing, "remark": digit.remark} for digit in ready_digits()]
            canvas = ui.widget(
                "canvas", defaults.drawing, ready=ready, pen_radius=PEN_RADIUS, given="", server_functions=[drawing_of]
            )
        with gr.Column(scale=1):
            lengths = ui.widget("lengths", reading={})
        with gr.Column(scale=0, elem_classes="cn-column-bank"):
            bank = ui.widget(
                "bank",
                list(defaults.offsets),
                capsule={},
                limit=LARGEST_OFFSET,
                step=OFFSET_STEP,
                server_functions=[decode, sheet],
            )
    foot = ui.foot(HOW_IT_WORKS)
    controls = {"drawing": canvas, "capsule": lengths, "offsets": bank}
    gr.on(
        [label.load, canvas.input, lengths.input],
        ui.live(show, foot),
        list(controls.values()),
        [canvas, lengths, bank, foot],
        queue=False,
        trigger_mode="always_last",
        show_progress="hidden",
        api_visibility="private",
    )
    gr.api(api, api_name=DEMO.slug)
    return ui.Tab(controls, label)


DEMO = ui.Demo("capsnet", "CapsNet", CapsNetParams, build, arxiv="1710.09829")
