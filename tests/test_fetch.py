"""Weights are brought here ahead of a lecture, checked, and what is missing is told."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save

import weights
from tests.mirror import Mirror
from weights import File, HubFile, TorchvisionFile, Weights, fetch
from weights.manifest import WEIGHTS

ROOT = Path(__file__).parents[1]
NET = save({"features.0": torch.arange(1000.0), "classifier": torch.arange(10)})

# Fetches what it is told instead of what the manifest names, in a process of its own: huggingface_hub reads its
# settings once, at import.
FETCH = """
import json, sys
from weights import HubFile, Weights, fetch
told = json.load(sys.stdin)
fetch.WEIGHTS = [Weights(name, "MIT", "in a test", hub=HubFile(**hub)) for name, hub in told.items()]
sys.exit(fetch.main())
"""


def hub_file(content: bytes = NET, path: str = Mirror.PATH, commit: str = Mirror.COMMIT) -> dict:
    told = {"path": path, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    return told | {"repo": Mirror.REPO, "commit": commit}


def fetched(environment: dict[str, str], told: dict[str, dict], *options: str) -> subprocess.CompletedProcess:
    """A run of `weights.fetch` on other weights than the manifest's."""
    command = [sys.executable, "-W", "ignore", "-c", FETCH, *options]
    pipes = {"input": json.dumps(told), "capture_output": True, "text": True}
    return subprocess.run(command, env=environment, cwd=ROOT, timeout=60, check=False, **pipes)


def test_second_fetch_and_the_lecture_ask_nobody(tmp_path):
    with Mirror(NET) as mirror:
        environment, told = mirror.environment(tmp_path), {"net": hub_file()}
        first = fetched(environment, told)
        asked = len(mirror.requests)
        second = fetched(environment, told)
        assert len(mirror.requests) == asked > 0
    offline = fetched(environment, told, "--offline")
    assert [run.returncode for run in (first, second, offline)] == [0, 0, 0]
    for run, place in ((first, "Hub"), (second, "Hub cache")):
        assert re.match(rf"net +0\.0 MB  {place} +ok\n", run.stdout)
    assert offline.stdout == second.stdout
    assert "1 of 1 files are here" in offline.stdout


def test_one_that_is_missing_does_not_keep_others_away(tmp_path):
    with Mirror(NET) as mirror:
        told = {"lost": hub_file(path="lost.safetensors"), "net": hub_file()}
        run = fetched(mirror.environment(tmp_path), told)
    assert run.returncode == 1
    lost, net, summary = run.stdout.splitlines()
    assert "the Hub answered 404" in lost
    assert net.endswith("ok")
    assert summary.endswith("missing: lost")


def test_wrong_bytes_are_not_taken_for_the_net(tmp_path):
    with Mirror(NET, "corrupting") as mirror:
        run = fetched(mirror.environment(tmp_path), {"net": hub_file()})
    assert run.returncode == 1
    assert hashlib.sha256(NET).hexdigest() in run.stdout
    assert hashlib.sha256(bytes(byte ^ 1 for byte in NET)).hexdigest() in run.stdout


def test_offline_asks_nobody_and_says_what_is_missing(tmp_path):
    elsewhere = [listed.name for listed in WEIGHTS if listed.hub or listed.torchvision]
    command = [sys.executable, "-m", "weights.fetch", "--offline"]
    with Mirror(NET) as mirror:
        environment = mirror.environment(tmp_path)
        run = subprocess.run(
            command, env=environment, cwd=ROOT, timeout=60, check=False, capture_output=True, text=True
        )
        assert mirror.requests == []
    *lines, summary = run.stdout.splitlines()
    assert run.returncode == 1
    assert [line.split()[0] for line in lines] == elsewhere
    assert all(line.endswith("offline by choice") for line in lines)
    assert summary == f"0 of {len(lines)} files are here, 0 MB; missing: {', '.join(elsewhere)}"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A machine without anything, in this process."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(weights, "EMBEDDED", tmp_path)
    for name in ("HF_HUB_OFFLINE", "WEIGHTS_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_torchvisions_files_come_too(here, monkeypatch):
    torch.save({"layer": torch.arange(10.0)}, here / "net.pth")
    content = (here / "net.pth").read_bytes()
    prefix = hashlib.sha256(content).hexdigest()[:8]
    monkeypatch.setattr(Mirror, "PATH", f"net-{prefix}.pth")
    weight = torchvision.models.get_weight("GoogLeNet_Weights.IMAGENET1K_V1")
    file = TorchvisionFile(Mirror.PATH, prefix, weight="GoogLeNet_Weights.IMAGENET1K_V1", size=len(content))
    with Mirror(content) as mirror:
        monkeypatch.setattr(weight.value, "url", f"{mirror.endpoint}/{mirror.COMMIT}/{mirror.PATH}")
        answer = fetch.fetch(Weights("net", "MIT", "in a test", torchvision=file))
    assert (answer.place, answer.reason, answer.size) == ("torchvision", "", len(content))
    assert (here / "checkpoints" / Mirror.PATH).read_bytes() == content


def test_embedded_stand_ins_do_not_count_as_fetched_but_the_same_bytes_do(here, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    small = save({"features.0": torch.zeros(1)})
    for content, place in ((small, ""), (NET, "embedded")):
        (here / "net.safetensors").write_bytes(content)
        embedded = File("net.safetensors", hashlib.sha256(content).hexdigest(), len(content))
        net = Weights("net", "MIT", "in a test", embedded=embedded, hub=HubFile(**hub_file()))
        assert fetch.fetch(net).place == place
        assert weights.load(net).place == "embedded"


@pytest.mark.usefixtures("here")
def test_bytes_that_are_no_longer_embedded_are_looked_for_on_the_hub(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    embedded = File("net.safetensors", hashlib.sha256(NET).hexdigest(), len(NET))
    net = Weights("net", "MIT", "in a test", embedded=embedded, hub=HubFile(**hub_file()))
    assert [place for place, _, _ in weights.places(net)] == ["embedded", "Hub cache", "Hub"]
    assert "no net.safetensors" in fetch.fetch(net).reason
    assert "offline by choice" in fetch.fetch(net).reason


def test_of_a_file_only_the_tensors_that_are_wanted_are_read():
    mixed = save({"a.1": torch.rand(3, 5).half(), "b": torch.rand(4), "a.2": torch.arange(7), "a.0": torch.zeros(0)})
    sha256 = hashlib.sha256(mixed).hexdigest()
    whole = File("net", sha256, len(mixed)).tensors(mixed)
    wanted = File("net", sha256, len(mixed), only="a.").tensors(mixed)
    assert set(wanted) == {"a.0", "a.1", "a.2"}
    for name, tensor in wanted.items():
        assert tensor.dtype == whole[name].dtype
        assert torch.equal(tensor, whole[name])
