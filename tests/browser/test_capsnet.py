"""The CapsNet tab as a visitor's hand and eye meet it, in a real Chromium without network."""

import hashlib
import re
import time
from urllib.parse import parse_qs, urlparse

import pytest
from PIL import Image
from playwright.sync_api import expect

from models.strokes import dots_from_text, ready_digits
from tests.server import running_app
from weights.manifest import CAPSNET

pytestmark = pytest.mark.browser

PIXELS = "canvas => Array.from(canvas.getContext('2d').getImageData(0, 0, 28, 28).data)"
# One grey level may differ: a picture decoded alone is rounded otherwise than one of a batch.
SAME_PICTURE = f"""([name, expected]) => ({PIXELS})(document.querySelector('.cn-' + name))
    .every((level, i) => Math.abs(level - expected[i]) <= 1)"""

SEVEN = [(60, 70), (210, 70), (120, 230)]  # on the canvas of 280 pixels


def visit(context, url):
    page = context.new_page()
    page.goto(url)
    expect(page.locator(".cn-verdict b").first).to_be_visible()
    expect(page.locator(".cn-ms")).not_to_have_text("–")
    return page


def draw(page, points):
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".cn-hint")).to_be_visible()
    box = page.locator(".cn-sheet").bounding_box()
    page.mouse.move(box["x"] + points[0][0], box["y"] + points[0][1])
    page.mouse.down()
    for x, y in points[1:]:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=12)
    page.mouse.up()


def pixels(page, name):
    return page.locator(f".cn-{name}").evaluate(PIXELS)


def slide(page, dimension, value):
    page.locator(".cn-bank input").nth(dimension).fill(str(value))


def query(page):
    return parse_qs(urlparse(page.url).query)


def test_something_is_seen_before_any_click(context, app_url):
    page = visit(context, app_url)
    expect(page.locator(".cn-verdict")).to_contain_text("5 is longest")
    assert any(pixels(page, "perturbed")[::4])


def test_drawing_sliding_and_sharing_a_link(context, app_url):
    page = visit(context, app_url)
    draw(page, SEVEN)
    expect(page.locator(".cn-verdict")).to_contain_text("7 is longest")
    before = pixels(page, "perturbed")
    slide(page, 4, 0.25)
    page.wait_for_function(
        f"before => String(({PIXELS})(document.querySelector('.cn-perturbed'))) !== String(before)", arg=before
    )
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")

    other = visit(context, link)
    expect(other.locator(".cn-bank output").nth(4)).to_have_text("+0.25")
    for picture in ("given", "decoded", "perturbed"):
        other.wait_for_function(SAME_PICTURE, arg=[picture, pixels(page, picture)])


def test_address_follows_every_control(context, app_url):
    page = visit(context, app_url)
    page.get_by_role("button", name="A plain 0").click()
    page.get_by_role("radio", name="Decode capsule 3").click()
    slide(page, 0, -0.1)
    page.wait_for_url("**offsets=-0.1,0,**")
    state = query(page)
    assert dots_from_text(state["drawing"][0]).any()
    assert (state["demo"], state["capsule"], state["v"]) == (["capsnet"], ["3"], ["1"])


def test_default_state_has_a_short_address(context, app_url):
    page = visit(context, app_url + "?demo=capsnet&capsule=3&v=1")
    page.get_by_role("button", name="Decode the longest").click()
    page.wait_for_url("**?demo=capsnet&v=1")


def test_hostile_address_opens_the_default(context, app_url):
    page = visit(context, app_url + "?demo=<b>&capsule=99&drawing=..%2F..&offsets=nan,1e9&v=evil")
    expect(page.locator(".cn-verdict")).to_contain_text("5 is longest")


def test_any_capsule_can_be_decoded(context, app_url):
    page = visit(context, app_url)
    page.get_by_role("radio", name="Decode capsule 3").click()
    expect(page.locator(".cn-triple")).to_contain_text("(5, 5, 3)")
    expect(page.locator(".cn-explorer h2").first).to_contain_text("capsule 3")


def test_arrow_keys_choose_and_slide(context, app_url):
    page = visit(context, app_url)
    page.get_by_role("radio", name="Decode capsule 5").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Decode capsule 6")).to_be_checked()
    page.locator(".cn-bank input").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".cn-bank output").first).to_have_text("+0.05")


def test_clear_and_undo_lose_nothing(context, app_url):
    page = visit(context, app_url)
    given = pixels(page, "given")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".cn-verdict")).to_contain_text("as you draw")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".cn-verdict")).to_contain_text("5 is longest")
    assert pixels(page, "given") == given


def test_resets_bring_the_net_s_own_picture_back(context, app_url):
    page = visit(context, app_url)
    slide(page, 2, 0.2)
    slide(page, 3, 0.2)
    page.get_by_role("button", name="Reset").and_(page.locator(".cn-reset")).nth(2).click()
    expect(page.locator(".cn-bank output").nth(2)).to_have_text(" 0.00")
    page.locator("[data-do=reset]").click()
    expect(page.locator(".cn-changes")).to_contain_text("As the net found it")


def test_sheet_opens_and_can_be_saved(context, app_url):
    page = visit(context, app_url)
    page.get_by_role("button", name="Sheet 16 × 11").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_text("Save as PNG").click()
    assert download.value.suggested_filename == "capsule-5.png"
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_upload_is_drawn_and_read(context, app_url, tmp_path):
    seven = dots_from_text(next(ready.drawing for ready in ready_digits() if ready.remark == "A plain 7"))
    Image.fromarray(255 - 255 * seven).resize((600, 600)).convert("RGB").save(tmp_path / "seven.jpg")
    page = visit(context, app_url)
    page.locator("input[type=file]").set_input_files(tmp_path / "seven.jpg")
    expect(page.locator(".cn-verdict")).to_contain_text("7 is longest")


def test_bad_upload_is_told_and_loses_nothing(context, app_url, tmp_path):
    (tmp_path / "letter.png").write_text("no picture")
    page = visit(context, app_url)
    page.locator("input[type=file]").set_input_files(tmp_path / "letter.png")
    expect(page.get_by_role("alert")).to_contain_text("not a picture the browser can open")
    expect(page.locator(".cn-verdict")).to_contain_text("5 is longest")


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1920, 1080)])
def test_core_loop_fits_without_scrolling(context, app_url, width, height):
    page = visit(context, app_url)
    page.set_viewport_size({"width": width, "height": height})
    assert page.evaluate("document.documentElement.scrollHeight") <= height
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_stage_view_fits_a_projector(context, app_url):
    page = visit(context, app_url + "?demo=capsnet&stage=1&v=1")
    page.set_viewport_size({"width": 1920, "height": 1080})
    expect(page.locator(".cn-brand")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollHeight") <= 1080
    page.keyboard.press("Escape")
    expect(page.locator(".cn-brand")).to_be_visible()


def test_dark_and_stage_are_a_press_away(context, app_url):
    page = visit(context, app_url)
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("body")).to_have_class(re.compile(r"\bdark\b"))
    page.wait_for_url("**__theme=dark**")
    page.get_by_role("button", name="Stage").click()
    expect(page.locator("body")).to_have_class(re.compile(r"\bstage\b"))


def test_slow_page_keeps_what_its_address_asked_for(context, app_url):
    context.route("**/*.js", lambda route: (time.sleep(0.05), route.continue_()))
    page = visit(context, app_url + "?demo=capsnet&capsule=3&stage=1&v=1")
    expect(page.locator(".cn-triple")).to_contain_text("(5, 5, 3)")


def test_phone_has_one_column_and_large_controls(context, app_url):
    page = visit(context, app_url)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for control in page.locator(".cn-buttons .cn-btn, .cn-bank input, .cn-bar").all():
        assert control.bounding_box()["height"] >= 43.5


def test_wrong_weights_are_told_with_both_hashes(context, tmp_path):
    right = CAPSNET.embedded
    (tmp_path / right.path).write_bytes(b"not these")
    with running_app(WEIGHTS_DIR=str(tmp_path)) as url:
        page = context.new_page()
        page.goto(url)
        told = page.locator(".cn-foot .cn-error")
        expect(told).to_contain_text(right.sha256)
        expect(told).to_contain_text(hashlib.sha256(b"not these").hexdigest())
