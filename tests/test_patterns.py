"""Styles of our own, drawn by code."""

import numpy as np
import pytest

from models import patterns

EVERY = pytest.mark.parametrize("name", patterns.PATTERNS)


def levels(name: str, side_px: int = 256, seed: int = 0) -> np.ndarray:
    return np.asarray(patterns.draw(name, side_px, seed), float)


@EVERY
def test_the_same_seed_draws_the_same_picture(name):
    first = patterns.draw(name).tobytes()
    patterns.painted.cache_clear()
    assert patterns.draw(name).tobytes() == first


@EVERY
def test_another_seed_draws_another_picture(name):
    assert np.abs(levels(name, seed=0) - levels(name, seed=1)).mean() > 10


@EVERY
@pytest.mark.parametrize("side_px", [64, 257, 512, 1024])
def test_pictures_are_square_rgb_of_the_asked_size(name, side_px):
    picture = patterns.draw(name, side_px)
    assert (picture.mode, picture.size) == ("RGB", (side_px, side_px))


@EVERY
def test_a_seed_shows_the_same_picture_at_every_size(name):
    large, small = (patterns.draw(name, side_px).reduce(side_px // 32) for side_px in (512, 128))
    assert np.abs(np.asarray(large, float) - np.asarray(small)).mean() < 2


@EVERY
@pytest.mark.parametrize("seed", [0, 1])
def test_pictures_are_rich_in_contrast(name, seed):
    assert levels(name, seed=seed).mean(-1).std() > 40


@EVERY
@pytest.mark.parametrize("seed", [0, 1])
def test_pictures_are_rich_in_colour(name, seed):
    picture = levels(name, seed=seed)
    assert np.ptp(picture, axis=-1).mean() > 25
    assert len(np.unique(picture.reshape(-1, 3) // 32, axis=0)) > 30


@EVERY
@pytest.mark.parametrize("seed", [0, 1])
def test_no_border_is_left_blank(name, seed):
    picture = levels(name, seed=seed)
    for turned in (np.rot90(picture, quarter) for quarter in range(4)):
        edge = turned[:4].mean(axis=(0, 2))
        assert edge.std() > 4
        assert 20 < edge.mean() < 245


@EVERY
def test_pictures_have_fine_texture_and_large_forms(name):
    picture = patterns.draw(name, 512).convert("L")
    coarse = np.asarray(picture.reduce(32), float)
    blurred = picture.reduce(4).resize(picture.size)
    assert coarse.std() > 10
    assert np.abs(np.asarray(picture, float) - np.asarray(blurred, float)).mean() > 4


@EVERY
def test_changing_a_picture_does_not_change_the_next(name):
    mine = patterns.draw(name, patterns.CANVAS_PX)
    before = mine.tobytes()
    mine.paste("white", (0, 0, *mine.size))
    assert patterns.draw(name, patterns.CANVAS_PX).tobytes() == before


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match=r"name must be one of stained_glass, .*, waves, got cubism"):
        patterns.draw("cubism")


@pytest.mark.parametrize("side_px", [-1, 0, 63, 1025])
def test_sizes_out_of_range_are_refused(side_px):
    with pytest.raises(ValueError, match=f"side_px must be between 64 and 1024, got {side_px}"):
        patterns.draw("waves", side_px)
