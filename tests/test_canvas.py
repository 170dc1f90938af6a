"""Uploads that become drawings."""

import base64

import pytest
from PIL import Image, ImageDraw

from demos.canvas import drawing_of
from models import capsnet, digits
from tests.test_digits import strokes_picture


def test_thin_pen_becomes_a_drawing():
    picture = Image.new("L", (420, 560), 255)
    ImageDraw.Draw(picture).line([(100, 90), (320, 90), (200, 480)], fill=0, width=3)
    upload = {"width": 420, "height": 560, "grey": base64.b64encode(picture.tobytes()).decode()}
    drawing = drawing_of(upload)["drawing"]
    net, _ = capsnet.load()
    assert capsnet.classify(net, digits.prepare_drawing(drawing)).digit == 7


def test_upload_becomes_a_drawing_that_reads_the_same():
    picture = strokes_picture(20, 240)
    grey = base64.b64encode(picture.tobytes()).decode()
    drawing = drawing_of({"width": 200, "height": 200, "grey": grey})["drawing"]
    assert (digits.prepare_drawing(drawing) - digits.prepare(picture)).abs().mean() < 0.05


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "width field required"),
        ({"width": 3, "height": 3, "grey": "AAAA"}, "grey must hold 3 × 3 bytes, got 3"),
        ({"width": 3, "height": 1, "grey": "AAAA"}, "picture must show a digit"),
        ({"width": 10**9, "height": 1, "grey": ""}, "width must be less than or equal to 560"),
    ],
)
def test_bad_uploads_get_a_sentence(request_, message):
    assert message in drawing_of(request_)["error"]


@pytest.mark.parametrize("request_", [None, [], "x", 3])
def test_hostile_uploads_get_a_sentence(request_):
    assert drawing_of(request_)["error"]
