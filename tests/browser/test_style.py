"""The neural style tab as a visitor's hand and eye meet it, in a real Chromium without network."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.runs import FINISHED, asked, opened, press, shown, told

pytestmark = pytest.mark.browser

SMALL = "&size_px=64&iterations=10"


def visit(context, app_url, state=SMALL, done=True):
    return opened(context, app_url, "style", state, done)


def unfold(page):
    page.get_by_role("button", name=re.compile("^More: start")).click()
    expect(page.locator(".cn-weights")).to_be_visible()
    page.wait_for_timeout(500)  # Gradio sets a widget's value once more just after it has appeared


def own_picture():
    content = io.BytesIO()
    Image.new("RGBA", (60, 40), (90, 120, 40, 128)).save(content, "PNG")
    return {"name": "own.png", "mimeType": "image/png", "buffer": content.getvalue()}


def test_page_opens_with_a_painted_picture(context, app_url):
    page = visit(context, app_url)
    expect(page.locator(".cn-after")).to_be_visible()
    assert shown(page).startswith("data:image/png")
    assert len(page.locator(".cn-loss .cn-all").get_attribute("points").split()) == 10
    expect(page.locator(".cn-term")).to_have_count(6)
    expect(page.locator(".cn-term").nth(3)).to_contain_text(re.compile(r"conv3_1.*\d"))
    expect(page.locator(".cn-pair figcaption").last).to_contain_text(re.compile(r"picture, [\d.]+ % off"))
    expect(page.locator(".cn-answered").last).to_contain_text("thin_vgg19, embedded weights, average pooling, 10 steps")


def test_styles_drawn_by_code_are_shown_when_somebody_looks(context, app_url):
    page = visit(context, app_url)
    styles = page.locator(".cn-pictures").nth(1)
    expect(styles.locator("img")).to_have_count(10)  # six drawn, three textures, a photograph
    expect(styles.get_by_role("radio", name="Mosaic").locator("img")).to_be_visible()
    expect(styles.get_by_role("radio", name="The Scream").locator("img")).to_have_count(0)


def test_gram_matrices_of_any_layer_are_shown(context, app_url):
    page = visit(context, app_url)
    pixels = "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data]"
    target = page.locator(".cn-pair canvas").first
    before = target.evaluate(pixels)
    page.locator(".cn-which button", has_text="5_1").click()
    after = target.evaluate(pixels)
    assert len(after) == 16 * 16 * 4
    assert after != before
    assert len({tuple(after[i : i + 3]) for i in range(0, len(after), 4)}) > 10


def test_link_paints_what_it_says(context, app_url):
    page = visit(
        context, app_url, f"{SMALL}&content=coffee&style=waves&matched=style&start=noise&layer_weights=1,1,0,0,0"
    )
    expect(page.locator(".cn-easel figcaption")).to_contain_text("Coffee")
    expect(page.locator(".cn-tag-after")).to_have_text("after, Waves")
    expect(page.locator(".cn-term.cn-out")).to_have_count(4)  # the content and three layers that do not count
    expect(page.locator(".cn-term.cn-out").first).to_contain_text("content")


def test_knobs_and_layers_stand_in_the_address(context, app_url):
    page = visit(context, app_url)
    page.locator(".cn-knob input").first.fill("-3.5")
    page.get_by_role("radio", name="Mosaic").first.click()
    unfold(page)
    page.locator(".cn-weights input").nth(4).fill("0.5")
    page.get_by_label("Colours").select_option("luminance")
    page.wait_for_function("location.search.includes('colours=luminance')")
    state = asked(page)
    assert (state["log_ratio"], state["style"], state["layer_weights"]) == ("-3.5", "mosaic", "1,1,1,1,0.5")


def test_cost_is_told_before_the_run(context, app_url):
    page = visit(context, app_url)
    page.locator(".cn-knob input").nth(1).fill("512")
    expect(told(page)).to_have_text(re.compile(r"^About \d+ (s|min) and [\d.]+ GB of memory\.$"))


def test_stop_keeps_the_picture_and_the_next_run_is_its_own(context, app_url):
    page = visit(context, app_url, "&size_px=64&iterations=1000", done=False)
    expect(told(page)).to_have_text(re.compile(r"Step \d+ of 1000\. [\d.]+ steps/s, .* left\."))
    press(page, "stop")
    expect(told(page)).to_have_text(re.compile(r"stopped\. The picture stays as it is\."))
    stopped = shown(page)
    page.wait_for_timeout(1000)
    assert shown(page) == stopped
    press(page, "run")
    expect(told(page)).to_have_text(re.compile(r"Step \d+ of 1000\."))
    press(page, "stop")


def test_painting_goes_on_from_the_last_with_new_weights(context, app_url):
    page = visit(context, app_url)
    first = shown(page)
    page.get_by_role("radio", name="Waves").first.click()
    press(page, "on")
    page.wait_for_function("first => document.querySelector('.cn-after').src !== first", arg=first)
    expect(told(page)).to_have_text(FINISHED)
    page.locator("[data-do=compare]").click()
    expect(page.locator(".cn-tag-before")).to_have_text("the last picture")
    assert page.locator(".cn-before").get_attribute("src") == first


def test_picture_of_ones_own_is_painted_and_stays_out_of_the_link(context, app_url):
    page = visit(context, app_url)
    for files in page.locator(".cn-pictures input[type=file]").all()[:2]:
        files.set_input_files(own_picture())
    expect(page.locator(".cn-easel figcaption")).to_have_text("Your picture.")
    press(page, "run")
    expect(told(page)).to_have_text(FINISHED)
    assert not {"content", "style"} & set(asked(page))


def test_brushes_say_where_each_style_goes(context, app_url):
    page = visit(context, app_url, f"{SMALL}&second=mosaic")
    box = page.locator(".cn-wipe").bounding_box()
    for brush, place in [("0", 0.2), ("1", 0.8)]:
        page.locator(f"[data-brush='{brush}']").click()
        page.mouse.move(box["x"] + place * box["width"], box["y"] + 0.2 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + place * box["width"], box["y"] + 0.8 * box["height"], steps=4)
        page.mouse.up()
    colours = page.locator(".cn-brushed").evaluate(
        "c => [0.2, 0.8].map((x) => [...c.getContext('2d').getImageData(x * c.width, c.height / 2, 1, 1).data])"
    )
    assert colours == [[255, 0, 0, 255], [0, 0, 255, 255]]
    press(page, "run")
    expect(told(page)).to_have_text(FINISHED)


def test_painting_that_cannot_be_fetched_is_told_and_nothing_is_lost(context, app_url):
    page = visit(context, app_url)
    before = shown(page)
    page.get_by_role("radio", name="The Scream").first.click()
    press(page, "run")
    expect(page.locator(".cn-foot .cn-error").last).to_contain_text("the styles drawn by code need no network")
    expect(page.locator(".cn-runner [data-do=run]")).to_be_enabled()
    assert shown(page) == before


def test_race_is_drawn_kept_and_can_be_saved(context, app_url):
    page = visit(context, app_url)
    page.locator("[data-draw=race]").click()
    expect(page.locator(".cn-plates [role=status]")).to_contain_text("Each picture can be enlarged.", timeout=60_000)
    expect(page.locator(".cn-plate img")).to_have_count(2)
    expect(page.locator(".cn-race polyline")).to_have_count(2)
    with page.expect_download() as download:
        page.locator(".cn-plates [data-do=save]").click()
    with Image.open(download.value.path()) as sheet:
        assert sheet.width > 2 * 200
    page.locator(".cn-plate button").first.click()
    expect(page.locator(".cn-dialog[open]")).to_be_visible()


def test_figure_can_be_stopped(context, app_url):
    page = visit(context, app_url)
    page.locator("[data-draw=ratios]").click()
    expect(page.locator(".cn-plate img").first).to_be_visible(timeout=30_000)
    expect(page.locator(".cn-plate .cn-row")).to_have_count(5)
    page.locator(".cn-plates [data-do=stop]").click()
    expect(page.locator(".cn-plates [role=status]")).to_have_text("Stopped. What is painted stays.")
    press(page, "run")
    expect(told(page)).to_have_text(FINISHED)


def test_run_is_kept_as_picture_and_film(context, app_url):
    page = visit(context, app_url, "&size_px=128&iterations=60")
    for kind in ("png", "gif"):
        with page.expect_download() as download:
            page.locator(f"[data-keep={kind}]").click()
        assert download.value.suggested_filename == f"style.{kind}"
        with Image.open(download.value.path()) as kept:
            assert kept.size[0] == 128
            assert "demo=style" in kept.info["Settings"] if kind == "png" else kept.n_frames > 1


def test_tab_fits_a_phone(context, app_url):
    page = visit(context, app_url)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    tops = [page.locator(part).bounding_box()["y"] for part in (".cn-wipe", ".cn-runner")]
    assert tops[0] < tops[1]
