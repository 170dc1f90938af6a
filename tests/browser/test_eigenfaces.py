"""The Eigenfaces tab as a visitor's hand and eye meet it, in a real Chromium without network."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from models.covers import READY, box, text_from_cells
from tests.browser.runs import asked

pytestmark = pytest.mark.browser

PIXELS = "canvas => canvas.toDataURL()"


def visit(context, app_url, state=""):
    page = context.new_page()
    page.goto(f"{app_url}?demo=eigenfaces{state}&v=1")
    expect(said(page, "rest")).not_to_be_empty()
    expect(error(page, "projection")).not_to_be_empty()
    page.wait_for_timeout(500)  # Gradio sets a widget's value once more just after it has appeared
    return page


def unfold(page, name, seen):
    page.get_by_role("button", name=re.compile(f"^{name}")).click()
    expect(page.locator(seen)).to_be_visible()
    page.wait_for_timeout(500)


def said(page, name):
    return page.locator(f"[data-said={name}]")


def error(page, way):
    return page.locator(f"[data-error={way}]")


def pixels(page, name):
    return page.locator(f"[data-face={name}]").evaluate(PIXELS)


def filled(page, way):
    return page.locator(f"[data-way={way}]").evaluate(PIXELS)


def move(slider, value):
    slider.evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input', { bubbles: true })); }",
        value,
    )


def differs(page, name, before):
    page.wait_for_function(
        "([name, before]) => document.querySelector(name).toDataURL() !== before", arg=[name, before]
    )


# --- the sum --------------------------------------------------------------------------------------


def test_fewer_eigenfaces_leave_more_over(context, app_url):
    page = visit(context, app_url)
    before, left = pixels(page, "sum"), float(said(page, "rest").locator("b").inner_text())
    move(page.get_by_role("slider", name="How many eigenfaces"), 5)
    expect(page.locator(".cn-count")).to_have_text("5")
    differs(page, "[data-face=sum]", before)
    expect(said(page, "sum")).to_have_text("from 5")
    assert float(said(page, "rest").locator("b").inner_text()) > left
    page.wait_for_url("**k=5**")


def test_weights_past_k_cannot_be_moved(context, app_url):
    page = visit(context, app_url, "&k=3")
    expect(page.get_by_role("slider", name="Weight 3")).to_be_enabled()
    expect(page.get_by_role("slider", name="Weight 4")).to_be_disabled()


def test_moved_weight_changes_the_face_and_can_be_taken_back(context, app_url):
    page = visit(context, app_url)
    before = pixels(page, "sum")
    move(page.get_by_role("slider", name="Weight 1"), -3)
    differs(page, "[data-face=sum]", before)
    expect(said(page, "sum")).to_have_text("with weights moved")
    page.wait_for_url("**moves=-**")
    page.wait_for_timeout(500)
    moved = pixels(page, "sum")
    page.get_by_role("button", name="Its own").click()
    differs(page, "[data-face=sum]", moved)
    assert pixels(page, "sum") == before


def test_play_goes_up_to_all_eigenfaces_and_can_be_stopped(context, app_url):
    page = visit(context, app_url)
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".cn-count")).to_have_text(re.compile(r"^(1\d|2\d)$"))
    page.get_by_role("button", name="Stop").click()
    stopped = page.locator(".cn-count").inner_text()
    page.wait_for_timeout(400)
    assert page.locator(".cn-count").inner_text() == stopped


def test_sampled_face_has_its_seed_in_the_link(context, app_url):
    page = visit(context, app_url)
    before = pixels(page, "own")
    page.get_by_role("button", name="Sample a face").click()
    differs(page, "[data-face=own]", before)
    seed = re.search(r"\d+$", said(page, "own").inner_text())[0]
    page.wait_for_url(f"**picture=sampled_{seed}**")


def test_all_eigenfaces_open_as_one_picture(context, app_url):
    page = visit(context, app_url)
    page.get_by_role("button", name="All eigenfaces").click()
    expect(page.get_by_role("dialog").get_by_role("img")).to_be_visible()


# --- the cover ------------------------------------------------------------------------------------


def test_visible_pixels_tell_better_what_is_behind_than_all_of_them(context, app_url):
    page = visit(context, app_url)
    assert float(error(page, "masked").inner_text()) < float(error(page, "projection").inner_text()) / 2


def test_brushed_cover_changes_the_three_guesses(context, app_url):
    page = visit(context, app_url, "&cover=")
    expect(error(page, "masked")).to_have_text("–")
    before = filled(page, "projection")
    face = page.locator(".cn-cover-face").bounding_box()
    page.mouse.move(face["x"] + face["width"] * 0.3, face["y"] + face["height"] * 0.4)
    page.mouse.down()
    page.mouse.move(face["x"] + face["width"] * 0.7, face["y"] + face["height"] * 0.4, steps=6)
    page.mouse.up()
    differs(page, "[data-way=projection]", before)
    expect(error(page, "masked")).to_have_text(re.compile(r"^\d+\.\d$"))
    page.wait_for_url(re.compile(r"cover=\w"))
    again = visit(context, app_url, f"&cover={asked(page)['cover']}")
    expect(error(again, "masked")).to_have_text(error(page, "masked").inner_text())


def test_cleared_cover_leaves_no_error(context, app_url):
    page = visit(context, app_url)
    page.get_by_role("button", name="Clear").first.click()
    expect(error(page, "projection")).to_have_text("–")


def test_ready_cover_and_ink_come_back_from_the_link(context, app_url):
    page = visit(context, app_url, f"&cover={READY['Block']}&ink=white")
    expect(page.get_by_role("button", name="Block")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("The cover is")).to_have_value("white")


def test_cover_over_everything_is_answered(context, app_url):
    page = visit(context, app_url, f"&cover={text_from_cells(box(range(28), range(23)))}")
    expect(error(page, "masked")).to_have_text(re.compile(r"^\d+\.\d$"))
    expect(page.locator(".cn-foot:visible .cn-error")).to_be_empty()


# --- the plane ------------------------------------------------------------------------------------


def test_brick_wall_is_not_a_face(context, app_url):
    page = visit(context, app_url, "&picture=brick")
    expect(page.locator(".cn-plane-said")).to_contain_text(re.compile("Brick.*not a face"))


def test_known_face_is_known_until_the_limit_passes_it(context, app_url):
    page = visit(context, app_url)
    expect(page.locator(".cn-plane-said")).to_contain_text(": known")
    limit = page.get_by_role("slider", name=re.compile("nearest known face"))
    for _ in range(4):
        limit.press("PageDown")
    expect(page.locator(".cn-plane-said")).to_contain_text("new")
    page.wait_for_url("**limits=*")


# --- in a photograph ------------------------------------------------------------------------------


def test_astronaut_is_found_and_another_place_cuts_out_another_picture(context, app_url):
    page = visit(context, app_url, "&picture=astronaut")
    unfold(page, "Find the face", ".cn-crop-scene img")
    before = pixels(page, "own")
    page.get_by_role("radio", name="Map 2").click()
    differs(page, "[data-face=own]", before)
    page.wait_for_url("**place=map2**")


def test_misalignment_leads_away_from_face_space(context, app_url):
    page = visit(context, app_url)
    unfold(page, "Find the face", ".cn-crop")
    before, left = pixels(page, "own"), float(said(page, "rest").locator("b").inner_text())
    move(page.get_by_role("slider", name="Shift right"), 0.15)
    differs(page, "[data-face=own]", before)
    assert float(said(page, "rest").locator("b").inner_text()) > left


def test_picture_of_ones_own_is_shown_and_stays_out_of_the_link(context, app_url):
    page = visit(context, app_url)
    before, content = pixels(page, "own"), io.BytesIO()
    Image.radial_gradient("L").save(content, "PNG")
    page.locator(".tabitem:visible input[type=file]").set_input_files(
        {"name": "me.png", "mimeType": "image/png", "buffer": content.getvalue()}
    )
    differs(page, "[data-face=own]", before)
    expect(said(page, "own")).to_have_text("Your picture")
    page.wait_for_timeout(600)
    assert "picture" not in asked(page)


# --- the lab --------------------------------------------------------------------------------------


def test_nearest_known_picture_is_of_the_same_person(context, app_url):
    page = visit(context, app_url)
    unfold(page, "The recognition lab", ".cn-rates")
    verdict = page.locator(".cn-rates-pair [aria-live]")
    expect(verdict).to_contain_text("The same person")
    expect(verdict).to_contain_text("grey levels")
    page.get_by_label("Two faces are compared by").select_option("mahalanobis")
    expect(verdict).to_contain_text("standard deviations")


def test_three_eigenfaces_without_the_first_three_are_none(context, app_url):
    page = visit(context, app_url, "&k=3&dropped=true")
    unfold(page, "The recognition lab", ".cn-rates")
    expect(page.locator(".cn-rates-at").first).to_have_text("needs k > 3")
