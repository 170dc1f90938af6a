"""The recipe of the detectors: who learns which box, how far off they are, what they see, and how they are marked."""

import argparse
import hashlib
import io
import json
import math
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from models.boxes import cells, decode, iou
from models.nets.yolox import STRIDES, YOLOX
from weights.train import digit_scenes, street_scenes, yolo
from weights.train.detection_ap import SEEN, average_precision, detections
from weights.train.detection_loss import (
    IOU_WEIGHT,
    MOST_CELLS,
    OUTSIDE,
    RADIUS,
    UNSURE,
    Targets,
    chosen,
    class_cost,
    detection_loss,
    labelled,
    nothing_like,
    told_by,
    well_placed,
)
from weights.train.digit_scenes import COVERED, INK, KINDS, LARGEST_PX, SMALLEST_PX, Digits
from weights.train.mnist import load_mnist
from weights.train.recipe import Checkpoint
from weights.train.street_scenes import CLASSES, Photograph

SURE = 20.0  # a logit that is as good as certain


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def grid_of(side_px):
    """Column, row and stride of every cell, the slow way."""
    return [
        (column, row, stride)
        for stride in STRIDES
        for row in range(side_px // stride)
        for column in range(side_px // stride)
    ]


def answer(labels, side_px, kinds):
    """Logits (N, 5 + K) of a net that knows the labels: each is told by the cell that holds its centre."""
    places = grid_of(side_px)
    logits = torch.full((len(places), 5 + kinds), -SURE)
    logits[:, :4] = 0
    for kind, left, top, right, bottom in torch.as_tensor(labels).tolist():
        stride = next((stride for stride in STRIDES if max(right - left, bottom - top) <= 6 * stride), STRIDES[-1])
        x, y = (left + right) / 2 / stride, (top + bottom) / 2 / stride
        cell = places.index((int(x), int(y), stride))
        told = (x - int(x), y - int(y), math.log((right - left) / stride), math.log((bottom - top) / stride))
        logits[cell, :5] = torch.tensor([*told, SURE])
        logits[cell, 5 + int(kind)] = SURE
    return logits


def squeezed(logits):
    """What a net answers that has these logits (B, N, 5 + K)."""
    return torch.cat([logits[..., :4], logits[..., 4:].sigmoid()], dim=2)


# --- who learns which box, against the paper's words ------------------------------------------------------


def loss_of(share, right):
    """Cross-entropy of one class's probability."""
    share = min(max(share, 1e-6), 1 - 1e-6)
    return -math.log(share if right else 1 - share)


def sigmoid(logit):
    return 1 / (1 + math.exp(-logit))


def overlap_of(box, other):
    width, height = (max(0.0, min(box[axis + 2], other[axis + 2]) - max(box[axis], other[axis])) for axis in (0, 1))
    sizes = [(each[2] - each[0]) * (each[3] - each[1]) for each in (box, other)]
    return width * height / (sum(sizes) - width * height)


def box_of(told, cell):
    column, row, stride = cell
    x, y, width, height = (
        (column + told[0]) * stride,
        (row + told[1]) * stride,
        *(math.exp(t) * stride for t in told[2:4]),
    )
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def lies_well(box, cell):
    x, y = ((place + 0.5) * cell[2] for place in cell[:2])
    near = max(abs(x - (box[0] + box[2]) / 2), abs(y - (box[1] + box[3]) / 2)) < RADIUS * cell[2]
    return near and box[0] < x < box[2] and box[1] < y < box[3]


def assigned(logits, labels, places):
    """SimOTA of one picture, cell by cell: {cell: (its label, their overlap)}."""
    wishes = {}
    for number, (kind, *box) in enumerate(labels):
        if kind < 0:
            continue
        costs, overlaps = [], []
        for told, cell in zip(logits, places, strict=True):
            overlap = overlap_of(box_of(told, cell), box)
            shares = [math.sqrt(sigmoid(logit) * sigmoid(told[4])) for logit in told[5:]]
            cost = sum(loss_of(share, place == int(kind)) for place, share in enumerate(shares))
            cost += -3 * math.log(max(overlap, 1e-8))
            costs.append(cost if lies_well(box, cell) else cost + OUTSIDE)
            overlaps.append(overlap)
        wanted = max(1, int(sum(sorted(overlaps)[-MOST_CELLS:])))
        for cell in sorted(range(len(places)), key=costs.__getitem__)[:wanted]:
            wishes.setdefault(cell, []).append((costs[cell], number, overlaps[cell]))
    return {cell: min(wish)[1:] for cell, wish in wishes.items()}


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    boxes=st.lists(st.booleans(), min_size=1, max_size=5),
    kinds=st.integers(1, 3),
    knowing=st.booleans(),
)
def test_every_cell_learns_the_box_that_the_paper_gives_it(seed, boxes, kinds, knowing):
    random, places = np.random.default_rng(seed), cells(64, 32)
    low = random.uniform(0, (20, 50), (len(boxes), 2))
    labels = np.concatenate(
        [random.integers(kinds, size=(len(boxes), 1)), low, low + random.uniform(4, 30, low.shape)], 1
    )
    labels[~np.array(boxes)] = -1  # padding may stand anywhere
    logits = random.normal(size=(len(places), 5 + kinds))
    if knowing:  # as late in training, when many cells tell a box well and the boxes want several
        x, y, stride = ((places[:, axis].double().numpy()) for axis in range(3))
        goal = labels[random.integers(len(boxes), size=len(places)), 1:]
        middle = (goal[:, :2] + goal[:, 2:]) / 2 / stride[:, None] - np.stack([x, y], axis=1)
        size = np.log(np.maximum(goal[:, 2:] - goal[:, :2], 1) / stride[:, None])
        logits[:, :4] = np.concatenate([middle, size], axis=1) + 0.1 * logits[:, :4]
    given_logits, given_labels = torch.from_numpy(logits)[None], torch.from_numpy(labels)[None]
    targets = labelled(nothing_like(given_logits), given_logits, given_labels, places.double())

    expected = assigned(logits.tolist(), labels.tolist(), places.tolist())
    assert targets.weight[0].nonzero()[:, 0].tolist() == sorted(expected)
    assert torch.equal(targets.objectness, targets.weight)
    for cell, (number, overlap) in expected.items():
        assert targets.boxes[0, cell].tolist() == labels[number, 1:].tolist()
        share = [overlap if kind == labels[number, 0] else 0 for kind in range(kinds)]
        assert targets.classes[0, cell].tolist() == pytest.approx(share)


def test_pictures_of_a_batch_do_not_mix():
    places, logits = cells(64, 64), torch.randn(3, 84, 7, generator=generator())
    labels = torch.tensor([[[0, 5, 5, 30, 40], [1, 20, 20, 60, 60]], [[1, 2, 2, 20, 20], [-1] * 5], [[-1] * 5] * 2])
    together = labelled(nothing_like(logits), logits, labels.float(), places)
    for picture in range(3):
        alone = logits[picture : picture + 1]
        alone = labelled(nothing_like(alone), alone, labels[picture : picture + 1].float(), places)
        assert all(torch.equal(getattr(alone, name)[0], getattr(together, name)[picture]) for name in vars(alone))
    assert together.weight.sum(dim=1).gt(0).tolist() == [True, True, False]


def test_class_cost_is_the_cross_entropy_of_the_joint_score():
    logits = torch.randn(2, 6, 5 + 4, generator=generator(), dtype=torch.float64)
    kinds = torch.tensor([[3, 0, 0], [1, 2, 3]])
    scores = (logits[..., 5:].sigmoid() * logits[..., 4:5].sigmoid()).sqrt()
    for picture, row in enumerate(kinds):
        for number, kind in enumerate(row):
            truth = F.one_hot(kind, 4).double().expand(6, -1)
            expected = F.binary_cross_entropy(scores[picture], truth, reduction="none").sum(dim=1)
            assert torch.allclose(class_cost(logits, kinds)[picture, number], expected)


def test_class_cost_of_the_surest_mistake_is_finite():
    logits = torch.full((1, 2, 7), 1000.0)
    logits[:, 1] = -1000
    assert class_cost(logits, torch.tensor([[0]])).isfinite().all()


def test_box_goes_to_cells_inside_it_and_near_its_centre():
    boxes = torch.tensor([[[0.0, 0, 64, 64], [9, 9, 11, 11]]])
    placed = well_placed(boxes, cells(64, 64))[0]
    expected = [[lies_well(box, cell) for cell in grid_of(64)] for box in boxes[0].tolist()]
    assert placed.tolist() == expected
    assert placed[0, :64].reshape(8, 8).any(dim=0).tolist() == [False] * 2 + [True] * 4 + [False] * 2  # 2.5 strides
    assert placed[0, 64:].all()  # a coarse grid is all near
    assert not placed[1].any()  # between the middles of all cells


def test_box_gets_as_many_cells_as_its_best_overlaps_sum_to():
    overlap = torch.tensor([[[0.9, 0.8, 0.7, 0.65, 0.0], [0.3, 0.1, 0.0, 0.0, 0.0]]])
    cost = torch.tensor([[[1.0, 2, 3, 4, 5], [9, 8, 7, 6, 5]]])
    mine = chosen(cost, overlap, torch.tensor([[True, True]]))
    assert mine.int().tolist() == [[[1, 1, 1, 0, 0], [0, 0, 0, 0, 1]]]


def test_cell_that_two_boxes_want_goes_to_the_cheaper():
    overlap = torch.full((1, 2, 3), 0.4)
    cost = torch.tensor([[[3.0, 7, 9], [2, 6, 8]]])
    assert chosen(cost, overlap, torch.tensor([[True, True]])).int().tolist() == [[[0, 0, 0], [1, 0, 0]]]
    assert chosen(cost, overlap, torch.tensor([[True, False]])).int().tolist() == [[[1, 0, 0], [0, 0, 0]]]


def test_box_between_all_cells_is_learnt_all_the_same():
    logits = torch.randn(1, 84, 6, generator=generator())
    targets = labelled(nothing_like(logits), logits, torch.tensor([[[0.0, 9, 9, 11, 11]]]), cells(64, 64))
    assert targets.weight.sum() >= 1


def test_labels_are_put_over_a_teachers_word():
    places, logits = cells(64, 64), torch.randn(1, 84, 8, generator=generator())
    word = told_by(squeezed(torch.randn(1, 84, 8, generator=generator(1))), places)
    targets = labelled(word, logits, torch.tensor([[[2.0, 8, 8, 40, 56]]]), places)
    alone = labelled(nothing_like(logits), logits, torch.tensor([[[2.0, 8, 8, 40, 56]]]), places)
    mine = alone.weight[0] > 0
    for name in vars(word):
        assert torch.equal(getattr(targets, name)[0, mine], getattr(alone, name)[0, mine])
        assert torch.equal(getattr(targets, name)[0, ~mine], getattr(word, name)[0, ~mine])


def test_teacher_teaches_no_box_that_it_is_unsure_of():
    places, told = cells(32, 32), squeezed(torch.randn(1, 21, 7, generator=generator()))
    told[0, :, 4] = torch.linspace(0, 2 * UNSURE, 21)
    word = told_by(told, places)
    assert torch.equal(word.objectness, told[..., 4])
    assert torch.equal(word.weight > 0, told[..., 4] > UNSURE)
    assert torch.equal(word.weight[0, 11:], told[0, 11:, 4])  # by how sure it is
    assert torch.equal(word.boxes, decode(told[..., :4], places))

    logits = torch.randn(1, 21, 7, generator=generator(1), requires_grad=True)
    sum(detection_loss(logits, word, places).values()).backward()
    unsure = word.weight[0] == 0
    assert logits.grad[0, unsure][:, [0, 1, 2, 3, 5, 6]].eq(0).all()
    assert logits.grad[0, ~unsure][:, [0, 1, 2, 3, 5, 6]].ne(0).all()


# --- how far off they are ---------------------------------------------------------------------------------


def wished(seed=0):
    """Targets of a picture of 64 × 64 px with three classes, half of its cells with a box, and the logits for them."""
    random, places = generator(seed), cells(64, 64)
    logits = torch.randn(1, 84, 8, generator=random)
    logits[..., 4:] = SURE * (2 * torch.randint(0, 2, (1, 84, 4), generator=random) - 1)
    objectness, classes = (logits[..., 4] > 0).float(), (logits[..., 5:] > 0).float()
    return Targets(decode(logits[..., :4], places), objectness, classes, objectness), logits


def test_loss_of_the_right_answer_is_nothing():
    targets, logits = wished()
    losses = detection_loss(logits, targets, cells(64, 64))
    assert set(losses) == {"boxes", "sides", "classes", "objectness"}
    assert all(loss.item() == pytest.approx(0, abs=1e-4) for loss in losses.values())


def test_losses_are_what_one_reckons_by_hand():
    places, logits = cells(32, 32), torch.zeros(1, 21, 7)
    last = (torch.arange(21) == 20).float()[None]  # its cell tells -16, -16, 16, 16: twice as wide as what it should
    boxes = torch.tensor([-16.0, -16, 0, 16]).expand(1, 21, 4)
    targets = Targets(boxes, last, last[..., None] * torch.tensor([1.0, 0]), last)
    losses = detection_loss(logits, targets, places)
    assert losses["boxes"].item() == pytest.approx(IOU_WEIGHT * (1 - 0.5**2))
    assert losses["sides"].item() == pytest.approx(8 / 32 + math.log(2))
    assert losses["classes"].item() == pytest.approx(2 * math.log(2))
    assert losses["objectness"].item() == pytest.approx(21 * math.log(2))


@pytest.mark.parametrize("side", range(4))
def test_loss_grows_the_further_a_box_is_moved(side):
    targets, logits = wished()
    before = (0.0, 0.0)
    for move in (0.1, 0.3, 0.9):
        moved = logits.clone()
        moved[..., side] += move
        losses = detection_loss(moved, targets, cells(64, 64))
        now = losses["boxes"].item(), losses["sides"].item()
        assert now[0] > before[0] + 0.01
        assert now[1] == pytest.approx(move, rel=1e-3)
        before = now


def test_slope_is_finite_wherever_the_answer_is():
    places = cells(64, 64)
    for spread in (0.0, 1.0, 10.0):
        logits = (spread * torch.randn(2, 84, 8, generator=generator())).requires_grad_()
        labels = torch.tensor([[[0.0, 0, 0, 64, 64], [2, 3, 3, 9, 9]], [[1, 10, 10, 50, 20], [-1] * 5]])
        targets = labelled(nothing_like(logits), logits, labels, places)
        sum(detection_loss(logits, targets, places).values()).backward()
        assert logits.grad.isfinite().all()
        assert logits.grad.abs().sum() > 0


@pytest.mark.parametrize("labels", [torch.zeros(2, 0, 5), torch.full((2, 3, 5), -1.0)], ids=["none", "padding"])
def test_picture_without_labels_teaches_only_that_nothing_is_there(labels):
    places, logits = cells(64, 64), torch.randn(2, 84, 8, generator=generator()).requires_grad_()
    losses = detection_loss(logits, labelled(nothing_like(logits), logits, labels, places), places)
    assert [losses[name].item() for name in ("boxes", "sides", "classes")] == [0, 0, 0]
    sum(losses.values()).backward()
    assert logits.grad[..., 4].gt(0).all()
    assert logits.grad[..., [0, 1, 2, 3, 5, 6, 7]].eq(0).all()


def test_teachers_own_answer_is_where_the_loss_is_flat():
    places, logits = cells(64, 64), torch.randn(1, 84, 8, generator=generator())
    student = logits.clone().requires_grad_()
    losses = detection_loss(student, told_by(squeezed(logits), places), places)
    assert losses["boxes"].item() == pytest.approx(0, abs=1e-5)
    (losses["classes"] + losses["objectness"]).backward()
    assert student.grad.abs().max() < 1e-6


def test_steps_down_the_loss_find_the_labels():
    places, labels = cells(64, 64), torch.tensor([[[1.0, 6, 8, 34, 30], [0, 30, 34, 62, 58]]])
    logits = torch.randn(1, 84, 7, generator=generator())
    logits[..., 4:] -= 4
    optimizer = torch.optim.Adam([logits.requires_grad_()], lr=0.2)
    for _ in range(60):
        optimizer.zero_grad()
        targets = labelled(nothing_like(logits), logits, labels, places)
        sum(detection_loss(logits, targets, places).values()).backward()
        optimizer.step()
    [found] = detections(lambda _: squeezed(logits.detach()), torch.zeros(1, 3, 64, 64))
    best = found[found[:, 1] > 0.5]
    assert sorted(best[:, 0].tolist()) == [0, 1]
    overlap = iou(torch.from_numpy(best[np.argsort(-best[:, 0]), 2:]), labels[0, :, 1:])
    assert overlap.min() > 0.9


def test_targets_and_losses_stay_on_their_device():
    logits, labels = torch.empty(2, 84, 7, device="meta"), torch.empty(2, 3, 5, device="meta")
    places = cells(64, 64).to(logits)
    losses = detection_loss(logits, labelled(nothing_like(logits), logits, labels, places), places)
    assert {loss.device.type for loss in losses.values()} == {"meta"}


def test_cells_that_were_first_looked_at_can_be_learnt_with():
    cells.cache_clear()
    with torch.inference_mode():
        cells(64, 64)
    targets, logits = wished()
    sum(detection_loss(logits.requires_grad_(), targets, cells(64, 64)).values()).backward()
    assert logits.grad is not None


# --- scenes of digits -------------------------------------------------------------------------------------


def shapes():
    """A bar, a ring, a cross and a corner, as MNIST would have them."""
    sheets = [Image.new("L", (28, 28)) for _ in range(4)]
    bar, ring, cross, corner = map(ImageDraw.Draw, sheets)
    bar.line((14, 4, 14, 23), 255, 3)
    ring.ellipse((6, 4, 21, 23), outline=255, width=3)
    cross.line((6, 5, 21, 22), 255, 3)
    cross.line((21, 5, 6, 22), 255, 3)
    corner.line((7, 4, 20, 4, 10, 23), 255, 3)
    return np.stack([np.asarray(sheet) for sheet in sheets]), np.array([1, 0, 4, 7])


@pytest.fixture(scope="module")
def digits():
    pictures, labels = shapes()
    return Digits(pictures, labels, [digit_scenes.middle_line(picture) for picture in pictures])


@pytest.fixture
def bare(monkeypatch):
    """Scenes are nothing but ink."""

    def nothing(*_):
        return np.zeros((digit_scenes.SIDE_PX, digit_scenes.SIDE_PX), np.float32)

    monkeypatch.setattr(digit_scenes, "clutter", nothing)
    monkeypatch.setattr(digit_scenes, "coloured", lambda ink, *_: np.stack([ink] * 3))


def touches(ink):
    """Whether ink reaches all four sides of its box."""
    dark = ink > INK
    return all(side.any() for side in (dark[0], dark[-1], dark[:, 0], dark[:, -1]))


def assert_labels_are_tight(digits, random, scenes):
    for _ in range(scenes):
        picture, labels = digit_scenes.scene(digits, random)
        ink = picture[0].numpy().copy()
        for _, left, top, right, bottom in labels.int().tolist():
            assert touches(ink[top:bottom, left:right])
        for _, left, top, right, bottom in labels.int().tolist():
            ink[top:bottom, left:right] = 0
        assert ink.max() <= INK


def assert_labels_are_sound(labels):
    kinds, low, high = labels[:, 0], labels[:, 1:3], labels[:, 3:]
    assert set(kinds.tolist()) <= set(range(KINDS))
    assert torch.equal(labels, labels.round())
    assert low.min() >= 0
    assert high.max() <= digit_scenes.SIDE_PX
    longest = (high - low).amax(dim=1)
    assert longest.min() >= 0.8 * SMALLEST_PX  # a pen, a soft edge or a stretch may change it
    assert longest.max() <= 1.2 * LARGEST_PX
    for number, box in enumerate(labels[:, 1:]):
        for other in labels[:number, 1:]:
            width, height = (torch.minimum(box[2:], other[2:]) - torch.maximum(box[:2], other[:2])).clamp_min(0)
            smaller = min((each[2:] - each[:2]).prod() for each in (box, other))
            assert width * height <= COVERED * smaller + 1e-3


@pytest.mark.parametrize("penned", [0, 1], ids=["printed", "penned"])
def test_box_of_a_digit_is_tight_around_its_ink(digits, penned, monkeypatch):
    monkeypatch.setattr(digit_scenes, "PENNED", penned)
    made, whole = digit_scenes.penned if penned else digit_scenes.printed, []

    def make(*given):
        whole.append(made(*given))
        return whole[-1]

    monkeypatch.setattr(digit_scenes, made.__name__, make)
    random = np.random.default_rng(0)
    for number in range(200):
        ink = digit_scenes.draw(digits, number % 4, random)
        assert (ink > INK).sum() == (whole[-1] > INK).sum()  # none is cut off
        assert ink.min() >= 0
        assert ink.max() <= 1
        assert touches(ink)


@pytest.mark.usefixtures("bare")
def test_labels_of_a_scene_are_tight_around_all_its_ink(digits):
    assert_labels_are_tight(digits, np.random.default_rng(0), scenes=60)


def test_digits_of_a_scene_keep_their_size_and_their_distance(digits):
    random = np.random.default_rng(1)
    counts, kinds = set(), set()
    for _ in range(60):
        picture, labels = digit_scenes.scene(digits, random)
        assert picture.shape == (3, 256, 256)
        assert picture.dtype == torch.float32
        assert picture.min() >= 0
        assert picture.max() <= 1
        assert_labels_are_sound(labels)
        counts.add(len(labels))
        kinds |= set(labels[:, 0].tolist())
    assert min(counts) == 1
    assert max(counts) >= 8
    assert kinds == {0, 1, 4, 7}


@pytest.mark.usefixtures("bare")
def test_label_names_the_digit_that_is_drawn(digits, monkeypatch):
    monkeypatch.setattr(digit_scenes, "MOST_DIGITS", 1)
    random = np.random.default_rng(3)
    for _ in range(60):
        picture, [[kind, left, top, right, bottom]] = digit_scenes.scene(digits, random)
        hollow = picture[0, int(top + bottom) // 2, int(left + right) // 2] < INK
        assert hollow == (kind == 0) or kind == 7  # bars and crosses have ink in their middle, corners may


def test_same_seed_makes_the_same_scenes(digits):
    first, again, other = (
        [digit_scenes.scene(digits, random) for _ in range(4)] for random in map(np.random.default_rng, (0, 0, 1))
    )
    assert all(torch.equal(*pair) for pairs in zip(first, again, strict=True) for pair in zip(*pairs, strict=True))
    assert not any(torch.equal(here, there) for (here, _), (there, _) in zip(first, other, strict=True))


def test_ring_stays_hollow_and_bar_slim_however_they_are_drawn(digits):
    random = np.random.default_rng(2)
    for make in (digit_scenes.printed, digit_scenes.penned):
        ring, bar = (make(digits, index, 80.0, 1.0, random) for index in (1, 0))
        rows, columns = (np.flatnonzero((ring > INK).any(axis=axis)) for axis in (1, 0))
        assert ring[int(rows.mean()), int(columns.mean())] < INK
        rows, columns = (np.flatnonzero((bar > INK).any(axis=axis)) for axis in (1, 0))
        assert np.ptp(rows) > 1.5 * np.ptp(columns)


def test_middle_line_runs_along_the_middle_of_the_ink():
    pictures, _ = shapes()
    line = digit_scenes.middle_line(pictures[0])
    ink = np.argwhere(pictures[0] > 100)
    assert line[..., 0] == pytest.approx(np.full(line.shape[:2], ink[:, 1].mean()), abs=0.5)
    assert np.ptp(line[..., 1]) == pytest.approx(np.ptp(ink[:, 0]), abs=3)
    assert (np.linalg.norm(line[:, 0] - line[:, 1], axis=1) < 2).all()


def test_speck_of_ink_has_a_middle_line_too():
    picture = np.zeros((28, 28), np.uint8)
    picture[14, 9] = 90
    assert digit_scenes.middle_line(picture).tolist() == [[[9, 14], [9, 14]]]


def test_box_finds_no_place_where_there_is_none():
    random, side = np.random.default_rng(0), digit_scenes.SIDE_PX
    assert digit_scenes.free_place((side, 10), [], random) is None
    assert digit_scenes.free_place((40, 40), [(0, 0, side, side)], random) is None
    free = [digit_scenes.free_place((100, 100), [(0, 0, side, 150)], random) for _ in range(40)]
    assert all(place is None or (150 - place[1]) * 100 <= COVERED * 100 * 100 for place in free)
    assert any(free)


def test_clutter_keeps_off_the_digits(monkeypatch):
    monkeypatch.setattr(digit_scenes, "CLUTTERED", 1)
    monkeypatch.setattr(digit_scenes, "RULED", 1)
    random = np.random.default_rng(0)
    for _ in range(20):
        other = digit_scenes.clutter([(3, 60, 80, 120, 160)], random)
        assert other[77:163, 57:123].max() == 0
        assert other.max() > 0


def test_ink_can_be_told_from_its_paper():
    chequers = np.kron(np.indices((16, 16)).sum(axis=0) % 2, np.ones((16, 16))).astype(np.float32)
    for seed in range(60):
        picture = digit_scenes.coloured(chequers, 0 * chequers, np.random.default_rng(seed)).mean(axis=0)
        assert abs(picture[chequers == 1].mean() - picture[chequers == 0].mean()) > 0.1


@pytest.fixture
def asked(monkeypatch):
    """Which splits of the data were asked for; the digits are ours."""
    splits = []

    def load(split, folder=None):
        splits.append((split, folder))
        pictures, labels = map(torch.from_numpy, shapes())
        return pictures[:, None], labels

    def photographs(split, folder=None):
        splits.append((split, folder))
        return [striped()]

    monkeypatch.setattr(digit_scenes, "load_mnist", load)
    monkeypatch.setattr(street_scenes, "load_photographs", photographs)
    return splits


def test_digits_are_trained_on_and_measured_apart(asked, monkeypatch):
    yolo.DigitLessons().load(Path("folder"))
    assert asked == [("train", Path("folder", "mnist"))]
    seen = []

    def scene(*given, make=digit_scenes.scene):
        seen.append(make(*given))
        return seen[-1]

    monkeypatch.setattr(digit_scenes, "scene", scene)
    monkeypatch.setattr(yolo, "PROOF_SCENES", 3)
    figures = yolo.on_digits(lambda _: squeezed(answer(seen[-1][1], 256, KINDS)[None]), Path("folder"))
    assert asked[1:] == [("test", Path("folder", "mnist"))]
    assert len(seen) == 3
    assert figures == pytest.approx({"digits_map50": 1, "digits_map50_95": 1})


@pytest.mark.usefixtures("bare")
def test_boxes_of_mnists_own_digits_are_tight_and_sound(nets_data):
    pictures, labels = (part.numpy()[:60] for part in load_mnist("test", nets_data / "data" / "mnist"))
    digits = Digits(pictures[:, 0], labels, [digit_scenes.middle_line(picture) for picture in pictures[:, 0]])
    assert_labels_are_tight(digits, np.random.default_rng(0), scenes=60)
    random = np.random.default_rng(1)
    for _ in range(60):
        assert_labels_are_sound(digit_scenes.scene(digits, random)[1])


# --- scenes of the street ---------------------------------------------------------------------------------

RED, GREEN = (10, 20, 50, 62), (70, 40, 110, 80)


def striped():
    """A dark photograph of a red person and a green train."""
    picture = Image.new("RGB", (120, 90))
    ImageDraw.Draw(picture).rectangle((RED[0], RED[1], RED[2] - 1, RED[3] - 1), (255, 0, 0))
    ImageDraw.Draw(picture).rectangle((GREEN[0], GREEN[1], GREEN[2] - 1, GREEN[3] - 1), (0, 255, 0))
    return Photograph(picture, np.array([(0, *RED), (3, *GREEN)], np.float32))


def bounds(mask):
    """What encloses the true pixels, xyxy."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]


@pytest.mark.parametrize("frame", [(0, 0, 256, 256), (40, 100, 140, 256), (150, 10, 256, 90)])
def test_labels_move_with_their_pixels(frame):
    photograph, mirrored, kept = striped(), set(), 0
    before = photograph.labels.copy(), photograph.picture.tobytes()
    for seed in range(40):
        sheet = Image.new("RGB", (256, 256))
        labels = street_scenes.paste(sheet, frame, photograph, np.random.default_rng(seed))
        seen = np.asarray(sheet)
        for kind, *box in labels.tolist():
            found = bounds(seen[..., {0: 0, 3: 1}[kind]] > 127)
            assert found == pytest.approx(box, abs=2)
            kept += 1
        if len(labels) == 2:
            mirrored.add(bool(labels[0, 1] > labels[1, 1]))
        assert not np.delete(seen.any(axis=2), np.s_[frame[0] : frame[2]], axis=1).any()
        assert not np.delete(seen.any(axis=2), np.s_[frame[1] : frame[3]], axis=0).any()
    assert mirrored == {True, False}
    assert kept > 40
    assert np.array_equal(photograph.labels, before[0])  # the photograph is used again
    assert photograph.picture.tobytes() == before[1]


@pytest.mark.parametrize("mosaics", [0, 1], ids=["one", "four"])
def test_what_is_bright_in_a_street_is_labelled_and_nothing_else(mosaics, monkeypatch):
    monkeypatch.setattr(street_scenes, "MOSAICS", mosaics)
    monkeypatch.setattr(street_scenes, "GREY", (0, 0, 0))
    monkeypatch.setattr(street_scenes, "SMALLEST_PX", 0)
    monkeypatch.setattr(street_scenes, "KEPT", 0)
    for seed in range(25):
        picture, labels = street_scenes.scene([striped()], 256, np.random.default_rng(seed))
        assert picture.shape == (3, 256, 256)
        assert picture.min() >= 0
        assert picture.max() <= 1
        for kind, channel, other in ((0, 0, 1), (3, 1, 0)):
            bright = (picture[channel] - picture[other]).numpy()
            bright = bright > 0.5 * bright.max()
            for _, left, top, right, bottom in labels[labels[:, 0] == kind].round().int().tolist():
                assert bright[top + 2 : bottom - 2, left + 2 : right - 2].all()
                bright[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2] = False
            assert not bright.any()


def test_same_seed_makes_the_same_streets():
    first, again, other = (
        street_scenes.scene([striped()], 128, random) for random in map(np.random.default_rng, (0, 0, 1))
    )
    assert all(torch.equal(*pair) for pair in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])


def test_box_of_which_too_little_is_left_is_not_taught():
    whole, half, rest, sliver, outside = (
        (0, 10, 10, 50, 50),
        (1, -20, 10, 20, 30),
        (2, 90, 0, 170, 40),
        (3, 0, 0, 5, 50),
        (4, 120, 0, 140, 9),
    )
    labels = np.array([whole, half, rest, sliver, outside], np.float32)
    left = street_scenes.moved(labels, np.ones(2), np.zeros(2), (0, 0, 100, 100))
    assert left.tolist() == [[0, 10, 10, 50, 50], [1, 0, 10, 20, 30]]


def test_labels_are_scaled_before_they_are_moved():
    left = street_scenes.moved(
        np.array([(1, 10, 20, 30, 60)], np.float32), np.array([2, 0.5]), np.array([3, -4]), (0, 0, 99, 99)
    )
    assert left.tolist() == [[1, 23, 6, 63, 26]]


def test_street_without_labels_is_a_street():
    empty = Photograph(Image.new("RGB", (60, 90), "white"), np.zeros((0, 5), np.float32))
    for seed in range(4):
        picture, labels = street_scenes.scene([empty], 96, np.random.default_rng(seed))
        assert labels.shape == (0, 5)
        assert picture.max() > 0.4


@pytest.fixture
def street(tmp_path, monkeypatch):
    """A folder of two pictures to train on and one to measure with, known by their hashes."""
    folder = tmp_path / "detection"
    folder.mkdir()
    for archive, names in {"street5_a.zip": "ab", "street5_b.zip": "c"}.items():
        with zipfile.ZipFile(folder / archive, "w") as opened:
            for name in names:
                content = io.BytesIO()
                Image.new("L", (40, 30), ord(name)).save(content, "JPEG")
                opened.writestr(f"{name}.jpg", content.getvalue())
    splits = {"a": "train", "b": "val", "c": "train"}
    boxes = [(1, 6, 0), (1, 7, 0), (3, 0, 1), (3, 15, 0)]  # picture, COCO class, crowd
    told = {
        "images": [
            {"id": number, "file_name": f"{name}.jpg", "split": splits[name]} for number, name in enumerate("abc", 1)
        ],
        "annotations": [
            {"image_id": picture, "category_id": kind, "iscrowd": crowd, "bbox": [1, 2, 10, 20]}
            for picture, kind, crowd in boxes
        ],
    }
    (folder / "street5.json").write_text(json.dumps(told), encoding="utf-8")
    for path in folder.iterdir():
        monkeypatch.setitem(street_scenes.SHA256, path.name, hashlib.sha256(path.read_bytes()).hexdigest())
    return folder


def test_photographs_come_with_our_classes_in_their_split(street):
    train, proof = (street_scenes.labelled("street5", split, street) for split in ("train", "val"))
    assert [photograph.picture.getpixel((5, 5)) for photograph in train] == [(97,) * 3, (99,) * 3]
    assert [photograph.labels.tolist() for photograph in train] == [[[3, 1, 2, 11, 22]], [[4, 1, 2, 11, 22]]]
    assert [photograph.picture.getpixel((5, 5)) for photograph in proof] == [(98,) * 3]
    assert proof[0].labels.shape == (0, 5)
    assert list(CLASSES.values())[3:] == ["train", "cat"]


@pytest.mark.parametrize("name", ["street5.json", "street5_a.zip", "street5_b.zip"])
def test_absent_or_other_photographs_are_refused_by_name(street, name):
    (street / name).write_bytes(b"other")
    with pytest.raises(ValueError, match=rf"{name} must have sha256 [0-9a-f]{{64}}, got [0-9a-f]{{64}}"):
        street_scenes.load_photographs("val", street.parent)
    (street / name).unlink()
    with pytest.raises(ValueError, match=rf"--data must be the folder that holds detection/{name}, got .*"):
        street_scenes.load_photographs("val", street.parent)


def test_measured_photographs_are_no_trained_ones(nets_data):
    folder = nets_data / "data" / "detection"
    if not folder.is_dir():
        pytest.skip("NETS_DATA holds no detection")
    proof = street_scenes.load_photographs("val", nets_data / "data")
    assert len(proof) == 100
    for photograph in proof:
        assert (photograph.labels[:, 1:3] >= 0).all()
        assert (photograph.labels[:, 1:3] < photograph.labels[:, 3:]).all()
        assert (photograph.labels[:, 3:] <= np.array(photograph.picture.size) + 0.5).all()
    names = [
        {
            item["file_name"]
            for item in json.loads((folder / f"{name}.json").read_bytes())["images"]
            if item["split"] == split
        }
        for name, split in (("street5", "val"), ("street5", "train"), ("coco_small", "train"))
    ]
    assert not names[0] & (names[1] | names[2])


def test_streets_are_trained_on_and_measured_apart(asked, monkeypatch):
    monkeypatch.setattr(yolo, "coco_nano", lambda: tiny(80))
    yolo.StreetLessons().load(Path("folder"))
    [photograph] = street_scenes.load_photographs("none")
    scale = yolo.PROOF_PX / max(photograph.picture.size)
    ours = photograph.labels * ((1,) + (scale,) * 4)
    theirs = ours.copy()
    theirs[:, 0] = [0, 6]  # a person and a train among the eighty
    teacher = squeezed(answer(theirs, yolo.PROOF_PX, 80)[None])
    monkeypatch.setattr(yolo, "coco_nano", lambda: lambda _: teacher)
    figures = yolo.on_street(lambda _: squeezed(answer(ours, yolo.PROOF_PX, len(CLASSES))[None]), Path("folder"))
    assert [split for split, _ in asked] == ["train", "none", "val"]
    assert figures == pytest.approx({"street_ap50": 1, "street_ap50_95": 1, "teacher_ap50": 1})


# --- how they are marked ----------------------------------------------------------------------------------

HERE, THERE = [10.0, 10, 60, 60], [100.0, 100, 180, 140]
TRUTH = [np.array([[0, *HERE], [1, *THERE]]), np.array([[0, *THERE]])]
RIGHT = [np.array([[0, 0.9, *HERE], [1, 0.8, *THERE]]), np.array([[0, 0.7, *THERE]])]
NOTHING = np.zeros((0, 6))


@pytest.mark.parametrize(
    ("found", "labels", "map50", "map50_95"),
    [
        (RIGHT, TRUTH, 1, 1),
        ([RIGHT[0], NOTHING], TRUTH, (51 / 101 + 1) / 2, (51 / 101 + 1) / 2),  # 51 of 101 recalls are up to a half
        ([NOTHING, RIGHT[1]], TRUTH, (51 / 101 + 0) / 2, (51 / 101 + 0) / 2),
        ([np.array([[1, 0.9, *HERE]])], [np.array([[0, *HERE]])], 0, 0),  # the wrong class
        ([np.array([[0, 0.9, *THERE]])], [np.array([[0, *HERE]])], 0, 0),
        ([np.array([[0, 0.9, 10, 10, 60, 51]])], [np.array([[0, *HERE]])], 1, 0.7),  # an IoU of 0.82
        ([np.array([[0, 0.9, *THERE], [0, 0.8, *HERE]])], [np.array([[0, *HERE]])], 0.5, 0.5),
        ([np.array([[0, 0.9, *HERE], [0, 0.8, *THERE]])], [np.array([[0, *HERE]])], 1, 1),  # worse than all right ones
        ([np.array([[0, 0.9, *HERE], [0, 0.8, *HERE]])], [np.array([[0, *HERE]])], 1, 1),
        ([RIGHT[1], RIGHT[0]], TRUTH, 0, 0),  # in each other's pictures
        ([NOTHING, NOTHING], TRUTH, 0, 0),
        ([NOTHING, NOTHING], [TRUTH[0], np.zeros((0, 5))], 0, 0),
        ([NOTHING], [np.zeros((0, 5))], -1, -1),  # COCO's word for what cannot be measured
        ([RIGHT[0]], [np.zeros((0, 5))], -1, -1),
    ],
)
def test_average_precision_is_cocos(found, labels, map50, map50_95):
    measured = average_precision(found, labels, 3)
    assert measured == pytest.approx({"map50": map50, "map50_95": map50_95})


def test_net_that_knows_the_labels_gets_full_marks(digits):
    random, found, labels = np.random.default_rng(0), [], []
    for _ in range(4):
        picture, label = digit_scenes.scene(digits, random)
        told = squeezed(answer(label, 256, KINDS)[None])
        found += detections(lambda _, told=told: told, picture[None])
        labels.append(label.numpy())
    assert [len(rows) for rows in found] == [len(rows) for rows in labels]
    assert average_precision(found, labels, KINDS) == pytest.approx({"map50": 1, "map50_95": 1})


def test_detections_are_sorted_seen_and_suppressed_by_class():
    told = torch.zeros(1, 21, 7)
    told[0, :3, 4] = torch.tensor([0.9, 0.8, 1.0])
    told[0, :3, 5:] = torch.tensor([[0.5, 0.9], [0.5, 0.0], [SEEN / 2, 0.0]])
    told[0, 1, 0] = -0.9  # the second cell tells nearly the first one's box
    [found] = detections(lambda _: told, torch.zeros(1, 3, 32, 32))
    assert found == pytest.approx(np.array([[1, 0.81, -4, -4, 4, 4], [0, 0.45, -4, -4, 4, 4]]), abs=1e-5)
    [found] = detections(lambda _: 0 * told, torch.zeros(1, 3, 32, 32))
    assert found.shape == (0, 6)


# --- learning ---------------------------------------------------------------------------------------------


def tiny(classes):
    return YOLOX(classes, depth=0.33, width=0.0625)


@pytest.fixture
def small(digits, monkeypatch):
    """Lessons for a tiny net, in small pictures of large digits."""
    for name, value in {"SIDE_PX": 96, "SMALLEST_PX": 24, "LARGEST_PX": 60, "MOST_DIGITS": 2}.items():
        monkeypatch.setattr(digit_scenes, name, value)
    monkeypatch.setattr(yolo, "yolox", lambda _, classes: tiny(classes))
    monkeypatch.setattr(yolo.DigitLessons, "batch", 4)
    monkeypatch.setattr(yolo.DigitLessons, "steps", 3)
    monkeypatch.setattr(yolo, "SETTLING", 2)

    def lessons():
        torch.manual_seed(0)
        made = yolo.DigitLessons()
        made.digits = digits
        return made

    return lessons


def focused(pictures):
    """The four small pictures that the net's first layer sees of one."""
    seen = pictures.flip(1) * 255
    return [seen[..., row::2, column::2] for column in (0, 1) for row in (0, 1)]


def options(path, epochs, seed=0):
    return argparse.Namespace(device=torch.device("cpu"), checkpoint=Checkpoint(path), epochs=epochs, seed=seed)


def test_lessons_lower_the_loss(small, tmp_path, monkeypatch):
    lessons = small()
    scenes = lessons.scenes(np.random.default_rng(5))
    monkeypatch.setattr(yolo.DigitLessons, "scenes", lambda *_: scenes)
    monkeypatch.setattr(yolo.DigitLessons, "steps", 20)

    def loss():
        return sum(part.item() for part in yolo.losses_on(lessons, scenes, torch.device("cpu")).values())

    before = loss()
    yolo.train(lessons, options(tmp_path / "progress.pt", epochs=1))
    assert loss() < 0.9 * before


def save_and_stop(checkpoint, *given, save=Checkpoint.save):
    save(checkpoint, *given)
    raise KeyboardInterrupt


def test_interrupted_detector_goes_on_as_if_nothing_had_happened(small, tmp_path, monkeypatch):
    whole = yolo.train(small(), options(tmp_path / "whole.pt", epochs=2))
    with monkeypatch.context() as interrupting:
        interrupting.setattr(Checkpoint, "save", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            yolo.train(small(), options(tmp_path / "interrupted.pt", epochs=2))
    resumed = yolo.train(small(), options(tmp_path / "interrupted.pt", epochs=2))
    other = yolo.train(small(), options(tmp_path / "other.pt", epochs=2, seed=1))
    assert all(torch.equal(here, resumed.state_dict()[name]) for name, here in whole.state_dict().items())
    assert not all(torch.equal(here, other.state_dict()[name]) for name, here in whole.state_dict().items())


def test_running_average_is_what_comes_back(small, tmp_path, monkeypatch):
    same = []
    for share in (0.0, 0.5):
        monkeypatch.setattr(yolo, "AVERAGED", share)
        lessons = small()
        average = yolo.train(lessons, options(tmp_path / f"{share}.pt", epochs=1))
        pairs = zip(average.parameters(), lessons.student.parameters(), strict=True)
        same.append(all(torch.equal(*pair) for pair in pairs))
    assert same == [True, False]


def test_running_average_knows_the_means_of_its_own_features(small, tmp_path):
    net = yolo.train(small(), options(tmp_path / "settled.pt", epochs=1))
    random = np.random.default_rng([0, 1])  # of the epoch that would have been next
    pictures = [torch.stack([picture for picture, _ in small().scenes(random)]) for _ in range(yolo.SETTLING)]
    with torch.no_grad():
        seen = [net.backbone.backbone.stem.conv.conv(torch.cat(rows, dim=1)) for rows in map(focused, pictures)]
    means = torch.stack([each.mean(dim=(0, 2, 3)) for each in seen]).mean(dim=0)
    assert torch.allclose(net.backbone.backbone.stem.conv.bn.running_mean, means, rtol=1e-3, atol=1e-2)


def test_labels_of_a_batch_are_filled_up_with_what_is_no_class():
    seen = []
    scenes = [(torch.rand(3, 32, 32), torch.ones(count, 5)) for count in (0, 3, 1)]
    yolo.losses_on(lambda *given: seen.append(given), scenes, torch.device("cpu"))
    [(pictures, labels)] = seen
    assert torch.equal(pictures, torch.stack([picture for picture, _ in scenes]))
    assert labels[..., 0].tolist() == [[-1, -1, -1], [1, 1, 1], [1, -1, -1]]


def test_street_is_learnt_from_labels_and_from_the_teacher(monkeypatch):
    torch.manual_seed(0)
    teacher = tiny(80).eval().requires_grad_(False)
    for layer in teacher.head.obj_preds:
        torch.nn.init.zeros_(layer.bias)  # it sees something everywhere
    monkeypatch.setattr(yolo, "coco_nano", lambda: teacher)
    monkeypatch.setattr(yolo, "yolox", lambda _, classes: tiny(classes))
    monkeypatch.setattr(yolo, "SIDES_PX", (96,))
    monkeypatch.setattr(yolo.StreetLessons, "batch", 3)
    lessons = yolo.StreetLessons()
    lessons.photographs = [striped()]
    scenes = lessons.scenes(np.random.default_rng(0))
    losses = yolo.losses_on(lessons, scenes, torch.device("cpu"))
    assert set(losses) == {"boxes", "sides", "classes", "objectness", "features"}
    assert all(loss.item() > 0 for loss in losses.values())
    sum(losses.values()).backward()
    assert all(part.grad is not None and part.grad.isfinite().all() for part in lessons.student.parameters())
    assert all(part.grad is None for part in teacher.parameters())


def test_teacher_speaks_of_our_classes_alone(monkeypatch):
    monkeypatch.setattr(yolo, "coco_nano", lambda: tiny(80).eval())
    lessons = yolo.StreetLessons()
    pictures, places = torch.rand(1, 3, 96, 96, generator=generator()), cells(96, 96)
    features, said = lessons.taught(pictures, places)
    with torch.no_grad():
        whole = lessons.teacher(pictures)
    assert len(features) == 6
    assert torch.allclose(said.objectness, whole[..., 4])
    assert torch.allclose(said.classes, whole[..., [5 + number for number in CLASSES]])
    assert torch.allclose(said.boxes, decode(whole[..., :4], places))
    assert said.classes.shape[2] == len(CLASSES)
