"""The DeepDream tab as a visitor's hand and eye meet it, in a real Chromium without network."""

import io
import re

import av
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.runs import FINISHED, asked, opened, press, shown, told

pytestmark = pytest.mark.browser

SMALL = "&picture=rocket&size_px=128&octaves=2&steps=3"


def visit(context, app_url, state=SMALL, done=True):
    return opened(context, app_url, "deepdream", state, done)


def picture_file(mode="RGB", size=(60, 40)):
    content = io.BytesIO()
    Image.new(mode, size, 90).save(content, "PNG")
    return {"name": "own.png", "mimeType": "image/png", "buffer": content.getvalue()}


def test_page_opens_with_a_finished_dream(context, app_url):
    page = visit(context, app_url, state="")
    expect(page.locator(".cn-after")).to_be_visible()
    assert shown(page).startswith("data:image/png")
    expect(page.locator(".cn-octaves img")).to_have_count(4)
    expect(page.locator(".cn-layers [aria-checked=true]")).to_contain_text("4c")
    expect(page.locator(".cn-answered").last).to_contain_text("thin_googlenet, embedded weights")
    assert asked(page)["demo"] == "deepdream"


def test_link_dreams_what_it_says(context, app_url):
    page = visit(context, app_url, SMALL + "&layer=inception_3b/output&jitter=false")
    expect(told(page)).to_have_text(re.compile("^6 steps"))
    expect(page.locator(".cn-layers [aria-checked=true]")).to_contain_text("3b")
    expect(page.get_by_role("button", name="Jitter")).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".cn-easel figcaption")).to_contain_text("Falcon 9")
    expect(page.locator(".cn-formula")).to_contain_text("inception_3b/output")
    assert len(page.locator(".cn-objective polyline").get_attribute("points").split()) == 6


def test_knobs_layer_and_tricks_stand_in_the_address(context, app_url):
    page = visit(context, app_url)
    page.locator(".cn-knob input").first.fill("3")
    page.locator(".cn-layers button").nth(3).click()
    page.get_by_role("button", name="÷ |g|").click()
    page.wait_for_function("location.search.includes('normalised=false')")
    state = asked(page)
    assert (state["strength"], state["layer"]) == ("3", "inception_3b/output")


def test_run_shows_its_progress_and_stop_keeps_the_picture(context, app_url):
    page = visit(context, app_url)
    page.locator(".cn-knob input").nth(2).fill("60")
    before = shown(page)
    press(page, "run")
    expect(told(page)).to_have_text(re.compile(r"Octave 1 of 2, step \d+ / 60\. [\d.]+ steps/s, .* left\."))
    expect(page.locator(".cn-runner [data-do=run]")).to_be_disabled()
    press(page, "stop")
    expect(told(page)).to_have_text(re.compile(r"stopped\. The picture stays as it is\."))
    stopped = shown(page)
    assert stopped != before
    expect(page.locator(".cn-runner [data-do=run]")).to_be_enabled()
    page.wait_for_timeout(1000)
    assert shown(page) == stopped


def test_dream_goes_on_from_the_last_and_can_be_held_against_it(context, app_url):
    page = visit(context, app_url)
    first = shown(page)
    press(page, "on")
    page.wait_for_function("first => document.querySelector('.cn-after').src !== first", arg=first)
    expect(told(page)).to_have_text(FINISHED)
    page.locator("[data-do=compare]").click()
    expect(page.locator(".cn-tag-before")).to_have_text("the last dream")
    assert page.locator(".cn-before").get_attribute("src") == first


def test_picture_of_ones_own_is_dreamed_on_and_stays_out_of_the_link(context, app_url):
    page = visit(context, app_url)
    page.locator(".cn-pictures input[type=file]").first.set_input_files(picture_file())
    expect(page.locator(".cn-easel figcaption")).to_have_text("Your picture.")
    expect(page.locator(".cn-after")).to_be_hidden()
    press(page, "run")
    expect(told(page)).to_have_text(FINISHED)
    assert "picture" not in asked(page)


def test_file_that_is_no_picture_is_told(context, app_url):
    page = visit(context, app_url)
    file = {"name": "own.png", "mimeType": "image/png", "buffer": b"no picture"}
    page.locator(".cn-pictures input[type=file]").first.set_input_files(file)
    expect(page.locator(".cn-pictures .cn-error").first).to_contain_text("No picture.")


def test_brush_says_where_to_dream(context, app_url):
    page = visit(context, app_url)
    before = page.locator(".cn-before").get_attribute("src")
    page.locator("[data-brush]").click()
    box = page.locator(".cn-wipe").bounding_box()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.8 * box["height"], steps=5)
    page.mouse.up()
    expect(page.locator("[data-do=unbrush]")).to_be_visible()
    press(page, "run")
    expect(told(page)).to_have_text(FINISHED)
    left = "image => { const c = document.createElement('canvas'); c.width = 40; c.height = 85; "
    left += (
        "c.getContext('2d').drawImage(image, 0, 0); return [...c.getContext('2d').getImageData(0, 0, 40, 85).data]; }"
    )
    kept, dreamed = (page.locator(part).evaluate(left) for part in (".cn-before", ".cn-after"))
    assert page.locator(".cn-before").get_attribute("src") == before
    assert sum(abs(a - b) for a, b in zip(kept, dreamed, strict=True)) / len(kept) < 3  # a JPEG and a PNG of the same
    page.locator("[data-do=unbrush]").click()
    expect(page.locator("[data-do=unbrush]")).to_be_hidden()


def test_channels_are_shown_and_chosen(context, app_url):
    page = visit(context, app_url, SMALL + "&layer=inception_3b/5x5_reduce")
    page.locator("[data-do=show]").click()
    expect(page.locator(".cn-sheet-of-channels button")).to_have_count(24, timeout=60_000)
    page.locator("[data-channel='7']").click()
    page.wait_for_function("location.search.includes('channels=7')")
    press(page, "run")
    expect(page.locator(".cn-formula")).to_contain_text("channel 7")


def test_net_that_is_not_to_be_had_is_told_and_nothing_is_lost(context, app_url):
    page = visit(context, app_url, SMALL + "&net=inception_v3", done=False)
    expect(page.locator(".cn-foot .cn-error").last).to_contain_text("no weights for inception_v3: ")
    expect(page.locator(".cn-layers button").first).to_contain_text("Conv2d_4a_3x3")
    expect(page.locator(".cn-runner [data-do=run]")).to_be_enabled()


def test_refusal_is_told_as_often_as_it_happens(context, app_url):
    page = visit(context, app_url, SMALL + "&net=inception_v3", done=False)
    error = page.locator(".cn-foot .cn-error").last
    for _ in range(2):
        expect(error).to_contain_text("no weights for inception_v3")
        expect(page.locator(".cn-runner [data-do=run]")).to_be_enabled()
        page.evaluate("document.querySelectorAll('.cn-foot .cn-error').forEach((error) => { error.textContent = ''; })")
        press(page, "run")
    expect(error).to_contain_text("no weights for inception_v3")


def test_link_to_a_layer_of_another_net_keeps_it(context, app_url):
    page = visit(context, app_url, SMALL + "&net=inception_v3&layer=Mixed_6b", done=False)
    expect(page.locator(".cn-layers [aria-checked=true]")).to_contain_text("Mixed_6b")
    page.wait_for_timeout(1000)
    assert asked(page)["layer"] == "Mixed_6b"


def test_run_after_stop_is_a_run_of_its_own(context, app_url):
    page = visit(context, app_url)
    page.locator(".cn-knob input").nth(2).fill("60")
    press(page, "run")
    expect(told(page)).to_contain_text("Octave 1 of 2")
    press(page, "stop")
    press(page, "run")
    expect(told(page)).to_have_text(re.compile("^120 steps"))
    expect(page.locator(".cn-runner [data-do=run]")).to_be_enabled()


def test_picture_chosen_during_a_run_waits_for_its_end(context, app_url):
    page = visit(context, app_url)
    page.locator(".cn-knob input").nth(2).fill("60")
    press(page, "run")
    expect(told(page)).to_contain_text("Octave 1 of 2")
    page.get_by_role("radio", name="Lion").first.click()
    expect(page.locator(".cn-easel figcaption")).to_contain_text("Lion", timeout=60_000)
    expect(page.locator(".cn-after")).to_be_hidden()


def test_dream_is_kept_as_picture_and_film(context, app_url):
    page = visit(context, app_url)
    press(page, "run")
    expect(told(page)).to_have_text(FINISHED)
    kept = {}
    for kind in ("png", "gif", "mp4"):
        with page.expect_download() as download:
            page.locator(f"[data-keep={kind}]").click()
        assert download.value.suggested_filename == f"deepdream.{kind}"
        kept[kind] = download.value.path()
    with Image.open(kept["png"]) as png, Image.open(kept["gif"]) as gif, av.open(str(kept["mp4"])) as film:
        assert "demo=deepdream" in png.info["Settings"]
        assert gif.n_frames > 1
        assert film.streams.video[0].width == 128


def test_zoom_film_goes_from_frame_to_frame(context, app_url):
    page = visit(context, app_url, "&picture=noise&size_px=128&octaves=1&steps=1&turns=3")
    press(page, "zoom")
    expect(told(page)).to_have_text(re.compile("^3 steps"))


def test_tab_fits_a_phone(context, app_url):
    page = visit(context, app_url)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    tops = [page.locator(part).bounding_box()["y"] for part in (".cn-wipe", ".cn-runner")]
    assert tops[0] < tops[1]
