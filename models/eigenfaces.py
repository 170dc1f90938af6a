"""What the Eigenfaces tab computes: one picture's weights and distances, who it is, what is behind a cover.

Turk, Pentland 1991, doi 10.1162/jocn.1991.3.1.71. The mathematics is in `models/face_space.py`, `models/occlusion.py`
and `models/face_map.py`. Everything runs on the CPU: one product with a matrix is over before a GPU is asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import torch
from PIL import Image
from pydantic import BaseModel, Field
from torch import Tensor

import weights
from models import alignment
from models.alignment import Box, Nudge
from models.covers import READY, Cover, Ink, cells_from_text, covered, over_pixels
from models.device import Device, named
from models.face_map import Place, levelled, locate
from models.face_pictures import GROUP_PEOPLE, SIZE, FacePicture, group, person_and_picture, sampled_seed
from models.face_space import (
    GREY_LEVELS,
    FaceSpace,
    Measure,
    compare,
    distance_from_face_space,
    distance_in_face_space,
    project,
    reconstruct,
    sample,
    shifted,
)
from models.images import to_grey
from models.occlusion import COARSE, find_occluder, reconstruct_occluded
from models.once import once
from weights.manifest import EIGENFACES

COUNT, SLIDERS = 170, 8
MAP_COUNT = 20  # eigenfaces of the face map
LARGEST_LIMIT = 60.0
LARGEST_WEIGHT, LARGEST_MOVE = 3.0, 6.0  # on a slider and from a face's own weight, in standard deviations
DROPPED = 3
Move = Annotated[float, Field(ge=-LARGEST_MOVE, le=LARGEST_MOVE)]
Limit = Annotated[float, Field(ge=0, le=LARGEST_LIMIT)]
PlaceName = Literal["detector", "map1", "map2", "map3"]


class EigenfacesParams(BaseModel, frozen=True):
    """What a visitor can set."""

    picture: FacePicture = Field("face_23_1", description="A known face, a made-up one, or any other picture.")
    k: int = Field(40, ge=1, le=COUNT, description="How many eigenfaces rebuild the face.")
    moves: tuple[Move, ...] = Field(
        (0.0,) * SLIDERS,
        min_length=SLIDERS,
        max_length=SLIDERS,
        description="What is added to the first weights, in standard deviations.",
    )
    cover: Cover = Field(READY["Sunglasses"], description="The part that is hidden: 28×23 cells of one bit, base64url.")
    ink: Ink = Field("black", description="What the cover is made of.")
    place: PlaceName = Field("detector", description="What finds the face in a photograph: a detector or the face map.")
    across: float = Field(0.0, ge=-0.5, le=0.5, description="How far the crop is off to the right, in face widths.")
    down: float = Field(0.0, ge=-0.5, le=0.5, description="How far the crop is off downwards, in face widths.")
    zoom: float = Field(1.0, ge=0.5, le=2.0, description="How much larger than it should be the face is cropped.")
    angle: float = Field(0.0, ge=-180, le=180, description="How far the crop is turned clockwise, in degrees.")
    level: bool = Field(True, description="Whether a photograph is brought to the brightness and contrast of a face.")
    limits: tuple[Limit, Limit] = Field(
        (18.0, 26.0),
        description="Up to where a face is near a known one, and a picture near face space, in grey levels.",
    )
    measure: Measure = Field("euclidean", description="How two faces' weights are compared.")
    dropped: bool = Field(False, description="Whether the first three eigenfaces, mostly light, are left out.")
    shifted: bool = Field(True, description="Whether known pictures are known shifted by 4 pixels as well.")


@dataclass(frozen=True)
class Trained:
    """The embedded face space, the people it knows, and what was measured on pictures left out of it.

    Attributes:
        small: the same space for faces four times smaller.
        gallery: (400, K) weights of the known pictures; `subjects` and `indices` (400,) tell whose, and which, and
            `left_out` (400,) how far each is from this face space, in grey levels.
        wider: (2000, K), those weights and those of the pictures shifted.
        measured: tensors by name: `ks`, `rates`, `pixel_rates` and the dots of the face-space plane.
    """

    space: FaceSpace
    small: FaceSpace
    gallery: Tensor
    wider: Tensor
    subjects: Tensor
    indices: Tensor
    left_out: Tensor
    measured: Mapping[str, Tensor]

    def number(self, picture: str) -> int | None:
        """The place of a known picture in the gallery; none for any other."""
        told = person_and_picture(picture)
        if not told:
            return None
        return int(((self.subjects == told[0]) & (self.indices == told[1])).nonzero())

    def name(self, number: int) -> str:
        """The name of the known picture at that place."""
        return f"face_{self.subjects[number]}_{self.indices[number]}"


@once
def load() -> tuple[Trained, weights.Loaded]:
    """The face space with all that belongs to it, and where it came from."""
    loaded = weights.load(EIGENFACES)
    told = {name: tensor.float() for name, tensor in loaded.tensors.items()}
    basis, triangle = torch.linalg.qr(told.pop("eigenfaces").T)  # half precision left them not quite orthonormal
    eigenfaces = (basis * triangle.diagonal().sign()).T.contiguous()
    space = FaceSpace(SIZE, told.pop("mean"), eigenfaces, told.pop("variances"), told.pop("rest").item())
    gallery = told.pop("gallery")
    trained = Trained(
        space,
        space.shrunk(COARSE),
        gallery,
        project(space, shifted(reconstruct(space, gallery))),
        told.pop("subjects").long(),
        told.pop("indices").long(),
        told.pop("left_out"),
        told,
    )
    return trained, replace(loaded, tensors={})


def place() -> Device:
    """Where all of this runs."""
    return named("cpu", "one product is over before a GPU is asked")


# --- one picture ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scene:
    """A photograph in greys (H, W) in which a face is looked for: what the detector and the face map say, if asked."""

    picture: Tensor
    detector: Box | None
    heat: Tensor | None = None
    places: tuple[Place, ...] = ()

    def box(self, place: PlaceName) -> Box:
        """Where that finds a face; where it finds none, what the detector says, or the middle."""
        number = int(place[-1]) - 1 if place.startswith("map") else None
        if number is not None and number < len(self.places):
            return self.places[number].box_xyxy
        return self.detector or alignment.middle(self.picture, SIZE)


@dataclass(frozen=True)
class Face:
    """One picture (112, 92) as face space sees it.

    Attributes:
        weights: (K,).
        from_space, near: (K,), distances from face space, and within it to the nearest known picture but itself, for
            k = 1 … K, in grey levels; a known picture's count what its K weights leave out.
        number: its place in the gallery; none where it is not known.
        corners: (4, 2), what was cut out of the scene.
    """

    picture: Tensor
    weights: Tensor
    from_space: Tensor
    near: Tensor
    number: int | None
    scene: Scene | None
    corners: Tensor


def nudge(params: EigenfacesParams) -> Nudge:
    """How far off its box the crop is to be."""
    return Nudge(params.across, params.down, params.zoom, params.angle)


def look_for_face(trained: Trained, photograph: Image.Image, mapped: bool) -> Scene:
    """The photograph with the detector's find and, if asked, the face map and its best places."""
    picture = torch.from_numpy(to_grey(photograph))
    detector = alignment.detect(picture, SIZE)
    if not mapped:
        return Scene(picture, detector)
    heat, places = locate(trained.small.first(MAP_COUNT), picture)
    return Scene(picture, detector, heat, tuple(places))


def see(trained: Trained, params: EigenfacesParams, scene: Scene | None = None) -> Face:
    """The picture asked for as face space sees it; cut out of the scene, where there is one."""
    source = scene.picture if scene else made(trained, params.picture)
    box = scene.box(params.place) if scene else (0.0, 0.0, float(SIZE[1]), float(SIZE[0]))
    corners = alignment.corners(box, nudge(params))
    picture = alignment.cut(source, corners, SIZE) if scene or nudge(params) != Nudge() else source
    if scene and params.level:
        picture = levelled(trained.space, picture)
    weights = project(trained.space, picture[None])[0]
    number = trained.number(params.picture)
    left_out = 0.0 if number is None else trained.left_out[number]
    others = trained.gallery if number is None else trained.gallery[torch.arange(len(trained.gallery)) != number]
    return Face(
        picture,
        weights,
        torch.hypot(distance_from_face_space(trained.space, picture[None])[0], torch.as_tensor(left_out)),
        distance_in_face_space(trained.space, weights, others),
        number,
        scene,
        corners,
    )


def made(trained: Trained, picture: str) -> Tensor:
    """A picture (112, 92) out of face space itself: a known face from its weights, the mean face, or a sampled one."""
    number, seed = trained.number(picture), sampled_seed(picture)
    if number is not None:
        told = trained.gallery[number][None]
    elif seed is not None:
        told = sample(trained.space, torch.Generator().manual_seed(seed))
    else:
        told = torch.zeros(1, COUNT)  # the mean face
    return reconstruct(trained.space, told)[0]


def group_picture(trained: Trained, ground: Image.Image) -> Tensor:
    """Three known people before a ground, (400, 512)."""
    numbers = {person: trained.number(f"face_{person}_1") for person, *_ in GROUP_PEOPLE}
    faces = {person: reconstruct(trained.space, trained.gallery[[number]])[0] for person, number in numbers.items()}
    return group(faces, torch.from_numpy(to_grey(ground)))


# --- what the page asks for -----------------------------------------------------------------------


def rebuild(trained: Trained, own: Tensor, moves: Tensor, k: int) -> Tensor:
    """The face (112, 92) from k of its weights (K,), the first M moved by so many standard deviations (M,)."""
    moved = own.clone()
    moved[: len(moves)] += moves * trained.space.variances[: len(moves)].sqrt()
    return reconstruct(trained.space, moved[None], k)[0]


@dataclass(frozen=True)
class Uncovered:
    """A covered face (112, 92), three guesses at what is behind, and where the third saw a cover, (112, 92).

    Attributes:
        errors: of each guess by its name, root mean square under the cover in grey levels; none without a cover.
    """

    covered: Tensor
    guesses: Mapping[str, Tensor]
    errors: Mapping[str, float | None]
    found: Tensor


def uncover(trained: Trained, picture: Tensor, cover: str, ink: Ink, k: int) -> Uncovered:
    """What is behind a cover on a picture (112, 92), as each of the three ways says."""
    space, hidden = trained.space.first(k), over_pixels(cells_from_text(cover))
    seen = covered(picture, hidden, ink)
    found = find_occluder(trained.small, seen)
    guesses = {
        "projection": reconstruct_occluded(space, seen, ~hidden, "projection"),
        "masked": reconstruct_occluded(space, seen, ~hidden, "masked"),
        "robust": reconstruct_occluded(space, seen, ~found, "masked"),
    }
    errors = {
        name: GREY_LEVELS * (guess - picture)[hidden].square().mean().sqrt().item() if hidden.any() else None
        for name, guess in guesses.items()
    }
    return Uncovered(seen, guesses, errors, found)


@dataclass(frozen=True)
class Nearest:
    """The nearest known picture of anybody, and of the nearest other person: places in the gallery and distances."""

    number: int
    distance: float
    other: int
    other_distance: float


def nearest(trained: Trained, own: Tensor, params: EigenfacesParams, number: int | None) -> Nearest:
    """Who the weights (K,) are most like, among all known pictures but the one of that number."""
    gallery = trained.wider if params.shifted else trained.gallery
    distances = (
        compare(trained.space, own[None], gallery, params.measure, params.k, DROPPED if params.dropped else 0)[0]
        .view(-1, len(trained.gallery))
        .amin(dim=0)
    )
    if number is not None:
        distances[number] = torch.inf
    first = int(distances.argmin())
    others = distances.masked_fill(trained.subjects == trained.subjects[first], torch.inf)
    second = int(others.argmin())
    return Nearest(first, distances[first].item(), second, others[second].item())
