"""The InfoGAN tab as a visitor's hand and eye meet it, in a real Chromium without network."""

import re
import time
from urllib.parse import parse_qs, urlparse

import av
import pytest
from PIL import Image
from playwright.sync_api import expect

from models import infogan
from models.images import to_uint8

pytestmark = pytest.mark.browser

PIXELS = "canvas => Array.from(canvas.getContext('2d').getImageData(0, 0, 28, 28).data)"


def visit(context, app_url, state=""):
    page = context.new_page()
    page.goto(f"{app_url}?demo=infogan{state}&v=1")
    expect(page.locator(".cn-codes .cn-read b").first).to_be_visible()
    expect(page.locator(".cn-bend p:visible b")).to_be_visible()
    return page


def asked(page):
    return {name: value for name, [value] in parse_qs(urlparse(page.url).query).items()}


def picture(page, number):
    """The pixels of the exhibits: 0 is generated, 1 its twin, 2 redrawn."""
    return page.locator(".cn-shown").nth(number).evaluate(PIXELS)


def changed(page, number, before):
    """The pixels of an exhibit, once they are others than before."""
    handle = page.locator(".cn-shown").nth(number).element_handle()
    page.wait_for_function(
        f"([canvas, before]) => String(({PIXELS})(canvas)) !== before", arg=[handle, ",".join(map(str, before))]
    )
    return picture(page, number)


def wait_for(page, number, expected):
    """Wait until an exhibit shows these pixels; one grey level may differ, by rounding in a batch."""
    handle = page.locator(".cn-shown").nth(number).element_handle()
    same = f"([canvas, expected]) => ({PIXELS})(canvas).every((level, i) => Math.abs(level - expected[i]) <= 1)"
    page.wait_for_function(same, arg=[handle, expected])


def key(page, digit):
    return page.locator(".cn-key").nth(digit)


def test_page_opens_with_a_digit_and_its_reading(context, app_url):
    page = visit(context, app_url)
    expect(key(page, 2)).to_have_attribute("aria-checked", "true")
    expect(page.locator(".cn-read h3").first).to_contain_text("sent 2, read 2")
    assert max(picture(page, 0)[::4]) > 200
    expect(page.locator(".cn-answered").last).to_contain_text("infogan, embedded weights")


def test_one_drag_on_the_pad_moves_both_codes_and_both_pictures(context, app_url):
    page = visit(context, app_url)
    before, twin = picture(page, 0), picture(page, 1)
    box = page.locator(".cn-pad").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.125, steps=10)
    page.mouse.up()
    changed(page, 0, before)
    changed(page, 1, twin)
    page.wait_for_url("**styles=**")
    c2, c3 = (float(part) for part in asked(page)["styles"].split(","))
    assert abs(c2 - 1) < 0.05
    assert abs(c3 - 1.5) < 0.05
    expect(page.locator(".cn-said")).to_contain_text("never seen in training")
    assert page.locator(".cn-style output").all_inner_texts() == [f"+{c2:.2f}", f"+{c3:.2f}"]


def test_arrow_keys_move_the_pad_by_a_twentieth(context, app_url):
    page = visit(context, app_url)
    for pressed in ("ArrowRight", "ArrowUp", "ArrowUp"):
        page.locator(".cn-pad").press(pressed)
    page.wait_for_url("**styles=0.05,0.1**")


def test_slider_moves_the_pad(context, app_url):
    page = visit(context, app_url)
    page.locator(".cn-style input").nth(1).fill("-0.8")
    expect(page.locator(".cn-pad circle")).to_have_attribute("cy", "0.8")


def test_another_digit_keeps_locked_noise_and_rolls_it_unlocked(context, app_url):
    page = visit(context, app_url, "&noise=41")
    key(page, 7).click()
    expect(page.locator(".cn-read h3").first).to_contain_text("sent 7, read 7")
    page.wait_for_url("**digit=7**")
    assert asked(page)["noise"] == "41"
    page.get_by_role("button", name="Lock z").click()
    key(page, 3).click()
    page.wait_for_url(lambda url: "digit=3" in url and "noise=41&" not in url)
    assert asked(page)["locked"] == "false"


def test_new_noise_is_another_picture_of_the_same_digit(context, app_url):
    page = visit(context, app_url)
    before = picture(page, 0)
    page.get_by_role("button", name="New noise").click()
    changed(page, 0, before)
    expect(page.locator(".cn-read h3").first).to_contain_text("sent 2")


def test_drawn_digit_is_read_redrawn_and_bent(context, app_url):
    page = visit(context, app_url)
    before = picture(page, 2)
    page.get_by_role("button", name="A plain 7").click()
    redrawn = changed(page, 2, before)
    expect(page.locator(".cn-bend p:visible")).to_contain_text("A 7 with Q's styles")
    page.get_by_role("button", name="Bend it above").locator("visible=true").click()
    expect(key(page, 7)).to_have_attribute("aria-checked", "true")
    page.wait_for_url("**digit=7**")
    wait_for(page, 0, redrawn)
    as_redrawn = picture(page, 0)
    page.locator(".cn-pad").press("ArrowRight")
    changed(page, 0, as_redrawn)


def test_empty_canvas_says_what_to_do(context, app_url):
    page = visit(context, app_url)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".cn-bend p:visible")).to_have_text("Draw a digit for Q to read.")
    expect(page.get_by_role("button", name="Bend it above").locator("visible=true")).to_have_attribute(
        "aria-disabled", "true"
    )


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("c1: the digit", "c1 varied on InfoGAN"),
        ("c1 without λ", "c1 varied on an ordinary GAN, λ = 0"),
        ("c2 from −2 to 2", "c2 varied from −2 to 2"),
        ("c3 from −2 to 2", "c3 varied from −2 to 2"),
    ],
)
def test_figures_are_one_press_away(context, app_url, name, title):
    page = visit(context, app_url)
    page.get_by_role("button", name=name).click()
    expect(page.get_by_role("dialog")).to_contain_text(title)
    page.wait_for_url("**figure=**")
    page.wait_for_function("document.querySelector('dialog img').naturalWidth > 800")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.wait_for_url(lambda url: "figure=" not in url)


def test_walk_plays_and_stops_and_leaves_the_codes_as_they_were(context, app_url):
    page = visit(context, app_url, "&styles=0.5,0.25")
    before = picture(page, 0)
    page.get_by_role("button", name="Round the pad").click()
    later = changed(page, 0, changed(page, 0, before))
    assert later != before
    assert asked(page)["styles"] == "0.5,0.25"
    page.get_by_role("button", name="Round the pad").click()
    wait_for(page, 0, before)
    page.wait_for_url(lambda url: "walk=" not in url)


def test_touching_a_code_ends_the_walk(context, app_url):
    page = visit(context, app_url, "&walk=around")
    expect(page.locator(".cn-reel")).to_be_visible()
    page.locator(".cn-style input").nth(0).fill("0.5")
    expect(page.locator(".cn-reel")).to_be_hidden()
    page.wait_for_url(lambda url: "walk=" not in url and "styles=0.5,0" in url)


def test_walk_pauses_and_goes_on(context, app_url):
    page = visit(context, app_url, "&walk=c1")
    page.get_by_role("button", name="Pause").click()
    place = page.locator(".cn-reel input")
    place.fill("30")
    assert place.input_value() == "30"
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("document.querySelector('.cn-reel input').value !== '30'")


def test_walk_plays_on_a_phone(context, app_url):
    page = visit(context, app_url)
    page.set_viewport_size({"width": 390, "height": 844})
    before = picture(page, 0)
    page.get_by_role("button", name="Round the pad").click()
    changed(page, 0, changed(page, 0, before))


def test_code_touched_before_the_first_answer_counts(context, app_url):
    page = context.new_page()
    page.route("**/gradio_api/run/predict*", lambda route: (time.sleep(0.6), route.continue_()))
    page.goto(f"{app_url}?demo=infogan&v=1")
    page.locator(".cn-style input").nth(0).fill("1")
    key(page, 7).click()
    expect(page.locator(".cn-read h3").first).to_contain_text("sent 7, read 7")
    expect(page.locator(".cn-needle .cn-sent").first).to_have_attribute("style", re.compile("75%"))


def test_walk_of_a_link_plays_and_downloads(context, app_url, tmp_path):
    page = visit(context, app_url, "&walk=c2")
    expect(page.locator(".cn-reel")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="GIF").click()
    with Image.open(download.value.path()) as film:
        assert film.n_frames == 48
    with page.expect_download() as download:
        page.get_by_role("button", name="MP4").click()
    download.value.save_as(tmp_path / "walk.mp4")
    with av.open(str(tmp_path / "walk.mp4")) as film:
        assert sum(1 for _ in film.decode(video=0)) == 48


def test_moments_of_training_are_scrubbed(context, app_url):
    page = visit(context, app_url)
    sheet = page.locator(".cn-all")
    last = sheet.evaluate("canvas => canvas.toDataURL()")
    page.locator(".cn-moment").nth(2).click()
    expect(page.locator(".cn-when")).to_contain_text("after 100 of")
    page.wait_for_url("**checkpoint=2**")
    assert sheet.evaluate("canvas => canvas.toDataURL()") != last


def test_link_to_a_moment_of_training_shows_it(context, app_url):
    page = visit(context, app_url, "&checkpoint=4")
    expect(page.locator(".cn-when")).to_contain_text("after 400 of")
    page.wait_for_function("document.querySelector('.cn-when').getBoundingClientRect().bottom < innerHeight - 200")


def test_link_restores_everything(context, app_url):
    page = visit(context, app_url, "&digit=8&styles=-0.4,0.3&noise=12&locked=false&checkpoint=3")
    expect(key(page, 8)).to_have_attribute("aria-checked", "true")
    assert page.locator(".cn-style output").all_inner_texts() == ["−0.40", "+0.30"]
    assert page.locator(".cn-seed input").input_value() == "12"
    expect(page.get_by_role("button", name="Lock z")).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".cn-when")).to_contain_text("after 200 of")
    made = infogan.make(infogan.load()[0], infogan.Codes(digit=8, styles=(-0.4, 0.3), noise=12)).picture
    wait_for(page, 0, [level for grey in to_uint8(made[None]).flatten().tolist() for level in (grey, grey, grey, 255)])


def test_link_asks_once_for_what_it_says_and_never_for_defaults(context, app_url):
    page = context.new_page()
    asked_for = []
    page.on("request", lambda request: asked_for.append(request.post_data) if "/predict" in request.url else None)
    page.goto(f"{app_url}?demo=infogan&digit=4&styles=0.5,0.25&v=1")
    expect(page.locator(".cn-codes .cn-read b").first).to_be_visible()
    page.wait_for_timeout(500)
    codes = [part for part in asked_for if part.startswith(('{"data":[4,', '{"data":[2,'))]
    assert len(codes) == 1
    assert '"data":[4,[0.5,0.25],7]' in codes[0]


def test_hostile_link_opens_with_defaults(context, app_url):
    page = visit(context, app_url, "&digit=77&styles=9,9&noise=x&locked=perhaps&walk=away&figure=none&checkpoint=99")
    expect(key(page, 2)).to_have_attribute("aria-checked", "true")
    assert page.locator(".cn-style output").all_inner_texts() == [" 0.00", " 0.00"]


def test_other_tab_and_back_keeps_the_codes(context, app_url):
    page = visit(context, app_url, "&digit=6&styles=0.5,0.5")
    page.get_by_role("tab", name="CapsNet").click()
    expect(page.locator(".cn-verdict b").first).to_be_visible()
    page.get_by_role("tab", name="InfoGAN").click()
    expect(key(page, 6)).to_have_attribute("aria-checked", "true")
    page.wait_for_url("**digit=6**")


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1920, 1080)])
def test_core_loop_fits_without_scrolling(context, app_url, width, height):
    page = visit(context, app_url)
    page.set_viewport_size({"width": width, "height": height})
    box = page.locator(".cn-codes").bounding_box()
    assert box["y"] + box["height"] <= height
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_stage_shows_the_core_loop_on_a_projector(context, app_url):
    page = visit(context, app_url, "&stage=1")
    page.set_viewport_size({"width": 1920, "height": 1080})
    expect(page.locator("body")).to_have_class(re.compile(r"\bstage\b"))
    box = page.locator(".cn-codes").bounding_box()
    assert box["y"] + box["height"] <= 1080
    keys = page.locator(".cn-keys").bounding_box()
    assert keys["x"] + keys["width"] <= page.locator(".cn-pad").bounding_box()["x"]


def test_phone_keeps_both_pictures_in_sight(context, app_url):
    page = visit(context, app_url)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator(".cn-style input").nth(1).scroll_into_view_if_needed()
    for number in (0, 1):
        assert 0 <= page.locator(".cn-shown").nth(number).bounding_box()["y"] < 300
    for control in page.locator(".cn-codes .cn-btn:visible, .cn-style input, .cn-key").all():
        assert control.bounding_box()["height"] >= 43.5
