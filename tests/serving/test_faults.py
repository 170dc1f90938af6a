"""Memory, disk and numbers that run out in the middle of a tab's work: a sentence, and the next answer is right."""

import errno
import inspect
import itertools
import math

import gradio as gr
import pytest

from demos import DEMOS, capsnet, deepdream, eigenfaces, infogan, style, yolo
from demos import turns as gated
from demos.refusals import BROKEN, DISK_FULL, NO_MEMORY
from demos.serving.gate import Gate
from models import capsnet as capsnet_model
from models import deepdream as dream_model
from models import eigenfaces as eigenfaces_model
from models import infogan as infogan_model
from models import style as style_model
from models import yolo as yolo_model
from models.frames import sound
from models.strokes import ready_digits
from tests.turns import told

FAULTS = {
    "tensor": (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"), NO_MEMORY),
    "memory": (MemoryError(), NO_MEMORY),
    "disk": (OSError(errno.ENOSPC, "No space left on device", "/srv/secret"), DISK_FULL),
    "bug": (KeyError("secret"), BROKEN),
}
SMALL = {"net": "thin_googlenet", "size_px": 128, "octaves": 2, "steps": 2}
# Each tab's API, what to ask of it, and the function in the middle of its work.
TABS = {
    "capsnet": (capsnet.api, {"drawing": ready_digits()[0].drawing}, (capsnet_model, "answer")),
    "infogan": (infogan.api, {"digit": 3}, (infogan_model, "make")),
    "deepdream": (deepdream.api, SMALL, (dream_model, "step")),
    "style": (style.api, {"net": "thin_vgg19", "size_px": 64, "iterations": 5}, (style_model, "losses")),
    "yolo": (yolo.api, {"net": "digits"}, (yolo_model, "look")),
    "eigenfaces": (eigenfaces.api, {"picture": "flower"}, (eigenfaces_model, "see")),
}


@pytest.fixture(autouse=True)
def gate(monkeypatch):
    """A gate of the test's own."""
    monkeypatch.setattr(gated, "GATE", Gate())


def asked(api, values):
    """What the API answers to one caller."""
    return told(api, **values) if inspect.iscoroutinefunction(api) else api(**values)


def failing(function, fault):
    """The function, which fails from its second call on where it is called often."""
    calls = itertools.count(1)

    def fails(*values, **named):
        if next(calls) > (function.__name__ in ("step", "losses")):
            raise fault
        return function(*values, **named)

    return fails


def test_every_tab_is_here():
    assert list(TABS) == [demo.slug for demo in DEMOS]


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("tab", TABS)
def test_fault_is_a_sentence_and_the_next_answer_is_right(monkeypatch, tab, kind):
    api, values, (module, name) = TABS[tab]
    fault, sentence = FAULTS[kind]
    with monkeypatch.context() as patch:
        patch.setattr(module, name, failing(getattr(module, name), fault))
        with pytest.raises(gr.Error) as refusal:
            asked(api, values)
    assert refusal.value.message == sentence.replace("'", "&#x27;")
    assert asked(api, values)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_work_whose_number_is_none_any_more_ends_with_a_sentence(number):
    frames = sound(iter([1.0, 2.0, number, 3.0]), lambda frame: frame, "loss")
    assert [next(frames), next(frames)] == [1.0, 2.0]
    with pytest.raises(ValueError, match=r"loss must stay a number, got .*: choose gentler settings"):
        next(frames)


def test_dream_that_loses_its_numbers_says_so_and_the_next_is_right(monkeypatch):
    step = dream_model.step
    with monkeypatch.context() as patch:
        patch.setattr(dream_model, "step", lambda *values: (step(*values)[0] * math.nan, math.nan))
        with pytest.raises(gr.Error, match="objective must stay a number, got nan"):
            asked(deepdream.api, SMALL)
    assert all(math.isfinite(value) for value in asked(deepdream.api, SMALL)["objective"])
