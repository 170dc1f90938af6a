"""What the Eigenfaces page shows of a picture, and what it begins with."""

import base64
import functools
import time
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from demos.pictures import caption, opened_style, photographs, thumbnail
from models import eigenfaces
from models.covers import READY
from models.eigenfaces import DROPPED, EigenfacesParams, Face, Trained
from models.face_pictures import DRAWN, GROUP, PHOTOGRAPHS, is_made, person_and_picture, sampled_seed
from models.images import to_base64, to_image, to_jpeg_url

MEASURES: dict[str, str] = {
    "euclidean": "Euclidean",
    "cosine": "Cosine",
    "mahalanobis": "Mahalanobis",
    "whitened_cosine": "Whitened cosine",
}
TITLES = {GROUP: "Three known people", "mean": "The mean face"} | {name: f"A {name}" for name in DRAWN}
KNOWN = ("face_23_1", "face_10_1", "face_8_1", "face_32_1", "face_22_1", "face_4_1", "face_14_1", "face_35_1")
PUBLISHED_RATES = {"lighting": 96, "orientation": 85, "size": 64}  # percent, Turk and Pentland 1991, on data of theirs
SLIDE = (29.8, 58.5, 5217.4)  # the lecture's own distances, in its own unit
SLIDE_PICTURES = ("face_4_1", "face_10_1", "brick")


# --- what a picture becomes -----------------------------------------------------------------------


def photograph_for(trained: Trained, picture: str) -> Image.Image | None:
    """The photograph or drawing of that name or address, RGB; none for what comes out of face space itself."""
    if is_made(picture):
        return None
    if picture == GROUP:
        return to_image(eigenfaces.group_picture(trained, opened_style("gravel"))[None]).convert("RGB")
    return DRAWN[picture]() if picture in DRAWN else opened_style(picture)


def title_of(picture: str) -> str:
    """What a picture shows, in a few words."""
    if known := person_and_picture(picture):
        return "Person {}, picture {}".format(*known)
    if (seed := sampled_seed(picture)) is not None:
        return f"Sampled, seed {seed}"
    return TITLES.get(picture) or caption(picture).rstrip(".").split(",")[0]


def told(trained: Trained, face: Face, params: EigenfacesParams) -> dict[str, Any]:
    """A face as the page keeps it."""
    own, moves = rounded(face.weights, 4), torch.tensor(params.moves)
    return {
        "picture": to_base64(face.picture),
        "sum": to_base64(eigenfaces.rebuild(trained, torch.tensor(own), moves, params.k)),
        "k": params.k,
        "moves": list(params.moves),
        "title": title_of(params.picture),
        "weights": own,
        "from": rounded(face.from_space, 2),
        "near": rounded(face.near, 2),
        "number": face.number,
        "crop": rounded(face.corners, 1),
        "at": time.monotonic_ns(),  # or the page would overlook an answer that is the last one's equal
    }


def scene(face: Face, photograph: Image.Image | None, params: EigenfacesParams) -> dict[str, Any]:
    """The photograph, where faces are looked for in it, and what was found."""
    if face.scene is None or photograph is None:
        return {"photograph": False}
    heat = face.scene.heat
    return {
        "photograph": True,
        "image": to_jpeg_url(photograph),
        "width": photograph.width,
        "height": photograph.height,
        "heat": base64.b64encode(nearness(heat).numpy().tobytes()).decode(),
        "heat_width": heat.shape[1],
        "heat_height": heat.shape[0],
        "places": [
            {"name": f"map{number}", "box": rounded(torch.tensor(place.box_xyxy), 1), "distance": place.distance}
            for number, place in enumerate(face.scene.places, start=1)
        ],
        "detector": face.scene.detector and rounded(torch.tensor(face.scene.detector), 1),
        "caption": "" if params.picture.startswith("data:") else TITLES.get(params.picture) or caption(params.picture),
    }


def nearness(heat: Tensor) -> Tensor:
    """The face map as bytes, 255 where a picture is nearest to face space, 0 where it is farthest or was not asked."""
    known = heat[heat.isfinite()]
    if not len(known):
        return torch.zeros(heat.shape, dtype=torch.uint8)
    span = (known.max() - known.min()).clamp(min=1e-6)
    return (255 * (known.max() - heat).clamp(min=0) / span).to(torch.uint8)


def rounded(values: Tensor, digits: int) -> list:
    """Numbers for the page, no longer than they need to be."""
    return np.round(values.double().numpy(), digits).tolist()


# --- what it begins with --------------------------------------------------------------------------


def ready() -> list[dict[str, Any]]:
    """The pictures to choose from; known faces are drawn from their weights when somebody looks."""
    later = [{"name": name, "title": title_of(name), "later": True} for name in (*KNOWN, GROUP)]
    drawn = [thumbnail(name, draw()) | {"title": TITLES[name]} for name, draw in DRAWN.items()]
    return later + photographs(PHOTOGRAPHS) + drawn


@functools.cache
def variance() -> list[float]:
    """How much of the variance the first k eigenfaces keep, in percent."""
    trained, _ = eigenfaces.load()
    space = trained.space
    total = space.variances.sum() + space.rest * len(space.mean)
    return rounded(100 * space.variances.cumsum(0) / total, 2)


@functools.cache
def dots() -> dict[str, Any]:
    """Where pictures lie on the face-space plane that face space has not seen."""
    trained, _ = eigenfaces.load()
    kinds = [
        {"name": name} | {side: rounded(trained.measured[f"{name}_{side}"], 2) for side in ("near", "from")}
        for name in ("known", "new", "unaligned", "other")
    ]
    return {"ks": trained.measured["ks"].int().tolist(), "kinds": kinds}


@functools.cache
def lab() -> dict[str, Any]:
    """Recognition rates as they were measured."""
    trained, loaded = eigenfaces.load()
    rates = rounded(trained.measured["rates"], 1)
    figures = loaded.weights.figures
    return {
        "ks": trained.measured["ks"].int().tolist(),
        "dropped": [0, DROPPED],
        "measures": {
            name: {"title": title, "percent": [[[rate or None for rate in row] for row in moved[i]] for moved in rates]}
            for i, (name, title) in enumerate(MEASURES.items())
        },
        "pixels": rounded(trained.measured["pixel_rates"], 1),
        "chosen": "Half of each person's pictures known, half asked, ten times. With measure, k of 30 to 150 and what "
        f"to leave out chosen within the known half: {figures['recognition_percent']:.1f} %, and "
        f"{figures['recognition_unshifted_percent']:.1f} % if no picture is known shifted as well.",
        "splits": 10,
        "published": PUBLISHED_RATES,
    }


@functools.cache
def slide() -> list[dict[str, Any]]:
    """The slide's figure with pictures of ours: two faces near, a third thing far."""
    trained, _ = eigenfaces.load()
    seen = []
    for picture, distance in zip(SLIDE_PICTURES, SLIDE, strict=True):
        params = EigenfacesParams(picture=picture)
        photograph = photograph_for(trained, picture)
        found = eigenfaces.look_for_face(trained, photograph, mapped=False) if photograph else None
        face = eigenfaces.see(trained, params, found)
        seen.append(
            {
                "picture": to_base64(face.picture),
                "title": title_of(picture),
                "from": rounded(face.from_space, 2),
                "slide": distance,
            }
        )
    return seen


def covers() -> list[dict[str, str]]:
    """The ready covers."""
    return [{"title": title, "mask": mask} for title, mask in READY.items()]
