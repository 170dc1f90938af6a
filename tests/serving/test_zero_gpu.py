"""The app as on a ZeroGPU Space, whose rules the stand-in in `fake_spaces` holds it to."""

import json
import os
import subprocess
import sys
from pathlib import Path

import gradio as gr
import pytest
import torch
from gradio_client import Client
from gradio_client.exceptions import AppError

from demos import DEMOS, zero
from demos.refusals import BROKEN, sentence_for
from models import painters, recognisers
from models.device import Device
from tests.server import ROOT, running_app
from weights import WeightsError

SPACE = {
    "PYTHONPATH": str(Path(__file__).parent / "fake_spaces"),
    "SPACES_ZERO_GPU": "true",
    "NETS_DEVICE": "cpu",  # which stands for the GPU that is lent
}
LENT = {"demos.deepdream_run.messages": 20, "demos.style_run.messages": 30, "demos.style_answers.painted": 60}
DREAM = {"picture": "lion", "net": "thin_googlenet", "octaves": 1, "steps": 2, "size_px": 128}
PAINTING = {"content": "cat", "iterations": 5, "size_px": 64}
LIGHT = [demo for demo in DEMOS if demo.slug not in ("deepdream", "style")]

TOLD = """
import json, sys
from dataclasses import replace
import app, spaces, torch
from demos import deepdream_run, style_answers, style_run, zero
from models.style import StyleParams
from models.style_figures import FIGURES

app.build()
lent = {f"{task.__module__}.{task.__qualname__}": seconds for task, seconds in spaces.decorated.items()}
longest_ms = [tab.LONGEST_MS for tab in (deepdream_run, style_run, style_answers)]
zero.prepare()
whole = FIGURES["reconstructions"]
cells = [[cell | {"iterations": 5, "size_px": 64} for cell in row[:2]] for row in whole.cells[:1]]
FIGURES["reconstructions"] = replace(whole, cells=cells)
figures = [list(style_answers.panels(StyleParams(), style_answers.Order(name="reconstructions"))) for _ in range(2)]
net = torch.nn.Linear(2, 2)

def moves():
    yield str(net.to("cpu"))

def tells():
    yield net

def mistaken(work, seconds):
    try:
        return str(list(zero.lent(seconds)(work)()))
    except Exception as broken:
        return str(broken)

mistakes = [mistaken(moves, 5), mistaken(tells, 5), mistaken(moves, 200)]
estimate = style_answers.estimate(StyleParams())
names = ("lent", "longest_ms", "figures", "mistakes", "estimate")
json.dump({name: globals()[name] for name in names}, sys.stdout)
"""


@pytest.fixture(scope="module")
def told() -> dict:
    """What the app's functions tell where the stand-in is, and what is logged meanwhile."""
    command = [sys.executable, "-c", TOLD]
    whole = subprocess.run(command, cwd=ROOT, env=os.environ | SPACE, capture_output=True, text=True, timeout=120)
    assert whole.returncode == 0, whole.stderr
    return json.loads(whole.stdout) | {"log": whole.stderr}


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    """A client of the running app, and a function that tells the calls for a GPU since it was last asked."""
    calls = tmp_path_factory.mktemp("space") / "calls"
    seen = 0

    def since() -> list[dict]:
        nonlocal seen
        lines = [json.loads(line) for line in calls.read_text().splitlines()]
        begun, seen = seen, len(lines)
        return lines[begun:]

    with running_app(**SPACE, GPU_CALLS=str(calls)) as url:
        yield Client(url, verbose=False, analytics_enabled=False), since


@pytest.fixture
def lent_device(monkeypatch):
    """A device for long work that is not where light work is done."""
    place = Device(torch.device("meta"), "a lent GPU", "a test asks for it")
    for kind in (recognisers, painters):
        kind.on_lent_gpu.cache_clear()
        monkeypatch.setattr(kind, "long_work_device", lambda: place)
    yield place
    for kind in (recognisers, painters):
        kind.on_lent_gpu.cache_clear()


def device_of(ready) -> torch.device:
    return next(ready.net.parameters()).device


# --- what asks for the GPU ------------------------------------------------------------------------


def test_only_dreams_paintings_and_figures_ask_for_the_gpu_and_for_a_minute_at_most(told):
    assert told["lent"] == LENT
    assert max(LENT.values()) <= 60


def test_runs_end_before_their_gpu_is_taken_back(told):
    assert told["longest_ms"] == [1000 * (seconds - zero.SPARE_S) for seconds in LENT.values()]


def test_dream_is_lent_the_gpu_in_its_visitors_name(space):
    client, calls = space
    assert calls()[0] == {"launch": ["messages", "messages", "painted"]}
    answer = client.predict(**DREAM, api_name="/deepdream")
    assert len(answer["objective"]) == 2
    assert answer["picture"].startswith("data:image/png")
    assert calls() == [{"call": "messages", "seconds": 20, "visitor": True}]


def test_painting_is_lent_the_gpu_in_its_visitors_name(space):
    client, calls = space
    calls()
    answer = client.predict(**PAINTING, api_name="/style")
    assert len(answer["loss"]) == 5
    assert calls() == [{"call": "messages", "seconds": 30, "visitor": True}]


@pytest.mark.parametrize("demo", LIGHT, ids=lambda demo: demo.slug)
def test_light_work_costs_nobodys_minutes(space, demo):
    client, calls = space
    calls()
    endpoint = client.view_api(return_format="dict", print_info=False)["named_endpoints"][f"/{demo.slug}"]
    asked = {parameter["parameter_name"] for parameter in endpoint["parameters"]}
    assert client.predict(**demo.params().model_dump(include=asked, exclude_none=True), api_name=f"/{demo.slug}")
    assert calls() == []


def test_refusal_in_a_lent_call_reaches_the_visitor_and_the_next_dream_is_right(space):
    client, calls = space
    calls()
    with pytest.raises(AppError) as refusal:
        client.predict(**DREAM, layer="inception_3b/5x5_reduce", channels=[9999], api_name="/deepdream")
    assert str(refusal.value) == "channels must be from 0 to 31 in this layer, got 9999"
    assert client.predict(**DREAM, api_name="/deepdream")["top_five"]
    assert len(calls()) == 2


def test_what_zero_gpu_says_itself_is_told_as_it_is():
    assert sentence_for(gr.Error("No GPU was available")) == "No GPU was available"


def test_figure_is_kept_though_it_was_painted_in_another_process(told):
    first, again = told["figures"]
    assert len(first) > 1
    assert again == first[-1:]
    assert len(again[0]["cells"]) == 2


def test_estimate_tells_how_long_the_gpu_is_lent(told):
    assert told["estimate"].startswith("At most 30 s and ")


def test_stand_in_notices_mistakes(told):
    moved, shown, greedy = told["mistakes"]
    assert BROKEN in moved
    assert "RuleError: a net is loaded or moved inside a decorated call" in told["log"]
    assert "must hold no net" in shown
    assert "at most 120 seconds, got 200" in greedy


# --- where nets are -------------------------------------------------------------------------------


def test_without_zero_gpu_a_function_stays_as_it_is():
    def work():
        yield 1

    assert zero.lent(5)(work) is work
    assert painters.load_for_long_work("thin_vgg19") is painters.load("thin_vgg19")


@pytest.mark.parametrize(("kind", "name"), [(recognisers, "thin_googlenet"), (painters, "thin_vgg19")])
def test_net_for_long_work_is_a_copy_and_light_work_keeps_its_own(lent_device, kind, name):
    lent = kind.load_for_long_work(name)
    assert device_of(lent) == lent_device.torch_device
    assert device_of(kind.load(name)) == torch.device("cpu")
    assert lent.loaded is kind.load(name).loaded
    assert kind.load_for_long_work(name) is lent


@pytest.mark.usefixtures("lent_device")
def test_every_net_that_is_here_is_prepared_and_those_missing_stop_nothing(monkeypatch):
    monkeypatch.setattr(zero, "on_zero_gpu", lambda: True)
    asked = []

    def only_ours(name):
        asked.append(name)
        if not name.startswith("thin"):
            raise WeightsError(f"no weights for {name}")
        return whole[name.removeprefix("thin_")](name)

    whole = {"googlenet": recognisers.load, "vgg19": painters.load}
    for kind in (recognisers, painters):
        monkeypatch.setattr(kind, "load", only_ours)
    zero.prepare()
    assert asked == [*recognisers.NETS, *painters.NETS]
    assert painters.on_lent_gpu.cache_info().currsize == recognisers.on_lent_gpu.cache_info().currsize == 1
