"""What the Eigenfaces page asks for while it is open: a face rebuilt, uncovered, recognised; the eigenfaces."""

import functools
from typing import Annotated, Any

import torch
from pydantic import BaseModel, Field
from torch import Tensor

from demos import ui
from demos.eigenfaces_shown import KNOWN, photograph_for, title_of
from demos.pictures import thumbnail
from demos.refusals import answering, checked
from models import eigenfaces
from models.covers import Cover, Ink, text_from_cells
from models.eigenfaces import COUNT, SLIDERS, EigenfacesParams, Move, nearest
from models.face_pictures import GROUP, SIZE
from models.face_space import Measure, reconstruct
from models.images import levels_from_base64, to_base64, to_image, to_png_url
from models.occlusion import COARSE

LARGEST_RAW_WEIGHT = 1000  # more than any picture has
Weight = Annotated[float, Field(ge=-LARGEST_RAW_WEIGHT, le=LARGEST_RAW_WEIGHT)]
Weights = Annotated[list[Weight], Field(min_length=COUNT, max_length=COUNT)]


class RebuildAsked(BaseModel, frozen=True):
    """The weights of a face, what is added to the first, and how many rebuild it."""

    weights: Weights
    moves: Annotated[list[Move], Field(min_length=SLIDERS, max_length=SLIDERS)]
    k: int = Field(ge=1, le=COUNT)


class UncoverAsked(BaseModel, frozen=True):
    """A face as the page has it, and what covers it."""

    picture: str = Field(max_length=2 * SIZE[0] * SIZE[1])
    mask: Cover
    ink: Ink
    k: int = Field(ge=1, le=COUNT)

    def levels(self) -> Tensor:
        """The face, (112, 92) in [0, 1].

        Raises:
            ValueError: if there are more or fewer bytes than pixels.
        """
        return torch.from_numpy(levels_from_base64("picture", self.picture, SIZE)) / 255


class RecogniseAsked(BaseModel, frozen=True):
    """The weights of a face, its place in the gallery if it has one, and how to compare it."""

    weights: Weights
    number: int | None = Field(None, ge=0, lt=400)
    measure: Measure
    dropped: bool
    shifted: bool
    k: int = Field(ge=1, le=COUNT)


# --- what it asks for -----------------------------------------------------------------------------


@answering
def basis(_: dict) -> dict[str, Any]:
    """The mean face, the first eigenfaces, and how far weights spread along them."""
    trained, _ = eigenfaces.load()
    space = trained.space
    return {
        "mean": to_base64(space.mean.view(SIZE)),
        "faces": [to_base64(stretched(face)) for face in space.eigenfaces[:SLIDERS]],
        "spreads": space.variances[:SLIDERS].sqrt().tolist(),
    }


def stretched(eigenface: Tensor) -> Tensor:
    """An eigenface as a picture (112, 92): grey where it is zero."""
    return (0.5 + 0.5 * eigenface / eigenface.abs().max()).view(SIZE)


@answering
def drawn(_: dict) -> dict[str, dict[str, str]]:
    """How the known faces look, by their names, rebuilt from their weights."""
    return {"images": portraits()}


@functools.cache
def portraits() -> dict[str, str]:
    """The same as addresses, made once."""
    trained, _ = eigenfaces.load()
    faces = {name: eigenfaces.made(trained, name) for name in KNOWN}
    pictures = {name: to_image(face[None]).convert("RGB") for name, face in faces.items()}
    pictures[GROUP] = photograph_for(trained, GROUP)
    return {name: thumbnail(name, picture)["image"] for name, picture in pictures.items()}


@answering
async def rebuild(request: dict) -> dict[str, Any]:
    """A face from some of its weights: what every live control asks for, so quick that it needs no thread."""
    asked = checked(RebuildAsked, request)
    trained, _ = eigenfaces.load()
    milliseconds = ui.stopwatch()
    picture = eigenfaces.rebuild(trained, torch.tensor(asked.weights), torch.tensor(asked.moves), asked.k)
    return {"picture": to_base64(picture), "milliseconds": milliseconds()}


@answering
def uncover(request: dict) -> dict[str, Any]:
    """Three guesses at what is behind a cover."""
    asked = checked(UncoverAsked, request)
    trained, _ = eigenfaces.load()
    milliseconds = ui.stopwatch()
    answer = eigenfaces.uncover(trained, asked.levels(), asked.mask, asked.ink, asked.k)
    return {
        "covered": to_base64(answer.covered),
        **{name: to_base64(guess) for name, guess in answer.guesses.items()},
        "errors": dict(answer.errors),
        "found": text_from_cells(answer.found[::COARSE, ::COARSE]),
        "milliseconds": milliseconds(),
    }


@answering
def recognise(request: dict) -> dict[str, Any]:
    """The known picture that a face is most like, and the nearest of anybody else."""
    asked = checked(RecogniseAsked, request)
    trained, _ = eigenfaces.load()
    params = EigenfacesParams(**asked.model_dump(include={"measure", "dropped", "shifted", "k"}))
    found = nearest(trained, torch.tensor(asked.weights), params, asked.number)
    same = None if asked.number is None else bool(trained.subjects[found.number] == trained.subjects[asked.number])
    return {
        "picture": to_base64(reconstruct(trained.space, trained.gallery[[found.number]])[0]),
        "title": title_of(trained.name(found.number)),
        "same": same,
        "distance": found.distance,
        "unit": {"euclidean": "grey levels", "mahalanobis": "standard deviations"}.get(asked.measure, ""),
        "runner_up": {"title": title_of(trained.name(found.other)), "distance": found.other_distance},
    }


@answering
def atlas(_: dict) -> dict[str, str]:
    """The mean face and all eigenfaces as one PNG."""
    return {"png": whole_atlas()}


@functools.cache
def whole_atlas() -> str:
    """The same as an address, made once."""
    trained, _ = eigenfaces.load()
    space, columns = trained.space, 19
    tiles = [space.mean.view(SIZE), *(stretched(face) for face in space.eigenfaces)]
    sheet = torch.stack(tiles).unflatten(0, (-1, columns))  # 171 = 9 × 19
    return to_png_url(to_image(sheet.permute(0, 2, 1, 3).reshape(1, -1, columns * SIZE[1])))
