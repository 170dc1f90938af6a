"""The recipe of the eigenfaces: its data, how it is split, what is measured, and whether the embedded file is that."""

import hashlib
import io

import numpy as np
import pytest
import sklearn.datasets
import torch
import torch.nn.functional as F
from sklearn.decomposition import PCA
from sklearn.utils import Bunch

import weights
from models.face_pictures import SIZE
from models.face_space import MEASURES, FaceSpace, distance_from_face_space, fit, project
from weights.manifest import EIGENFACES
from weights.train import eigenfaces as recipe
from weights.train import orl_faces
from weights.train.eigenfaces import KS
from weights.train.orl_faces import Faces, framed, load_faces, load_others

PEOPLE, EACH = 8, 10
SMALL = (28, 23)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def smooth(count: int, size: tuple[int, int], seed: int) -> torch.Tensor:
    """Pictures (N, H, W) of soft blots around zero."""
    coarse = torch.randn(count, 1, 14, 12, generator=generator(seed), dtype=torch.float64)
    return F.interpolate(coarse, size, mode="bicubic", align_corners=False)[:, 0]


def people(spread: float, size: tuple[int, int] = SMALL) -> Faces:
    """Ten pictures of each of eight, which differ so much from their own mean."""
    own = smooth(PEOPLE, size, 1).repeat_interleave(EACH, dim=0)
    pictures = 0.5 + 0.1 * own + spread * smooth(PEOPLE * EACH, size, 2)
    subjects = torch.arange(1, PEOPLE + 1).repeat_interleave(EACH)
    return Faces(pictures, subjects, torch.arange(1, EACH + 1).repeat(PEOPLE))


@pytest.fixture(scope="module")
def easy():
    return people(0.02)


@pytest.fixture(scope="module")
def hard():
    return people(0.4)


@pytest.fixture(scope="module")
def embedded():
    return weights.load(EIGENFACES).tensors


@pytest.fixture(scope="module")
def orl(nets_data):
    """The real faces."""
    if not (nets_data / "data" / "faces" / "orl_faces.npz").is_file():
        pytest.skip("NETS_DATA holds no faces")
    return load_faces(nets_data / "data")


@pytest.fixture(scope="module")
def space(orl):
    return fit(orl.pictures, recipe.COUNT)


def names(faces: Faces) -> set[tuple[int, int]]:
    """Whose pictures and which."""
    told = set(zip(faces.subjects.tolist(), faces.indices.tolist(), strict=True))
    assert len(told) == len(faces.pictures)
    return told


# --- the splits -----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 9])
def test_halves_share_no_picture_and_every_person(easy, seed):
    known, unseen = recipe.halves(easy, seed)
    assert names(known) | names(unseen) == names(easy)
    assert not names(known) & names(unseen)
    for half in (known, unseen):
        assert half.subjects.bincount()[1:].tolist() == [5] * PEOPLE


@pytest.mark.parametrize("seed", [0, 1, 9])
def test_strangers_share_no_person(easy, seed):
    known, unseen = recipe.strangers(easy, seed)
    assert names(known) | names(unseen) == names(easy)
    assert not set(known.subjects.tolist()) & set(unseen.subjects.tolist())
    assert len(known.subjects) == len(unseen.subjects) == 40


@pytest.mark.parametrize("split", [recipe.halves, recipe.strangers])
def test_split_is_that_of_its_seed(easy, split):
    first, again, other = (names(split(easy, seed)[0]) for seed in (3, 3, 4))
    assert first == again != other


def test_pictures_keep_their_names_in_a_split(easy):
    known, _ = recipe.halves(easy, 0)
    for picture, subject, index in zip(known.pictures, known.subjects.tolist(), known.indices.tolist(), strict=True):
        assert torch.equal(picture, easy.pictures[(subject - 1) * EACH + index - 1])


def test_folds_leave_each_picture_out_once(easy):
    known, _ = recipe.halves(easy, 0)
    out = []
    for rest, left_out in recipe.folds(known):
        assert names(rest) | names(left_out) == names(known)
        assert not names(rest) & names(left_out)
        assert left_out.subjects.tolist() == list(range(1, PEOPLE + 1))
        out += sorted(names(left_out))
    assert sorted(out) == sorted(names(known))


# --- what is measured -----------------------------------------------------------------------------


def test_people_who_hardly_change_are_all_recognised(easy):
    known, unseen = recipe.halves(easy, 0)
    settings = [(moved, measure, 7, dropped) for moved in (False, True) for measure in MEASURES for dropped in (0, 2)]
    assert recipe.rates(known, unseen, settings).tolist() == [100] * len(settings)
    assert recipe.on_pixels(easy, False) == 100


def test_rate_counts_the_nearest_known_pictures(hard):
    known, unseen = recipe.halves(hard, 0)
    apart = (unseen.pictures.flatten(1)[:, None] - known.pictures.flatten(1)).norm(dim=2)
    hits = known.subjects[apart.argmin(dim=1)] == unseen.subjects
    assert 0 < hits.sum() < len(hits)
    told = recipe.rates(known, unseen, [(False, "euclidean", 39, 0)]).item()
    space = fit(known.pictures, 39)
    within = (project(space, unseen.pictures)[:, None] - project(space, known.pictures)).norm(dim=2)
    expected = (known.subjects[within.argmin(dim=1)] == unseen.subjects).double().mean()
    assert told == pytest.approx(100 * expected.item())
    assert recipe.correct(apart, known.subjects, unseen) == pytest.approx(100 * hits.double().mean().item())


def test_rate_on_pixels_is_the_mean_over_the_seeds(hard, monkeypatch):
    monkeypatch.setattr(recipe, "SEEDS", range(2))
    both = recipe.on_pixels(hard, False)
    each = []
    for seed in range(2):
        monkeypatch.setattr(recipe, "SEEDS", [seed])
        each.append(recipe.on_pixels(hard, False))
    assert both == pytest.approx(sum(each) / 2)


def test_shifted_pictures_are_recognised_by_shifted_copies(hard):
    sharp = torch.rand(PEOPLE, *SMALL, generator=generator(), dtype=torch.float64)[hard.subjects - 1]
    known, unseen = recipe.halves(Faces(sharp + 0.01 * hard.pictures, hard.subjects, hard.indices), 0)
    moved = Faces(unseen.pictures.roll(4, dims=1), unseen.subjects, unseen.indices)
    without, copies = recipe.rates(known, moved, [(shifts, "euclidean", 39, 0) for shifts in (False, True)])
    assert copies == 100
    assert without < 20


def test_recognition_chooses_within_the_known_half(hard, monkeypatch):
    settings = (
        (False, "euclidean", 5, 0),
        (False, "cosine", 20, 3),
        (True, "euclidean", 20, 0),
        (False, "cosine", 31, 0),
    )
    monkeypatch.setattr(recipe, "SETTINGS", settings)
    monkeypatch.setattr(recipe, "FEWEST", 10)
    known, unseen = recipe.halves(hard, 0)
    allowed = [settings[1], settings[3]]
    within = sum(recipe.rates(part, rest, allowed) for part, rest in recipe.folds(known))
    expected = recipe.rates(known, unseen, [allowed[int(within.argmax())]]).item()
    assert recipe.recognition(known, unseen, (False,)) == expected
    blank = Faces(torch.zeros_like(unseen.pictures), unseen.subjects, unseen.indices)
    assert recipe.recognition(known, blank, (False, True)) == pytest.approx(100 / PEOPLE)


def test_lab_is_a_table_of_every_setting(easy, monkeypatch):
    monkeypatch.setattr(recipe, "SEEDS", [0])
    monkeypatch.setattr(recipe, "KS", (2, 5, 20))
    settings = tuple(
        (moved, measure, k, dropped) for moved in (False, True) for measure in MEASURES for k in (2, 5, 20)
        for dropped in (0, 3)
    )  # fmt: skip
    monkeypatch.setattr(recipe, "SETTINGS", settings)
    told = {setting: float(number) for number, setting in enumerate(settings, start=1) if setting[2] > setting[3]}
    monkeypatch.setattr(recipe, "rates", lambda *given: torch.tensor([told[setting] for setting in given[2]]))
    table = recipe.lab(easy)
    assert table.shape == (2, 4, 2, 3)
    for moved, measure, k, dropped in settings:
        cell = table[int(moved), MEASURES.index(measure), (0, 3).index(dropped), (2, 5, 20).index(k)]
        assert cell == told.get((moved, measure, k, dropped), 0)


def test_faces_are_told_from_noise(easy):
    known, unseen = recipe.halves(easy, 0)
    noise = torch.rand(30, *SMALL, generator=generator(), dtype=torch.float64)
    told = recipe.face_or_not(fit(known.pictures, 10), unseen.pictures, noise[:15], noise[15:])
    assert told["orl_auc"] == 1
    assert 0.2 < told["lfwcrop_auc"] < 0.8


def test_what_is_hidden_is_better_guessed_by_a_mask(monkeypatch):
    monkeypatch.setattr(recipe, "OCCLUDED_K", 20)
    known, unseen = recipe.halves(people(0.05, SIZE), 0)
    few = unseen.of(torch.arange(len(unseen.subjects)) % 20 == 0)
    told = recipe.occlusion(known, few, 0)
    assert set(told) == {f"error_{way}_{name}" for way in ("projection", "masked", "robust") for name in recipe.INKS}
    for name in recipe.INKS:
        assert 0 < told[f"error_masked_{name}"] < told[f"error_projection_{name}"]
    assert recipe.occlusion(known, few, 0) == told


def test_block_is_a_quarter_anywhere():
    random = generator()
    blocks = [recipe.block(random) for _ in range(200)]
    for side, cuts in zip(SIZE, zip(*blocks, strict=True), strict=True):
        assert {cut.stop - cut.start for cut in cuts} == {side // 2}
        assert 0 <= min(cut.start for cut in cuts) < 4
        assert side - 4 < max(cut.stop for cut in cuts) <= side


def test_figures_are_means_over_the_seeds(easy, monkeypatch):
    monkeypatch.setattr(recipe, "SEEDS", range(2))
    monkeypatch.setattr(recipe, "load_others", lambda *_: easy.pictures)
    monkeypatch.setattr(recipe, "FACE_OR_NOT_K", 5)
    rates = iter([90.0, 80.0, 100.0, 90.0])
    monkeypatch.setattr(recipe, "recognition", lambda *_: next(rates))
    monkeypatch.setattr(recipe, "face_or_not", lambda *_: {"orl_auc": 0.5})
    errors = {"projection": 4.0, "masked": 1.0, "robust": 1.5}

    def occlusion(*given):
        seed = given[2]
        return {f"error_{way}_band": (seed + 1) * error for way, error in errors.items()} | {
            f"error_{way}_block": error + (way == "robust") * 0.25 for way, error in errors.items()
        }

    monkeypatch.setattr(recipe, "occlusion", occlusion)
    assert recipe.evaluate(easy, None) == pytest.approx(
        {
            "recognition_percent": 95,
            "recognition_unshifted_percent": 85,
            "orl_auc": 0.5,
            "occlusion_ratio_band": 0.25,
            "occlusion_ratio_block": 0.25,
            "robust_ratio_band": 1.5,
            "robust_ratio_block": 1.75,
            "robust_ratio": 1.75,
        }
    )


# --- the face-space plane -------------------------------------------------------------------------


def test_dots_of_known_pictures_lie_at_the_origin(easy, monkeypatch):
    monkeypatch.setattr(recipe, "KS", (1, 10, 60))
    space = fit(easy.pictures, 60)
    told = dict(recipe.dots(space, project(space, easy.pictures), easy.pictures[:4]))
    assert told["near"].shape == told["from"].shape == (4, 3)
    assert told["near"].max() < 1e-4
    assert (told["from"].diff(dim=1) < 0).all()
    assert torch.equal(told["from"], distance_from_face_space(space, easy.pictures[:4])[:, [0, 9, 59]])


def test_dots_left_out_are_of_pictures_that_took_no_part(easy, monkeypatch):
    monkeypatch.setattr(recipe, "KS", (1, 20))
    monkeypatch.setattr(recipe, "COUNT", 20)
    known, new = (dict(recipe.dots_left_out(easy, parts)) for parts in (easy.indices, (easy.subjects + 1) // 2))
    assert known["near"].shape[1] == 2
    assert known["near"][:, 1].min() > 0
    assert new["near"][:, 1].median() > 2 * known["near"][:, 1].median()


# --- the whole ------------------------------------------------------------------------------------


def test_recipe_makes_what_is_embedded(easy, embedded, monkeypatch):
    monkeypatch.setattr(recipe, "COUNT", 20)
    monkeypatch.setattr(recipe, "lab", lambda _: torch.zeros(2, 4, 2, 17))
    monkeypatch.setattr(recipe, "on_pixels", lambda *_: 50.0)
    sides = [("near", torch.zeros(5, 17)), ("from", torch.zeros(5, 17))]
    monkeypatch.setattr(recipe, "plane_dots", lambda *_: dict.fromkeys(("known", "new", "unaligned", "other"), sides))
    told = recipe.trained(easy, None)
    assert set(told) == set(embedded)
    assert told["ks"].tolist() == embedded["ks"].tolist() == list(KS)
    assert {name: tensor.ndim for name, tensor in told.items()} == {
        name: tensor.ndim for name, tensor in embedded.items()
    }
    rebuilt = told["mean"] + told["gallery"] @ told["eigenfaces"]
    off = (rebuilt - easy.pictures.flatten(1)).square().sum() / (len(easy.pictures) - 1)
    assert told["rest"].item() == pytest.approx(off.item() / rebuilt.shape[1], rel=1e-4)


# --- the data -------------------------------------------------------------------------------------


def written(folder, name, monkeypatch, **arrays):
    """A file of pictures of our own, which then counts as the right one."""
    content = io.BytesIO()
    np.savez(content, **arrays)
    (folder / "faces").mkdir(exist_ok=True)
    (folder / "faces" / name).write_bytes(content.getvalue())
    monkeypatch.setitem(orl_faces.SHA256, name, hashlib.sha256(content.getvalue()).hexdigest())


def test_faces_are_read_with_their_names(tmp_path, monkeypatch):
    levels = np.random.default_rng(0).integers(0, 256, (4, *SIZE), dtype=np.uint8)
    subjects, indices = np.array([1, 1, 2, 2], np.uint8), np.array([1, 2, 1, 2], np.uint8)
    written(tmp_path, "orl_faces.npz", monkeypatch, images=levels, subject=subjects, index=indices)
    told = load_faces(tmp_path)
    assert told.pictures.dtype == torch.float64
    assert np.array_equal((255 * told.pictures).round().byte().numpy(), levels)
    assert told.subjects.tolist() == [1, 1, 2, 2]
    assert told.indices.tolist() == [1, 2, 1, 2]


def test_faces_are_looked_for_in_nets_data(tmp_path, monkeypatch):
    monkeypatch.setenv("NETS_DATA", str(tmp_path))
    (tmp_path / "data").mkdir()
    levels = np.full((3, 64, 64), 51, np.uint8)
    written(tmp_path / "data", "nonfaces.npz", monkeypatch, images=levels)
    told = load_others("nonfaces")
    assert told.shape == (3, *SIZE)
    torch.testing.assert_close(told, torch.full((3, *SIZE), 0.2, dtype=torch.float64))


@pytest.mark.parametrize(
    ("name", "load"),
    [
        ("orl_faces.npz", load_faces),
        ("lfwcrop.npz", lambda folder: load_others("lfwcrop", folder)),
        ("nonfaces.npz", lambda folder: load_others("nonfaces", folder)),
    ],
)
def test_other_faces_are_refused_by_name(tmp_path, name, load):
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / name).write_bytes(b"other")
    digest = hashlib.sha256(b"other").hexdigest()
    with pytest.raises(ValueError, match=rf"^{name} must have sha256 {orl_faces.SHA256[name]}, got {digest}$"):
        load(tmp_path)


def test_olivettis_copy_stands_in_where_there_are_no_faces(tmp_path, monkeypatch):
    images = np.random.default_rng(0).random((400, 64, 64), dtype=np.float32)
    olivetti = Bunch(images=images, target=np.arange(400) // 10)
    monkeypatch.setattr(sklearn.datasets, "fetch_olivetti_faces", lambda: olivetti)
    told = load_faces(tmp_path)
    assert told.pictures.shape == (400, *SIZE)
    assert names(told) == {(person, picture) for person in range(1, 41) for picture in range(1, 11)}
    assert told.subjects[9:11].tolist() == [1, 2]


@pytest.mark.parametrize("shape", [(112, 92), (224, 184), (64, 64), (60, 200), (200, 60)])
def test_framed_picture_is_the_middle_in_the_shape_of_a_face(shape):
    rows, columns = torch.meshgrid(*(torch.arange(side).double() for side in shape), indexing="ij")
    told = framed(torch.stack([rows, columns]))
    assert told.shape == (2, *SIZE)
    for ramp, side in zip(told, shape, strict=True):
        assert ramp.mean().item() == pytest.approx((side - 1) / 2, abs=0.6)
    scales = [(ramp.amax() - ramp.amin()).item() / length for ramp, length in zip(told, SIZE, strict=True)]
    assert scales[0] == pytest.approx(scales[1], rel=0.06)
    assert max(scales[0] * 112 / shape[0], scales[1] * 92 / shape[1]) == pytest.approx(1, abs=0.05)


def test_picture_of_a_faces_size_is_framed_as_it_is():
    pictures = torch.rand(2, *SIZE, generator=generator(), dtype=torch.float64)
    torch.testing.assert_close(framed(pictures), pictures)


# --- the embedded file, from the real faces -------------------------------------------------------


def test_real_faces_are_ten_of_each_of_forty(orl):
    assert orl.pictures.shape == (400, *SIZE)
    assert names(orl) == {(person, picture) for person in range(1, 41) for picture in range(1, 11)}
    assert 0 <= orl.pictures.min() < 0.1 < 0.9 < orl.pictures.max() <= 1


def test_fit_reproduces_the_embedded_file_to_half_precision(orl, space, embedded):
    told = {name: tensor.double() for name, tensor in embedded.items()}
    signs = (space.eigenfaces * told["eigenfaces"]).sum(dim=1).sign()
    assert (signs[:, None] * space.eigenfaces - told["eigenfaces"]).abs().max() < 1e-4
    torch.testing.assert_close(told["variances"], space.variances, rtol=1e-3, atol=0)
    torch.testing.assert_close(told["mean"], space.mean, rtol=1e-3, atol=0)
    assert told["rest"].item() == pytest.approx(space.rest, rel=1e-3)
    torch.testing.assert_close(told["gallery"] * signs, project(space, orl.pictures), rtol=1e-3, atol=1e-4)
    left_out = distance_from_face_space(space, orl.pictures)[:, -1]
    torch.testing.assert_close(told["left_out"], left_out, rtol=1e-3, atol=0)
    assert torch.equal(embedded["subjects"].long(), orl.subjects)
    assert torch.equal(embedded["indices"].long(), orl.indices)


def variance_kept(space: FaceSpace, count: int) -> float:
    """The part of the variance that so many eigenfaces keep."""
    total = space.variances.sum().item() + space.rest * len(space.mean)
    return space.variances[:count].sum().item() / total


def test_fifty_components_keep_the_variance_that_scikit_learn_says(orl, space):
    pca = PCA(50, svd_solver="arpack", random_state=0).fit(orl.pictures.flatten(1).numpy())
    assert variance_kept(space, 50) == pytest.approx(pca.explained_variance_ratio_.sum(), abs=1e-6)
    alike = np.abs((space.eigenfaces[:50].numpy() * pca.components_).sum(axis=1))
    assert alike == pytest.approx(1, abs=1e-6)


def test_rate_on_pixels_is_the_embedded_one(orl, embedded):
    assert recipe.on_pixels(orl, False) == pytest.approx(embedded["pixel_rates"][0].item(), abs=0.05)


@pytest.mark.slow
def test_rates_of_the_lab_are_the_embedded_ones(orl, embedded, monkeypatch):
    monkeypatch.setattr(recipe, "shifted", lambda pictures: pictures)  # not asked for here, and slow
    settings = [(False, "euclidean", 40, 0), (False, "whitened_cosine", 100, 3)]
    told = sum(recipe.rates(*recipe.halves(orl, seed), settings) for seed in recipe.SEEDS) / 10
    rates = embedded["rates"].float()
    expected = rates[0, 0, 0, KS.index(40)], rates[0, 3, 1, KS.index(100)]
    assert told.tolist() == pytest.approx([rate.item() for rate in expected], abs=0.05)


def test_dots_of_other_things_are_the_embedded_ones(orl, space, embedded, nets_data):
    others = recipe.some(space, load_others("nonfaces", nets_data / "data"))
    told = recipe.dots(space, project(space, orl.pictures), others)
    for side, distances in told:
        torch.testing.assert_close(distances.float(), embedded[f"other_{side}"].float(), rtol=1e-3, atol=0.05)


@pytest.mark.parametrize("kind", ["known", "new"])
def test_first_dots_left_out_are_the_embedded_ones(orl, embedded, kind):
    parts = {"known": orl.indices, "new": (orl.subjects - 1) // 4 + 1}[kind]
    rest, out = orl.of(parts != 1), orl.of(parts == 1)
    space = fit(rest.pictures, recipe.COUNT)
    told = dict(recipe.dots(space, project(space, rest.pictures), out.pictures[::8]))
    for side, distances in told.items():
        torch.testing.assert_close(distances.float(), embedded[f"{kind}_{side}"][:5].float(), rtol=1e-3, atol=0.05)


def test_area_under_the_curve_is_about_the_manifests(orl, nets_data):
    known, unseen = recipe.halves(orl, 0)
    others = [load_others(name, nets_data / "data") for name in ("lfwcrop", "nonfaces")]
    told = recipe.face_or_not(fit(known.pictures, recipe.FACE_OR_NOT_K), unseen.pictures, *others)
    for name, area in told.items():
        assert area == pytest.approx(EIGENFACES.figures[name], abs=0.01)


def test_hidden_parts_of_strangers_are_guessed_about_as_well_as_measured(orl):
    known, unseen = recipe.strangers(orl, 0)
    few = unseen.of(torch.arange(len(unseen.subjects)) % 80 == 0)
    told = recipe.occlusion(known, few, 0)
    for name in recipe.INKS:
        ratio = told[f"error_masked_{name}"] / told[f"error_projection_{name}"]
        assert ratio == pytest.approx(EIGENFACES.figures[f"occlusion_ratio_{name}"], abs=0.15)
        assert told[f"error_robust_{name}"] < told[f"error_projection_{name}"]
