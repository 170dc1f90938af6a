"""Fits the embedded face space to the 400 ORL faces, and measures what such a space can do. Turk, Pentland 1991.

    python -m weights.train.eigenfaces
    python -m weights.train.eigenfaces --evaluate

The only net here is a matrix, and it is found in a fraction of a second, not trained; measuring takes minutes.
Everything is measured on pictures that took no part in the fit: ten random halves of each person's pictures, or of the
people.
"""

import argparse
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor

from models.eigenfaces import COUNT, DROPPED
from models.face_map import levelled
from models.face_pictures import SIZE
from models.face_space import (
    MEASURES,
    FaceSpace,
    Measure,
    compare,
    distance_from_face_space,
    distance_in_face_space,
    fit,
    project,
    recognise,
    shifted,
)
from models.occlusion import COARSE, WAYS, reconstruct_occluded
from weights import EMBEDDED
from weights.train.orl_faces import Faces, load_faces, load_others
from weights.train.recipe import embed, summed

SEEDS = range(10)
KS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50, 60, 80, 100, 120, 150, 170)
Setting = tuple[bool, Measure, int, int]  # whether known pictures are known shifted as well, the measure, k, dropped
SETTINGS: tuple[Setting, ...] = tuple(itertools.product((False, True), MEASURES, KS, (0, DROPPED)))
FEWEST = 30  # eigenfaces, where they are chosen
FOLDS = 5
DOTS = 50  # of each kind, on the face-space plane
FACE_OR_NOT_K = 40
OCCLUDED_K = 80
BAND = (slice(40, 62), slice(6, 86))  # rows and columns that sunglasses cover
BLOCK = (56, 46)  # a quarter of the picture
INKS = {"band": 0.05, "block": 0.9}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--evaluate", action="store_true", help="only measure")
    parser.add_argument("--data", type=Path, help="the data's folder (default: $NETS_DATA/data)")
    options = parser.parse_args()
    faces = load_faces(options.data)
    if not options.evaluate:
        embed("eigenfaces", trained(faces, options.data))
    measured = (EMBEDDED / "eigenfaces.safetensors").stat().st_size / 1e6
    for name, value in (evaluate(faces, options.data) | {"embedded_mb": measured}).items():
        print(f"{name}: {value:.4g}")


def trained(faces: Faces, data: Path | None) -> dict[str, Tensor]:
    """All that the tab needs: the face space, the gallery's weights, and what was measured on pictures left out."""
    space = fit(faces.pictures, COUNT)
    plane = {f"{kind}_{side}": dots for kind, both in plane_dots(faces, space, data).items() for side, dots in both}
    return plane | {
        "mean": space.mean,
        "eigenfaces": space.eigenfaces,
        "variances": space.variances,
        "rest": torch.tensor(space.rest),
        "gallery": project(space, faces.pictures),
        "left_out": distance_from_face_space(space, faces.pictures)[:, -1],
        "subjects": faces.subjects.byte(),
        "indices": faces.indices.byte(),
        "ks": torch.tensor(KS),
        "rates": lab(faces),
        "pixel_rates": torch.tensor([on_pixels(faces, moved) for moved in (False, True)]),
    }


def halves(faces: Faces, seed: int) -> tuple[Faces, Faces]:
    """Five random pictures of each person to fit on, and the other five."""
    random = torch.Generator().manual_seed(seed)
    chosen = torch.zeros(len(faces.subjects), dtype=torch.bool)
    for subject in faces.subjects.unique():
        own = (faces.subjects == subject).nonzero()[:, 0]
        chosen[own[torch.randperm(len(own), generator=random)[: len(own) // 2]]] = True
    return faces.of(chosen), faces.of(~chosen)


def strangers(faces: Faces, seed: int) -> tuple[Faces, Faces]:
    """Half of the people to fit on, and the other half."""
    people = faces.subjects.unique()
    random = torch.Generator().manual_seed(seed)
    chosen = torch.isin(faces.subjects, people[torch.randperm(len(people), generator=random)[: len(people) // 2]])
    return faces.of(chosen), faces.of(~chosen)


# --- what is measured -----------------------------------------------------------------------------


def evaluate(faces: Faces, data: Path | None) -> dict[str, float]:
    """The figures, each the mean over ten seeds."""
    nonfaces, unaligned = load_others("nonfaces", data), load_others("lfwcrop", data)
    rows = []
    for seed in SEEDS:
        known, unseen = halves(faces, seed)
        rows.append(
            {"recognition_percent": recognition(known, unseen, (False, True))}
            | {"recognition_unshifted_percent": recognition(known, unseen, (False,))}
            | face_or_not(fit(known.pictures, FACE_OR_NOT_K), unseen.pictures, unaligned, nonfaces)
            | occlusion(*strangers(faces, seed), seed)
        )
    means = {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}
    errors = {name: means.pop(name) for name in list(means) if name.startswith("error")}
    for name in INKS:
        means[f"occlusion_ratio_{name}"] = errors[f"error_masked_{name}"] / errors[f"error_projection_{name}"]
        means[f"robust_ratio_{name}"] = errors[f"error_robust_{name}"] / errors[f"error_masked_{name}"]
    means["robust_ratio"] = max(means[f"robust_ratio_{name}"] for name in INKS)
    return means


def rates(known: Faces, unseen: Faces, settings: Sequence[Setting]) -> Tensor:
    """How many unseen pictures have one of the same person as the nearest known one, in percent, for each setting."""
    space = fit(known.pictures, min(COUNT, len(known.pictures) - 1))
    asked = project(space, unseen.pictures)
    galleries = {False: project(space, known.pictures), True: project(space, shifted(known.pictures))}
    told = []
    for moved, measure, k, dropped in settings:
        distances = compare(space, asked, galleries[moved], measure, k, dropped)
        subjects = known.subjects.repeat(len(galleries[moved]) // len(known.subjects))
        told.append(correct(distances, subjects, unseen))
    return torch.tensor(told)


def correct(distances: Tensor, subjects: Tensor, unseen: Faces) -> float:
    """How many of the nearest are of the right subject, in percent."""
    return 100 * (recognise(distances, subjects) == unseen.subjects).double().mean().item()


def recognition(known: Faces, unseen: Faces, moved: Sequence[bool]) -> float:
    """The rate with the measure, the k and the number of dropped eigenfaces that serve best within the known half."""
    settings = [setting for setting in SETTINGS if setting[0] in moved and FEWEST <= setting[2] < KS[-1]]
    within = summed(rates(part, rest, settings) for part, rest in folds(known))
    return rates(known, unseen, [settings[int(within.argmax())]]).item()


def folds(faces: Faces) -> Iterator[tuple[Faces, Faces]]:
    """Each of a person's five pictures left out in turn."""
    turns = torch.cat([torch.arange(int(count)) for count in faces.subjects.unique_consecutive(return_counts=True)[1]])
    for turn in range(FOLDS):
        yield faces.of(turns != turn), faces.of(turns == turn)


def face_or_not(space: FaceSpace, faces: Tensor, unaligned: Tensor, nonfaces: Tensor) -> dict[str, float]:
    """How well the distance from face space tells faces from other things: the area under its ROC."""

    def distances(pictures: Tensor) -> Tensor:
        return distance_from_face_space(space, pictures)[:, -1]

    others = distances(nonfaces)
    return {
        f"{name}_auc": roc_auc_score(torch.cat([torch.zeros(len(found)), torch.ones(len(others))]), [*found, *others])
        for name, found in (("orl", distances(faces)), ("lfwcrop", distances(unaligned)))
    }


def occlusion(known: Faces, unseen: Faces, seed: int) -> dict[str, float]:
    """The root-mean-square error under a band and under a block, of people who took no part in the fit."""
    space, random = fit(known.pictures, OCCLUDED_K), torch.Generator().manual_seed(seed)
    small = space.shrunk(COARSE)
    errors = {}
    for name, ink in INKS.items():
        for way in WAYS:
            errors[f"error_{way}_{name}"] = 0.0
        for face in unseen.pictures:
            visible = torch.ones(SIZE, dtype=torch.bool)
            visible[BAND if name == "band" else block(random)] = False
            covered = torch.where(visible, face, ink)
            for way in WAYS:
                off = (reconstruct_occluded(space, covered, visible, way, small) - face)[~visible]
                errors[f"error_{way}_{name}"] += off.square().mean().sqrt().item() / len(unseen.pictures)
    return errors


def block(random: torch.Generator) -> tuple[slice, slice]:
    """A quarter of the picture, anywhere."""
    top, left = (
        int(torch.randint(side - length + 1, (), generator=random)) for side, length in zip(SIZE, BLOCK, strict=True)
    )
    return slice(top, top + BLOCK[0]), slice(left, left + BLOCK[1])


# --- what the tab shows of it ---------------------------------------------------------------------


def lab(faces: Faces) -> Tensor:
    """Recognition rates in percent, (shifted, measures, dropped, ks), the mean over ten halves; 0 if none is left."""
    settings = [setting for setting in SETTINGS if setting[2] > setting[3]]
    total = summed(rates(*halves(faces, seed), settings) for seed in SEEDS)
    table = dict(zip(settings, (total / len(SEEDS)).tolist(), strict=True))
    return torch.tensor([table.get(setting, 0.0) for setting in SETTINGS]).view(2, len(MEASURES), len(KS), 2).mT


def on_pixels(faces: Faces, moved: bool) -> float:
    """The rate of the nearest picture, pixel by pixel, without eigenfaces."""
    told = []
    for seed in SEEDS:
        known, unseen = halves(faces, seed)
        gallery = shifted(known.pictures) if moved else known.pictures
        distances = torch.cdist(unseen.pictures.flatten(1), gallery.flatten(1))
        told.append(correct(distances, known.subjects.repeat(len(gallery) // len(known.subjects)), unseen))
    return sum(told) / len(told)


def plane_dots(faces: Faces, space: FaceSpace, data: Path | None) -> dict[str, list[tuple[str, Tensor]]]:
    """Where pictures lie that face space has not seen: distances within and from it for each of the ks, (N, ks).

    Known people by a picture left out, new ones by leaving out all of theirs, a tenth of the faces each time; the
    others in the light of a face, as a visitor's photograph.
    """
    own = project(space, faces.pictures)
    return {
        "known": dots_left_out(faces, faces.indices),
        "new": dots_left_out(faces, (faces.subjects - 1) // 4 + 1),
        "unaligned": dots(space, own, some(space, load_others("lfwcrop", data))),
        "other": dots(space, own, some(space, load_others("nonfaces", data))),
    }


def some(space: FaceSpace, pictures: Tensor) -> Tensor:
    """As many of the pictures as there are to be dots, in the light of a face."""
    return levelled(space, pictures[:: len(pictures) // DOTS][:DOTS])


def dots_left_out(faces: Faces, parts: Tensor) -> list[tuple[str, Tensor]]:
    """Those of five faces of each of ten parts (N,), from a space fitted to the other nine."""
    told = []
    for part in parts.unique():
        rest, out = faces.of(parts != part), faces.of(parts == part)
        space = fit(rest.pictures, COUNT)
        told.append(dots(space, project(space, rest.pictures), out.pictures[:: len(out.pictures) // (DOTS // 10)]))
    return [(side, torch.cat([dict(row)[side] for row in told])) for side in ("near", "from")]


def dots(space: FaceSpace, gallery: Tensor, pictures: Tensor) -> list[tuple[str, Tensor]]:
    """Distances of pictures within and from face space."""
    chosen = torch.tensor(KS) - 1
    near = torch.stack([distance_in_face_space(space, weights, gallery) for weights in project(space, pictures)])
    return [("near", near[:, chosen]), ("from", distance_from_face_space(space, pictures)[:, chosen])]


if __name__ == "__main__":
    main()
