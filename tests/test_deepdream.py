"""DeepDream: the notebook's arithmetic and tricks, guide and mask, every size of picture, and the page's answers."""

import base64
import copy
import io
import json
import os
import re
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import zoom
from torch import nn

from demos import deepdream as tab
from demos.deepdream_answers import atlas, look
from demos.deepdream_run import Task, messages
from demos.keeping import film, keep
from demos.pictures import READY as READY_PICTURES
from demos.pictures import opened
from models import deepdream, recognisers
from models.deepdream import (
    DeepDreamParams,
    chosen,
    dream,
    gradient,
    guided_by,
    objective_of,
    tiled_gradient,
    whole_layer,
)
from models.frames import finished
from models.images import data_url, read_picture, to_png_url, to_tensor
from models.photographs import NAMES, SCENES, fitted
from tests.turns import answered
from weights import EMBEDDED


class Toy:
    """A dreamer of one 3×3 convolution and a rectifier, in float64, that counts how often it is asked."""

    smallest_px = 4

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(0)
        self.weight = torch.randn(5, 3, 3, 3, generator=generator, dtype=torch.float64)
        self.asked = 0

    def activation(self, pictures, _):
        self.asked += 1
        return nn.functional.conv2d(pictures.to(torch.float64), self.weight, padding=1).relu()


def picture(height: int, width: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def dreamed(dreamer, start, params, **more):
    return list(dream(dreamer, start, params, more.pop("objective", whole_layer), **more))


@pytest.fixture(scope="module")
def thin():
    return recognisers.load("thin_googlenet")


@pytest.fixture
def toy():
    return Toy()


# --- the notebook's arithmetic ---------------------------------------------------------------------


def slow_gradient(weight: np.ndarray, image: np.ndarray) -> np.ndarray:
    """The gradient of half the sum of squares of a rectified 3×3 convolution, place by place."""
    _, height, width = image.shape
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1)))
    result = np.zeros_like(padded)
    for y in range(height):
        for x in range(width):
            patch = padded[:, y : y + 3, x : x + 3]
            answer = np.maximum((weight * patch).sum(axis=(1, 2, 3)), 0)
            result[:, y : y + 3, x : x + 3] += (answer[:, None, None, None] * weight).sum(axis=0)
    return result[:, 1:-1, 1:-1]


def slow_dream(weight: np.ndarray, image: np.ndarray, params: DeepDreamParams) -> np.ndarray:
    """The notebook's two loops in NumPy and SciPy, levels from 0 to 255.

    Without `mode`, SciPy makes the last column black where rounding errors put it a hair outside.
    """
    random = torch.Generator().manual_seed(params.seed)
    octaves = [255 * image]
    for _ in range(params.octaves - 1):
        octaves.append(
            zoom(octaves[-1], (1, 1 / params.octave_scale, 1 / params.octave_scale), order=1, mode="nearest")
        )
    detail = np.zeros_like(octaves[-1])
    for base in octaves[::-1]:
        (h, w), (h1, w1) = base.shape[1:], detail.shape[1:]
        levels = base + zoom(detail, (1, h / h1, w / w1), order=1, mode="nearest")
        for _ in range(params.steps):
            oy, ox = torch.randint(-32, 33, (2,), generator=random).tolist()
            levels = np.roll(np.roll(levels, ox, -1), oy, -2)
            g = slow_gradient(weight / 255, levels)  # the net takes levels
            levels = levels + params.strength * (g / np.abs(g).mean() if params.normalised else g)
            levels = np.clip(np.roll(np.roll(levels, -ox, -1), -oy, -2), 0, 255)
        detail = levels - base
    return levels / 255


@pytest.mark.parametrize(
    "params",
    [
        DeepDreamParams(octaves=2, steps=2, seed=3),
        DeepDreamParams(octaves=4, steps=1, octave_scale=1.3, strength=4),
        DeepDreamParams(octaves=2, steps=2, normalised=False, strength=8),
    ],
    ids=["two octaves", "four octaves", "raw gradient"],
)
def test_dream_is_the_notebooks(toy, params):
    start = picture(21, 28)
    last = finished(dream(toy, start, params, whole_layer)).picture
    assert (last - start).abs().mean() > 1e-3
    assert np.abs(last[0].numpy() - slow_dream(toy.weight.numpy(), start[0].numpy(), params)).max() < 1e-5


def test_guide_asks_each_place_for_the_guides_place_that_it_matches_best(toy):
    x, y = (toy.activation(picture(6, 7, seed), "") for seed in (1, 2))
    x.requires_grad_()
    guided_by(y)(x).backward()
    flat_x, flat_y = (part.detach()[0].flatten(1).numpy() for part in (x, y))
    wanted = flat_y[:, (flat_x.T @ flat_y).argmax(axis=1)]  # the notebook's objective_guide
    assert np.allclose(x.grad[0].flatten(1).numpy(), wanted)


def test_channels_excite_nothing_else(toy):
    x = toy.activation(picture(6, 6), "").requires_grad_()
    objective_of(toy, DeepDreamParams(channels=(1, 3)))(x).backward()
    assert torch.equal(x.grad[:, [1, 3]], x[:, [1, 3]])
    assert not x.grad[:, [0, 2, 4]].any()


def test_guide_and_channels_go_together(toy):
    x, guide = toy.activation(picture(6, 7), "").requires_grad_(), picture(5, 9, seed=4)
    objective_of(toy, DeepDreamParams(channels=(0, 2)), guide)(x).backward()
    assert x.grad[:, [0, 2]].any()
    assert not x.grad[:, [1, 3, 4]].any()


@pytest.mark.parametrize("guide", [None, picture(5, 5)])
@pytest.mark.parametrize("channels", [(5,), (0, 99), (-1,)])
def test_channels_that_are_not_there_are_refused(toy, channels, guide):
    params = DeepDreamParams(channels=channels)
    with pytest.raises(ValueError, match="channels must be from 0 to 4"):
        objective_of(toy, params, guide)(chosen(toy.activation(picture(8, 8), ""), ()))


def test_every_step_excites_the_layer_more(toy):
    frames = dreamed(toy, 0.2 + 0.5 * picture(20, 20), DeepDreamParams(octaves=1, steps=6, jitter=False))
    told = [frame.excitement for frame in frames]
    assert told == sorted(told)


def test_without_jitter_no_seed_matters(toy):
    first, second = (
        dreamed(toy, picture(16, 16), DeepDreamParams(jitter=False, seed=seed, octaves=2))[-1] for seed in (1, 2)
    )
    assert torch.equal(first.picture, second.picture)


def test_same_seed_same_dream_other_seed_another(toy):
    a, b, c = (dreamed(toy, picture(16, 16), DeepDreamParams(seed=seed, octaves=2))[-1].picture for seed in (5, 5, 6))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_without_octaves_as_many_steps_are_made_at_full_size(toy):
    frames = dreamed(toy, picture(16, 20), DeepDreamParams(pyramid=False, octaves=3, steps=4))
    assert len(frames) == 12
    assert {tuple(frame.picture.shape[2:]) for frame in frames} == {(16, 20)}


def test_octaves_grow_and_the_last_is_the_whole_picture(toy):
    frames = dreamed(toy, picture(40, 60), DeepDreamParams(octaves=3, steps=2))
    assert [frame.octave for frame in frames] == [1, 1, 2, 2, 3, 3]
    assert tuple(frames[-1].picture.shape[2:]) == (40, 60)
    assert frames[-1].done == 1
    assert [frame.done for frame in frames] == sorted(frame.done for frame in frames)


def test_a_silent_layer_changes_nothing(toy):
    start = torch.zeros(1, 3, 8, 8)
    assert torch.equal(dreamed(toy, start, DeepDreamParams(octaves=1))[-1].picture, start)


# --- mask, tiles, sizes -----------------------------------------------------------------------------


@pytest.mark.parametrize("guided", [False, True])
def test_mask_keeps_the_rest_as_it_was(toy, guided):
    start, mask = picture(24, 24), torch.zeros(1, 1, 24, 24)
    mask[:, :, :12] = 1
    objective = guided_by(toy.activation(picture(9, 9, 7), "")) if guided else whole_layer
    last = dreamed(toy, start, DeepDreamParams(octaves=2, steps=3), objective=objective, mask=mask)[-1].picture
    assert torch.allclose(last[:, :, 13:], start[:, :, 13:])  # the row between is half masked in the small octave
    assert (last[:, :, :11] - start[:, :, :11]).abs().mean() > 0.005


@pytest.mark.parametrize("size", [(50, 90), (64, 31), (100, 33)])
def test_tiles_see_what_the_whole_sees(toy, monkeypatch, size):
    monkeypatch.setattr(deepdream, "CORE_PX", 16)
    monkeypatch.setattr(deepdream, "MARGIN_PX", 4)
    whole, excitement = gradient(toy, picture(*size), "", whole_layer)
    once = toy.asked
    tiled, told = tiled_gradient(toy, picture(*size), "", whole_layer)
    assert toy.asked > once + 1
    assert torch.allclose(tiled, whole)  # the toy looks no further than a margin
    assert told == pytest.approx(excitement, rel=0.1)


@pytest.mark.parametrize("length", [1, 31, 255, 512, 640, 769, 1024])
def test_tiles_cover_a_side_once(length):
    parts = deepdream.cores(length)
    assert parts[0][0] == 0
    assert parts[-1][1] == length
    assert all(end == start for (_, end), (start, _) in pairwise(parts))
    assert all(end - start <= 768 for start, end in parts)


def test_tiles_of_a_real_net_agree_away_from_the_seams(thin, monkeypatch):
    start = fitted(to_tensor(opened("rocket")), 448)
    whole, _ = gradient(thin, start, "inception_3b/output", whole_layer)
    monkeypatch.setattr(deepdream, "CORE_PX", 224)
    tiled, _ = tiled_gradient(thin, start, "inception_3b/output", whole_layer)
    away = torch.ones(448, dtype=torch.bool)
    away[160:288] = False
    agreement = torch.cosine_similarity(tiled[..., away].flatten(), whole[..., away].flatten(), dim=0)
    assert agreement > 0.99


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (33, 35), (7, 97)])
def test_tiny_and_odd_pictures_dream(thin, size):
    start = fitted(picture(*size).float(), 128, thin.smallest_px)
    last = dreamed(thin, start, DeepDreamParams(octaves=8, steps=1))[-1].picture
    assert last.shape == start.shape
    assert last.isfinite().all()


def test_a_picture_too_long_for_the_net_is_refused():
    with pytest.raises(ValueError, match="at most 32 times as long as wide, got 4000 × 3"):
        fitted(picture(3, 4000), 384, 32)


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1", "CMYK", "I;16"])
def test_pictures_of_every_mode_are_read(mode):
    content = io.BytesIO()
    saved = Image.new(mode, (20, 10))
    saved.save(content, "JPEG" if mode == "CMYK" else "PNG")
    assert read_picture(content.getvalue()).mode == "RGB"
    assert to_tensor(read_picture(content.getvalue())).shape == (1, 3, 10, 20)


def test_pictures_are_turned_as_their_camera_says():
    content, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 10)).save(content, "JPEG", exif=exif)
    assert read_picture(content.getvalue()).size == (10, 30)


@given(st.binary(max_size=200))
def test_other_bytes_are_refused_with_a_sentence(content):
    with pytest.raises(ValueError, match="picture must be a whole PNG, JPEG or WebP file"):
        read_picture(content)


@settings(deadline=None)
@given(st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_a_damaged_picture_is_a_picture_or_a_sentence(place, damage):
    content = base64.b64decode(to_png_url(Image.linear_gradient("L")).partition(",")[2])
    with suppress(ValueError):  # any other fault is one
        assert read_picture(content[:place] + damage + content[place + len(damage) :]).mode == "RGB"


def test_a_picture_that_would_grow_huge_is_refused():
    content = io.BytesIO()
    Image.new("1", (6000, 5000)).save(content, "PNG")
    with pytest.raises(ValueError, match="at most 4,000,000 pixels, got 30,000,000"):
        read_picture(content.getvalue())


# --- the loop as a stream ----------------------------------------------------------------------------


def test_closing_the_dream_ends_the_work_within_a_step(toy):
    frames = dream(toy, picture(16, 16), DeepDreamParams(), whole_layer)
    next(frames)
    frames.close()
    asked = toy.asked
    assert asked == 1
    with pytest.raises(StopIteration):
        next(frames)
    assert toy.asked == asked


def test_dreaming_leaves_the_callers_grad_mode_and_picture_alone(toy):
    start = picture(12, 12)
    kept = start.clone()
    frames = dream(toy, start, DeepDreamParams(octaves=2, steps=2), whole_layer)
    for frame in frames:
        assert torch.is_grad_enabled()
        assert not frame.picture.requires_grad
    assert torch.equal(start, kept)


def test_zoom_film_dreams_goes_closer_and_dreams_again(toy):
    frames = list(deepdream.zoom_film(toy, picture(20, 20), DeepDreamParams(octaves=2, steps=2, turns=3), whole_layer))
    assert [frame.turn for frame in frames] == [1] * 4 + [2] * 4 + [3] * 4
    assert frames[-1].done == 1


def test_going_closer_enlarges_the_middle():
    ramp = torch.linspace(0, 1, 41).expand(1, 3, 41, 41)
    nearer = deepdream.closer(ramp)
    assert nearer.shape == ramp.shape
    assert nearer[0, 0, 0].tolist() == pytest.approx(torch.linspace(0.025, 0.975, 41).tolist(), abs=1e-5)


# --- the embedded net ---------------------------------------------------------------------------------


def agreement_of_precisions(dreamer, size_px):
    """The cosine between the gradients in float32 and in bfloat16."""
    start = fitted(to_tensor(opened("lion")), size_px)
    slopes = [
        gradient(recognisers.replace(dreamer, bfloat16=half), start, "inception_4c/output", whole_layer)[0].flatten()
        for half in (False, True)
    ]
    return torch.cosine_similarity(*slopes, dim=0).item()


def test_bfloat16_points_the_same_way(thin):
    assert agreement_of_precisions(thin, 256) > 0.97


@pytest.mark.parametrize("layer", recognisers.LAYERS["thin_googlenet"])
def test_every_layer_is_there_and_says_something(thin, layer):
    with torch.no_grad():
        assert thin.activation(fitted(to_tensor(opened("lion")), 160), layer).max() > 0


def test_a_dream_changes_what_the_net_sees_but_not_what_a_person_sees(thin):
    start = fitted(to_tensor(opened("lion")), 192)
    last = dreamed(thin, start, DeepDreamParams(octaves=2))[-1].picture
    layer = "inception_4c/output"
    with torch.no_grad():
        before, after = (thin.activation(part, layer).square().mean() for part in (start, last))
    assert after > 3 * before
    assert (last - start).abs().mean() < 0.15


def test_atlas_excites_another_channel_in_each_picture(thin):
    layer, begun = "inception_4c/output", deepdream.noise(3, deepdream.ATLAS_PX, deepdream.ATLAS_PX, seed=0)

    def energy(pictures):
        with torch.no_grad():
            return thin.activation(pictures, layer).square().mean(dim=(2, 3))

    channels = energy(begun).amin(dim=0).topk(3).indices.tolist()  # none that is silent
    growth = (energy(finished(deepdream.atlas(thin, layer, channels)).picture) / energy(begun))[:, channels]
    assert growth.diagonal().min() > 2
    assert growth.argmax(dim=0).tolist() == [0, 1, 2]


def test_layer_strip_holds_a_picture_for_every_layer():
    path = EMBEDDED / "deepdream_layers.jpg"
    with Image.open(path) as strip:
        width, height = strip.size
    assert height * 3 == width * 2 * len(recognisers.LAYERS["thin_googlenet"])
    assert path.stat().st_size <= 1_000_000


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU is here")
def test_gpu_dreams_the_same(thin):
    start, params = fitted(to_tensor(opened("lion")), 256), DeepDreamParams(octaves=1, steps=2)
    there = recognisers.replace(thin, net=copy.deepcopy(thin.net).cuda(), bfloat16=False)
    here = recognisers.replace(thin, bfloat16=False)
    dreams = [finished(dream(dreamer, start, params, whole_layer)).picture for dreamer in (there, here)]
    assert torch.allclose(*dreams, atol=1e-2)


# --- parameters, messages, answers ----------------------------------------------------------------------


@pytest.mark.parametrize("net", recognisers.NETS)
def test_every_net_has_its_favourite_layer(net):
    assert DeepDreamParams(net=net).excited in recognisers.LAYERS[net]


def test_a_layer_of_another_net_is_refused():
    with pytest.raises(ValueError, match="layer must be one of Conv2d_4a_3x3"):
        DeepDreamParams(net="inception_v3", layer="inception_4c/output")


def test_every_ready_picture_opens():
    assert set(READY_PICTURES) == {*NAMES, *SCENES}
    for name in READY_PICTURES:
        assert min(opened(name).size) > 200


@pytest.fixture(scope="module")
def told():
    params = DeepDreamParams(picture="rocket", net="thin_googlenet", size_px=128, octaves=2, steps=3)
    return list(messages(params, Task()))


def test_run_tells_its_progress_and_ends_lossless(told):
    assert [len(message["ends"]) for message in told][-1] == 2
    assert told[-1]["last"]
    assert told[-1]["image"].startswith("data:image/png")
    assert len(told[-1]["curve"]) == told[-1]["made"] == 6
    assert not any(message.get("last") for message in told[:-1])
    assert all(sum(chance for _, chance in top) <= 1.001 for top in told[-1]["top"])
    json.dumps(told)


def test_dream_goes_on_from_where_it_was(told):
    params = DeepDreamParams(picture="rocket", net="thin_googlenet", size_px=128, octaves=1, steps=1)
    first = next(messages(params, Task(begun=told[-1]["image"], run=7)))
    assert first["curve"][0] > 1.2 * next(messages(params, Task()))["curve"][0]
    assert first["before"] == told[0]["before"]
    assert first["run"] == 7


@pytest.mark.parametrize("zooms", [False, True])
def test_black_mask_keeps_the_picture(zooms):
    black = to_png_url(Image.new("L", (8, 8)))
    asked = {"net": "thin_googlenet", "size_px": 128, "octaves": 2, "steps": 1, "turns": 2, "mask": black}
    first, *_ = messages(DeepDreamParams(**asked), Task(zooms=zooms))
    shown, before = (opened(first[name]) for name in ("image", "before"))
    assert np.abs(np.subtract(shown.resize(before.size), before, dtype=float)).mean() < 5  # one is smaller


def test_another_guide_another_dream():
    asked = {"net": "thin_googlenet", "size_px": 128, "octaves": 1, "steps": 2}
    dreams = [finished(messages(DeepDreamParams(**asked, guide=guide), Task())) for guide in (None, "cat", "coffee")]
    assert len({last["image"] for last in dreams}) == 3
    assert ["guide" in last["wish"] for last in dreams] == [False, True, True]


def test_a_run_ends_when_its_time_is_over(monkeypatch):
    monkeypatch.setattr("demos.deepdream_run.LONGEST_MS", 0)
    last = finished(messages(DeepDreamParams(net="thin_googlenet", size_px=128), Task()))
    assert last["last"]
    assert last["done"] < 1


def test_closing_a_run_ends_its_dream(monkeypatch):
    asked = []
    whole = deepdream.step
    monkeypatch.setattr(deepdream, "step", lambda *given: asked.append(given) or whole(*given))
    run = tab.run(Task().model_dump(), *DeepDreamParams(net="thin_googlenet", size_px=128).model_dump().values())
    next(run)
    run.close()
    assert len(asked) <= 1


def test_zoom_film_tells_every_turn():
    params = DeepDreamParams(net="thin_googlenet", size_px=128, octaves=1, steps=1, turns=3, picture="noise")
    *_, last = messages(params, Task(zooms=True))
    assert last["place"] == "Frame 3 of 3, octave 1 of 1, step 1 / 1."


def test_picture_is_kept_as_a_png_that_tells_its_settings(told):
    answer = keep({"picture": told[-1]["image"], "settings": "?demo=deepdream&v=1"})
    kept = Image.open(io.BytesIO(base64.b64decode(answer["file"].partition(",")[2])))
    assert (kept.format, kept.size, kept.info["Settings"]) == ("PNG", (128, 85), "?demo=deepdream&v=1")


@pytest.mark.parametrize("kind", ["gif", "mp4"])
def test_frames_are_kept_as_films(told, kind):
    answer = answered(film, {"kind": kind, "frames": [message["image"] for message in told]})
    content = base64.b64decode(answer["file"].partition(",")[2])
    if kind == "mp4":
        assert content[4:8] == b"ftyp"
    else:
        kept = Image.open(io.BytesIO(content))
        assert (kept.size, kept.n_frames > 1) == ((128, 84), True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "exe", "frames": ["data:,"]},
        {"kind": "gif", "frames": "one"},
        {"kind": "gif", "frames": []},
        {"kind": "gif", "frames": ["data:image/png;base64,AAAA"]},
        {"kind": "gif", "frames": ["/etc/passwd"]},
    ],
)
def test_what_cannot_be_filmed_is_refused_with_a_sentence(wrong):
    assert re.search("must|should", answered(film, wrong)["error"])


@pytest.mark.parametrize("wrong", [to_png_url(Image.new("1", (1200, 1200))), "/etc/passwd", None])
def test_what_cannot_be_kept_is_refused_with_a_sentence(wrong):
    assert re.search("must|should", keep({"picture": wrong, "settings": ""})["error"])


def test_look_shows_what_a_run_would_begin_with():
    answer = look({"picture": "coffee", "size_px": 128})
    assert answer["size"] == [128, 85]
    assert "Coffee" in answer["caption"]
    assert "must" in look({"picture": data_url(b"no picture", "image/png")})["error"]


def test_atlas_answers_a_page_of_channels():
    page = {"net": "thin_googlenet", "layer": "inception_3b/5x5_reduce", "first": 24}
    answer = answered(atlas, page)
    assert (answer["channels"], len(answer["images"])) == (32, 8)
    assert "first must be below 32" in answered(atlas, page | {"first": 32})["error"]
    assert "layer must be one of" in answered(atlas, page | {"layer": "fc"})["error"]


def test_first_dream_is_kept_for_the_next_visitor(monkeypatch):
    params = DeepDreamParams(net="thin_googlenet", size_px=128, octaves=1, steps=1)
    monkeypatch.setattr(tab, "DeepDreamParams", lambda: params)
    monkeypatch.setattr(tab, "in_order", lambda *_: params)
    monkeypatch.setattr(tab, "FIRST_DREAM", {})
    assert [update.get("start") for update in tab.begin()] == [None, None, True, None]
    list(tab.run(Task(run=1).model_dump()))
    _, stage, runner, foot = tab.begin()
    assert stage["frame"]["last"]
    assert stage["frame"]["run"] == 0
    assert "start" not in runner
    assert foot["value"]["source"].startswith("thin_googlenet, embedded weights, 1 steps")


# --- the original -------------------------------------------------------------------------------------

NETS_DATA = Path(os.environ.get("NETS_DATA", "absent"))
needs_original = pytest.mark.skipif(
    not (NETS_DATA / "weights" / "bvlc_googlenet").is_dir(), reason="NETS_DATA has no weights/bvlc_googlenet"
)


@pytest.fixture(scope="module")
def original():
    patch = pytest.MonkeyPatch()
    patch.setenv("WEIGHTS_DIR", str(NETS_DATA / "weights"))
    yield recognisers.googlenet.__wrapped__()
    patch.undo()


@needs_original
@pytest.mark.parametrize("name", ["dog", "person", "horses", "eagle"])
def test_original_recognises_what_its_reference_recognises(original, name):
    listed = json.loads((NETS_DATA / "weights" / "reference_outputs.json").read_text())["bvlc_googlenet"]["top5"][name]
    photo = Image.open(NETS_DATA / "data" / "test_images" / f"{name}.jpg").convert("RGB")
    scale = 256 / min(photo.size)
    photo = photo.resize([round(scale * side) for side in photo.size], Image.Resampling.BILINEAR)
    left, top = ((side - 224) // 2 for side in photo.size)
    crop = to_tensor(photo.crop((left, top, left + 224, top + 224)))
    found = recognisers.top_five(recognisers.replace(original, bfloat16=False), crop)
    assert [name for name, _ in found] == [names.partition(",")[0] for names, _ in listed]
    assert [chance for _, chance in found] == pytest.approx([chance for _, chance in listed], abs=2e-3)


@needs_original
def test_originals_gradient_in_bfloat16_points_the_same_way(original):
    assert agreement_of_precisions(original, 384) > 0.97
