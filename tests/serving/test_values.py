"""Whatever is sent for a parameter, the functions behind the page and the API see valid ones, or none.

The cases are found by walking the fields of every request that the demos know, so that a new demo has them too.
"""

import itertools
import json
import math
import re
import time
import types
import typing
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from demos import DEMOS, refusals
from demos.ui import Demo
from models.eigenfaces import COUNT, SLIDERS
from models.photographs import LONGEST_ADDRESS

HALF_A_CHARACTER, HUGE = "\ud800", 10**5000
LONGEST_SENTENCE = 600
LIBRARIES = r"surrogate|codec|sys\.|pydantic|dictionary or instance|_type\b|Traceback"
LONGEST_FREE_TEXT = 1000
# Texts that may say anything, or are looked at later, where they are used.
FREE_TEXTS = {"Kept.settings", "GreyLevels.grey", "UncoverAsked.picture", "Page.layer"}

# What a page sends where a request has no defaults.
EXAMPLES = {
    **{"digit": 3, "pose": [0.0] * 16, "figure": "c1", "walk": "c1", "width": 1, "height": 1, "grey": "AA=="},
    **{"picture": "data:image/png;base64,", "frames": ["data:image/png;base64,"], "kind": "gif", "settings": ""},
    **{"net": "googlenet", "layer": "inception_3a/output", "first": 0, "name": "race", "run": 1, "begun": None},
    **{"weights": [0.0] * COUNT, "moves": [0.0] * SLIDERS, "k": 5, "mask": "", "ink": "black"},
    **{"measure": "cosine", "dropped": False, "shifted": False, "url": "http://hall/"},
}

# Valid for no parameter at all.
NUMBERS = (math.nan, math.inf, -math.inf, HUGE, -HUGE, 2**63, -(2**63), 1e308)
TEXTS = (
    *("nan%", "1e999", "٣", "１", "3 apples", "\0", "a\0b", "\u202egnp.erutcip", "👩‍👧‍👦", "../../etc/passwd"),
    *("<img src=x onerror=a>", "data:text/html,x", "data:image", "x" * LONGEST_FREE_TEXT),
)
VAST_TEXTS = ("x" * (LONGEST_ADDRESS + 1), HALF_A_CHARACTER, f"data:image/png;base64,{HALF_A_CHARACTER}")
NESTED: tuple[Any, ...] = (
    *({}, {"value": 1}, {"0": 1}, [[]], [[[[1]]]], [None], [{}], [math.nan], [HUGE], [HALF_A_CHARACTER], ["x" * 9999]),
    *([math.nan] * 16, [9e9] * 170, [99] * 50_000, ["9"] * 50_000, [[0] * 16] * 16),
)


def requests(parent: type[BaseModel] = BaseModel) -> Iterator[type[BaseModel]]:
    """Every request that goes through `checked`: the demos' parameters, and what their widgets ask."""
    for child in parent.__subclasses__():
        if re.match(r"(demos|models)\.(?!serving)", child.__module__):
            yield child
        yield from requests(child)


CASES = {f"{kind.__module__}.{kind.__name__}.{name}": (kind, name) for kind in requests() for name in kind.model_fields}


def kinds(annotation: Any) -> set[type]:
    """The plain types of the values that an annotation lets pass, tuples for all that is a sequence."""
    origin = typing.get_origin(annotation)
    if origin is None:
        return {types.NoneType if annotation is None else annotation}
    if origin is typing.Literal:
        return {type(choice) for choice in typing.get_args(annotation)}
    if origin in (tuple, list):
        return {tuple}
    if origin is typing.Annotated:
        return kinds(typing.get_args(annotation)[0])
    return {kind for part in typing.get_args(annotation) for kind in kinds(part)}


def wrong_for(kind: type[BaseModel], name: str) -> list[Any]:
    """Values that this field must not take."""
    allowed = kinds(kind.model_fields[name].annotation)
    found = [*NUMBERS, *VAST_TEXTS, *NESTED]
    found += [] if f"{kind.__name__}.{name}" in FREE_TEXTS else TEXTS
    found += [] if types.NoneType in allowed else [None]
    found += [] if bool in allowed else [True, False, [True], [False, True], [True] * 16, [False] * 170]
    found += [] if allowed & {int, float} else [5, 7.25, 10**12]
    found += [] if tuple in allowed else [[], [1], ["x"], (0.0, 0.0)]
    return found + ([] if float in allowed else [7.25])


def asked(kind: type[BaseModel], /, **values: Any) -> dict[str, Any]:
    """A valid request but for these values."""
    needed = (name for name, field in kind.model_fields.items() if field.default is PydanticUndefined)
    return {name: EXAMPLES[name] for name in needed if not kind.model_fields[name].default_factory} | values


def shown(value: Any) -> str:
    """A value as a test's message tells it."""
    return f"a number of {value.bit_length()} bits" if isinstance(value, int) else ascii(value)[:60]


# --- every field of every request -----------------------------------------------------------------


@pytest.mark.parametrize("kind", {kind for kind, _ in CASES.values()}, ids=lambda kind: kind.__name__)
def test_a_right_request_is_let_in(kind):
    assert isinstance(refusals.checked(kind, asked(kind)), kind)


@pytest.mark.parametrize(("kind", "name"), CASES.values(), ids=CASES)
def test_no_wrong_value_is_let_in(kind, name):
    let_in = []
    for value in wrong_for(kind, name):
        with suppress(ValueError):
            let_in.append((shown(value), getattr(refusals.checked(kind, asked(kind, **{name: value})), name)))
    assert let_in == []


@pytest.mark.parametrize(("kind", "name"), CASES.values(), ids=CASES)
def test_a_refusal_names_the_parameter_in_one_short_sentence(kind, name):
    unclear = []
    for value in wrong_for(kind, name):
        try:
            refusals.checked(kind, asked(kind, **{name: value}))
        except ValueError as refusal:
            told = str(refusal)
            named = re.match(rf"{name}\b", told) and not re.search(LIBRARIES, told)
            if not named or len(told) > LONGEST_SENTENCE or HALF_A_CHARACTER in told:
                unclear.append((shown(value), ascii(told)[:200]))
    assert unclear == []


@pytest.mark.parametrize("values", [None, [], "x" * 10**6, 5, math.nan, True, [[1]], HALF_A_CHARACTER], ids=shown)
@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.slug)
def test_what_is_no_request_at_all_is_refused(demo, values):
    with pytest.raises(ValueError, match=r"^the request must be") as refusal:
        refusals.checked(demo.params, values)
    assert len(str(refusal.value)) < LONGEST_SENTENCE


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.slug)
def test_unknown_names_change_nothing(demo):
    more = {"evil": 1, "__class__": "x", HALF_A_CHARACTER: 2, "model_config": {"extra": "allow"}}
    assert refusals.checked(demo.params, more) == demo.params()


def test_a_list_of_a_million_is_refused_at_once():
    [params] = [demo.params for demo in DEMOS if demo.slug == "capsnet"]
    begun = time.process_time()
    with pytest.raises(ValueError, match="offsets"):
        refusals.checked(params, {"offsets": [9] * 1_000_000})
    assert time.process_time() - begun < 1


# --- over the API, to a running app ----------------------------------------------------------------

CHEAP: dict[str, dict[str, Any]] = {
    "deepdream": {"steps": 1, "octaves": 1, "size_px": 128, "net": "thin_googlenet"},
    "style": {"iterations": 5, "size_px": 128},
}
# As they stand in the body, since not all of them can be written by a JSON library.
BODIES = (
    *("NaN", "-Infinity", "1e999", "true", '{"a": [1]}', "[[[[]]]]"),
    *('"\\ud800"', '"a\\u0000b"', f'"{"x" * 99_999}"', f"[{'9,' * 99_999}9]", "9" * 5000),
)
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture(scope="module")
def endpoints(app_url) -> dict[str, list[str]]:
    """The parameters of each demo's function on the API, in order."""
    with DIRECT.open(app_url + "gradio_api/info", timeout=60) as answer:
        told = json.load(answer)["named_endpoints"]
    return {name[1:]: [part["parameter_name"] for part in told[name]["parameters"]] for name in told}


def call(app_url: str, slug: str, values: list[str]) -> tuple[str, str]:
    """How a call of the API ended, "complete", "error" or "refused", and what it told; values as JSON."""
    body = f'{{"data": [{", ".join(values)}]}}'.encode()
    address = f"{app_url}gradio_api/call/{slug}"
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    try:
        with DIRECT.open(request, timeout=60) as answer:
            event = json.load(answer)["event_id"]
    except urllib.error.HTTPError as refusal:
        with refusal:
            return "refused" if 400 <= refusal.code < 500 else "broken", refusal.read().decode()
    with DIRECT.open(f"{address}/{event}", timeout=120) as stream:
        *_, name, data = [line for line in stream.read().decode().splitlines() if line and "heartbeat" not in line]
    return name.removeprefix("event: "), data.removeprefix("data: ")


def right_values(demo: Demo, names: list[str]) -> list[str]:
    """The values of a cheap call, in order."""
    values = demo.params(**CHEAP.get(demo.slug, {})).model_dump(mode="json")
    return [json.dumps(values[name]) for name in names]


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.slug)
def test_the_app_refuses_wrong_values_and_answers_right_after(demo, app_url, endpoints):
    names = endpoints[demo.slug]
    right, bodies = right_values(demo, names), itertools.cycle(BODIES)
    for place, name in enumerate(names):
        takes_bool = bool in kinds(demo.params.model_fields[name].annotation)
        for wrong in [next(bodies), next(bodies)]:
            if wrong == "true" and takes_bool:
                continue
            end, told = call(app_url, demo.slug, [*right[:place], wrong, *right[place + 1 :]])
            assert end == "refused" or (end == "error" and name in told), (name, wrong[:40], end, told[:200])
    end, told = call(app_url, demo.slug, right)
    assert end == "complete", told


NO_CALLS = (b"", b"[]", b"{}", b"null", b'{"data": 5}', b'{"data": "x"}', b"{" * 5000, b"\xff\xfe", b"[" * 100_000)


@pytest.mark.parametrize("body", NO_CALLS, ids=range(len(NO_CALLS)))
def test_what_is_no_call_is_refused_without_a_fault(app_url, body):
    request = urllib.request.Request(app_url + "gradio_api/call/capsnet", body, {"Content-Type": "application/json"})
    with pytest.raises(urllib.error.HTTPError) as refusal, DIRECT.open(request, timeout=60):
        pass
    with refusal.value as answer:
        assert 400 <= answer.code < 500
        assert not re.search(r'Traceback|File "|/\w+/\w+\.py', answer.read().decode())


WIDGET_DATA = (
    "null",
    "5",
    "NaN",
    '"x"',
    "[[]]",
    "{}",
    '{"k": NaN, "\\ud800": "\\ud800"}',
    '{"digit": "\\ud800", "settings": 5}',
)


def test_every_widgets_own_call_answers_to_wrong_data(app_url):
    with DIRECT.open(app_url + "config", timeout=60) as answer:
        parts = json.load(answer)["components"]
    asked_for = [(part["id"], name) for part in parts for name in part["props"].get("server_fns") or []]
    assert len(asked_for) >= 15
    for (widget, name), data in itertools.product(asked_for, WIDGET_DATA):
        body = f'{{"component_id": {widget}, "fn_name": "{name}", "session_hash": "x", "data": {data}}}'.encode()
        address = app_url + "gradio_api/component_server"
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
        assert status(request) < 500, (name, data)


def status(request: urllib.request.Request) -> int:
    """The status of the answer to a request, whatever it is."""
    try:
        with DIRECT.open(request, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return refusal.code
