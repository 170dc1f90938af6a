"""Neural style: the losses are the paper's, the descent goes down, and what is asked for is what is painted."""

import base64
import hashlib
import io
import math
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import scipy.optimize
import torch
import torch.nn.functional as F
import torchvision
from PIL import Image
from safetensors.torch import save
from torch import nn

from demos import style as tab
from demos import style_answers
from demos.pictures import opened_style
from demos.refusals import checked
from demos.running import Task
from demos.style_answers import Order, api, estimate, look, panels
from demos.style_run import content_of, heat, masks_of, messages
from models import colours, painters, style_cost
from models.colours import Canvas, from_yiq, grey, matched, moments, to_yiq
from models.device import container_bytes, free_bytes, system_bytes
from models.frames import finished
from models.gram import gram
from models.images import from_data_url, to_image, to_png_url, to_tensor
from models.lbfgs import FARTHEST, FIRST, LBFGS
from models.nets.vgg import THIN_WIDTHS, VGG19
from models.painters import Painter
from models.paintings import PAINTINGS
from models.patterns import PATTERNS
from models.photographs import NAMES, STYLES
from models.style import (
    BETA,
    STYLE_LAYERS,
    Aim,
    Region,
    StyleParams,
    aim_of,
    content_loss,
    fitted_style,
    losses,
    sizes_of,
    style_loss,
    total_variation,
    transfer,
)
from models.style_figures import FIGURES, RATIOS, drawn
from tests.server import ROOT
from tests.turns import told as told_by
from weights import Loaded

QUICK = {"size_px": 64, "iterations": 8}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def picture(height=48, width=64, seed=0):
    """A smooth picture of its own."""
    small = torch.rand(1, 3, 6, 8, generator=generator(seed))
    return F.interpolate(small, (height, width), mode="bicubic").clamp(0, 1)


@pytest.fixture(scope="module")
def painter():
    return replace(painters.load("thin_vgg19"), bfloat16=False)


@pytest.fixture(scope="module")
def told():
    return list(messages(StyleParams(**QUICK), Task(run=3)))


# --- losses, against an independent computation ----------------------------------------------------------


def test_gram_matrix_is_the_papers_by_place():
    features = torch.randn(1, 3, 4, 5, generator=generator())
    f = features[0].double().numpy().reshape(3, 20)
    expected = [[sum(f[i, k] * f[j, k] for k in range(20)) / 20 for j in range(3)] for i in range(3)]
    np.testing.assert_allclose(gram(features)[0].numpy(), expected, rtol=1e-5)


def test_gram_matrix_of_a_mask_is_that_of_its_places():
    features = torch.randn(1, 3, 4, 6, generator=generator())
    mask = torch.zeros(1, 1, 4, 6)
    mask[..., :2] = 1
    assert torch.allclose(gram(features, mask), gram(features[..., :2]))


def test_gram_matrix_has_autograds_slope():
    features = torch.randn(2, 3, 4, 5, dtype=torch.float64, generator=generator()).requires_grad_()
    wish = torch.randn(2, 3, 3, generator=generator(1))
    flat = features.flatten(2)
    [expected] = torch.autograd.grad((flat @ flat.transpose(1, 2) / 20 * wish).sum(), features)
    [slope] = torch.autograd.grad((gram(features) * wish).sum(), features)
    assert torch.allclose(slope, expected, atol=1e-5)


def test_losses_are_equations_1_and_4():
    random = np.random.default_rng(0)
    f, p = random.normal(size=(2, 5, 12))
    g, a = random.normal(size=(2, 5, 5))
    as_map = [torch.from_numpy(part).reshape(1, 5, 3, 4) for part in (f, p)]
    m, n = 12, 5
    assert content_loss(*as_map).item() == pytest.approx(0.5 * ((f - p) ** 2).sum() / m)
    expected = (((g * m) - (a * m)) ** 2).sum() / (4 * n**2 * m**2)  # the paper's G is not divided by M
    assert style_loss(*(torch.from_numpy(part)[None] for part in (g, a))).item() == pytest.approx(expected)


def test_total_variation_is_numpys():
    shown = picture()
    levels = shown[0].double().numpy()
    expected = (np.diff(levels, axis=1) ** 2).mean() + (np.diff(levels, axis=2) ** 2).mean()
    assert total_variation(shown).item() == pytest.approx(expected, rel=1e-4)


def golden(net, shown, content, style, params):
    """The whole loss in float64, written anew: a plain VGG, loops, no code of the project's but its weights."""

    def activations(x):
        x = (x.double() - net.mean.double()) / net.std.double()
        block, place, found = 1, 1, {}
        for part in net.features:
            if isinstance(part, nn.Conv2d):
                x = F.conv2d(x, part.weight.double(), part.bias.double(), padding=1).clamp_min(0)
                found[f"conv{block}_{place}"] = x[0].flatten(1)
                place += 1
            elif isinstance(part, nn.MaxPool2d):
                x, block, place = F.avg_pool2d(x, 2), block + 1, 1
        return found

    f, p, s = (activations(each) for each in (shown, content, style))
    name = params.content_layer
    alpha, m = 10**params.log_ratio * BETA, f[name].shape[1]
    total = alpha * 0.5 * ((f[name] - p[name]) ** 2).sum() / m
    for layer, weight in zip(STYLE_LAYERS, params.layer_weights, strict=True):
        n = len(f[layer])
        here, there = (each[layer] @ each[layer].T / each[layer].shape[1] for each in (f, s))
        share = weight / sum(params.layer_weights)
        total = total + BETA * share * ((here - there) ** 2).sum() / (4 * n**2)
    x = shown.double()
    variation = ((x[:, :, 1:] - x[:, :, :-1]) ** 2).mean() + ((x[..., 1:] - x[..., :-1]) ** 2).mean()
    return (total + BETA * params.variation * variation).item()


@pytest.mark.parametrize("changed", [{}, {"layer_weights": (1, 0.5, 0.25, 0, 1)}, {"content_layer": "conv2_2"}])
def test_whole_loss_is_that_of_an_independent_computation(painter, changed):
    params = StyleParams(**changed)
    shown, content, style = picture(seed=1), picture(), picture(64, 64, seed=2)
    terms, _ = losses(painter, shown, aim_of(painter, content, [style], params), params)
    assert sum(terms.values()).item() == pytest.approx(golden(painter.net, shown, content, style, params), rel=1e-4)


def test_two_blended_styles_have_the_slope_of_both_losses(painter):
    params, shown = StyleParams(blend=0.3, matched="style", variation=0), picture(seed=3).requires_grad_()
    styles = [picture(seed=1), picture(seed=2)]

    def slope(some, changed):
        terms, _ = losses(painter, shown, aim_of(painter, picture(), some, changed), changed)
        return torch.autograd.grad(sum(terms.values()), shown)[0]

    alone = [slope([each], params) for each in styles]
    both = slope(styles, params)
    assert torch.allclose(both, 0.7 * alone[0] + 0.3 * alone[1], atol=1e-4 * both.abs().max().item())


# --- the descent -----------------------------------------------------------------------------------------


def valley(dimensions=20):
    """A long valley (value and slope) in so many dimensions, whose lowest point is 1 everywhere."""
    steep = torch.logspace(0, 2, dimensions, dtype=torch.float64)
    return steep, lambda x: (steep * (x - 1) ** 2).sum() / 2


def descend(value, x, steps):
    optimizer = LBFGS(x)

    def evaluate():
        total = value(x)
        (x.grad,) = torch.autograd.grad(total, x)
        return total

    passed = []
    for _ in range(steps):
        with torch.no_grad():
            optimizer.step(torch.enable_grad()(evaluate))
        passed.append(value(x).item())
    return passed


def test_lbfgs_finds_the_bottom_of_a_valley_as_scipys_does():
    _, value = valley()
    x = torch.zeros(20, dtype=torch.float64, requires_grad=True)
    passed = descend(value, x, 120)
    theirs = scipy.optimize.minimize(lambda a: value(torch.from_numpy(a)).item(), np.zeros(20), method="L-BFGS-B")
    assert passed[-1] < 1e-6
    assert theirs.fun < 1e-6
    assert torch.allclose(x, torch.ones(20, dtype=torch.float64), atol=1e-3)


def test_lbfgs_goes_the_newton_way_once_it_knows_the_curvature():
    steep, _ = valley(4)
    optimizer = LBFGS(torch.zeros(4, dtype=torch.float64))
    for axis in torch.eye(4, dtype=torch.float64):
        optimizer.remember(axis, steep * axis)
    slope = torch.tensor([1.0, -2, 3, -4], dtype=torch.float64)
    assert torch.allclose(optimizer.newton(slope), slope / steep)


def test_lbfgs_never_leaps_and_takes_back_what_made_things_worse():
    x = torch.full((3,), 2.0, requires_grad=True)
    cliff = lambda place: (place**4).sum() * 1000  # noqa: E731
    optimizer, before, moves = LBFGS(x), x.detach().clone(), []

    def evaluate():
        total = cliff(x)
        (x.grad,) = torch.autograd.grad(total, x)
        return total

    for _ in range(60):
        with torch.no_grad():
            optimizer.step(torch.enable_grad()(evaluate))
        moves.append((x.detach() - before).abs().mean().item())
        before = x.detach().clone()
    assert moves[0] == pytest.approx(FIRST, rel=1e-3)
    assert max(moves) <= 2 * FARTHEST
    assert cliff(x).item() < 1e-2 * cliff(torch.full((3,), 2.0)).item()


@pytest.mark.parametrize(("optimizer", "steps"), [("L-BFGS", 24), ("Adam", 80)])
@pytest.mark.parametrize("start", ["content", "noise", "style"])
def test_steps_lower_the_loss(painter, optimizer, steps, start):
    params = StyleParams(optimizer=optimizer, start=start, iterations=steps)
    frames = list(transfer(painter, picture(), [picture(seed=1)], params))
    assert frames[-1].loss < 0.9 * frames[0].loss
    assert len(frames) == steps
    assert all(frame.picture.min() >= 0 and frame.picture.max() <= 1 for frame in frames)
    assert frames[-1].loss == pytest.approx(sum(frames[-1].terms.values()))


def test_a_step_that_made_things_worse_is_never_shown(painter):
    style = to_tensor(opened_style("halftone").resize((96, 96)))
    frames = list(transfer(painter, picture(96, 96), [style], StyleParams(iterations=40)))
    assert all(after.loss <= 1.05 * before.loss for before, after in pairwise(frames))


def test_every_frame_tells_its_own_pictures_loss(painter):
    params = StyleParams(iterations=6)
    for frame in transfer(painter, picture(), [picture(seed=1)], params):
        aim = aim_of(painter, picture(), [picture(seed=1)], params)
        terms, _ = losses(painter, frame.picture, aim, params)
        if frame.picture.min() > 0 and frame.picture.max() < 1:  # nothing was cut off to show it
            assert sum(terms.values()).item() == pytest.approx(frame.loss, rel=1e-3)


def test_same_seed_paints_the_same_and_another_seed_does_not(painter):
    def painted(seed):
        params = StyleParams(start="noise", iterations=5, seed=seed)
        return finished(transfer(painter, picture(), [picture(seed=1)], params)).picture

    assert torch.equal(painted(1), painted(1))
    assert not torch.equal(painted(1), painted(2))


def test_transfer_changes_nothing_of_the_callers(painter):
    content, style = picture(), picture(seed=1)
    kept = content.clone(), style.clone()
    finished(transfer(painter, content, [style], StyleParams(iterations=5)))
    assert torch.equal(content, kept[0])
    assert torch.equal(style, kept[1])


def test_transfer_leaves_the_grad_mode_alone_between_frames(painter):
    for _ in transfer(painter, picture(), [picture(seed=1)], StyleParams(iterations=5)):
        assert torch.is_grad_enabled()


def test_stopped_transfer_does_no_more_work(painter):
    asked = []

    class Counting:
        def activations(self, *given):
            asked.append(1)
            return painter.activations(*given)

    work = transfer(Counting(), picture(), [picture(seed=1)], StyleParams(iterations=50))
    next(work)
    next(work)
    before = len(asked)
    work.close()
    assert len(asked) == before < 10


def test_coarse_sizes_come_first_and_all_steps_are_made(painter):
    frames = list(transfer(painter, picture(96, 128), [picture(seed=1)], StyleParams(scales=3, iterations=10)))
    assert [frame.step for frame in frames] == list(range(1, 11))
    assert [tuple(frame.picture.shape[2:]) for frame in (frames[0], frames[5], frames[-1])] == [
        (24, 32),
        (48, 64),
        (96, 128),
    ]
    assert {frame.scales for frame in frames} == {3}


def test_no_size_is_too_small_for_the_net():
    assert sizes_of(torch.zeros(1, 3, 40, 100), 4) == [(20, 50), (40, 100)]


def test_going_on_begins_where_the_last_run_ended(painter):
    params = StyleParams(iterations=6, scales=3)
    last = finished(transfer(painter, picture(), [picture(seed=1)], params))
    on = next(transfer(painter, picture(), [picture(seed=1)], params, begun=last.picture))
    assert on.picture.shape == last.picture.shape
    assert (on.picture - last.picture).abs().mean() < 2 * FIRST
    assert on.loss < 1.5 * last.loss


@pytest.mark.parametrize("size", [(33, 65), (16, 100), (64, 64), (200, 31)])
def test_any_shape_can_be_painted(painter, size):
    frame = finished(transfer(painter, picture(*size), [picture(17, 90, seed=1)], StyleParams(iterations=5)))
    assert tuple(frame.picture.shape[2:]) == size
    assert math.isfinite(frame.loss)


def test_only_what_is_matched_counts(painter):
    for matched_only, names in [("content", {"content", "variation"}), ("style", {*STYLE_LAYERS, "variation"})]:
        frame = next(transfer(painter, picture(), [picture(seed=1)], StyleParams(matched=matched_only)))
        assert set(frame.terms) == names


def test_ratio_decides_between_content_and_style(painter):
    content, style = picture(), picture(seed=5)

    def ends(log_ratio):
        frame = finished(transfer(painter, content, [style], StyleParams(log_ratio=log_ratio, iterations=30)))
        features = [painter.activations(each, ["conv4_2"])["conv4_2"] for each in (frame.picture, content)]
        grams = [painter.activations(each, ["conv3_1"])["conv3_1"] for each in (frame.picture, style)]
        return content_loss(*features).item(), style_loss(*map(gram, grams)).item()

    style_first, content_first = ends(-6), ends(-1)
    assert content_first[0] < style_first[0] / 2
    assert style_first[1] < content_first[1] / 2


def test_bfloat16_ends_as_low_as_float32(painter):
    params = StyleParams(iterations=60, size_px=128)
    content, style = content_of(params), to_tensor(opened_style(params.style))
    ends = []
    for half in (False, True):
        frame = finished(transfer(replace(painter, bfloat16=half), content, [style], params))
        terms, _ = losses(painter, frame.picture, aim_of(painter, content, [style], params), params)
        ends.append(sum(terms.values()).item())
    assert ends[1] == pytest.approx(ends[0], rel=0.1)


# --- masks -----------------------------------------------------------------------------------------------


def test_mask_confines_a_style(painter):
    content, mask = picture(96, 128), torch.zeros(1, 1, 96, 128)
    mask[..., :64] = 1
    params = StyleParams(log_ratio=-4, iterations=30)
    frame = finished(transfer(painter, content, [picture(seed=7)], params, [mask]))
    change = (frame.picture - content).abs().mean(dim=(0, 1, 2))
    assert change[:48].mean() > 4 * change[80:].mean()


def test_each_style_keeps_to_its_own_mask(painter):
    left = torch.zeros(1, 1, 96, 128)
    left[..., :64] = 1
    red, blue = (torch.zeros(1, 3, 64, 64) for _ in range(2))
    red[:, 0], blue[:, 2] = 0.9, 0.9
    params = StyleParams(log_ratio=-6, iterations=40, start="noise")
    frame = finished(transfer(painter, picture(96, 128), [red, blue], params, [left, 1 - left]))
    here, there = (part.mean(dim=(0, 2, 3)) for part in (frame.picture[..., :48], frame.picture[..., 80:]))
    assert here[0] > here[2]
    assert there[2] > there[0]


def test_whole_masks_are_no_masks(painter):
    params, everywhere = StyleParams(), torch.ones(1, 1, 48, 64)
    aims = [aim_of(painter, picture(), [picture(seed=1)], params, masks) for masks in ([], [everywhere])]
    losses_of = [losses(painter, picture(seed=2), aim, params)[0] for aim in aims]
    for name in STYLE_LAYERS:
        assert losses_of[0][name].item() == pytest.approx(losses_of[1][name].item(), rel=1e-5)


def brushed(red, blue):
    """A mask as the page sends it: red on the left or nowhere, blue on the right or nowhere."""
    sheet = Image.new("RGB", (64, 48))
    if red:
        sheet.paste((255, 0, 0), (0, 0, 32, 48))
    if blue:
        sheet.paste((0, 0, 255), (32, 0, 64, 48))
    return to_png_url(sheet)


@pytest.mark.parametrize(
    ("red", "blue", "second", "expected"),
    [
        (True, False, None, [(1, 0)]),
        (False, True, None, [(0, 1)]),
        (True, False, "mosaic", [(1, 0), (0, 1)]),
        (False, True, "mosaic", [(1, 0), (0, 1)]),
        (True, True, "mosaic", [(1, 0), (0, 1)]),
    ],
)
def test_unbrushed_style_goes_where_no_other_was_brushed(red, blue, second, expected):
    params = StyleParams(mask=brushed(red, blue), second=second)
    masks = masks_of(params, torch.zeros(1, 3, 48, 64))
    sides = [(round(mask[..., 4].mean().item()), round(mask[..., -4].mean().item())) for mask in masks]
    assert sides == expected


# --- colours ---------------------------------------------------------------------------------------------


def test_luminance_keeps_the_contents_colours(painter):
    content = 0.25 + 0.5 * picture()  # far from black and white, where colours are cut off
    params = StyleParams(colours="luminance", iterations=20, log_ratio=-5)
    frame = finished(transfer(painter, content, [picture(seed=1)], params))
    inside = ((frame.picture > 0) & (frame.picture < 1)).all(dim=1, keepdim=True)
    difference = (to_yiq(frame.picture) - to_yiq(content)).abs() * inside
    assert difference[:, 1:].max() < 1e-4
    assert difference[:, 0].mean() > 0.01
    assert inside.float().mean() > 0.8


def test_recoloured_style_has_the_contents_mean_and_covariance():
    style, content = picture(seed=1), picture()
    (mean, root), (wanted, wanted_root) = moments(matched(style, content)), moments(content)
    assert torch.allclose(mean, wanted, atol=1e-4)
    assert torch.allclose(root @ root.T, wanted_root @ wanted_root.T, atol=1e-4)


def test_recoloured_style_gives_a_picture_of_the_contents_colours(painter):
    content, style = picture(), torch.zeros(1, 3, 48, 64)
    style[:, 1] = picture(seed=2)[:, 0]

    def colour(kept):
        frame = finished(transfer(painter, content, [style], StyleParams(colours=kept, iterations=30, log_ratio=-6)))
        return (frame.picture.mean(dim=(0, 2, 3)) - content.mean(dim=(0, 2, 3))).abs().max().item()

    assert colour("histogram") < 0.5 * colour("style")


def test_grey_pictures_can_give_and_take_colours():
    for style, content in [(grey(picture()), picture(seed=1)), (picture(), grey(picture(seed=1)))]:
        assert torch.isfinite(matched(style, content)).all()


def test_yiq_comes_back():
    shown = picture()
    assert torch.allclose(from_yiq(to_yiq(shown)), shown, atol=1e-5)
    assert np.allclose(np.sum(colours.YIQ, axis=1), [1, 0, 0], atol=1e-3)


def test_grey_luminance_is_what_the_net_is_shown():
    canvas = Canvas(picture(), "luminance")
    assert torch.equal(canvas.content[:, 0], canvas.content[:, 2])
    assert torch.allclose(canvas.shown(canvas.content), picture(), atol=1e-4)


# --- nets ------------------------------------------------------------------------------------------------


def test_vgg_that_cannot_be_had_is_stood_in_for_and_the_reason_told(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.delenv("WEIGHTS_DIR", raising=False)
    found = painters.vgg19.__wrapped__()
    assert found.loaded.weights.name == "thin_vgg19"
    assert "offline by choice" in found.loaded.because


def test_whole_vgg_is_read_as_far_as_it_is_used_and_balanced(monkeypatch):
    torch.manual_seed(0)
    content = save(torchvision.models.vgg19(init_weights=False).state_dict())
    file = replace(painters.VGG19_WEIGHTS.hub, sha256=hashlib.sha256(content).hexdigest())
    loaded = Loaded(painters.VGG19_WEIGHTS, file.tensors(content), "Hub")
    assert len(loaded.tensors) == 32  # sixteen convolutions, and no classifier
    monkeypatch.setattr(painters.weights, "load", lambda *_: loaded)
    found = painters.vgg19.__wrapped__()
    assert sum(part.numel() for part in found.net.parameters()) == 12_944_960
    loudness = found.net(painters.photographs(), ["relu3_1"])["relu3_1"].mean(dim=(0, 2, 3))
    assert (loudness > 0.999).float().mean() > 0.4


def test_a_style_is_seen_as_large_as_the_content():
    content = torch.zeros(1, 3, 64, 96)
    for style, scale in [(torch.zeros(1, 3, 512, 512), 1), (torch.zeros(1, 3, 80, 400), 1), (content, 2)]:
        seen = fitted_style(style, content, scale)
        assert seen[0, 0].numel() == pytest.approx(scale**2 * 64 * 96, rel=0.1)


def test_painter_computes_nothing_beyond_the_deepest_layer():
    class Trap(nn.Module):
        def forward(self, _):
            raise AssertionError("computed too much")

    net = VGG19(THIN_WIDTHS)
    net.features[12] = Trap()  # the convolution after conv3_1
    seen = Painter(net, None).activations(picture(), ["conv1_1", "conv3_1"], "max")
    assert list(seen) == ["conv1_1", "conv3_1"]


def test_average_and_max_pooling_differ(painter):
    average, most = (painter.activations(picture(), ["conv2_1"], name)["conv2_1"] for name in ("average", "max"))
    assert average.shape == most.shape
    assert not torch.allclose(average, most)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU is here")
def test_gpu_paints_the_same(painter):
    net = VGG19(THIN_WIDTHS)
    net.load_state_dict(painter.net.state_dict())
    there = replace(painter, net=net.eval().requires_grad_(False).cuda())
    params = StyleParams(iterations=5)
    ends = [
        finished(transfer(each, *(p.to(place) for p in (picture(),)), [picture(seed=1).to(place)], params)).loss
        for each, place in ((painter, "cpu"), (there, "cuda"))
    ]
    assert ends[1] == pytest.approx(ends[0], rel=0.02)


# --- what it costs ---------------------------------------------------------------------------------------


def test_twice_the_side_costs_four_times_as_much(painter):
    small, large, params = torch.zeros(1, 3, 64, 96), torch.zeros(1, 3, 128, 192), StyleParams()
    assert style_cost.memory(painter, large, params) == pytest.approx(4 * style_cost.memory(painter, small, params))
    assert style_cost.seconds(painter, large, params) == pytest.approx(4 * style_cost.seconds(painter, small, params))


MEASURED = """
import re, torch
from pathlib import Path
from models import painters, style_cost
from models.style import StyleParams, transfer

def paint(side):
    content, params = torch.rand(1, 3, side, side), StyleParams(iterations=12)
    list(transfer(painter, content, [torch.rand(1, 3, 256, 256)], params))
    return style_cost.memory(painter, content, params)

def most():
    return 1024 * int(re.search("VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

painter = painters.load("thin_vgg19")
paint(64)
before = most()
told = paint(768)
print((most() - before) / told)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how much memory was used")
def test_memory_is_about_what_is_told():
    answer = subprocess.run([sys.executable, "-c", MEASURED], cwd=ROOT, capture_output=True, text=True, check=True)
    assert 0.6 < float(answer.stdout) < 1.4


def test_small_sizes_first_cost_less(painter):
    content = torch.zeros(1, 3, 128, 192)
    once, twice = (style_cost.seconds(painter, content, StyleParams(scales=scales)) for scales in (1, 2))
    assert twice == pytest.approx(once * (1 + 1 / 4) / 2)


def test_what_does_not_fit_is_refused_with_a_size_that_does(painter, monkeypatch):
    content, params = torch.zeros(1, 3, 768, 1024), StyleParams(size_px=1024)
    monkeypatch.setattr(style_cost, "free_bytes", lambda: style_cost.memory(painter, content, params) / 4 + 1)
    with pytest.raises(ValueError, match=r"size_px must be at most 512 with this net.*got 1024"):
        style_cost.check_room(painter, content, params)


def test_this_machine_has_memory_left():
    assert 0 < free_bytes() <= min(system_bytes(), container_bytes())


# --- figures ---------------------------------------------------------------------------------------------


def test_figures_are_the_papers():
    ratios = list(FIGURES["ratios"].panels(StyleParams()))
    assert [(row, column) for row, column, _ in ratios] == [(r, c) for r in range(5) for c in range(4)]
    assert [params.log_ratio for _, _, params in ratios[:4]] == list(RATIOS)
    assert [sum(params.layer_weights) for _, column, params in ratios if column == 0] == [1, 2, 3, 4, 5]
    contents = [p for row, _, p in FIGURES["reconstructions"].panels(StyleParams()) if row == 0]
    assert [params.content_layer for params in contents] == list(STYLE_LAYERS)
    assert {params.matched for params in contents} == {"content"}
    assert {params.start for _, _, params in ratios} == {"noise"}


def test_every_panel_is_painted_to_its_end(painter):
    params = StyleParams(iterations=5)
    figure = replace(FIGURES["race"], cells=[[cell | {"iterations": 5} for cell in FIGURES["race"].cells[0]]])
    frames = list(drawn(painter, figure, picture(), picture(seed=1), params))
    ends = [(each.row, each.column) for each in frames if each.frame.step == each.frame.steps]
    assert ends == [(0, 0), (0, 1)]
    assert [each.seconds > 0 for each in frames] == [False, *[True] * 4] * 2
    assert frames[0].frame.loss == pytest.approx(frames[5].frame.loss)  # both begin with the same noise


def cells_of(messages):
    return {(cell["row"], cell["column"]) for message in messages for cell in message["cells"]}


def test_panels_tell_of_every_picture_and_keep_the_figure(monkeypatch):
    quick = [[cell | {"iterations": 5, "size_px": 64} for cell in row] for row in FIGURES["reconstructions"].cells]
    monkeypatch.setitem(FIGURES, "reconstructions", replace(FIGURES["reconstructions"], cells=quick))
    monkeypatch.setattr(style_answers, "KEPT", {})
    params, order = StyleParams(), Order(name="reconstructions", run=4)
    told = list(panels(params, order))
    every = {(row, column) for row in range(2) for column in range(5)}
    assert cells_of(told[:-1]) == cells_of(told[-1:]) == every
    assert (told[-1]["last"], told[-1]["done"]) == (True, 1)
    assert {message["run"] for message in told} == {4}
    monkeypatch.setattr(style_answers, "painted", None)  # the second time nothing is painted
    [again] = panels(params, Order(name="reconstructions", run=5))
    assert (cells_of([again]), again["run"], again["last"]) == (every, 5, True)


def test_race_tells_the_loss_of_both_by_seconds(monkeypatch):
    quick = [[cell | {"iterations": 6, "size_px": 64} for cell in FIGURES["race"].cells[0]]]
    monkeypatch.setitem(FIGURES, "race", replace(FIGURES["race"], cells=quick))
    monkeypatch.setattr(style_answers, "KEPT", {})
    last = finished(panels(StyleParams(), Order(name="race")))
    assert [len(curve) for curve in last["curves"]] == [6, 6]
    for curve in last["curves"]:
        seconds = [row[0] for row in curve]
        assert seconds == sorted(seconds)


def test_figures_of_ones_own_pictures_or_unfinished_are_not_kept(monkeypatch):
    monkeypatch.setattr(style_answers, "KEPT", {})
    style_answers.keep(StyleParams(content=brushed(True, True)), "race", {"done": 1})
    style_answers.keep(StyleParams(), "race", {"done": 0.5})
    assert not style_answers.KEPT
    for seed in range(style_answers.MOST_KEPT + 3):
        style_answers.keep(StyleParams(seed=seed), "race", {"done": 1})
    assert len(style_answers.KEPT) == style_answers.MOST_KEPT


# --- parameters, messages, answers -----------------------------------------------------------------------


def test_every_style_that_may_be_asked_for_opens_or_can_be_fetched():
    assert set(PATTERNS) | set(PAINTINGS) < set(STYLES)
    for name in (*STYLES, *NAMES):
        if name not in PAINTINGS:
            assert min(opened_style(name).size) > 200


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"style": "picasso"}, "picture must be brush_strokes"),
        ({"log_ratio": 3}, "log_ratio"),
        ({"layer_weights": (0, 0, 0, 0, 0)}, "layer_weights must not all be 0"),
        ({"layer_weights": (1, 1)}, "layer_weights"),
        ({"content_layer": "conv6_1"}, "content_layer"),
        ({"size_px": 4000}, "size_px"),
        ({"optimizer": "SGD"}, "optimizer"),
    ],
)
def test_wrong_parameters_are_refused_by_name(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        checked(StyleParams, wrong)


def test_messages_tell_the_run_as_the_page_needs_it(told):
    assert {message["run"] for message in told} == {3}
    assert [message["made"] for message in told][-1] == 8
    last = told[-1]
    assert last["last"]
    assert last["image"].startswith("data:image/png")
    assert last["done"] == 1
    assert len(last["curve"]) == 8
    assert last["curve"][-1][0] == pytest.approx(sum(last["terms"].values()))
    assert last["place"] == "Step 8 of 8."
    assert set(last["grams"]) == set(STYLE_LAYERS)
    assert all(len(base64.b64decode(gram["target"])) == gram["side"] ** 2 for gram in last["grams"].values())
    assert "drawn by code" not in last["short"]


def test_gram_matrix_of_the_style_itself_is_no_way_off():
    matrix = gram(torch.rand(1, 20, 6, 6, generator=generator()))[0]
    shown = heat(matrix, matrix)
    assert shown["distance"] == 0
    assert shown["current"] == shown["target"]
    cells = np.frombuffer(base64.b64decode(shown["target"]), np.uint8).reshape(16, 16)
    assert (cells.diagonal() == 255).all()


def test_long_runs_end_where_they_are(monkeypatch):
    monkeypatch.setattr("demos.style_run.LONGEST_MS", 0)
    told = list(messages(StyleParams(**QUICK | {"iterations": 1000}), Task()))
    assert told[-1]["last"]
    assert told[-1]["done"] < 1


@pytest.mark.parametrize("mode", ["RGBA", "L", "P", "1"])
def test_pictures_of_any_kind_can_be_painted(mode):
    own = to_png_url(to_image(picture()).convert(mode).convert("RGBA" if mode == "RGBA" else "RGB"))
    last = finished(messages(StyleParams(**QUICK, content=own, style=own), Task()))
    with Image.open(io.BytesIO(from_data_url(last["image"]))) as shown:
        assert shown.size == (64, 48)


def test_tiny_picture_is_enlarged_and_a_thread_refused():
    tiny = to_png_url(Image.new("RGB", (3, 2), "red"))
    assert min(content_of(StyleParams(content=tiny, size_px=64)).shape[2:]) >= 16
    thread = to_png_url(Image.new("RGB", (2000, 2), "red"))
    with pytest.raises(ValueError, match="times as long as wide"):
        content_of(StyleParams(content=thread, size_px=64))


def test_look_shows_the_content_without_a_net():
    answer = look({"content": "coffee", "size_px": 128})
    assert answer["caption"] == "Coffee, R. Michetti, CC0."
    assert answer["size"] == [128, 85]
    assert "must be" in look({"content": "nothing"})["error"]


def test_estimate_names_seconds_and_memory():
    painters.load("thin_vgg19")
    sentence = estimate(StyleParams())
    assert sentence.startswith("About ")
    assert "GB of memory." in sentence
    assert "choose a smaller size" not in sentence


def test_api_answers_with_a_picture_and_its_loss():
    answer = told_by(api, content="coffee", style="waves", iterations=5, size_px=64)
    assert answer["picture"].startswith("data:image/png")
    assert len(answer["loss"]) == 5


def test_first_run_is_kept_for_the_next_visitor(monkeypatch):
    monkeypatch.setattr(tab, "FIRST", {})
    monkeypatch.setattr(tab, "messages", lambda *_: iter([{"made": 5, "milliseconds": 1.0, "image": "a"}]))
    defaults = [getattr(StyleParams(), name) for name in StyleParams.model_fields]
    assert tab.begin(*defaults)[1]["start"]
    list(tab.run({"run": 1}, *defaults))
    shown = tab.begin(*defaults)
    assert shown[0]["frame"]["image"] == "a"
    assert shown[0]["frame"]["run"] == 0
    other = [*defaults[:-1], 7]
    assert tab.begin(*other)[1]["start"]


def test_aims_are_of_the_layers_asked_for(painter):
    aim = aim_of(painter, picture(), [picture(seed=1)], StyleParams(content_layer="conv2_2"))
    assert isinstance(aim, Aim)
    [region] = aim.regions
    assert isinstance(region, Region)
    assert aim.content.shape[1] == THIN_WIDTHS[1]
    assert set(region.grams) == set(STYLE_LAYERS)
