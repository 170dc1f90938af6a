"""Pictures of digits, made ready as MNIST's were."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from models import digits
from models.strokes import dots_from_text, ready_digits, text_from_dots
from weights.train.mnist import load_mnist

EMPTY = text_from_dots(np.zeros((28, 28)))


def test_mnist_is_ready_as_it_is(nets_data):
    pictures, _ = load_mnist("test", nets_data / "data" / "mnist")
    changes = [
        (digits.prepare(Image.fromarray(picture[0].numpy())) - picture / 255).abs().mean().item()
        for picture in pictures[:500]
    ]
    assert np.median(changes) < 0.001
    assert np.mean(np.array(changes) < 0.01) > 0.95  # the others are a pixel off, by rounding


def strokes_picture(ink: int, paper: int, size: int = 200) -> Image.Image:
    dots = dots_from_text(ready_digits()[0].drawing).astype(bool)
    picture = Image.fromarray(np.where(dots, ink, paper).astype(np.uint8))
    return picture.resize((size, size), Image.Resampling.BICUBIC)


def test_ink_may_be_dark_or_bright():
    on_board, on_paper = (digits.prepare(strokes_picture(*levels)) for levels in [(230, 20), (25, 235)])
    assert (on_board - on_paper).abs().max() < 0.05


def test_size_and_place_of_a_digit_do_not_matter():
    page = Image.new("L", (900, 700), 250)
    page.paste(strokes_picture(10, 250), (600, 40))
    assert (digits.prepare(page) - digits.prepare(strokes_picture(10, 250))).abs().mean() < 0.01


def test_digit_fills_twenty_pixels():
    rows = digits.prepare(strokes_picture(255, 0))[0, 0].sum(dim=1).nonzero()
    assert rows.max() - rows.min() + 1 == 20


def test_even_surface_is_refused():
    with pytest.raises(ValueError, match="picture must show a digit"):
        digits.prepare(Image.new("RGB", (64, 64), "white"))


def test_ink_on_transparent_ground_is_seen():
    opaque = strokes_picture(0, 255)
    clear = Image.new("RGBA", opaque.size, (0, 0, 0, 0))
    clear.putalpha(ImageOps.invert(opaque))
    assert (digits.prepare(clear) - digits.prepare(opaque)).abs().max() < 0.05


@pytest.mark.parametrize("place", [0, 27, 400, 756, 783])
def test_even_a_speck_is_a_drawing(place):
    dots = np.zeros(784)
    dots[place] = 1
    assert digits.prepare_drawing(text_from_dots(dots.reshape(28, 28))).max() == 1


def test_empty_canvas_is_refused():
    with pytest.raises(ValueError, match="got an empty canvas"):
        digits.prepare_drawing(EMPTY)


@given(st.binary(min_size=98, max_size=98))
def test_drawings_survive_their_text(bits):
    dots = np.unpackbits(np.frombuffer(bits, np.uint8)).reshape(28, 28)
    assert np.array_equal(dots_from_text(text_from_dots(dots)), dots)


@pytest.mark.parametrize("text", ["", "A", "A" * 130, "A" * 132, "!" * 131, "é" * 131])
def test_text_of_no_drawing_is_refused(text):
    with pytest.raises(ValueError, match="drawing must be 131 base64url characters"):
        dots_from_text(text)
