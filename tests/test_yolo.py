"""The YOLO tab: boxes, suppression as a trace, drawings, the detectors and what the tab answers."""

import base64
import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError
from safetensors.torch import load_file
from torchvision.ops import batched_nms, box_iou, distance_box_iou, nms

from demos import yolo as tab
from demos.pictures import READY, opened
from demos.refusals import checked
from demos.yolo_answers import picture_for, ready, seen
from models import detectors, drawings, yolo
from models.boxes import area, cells, decode, diou, iou
from models.device import device
from models.fold import fold
from models.graphs import graph_of
from models.images import to_jpeg_url
from models.nets.yolox import SIZES, yolox
from models.photographs import DIGIT_SCENES, SCENES
from models.suppression import suppress
from models.yolo import YOLOParams
from weights import WeightsError
from weights.manifest import YOLOX_S

NETS_DATA = Path(os.environ.get("NETS_DATA", "/nowhere"))
NANO = NETS_DATA / "weights" / "yolox_nano_coco" / "model.safetensors"
needs_nano = pytest.mark.skipif(not NANO.exists(), reason="needs COCO's YOLOX-nano in $NETS_DATA/weights")


# --- boxes ----------------------------------------------------------------------------------------

# Whole numbers, so that ties and boxes without area are frequent and every overlap is exact.
SIDES = st.integers(0, 12)
BOXES = st.lists(st.tuples(SIDES, SIDES, SIDES, SIDES), min_size=1, max_size=24)


def upright(corners: list[tuple[int, int, int, int]]) -> torch.Tensor:
    """Boxes (N, 4) with those corners, each the right way round."""
    boxes = torch.tensor(corners, dtype=torch.float32)
    return torch.cat([boxes[:, :2].minimum(boxes[:, 2:]), boxes[:, :2].maximum(boxes[:, 2:])], dim=1)


@given(BOXES, BOXES)
def test_iou_is_that_of_torchvision(corners, others):
    boxes, others = upright(corners), upright(others)
    expected = box_iou(boxes, others).nan_to_num(0)
    assert torch.equal(iou(boxes[:, None], others), expected)


@given(BOXES, BOXES)
def test_diou_is_that_of_torchvision(corners, others):
    boxes, others = upright(corners), upright(others)
    solid = area(boxes) > 0
    expected = distance_box_iou(boxes[solid], others, eps=1e-9)
    torch.testing.assert_close(diou(boxes[solid][:, None], others), expected.nan_to_num(0), atol=1e-5, rtol=0)


def test_box_turned_inside_out_is_empty():
    assert area(torch.tensor([5.0, 5.0, 1.0, 1.0])) == 0
    assert iou(torch.tensor([5.0, 5.0, 1.0, 1.0]), torch.tensor([0.0, 0.0, 9.0, 9.0])) == 0


@pytest.mark.parametrize(("side_px", "count"), [(256, 1344), (416, 3549), (640, 8400)])
def test_every_cell_is_counted_once(side_px, count):
    places = cells(side_px, side_px)
    assert len(places) == count
    assert len({tuple(place) for place in places.tolist()}) == count


def test_cell_tells_its_box_from_its_own_corner():
    told = torch.tensor([[0.5, 0.25, np.log(2), np.log(4)]], dtype=torch.float32)
    [box] = decode(told, torch.tensor([[3.0, 1.0, 16.0]])).tolist()
    assert box == pytest.approx([56 - 16, 20 - 32, 56 + 16, 20 + 32], abs=1e-4)


# --- suppression ----------------------------------------------------------------------------------


@st.composite
def crowds(draw):
    """Boxes with scores, of which many are equal, and classes."""
    boxes = upright(draw(BOXES))
    scores = draw(st.lists(st.sampled_from([0.25, 0.5, 0.5, 0.75, 0.9]), min_size=len(boxes), max_size=len(boxes)))
    kinds = draw(st.lists(st.integers(0, 2), min_size=len(boxes), max_size=len(boxes)))
    return boxes, torch.tensor(scores), torch.tensor(kinds)


@settings(max_examples=200)
@given(crowds(), st.sampled_from([0.0, 0.25, 0.5, 0.7, 1.0]))
def test_hard_suppression_keeps_what_torchvision_keeps(crowd, overlap):
    boxes, scores, kinds = crowd
    assert list(suppress(boxes, scores, kinds, overlap=overlap).kept) == stable(boxes, scores, kinds, overlap)
    assert list(suppress(boxes, scores, kinds, overlap=overlap, classwise=False).kept) == stable(
        boxes, scores, None, overlap
    )


def stable(boxes, scores, kinds, overlap):
    """torchvision's answer, equal scores in their first order: so many ties its own sort leaves as they come."""
    order = scores.argsort(descending=True, stable=True)
    ranked = torch.linspace(1, 0.5, len(order))
    found = (
        nms(boxes[order], ranked, overlap)
        if kinds is None
        else batched_nms(boxes[order], ranked, kinds[order], overlap)
    )
    return order[found].tolist()


@settings(max_examples=100)
@given(crowds(), st.sampled_from(["hard", "diou", "linear", "gaussian"]), st.booleans())
def test_trace_accounts_for_every_box(crowd, method, classwise):
    boxes, scores, kinds = crowd
    trace = suppress(boxes, scores, kinds, method=method, classwise=classwise, least=0.2)
    removed = [blow.box for blow in trace.blows if blow.removed]
    assert sorted([*trace.kept, *removed]) == list(range(len(boxes)))
    assert list(trace.scores) == sorted(trace.scores, reverse=True)
    for blow in trace.blows:
        assert blow.by in trace.kept
        assert blow.after < blow.before or blow.overlap == 0
        assert not classwise or kinds[blow.by] == kinds[blow.box]
        measured = (diou if method == "diou" else iou)(boxes[blow.by], boxes[blow.box]).item()
        assert blow.overlap == pytest.approx(measured)
        assert blow.overlap > (0 if method == "gaussian" else 0.5)


@pytest.mark.parametrize(
    ("method", "left"), [("linear", 0.8 * (1 - 2 / 3)), ("gaussian", 0.8 * np.exp(-((2 / 3) ** 2) / 0.5))]
)
def test_soft_suppression_weakens_as_in_its_paper(method, left):
    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [0.0, 2.0, 10.0, 12.0]])  # IoU 80 / 120
    trace = suppress(boxes, torch.tensor([0.9, 0.8]), torch.zeros(2), method=method)
    assert trace.kept == (0, 1)
    assert trace.scores == pytest.approx((0.9, left))
    [blow] = trace.blows
    assert (blow.by, blow.box, blow.removed) == (0, 1, False)


def test_softly_suppressed_box_goes_once_it_is_under_the_threshold():
    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [0.0, 1.0, 10.0, 11.0]])
    trace = suppress(boxes, torch.tensor([0.9, 0.8]), torch.zeros(2), method="linear", least=0.3)
    assert trace.kept == (0,)
    assert trace.blows[0].removed
    assert 0 < trace.blows[0].after < 0.3


def test_diou_spares_boxes_whose_centres_are_apart():
    boxes = torch.tensor([[0.0, 0.0, 30.0, 10.0], [9.0, 0.0, 39.0, 10.0]])  # IoU 0.54, centres 9 px apart
    scores, kinds = torch.tensor([0.9, 0.8]), torch.zeros(2)
    assert suppress(boxes, scores, kinds).kept == (0,)
    assert suppress(boxes, scores, kinds, method="diou").kept == (0, 1)


def test_nothing_suppresses_nothing():
    trace = suppress(torch.zeros(0, 4), torch.zeros(0), torch.zeros(0))
    assert trace.kept == trace.blows == ()


# --- the nets -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "millions"), [("nano", 0.91), ("tiny", 5.06), ("s", 8.97)])
def test_sizes_are_the_published_ones(size, millions):
    net = yolox(size)
    assert sum(part.numel() for part in net.parameters()) / 1e6 == pytest.approx(millions, abs=0.005)


def test_parameters_bear_the_authors_names():
    names = set(yolox("nano").state_dict())
    assert {
        "backbone.backbone.stem.conv.conv.weight",
        "backbone.backbone.dark5.1.conv2.bn.running_var",
        "backbone.C3_p4.m.0.conv2.dconv.conv.weight",
        "head.cls_preds.2.bias",
    } <= names


@pytest.fixture(scope="module")
def nano():
    """COCO's YOLOX-nano as a detector, by torch alone."""
    net = yolox("nano")
    net.load_state_dict(load_file(NANO))
    return detectors.Detector(fold(net.eval()), detectors.COCO, 416, None, device())


@needs_nano
@pytest.mark.parametrize("name", ["dog", "person", "horses", "eagle"])
def test_official_nano_finds_the_recorded_boxes(nano, name):
    recorded = json.loads((NETS_DATA / "weights" / "reference_outputs.json").read_text())
    recorded = recorded["yolox_nano_coco"]["boxes"][name]
    picture = Image.open(NETS_DATA / "data" / "test_images" / f"{name}.jpg").convert("RGB")
    found = yolo.look(nano, picture)
    places, trace = yolo.surviving(found, YOLOParams(score=0.25, overlap=0.45))
    answered = [
        (detectors.COCO[int(found.classes[place].argmax())], score, found.boxes_xyxy[place])
        for place, score in zip(places[list(trace.kept)], trace.scores, strict=True)
    ]
    for expected in recorded:
        if expected["score"] > 0.3:  # nearer to the threshold another way to shrink a picture decides
            overlaps = [
                iou(box, torch.tensor(expected["box_xyxy"])).item()
                for kind, score, box in answered
                if kind == expected["class"] and score == pytest.approx(expected["score"], abs=0.06)
            ]
            assert max(overlaps, default=0) > 0.9, expected


@pytest.mark.parametrize("size", SIZES)
def test_net_sees_the_whole_picture_at_three_strides(size):
    net = yolox(size, classes=3).eval()
    with torch.inference_mode():
        answer = net(torch.rand(2, 3, 64, 96))
    assert answer.shape == (2, 8 * 12 + 4 * 6 + 2 * 3, 8)
    assert ((answer[..., 4:] >= 0) & (answer[..., 4:] <= 1)).all()


# --- the Hub's graph ------------------------------------------------------------------------------


@pytest.fixture
def hub_graph(tmp_path, monkeypatch):
    """A graph in the place of the Hub's, small and untrained, in a folder of one's own; the net that it is of."""
    net = fold(yolox("nano").eval())
    content = graph_of(net, detectors.COCO_PX)
    hub = replace(YOLOX_S.hub, sha256=hashlib.sha256(content).hexdigest(), size=len(content))
    monkeypatch.setattr(detectors, "YOLOX_S", replace(YOLOX_S, hub=hub))
    monkeypatch.setenv("WEIGHTS_DIR", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_, **__: None)
    (tmp_path / hub.path).write_bytes(content)
    return net, tmp_path / hub.path


def test_graph_of_the_hub_is_run_as_it_is_in_bgr_up_to_255(hub_graph):
    net, _ = hub_graph
    detector = detectors.photographs.__wrapped__()
    assert detector.loaded.weights.name == "yolox_s"
    assert len(detector.classes) == 80
    picture = torch.rand(1, 3, 640, 640)
    with torch.inference_mode():
        expected = net(picture.flip(1) * 255)
    torch.testing.assert_close(detector.answer(picture), expected, atol=1e-4, rtol=1e-3)
    found = yolo.look(detector, opened("cat"))
    assert len(found.objectness) == 8400


def test_other_bytes_in_place_of_the_graph_stop_the_search(hub_graph):
    _, path = hub_graph
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(WeightsError, match="must have sha256"):
        detectors.photographs.__wrapped__()


def test_without_the_graph_our_own_net_answers_and_says_why(hub_graph):
    _, path = hub_graph
    path.unlink()
    detector = detectors.photographs.__wrapped__()
    assert detector.loaded.weights.name == "yolox_street"
    assert "offline by choice" in detector.loaded.because
    with pytest.raises(WeightsError, match="offline by choice"):
        detectors.coco.__wrapped__()


# --- from a picture to candidates -----------------------------------------------------------------


def test_letterbox_keeps_the_shape_and_fills_with_grey():
    given, scale = yolo.letterbox(Image.new("RGB", (200, 100), "white"), 64)
    assert scale == 0.32
    assert given.shape == (1, 3, 64, 64)
    assert (given[..., :32, :] == 1).all()
    assert torch.allclose(given[..., 32:, :], torch.tensor(114 / 255))


def test_boxes_come_back_in_the_pictures_own_pixels():
    told = torch.zeros(1344, 15)
    found = yolo.candidates(told, torch.zeros(1, 3, 256, 256), (0.5, 0.25))
    stride = cells(256, 256)[0, 2].item()
    assert found.boxes_xyxy[0].tolist() == pytest.approx([-stride, -2 * stride, stride, 2 * stride])


def test_threshold_keeps_the_sure_ones_in_order():
    found = yolo.look(detectors.digits(), picture_for(YOLOParams()))
    places = yolo.above(found, 0.3)
    scores = found.scores[places]
    assert (scores >= 0.3).all()
    assert (scores.diff() <= 0).all()
    assert len(places) == (found.scores >= 0.3).sum()


def answers(params: YOLOParams) -> tuple[list[str], torch.Tensor]:
    """The classes and boxes (N, 4) that are left of a picture."""
    detector = detectors.load(params.net, params.shows_digits)
    found = yolo.look(detector, picture_for(params), params.mistake)
    places, trace = yolo.surviving(found, params)
    kept = places[list(trace.kept)]
    return [detector.classes[kind] for kind in found.classes[kept].argmax(dim=1)], found.boxes_xyxy[kept]


@pytest.mark.parametrize(("name", "digits"), [("paper", "202675938"), ("board", "418650")])
def test_digits_are_found_on_any_ground_among_scribbles(name, digits):
    kinds, _ = answers(YOLOParams(picture=name, score=0.5))
    missed = list(digits)
    for kind in kinds:
        if kind in missed:
            missed.remove(kind)
    assert len(missed) <= 1
    assert len(kinds) <= len(digits) + 4  # scribbles look like digits to it


@pytest.mark.parametrize(("place", "digits"), [(0, "31415926"), (3, "271803954682")])
def test_drawn_digits_are_found_and_read(place, digits):
    kinds, _ = answers(YOLOParams(drawing=drawings.ready_drawings()[place].drawing))
    assert sorted(kinds) == sorted(digits)


def test_boxes_lie_where_the_ink_is():
    params = YOLOParams(drawing=drawings.drawn([(2, 40, 30, 120)]))
    ink = np.asarray(picture_for(params))[..., 0] > 90
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    truth = torch.tensor([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]).float()
    kinds, boxes = answers(params)
    assert kinds == ["2"]
    assert iou(boxes[0], truth) > 0.8


def test_nothing_is_found_on_an_empty_canvas():
    assert answers(YOLOParams(drawing=""))[0] == []


def test_cat_is_found_in_the_photograph_of_a_cat():
    assert "cat" in answers(YOLOParams(picture="cat", net="street", score=0.3))[0]


def test_wrong_scale_blinds_the_net():
    assert answers(YOLOParams(mistake="unscaled"))[0] == []


def test_without_a_letterbox_the_picture_is_stretched():
    wide = Image.new("RGB", (400, 100))
    given, scale = yolo.prepared(wide, 64, "stretched")
    assert given.shape == (1, 3, 64, 64)
    assert scale == (0.16, 0.64)


def test_exchanged_colours_are_exchanged():
    red = Image.new("RGB", (10, 10), "red")
    right, _ = yolo.prepared(red, 32, "none")
    wrong, _ = yolo.prepared(red, 32, "bgr")
    assert right[0, :, 0, 0].tolist() == [1, 0, 0]
    assert wrong[0, :, 0, 0].tolist() == [0, 0, 1]


def test_same_picture_gets_the_same_bytes():
    first, second = (yolo.look(detectors.digits(), picture_for(YOLOParams())) for _ in range(2))
    assert torch.equal(first.boxes_xyxy, second.boxes_xyxy)
    assert torch.equal(first.classes, second.classes)


# --- drawings -------------------------------------------------------------------------------------

POINTS = st.lists(st.tuples(st.integers(0, 511), st.integers(0, 511)), min_size=1, max_size=12)


def test_scenes_are_always_the_same():
    for name in drawings.SCENES:
        assert drawings.scene(name).tobytes() == drawings.scene(name).tobytes()


@given(st.lists(POINTS, min_size=1, max_size=6))
def test_strokes_survive_their_text(strokes):
    text = drawings.text_from_strokes(np.array(stroke) / drawings.PARTS for stroke in strokes)
    read = drawings.strokes_from_text(text)
    assert [(stroke * drawings.PARTS).astype(int).tolist() for stroke in read] == [
        [list(point) for point in stroke] for stroke in strokes
    ]


@pytest.mark.parametrize("text", ["AB", "AAA..AAA", "AA*", "AAA.", "AAA" * 1000])
def test_what_is_no_drawing_is_refused(text):
    with pytest.raises(ValueError, match=r"^drawing must"):
        drawings.strokes_from_text(text)


def test_ready_drawings_fit_an_address_and_differ():
    ready = drawings.ready_drawings()
    assert len({drawing.drawing for drawing in ready}) == len(ready) == 4
    assert all(len(drawing.drawing) <= drawings.LONGEST for drawing in ready)


def test_pen_is_as_wide_as_it_says():
    stroke = np.array([[20.0, 128.0], [236.0, 128.0]])
    picture = np.asarray(drawings.picture_of(drawings.text_from_strokes([stroke])))[..., 0] / 255
    assert picture[:, 128].sum() == pytest.approx(drawings.PEN_PX, abs=0.6)
    assert picture.shape == (drawings.SIDE_PX, drawings.SIDE_PX)


# --- the tab --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [("score", 0), ("score", 1.5), ("overlap", -0.1), ("grid", "24"), ("picture", "nowhere"), ("method", "none"),
     ("step", -1), ("truth", (1, 2, 3)), ("truth", (0, 0, 0, 9, 5000))],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_refused(field, value):
    with pytest.raises(ValidationError):
        YOLOParams(**{field: value})


def test_every_scene_is_a_ready_picture():
    assert set(SCENES) <= set(READY)
    assert tuple(drawings.SCENES) == DIGIT_SCENES
    assert [picture["name"] for picture in ready()] == [*DIGIT_SCENES, *SCENES]


@pytest.mark.parametrize("name", ["step", "cell", "grid"])
def test_empty_text_of_a_widget_stands_for_nothing(name):
    assert getattr(checked(YOLOParams, {name: ""}), name) is None


def test_crowd_is_cut_to_its_best_thousand():
    told = torch.zeros(8400, 85)
    told[:, 4] = told[:, 5] = torch.linspace(0.5, 1, 8400)
    places = yolo.above(yolo.candidates(told, torch.zeros(1, 3, 640, 640), (1.0, 1.0)), 0.01)
    assert places.tolist() == list(range(8399, 7399, -1))


def numbers(text: str, kind: type) -> np.ndarray:
    """What `packed` packed."""
    return np.frombuffer(base64.b64decode(text), kind)


def test_page_is_told_every_candidate():
    params = YOLOParams(picture="cat", net="street")
    detector, picture = detectors.street(), opened("cat")
    found = yolo.look(detector, picture)
    told = seen(detector, found, picture, params)
    boxes = numbers(told["boxes"], np.float32).reshape(-1, 4)
    kinds, chances = (
        numbers(told[name], kind).reshape(-1, 5) for name, kind in [("kinds", np.uint8), ("chances", np.float32)]
    )
    assert np.array_equal(boxes, found.boxes_xyxy.numpy())
    assert np.array_equal(numbers(told["objectness"], np.float32), found.objectness.numpy())
    assert np.array_equal(kinds[:, 0], found.classes.argmax(dim=1).numpy())
    assert (np.diff(chances, axis=1) <= 0).all()
    assert (told["width"], told["height"]) == picture.size


def test_api_answers_in_cocos_format():
    answer = tab.api(drawing=drawings.ready_drawings()[0].drawing)
    assert sorted(box["category"] for box in answer["boxes"]) == sorted("31415926")
    assert all(len(box["bbox"]) == 4 and 0.6 <= box["score"] <= 1 for box in answer["boxes"])
    assert {blow["by"] for blow in answer["blows"]} <= {box["candidate"] for box in answer["boxes"]}


def test_ones_own_picture_is_searched():
    answer = tab.api(picture=to_jpeg_url(opened("cat")), net="street", score=0.3)
    assert "cat" in {box["category"] for box in answer["boxes"]}


def test_photographs_are_left_to_our_own_net_without_the_hub():
    assert detectors.photographs().loaded.weights.name in ("yolox_s", "yolox_street")
    assert detectors.load("auto", shows_digits=True) is detectors.digits()
