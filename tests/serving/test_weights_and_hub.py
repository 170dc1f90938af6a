"""Wrong weights never load; every fault of the Hub is named soon, and the next start repairs what it left behind.

`tests/test_weights.py` tells where weights are looked for; here are the faults that a lecture may meet.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

import weights
from tests.mirror import Handler, Mirror
from tests.test_weights import LARGE, LOAD, SMALL, Visitor, file
from weights.manifest import WEIGHTS

NAMED_WITHIN_S = 10


def flipped(place: int) -> Callable[[bytes], bytes]:
    """A file with one bit turned, so far into it."""
    return lambda content: content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def poisoned(content: bytes) -> bytes:
    """A file of the same names, shapes and length, with one number that is none."""
    tensors = weights.files.parse_safetensors(content)
    tensors["layer"][3] = torch.nan
    return save(tensors)


SPOILS: dict[str, Callable[[bytes], bytes]] = {
    "a flipped bit in its first byte": flipped(0),
    "a flipped bit in its header": flipped(40),
    "a flipped bit in its numbers": flipped(len(SMALL) - 9),
    "cut by a byte": lambda content: content[:-1],
    "cut in half": lambda content: content[: len(content) // 2],
    "empty": lambda _: b"",
    "longer by a byte": lambda content: content + b"\0",
    "not a number inside": poisoned,
    "another net's": lambda _: save({"layer": torch.arange(10.0) + 1}),
    "another format's": lambda _: b"PK\3\4" + bytes(200),
}


def test_spoilt_files_differ_as_little_as_they_should():
    assert len(poisoned(SMALL)) == len(SMALL)
    assert weights.files.parse_safetensors(poisoned(SMALL))["layer"].isnan().sum() == 1


# --- wrong weights --------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["WEIGHTS_DIR", "embedded"])
@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS)
def test_wrong_weights_never_load(tmp_path, monkeypatch, spoil, place):
    monkeypatch.setattr(weights, "EMBEDDED", tmp_path / "embedded")
    monkeypatch.setenv("WEIGHTS_DIR", str(tmp_path / "WEIGHTS_DIR"))
    for folder in ("WEIGHTS_DIR", "embedded"):
        (tmp_path / folder).mkdir()
    (tmp_path / "embedded" / "small.safetensors").write_bytes(SMALL)
    (tmp_path / place / "small.safetensors").write_bytes(wrong := spoil(SMALL))
    net = weights.Weights("net", "MIT", "in a test", embedded=weights.File(**file("small.safetensors", SMALL)))
    with pytest.raises(weights.WeightsError) as refusal:
        weights.load(net)
    assert hashlib.sha256(SMALL).hexdigest() in str(refusal.value)
    assert hashlib.sha256(wrong).hexdigest() in str(refusal.value)


EMBEDDED = [listed for listed in WEIGHTS if listed.embedded]


@pytest.mark.parametrize("listed", EMBEDDED, ids=lambda listed: listed.name)
def test_one_nets_file_is_not_taken_for_anothers(listed):
    other = next(other for other in EMBEDDED if other.embedded.sha256 != listed.embedded.sha256)
    swapped = replace(listed, hub=None, embedded=replace(listed.embedded, path=other.embedded.path))
    with pytest.raises(weights.WeightsError, match=listed.embedded.sha256):
        weights.load(swapped)


@pytest.mark.parametrize("listed", EMBEDDED, ids=lambda listed: listed.name)
def test_embedded_weights_are_numbers(listed):
    tensors = weights.load(replace(listed, hub=None)).tensors.values()
    assert all(tensor.isfinite().all() for tensor in tensors)


@pytest.mark.parametrize("spoil", [flipped(0), flipped(300), lambda content: content[:-1], lambda _: b""])
def test_wrong_graphs_never_load(spoil):
    content = bytes(range(256)) * 2
    graph = weights.GraphFile(**file("graph.onnx", content), repo="r", commit="main")
    assert graph.tensors(content)
    with pytest.raises(weights.WeightsError, match=hashlib.sha256(content).hexdigest()):
        graph.tensors(spoil(content))


@pytest.mark.parametrize("content", [b"", b"\0" * 99, b"\x89PNG\r\n\x1a\n", b"\x08\x07" * 500, SMALL])
def test_bytes_that_are_no_onnx_never_load(content):
    graph = weights.OnnxFile(**file("graph.onnx", b"the true one"), repo="r", commit="main", layers=("layer",))
    with pytest.raises(weights.WeightsError, match=r"graph\.onnx must"):
        graph.tensors(content)


# --- faults of the Hub ----------------------------------------------------------------------------


# Starts the program of `tests.test_weights` once for each line, each time in a new process that has already imported.
STARTING = f"""
import io, os, sys, huggingface_hub.file_download, weights
for line in sys.stdin:
    if os.fork() == 0:
        sys.stdin = io.StringIO(line)
        exec({LOAD!r})
        sys.stdout.flush()
        os._exit(0)
"""


class Machine(Visitor):
    """A machine whose program starts as often as one likes."""

    def __init__(self, folder: Path, endpoint: str, **environment: str) -> None:
        super().__init__(folder, endpoint, **environment)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        self.process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", STARTING], env=self.environment, **pipes)

    def loads(self, at_once: int) -> list[dict]:
        """What so many loads at the same time answer."""
        self.process.stdin.write(f"{self.told}\n" * at_once)
        self.process.stdin.flush()
        return [json.loads(self.process.stdout.readline()) for _ in range(at_once)]

    def load(self) -> dict:
        [answer] = self.loads(1)
        return answer


@pytest.fixture
def machine(tmp_path) -> Iterator[Callable[..., Machine]]:
    """Makes a machine that asks the Hub at an endpoint."""
    with ExitStack() as processes:

        def made(endpoint: str, **environment: str) -> Machine:
            made = Machine(tmp_path, endpoint, **environment)
            processes.enter_context(made.process)
            return made

        yield made


class Breaking(Mirror):
    """A mirror that sends half a file and then, in the mood "cutting for good", hangs up, each time anew."""

    def handler(self) -> type[Handler]:
        return BreakingHandler


class BreakingHandler(Handler):
    def send_file(self, content: bytes, with_body: bool) -> None:
        if not with_body or self.mirror.mood != "cutting for good":
            super().send_file(content, with_body)
            return
        self.reply(200, self.identity(content), content[: len(content) // 2], len(content))
        self.close_connection = True


NAMED = {
    "missing": "answered 404",
    "broken": "answered 500",
    "breaking": "broke off",
    "silent": "did not answer",
    "cutting for good": "broke off",
}


@pytest.mark.parametrize(("mood", "name"), NAMED.items(), ids=NAMED)
def test_a_fault_of_the_hub_is_named_and_the_next_start_repairs_it(machine, mood, name):
    with Breaking(LARGE, mood) as mirror:
        lecturer = machine(mirror.endpoint)
        first = lecturer.load()
        mirror.mood = "well"
        mirror.closing.set()  # lets go those who still wait
        second = lecturer.load()
    assert (first["place"], first["size"]) == ("embedded", 10)
    assert name in first["because"]
    assert first["seconds"] < NAMED_WITHIN_S
    assert (second["place"], second["size"]) == ("Hub", 100_000)


def test_a_hub_that_refuses_is_named_and_the_next_start_repairs_it(machine):
    with Mirror(LARGE) as mirror:
        closed = mirror.endpoint
    first = machine(closed).load()
    with Mirror(LARGE) as mirror:
        second = machine(mirror.endpoint).load()
    assert "could not be reached" in first["because"]
    assert first["seconds"] < NAMED_WITHIN_S
    assert second["place"] == "Hub"


def test_offline_is_named_and_the_next_start_asks(machine):
    with Mirror(LARGE) as mirror:
        first = machine(mirror.endpoint, HF_HUB_OFFLINE="1").load()
        second = machine(mirror.endpoint).load()
    assert "offline by choice" in first["because"]
    assert second["place"] == "Hub"


def test_corrupted_bytes_of_the_right_length_stop_the_search_and_the_next_start_repairs_them(machine):
    with Mirror(LARGE, "corrupting") as mirror:
        lecturer = machine(mirror.endpoint)
        first = lecturer.load()
        mirror.mood = "well"
        second, third = lecturer.load(), lecturer.load()
    assert "must have sha256" in first["error"]
    assert first["seconds"] < NAMED_WITHIN_S
    assert second["size"] == third["size"] == 100_000
    assert third["place"] == "Hub cache"


@pytest.fixture
def damaged(machine) -> Callable[[Mirror], Machine]:
    """Makes a machine whose cached file has been damaged."""

    def visit(mirror: Mirror) -> Machine:
        lecturer = machine(mirror.endpoint)
        assert lecturer.load()["place"] == "Hub"
        [blob] = [path for path in Path(lecturer.cache).rglob("blobs/*") if path.is_file()]
        blob.write_bytes(poisoned(LARGE))
        mirror.requests.clear()
        return lecturer

    return visit


def downloads(mirror: Mirror) -> int:
    return sum(method == "GET" for method, *_ in mirror.requests)


def test_a_damaged_cache_asks_for_one_fresh_download_and_then_stops(damaged):
    with Mirror(LARGE) as mirror:
        lecturer = damaged(mirror)
        mirror.mood = "corrupting"
        answer = lecturer.load()
        assert downloads(mirror) == 1
        assert "must have sha256" in answer["error"]
        mirror.mood = "well"
        assert lecturer.load()["size"] == 100_000


def test_a_damaged_cache_without_a_hub_stops_the_search(damaged):
    with Mirror(LARGE) as mirror:
        lecturer = damaged(mirror)
        mirror.mood = "missing"
        answer = lecturer.load()
    assert hashlib.sha256(poisoned(LARGE)).hexdigest() in answer["error"]


def test_two_at_once_repair_one_cache(damaged):
    with Mirror(LARGE) as mirror:
        lecturer = damaged(mirror)
        answers = lecturer.loads(2)
    assert [answer.get("size") for answer in answers] == [100_000, 100_000]


def test_two_at_once_at_a_hub_that_corrupts_both_stop(machine):
    with Mirror(LARGE, "corrupting") as mirror:
        answers = machine(mirror.endpoint).loads(2)
    assert all("must have sha256" in answer["error"] for answer in answers)
