"""The Eigenfaces tab: face space against hand-made data, covers, the face map, alignment, and what the tab answers."""

import asyncio
import base64
import io
import itertools
import json
import math
from dataclasses import replace

import gradio as gr
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.linalg import hadamard
from scipy.spatial.distance import cdist
from skimage import data as photographs
from sklearn.decomposition import PCA

from demos import eigenfaces as tab
from demos import eigenfaces_answers as answers
from demos import eigenfaces_shown as shown
from demos.pictures import opened_style
from demos.refusals import checked
from demos.serving.files import PUBLISHED
from models import alignment, covers, eigenfaces, face_map, face_pictures
from models.alignment import Nudge, corners, cut, detect, middle
from models.covers import READY, cells_from_text, covered, over_pixels, text_from_cells
from models.eigenfaces import COUNT, MAP_COUNT, SLIDERS, EigenfacesParams, Scene, made, nearest, see, uncover
from models.face_map import levelled, locate
from models.face_pictures import DRAWN, GROUP_PEOPLE, NAMES, SIZE
from models.face_space import (
    FaceSpace,
    compare,
    distance_from_face_space,
    distance_in_face_space,
    fit,
    levels,
    project,
    recognise,
    reconstruct,
    sample,
    shifted,
)
from models.images import to_grey, to_jpeg_url, to_png_url
from models.occlusion import find_occluder, masked_least_squares, reconstruct_occluded
from weights.manifest import EIGENFACES

TINY = (8, 6)
MEASURES = ("euclidean", "cosine", "mahalanobis", "whitened_cosine")
EVERY_PICTURE = (*shown.KNOWN, "mean", "sampled_7", *NAMES)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


def toy_space(count: int = 5, size: tuple[int, int] = TINY, rest: float = 0.0) -> FaceSpace:
    """A space of known directions, spreads 2, 1, 1/2, …, around a random mean."""
    pixels = size[0] * size[1]
    directions = torch.linalg.qr(random(pixels, count)).Q.T.contiguous()
    mean = torch.rand(pixels, generator=generator(1), dtype=torch.float64)
    return FaceSpace(size, mean, directions, 4.0 * 0.25 ** torch.arange(count, dtype=torch.float64), rest)


def hand_made() -> tuple[FaceSpace, torch.Tensor]:
    """Eight pictures whose eigenfaces and variances are known: weights are the columns of a Hadamard matrix."""
    spreads = torch.tensor([3.0, 1.0, 0.3, 0.1, 0.01], dtype=torch.float64)
    space = replace(toy_space(), variances=spreads.square() * 8 / 7)
    weights = torch.from_numpy(hadamard(8)[:, 1:6]).double() * spreads
    return space, reconstruct(space, weights)


@pytest.fixture(scope="module")
def trained():
    return eigenfaces.load()[0]


@pytest.fixture(scope="module")
def astronaut():
    """A photograph in greys, (512, 512)."""
    return torch.from_numpy(to_grey(Image.fromarray(photographs.astronaut())))


@pytest.fixture(scope="module")
def gravel():
    return torch.from_numpy(to_grey(opened_style("gravel")))


# --- face space -----------------------------------------------------------------------------------


def test_eigenfaces_of_hand_made_pictures_are_the_directions_they_were_made_of():
    expected, pictures = hand_made()
    space = fit(pictures, 5)
    assert space.size == TINY
    torch.testing.assert_close(space.mean, expected.mean)
    torch.testing.assert_close(space.variances, expected.variances)
    torch.testing.assert_close((space.eigenfaces @ expected.eigenfaces.T).abs(), torch.eye(5).double())
    assert space.rest == pytest.approx(0, abs=1e-15)


def test_space_is_fitted_in_float64_whatever_the_pictures_are():
    expected, pictures = hand_made()
    space = fit(pictures.float(), 5)
    assert space.eigenfaces.dtype == space.variances.dtype == torch.float64
    assert space.variances[4] == pytest.approx(expected.variances[4].item(), rel=1e-3)
    assert (space.eigenfaces[4] @ expected.eigenfaces[4]).abs() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("count", [1, 7, 11])
def test_space_is_that_of_scikit_learns_pca_up_to_signs(count):
    pictures = random(12, *TINY, seed=3)
    space, pca = fit(pictures, count), PCA(svd_solver="full").fit(pictures.flatten(1).numpy())
    expected = torch.from_numpy(pca.components_[:count])
    torch.testing.assert_close(space.mean, torch.from_numpy(pca.mean_))
    torch.testing.assert_close(space.variances, torch.from_numpy(pca.explained_variance_[:count]))
    signs = (space.eigenfaces * expected).sum(dim=1).sign()
    torch.testing.assert_close(space.eigenfaces, signs[:, None] * expected)
    assert space.rest == pytest.approx(pca.explained_variance_[count:11].sum() / 48, abs=1e-12)


def test_more_eigenfaces_than_directions_are_refused():
    with pytest.raises(ValueError, match=r"^count must be at most 5, the directions that the pictures span, got 6$"):
        fit(hand_made()[1], 6)
    with pytest.raises(ValueError, match=r"^count must be at most 11, .*, got 12$"):
        fit(random(12, *TINY), 12)


def test_what_was_drawn_from_weights_has_those_weights():
    space, weights = toy_space(), random(7, 5, seed=2)
    torch.testing.assert_close(project(space, reconstruct(space, weights)), weights)


def test_reconstruction_is_the_nearest_point_of_face_space():
    space, pictures = toy_space(), random(3, *TINY, seed=2)
    expected = np.linalg.lstsq(space.eigenfaces.T.numpy(), (pictures.flatten(1) - space.mean).T.numpy(), rcond=None)
    torch.testing.assert_close(project(space, pictures), torch.from_numpy(expected[0].T.copy()))


def test_reconstruction_from_no_weights_is_the_mean():
    space = toy_space()
    for told in (reconstruct(space, random(1, 5), 0), reconstruct(space, torch.zeros(1, 5).double())):
        torch.testing.assert_close(told[0].flatten(), space.mean)


@pytest.mark.parametrize("k", [0, 2, 5])
def test_first_gives_the_dropped_variance_to_the_rest(k):
    space = toy_space(rest=0.01)
    first = space.first(k)
    assert torch.equal(first.eigenfaces, space.eigenfaces[:k])
    assert torch.equal(first.variances, space.variances[:k])
    assert first.rest == pytest.approx(0.01 + space.variances[k:].sum().item() / 48)
    assert first.contrast == pytest.approx(space.contrast, rel=0.01)


@pytest.mark.parametrize("k", [-1, 6])
def test_first_of_more_than_there_are_is_refused(k):
    with pytest.raises(ValueError, match=f"^k must be between 0 and 5, got {k}$"):
        toy_space().first(k)


def test_contrast_is_that_of_the_faces_themselves():
    _, pictures = hand_made()
    space = fit(pictures, 5)
    own, mean = pictures.flatten(1).var(dim=1, correction=0).mean(), space.mean.var(correction=0)
    assert space.contrast**2 - mean.item() == pytest.approx(8 / 7 * (own - mean).item())


def test_shrunk_space_is_that_of_shrunk_faces():
    space = toy_space(3, (12, 8))
    shrunk = space.shrunk(2)
    assert shrunk.size == (6, 4)
    torch.testing.assert_close(shrunk.eigenfaces @ shrunk.eigenfaces.T, torch.eye(3).double())
    faces = F.avg_pool2d(reconstruct(space, random(9, 3))[:, None], 2)[:, 0]
    assert distance_from_face_space(shrunk, faces)[:, -1].max() < 1e-4
    averages = F.avg_pool2d(space.eigenfaces.view(-1, 1, 12, 8), 2).flatten(1)
    covariance = averages.T @ (space.variances[:, None] * averages)
    torch.testing.assert_close(shrunk.eigenfaces.T @ (shrunk.variances[:, None] * shrunk.eigenfaces), covariance)


def test_sampled_weights_spread_as_those_of_faces():
    space = toy_space()
    told = torch.cat([sample(space, generator(seed)) for seed in range(2000)])
    torch.testing.assert_close(told.var(dim=0), space.variances, rtol=0.15, atol=0)
    assert torch.equal(sample(space, generator(5)), told[5:6])
    assert not torch.equal(told[5], told[6])


# --- distances ------------------------------------------------------------------------------------


def rms_levels(difference: torch.Tensor) -> torch.Tensor:
    """Root-mean-square grey levels of differences (..., H, W), the plain way."""
    return 255 * difference.flatten(-2).square().mean(dim=-1).sqrt()


def test_distance_from_face_space_is_the_residual_for_every_k():
    space, pictures = toy_space(), random(4, *TINY, seed=2)
    told, weights = distance_from_face_space(space, pictures), project(space, pictures)
    for k in range(1, 6):
        torch.testing.assert_close(told[:, k - 1], rms_levels(pictures - reconstruct(space, weights, k)))


def test_distance_in_face_space_is_that_to_the_nearest_reconstruction_for_every_k():
    space, weights, gallery = toy_space(), random(5), random(9, 5, seed=2)
    told = distance_in_face_space(space, weights, gallery)
    for k in range(1, 6):
        others = reconstruct(space, gallery, k)
        expected = rms_levels(reconstruct(space, weights[None], k) - others).min()
        assert told[k - 1].item() == pytest.approx(expected.item())


def test_distances_from_and_within_face_space_add_up_as_pythagoras_says():
    space, pictures, known = toy_space(), random(4, *TINY, seed=2), reconstruct(toy_space(), random(1, 5, seed=3))
    outside = distance_from_face_space(space, pictures)[:, -1]
    for picture, far in zip(pictures, outside, strict=True):
        within = distance_in_face_space(space, project(space, picture[None])[0], project(space, known))[-1]
        assert far**2 + within**2 == pytest.approx(rms_levels(picture - known[0]).item() ** 2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_distances_are_never_negative_and_nothing_of_a_face_is_outside(dtype):
    told = toy_space()
    space = replace(told, mean=told.mean.to(dtype), eigenfaces=told.eigenfaces.to(dtype))
    faces = reconstruct(space, (5 * random(500, 5)).to(dtype))
    outside = distance_from_face_space(space, faces)
    assert (outside >= 0).all()
    assert (outside[:, -1] < 0.3).all()
    assert (outside.diff(dim=1) <= 1e-3).all()


def test_one_grey_level_everywhere_is_a_distance_of_one():
    space = toy_space()
    assert levels(torch.full((48,), 1 / 255).norm(), space).item() == pytest.approx(1)


# --- recognition ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dropped", [0, 2])
@pytest.mark.parametrize("k", [3, 5])
@pytest.mark.parametrize("measure", MEASURES)
def test_each_measure_is_the_one_of_scipy(measure, k, dropped):
    space, asked, gallery = toy_space(), random(4, 5), random(7, 5, seed=2)
    a, b = asked[:, dropped:k].numpy(), gallery[:, dropped:k].numpy()
    variances = space.variances[dropped:k].numpy()
    expected = {
        "euclidean": lambda: 255 / math.sqrt(48) * cdist(a, b),
        "cosine": lambda: cdist(a, b, "cosine"),
        "mahalanobis": lambda: cdist(a, b, "mahalanobis", VI=np.diag(1 / variances)),
        "whitened_cosine": lambda: cdist(a / np.sqrt(variances), b / np.sqrt(variances), "cosine"),
    }[measure]()
    told = compare(space, asked, gallery, measure, k, dropped)
    torch.testing.assert_close(told, torch.from_numpy(expected))


@pytest.mark.parametrize(("k", "dropped"), [(0, 0), (6, 0), (3, 3)])
def test_comparing_no_weights_or_too_many_is_refused(k, dropped):
    with pytest.raises(ValueError, match=f"^k must be between {dropped + 1} and 5, got {k}$"):
        compare(toy_space(), random(1, 5), random(2, 5), "cosine", k, dropped)


def test_nearest_subject_is_recognised():
    distances = torch.tensor([[3.0, 1.0, 2.0], [0.5, 1.0, 2.0], [9.0, 9.0, 2.0]])
    assert recognise(distances, torch.tensor([4, 7, 7])).tolist() == [7, 4, 7]


def test_shifted_pictures_are_themselves_then_moved_with_their_edges_repeated():
    pictures = random(2, 13, 11)
    told = shifted(pictures)
    rows, columns = torch.arange(13), torch.arange(11)
    expected = [
        pictures[:, (rows + down).clamp(0, 12)][:, :, (columns + right).clamp(0, 10)]
        for down, right in ((0, 0), (-4, 0), (4, 0), (0, -4), (0, 4))
    ]
    assert told.shape == (10, 13, 11)
    assert torch.equal(told[:2], pictures)
    copies = list(told.unflatten(0, (5, 2)))
    for moved in expected:
        assert sum(torch.equal(moved, copy) for copy in copies) == 1


# --- occlusion ------------------------------------------------------------------------------------


def test_face_in_the_span_is_recovered_from_a_part_of_it():
    space, weights = toy_space(), random(5, seed=2)
    picture = reconstruct(space, weights[None])[0]
    visible = torch.rand(TINY, generator=generator(4)) < 0.3
    assert 5 < visible.sum() < 20
    spoilt = torch.where(visible, picture, 9.0)
    assert (masked_least_squares(space, spoilt, visible) - weights).abs().max() < 1e-6
    assert (reconstruct_occluded(space, spoilt, visible, "masked") - picture).abs().max() < 1e-6
    assert (reconstruct_occluded(space, spoilt, visible, "projection") - picture).abs().max() > 0.1


@pytest.mark.parametrize("hidden", [False, True])
def test_ridge_is_the_posterior_mean(hidden):
    space, noise, picture = toy_space(), 0.05, random(*TINY, seed=2)
    visibility = torch.rand(TINY, generator=generator(4), dtype=torch.float64)
    if hidden:
        visibility = (visibility < 0.4).double()
    seen = visibility.flatten() > 0
    basis, prior = space.eigenfaces[:, seen], torch.diag(space.variances)
    around = torch.diag(noise / visibility.flatten()[seen])
    covariance = basis.T @ prior @ basis + around
    expected = prior @ basis @ torch.linalg.inv(covariance) @ (picture.flatten() - space.mean)[seen]
    torch.testing.assert_close(masked_least_squares(space, picture, visibility, noise), expected)


def test_wholly_visible_face_without_noise_is_projected():
    space, picture = toy_space(), random(*TINY, seed=2)
    told = masked_least_squares(space, picture, torch.ones(TINY, dtype=torch.bool))
    torch.testing.assert_close(told, project(space, picture[None])[0])


def test_wholly_hidden_face_is_the_mean_face():
    space = toy_space(rest=0.01)
    told = reconstruct_occluded(space, random(*TINY), torch.zeros(TINY, dtype=torch.bool), "masked")
    torch.testing.assert_close(told.flatten(), space.mean)


def test_what_is_hidden_changes_nothing():
    space = toy_space(rest=0.01)
    visible = torch.rand(TINY, generator=generator(4)) < 0.5
    one, other = (torch.where(visible, random(*TINY), ink) for ink in (0.0, 1.0))
    told = [reconstruct_occluded(space, picture, visible, "masked") for picture in (one, other)]
    assert torch.equal(*told)


@pytest.mark.parametrize("ink", [0.0, 1.0])
@pytest.mark.parametrize(("top", "left"), [(20, 12), (56, 40), (64, 4)])
@pytest.mark.parametrize("seed", [1, 3])
def test_block_on_a_sampled_face_is_found(trained, seed, top, left, ink):
    face = made(trained, f"sampled_{seed}")
    hidden = torch.zeros(SIZE, dtype=torch.bool)
    hidden[top : top + 40, left : left + 40] = True
    found = find_occluder(trained.small, face.masked_fill(hidden, ink))
    assert found.shape == SIZE
    assert found.dtype == torch.bool
    assert found[hidden].float().mean() > 0.9
    assert found[~hidden].float().mean() < 0.25
    assert torch.equal(found, found[::4, ::4].repeat_interleave(4, 0).repeat_interleave(4, 1))


def test_hardly_anything_is_found_on_bare_sampled_faces(trained):
    found = [find_occluder(trained.small, made(trained, f"sampled_{seed}")) for seed in range(10)]
    assert max(hidden.float().mean() for hidden in found) < 0.06
    assert sum(bool(hidden.any()) for hidden in found) <= 3


def test_robust_way_needs_no_mask(trained):
    face = made(trained, shown.KNOWN[0])
    hidden = over_pixels(cells_from_text(READY["Scarf"]))
    seen = covered(face, hidden, "black")
    told = reconstruct_occluded(trained.space, seen, torch.zeros(SIZE, dtype=torch.bool), "robust")
    shrunk_before = reconstruct_occluded(trained.space, seen, ~hidden, "robust", trained.small)
    assert torch.equal(told, shrunk_before)
    found = ~find_occluder(trained.small, seen)
    torch.testing.assert_close(told, reconstruct_occluded(trained.space, seen, found, "masked"))


# --- the face map ---------------------------------------------------------------------------------


def mapped_slowly(space: FaceSpace, picture: torch.Tensor) -> torch.Tensor:
    """Every window by itself."""
    rows, columns = (side - length + 1 for side, length in zip(picture.shape, space.size, strict=True))
    windows = F.unfold(picture[None, None], space.size)[0].T.unflatten(1, space.size)
    told = distance_from_face_space(space, levelled(space, windows))[:, -1]
    flat = windows.std(dim=(1, 2), correction=0) < face_map.FLATTEST * space.contrast
    return told.masked_fill(flat, math.inf).view(rows, columns)


def test_face_map_is_the_distance_of_every_window():
    space = toy_space()
    picture = space.contrast * random(31, 26, seed=5)
    picture[5:16, 3:14] = 0.4
    told = face_map.face_map(space, picture)
    assert told.shape == (24, 21)
    assert 0 < told.isinf().sum() < told.numel() / 2
    torch.testing.assert_close(told, mapped_slowly(space, picture), atol=1e-6, rtol=0)


def test_face_map_of_a_photograph_is_the_distance_of_every_window(trained, astronaut):
    space = trained.small.first(MAP_COUNT)
    picture = F.avg_pool2d(astronaut[None], 4)[0][:60, 20:100]
    told, expected = face_map.face_map(space, picture), mapped_slowly(space, picture)
    assert told.shape == (33, 58)
    torch.testing.assert_close(told, expected, atol=2e-3, rtol=0)


def test_face_map_of_one_window_is_one_distance(trained):
    space = trained.small.first(MAP_COUNT)
    face = F.avg_pool2d(made(trained, "sampled_2")[None], 4)[0]
    told = face_map.face_map(space, face)
    assert told.shape == (1, 1)
    expected = distance_from_face_space(space, levelled(space, face)[None])[0, -1]
    assert told.item() == pytest.approx(expected.item(), abs=2e-3)


@pytest.mark.parametrize(("gain", "offset"), [(2.0, 0.0), (0.8, 0.3), (1.0, -0.5)])
def test_face_map_does_not_mind_the_light(gain, offset):
    space = toy_space()
    picture = space.contrast * random(20, 20, seed=5)
    torch.testing.assert_close(
        face_map.face_map(space, gain * picture + offset), face_map.face_map(space, picture), atol=1e-6, rtol=0
    )


def test_levelled_pictures_have_the_light_of_a_face():
    space = toy_space()
    told = levelled(space, 3 + 7 * random(4, *TINY))
    torch.testing.assert_close(told.mean(dim=(1, 2)), space.mean.mean().repeat(4))
    torch.testing.assert_close(told.std(dim=(1, 2), correction=0), torch.full((4,), space.contrast).double())
    torch.testing.assert_close(levelled(space, torch.full(TINY, 0.7).double()).flatten(), space.mean.mean().repeat(48))


def test_windows_grow_from_a_sixth_of_the_picture_to_all_of_it():
    space = toy_space(3)
    told = [(space.size[0] / scale, distances.shape) for scale, distances in face_map.scales(space, random(96, 120))]
    heights = [height for height, _ in told]
    assert heights[0] == pytest.approx(16, rel=0.02)
    assert 96 / face_map.STEP < heights[-1] <= 96
    for smaller, larger in itertools.pairwise(heights):
        assert larger / smaller == pytest.approx(face_map.STEP, rel=0.1)
    for height, (rows, columns) in told:
        assert (rows - 1) * height / 8 == pytest.approx(96 - height, abs=1)
        assert (columns - 1) * height / 8 == pytest.approx(120 - height * 6 / 8, abs=height / 8)


@pytest.mark.parametrize(("height", "left", "top"), [(100, 150, 80), (120, 30, 260), (150, 300, 40)])
@pytest.mark.parametrize("seed", [1, 3])
def test_sampled_face_on_gravel_is_located(trained, gravel, seed, height, left, top):
    width = round(height * SIZE[1] / SIZE[0])
    scene = gravel[:420, :512].clone()
    face = F.interpolate(made(trained, f"sampled_{seed}")[None, None], (height, width), mode="bilinear", antialias=True)
    scene[top : top + height, left : left + width] = face[0, 0]
    _, places = locate(trained.small.first(MAP_COUNT), scene)
    expected = (left, top, left + width, top + height)
    assert places[0].box_xyxy == pytest.approx(expected, abs=0.1 * height)
    assert all(places[0].distance < 0.75 * place.distance for place in places[1:])


def test_heat_is_least_where_the_best_place_is(trained, astronaut):
    heat, places = locate(trained.small.first(MAP_COUNT), astronaut[:, 60:400])
    assert heat.shape == (64, 42)
    assert len(places) == 3
    assert [place.distance for place in places] == sorted(place.distance for place in places)
    left, top, right, bottom = places[0].box_xyxy
    assert 0 <= left < right <= 341
    assert 0 <= top < bottom <= 513
    row, column = divmod(int(heat.argmin()), heat.shape[1])
    assert heat.min() >= places[0].distance - 1e-4
    assert ((column + 0.5) * 8, (row + 0.5) * 8) == pytest.approx(((left + right) / 2, (top + bottom) / 2), abs=8)


def test_as_many_places_are_told_as_were_asked_for(trained, astronaut):
    small = trained.small.first(MAP_COUNT)
    one, three = locate(small, astronaut, most=1)[1], locate(small, astronaut, most=3)[1]
    assert one == three[:1]
    assert len(three) == 3


@pytest.mark.parametrize("shape", [(200, 10), (300, 20), (12, 2048), (20, 20), (1, 1)])
def test_picture_too_small_for_a_face_has_no_place(trained, shape):
    heat, places = locate(trained.small.first(MAP_COUNT), torch.rand(shape, generator=generator()))
    assert places == []
    assert heat.isinf().all()
    assert not shown.nearness(heat).any()


@pytest.mark.parametrize("size", [(200, 200), (60, 90)])
def test_flat_picture_has_no_place(trained, size):
    heat, places = locate(trained.small.first(MAP_COUNT), torch.full(size, 0.5))
    assert heat.isinf().all()
    assert places == []


def test_places_are_never_infinitely_far(trained, gravel):
    flat_but_for_a_corner = torch.full((300, 300), 0.5)
    flat_but_for_a_corner[:60, :50] = gravel[:60, :50]
    _, places = locate(trained.small.first(MAP_COUNT), flat_but_for_a_corner)
    assert all(math.isfinite(place.distance) for place in places)


def test_nearness_is_brightest_where_a_face_is_nearest():
    told = shown.nearness(torch.tensor([[10.0, 20.0], [30.0, math.inf]]))
    assert told.dtype == torch.uint8
    assert told.tolist() == [[255, 127], [0, 0]]


# --- alignment ------------------------------------------------------------------------------------

WHOLE = (0.0, 0.0, 92.0, 112.0)


@pytest.fixture(scope="module")
def picture():
    return torch.rand(SIZE, generator=generator())


def test_whole_picture_is_cut_as_it_is(picture):
    torch.testing.assert_close(cut(picture, corners(WHOLE, Nudge()), SIZE), picture, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("right", "down"), [(5, 0), (-5, 0), (0, 3), (0, -3), (7, -2)])
def test_shift_by_whole_pixels_is_a_roll(picture, right, down):
    told = cut(picture, corners(WHOLE, Nudge(across=right / 92, down=down / 92)), SIZE)
    inside = (slice(8, -8), slice(8, -8))
    expected = picture.roll((-down, -right), dims=(0, 1))
    torch.testing.assert_close(told[inside], expected[inside], atol=1e-4, rtol=0)


def test_edges_go_on_beyond_the_picture(picture):
    told = cut(picture, corners(WHOLE, Nudge(across=0.25)), SIZE)
    torch.testing.assert_close(told[:, 69:], picture[:, -1:].expand(-1, 23), atol=1e-5, rtol=0)


def test_half_a_turn_flips_both_axes(picture):
    told = cut(picture, corners(WHOLE, Nudge(angle_deg=180)), SIZE)
    torch.testing.assert_close(told, picture.flip(0, 1), atol=1e-4, rtol=0)


def test_quarter_turn_clockwise_shows_the_picture_turned_back():
    square = torch.rand(40, 40, generator=generator())
    told = cut(square, corners((0.0, 0.0, 40.0, 40.0), Nudge(angle_deg=90)), (40, 40))
    torch.testing.assert_close(told, square.rot90(1), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("nudge", "expected"),
    [
        (Nudge(), [[10, 20], [14, 20], [14, 22], [10, 22]]),
        (Nudge(across=0.5, down=-0.25), [[12, 19], [16, 19], [16, 21], [12, 21]]),
        (Nudge(zoom=2), [[11, 20.5], [13, 20.5], [13, 21.5], [11, 21.5]]),
        (Nudge(angle_deg=90), [[13, 19], [13, 23], [11, 23], [11, 19]]),
        (Nudge(angle_deg=180), [[14, 22], [10, 22], [10, 20], [14, 20]]),
        (Nudge(across=0.5, angle_deg=90, zoom=0.5), [[16, 17], [16, 25], [12, 25], [12, 17]]),
    ],
)
def test_corners_are_where_the_nudge_puts_them(nudge, expected):
    told = corners((10.0, 20.0, 14.0, 22.0), nudge)
    torch.testing.assert_close(told, torch.tensor(expected, dtype=torch.float32), atol=1e-5, rtol=0)


@pytest.mark.parametrize("left", [0, 60, 112])
@pytest.mark.parametrize("width", [200, 300, 350, 400])
def test_larger_face_is_shrunk_in_its_place(left, width):
    columns = torch.arange(512.0).repeat(512, 1)
    box = (float(left), 0.0, float(left + width), width * 112 / 92)
    told = cut(columns, corners(box, Nudge()), SIZE)
    expected = left + (torch.arange(92) + 0.5) * width / 92 - 0.5
    assert (told[40] - expected)[3:-3].abs().max() < 0.3


def test_shrinking_keeps_no_false_patterns():
    stripes = (torch.arange(920) % 2).float().repeat(1120, 1)
    told = cut(stripes, corners((0.0, 0.0, 920.0, 1120.0), Nudge()), SIZE)
    assert told[:, 2:-2].std() < 0.01


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((112, 92), (0, 0, 92, 112)), ((112, 192), (50, 0, 142, 112)), ((312, 92), (0, 100, 92, 212))],
)
def test_middle_is_the_largest_box_of_a_faces_shape(shape, expected):
    assert middle(torch.zeros(shape), SIZE) == pytest.approx(expected)


def test_detector_finds_the_astronauts_face(astronaut):
    left, top, right, bottom = detect(astronaut, SIZE)
    assert 200 < (left + right) / 2 < 250
    assert 90 < (top + bottom) / 2 < 140
    assert 70 < right - left < 140
    assert (bottom - top) / (right - left) == pytest.approx(112 / 92)


def test_detector_follows_a_face_that_moves(astronaut):
    here, there = detect(astronaut, SIZE), detect(astronaut[20:, 100:], SIZE)
    assert there == pytest.approx((here[0] - 100, here[1] - 20, here[2] - 100, here[3] - 20), abs=15)


def test_detector_finds_no_face_in_a_brick_wall():
    assert detect(torch.from_numpy(to_grey(opened_style("brick"))), SIZE) is None


@pytest.mark.parametrize("shape", [(1, 1), (10, 10), (23, 500), (24, 24), (500, 30)])
def test_detector_finds_no_face_in_a_picture_too_small(shape):
    assert detect(torch.rand(shape, generator=generator()), SIZE) is None


# --- covers ---------------------------------------------------------------------------------------

CELLS = st.binary(min_size=81, max_size=81).map(
    lambda content: torch.from_numpy(np.unpackbits(np.frombuffer(content, np.uint8))[:644].copy()).bool().view(28, 23)
)


@settings(deadline=None)
@given(CELLS)
def test_cover_survives_its_text(cells):
    text = text_from_cells(cells)
    assert len(text) in (0, covers.TEXT_LENGTH)
    assert torch.equal(cells_from_text(text), cells)


@pytest.mark.parametrize("row", [0, 13, 27])
@pytest.mark.parametrize("column", [0, 11, 22])
def test_single_cell_is_its_own_bit(row, column):
    cells = torch.zeros(28, 23, dtype=torch.bool)
    cells[row, column] = True
    content = base64.urlsafe_b64decode(text_from_cells(cells))
    assert np.flatnonzero(np.unpackbits(np.frombuffer(content, np.uint8))).tolist() == [row * 23 + column]
    assert over_pixels(cells).nonzero().amin(dim=0).tolist() == [4 * row, 4 * column]
    assert over_pixels(cells).sum() == 16


def test_no_text_covers_nothing():
    assert cells_from_text("").sum() == 0
    assert text_from_cells(torch.zeros(28, 23, dtype=torch.bool)) == ""


@pytest.mark.parametrize("text", ["A", "A" * 107, "A" * 109, "!" * 108, "é" * 108, "A" * 107 + "=", "A" * 104 + "===="])
def test_what_is_no_cover_is_refused(text):
    with pytest.raises(ValueError, match=f"^cover must be 108 base64url characters or none, got {len(text)} char"):
        cells_from_text(text)


@pytest.mark.parametrize("name", READY)
def test_text_of_a_ready_cover_is_canonical(name):
    cells = cells_from_text(READY[name])
    assert text_from_cells(cells) == READY[name]
    assert 0.1 < cells.float().mean() < 0.5


def test_ready_covers_lie_where_they_are_worn():
    rows = {name: cells_from_text(text).nonzero()[:, 0].float().mean() for name, text in READY.items()}
    assert rows["Sunglasses"] < 14 < rows["Scarf"]
    glasses = cells_from_text(READY["Sunglasses"])
    assert torch.equal(glasses, glasses.flip(1))
    assert not torch.equal(glasses, cells_from_text(READY["Block"]))


@pytest.mark.parametrize("ink", ["black", "white", "noise"])
def test_ink_is_only_where_it_hides(picture, ink):
    hidden = over_pixels(cells_from_text(READY["Scarf"]))
    before = picture.clone()
    told = covered(picture, hidden, ink)
    assert torch.equal(picture, before)
    assert torch.equal(told[~hidden], picture[~hidden])
    assert torch.equal(told, covered(picture, hidden, ink))
    mean, spread = {"black": (0, 0), "white": (1, 0), "noise": (0.5, 12**-0.5)}[ink]
    assert told[hidden].mean() == pytest.approx(mean, abs=0.02)
    assert told[hidden].std() == pytest.approx(spread, abs=0.02)


# --- the pictures ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [("face_1_1", (1, 1)), ("face_40_10", (40, 10)), ("face_41_1", None), ("face_1_11", None), ("face_0_1", None),
     ("face_1_0", None), ("face_1", None), ("face_1_1_1", None), ("face_-1_1", None), ("mean", None)],
)  # fmt: skip
def test_name_of_a_face_tells_whose_and_which(name, expected):
    assert face_pictures.person_and_picture(name) == expected
    assert face_pictures.is_made(name) is (expected is not None or name == "mean")


@pytest.mark.parametrize(
    ("name", "expected"), [("sampled_0", 0), ("sampled_9999", 9999), ("sampled_10000", None), ("sampled_", None)]
)
def test_name_of_a_sampled_face_tells_its_seed(name, expected):
    assert face_pictures.sampled_seed(name) == expected


@pytest.mark.parametrize("name", DRAWN)
def test_drawings_are_drawn_alike_each_time(name):
    first, again = DRAWN[name](), DRAWN[name]()
    assert (first.size, first.mode) == ((400, 400), "RGB")
    assert first.tobytes() == again.tobytes()
    assert np.asarray(first).std() > 20
    assert sum(DRAWN[other]().tobytes() == first.tobytes() for other in DRAWN) == 1


def test_group_stands_before_its_ground(gravel):
    before = gravel.clone()
    faces = {person: torch.full(SIZE, person / 100) for person, *_ in GROUP_PEOPLE}
    scene = face_pictures.group(faces, gravel)
    assert scene.shape == (400, 512)
    assert torch.equal(gravel, before)
    free = torch.ones(400, 512, dtype=torch.bool)
    for person, left, top, height in GROUP_PEOPLE:
        spot = (slice(top, top + height), slice(left, left + round(height * 92 / 112)))
        assert free[spot].all()
        free[spot] = False
        torch.testing.assert_close(scene[spot], torch.full_like(scene[spot], person / 100))
    assert torch.equal(scene[free], gravel[:400, :512][free])


def test_most_of_the_group_are_located(trained):
    scene = eigenfaces.group_picture(trained, opened_style("gravel"))
    _, places = locate(trained.small.first(MAP_COUNT), scene)
    hits = 0
    for _, left, top, height in GROUP_PEOPLE:
        expected = pytest.approx((left, top, left + height * 92 / 112, top + height), abs=0.1 * height)
        hits += any(place.box_xyxy == expected for place in places)
    assert hits >= 2


# --- parameters -----------------------------------------------------------------------------------


@pytest.mark.parametrize("picture", ["face_1_1", "face_40_10", "mean", "sampled_0", "sampled_9999", *NAMES])
def test_every_picture_of_the_tab_can_be_asked_for(picture):
    assert checked(EigenfacesParams, {"picture": picture}).picture == picture


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"picture": "nobody"},
            "picture must be face_1_1 to .*, mean, group, .* or a data: address, got nobody",
        ),
        ({"picture": "face_41_1"}, "picture must be .*, got face_41_1"),
        ({"picture": "face_1_11"}, "picture must be .*, got face_1_11"),
        ({"picture": "face_0_1"}, "picture must be .*, got face_0_1"),
        ({"picture": f"face_{'9' * 5000}_1"}, "picture must be .*, got face_9{35}"),
        ({"picture": "sampled_10000"}, "picture must be .*, got sampled_10000"),
        ({"picture": "data:text/plain,x"}, "picture must be .*, got data:text/plain,x"),
        ({"picture": "x" * 5_000_000}, "picture string should have at most .* characters, got x{80}"),
        ({"k": 0}, "k must be greater than or equal to 1, got 0"),
        ({"k": 171}, "k must be less than or equal to 170, got 171"),
        ({"moves": [0] * 7}, "moves tuple should have at least 8 items .*, not 7, got list"),
        ({"moves": [0] * 9}, "moves tuple should have at most 8 items .*, not 9, got list"),
        ({"moves": [0] * 7 + [6.5]}, "moves.7 must be less than or equal to 6, got 6.5;?.*"),
        ({"moves": [math.nan] + [0] * 7}, "moves.0 must be .*, got nan;?.*"),
        ({"cover": "A"}, "cover must be 108 base64url characters or none, got 1 characters"),
        ({"ink": "red"}, "ink must be 'black', 'white' or 'noise', got red"),
        ({"place": "map4"}, "place must be 'detector', 'map1', 'map2' or 'map3', got map4"),
        ({"across": 0.6}, "across must be less than or equal to 0.5, got 0.6"),
        ({"down": -0.6}, "down must be greater than or equal to -0.5, got -0.6"),
        ({"zoom": 0.4}, "zoom must be greater than or equal to 0.5, got 0.4"),
        ({"angle": 181}, "angle must be less than or equal to 180, got 181"),
        ({"limits": [1]}, "limits.1 field required, got list"),
        ({"limits": [1, 61]}, "limits.1 must be less than or equal to 60, got 61"),
        ({"measure": "taxicab"}, "measure must be 'euclidean', .* or 'whitened_cosine', got taxicab"),
        ({"level": "perhaps"}, "level must be a valid boolean, .*, got perhaps"),
    ],
    ids=lambda given: "" if isinstance(given, str) else next(iter(given)),
)
def test_what_cannot_be_asked_for_gets_a_sentence(values, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        checked(EigenfacesParams, values)


# --- the trained space ----------------------------------------------------------------------------


def test_embedded_space_is_orthonormal_and_in_order(trained):
    for space in (trained.space, trained.small):
        torch.testing.assert_close(space.eigenfaces @ space.eigenfaces.T, torch.eye(COUNT), atol=1e-5, rtol=0)
        assert (space.variances.diff() <= 0).all()
        assert space.variances[-1] > 0
    assert trained.space.rest > 0
    assert (trained.space.size, trained.small.size) == (SIZE, (28, 23))


def test_what_known_pictures_leave_out_is_the_rest_of_the_variance(trained):
    expected = 255**2 * trained.space.rest * 399 / 400
    assert trained.left_out.square().mean().item() == pytest.approx(expected, rel=5e-3)


def test_embedded_space_is_the_one_that_was_measured(trained):
    assert trained.space.variances[:4].tolist() == pytest.approx([43.44, 31.83, 16.875, 13.758], abs=0.01)
    percent = shown.variance()
    assert [percent[k - 1] for k in (1, 10, 50, 170)] == pytest.approx([17.61, 59.95, 81.6, 94.05], abs=0.05)
    assert (np.diff(percent) > 0).all()


def test_gallery_holds_ten_pictures_of_each_of_forty(trained):
    assert sorted(zip(trained.subjects.tolist(), trained.indices.tolist(), strict=True)) == [
        (person, number) for person in range(1, 41) for number in range(1, 11)
    ]
    assert trained.gallery.shape == (400, COUNT)
    assert trained.wider.shape == (2000, COUNT)
    torch.testing.assert_close(trained.wider[:400], trained.gallery, atol=1e-3, rtol=0)
    torch.testing.assert_close(trained.gallery.var(dim=0), trained.space.variances, rtol=0.01, atol=0)
    assert trained.gallery.mean(dim=0).abs().max() < 0.01


def test_number_and_title_tell_the_same_picture(trained):
    assert trained.name(trained.number("face_13_7")) == "face_13_7"
    assert trained.number("mean") is trained.number("sampled_3") is trained.number("astronaut") is None


def test_figures_of_the_manifest_tell_faces_from_other_things():
    figures = EIGENFACES.figures
    assert figures["recognition_percent"] >= 95
    assert figures["recognition_percent"] > figures["recognition_unshifted_percent"]
    assert figures["orl_auc"] >= 0.98
    assert figures["orl_auc"] > figures["lfwcrop_auc"] > 0.8
    assert max(figures["occlusion_ratio_block"], figures["occlusion_ratio_band"]) <= 0.5
    assert figures["robust_ratio"] <= 1.25


@pytest.mark.parametrize("name", shown.KNOWN[:3])
def test_known_face_is_in_face_space_but_not_its_own_neighbour(trained, name):
    face = see(trained, EigenfacesParams(picture=name))
    assert face.number == trained.number(name)
    torch.testing.assert_close(face.weights, trained.gallery[face.number], atol=1e-3, rtol=0)
    left_out = trained.left_out[face.number].item()
    rebuilt = reconstruct(trained.space, face.weights[None])
    residual = rms_levels(rebuilt - reconstruct(trained.space, face.weights[None], 40)).item()
    assert face.from_space[-1].item() == pytest.approx(left_out, rel=1e-3)
    assert face.from_space[39].item() == pytest.approx(math.hypot(residual, left_out), rel=1e-3)
    assert (face.near[9:] > 1).all()
    others = torch.cat([trained.gallery[: face.number], trained.gallery[face.number + 1 :]])
    expected = levels((others - face.weights).norm(dim=1).min(), trained.space)
    assert face.near[-1].item() == pytest.approx(expected.item(), rel=1e-4)
    assert face.scene is None


def test_mean_face_has_no_weights(trained):
    face = see(trained, EigenfacesParams(picture="mean"))
    assert face.weights.abs().max() < 1e-4
    assert face.from_space.max() < 1e-2
    assert face.number is None
    torch.testing.assert_close(face.picture.flatten(), trained.space.mean)


def test_sampled_face_is_the_same_for_the_same_seed(trained):
    one, again, other = (see(trained, EigenfacesParams(picture=f"sampled_{seed}")) for seed in (7, 7, 8))
    assert torch.equal(one.picture, again.picture)
    assert not torch.equal(one.picture, other.picture)
    assert one.from_space[-1] < 0.1
    deviations = one.weights / trained.space.variances.sqrt()
    assert deviations.std() == pytest.approx(1, abs=0.2)


def test_nudged_face_is_farther_from_face_space(trained):
    name = shown.KNOWN[0]
    still, turned, moved = (
        see(trained, EigenfacesParams(picture=name, **nudge)).from_space[39]
        for nudge in ({}, {"angle": 180}, {"across": 0.3})
    )
    assert turned > 1.4 * still
    assert moved > 1.2 * still


def test_distance_from_face_space_falls_with_every_eigenface(trained, astronaut):
    scene = Scene(astronaut, detect(astronaut, SIZE))
    face = see(trained, EigenfacesParams(picture="astronaut"), scene)
    assert (face.from_space.diff() <= 1e-3).all()
    assert (face.near.diff() >= 0).all()
    assert face.number is None
    torch.testing.assert_close(
        face.from_space[39], rms_levels(face.picture - reconstruct(trained.space, face.weights[None], 40)[0])
    )


@pytest.mark.parametrize(("gain", "offset"), [(0.6, 0.3), (0.5, 0.0), (0.9, 0.1)])
def test_light_of_a_photograph_matters_only_where_it_is_not_levelled(trained, astronaut, gain, offset):
    box = detect(astronaut, SIZE)
    scenes = Scene(astronaut, box), Scene(gain * astronaut + offset, box)
    for level, matters in ((True, False), (False, True)):
        one, other = (see(trained, EigenfacesParams(picture="astronaut", level=level), scene) for scene in scenes)
        apart = levels((one.weights - other.weights).norm(), trained.space)
        assert (apart > 5) if matters else (apart < 0.1)


def test_scene_gives_the_place_that_was_asked_for(astronaut):
    places = (face_map.Place((1.0, 2.0, 3.0, 4.0), 5.0), face_map.Place((5.0, 6.0, 7.0, 8.0), 9.0))
    scene = Scene(astronaut, (10.0, 20.0, 30.0, 40.0), None, places)
    assert scene.box("detector") == scene.box("map3") == (10.0, 20.0, 30.0, 40.0)
    assert scene.box("map2") == (5.0, 6.0, 7.0, 8.0)
    assert Scene(astronaut, None, None, places).box("detector") == middle(astronaut, SIZE)


def test_photograph_is_mapped_only_if_asked(trained):
    photograph = opened_style("astronaut")
    plain, mapped = (eigenfaces.look_for_face(trained, photograph, asked) for asked in (False, True))
    assert plain.heat is None
    assert plain.places == ()
    assert plain.detector == mapped.detector is not None
    assert len(mapped.places) == 3


def test_faces_are_nearer_to_face_space_than_other_things(trained):
    params = {name: EigenfacesParams(picture=name) for name in ("astronaut", "brick", "cat", "scribble")}
    far = {}
    for name, asked in params.items():
        scene = eigenfaces.look_for_face(trained, shown.photograph_for(trained, name), mapped=False)
        far[name] = see(trained, asked, scene).from_space[39].item()
    assert min(far["brick"], far["cat"], far["scribble"]) > 1.2 * far["astronaut"]


# --- rebuilding and uncovering --------------------------------------------------------------------


def test_moves_are_standard_deviations_of_the_first_weights(trained):
    own, before = trained.gallery[5], trained.gallery[5].clone()
    moves = torch.zeros(SLIDERS)
    moves[2] = 1.5
    told = eigenfaces.rebuild(trained, own, moves, 60)
    assert torch.equal(own, before)
    plain = eigenfaces.rebuild(trained, own, torch.zeros(SLIDERS), 60)
    torch.testing.assert_close(plain, reconstruct(trained.space, own[None], 60)[0])
    added = 1.5 * trained.space.variances[2].sqrt() * trained.space.eigenfaces[2].view(SIZE)
    torch.testing.assert_close(told - plain, added, atol=1e-5, rtol=0)
    assert torch.equal(eigenfaces.rebuild(trained, own, moves, 2), eigenfaces.rebuild(trained, own, 0 * moves, 2))


@pytest.mark.parametrize("cover", READY)
@pytest.mark.parametrize("name", shown.KNOWN)
def test_what_is_behind_a_ready_cover_is_better_guessed_without_it(trained, name, cover):
    picture = made(trained, name)
    told = uncover(trained, picture, READY[cover], "black", EigenfacesParams().k)
    hidden = over_pixels(cells_from_text(READY[cover]))
    assert told.errors["masked"] < 0.7 * told.errors["projection"]
    assert told.errors["robust"] < 0.75 * told.errors["projection"]
    assert torch.equal(told.covered, covered(picture, hidden, "black"))
    assert told.found[hidden].float().mean() > 0.8
    for way, guess in told.guesses.items():
        expected = 255 * (guess - picture)[hidden].square().mean().sqrt()
        assert told.errors[way] == pytest.approx(expected.item())


def test_without_a_cover_there_is_no_error_under_it(trained):
    picture = made(trained, shown.KNOWN[1])
    told = uncover(trained, picture, "", "black", 40)
    assert dict(told.errors) == {"projection": None, "masked": None, "robust": None}
    assert torch.equal(told.covered, picture)
    torch.testing.assert_close(
        told.guesses["projection"], reconstruct(trained.space, project(trained.space, picture[None]), 40)[0]
    )


def test_wholly_covered_face_is_guessed_to_be_the_mean(trained):
    told = uncover(
        trained, made(trained, shown.KNOWN[0]), text_from_cells(torch.ones(28, 23, dtype=torch.bool)), "white", 40
    )
    torch.testing.assert_close(told.guesses["masked"].flatten(), trained.space.mean)


# --- whose face it is -----------------------------------------------------------------------------


@pytest.mark.parametrize("shifts", [False, True])
@pytest.mark.parametrize("measure", MEASURES)
def test_nearest_is_another_picture_of_the_same_person_for_most(trained, measure, shifts):
    params = EigenfacesParams(measure=measure, shifted=shifts)
    hits = 0
    for name in shown.KNOWN:
        number = trained.number(name)
        told = nearest(trained, trained.gallery[number], params, number)
        assert told.number != number
        assert trained.subjects[told.number] != trained.subjects[told.other]
        assert 0 < told.distance <= told.other_distance
        hits += int(trained.subjects[told.number] == trained.subjects[number])
    assert hits >= len(shown.KNOWN) - 2


def test_known_weights_without_their_number_are_nearest_to_themselves(trained):
    told = nearest(trained, trained.gallery[123], EigenfacesParams(), None)
    assert told.number == 123
    assert told.distance == pytest.approx(0, abs=0.1)
    assert trained.subjects[told.other] != trained.subjects[123]


@pytest.mark.parametrize("dropped", [False, True])
def test_nearest_is_the_least_of_all_distances(trained, dropped):
    own = trained.gallery[200]
    params = EigenfacesParams(k=25, shifted=False, dropped=dropped)
    told = nearest(trained, own, params, 200)
    kept = slice(3 if dropped else 0, 25)
    apart = 255 / math.sqrt(10304) * (trained.gallery[:, kept] - own[kept]).norm(dim=1)
    apart[200] = math.inf
    assert told.number == int(apart.argmin())
    assert told.distance == pytest.approx(apart.min().item(), rel=1e-3)


def test_known_shifts_bring_a_shifted_face_nearer(trained):
    moved = see(trained, EigenfacesParams(picture="face_4_1", across=4 / 92)).weights
    plain, wider = (nearest(trained, moved, EigenfacesParams(shifted=shifts), None) for shifts in (False, True))
    assert wider.distance < 0.5 * plain.distance
    assert wider.number == trained.number("face_4_1")


# --- what the page asks for -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def weights(trained):
    return trained.gallery[trained.number("face_4_1")].tolist()


def bytes_of(text: str) -> np.ndarray:
    """The grey levels (112, 92) that the page gets."""
    content = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
    assert len(content) == 10304
    return content.reshape(SIZE)


def as_bytes(picture: torch.Tensor) -> np.ndarray:
    return picture.clamp(0, 1).mul(255).round().byte().numpy()


def asked(function, request):
    """The answer, whether its function is asynchronous or not; it must fit into JSON."""
    answer = function(request)
    answer = asyncio.run(answer) if asyncio.iscoroutine(answer) else answer
    json.dumps(answer, allow_nan=False)
    return answer


def test_rebuilt_face_is_that_of_the_model(trained, weights):
    moves = [1.0, -2.0, 0, 0, 0, 0, 0, 0.5]
    answer = asked(answers.rebuild, {"weights": weights, "moves": moves, "k": 33})
    expected = eigenfaces.rebuild(trained, torch.tensor(weights), torch.tensor(moves), 33)
    assert np.array_equal(bytes_of(answer["picture"]), as_bytes(expected))
    assert answer["milliseconds"] >= 0


@pytest.mark.parametrize("cover", ["", READY["Block"]])
def test_uncovered_face_is_that_of_the_model(trained, cover):
    levels_ = as_bytes(made(trained, "face_10_1"))
    request = {"picture": base64.b64encode(levels_.tobytes()).decode(), "mask": cover, "ink": "white", "k": 50}
    answer = asked(answers.uncover, request)
    expected = uncover(trained, torch.from_numpy(levels_) / 255, cover, "white", 50)
    for name, picture in {"covered": expected.covered, **expected.guesses}.items():
        assert np.array_equal(bytes_of(answer[name]), as_bytes(picture))
    assert answer["errors"] == pytest.approx(dict(expected.errors))
    assert torch.equal(over_pixels(cells_from_text(answer["found"])), expected.found)


def recognition(weights, **changed):
    settings_ = {"measure": "euclidean", "dropped": False, "shifted": False, "k": 60}
    return {"weights": weights, "number": None} | settings_ | changed


def test_recognised_face_is_another_picture_of_the_person(trained, weights):
    number = trained.number("face_4_1")
    answer = asked(answers.recognise, recognition(weights, number=number))
    assert answer["title"].startswith("Person 4, picture ")
    assert answer["title"] != "Person 4, picture 1"
    assert answer["same"] is True
    assert not answer["runner_up"]["title"].startswith("Person 4,")
    assert 0 < answer["distance"] < answer["runner_up"]["distance"]
    place = int(answer["title"].split()[-1])
    expected = as_bytes(reconstruct(trained.space, trained.gallery[[trained.number(f"face_4_{place}")]])[0])
    assert np.array_equal(bytes_of(answer["picture"]), expected)


def test_strangers_are_neither_the_same_nor_another(weights):
    answer = asked(answers.recognise, recognition(weights))
    assert answer["same"] is None
    assert answer["title"] == "Person 4, picture 1"


@pytest.mark.parametrize(
    ("measure", "unit"),
    [
        ("euclidean", "grey levels"),
        ("cosine", ""),
        ("mahalanobis", "standard deviations"),
        ("whitened_cosine", ""),
    ],
)
def test_distances_have_a_unit_but_for_cosines(weights, measure, unit):
    assert asked(answers.recognise, recognition(weights, measure=measure))["unit"] == unit


HOSTILE = [None, [], "x", 3, {}, {"weights": "many"}, {"k": 3}]


@pytest.mark.parametrize("request_", HOSTILE)
@pytest.mark.parametrize("name", ["rebuild", "uncover", "recognise"])
def test_hostile_calls_get_a_sentence(name, request_):
    assert set(asked(getattr(answers, name), request_)) == {"error"}


@pytest.mark.parametrize("weight", ["nan", "inf", "-inf", "heavy", None])
def test_weights_that_are_no_numbers_get_a_sentence(weights, weight):
    spoilt = [weight, *weights[1:]]
    for told in (
        asked(answers.rebuild, {"weights": spoilt, "moves": [0] * 8, "k": 3}),
        asked(answers.recognise, recognition(spoilt)),
    ):
        assert told["error"].startswith("weights.0 ")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"weights": [0.0] * 5}, "weights list should have at least 170 items"),
        ({"weights": [0.0] * 171}, "weights list should have at most 170 items"),
        ({"moves": [0.0] * 7}, "moves list should have at least 8 items"),
        ({"moves": [7.0] + [0.0] * 7}, "moves.0 must be less than or equal to 6, got 7"),
        ({"k": 0}, "k must be greater than or equal to 1, got 0"),
        ({"k": 171}, "k must be less than or equal to 170, got 171"),
    ],
)
def test_rebuilding_refuses_by_name(weights, changed, message):
    request = {"weights": weights, "moves": [0.0] * 8, "k": 40} | changed
    assert asked(answers.rebuild, request)["error"].startswith(message)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"picture": "AAAA"}, "picture must hold 92 × 112 bytes, got 3"),
        ({"picture": "abc"}, "picture must"),
        ({"picture": "é"}, "picture must"),
        ({"picture": "A" * 30_000}, "picture string should have at most"),
        ({"mask": "A"}, "mask: cover must be 108 base64url characters or none, got 1"),
        ({"ink": "red"}, "ink must be 'black', 'white' or 'noise', got red"),
        ({"k": 0}, "k must be greater than or equal to 1, got 0"),
    ],
)
def test_uncovering_refuses_by_name(changed, message):
    request = {"picture": base64.b64encode(bytes(10304)).decode(), "mask": "", "ink": "black", "k": 40} | changed
    assert asked(answers.uncover, request)["error"].startswith(message)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"number": 400}, "number must be less than 400, got 400"),
        ({"number": -1}, "number must be greater than or equal to 0, got -1"),
        ({"measure": "taxicab"}, "measure must be 'euclidean'"),
        ({"k": 3, "dropped": True}, "k must be between 4 and 170, got 3"),
    ],
)
def test_recognising_refuses_by_name(weights, changed, message):
    assert asked(answers.recognise, recognition(weights, **changed))["error"].startswith(message)


def test_basis_is_the_mean_and_the_first_eigenfaces(trained):
    answer = asked(answers.basis, {})
    assert np.array_equal(bytes_of(answer["mean"]), as_bytes(trained.space.mean.view(SIZE)))
    assert len(answer["faces"]) == len(answer["spreads"]) == SLIDERS
    assert np.square(answer["spreads"]) == pytest.approx(trained.space.variances[:SLIDERS].numpy(), rel=1e-5)
    for told, eigenface in zip(answer["faces"], trained.space.eigenfaces, strict=False):
        levels_ = bytes_of(told).astype(float)
        assert np.corrcoef(levels_.ravel(), eigenface.numpy())[0, 1] > 0.999
        assert max(levels_.max() - 128, 128 - levels_.min()) >= 127


def test_atlas_shows_the_mean_and_all_eigenfaces(trained):
    content = base64.b64decode(asked(answers.atlas, {})["png"].removeprefix("data:image/png;base64,"))
    sheet = np.asarray(Image.open(io.BytesIO(content)))
    assert sheet.shape == (9 * 112, 19 * 92)
    assert np.array_equal(sheet[:112, :92], as_bytes(trained.space.mean.view(SIZE)))
    last = sheet[-112:, -92:].astype(float).ravel()
    assert np.corrcoef(last, trained.space.eigenfaces[-1].numpy())[0, 1] > 0.999


def test_known_faces_are_drawn_for_the_chooser():
    images = asked(answers.drawn, {})["images"]
    assert set(images) == {*shown.KNOWN, "group"}
    assert {told["name"] for told in shown.ready() if told.get("later")} == set(images)
    for image in images.values():
        assert Image.open(io.BytesIO(PUBLISHED[image.removeprefix("pictures/")])).size == (112, 112)


# --- what the page shows --------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY_PICTURE)
def test_every_picture_is_told_in_json(trained, name):
    params = EigenfacesParams(picture=name, moves=(0.5,) * SLIDERS)
    photograph = shown.photograph_for(trained, name)
    assert (photograph is None) == (name not in NAMES)
    found = eigenfaces.look_for_face(trained, photograph, mapped=True) if photograph else None
    face = see(trained, params, found)
    told, scene = shown.told(trained, face, params), shown.scene(face, photograph, params)
    json.dumps([told, scene], allow_nan=False)
    assert np.array_equal(bytes_of(told["picture"]), as_bytes(face.picture))
    expected = eigenfaces.rebuild(trained, torch.tensor(told["weights"]), torch.full((SLIDERS,), 0.5), params.k)
    assert np.array_equal(bytes_of(told["sum"]), as_bytes(expected))
    assert len(told["weights"]) == len(told["from"]) == len(told["near"]) == COUNT
    assert (told["k"], told["number"]) == (params.k, trained.number(name))
    assert told["title"]
    assert np.shape(told["crop"]) == (4, 2)
    assert scene["photograph"] is (photograph is not None)
    if photograph:
        assert (scene["width"], scene["height"]) == photograph.size
        assert len(base64.b64decode(scene["heat"])) == scene["heat_width"] * scene["heat_height"]
        assert [place["name"] for place in scene["places"]] == ["map1", "map2", "map3"][: len(scene["places"])]
        assert scene["caption"]


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("face_13_7", "Person 13, picture 7"),
        ("mean", "The mean face"),
        ("sampled_12", "Sampled, seed 12"),
        ("flower", "A flower"),
        ("astronaut", "Eileen Collins"),
        ("data:image/png;base64,AAAA", "Your picture"),
    ],
)
def test_titles_are_plain(name, title):
    assert shown.title_of(name) == title


@pytest.mark.parametrize("told", [shown.variance, shown.dots, shown.lab, shown.slide, shown.covers, shown.ready])
def test_what_the_page_begins_with_fits_into_json(told):
    assert json.loads(json.dumps(told(), allow_nan=False))


def test_lab_has_a_rate_wherever_a_weight_is_left():
    told = shown.lab()
    assert set(told["measures"]) == set(MEASURES)
    for measure in told["measures"].values():
        rates = measure["percent"]
        assert np.shape(rates) == (2, 2, len(told["ks"]))
        for moved in rates:
            for dropped, row in zip(told["dropped"], moved, strict=True):
                assert [rate is None for rate in row] == [k <= dropped for k in told["ks"]]
                assert all(0 < rate <= 100 for rate in row if rate is not None)
    assert f"{EIGENFACES.figures['recognition_percent']:.1f} %" in told["chosen"]


def test_dots_of_faces_lie_nearer_to_face_space_than_those_of_other_things():
    told = shown.dots()
    at_40 = told["ks"].index(40)
    kinds = {kind["name"]: kind for kind in told["kinds"]}
    assert list(kinds) == ["known", "new", "unaligned", "other"]
    outside = {name: np.median(np.array(kind["from"])[:, at_40]) for name, kind in kinds.items()}
    within = {name: np.median(np.array(kind["near"])[:, at_40]) for name, kind in kinds.items()}
    assert outside["known"] < outside["new"] < outside["unaligned"] < outside["other"]
    assert within["known"] < within["new"]


def test_slide_shows_two_faces_near_and_a_third_thing_far():
    first, second, third = (told["from"][39] for told in shown.slide())
    assert max(first, second) < 0.5 * third


def test_ready_pictures_are_those_of_the_parameter():
    for told in shown.ready():
        assert EigenfacesParams(picture=told["name"]).picture == told["name"]
        assert told["title"]


# --- the tab --------------------------------------------------------------------------------------


def values(**changed):
    """The values of all controls, in their order."""
    return list(EigenfacesParams(**changed).model_dump().values())


def told_of(update):
    """The face that an update tells the page of."""
    return json.loads(update["face"])


def test_tab_shows_a_known_face_and_where_a_photographs_is():
    face, seen, foot = tab.show(*values())
    assert told_of(face)["title"] == shown.title_of(EigenfacesParams().picture)
    assert seen["seen"] == {"photograph": False}
    assert "% recognised" in json.dumps(foot["value"], ensure_ascii=False)
    face, seen, _ = tab.show(*values(picture="astronaut"))
    assert seen["seen"]["photograph"] is True
    assert seen["seen"]["detector"]
    assert told_of(face)["title"] == "Eileen Collins"


def test_nudged_photograph_is_cut_anew():
    still, turned = (told_of(tab.show(*values(picture="astronaut", angle=angle))[0]) for angle in (0, 30))
    assert still["crop"] != turned["crop"]
    assert still["weights"] != turned["weights"]


def test_place_of_the_map_is_cut_out_when_asked_for():
    face, seen, _ = tab.show(*values(picture="astronaut", place="map2"))
    left, top, right, bottom = seen["seen"]["places"][1]["box"]
    assert np.array(told_of(face)["crop"]).ravel() == pytest.approx(
        [left, top, right, top, right, bottom, left, bottom], abs=0.2
    )
    assert told_of(tab.show(*values(picture="astronaut", place="map2"))[0])["crop"] == told_of(face)["crop"]


def test_links_to_try_keep_to_the_parameters():
    for link in tab.try_this().values():
        items = dict(item.split("=") for item in link.split("&"))
        assert items.pop("demo") == "eigenfaces"
        del items["v"]
        assert checked(EigenfacesParams, items) != EigenfacesParams()


def test_api_recognises_a_known_person(trained):
    answer = tab.api(picture="face_13_1", k=60)
    json.dumps(answer, allow_nan=False)
    own = trained.gallery[trained.number("face_13_1")]
    assert answer["weights"] == pytest.approx(own.tolist(), abs=1e-3)
    expected = reconstruct(trained.space, torch.tensor(answer["weights"])[None], 60)[0]
    assert np.array_equal(answer["reconstruction"], as_bytes(expected))
    assert answer["nearest"]["title"].startswith("Person 13, picture ")
    assert answer["nearest"]["title"] != "Person 13, picture 1"
    face = see(trained, EigenfacesParams(picture="face_13_1"))
    assert answer["distance_from_face_space"] == pytest.approx(face.from_space[59].item())
    assert answer["distance_in_face_space"] == pytest.approx(face.near[59].item())


def test_api_moves_weights():
    plain, moved = (np.array(tab.api(moves=moves)["reconstruction"]) for moves in (None, [2.0] + [0.0] * 7))
    assert plain.shape == moved.shape == SIZE
    assert np.abs(moved.astype(int) - plain.astype(int)).max() > 10


def test_ones_own_picture_is_taken():
    address = to_png_url(Image.fromarray(photographs.astronaut()))
    own, ready = tab.api(picture=address), tab.api(picture="astronaut")
    assert own["distance_from_face_space"] == pytest.approx(ready["distance_from_face_space"], abs=2)
    assert own["nearest"]["title"].startswith("Person ")


@pytest.mark.parametrize("shape", [(1, 1), (40, 3), (30, 30)])
def test_tiny_pictures_of_ones_own_are_told_in_json(shape):
    grey = Image.fromarray(np.full(shape, 200, np.uint8)).convert("RGB")
    face, seen, _ = tab.show(*values(picture=to_jpeg_url(grey)))
    json.dumps([face["face"], seen["seen"]], allow_nan=False)
    assert seen["seen"]["detector"] is None
    assert seen["seen"]["caption"] == ""


@pytest.mark.parametrize(
    ("asked_for", "message"),
    [
        ({"picture": "face_41_1"}, "picture must be .*, got face_41_1"),
        ({"picture": "data:image/png;base64,AAAA"}, "picture must be a whole PNG, JPEG or WebP file, got 3 other"),
        ({"picture": "data:image/png,x"}, "picture must be a data: address in base64"),
        ({"k": 171}, "k must be less than or equal to 170, got 171"),
        ({"moves": [1]}, "moves tuple should have at least 8 items"),
        ({"place": "here"}, "place must be"),
        ({"k": 3, "dropped": True}, "k must be between 4 and 170, got 3"),
    ],
)
def test_bad_calls_of_the_api_get_a_sentence(asked_for, message):
    with pytest.raises(gr.Error, match=message):
        tab.api(**asked_for)


def test_cascade_is_opened_once():
    assert alignment.cascade() is alignment.cascade()
