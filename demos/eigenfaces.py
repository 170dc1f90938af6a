"""The Eigenfaces tab: a face as a sum, what is behind a cover, what is no face, where the face is, and whose it is."""

from typing import Any

import gradio as gr
import torch

from demos import ui
from demos.eigenfaces_answers import atlas, basis, drawn, rebuild, recognise, uncover
from demos.eigenfaces_shown import (
    MEASURES,
    covers,
    dots,
    lab,
    photograph_for,
    ready,
    scene,
    slide,
    title_of,
    told,
    variance,
)
from demos.pictures import chooser
from demos.refusals import checked, in_order, on_change, telling
from models import eigenfaces
from models.eigenfaces import COUNT, LARGEST_LIMIT, LARGEST_MOVE, LARGEST_WEIGHT, EigenfacesParams, nearest
from models.images import to_uint8
from weights.manifest import EIGENFACES

HOW_IT_WORKS = r"""
**How can a face be forty numbers?** Write every picture as one long vector. 400 faces differ from their mean $\Psi$
mostly in a few directions: the eigenvectors $u_i$ of their covariance, pictures themselves, eigenfaces. They are cheap:
if $v$ is an eigenvector of the small $A A^\top$, then $A^\top v$ is one of $A^\top A$.

$w_i = u_i^\top (x - \Psi), \qquad \hat{x} = \Psi + \sum_{i \le k} w_i u_i$

$\hat x$ is the nearest point of face space: least squares. How far $x$ is from it tells faces from other things, how
far $w$ is from known weights tells whose face it is. Where part of $x$ is covered, least squares over the visible
pixels, likely weights preferred, finds $w$. In code: `masked_least_squares` in `models/occlusion.py`.

**Where it fails.** The first three eigenfaces are mostly light. Three pixels of shift move a face as far as the same
person's next picture. Even grey lies nearer than any face, folds of cloth pass for one. And these are forty people
around a laboratory in 1992 to 1994, four of them women, few dark-skinned, no child: whoever is unlike them lies farther
out. Nothing here should decide about anybody.

Faces: AT&T Laboratories Cambridge (Samaria, Harter 1994), shown as 170 weights rebuild them; their distances count what
that leaves out. Yours is neither kept nor linked.
"""

INKS = {"black": "Black", "white": "White", "noise": "Noise"}
NUDGES = {"across": ("Shift right", 0.01), "down": ("Shift down", 0.01), "zoom": ("Scale", 0.01), "angle": ("Turn", 1)}
PUBLISHED = ((50, 87.5), (200, 98.0))  # of Olivetti's faces at 64 × 64: components, percent of the variance


def try_this() -> dict[str, str]:
    """Three links, each of which reveals one idea."""
    return {
        "Only five weights": "demo=eigenfaces&k=5&v=1",
        "Turn it upside down": "demo=eigenfaces&angle=180&v=1",
        "Show it a brick wall": "demo=eigenfaces&picture=brick&v=1",
    }


def begin() -> list[dict]:
    """What the widgets show that never changes."""
    return [
        gr.update(variance=ui.packed(variance())),
        gr.update(dots=ui.packed(dots())),
        gr.update(lab=ui.packed(lab())),
        gr.update(pictures=ui.packed(slide())),
        gr.skip(),
    ]


def show(*values: Any) -> list[dict]:
    """What a picture becomes, and where the face in it was found."""
    params = in_order(EigenfacesParams, values)
    trained, loaded = eigenfaces.load()
    photograph = photograph_for(trained, params.picture)
    milliseconds = ui.stopwatch()
    found = photograph and eigenfaces.look_for_face(trained, photograph, mapped=True)
    face = eigenfaces.see(trained, params, found)
    took = milliseconds()
    figure = "{recognition_percent:.1f} % recognised".format(**EIGENFACES.figures)
    return [
        gr.update(face=ui.packed(told(trained, face, params))),
        gr.update(seen=scene(face, photograph, params)),
        gr.update(value=ui.answered(loaded, figure, took, eigenfaces.place())),
    ]


@telling
def api(
    picture: str = "face_23_1",
    k: int = 40,
    moves: list[float] | None = None,
    place: str = "detector",
    measure: str = "euclidean",
    dropped: bool = False,
    shifted: bool = True,
) -> dict:
    """A picture's weights, what k of them rebuild, its distances, and the known picture it is most like.

    picture: a name of the page's address, or a data: address of a PNG, JPEG or WebP. moves: what is added to the first
    eight weights before the face is rebuilt, in standard deviations. place: what finds the face in a photograph.
    measure, dropped, shifted: how it is compared with the known ones.
    """
    params = checked(EigenfacesParams, ui.given(locals()))
    trained, _ = eigenfaces.load()
    photograph = photograph_for(trained, params.picture)
    found = eigenfaces.look_for_face(trained, photograph, params.place != "detector") if photograph else None
    face = eigenfaces.see(trained, params, found)
    likest = nearest(trained, face.weights, params, face.number)
    rebuilt = eigenfaces.rebuild(trained, face.weights, torch.tensor(params.moves), params.k)
    return {
        "weights": face.weights.tolist(),
        "reconstruction": to_uint8(rebuilt[None]).tolist(),
        "distance_from_face_space": face.from_space[params.k - 1].item(),
        "distance_in_face_space": face.near[params.k - 1].item(),
        "nearest": {"title": title_of(trained.name(likest.number)), "distance": likest.distance},
    }


def lay_out_work() -> dict[str, gr.HTML]:
    """What the eye needs: the picture, its sum and cover, the variance, the plane; widgets by parameter or name."""
    parts = {}
    with gr.Row(elem_classes="cn-work cn-faces-work"):
        with gr.Column(scale=0, elem_classes="cn-column-people"):
            more = {"mean": "Mean face", "sampled_1": "A sampled face"}
            parts["picture"] = chooser(DEMO, "picture", "Picture", ready(), more, pastes=True, draws=drawn)
            parts["ink"] = ui.choice(DEMO, "ink", "The cover is", INKS)
        with gr.Column(scale=1):
            asks = {"server_functions": [rebuild, basis, atlas]}
            parts["moves"] = ui.control(
                DEMO, "moves", "rebuilt", face="", limit=LARGEST_WEIGHT, farthest=LARGEST_MOVE, k=40, **asks
            )
            parts["cover"] = ui.control(DEMO, "cover", "cover", number=3, ready=covers(), server_functions=[uncover])
        with gr.Column(scale=0, elem_classes="cn-column-plane"):
            parts["k"] = ui.control(DEMO, "k", "variance", variance="", published=PUBLISHED, most=COUNT)
            begun = list(EigenfacesParams().limits)
            parts["limits"] = ui.control(DEMO, "limits", "plane", number=4, begun=begun, most=LARGEST_LIMIT, dots="")
    return parts


def lay_out_more() -> dict[str, gr.HTML]:
    """What is folded away; widgets by parameter or name."""
    parts = {}
    with ui.fold("Find the face in a photograph, and line it up"), gr.Row(elem_classes="cn-work cn-faces-more"):
        with gr.Column(scale=2):
            parts["place"] = ui.control(DEMO, "place", "whereabouts", number=5, seen={})
        with gr.Column(scale=1):
            for name, (text, stride) in NUDGES.items():
                parts[name] = ui.dial(DEMO, name, text, stride)
            parts["level"] = ui.toggle(DEMO, "level", "Bring to the light of a face")
    with ui.fold("The recognition lab, and the slide's figure"), gr.Row(elem_classes="cn-work cn-faces-more"):
        with gr.Column(scale=2):
            parts["rates"] = ui.widget(
                "rates", lab="", help="How often the nearest is right.", server_functions=[recognise]
            )
        with gr.Column(scale=1):
            parts["measure"] = ui.choice(DEMO, "measure", "Two faces are compared by", MEASURES)
            parts["dropped"] = ui.toggle(DEMO, "dropped", "Leave out the first three")
            parts["shifted"] = ui.toggle(DEMO, "shifted", "Know each picture shifted, too")
            parts["trio"] = ui.widget("trio", pictures="", help="Two faces near face space, a third thing far.")
    return parts


def build() -> ui.Tab:
    """Lay the tab out and wire it."""
    label = ui.label(
        "Eigenfaces",
        1991,
        "Matthew Turk, Alex Pentland",
        DEMO.paper,
        "Every face is the average face plus a weighted sum of a few ghostly ones; "
        "what is left over tells what is not a face.",
        try_this(),
    )
    parts = lay_out_work() | lay_out_more()
    foot = ui.foot(HOW_IT_WORKS)
    controls = {name: parts[name] for name in EigenfacesParams.model_fields}
    everything = list(controls.values())
    cutting = [label.select, *(parts[name].input for name in ("picture", "place", *NUDGES, "level"))]
    on_change(cutting, show, everything, [parts["moves"], parts["place"], foot])
    on_change([label.select], begin, [], [parts[name] for name in ("k", "limits", "rates", "trio")] + [foot])
    gr.api(api, api_name=DEMO.slug)
    return ui.Tab(controls, label)


DEMO = ui.Demo("eigenfaces", "Eigenfaces", EigenfacesParams, build, paper="https://doi.org/10.1162/jocn.1991.3.1.71")
