"""Links as QR codes: what stands in the svg, and which links are refused."""

import re

import pytest
import segno

from demos.qr import LONGEST_URL, QUIET_MODULES, qr

LINK = "http://192.0.2.7:7860/?demo=yolo&view=candidates&v=1"


def dark_modules(svg: str) -> set[tuple[int, int]]:
    """The (x, y) of all that the svg's strokes, "M4 4.5h7m1 0h3…", paint black."""
    [path] = re.findall(r'stroke="#000" d="([^"]+)"', svg)
    dark, x, y = set(), 0.0, 0.0
    for command, numbers in re.findall(r"([Mmh])([^Mmh]*)", path):
        across, *down = (float(number) for number in re.findall(r"-?[\d.]+", numbers))
        if command == "h":
            dark |= {(int(x) + i, int(y)) for i in range(int(across))}
        x = across if command == "M" else x + across
        y = down[0] if command == "M" else y + sum(down)
    return dark


def expected_modules(code: segno.QRCode) -> set[tuple[int, int]]:
    """The same of a code itself, moved by the quiet rim."""
    rows = enumerate(code.matrix, QUIET_MODULES)
    return {(x, y) for y, row in rows for x, dark in enumerate(row, QUIET_MODULES) if dark}


def test_every_module_stands_in_the_svg_inside_its_quiet_rim():
    answer = qr({"url": LINK})
    code = segno.make_qr(LINK, error="l")
    assert dark_modules(answer["svg"]) == expected_modules(code)
    side = answer["modules"] + 2 * QUIET_MODULES
    assert f'viewBox="0 0 {side} {side}"' in answer["svg"]
    assert answer["modules"] == len(code.matrix)


def test_code_is_black_on_white_and_takes_the_size_it_is_given():
    opening = qr({"url": LINK})["svg"].split("<path")[0]
    assert "width" not in opening
    assert 'fill="#fff"' in qr({"url": LINK})["svg"]


def test_short_links_have_large_modules():
    assert qr({"url": LINK})["modules"] <= 29
    assert qr({"url": LINK + "&drawing=" + "A" * 131})["modules"] <= 57


def test_room_left_among_the_modules_repairs_errors():
    short = "http://192.0.2.7:7860/"
    smallest, repaired = (segno.make_qr(short, error="l", boost_error=boost) for boost in (False, True))
    assert (smallest.error, repaired.error) == ("L", "M")
    assert dark_modules(qr({"url": short})["svg"]) == expected_modules(repaired)
    assert smallest.version == repaired.version


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "ftp://192.0.2.7/",
        "http://",
        "http://192.0.2.7/ and more",
        "http://192.0.2.7/\n<script>",
        "http://192.0.2.7/ß",
        "http://192.0.2.7/?drawing=" + "A" * LONGEST_URL,
        7,
        None,
    ],
)
def test_what_is_no_link_is_refused_by_name(url):
    assert "url" in qr({"url": url})["error"]


@pytest.mark.parametrize("request_", [None, [], "http://192.0.2.7/", {}])
def test_request_without_a_link_is_refused(request_):
    assert "error" in qr(request_)
