"""Any file becomes a picture or one sentence, soon and in little memory; pictures come out as a person sees them."""

import ast
import base64
import json
import os
import re
import subprocess
import sys
import urllib.request
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import BaseModel

from demos import DEMOS
from models.images import GreyLevels, data_url, from_data_url, read_picture
from models.photographs import LARGEST_PX, LONGEST_ADDRESS
from tests.server import ROOT
from tests.serving.bad_pictures import (
    GROUPS,
    MUTATIONS,
    animated,
    canvas,
    chunk,
    file,
    header,
    jpeg,
    lossless,
    moving_png,
    png,
    riff,
    segment,
    turned,
)

MOST_MEGABYTES, MOST_SECONDS = 64, 1.0
LIBRARIES = r"(?i)\b(PIL|pillow|libjpeg|libpng|libwebp|zlib|struct|codec|python|Error)\b"
PATH = r"(^|\s)[~.]{0,2}/\w|\w:\\|\.py\b"


@pytest.fixture(scope="module")
def fates() -> list[dict[str, Any]]:
    """What became of every bad file, read by a process of its own."""
    if not os.path.exists("/proc/self/clear_refs"):
        pytest.skip("this system does not tell the memory of a process")
    # Freed memory is given back at once, so that no file is read in what another has left.
    environment = os.environ | {"MALLOC_MMAP_THRESHOLD_": "262144"}
    command = [sys.executable, "-W", "ignore::UserWarning", "-m", "tests.serving.bad_pictures"]
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=True)
    return json.loads(told.stdout)


def of(fates: list[dict[str, Any]], *groups: str) -> list[dict[str, Any]]:
    return [fate for fate in fates if fate["name"].split(":")[0] in groups]


# --- bad files ------------------------------------------------------------------------------------


def test_there_are_bad_files_enough(fates):
    by_hand = {fate["sha256"] for fate in of(fates, *GROUPS)}
    assert len(by_hand) >= 150
    assert len(fates) == len(of(fates, *GROUPS)) + MUTATIONS


def test_every_bad_file_becomes_a_picture_or_a_sentence(fates):
    assert [fate for fate in fates if "fault" in fate] == []


def test_no_bad_file_takes_a_second(fates):
    assert max(fates, key=lambda fate: fate["seconds"])["seconds"] <= MOST_SECONDS


def test_no_bad_file_takes_64_megabytes(fates):
    worst = max(fates, key=lambda fate: fate["megabytes"])
    assert worst["megabytes"] <= MOST_MEGABYTES, worst


def test_refusals_name_the_picture_and_neither_paths_nor_libraries(fates):
    for sentence in {fate["sentence"] for fate in fates if "sentence" in fate}:
        assert sentence.startswith("picture must "), sentence
        assert not re.search(PATH, sentence), sentence
        assert not re.search(LIBRARIES, sentence), sentence


def test_other_kinds_of_files_are_no_pictures(fates):
    read = [fate["name"] for fate in of(fates, "stranger") if "picture" in fate]
    assert read == ["stranger: two pictures in one file", "stranger: a PNG and a few bytes more"]  # the PNG of each


def test_files_of_too_many_pixels_are_told_how_many_may_be(fates):
    vast = [fate for fate in fates if re.search(r"\d million (million )?pixels|twelve million", fate["name"])]
    assert len(vast) >= 10
    assert [fate["name"] for fate in vast if "pixels" not in fate.get("sentence", "")] == []


def test_texts_profiles_and_later_frames_are_passed_over(fates):
    passed = [
        fate for fate in fates if re.search(r"growing.*(texts?|profile|EXIF|remarks|thousand frames)\b", fate["name"])
    ]
    assert len(passed) >= 12
    assert all("picture" in fate for fate in passed)


def test_the_largest_pictures_are_read(fates):
    assert all("picture" in fate for fate in of(fates, "largest"))


def test_many_chances_are_neither_all_good_nor_all_bad(fates):
    read = sum("picture" in fate for fate in fates if fate["name"].startswith("mutation"))
    assert 0.05 * MUTATIONS < read < 0.95 * MUTATIONS


# --- pictures as a person sees them ---------------------------------------------------------------

CORNERS = Image.new("RGB", (32, 48), "black")
CORNERS.paste("red", (0, 0, 16, 16))  # at the top left
CORNERS.paste("blue", (16, 32, 32, 48))  # at the bottom right


def stored(orientation: int) -> Image.Image:
    """How a camera that was held so stores the corners."""
    ways = {2: [0], 3: [3], 4: [1], 5: [5], 6: [2], 7: [6], 8: [4]}  # Image.Transpose, there and not back
    picture = CORNERS
    for way in ways.get(orientation, []):
        picture = picture.transpose(way)
    return picture


WRAPPED = {
    "JPEG": lambda picture, exif: jpeg(segment(0xE1, b"Exif\0\0" + exif), picture=picture, quality=100, subsampling=0),
    "PNG": lambda picture, exif: file("PNG", picture)[:33] + chunk(b"eXIf", exif) + file("PNG", picture)[33:],
    "WebP": lambda picture, exif: riff(canvas(*picture.size, 0x08), lossless(picture), (b"EXIF", exif)),
}


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", WRAPPED)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_of_every_orientation_are_upright(orientation, kind, order):
    picture = read_picture(WRAPPED[kind](stored(orientation), turned(orientation, order)))
    assert picture.size == CORNERS.size
    assert np.abs(np.asarray(picture, float) - np.asarray(CORNERS, float)).mean() < 4


@pytest.mark.parametrize("kind", WRAPPED)
@pytest.mark.parametrize(
    "exif", [b"", b"II*\0", turned(0), turned(9), turned(6)[:-9], b"XX" + turned(6)[2:4], bytes(99)]
)
def test_broken_exif_leaves_a_picture_as_it_is(kind, exif):
    assert read_picture(WRAPPED[kind](CORNERS, exif)).size == CORNERS.size


@pytest.mark.parametrize(
    ("kind", "mode", "colour", "seen"),
    [
        ("PNG", "1", 1, (255, 255, 255)),
        ("PNG", "L", 100, (100, 100, 100)),
        ("PNG", "I;16", 100 * 256, (100, 100, 100)),
        ("PNG", "P", 1, (1, 1, 1)),
        ("PNG", "LA", (0, 0), (255, 255, 255)),
        ("PNG", "RGBA", (255, 0, 0, 0), (255, 255, 255)),
        ("PNG", "RGBA", (255, 0, 0, 51), (255, 204, 204)),
        ("WEBP", "RGBA", (0, 0, 0, 0), (255, 255, 255)),
        ("JPEG", "L", 100, (100, 100, 100)),
        ("JPEG", "CMYK", (0, 0, 0, 0), (255, 255, 255)),
    ],
)
def test_every_mode_keeps_its_colours_on_white_paper(kind, mode, colour, seen):
    saved = Image.new(mode, (20, 10), colour)
    if mode == "P":
        saved.putpalette([level for level in range(256) for _ in range(3)])
    assert read_picture(file(kind, saved)).getpixel((5, 5)) == seen


def test_one_colour_may_be_transparent():
    content = png(header(20, 10, 8, 2), chunk(b"tRNS", bytes(6)))
    assert read_picture(content).getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize("content", [animated(3), moving_png(3)], ids=["WebP", "PNG"])
def test_of_a_file_that_moves_the_first_frame_is_read(content):
    assert read_picture(content).size == (48, 36)


def test_a_large_photograph_shrinks_and_keeps_its_shape():
    assert read_picture(file("JPEG", Image.new("RGB", (4800, 3600)))).size == (1280, 960)


def test_the_caller_may_allow_fewer_pixels():
    with pytest.raises(ValueError, match="at most 1,000 pixels, got 1,728"):
        read_picture(file("PNG"), 1000)


# --- the doors ------------------------------------------------------------------------------------

GOOD = base64.b64encode(file("PNG")).decode()
ADDRESSES = {
    "nothing": "",
    "a path": "/etc/hostname",
    "a path upwards": "../../etc/hostname",
    "a file": "file:///etc/hostname",
    "a host": "http://127.0.0.1/picture.png",
    "no kind": "data:",
    "no content": "data:image/png;base64",
    "no base64": f"data:image/png,{GOOD}",
    "not the end of the head": f"data:image/png;base64;name=x,{GOOD}",
    "percent signs": "data:image/png;base64,%89PNG",
    "another alphabet": "data:image/png;base64,-_-_",
    "lines": f"data:image/png;base64,{GOOD[:40]}\n{GOOD[40:]}",
    "cut": f"data:image/png;base64,{GOOD[:41]}",
    "too much padding": f"data:image/png;base64,{GOOD}====",
    "other letters": "data:image/png;base64,ÄÖÜß",
    "other digits": "data:image/png;base64,١٢٣٤",
    "NUL": "data:image/png;base64,\0\0\0\0",
    "half a character": "data:image/png;base64,\ud800",
    "SVG": "data:image/svg+xml;base64," + base64.b64encode(b"<svg onload=alert(1)>").decode(),
    "HTML": "data:text/html;base64," + base64.b64encode(b"<script>alert(1)</script>").decode(),
    "an empty file": "data:image/png;base64,",
}


@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES)
def test_other_addresses_are_no_pictures(address):
    with pytest.raises(ValueError, match=r"^picture must be a"):
        read_picture(from_data_url(address))


def test_refusals_do_not_repeat_what_is_long():
    for text in ("x" * LONGEST_ADDRESS, f"data:image/png;base64,{'x' * LONGEST_ADDRESS}!"):
        with pytest.raises(ValueError, match=r"^picture must") as refusal:
            from_data_url(text)
        assert len(str(refusal.value)) < 200


@pytest.mark.parametrize(
    ("width", "height", "grey"),
    [
        (0, 1, ""),
        (-1, -1, "AA=="),
        (561, 1, "A" * 748),
        (2, 2, "AAAA"),
        (2, 2, "AAAAAAAA"),
        (1, 1, "not base64"),
        (1, 1, "é"),
        (1, 1, "A" * 700_000),
        (2**63, 2**63, "AA=="),
        (float("nan"), 1, "AA=="),
        ([1], {}, None),
    ],
)
def test_wrong_grey_levels_are_refused(width, height, grey):
    with pytest.raises(ValueError, match=r"width|height|grey"):
        GreyLevels.model_validate({"width": width, "height": height, "grey": grey}).picture()


def test_a_picture_as_large_as_a_page_sends_fits_its_address():
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (LARGEST_PX, LARGEST_PX, 3), np.uint8))
    address = data_url(file("PNG", noise), "image/png")
    assert len(address) <= LONGEST_ADDRESS
    assert read_picture(from_data_url(address)).size == noise.size


def test_pictures_are_decoded_in_one_place():
    decoders = {"open", "frombytes", "frombuffer", "Parser", "imread", "imdecode", "decode_image", "read_image"}
    for path in [path for folder in ("demos", "models") for path in (ROOT / folder).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in decoders:
                owner = ast.unparse(node.func.value)
                assert owner != "Image" or path.name == "images.py", f"{path}:{node.lineno}"
                assert owner not in ("ImageFile", "cv2", "io", "torchvision.io"), f"{path}:{node.lineno}"


def test_no_part_of_the_page_takes_a_file_that_gradio_would_decode(app_url):
    with urllib.request.urlopen(app_url + "config") as answer:
        kinds = {part["type"] for part in json.load(answer)["components"]}
    assert (
        kinds & {"image", "imageeditor", "file", "uploadbutton", "gallery", "video", "audio", "multimodaltextbox"}
        == set()
    )


def test_every_parameter_that_holds_a_picture_has_a_greatest_length():
    for demo in DEMOS:
        for name in picture_fields(demo.params):
            with pytest.raises(ValueError, match=name):
                demo.params.model_validate({name: "data:image/png;base64," + "A" * LONGEST_ADDRESS})


def picture_fields(params: type[BaseModel]) -> list[str]:
    """The parameters that hold a picture in an address."""
    fields = [
        name for name in params.model_fields if name in ("picture", "content", "style", "second", "guide", "mask")
    ]
    assert fields or params.__name__ in ("CapsNetParams", "InfoGANParams")
    return fields
