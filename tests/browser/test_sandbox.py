"""The overlap sandbox alone on a page: two boxes under a hand or under arrow keys, and the figures that follow."""

import json
import multiprocessing
import re

import gradio as gr
import pytest
import torch
from playwright.sync_api import expect
from torchvision.ops import box_iou, distance_box_iou

from demos import ui
from demos.look import classic_nets, head
from tests.server import free_port, wait_for

pytestmark = pytest.mark.browser

FIRST = [20, 20, 180, 110, 110, 45, 265, 135]
FROM_THE_SERVER = [0, 0, 100, 100, 0, 0, 100, 60]
TRUTH, TRUTH_LOW, TRUTH_HIGH, GUESS, GUESS_LOW, GUESS_HIGH = range(6)  # the parts, in the order of the Tab key
CORNERS = (TRUTH_LOW, TRUTH_HIGH, GUESS_LOW, GUESS_HIGH)


def serve(port: int) -> None:
    """A page with the sandbox in a tab, what the server holds of it, and a button that sets it."""
    with gr.Blocks() as blocks, gr.Tabs(), gr.Tab("Boxes"):
        sandbox = ui.widget("sandbox", FIRST, help="How much two boxes overlap.")
        kept = gr.Textbox(label="Kept")
        sandbox.input(str, sandbox, kept, show_progress="hidden", trigger_mode="always_last")
        gr.Button("Set").click(lambda: FROM_THE_SERVER, None, sandbox)
    blocks.launch(server_port=port, theme=classic_nets(), head=head(), footer_links=[], quiet=True)


class Served(multiprocessing.get_context("spawn").Process):
    """The page's process, as `wait_for` asks of one."""

    def poll(self):
        return self.exitcode


@pytest.fixture(scope="module")
def app_url():
    port = free_port()
    process = Served(target=serve, args=(port,), daemon=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
        process.start()
    url = f"http://127.0.0.1:{port}/"
    wait_for(url, process)
    yield url
    process.terminate()
    process.join(10)


@pytest.fixture
def page(context, app_url):
    page = context.new_page()
    page.goto(app_url)
    expect(page.locator(".cn-iou")).to_have_attribute("data-value", json.dumps(FIRST, separators=(",", ":")))
    page.wait_for_timeout(1000)  # Gradio sets a widget's value once more just after it has appeared
    return page


def part(page, number):
    return page.locator(".cn-iou-field [role=button]").nth(number)


def drag(page, number, right, down):
    """Drag a part of a box by so many pixels."""
    box = part(page, number).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right, y + down, steps=3)
    page.mouse.up()


def value(page):
    return json.loads(page.locator(".cn-iou").get_attribute("data-value"))


def boxes(page):
    """The truth and the guess as torchvision takes them, each (1, 4)."""
    return torch.tensor(value(page), dtype=torch.float64).view(2, 1, 4)


def figure(page, name):
    """What is written for a figure; the same wherever it stands."""
    [text] = set(page.locator(f".cn-iou [data-figure={name}]").all_inner_texts())
    return float(re.sub(r"\s", "", text).replace("−", "-"))


def counts(page):
    return [figure(page, name) for name in ("tp", "fp", "fn", "all")]


def test_dragged_corners_give_the_overlap_that_torchvision_gives(page):
    for number in CORNERS:
        before = value(page)
        drag(page, number, 31, -17)
        assert value(page) != before
        truth, guess = boxes(page)
        tp, _, _, union = counts(page)
        assert tp / union == pytest.approx(box_iou(truth, guess).item(), abs=1e-12)
        assert figure(page, "iou") == pytest.approx(box_iou(truth, guess).item(), abs=0.005)
        assert figure(page, "diou") == pytest.approx(distance_box_iou(truth, guess).item(), abs=0.005)


def test_dragged_inside_moves_the_whole_box_and_stops_at_the_edge(page):
    drag(page, GUESS, 4000, 4000)
    assert value(page) == [*FIRST[:4], 165, 60, 320, 150]
    drag(page, GUESS, -4000, -4000)
    assert value(page) == [*FIRST[:4], 0, 0, 155, 90]


def test_hit_and_missed_ground_add_up_to_all(page):
    drag(page, TRUTH_HIGH, 45, 12)
    tp, fp, fn, union = counts(page)
    assert tp + fp + fn == union
    left, top, right, bottom = value(page)[:4]
    assert tp + fn == (right - left) * (bottom - top)


def test_arrow_keys_move_boxes_and_corners_by_five(page):
    part(page, TRUTH).press("ArrowRight")
    part(page, TRUTH).press("ArrowUp")
    part(page, GUESS_HIGH).press("ArrowLeft")
    part(page, GUESS_HIGH).press("ArrowDown")
    assert value(page) == [25, 15, 185, 105, 110, 45, 260, 140]
    expect(part(page, TRUTH)).to_have_accessible_name("Move the truth, now from 25, 15 to 185, 105")
    expect(part(page, GUESS_HIGH)).to_have_accessible_name("Corner of the guess, now at 260, 140")


def test_corner_pulled_past_the_other_leaves_an_upright_box_and_stays_in_hand(page):
    drag(page, TRUTH_HIGH, -4000, 0)
    assert value(page)[:4] == [0, 20, 20, 110]
    expect(part(page, TRUTH_HIGH)).to_have_accessible_name("Corner of the truth, now at 0, 110")


def test_boxes_without_ground_overlap_by_nothing(page):
    for high in (TRUTH_HIGH, GUESS_HIGH):
        drag(page, high, -4000, -4000)
    for low in (TRUTH_LOW, GUESS_LOW):
        drag(page, low, -4000, -4000)
    assert value(page) == [0] * 8
    assert page.locator(".cn-iou b[data-figure=iou]").inner_text() == "0.00"
    assert "NaN" not in page.locator(".cn-iou").inner_text()


def test_verdict_follows_the_threshold_of_the_tab(page):
    verdict = page.locator(".cn-iou-verdict")
    expect(verdict).to_have_text("Not more than 0.50: both would stay.")
    page.evaluate("ClassicNets.share(document.querySelector('.cn-iou'), { overlap: 0.1 })")
    expect(verdict).to_have_text("More than 0.10: suppression would remove the weaker one.")


def test_overlap_equal_to_the_threshold_is_not_more(page):
    page.get_by_role("button", name="Set").click()
    expect(page.locator(".cn-iou b[data-figure=iou]")).to_have_text("0.60")
    page.evaluate("ClassicNets.share(document.querySelector('.cn-iou'), { overlap: 0.6 })")
    expect(page.locator(".cn-iou-verdict")).to_contain_text("Not more than 0.60")


def test_server_sets_the_boxes_and_hears_of_every_change(page):
    page.get_by_role("button", name="Set").click()
    expect(page.locator(".cn-iou b[data-figure=iou]")).to_have_text("0.60")
    assert value(page) == FROM_THE_SERVER
    part(page, GUESS_HIGH).press("ArrowDown")
    expect(page.get_by_label("Kept")).to_have_value(str([*FROM_THE_SERVER[:7], 65]))


def test_phone_has_room_for_a_finger_and_does_not_scroll_sideways(page):
    page.set_viewport_size({"width": 390, "height": 844})
    drag(page, GUESS_HIGH, 4000, 4000)
    for number in CORNERS:
        box = part(page, number).bounding_box()
        assert min(box["width"], box["height"]) >= 43.5
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("width", [300, 340])
def test_numbers_keep_their_place(page, width):
    page.add_style_tag(content=f".cn-iou {{ width: {width}px }}")
    before = page.locator(".cn-iou-sum").bounding_box()
    place = page.locator(".cn-iou-terms").last.bounding_box()
    drag(page, TRUTH_LOW, -4000, -4000)
    drag(page, TRUTH_HIGH, 4000, 4000)
    assert counts(page)[3] == 48_000
    assert page.locator(".cn-iou-sum").bounding_box() == before
    assert page.locator(".cn-iou-terms").last.bounding_box() == place
    assert place["x"] + place["width"] <= before["x"] + width
