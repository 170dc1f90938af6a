"""Where weights are looked for, what is accepted, and how every fault of a network ends."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

import weights
from tests.mirror import Mirror
from weights.manifest import WEIGHTS

LARGE = save({"layer": torch.arange(100_000.0)})
SMALL = save({"layer": torch.arange(10.0)})

# Loads in a process of its own, since huggingface_hub reads its settings once, at import.
LOAD = """
import json, sys, time, weights
from weights import File, HubFile, Weights
from pathlib import Path
told = json.load(sys.stdin)
weights.EMBEDDED = Path(told["embedded"])
net = Weights("net", "MIT", "in a test", hub=HubFile(**told["hub"]), embedded=File(**told["small"]))
start = time.monotonic()
try:
    loaded = weights.load(net)
    answer = {"place": loaded.place, "because": loaded.because, "size": loaded.tensors["layer"].numel()}
except weights.WeightsError as error:
    answer = {"error": str(error)}
print(json.dumps(answer | {"seconds": time.monotonic() - start}))
"""


def file(path: str, content: bytes) -> dict:
    return {"path": path, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


class Visitor:
    """A machine with its own cache folder and small embedded weights, at a given endpoint."""

    def __init__(self, folder: Path, endpoint: str, content: bytes = LARGE, **environment: str) -> None:
        (folder / "embedded").mkdir(exist_ok=True)
        (folder / "embedded" / "small.safetensors").write_bytes(SMALL)
        hub = file(Mirror.PATH, content) | {"repo": Mirror.REPO, "commit": Mirror.COMMIT}
        small = file("small.safetensors", SMALL)
        self.told = json.dumps({"embedded": str(folder / "embedded"), "hub": hub, "small": small})
        self.cache = folder / "hub"
        hub_settings = {"HF_ENDPOINT": endpoint, "HF_HOME": str(folder), "HF_HUB_DISABLE_TELEMETRY": "1"}
        kept = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
        self.environment = kept | hub_settings | environment

    def start(self) -> subprocess.Popen:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        return subprocess.Popen([sys.executable, "-W", "ignore", "-c", LOAD], env=self.environment, **pipes)

    def finish(self, process: subprocess.Popen) -> dict:
        output, _ = process.communicate(self.told, timeout=60)
        return json.loads(output)

    def load(self) -> dict:
        return self.finish(self.start())


def test_hub_answers_and_then_the_cache_without_a_request(tmp_path):
    with Mirror(LARGE) as mirror:
        visitor = Visitor(tmp_path, mirror.endpoint)
        first = visitor.load()
        asked = len(mirror.requests)
        second = visitor.load()
        assert (first["place"], first["size"]) == ("Hub", 100_000)
        assert (second["place"], second["size"]) == ("Hub cache", 100_000)
        assert len(mirror.requests) == asked


def test_download_follows_a_redirect_to_a_second_host(tmp_path):
    with Mirror(LARGE, "redirecting") as mirror:
        assert Visitor(tmp_path, mirror.endpoint).load()["place"] == "Hub"


@pytest.mark.parametrize(("mood", "because"), [("missing", "answered 404"), ("broken", "answered 500")])
def test_hub_without_the_file_leaves_the_embedded_one(tmp_path, mood, because):
    with Mirror(LARGE, mood) as mirror:
        answer = Visitor(tmp_path, mirror.endpoint).load()
    assert (answer["place"], answer["size"]) == ("embedded", 10)
    assert because in answer["because"]


def test_download_that_breaks_leaves_the_embedded_one(tmp_path):
    with Mirror(LARGE, "breaking") as mirror:
        answer = Visitor(tmp_path, mirror.endpoint).load()
    assert answer["place"] == "embedded"
    assert "broke off" in answer["because"]


@pytest.mark.parametrize("mood", ["silent", "astray"])
def test_hub_that_swallows_packets_costs_five_seconds(tmp_path, mood):
    with Mirror(LARGE, mood) as mirror:
        answer = Visitor(tmp_path, mirror.endpoint).load()
    assert answer["place"] == "embedded"
    assert answer["seconds"] < 5


def test_hub_that_refuses_costs_five_seconds(tmp_path):
    with Mirror(LARGE) as mirror:
        closed = mirror.endpoint
    answer = Visitor(tmp_path, closed).load()
    assert answer["place"] == "embedded"
    assert answer["seconds"] < 5


def test_broken_download_goes_on_where_it_broke_off(tmp_path):
    content = save({"layer": torch.zeros(6_000_000)})  # larger than the 10 MB that are written at a time
    with Mirror(content, "cutting") as mirror:
        answer = Visitor(tmp_path, mirror.endpoint, content).load()
        ranges = [asked for method, _, asked in mirror.requests if method == "GET"]
    assert (answer["place"], answer["size"]) == ("Hub", 6_000_000)
    assert any(asked and asked != "bytes=0-" for asked in ranges)


def test_wrong_bytes_from_the_hub_stop_the_search(tmp_path):
    with Mirror(LARGE, "corrupting") as mirror:
        error = Visitor(tmp_path, mirror.endpoint).load()["error"]
    wrong = bytes(byte ^ 1 for byte in LARGE)
    assert hashlib.sha256(LARGE).hexdigest() in error
    assert hashlib.sha256(wrong).hexdigest() in error


def test_damaged_cache_is_fetched_once_more(tmp_path):
    with Mirror(LARGE) as mirror:
        visitor = Visitor(tmp_path, mirror.endpoint)
        visitor.load()
        [blob] = [path for path in visitor.cache.rglob("blobs/*") if path.is_file()]
        blob.write_bytes(bytes(len(LARGE)))
        assert visitor.load()["place"] == "Hub cache"


def test_offline_asks_nobody(tmp_path):
    with Mirror(LARGE) as mirror:
        answer = Visitor(tmp_path, mirror.endpoint, HF_HUB_OFFLINE="1").load()
        assert mirror.requests == []
    assert answer["place"] == "embedded"
    assert "offline" in answer["because"]


def test_two_processes_may_download_at_once(tmp_path):
    with Mirror(LARGE) as mirror:
        visitor = Visitor(tmp_path, mirror.endpoint)
        both = [visitor.start(), visitor.start()]
        answers = [visitor.finish(process) for process in both]
    assert {answer["size"] for answer in answers} == {100_000}


@pytest.fixture
def embedded(tmp_path, monkeypatch):
    """Weights of one embedded file, which the test may spoil."""
    monkeypatch.setattr(weights, "EMBEDDED", tmp_path)
    (tmp_path / "small.safetensors").write_bytes(SMALL)
    return weights.Weights("net", "MIT", "in a test", embedded=weights.File(**file("small.safetensors", SMALL)))


def test_own_folder_comes_first(embedded, tmp_path, monkeypatch):
    monkeypatch.setenv("WEIGHTS_DIR", str(tmp_path))
    assert weights.load(embedded).place == "WEIGHTS_DIR"


def test_own_folder_without_the_file_is_passed_over(embedded, tmp_path, monkeypatch):
    monkeypatch.setenv("WEIGHTS_DIR", str(tmp_path / "elsewhere"))
    assert weights.load(embedded).place == "embedded"


@pytest.mark.parametrize("spoil", [lambda b: b[:-1], lambda b: b[:-1] + b"\1", lambda _: LARGE, lambda _: b""])
def test_wrong_bytes_stop_the_search(embedded, tmp_path, monkeypatch, spoil):
    own = tmp_path / "own"
    own.mkdir()
    (own / "small.safetensors").write_bytes(spoil(SMALL))
    monkeypatch.setenv("WEIGHTS_DIR", str(own))
    with pytest.raises(weights.WeightsError, match=embedded.embedded.sha256):
        weights.load(embedded)


def test_weights_that_are_nowhere_say_where_was_looked(embedded):
    lost = replace(embedded, embedded=replace(embedded.embedded, path="other.safetensors"))
    with pytest.raises(weights.WeightsError, match=r"no other\.safetensors"):
        weights.load(lost)


@pytest.mark.parametrize("listed", [listed for listed in WEIGHTS if listed.embedded], ids=lambda listed: listed.name)
def test_manifest_tells_the_truth_of_embedded_files(listed):
    path = weights.EMBEDDED / listed.embedded.path
    assert path.stat().st_size == listed.embedded.size
    assert weights.load(replace(listed, hub=None)).place == "embedded"
    assert listed.figures


@pytest.mark.parametrize("listed", WEIGHTS, ids=lambda listed: listed.name)
def test_manifest_tells_whose_every_file_is(listed):
    assert listed.licence
    assert listed.trained
    assert listed.embedded or listed.hub or listed.torchvision or listed.own


def test_embedded_files_keep_their_budget():
    assert sum(path.stat().st_size for path in weights.EMBEDDED.iterdir()) <= 40e6
