"""The stage as a lecturer meets it: what stands on the wall, what the keys do, and the code for the hall's phones."""

import re
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import expect

from demos import DEMOS
from demos.qr import qr
from tests.browser.runs import told

pytestmark = pytest.mark.browser

# The lowest thing that each tab's main experiment needs.
LOWEST = {
    "capsnet": ".cn-buttons [data-do=longest]",
    "infogan": ".cn-codes .cn-needles >> nth=0",
    "deepdream": ".cn-easel .cn-cap",
    "style": ".cn-easel .cn-cap",
    "yolo": ".cn-blow-said",
    "eigenfaces": ".cn-cover .cn-buttons",
}
PROJECTORS = [(1920, 1080), (1440, 900), (1280, 720)]


def opened(context, app_url, state):
    """A page on the stage, its tab restored."""
    page = context.new_page()
    page.goto(f"{app_url}?view=stage&v=1&{state}")
    expect(place(page)).to_have_text(re.compile(r"^\d/3$"))
    return page


def place(page):
    return page.locator(".cn-cue-place")


def code(page):
    return page.locator("dialog.cn-qr")


def query(page):
    return parse_qs(urlparse(page.url).query)


# --- what stands on the wall ----------------------------------------------------------------------
@pytest.mark.parametrize("slug", [demo.slug for demo in DEMOS])
def test_main_experiment_needs_no_scrolling(context, app_url, slug):
    page = opened(context, app_url, f"demo={slug}")
    expect(page.locator(".cn-brand")).to_be_hidden()
    lowest, foot = page.locator(LOWEST[slug]), page.locator(".cn-foot >> visible=true")

    def fits(width):
        box = lowest.bounding_box()
        beneath = box["y"] + box["height"] <= foot.bounding_box()["y"] + 1
        return beneath and page.evaluate("document.documentElement.scrollWidth") <= width

    for width, height in PROJECTORS:
        page.set_viewport_size({"width": width, "height": height})
        for _ in range(20):  # until answers have come and the page has settled
            if fits(width):
                break
            page.wait_for_timeout(100)
        assert fits(width)


def test_type_keeps_its_share_of_the_wall(context, app_url):
    page = opened(context, app_url, "demo=capsnet")
    for width, height in PROJECTORS:
        page.set_viewport_size({"width": width, "height": height})
        size = page.locator(".cn-cap >> visible=true").first.evaluate(
            "cap => parseFloat(getComputedStyle(cap).fontSize)"
        )
        assert size * 1920 / width > 19


def test_pixels_of_data_stay_whole_on_every_projector(context, app_url):
    page = opened(context, app_url, "demo=capsnet")
    for width, height in PROJECTORS:
        page.set_viewport_size({"width": width, "height": height})
        assert page.locator(".cn-perturbed").evaluate("canvas => canvas.clientWidth % 28") == 0


def test_first_links_still_open_the_stage(context, app_url):
    page = context.new_page()
    page.goto(app_url + "?demo=capsnet&stage=1&v=1")
    expect(place(page)).to_be_visible()
    page.wait_for_url("**view=stage**")
    assert "stage=1" not in page.url


def test_view_of_a_tab_and_the_stage_share_an_address(context, app_url):
    page = opened(context, app_url, "demo=yolo&view=candidates")
    expect(page.locator(".cn-stage-row button").first).to_have_attribute("aria-checked", "true")
    page.wait_for_url("**demo=yolo**")
    page.reload()
    expect(page.locator(".cn-stage-row button").first).to_have_attribute("aria-checked", "true")
    assert query(page)["view"] == ["stage", "candidates"]


# --- keys -------------------------------------------------------------------------------------------
def test_arrows_and_clickers_walk_the_steps(context, app_url):
    page = opened(context, app_url, "demo=eigenfaces")
    expect(place(page)).to_have_text("0/3")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    expect(place(page)).to_have_text("1/3")
    expect(page.locator(".cn-cue-name")).to_have_text("Only five weights")
    expect(page.locator(".cn-k")).to_have_text("5")
    page.keyboard.press("PageDown")
    expect(place(page)).to_have_text("2/3")
    page.keyboard.press("PageUp")
    expect(place(page)).to_have_text("1/3")
    page.keyboard.press("ArrowLeft")
    expect(place(page)).to_have_text("0/3")
    expect(page.locator(".cn-k")).to_have_text("40")


def test_keys_faster_than_pages_are_counted(context, app_url):
    page = opened(context, app_url, "demo=capsnet")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(place(page)).to_have_text("2/3")
    expect(page.locator(".cn-cue-name")).to_have_text("A 2 bent until it is none")


def test_step_about_something_lower_brings_it_into_sight(context, app_url):
    page = opened(context, app_url, "demo=infogan&checkpoint=4")
    expect(page.locator(".cn-cue-name")).to_have_text("Watch ten categories part")
    expect(page.locator(".cn-strip")).to_be_in_viewport()


def test_digits_change_the_tab(context, app_url):
    page = opened(context, app_url, "demo=capsnet")
    page.keyboard.press("6")
    expect(page.locator(".cn-variance")).to_be_visible()
    page.wait_for_url("**demo=eigenfaces**")


def test_tabs_come_back_for_the_tab_key(context, app_url):
    page = opened(context, app_url, "demo=capsnet")
    bar, tab = page.locator(".tab-wrapper"), page.get_by_role("tab", name="InfoGAN")
    expect(bar).to_have_css("opacity", "0")
    tab.focus()
    expect(bar).to_have_css("opacity", "1")
    page.keyboard.press("Enter")
    page.wait_for_url("**demo=infogan**")


def test_space_plays_and_pauses(context, app_url):
    page = opened(context, app_url, "demo=eigenfaces&k=1")
    button = page.locator("[data-do=play]")
    resting = button.inner_text()
    expect(page.locator(".cn-k")).to_have_text("1")
    page.keyboard.press("Space")
    expect(page.locator(".cn-k")).not_to_have_text("1")
    page.keyboard.press("Space")
    expect(button).to_have_text(resting)


def test_space_stops_and_runs(context, app_url):
    page = opened(context, app_url, "demo=deepdream&octaves=8&steps=100")
    expect(page.locator(".cn-runner [data-do=stop]")).to_be_enabled()
    expect(told(page)).to_contain_text("left")
    page.keyboard.press("Space")
    expect(told(page)).to_contain_text("stopped")
    expect(page.locator(".cn-runner [data-do=run]")).to_be_enabled()
    page.keyboard.press("Space")
    expect(page.locator(".cn-runner [data-do=stop]")).to_be_enabled()
    page.locator(".cn-runner [data-do=stop]").click()


def test_keys_belong_to_what_has_the_focus(context, app_url):
    page = opened(context, app_url, "demo=infogan")
    page.locator(".cn-style input").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".cn-style output").first).not_to_have_text(re.compile(r"^\s*0\.00$"))
    page.locator(".cn-key").nth(3).focus()
    page.keyboard.press("ArrowRight")
    page.locator(".cn-seed input").focus()
    page.keyboard.press("1")
    page.keyboard.press("q")
    page.get_by_role("button", name="New noise").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Control+q")
    expect(code(page)).to_be_hidden()
    expect(place(page)).to_have_text("0/3")
    expect(page.locator(".cn-codes")).to_be_visible()


def test_escape_closes_what_is_open_before_it_leaves(context, app_url):
    page = opened(context, app_url, "demo=capsnet")
    page.keyboard.press("?")
    expect(page.locator(".cn-keys-help")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(page.locator(".cn-keys-help")).to_be_hidden()
    expect(place(page)).to_have_text("0/3")
    page.keyboard.press("Escape")
    expect(page.locator(".cn-brand")).to_be_visible()
    page.wait_for_url(re.compile(r"\?demo=capsnet&v=1$"))


def test_no_key_does_anything_off_the_stage(context, app_url):
    page = opened(context, app_url, "demo=capsnet")
    page.keyboard.press("Escape")
    expect(page.locator(".cn-brand")).to_be_visible()
    for key in ("q", "?", "6", "ArrowRight"):
        page.keyboard.press(key)
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator(".cn-verdict")).to_be_visible()


# --- the code for the hall's phones --------------------------------------------------------------
def test_code_holds_the_link_of_what_is_shown_but_not_the_stage(context, app_url):
    page = opened(context, app_url, "demo=yolo&view=candidates")
    page.wait_for_url("**&view=candidates&v=1")
    page.keyboard.press("q")
    expect(code(page).locator("svg")).to_be_visible()
    link = code(page).locator("a").get_attribute("href")
    assert link == f"{app_url}?demo=yolo&view=candidates&v=1"
    drawn = code(page).locator(".cn-qr-code").inner_html()
    assert re.findall(r' d="([^"]+)"', drawn) == re.findall(r' d="([^"]+)"', qr({"url": link})["svg"])


def test_code_is_large_and_black_on_white_in_the_dark_too(context, app_url):
    page = opened(context, app_url, "demo=capsnet&__theme=dark")
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.keyboard.press("q")
    svg = code(page).locator("svg")
    expect(svg).to_be_visible()
    assert svg.bounding_box()["height"] >= 700
    expect(code(page).locator(".cn-qr-code")).to_have_css("background-color", "rgb(255, 255, 255)")


def test_code_of_this_machine_alone_says_so(context, app_url):
    page = opened(context, app_url, "demo=capsnet")
    page.keyboard.press("q")
    expect(code(page).get_by_role("alert")).to_contain_text("Phones cannot reach 127.0.0.1")
    expect(code(page).get_by_role("alert")).to_contain_text("--host 0.0.0.0")


def test_too_long_a_drawing_is_left_out_and_said(context, app_url):
    page = opened(context, app_url, "demo=yolo&score=0.3&drawing=" + "AYAAwA." * 200 + "AcACcA")
    page.wait_for_url("**&score=0.3&v=1")
    page.keyboard.press("q")
    expect(code(page).get_by_role("alert")).to_contain_text("leaves out the drawing")
    expect(code(page).locator("a")).to_have_attribute("href", f"{app_url}?demo=yolo&score=0.3&v=1")
    expect(code(page).locator("svg")).to_be_visible()


def test_phone_shows_the_whole_code(context, app_url):
    page = context.new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(app_url)
    expect(page.locator(".cn-verdict b").first).to_be_visible()
    page.get_by_role("button", name="QR code").click()
    expect(code(page).locator("svg")).to_be_visible()
    for part in (".cn-qr-code", "[data-do=close]"):
        box = code(page).locator(part).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    code(page).get_by_role("button", name="Close").click()
    expect(code(page)).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_link_is_copied_from_the_open_code(context, app_url):
    page = opened(context, app_url, "demo=capsnet&capsule=3")
    page.keyboard.press("q")
    code(page).get_by_role("button", name="Copy link").click()
    expect(code(page).get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{app_url}?view=stage&demo=capsnet&capsule=3&v=1"
