"""The CapsNet tab: draw a digit, see ten capsules read it, decode one, and move its sixteen dimensions."""

from typing import Any

import gradio as gr
import torch

from demos import ui
from demos.canvas import canvas
from demos.refusals import answering, checked, on_change, telling
from models import capsnet
from models.capsnet import LARGEST_OFFSET, OFFSET_STEP, CapsNetParams, Capsule
from models.images import to_base64, to_png_url, to_uint8
from models.strokes import dots_from_text, ready_digits
from weights.manifest import CAPSNET

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
It knows only MNIST's handwriting: a 7 with a foot is taken for a 2. A dimension is named by what was measured to
change most between its ends, yet few do one thing alone. Later work (1911.07968) found that routing adds little.
"""


def try_this() -> dict[str, str]:
    """Three links, each of which reveals one idea."""
    drawing = {ready.remark: f"demo=capsnet&drawing={ready.drawing}" for ready in ready_digits()}
    bent = ",".join(["0.25", "-0.25"] * 8)
    return {
        "A 6 that could be a 0": f"{drawing['A 6 with a short stem']}&capsule=0&v=1",
        "A 2 bent until it is none": f"{drawing['A plain 2']}&offsets={bent}&v=1",
        "A heart must be some digit": f"{drawing['A heart']}&v=1",
    }


@answering
async def decode(request: dict) -> dict[str, Any]:
    """The picture of a changed capsule: what moving a slider asks for, so quick that it needs no thread."""
    capsule = checked(Capsule, request)
    net, _ = capsnet.load()
    milliseconds = ui.stopwatch()
    picture = capsnet.reconstruct(net, capsule.digit, capsule.moved()[None])[0]
    return {"picture": to_base64(picture), "milliseconds": milliseconds()}


@answering
def sheet(request: dict) -> dict[str, str]:
    """The sweep of a capsule as one PNG."""
    capsule = checked(Capsule, request)
    net, _ = capsnet.load()
    pictures = capsnet.sweep(net, capsule.digit, torch.tensor(capsule.pose))
    return {"png": to_png_url(capsnet.sheet(pictures))}


def show(drawing: str, capsule: int | None, offsets: list[float]) -> list[dict]:
    """What the canvas, the bars, the sliders and the foot show."""
    params = checked(CapsNetParams, {"drawing": drawing, "capsule": capsule, "offsets": offsets})
    if not dots_from_text(params.drawing).any():
        return [gr.update(given=""), gr.update(reading={}), gr.update(capsule={}), gr.skip()]
    net, loaded = capsnet.load()
    milliseconds = ui.stopwatch()
    answer = capsnet.answer(net, params)
    pose = torch.tensor(answer.capsule.pose)
    ends = capsnet.sweep(net, answer.capsule.digit, pose, torch.tensor([-LARGEST_OFFSET, LARGEST_OFFSET]))
    reading = {
        "lengths": answer.reading.lengths.tolist(),
        "meant": next((ready.meant for ready in ready_digits() if ready.drawing == params.drawing), None),
        "decoded": answer.capsule.digit,
        "reconstruction": to_base64(answer.reconstruction),
        "error": answer.squared_error,
    }
    bank = answer.capsule.model_dump() | {
        "names": capsnet.name_dimensions(ends),
        "ends": [to_base64(end) for end in ends.flatten(0, 1)],
        "reconstruction": reading["reconstruction"],
        "picture": to_base64(answer.perturbed),
    }
    figure = "{test_error_percent:.2f} % test error".format(**CAPSNET.figures)
    return [
        gr.update(given=to_base64(answer.reading.given)),
        gr.update(reading=reading),
        gr.update(capsule=bank),
        gr.update(value=ui.answered(loaded, figure, milliseconds())),
    ]


@telling
def api(drawing: str, capsule: int | None = None, offsets: list[float] | None = None) -> dict:
    """Lengths of the ten capsules for a drawing, and the picture decoded from one of them.

    drawing: 28×28 dots of one bit in base64url, as in the page's address. capsule: the one to decode, none for the
    longest. offsets: what is added to its 16 dimensions, each from −0.25 to 0.25.
    """
    params = checked(CapsNetParams, ui.given(locals()))
    net, _ = capsnet.load()
    answer = capsnet.answer(net, params)
    return {
        "digit": answer.reading.digit,
        "lengths": answer.reading.lengths.tolist(),
        "decoded": answer.capsule.digit,
        "pose": answer.capsule.moved().tolist(),
        "picture": to_uint8(answer.perturbed[None]).tolist(),
    }


def build() -> ui.Tab:
    """Lay the tab out and wire it."""
    label = ui.label(
        "Capsule network",
        2017,
        "Sara Sabour, Nicholas Frosst, Geoffrey Hinton",
        DEMO.paper,
        "Each digit gets a small vector instead of one number: its length says how sure the net is, "
        "and its sixteen entries say how the digit was written.",
        try_this(),
    )
    with gr.Row(elem_classes="cn-work"):
        with gr.Column(scale=0, elem_classes="cn-column-xl"):
            drawing = canvas(DEMO, 1)
        with gr.Column(scale=1):
            lengths = ui.control(DEMO, "capsule", "lengths", reading={})
        with gr.Column(scale=0, elem_classes="cn-column-bank"):
            limits = {"limit": LARGEST_OFFSET, "step": OFFSET_STEP}
            bank = ui.control(DEMO, "offsets", "bank", capsule={}, **limits, server_functions=[decode, sheet])
    foot = ui.foot(HOW_IT_WORKS)
    controls = {"drawing": drawing, "capsule": lengths, "offsets": bank}
    on_change(
        [label.select, drawing.input, lengths.input], show, list(controls.values()), [drawing, lengths, bank, foot]
    )
    gr.api(api, api_name=DEMO.slug)
    return ui.Tab(controls, label)


DEMO = ui.Demo("capsnet", "CapsNet", CapsNetParams, build, paper="https://arxiv.org/abs/1710.09829")
