"""The YOLO tab as a visitor's hand and eye meet it, in a real Chromium without network."""

import io
import json
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from playwright.sync_api import expect

from demos.yolo_answers import picture_for
from models import detectors, drawings, yolo
from models.yolo import YOLOParams
from tests.browser.find import chromium
from tests.browser.runs import asked
from weights.train.detection_ap import average_precision

pytestmark = pytest.mark.browser

FOUND = """() => {
  const { found } = document.querySelector('.cn-scene').closest('.tabitem').shared;
  return { places: found.places, kept: found.kept, blows: found.blows };
}"""

FLAG_OF_NINE = """() => {
  const flag = [...document.querySelectorAll('.cn-flag')].find((one) => one.textContent.startsWith('9'));
  const { left, bottom } = flag.getBoundingClientRect();
  return [left, bottom];
}"""


def visit(context, app_url, state=""):
    page = context.new_page()
    page.goto(f"{app_url}?demo=yolo{state}&v=1")
    expect(page.locator(".cn-answered-once")).to_be_visible()
    return page


def unfold(page, name, seen):
    page.get_by_role("button", name=re.compile(f"^{name}")).click()
    expect(page.locator(seen)).to_be_visible()
    page.wait_for_timeout(500)  # Gradio sets a widget's value once more just after it has appeared


def count(page, stage):
    return page.locator(".cn-stage-row .cn-num").nth(stage)


def flags(page):
    return sorted(page.locator(".cn-flag").all_text_contents())


def knob(page, name):
    return page.get_by_role("slider", name=name)


# --- the three stages -----------------------------------------------------------------------------


def test_page_opens_with_every_digit_boxed(context, app_url):
    page = visit(context, app_url)
    expect(page.locator(".cn-flag")).to_have_count(8)
    assert sorted(text.split()[0] for text in flags(page)) == sorted("31415926")
    expect(count(page, 0)).to_have_text("1,344")
    expect(count(page, 2)).to_have_text("8")
    expect(page.locator(".cn-answered").last).to_contain_text("yolox_digits, embedded weights, AP@50:95")


@pytest.mark.parametrize(
    "asked_for",
    [
        {},
        {"score": 0.05, "overlap": 0.3, "classwise": False},
        {"score": 0.1, "overlap": 0.45, "method": "diou"},
        {"score": 0.2, "overlap": 0.3, "method": "linear"},
        {"score": 0.2, "method": "gaussian"},
        {"score": 0.02, "picture": "motorcycle", "net": "street"},
    ],
)
def test_page_suppresses_as_the_models_do(context, app_url, asked_for):
    params = YOLOParams(**asked_for)
    state = "".join(f"&{name}={str(value).lower()}" for name, value in asked_for.items())
    told = visit(context, app_url, state).evaluate(FOUND)
    detector = detectors.load(params.net, params.shows_digits)
    places, trace = yolo.surviving(yolo.look(detector, picture_for(params), params.mistake), params)
    assert told["places"] == places.tolist()
    assert [one["place"] for one in told["kept"]] == places[list(trace.kept)].tolist()
    assert [one["score"] for one in told["kept"]] == pytest.approx(trace.scores, abs=1e-5)
    pairs = [(blow["by"], blow["box"], blow["removed"]) for blow in told["blows"]]
    assert pairs == [(int(places[blow.by]), int(places[blow.box]), blow.removed) for blow in trace.blows]
    assert [blow["overlap"] for blow in told["blows"]] == pytest.approx([b.overlap for b in trace.blows], abs=1e-5)


def test_thresholds_never_ask_the_server(context, app_url):
    page = visit(context, app_url)
    page.wait_for_timeout(500)
    calls = []
    page.on("request", lambda request: calls.append(request.url))
    knob(page, "Score, at least").fill("0.05")
    expect(count(page, 1)).not_to_have_text("8")
    above = int(count(page, 1).text_content())
    kept = int(count(page, 2).text_content())
    knob(page, "Overlap (IoU), at most").fill("1")
    expect(count(page, 2)).to_have_text(str(above))
    assert kept < above
    assert calls == []


def test_suppression_is_told_blow_by_blow(context, app_url):
    page = visit(context, app_url)
    page.locator(".cn-stage-row button").nth(1).click()
    said = page.locator(".cn-blow-said")
    expect(said).to_contain_text("in order of score")
    page.get_by_role("button", name="Next").click()
    expect(said).to_have_text(
        re.compile(
            r"^Step 1 of \d+\. #\d+ \(\d, 0\.\d\d\) goes: suppressed by #1 \(\d, 0\.\d\d\), IoU 0\.\d\d, more than"
        )
    )
    expect(page.locator(".cn-flag-struck")).to_have_text(re.compile(r"^#\d+ removed$"))
    assert page.locator(".cn-box-struck").get_attribute("d") != page.locator(".cn-box-keeper").get_attribute("d")
    page.wait_for_timeout(600)
    assert asked(page)["step"] == "1"
    slider = page.locator(".cn-blows input")
    slider.fill(slider.get_attribute("max"))
    expect(page.locator(".cn-stage-row button").nth(2)).to_have_attribute("aria-checked", "true")
    expect(page.locator(".cn-flag")).to_have_count(8)
    page.get_by_role("button", name="Back").click()
    expect(page.locator(".cn-stage-row button").nth(1)).to_have_attribute("aria-checked", "true")


def test_cells_are_taken_apart(context, app_url):
    page = visit(context, app_url, "&view=candidates&grid=32")
    expect(page.locator(".cn-heat")).to_be_visible()
    page.get_by_role("button", name="Point").click()
    scene = page.locator(".cn-scene")
    box = scene.bounding_box()
    scene.click(position={"x": box["width"] * 2.5 / 8, "y": box["height"] * 1.5 / 8})
    fate = page.locator(".cn-fate")
    expect(fate).to_contain_text("Cell 2, 1 of the 32-px grid")
    expect(fate).to_contain_text("Dead before suppression")
    page.keyboard.press("ArrowRight")
    expect(fate).to_contain_text("Cell 3, 1 of the 32-px grid")
    page.wait_for_timeout(600)
    assert asked(page)["cell"] == str(32**2 + 16**2 + 8 + 3)


def test_score_is_objectness_times_class(context, app_url):
    page = visit(context, app_url)
    told = [float(text) for text in page.locator(".cn-parts > .cn-num").all_text_contents()]
    bars = page.locator(".cn-part").evaluate_all(
        "bars => bars.map((bar) => parseFloat(bar.style.getPropertyValue('--alone')) / 100)"
    )
    assert told[0] == pytest.approx(bars[0], abs=0.006)
    for product, alone in zip(told[1:], bars[1:], strict=True):
        assert product == pytest.approx(bars[0] * alone, abs=0.006)


def test_box_says_why_it_died(context, app_url):
    page = visit(context, app_url)
    blow = page.evaluate(FOUND)["blows"][0]
    page.goto(f"{app_url}?demo=yolo&cell={blow['box']}&v=1")
    expect(page.locator(".cn-fate")).to_contain_text(
        re.compile(r"Dead: suppressed by #1 \(\d, 0\.\d\d\), IoU 0\.\d\d, more than 0\.50")
    )


def test_click_takes_up_a_box(context, app_url):
    page = visit(context, app_url)
    page.get_by_role("button", name="Point").click()
    x, y = page.evaluate(FLAG_OF_NINE)  # in one go, since a repaint makes all flags anew
    page.mouse.click(x + 25, y + 30)
    expect(page.locator(".cn-parts .cn-best").first).to_have_text("9")
    expect(page.locator(".cn-fate")).to_contain_text("Alive")


# --- pictures -------------------------------------------------------------------------------------


@pytest.fixture
def playwright_with_camera(browser):
    fake = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--no-sandbox"]
    with_camera = browser.browser_type.launch(executable_path=chromium(), args=fake)
    yield with_camera
    with_camera.close()


def test_pen_is_lifted_when_the_canvas_changes_under_it(context, app_url):
    page = visit(context, app_url)
    box = page.locator(".cn-scene").bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 90, steps=4)
    page.evaluate("document.querySelector('.cn-sight-tools [data-do=undo]').click()")
    page.mouse.move(box["x"] + 160, box["y"] + 90, steps=4)
    page.mouse.up()
    expect(count(page, 2)).to_have_text("8")
    page.wait_for_timeout(600)
    assert "drawing" not in asked(page)


def test_emptied_canvas_has_a_link(context, app_url):
    page = visit(context, app_url)
    page.get_by_role("button", name="Clear").click()
    expect(count(page, 2)).to_have_text("0")
    again = visit(context, app_url, "&drawing=")
    expect(count(again, 2)).to_have_text("0")


def test_picture_changes_after_suppression_was_followed_to_its_end(context, app_url):
    page = visit(context, app_url, "&view=candidates&grid=16")
    expect(page.locator(".cn-blow-said")).to_contain_text("One look at the picture made all 1344 boxes")
    page.get_by_role("radio", name="All", exact=True).click()
    page.locator(".cn-stage-row button").nth(1).click()
    page.locator(".cn-stage-row button").nth(2).click()
    page.get_by_role("radio", name="Digits on a blackboard").click()
    expect(page.locator(".cn-answered").last).to_contain_text("yolox_digits")
    expect(page.locator(".cn-scene img")).to_be_visible()
    page.get_by_role("radio", name="Chelsea the cat").click()
    expect(count(page, 0)).to_have_text("3,549")


def test_boxes_follow_the_pen(context, app_url):
    page = visit(context, app_url)
    page.get_by_role("button", name="Clear").click()
    expect(count(page, 2)).to_have_text("0")
    box = page.locator(".cn-scene").bounding_box()
    side = box["width"] / 256
    page.mouse.move(box["x"] + 90 * side, box["y"] + 60 * side)
    page.mouse.down()
    page.mouse.move(box["x"] + 90 * side, box["y"] + 190 * side, steps=12)
    expect(page.locator(".cn-flag")).to_have_text(re.compile("^1 "))  # while the pen is still down
    page.mouse.up()
    page.wait_for_timeout(600)
    drawing = asked(page)["drawing"]
    [stroke] = drawings.strokes_from_text(drawing)
    assert stroke[0].tolist() == pytest.approx([90, 60], abs=1)
    page.get_by_role("button", name="Undo").click()
    expect(count(page, 2)).to_have_text("0")
    again = visit(context, app_url, f"&drawing={drawing}")
    expect(again.locator(".cn-flag")).to_have_text(re.compile("^1 "))


def test_ready_drawing_takes_the_canvas(context, app_url):
    page = visit(context, app_url)
    page.get_by_role("button", name="Twelve at once").click()
    expect(count(page, 2)).to_have_text("12")


def test_photograph_is_searched_by_the_detector_for_photographs(context, app_url):
    page = visit(context, app_url, "&picture=cat")
    expect(count(page, 0)).to_have_text("3,549")
    expect(page.locator(".cn-blow-said")).to_contain_text("No box reaches 0.60: the surest says cat with 0.")
    expect(page.locator(".cn-answered").last).to_contain_text("yolox_street, embedded weights, AP@50")
    expect(page.get_by_role("button", name="Undo")).to_be_hidden()


def own_picture():
    content = io.BytesIO()
    Image.new("RGB", (120, 60), (90, 120, 40)).save(content, "PNG")
    return {"name": "own.png", "mimeType": "image/png", "buffer": content.getvalue()}


def test_upload_is_searched_and_not_in_the_address(context, app_url):
    page = visit(context, app_url)
    page.locator(".cn-detecting input[type=file]").set_input_files(own_picture())
    expect(page.locator(".cn-scene img")).to_be_visible()
    expect(count(page, 0)).to_have_text("3,549")
    page.wait_for_timeout(600)
    assert "picture" not in asked(page)


def test_what_is_no_picture_is_refused_and_nothing_is_lost(context, app_url):
    page = visit(context, app_url)
    broken = {"name": "own.png", "mimeType": "image/png", "buffer": b"no picture"}
    page.locator(".cn-detecting input[type=file]").set_input_files(broken)
    expect(page.locator(".cn-pictures .cn-error").last).to_contain_text("No picture.")
    expect(page.locator(".cn-flag")).to_have_count(8)


def test_live_camera_is_followed_until_it_is_stopped(playwright_with_camera, app_url):
    page = visit(playwright_with_camera.new_context(permissions=["camera"]), app_url)
    page.evaluate("""() => {
      window.answers = 0;
      ClassicNets.heed(document.querySelector('.cn-scene'), ({ answered }) => { if (answered) window.answers += 1; });
    }""")
    page.get_by_role("button", name="Live").last.click()
    page.wait_for_function("window.answers >= 4")
    expect(page.locator(".cn-scene img")).to_be_visible()
    page.get_by_role("button", name="Stop").last.click()
    expect(page.locator(".cn-detecting video")).to_be_hidden()
    expect(page.get_by_role("radio", name="Your picture")).to_have_attribute("aria-checked", "true")
    page.wait_for_timeout(1500)
    so_far = page.evaluate("window.answers")
    page.wait_for_timeout(800)
    assert page.evaluate("window.answers") == so_far


def test_detector_that_is_not_to_be_had_is_told_and_nothing_is_lost(context, app_url):
    page = visit(context, app_url)
    unfold(page, "More: the detector", ".cn-choice >> nth=0")
    page.get_by_label("Detector").select_option("coco")
    expect(page.locator(".cn-foot .cn-error").last).to_contain_text("no weights for yolox_s")
    page.wait_for_timeout(1500)  # after which it would be said that a detector is being loaded
    expect(page.locator(".cn-waiting")).to_be_hidden()
    expect(page.locator(".cn-flag")).to_have_count(8)


def test_classic_mistake_shows_what_it_does(context, app_url):
    page = visit(context, app_url)
    unfold(page, "More: the detector", ".cn-choice >> nth=0")
    page.wait_for_timeout(1200)
    expect(page.locator(".cn-waiting")).to_be_hidden()
    expect(page.locator(".cn-given-net")).to_contain_text("It knows 10 classes: 0, 1, 2")
    right = page.locator(".cn-given-net img").get_attribute("src")
    page.get_by_label("A classic mistake").select_option("unscaled")
    expect(count(page, 2)).to_have_text("0")
    assert page.locator(".cn-given-net img").get_attribute("src") != right
    page.get_by_label("A classic mistake").select_option("none")
    expect(count(page, 2)).to_have_text("8")
    page.get_by_label("What happens to the weaker box").select_option("gaussian")
    expect(page.locator(".cn-blow-said")).to_contain_text("is weakened to")
    page.wait_for_timeout(600)
    assert asked(page)["method"] == "gaussian"


# --- what is taken home ---------------------------------------------------------------------------


def test_boxes_are_saved_as_coco_writes_them(context, app_url):
    page = visit(context, app_url)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save JSON").click()
    saved = json.loads(download.value.path().read_text())
    assert saved["images"][0]["width"] == 256
    names = {category["id"]: category["name"] for category in saved["categories"]}
    assert sorted(names[box["category_id"]] for box in saved["annotations"]) == sorted("31415926")
    kept = page.evaluate(FOUND)["kept"]
    assert [box["score"] for box in saved["annotations"]] == pytest.approx([one["score"] for one in kept], abs=1e-3)


def test_picture_is_saved_with_its_boxes(context, app_url):
    page = visit(context, app_url)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save PNG").click()
    picture = np.asarray(Image.open(download.value.path()).convert("RGB")).astype(int)
    assert picture.shape == (1024, 1024, 3)
    coloured = np.ptp(picture, axis=2) > 60  # ink is white
    assert coloured.sum() > 8 * 4 * 100


# --- one's own ground truth -----------------------------------------------------------------------

TRUTH = "Your own ground truth"


def tally(page):
    names = page.locator(".cn-tally span").all_text_contents()
    return dict(zip(names, page.locator(".cn-tally b").all_text_contents(), strict=True))


def test_found_boxes_taken_for_true_are_all_hits(context, app_url):
    page = visit(context, app_url)
    unfold(page, TRUTH, ".cn-truth-scene")
    page.get_by_role("button", name="Take the found ones").click()
    expect(page.locator(".cn-tally b").first).to_have_text("8")
    told = tally(page)
    assert (told["TP"], told["FP"], told["FN"]) == ("8", "0", "0")
    assert (told["Precision"], told["Recall"], told["AP@50"]) == ("1.00", "1.00", "1.000")
    page.wait_for_timeout(600)
    assert len(asked(page)["truth"].split(",")) == 40


def test_true_boxes_stay_in_the_picture_and_go_with_it(context, app_url):
    page = visit(context, app_url, "&truth=3,0,0,40,40")
    unfold(page, TRUTH, ".cn-truth-scene")
    expect(page.locator(".cn-truth-scene .cn-flag")).to_have_text("3")
    scene = page.locator(".cn-truth-scene")
    scene.scroll_into_view_if_needed()
    box = scene.bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] - 30, box["y"] - 20, steps=4)
    page.mouse.up()
    expect(page.locator(".cn-truth-scene .cn-flag")).to_have_count(2)
    page.wait_for_timeout(600)
    assert asked(page)["truth"].split(",")[5:8] == ["0", "0", "0"]
    page.get_by_role("radio", name="Chelsea the cat").click()
    expect(page.locator(".cn-truth-scene .cn-flag")).to_have_count(0)


def test_true_box_drawn_by_hand_counts(context, app_url):
    page = visit(context, app_url)
    unfold(page, TRUTH, ".cn-truth-scene")
    scene = page.locator(".cn-truth-scene")
    scene.scroll_into_view_if_needed()
    box = scene.bounding_box()
    page.get_by_label("Class of the next box").select_option(label="7")
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 80, steps=4)
    page.mouse.up()
    expect(page.locator(".cn-tally b").nth(2)).to_have_text("1")
    told = tally(page)
    assert (told["TP"], told["FP"], told["FN"]) == ("0", "8", "1")


MEASURE = """([found, truth]) =>
  [ClassicBoxes.averagePrecision(found, truth, 0.5), ClassicBoxes.meanPrecision(found, truth)]"""
CORNER = st.integers(0, 60)
THINGS = st.lists(
    st.tuples(st.integers(0, 2), CORNER, CORNER, st.integers(4, 40), st.integers(4, 40)), min_size=1, max_size=6
)


@pytest.fixture(scope="module")
def boxes_page(browser, app_url):
    page = browser.new_context().new_page()
    page.goto(app_url)
    page.wait_for_function("window.ClassicBoxes")
    return page


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(truth=THINGS, found=THINGS, wobble=st.integers(0, 3))
def test_average_precision_is_cocos(boxes_page, truth, found, wobble):
    def square(thing, by=0):
        kind, left, top, width, height = thing
        return [kind, left + by, top, left + by + width, top + height]

    true = [square(thing) for thing in truth]
    guesses = [square(thing) for thing in found] + [square(thing, wobble) for thing in truth]
    scores = [0.95 - 0.07 * place for place in range(len(guesses))]
    asked_for = [
        [{"kind": k, "box": box, "score": score} for (k, *box), score in zip(guesses, scores, strict=True)],
        [{"kind": k, "box": box} for k, *box in true],
    ]
    told = boxes_page.evaluate(MEASURE, asked_for)
    answers = np.array([[k, score, *box] for (k, *box), score in zip(guesses, scores, strict=True)], dtype=float)
    expected = average_precision([answers], [np.array(true, dtype=float)], kinds=3)
    assert told == pytest.approx([expected["map50"], expected["map50_95"]], abs=1e-6)


# --- by hand on a phone ---------------------------------------------------------------------------


def test_phone_shows_everything_in_one_column(browser, app_url):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = visit(context, app_url)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator(".cn-flag")).to_have_count(8)
    context.close()


def test_links_open_what_they_promise(context, app_url):
    page = visit(context, app_url)
    links = [link.get_attribute("href") for link in page.locator(".cn-label:visible .cn-try a").all()]
    assert len(links) == 3
    page.goto(app_url.rstrip("/") + "/" + links[0].lstrip("/"))
    expect(page.locator(".cn-heat")).to_be_visible()
