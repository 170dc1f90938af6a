"""What is published is what the manifest names, comes with its card, and can be pinned and fetched again."""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from huggingface_hub import ModelCard
from safetensors.torch import save

import weights
from tests.mirror import Hub
from tests.test_fetch import fetched
from weights import File, HubFile, WeightsError, cards, manifest, publish
from weights.publish import PUBLISHED

ROOT = Path(__file__).parents[1]
ALL = pytest.mark.parametrize("listed", PUBLISHED, ids=lambda listed: listed.name)


def run(hub: Hub, home: Path, *options: str, token: str = Hub.TOKEN) -> subprocess.CompletedProcess:
    """A run of `python -m weights.publish`, which knows no Hub but this."""
    command = [sys.executable, "-W", "ignore", "-m", "weights.publish", "--repo", Hub.REPO, *options]
    environment = hub.environment(home) | ({"HF_TOKEN": token} if token else {})
    return subprocess.run(command, env=environment, cwd=ROOT, timeout=60, check=False, capture_output=True, text=True)


def pins(printed: str) -> dict[str, HubFile]:
    """The lines to put into the manifest, read as Python does; by the constants' names."""
    found = re.findall(r"^# ([A-Z0-9_]+)\n    hub=(HubFile\(.*?\n    \)),$", printed, re.DOTALL | re.MULTILINE)
    return {name: eval(code, {"HubFile": HubFile}) for name, code in found}


@pytest.fixture(scope="module")
def hub():
    with Hub() as hub:
        yield hub


@pytest.fixture(scope="module")
def printed(hub, tmp_path_factory):
    """What publishing everything printed."""
    first = run(hub, tmp_path_factory.mktemp("publisher"))
    assert first.returncode == 0, first.stderr
    return first.stdout


def test_all_weights_and_cards_go_up_in_one_commit(hub, printed):
    assert printed
    assert hub.repos == {Hub.REPO}
    [held] = hub.commits
    nets = {f"{listed.name}.{kind}" for listed in PUBLISHED for kind in ("safetensors", "md")}
    assert set(held) == nets | {"README.md", "LICENSE"}
    for listed in PUBLISHED:
        assert held[listed.embedded.path] == (weights.EMBEDDED / listed.embedded.path).read_bytes()


def test_printed_lines_pin_what_was_published(hub, printed):
    pinned = pins(printed)
    assert set(pinned) == {listed.name.upper() for listed in PUBLISHED}
    for name, file in pinned.items():
        embedded = getattr(manifest, name).embedded
        assert (file.path, file.sha256, file.size) == (embedded.path, embedded.sha256, embedded.size)
        assert (file.repo, file.commit) == (Hub.REPO, hub.head)


def test_what_was_published_comes_back_byte_for_byte(hub, printed, tmp_path):
    told = {name: vars(file) for name, file in pins(printed).items()}
    told = {name: {key: value for key, value in file.items() if key != "only"} for name, file in told.items()}
    answer = fetched(hub.environment(tmp_path), told)
    assert answer.returncode == 0, answer.stdout
    for listed in PUBLISHED:
        [copy] = tmp_path.rglob(f"snapshots/{hub.head}/{listed.embedded.path}")
        assert copy.read_bytes() == (weights.EMBEDDED / listed.embedded.path).read_bytes()


def test_code_on_a_card_runs(hub, printed, tmp_path):
    assert printed
    card = hub.commits[-1]["yolox_digits.md"].decode()
    checked, plain = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    code = f"{checked}\nfirst = tensors\n{plain}\nprint(all(first[name].equal(tensors[name]) for name in tensors))"
    command = [sys.executable, "-W", "ignore", "-c", code]
    answer = subprocess.run(
        command, env=hub.environment(tmp_path), cwd=ROOT, timeout=60, check=True, capture_output=True, text=True
    )
    assert answer.stdout == "True\n"


def test_publishing_again_makes_no_second_commit(hub, printed, tmp_path):
    again = run(hub, tmp_path)
    assert again.stdout == printed
    assert len(hub.commits) == 1


def test_without_a_token_nobody_is_asked(hub, tmp_path):
    asked = len(hub.requests)
    answer = run(hub, tmp_path, token="")
    assert answer.returncode == 1
    assert "hf auth login" in answer.stderr
    assert len(hub.requests) == asked


def test_a_hub_that_refuses_is_quoted(tmp_path):
    with Hub("forbidding") as hub:
        answer = run(hub, tmp_path)
        assert hub.commits == []
    assert answer.returncode == 1
    assert answer.stderr.startswith("Not published: ")
    assert "this token may not write" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_hub_that_is_not_there_is_told(tmp_path):
    with Hub() as hub:
        pass
    answer = run(hub, tmp_path)
    assert answer.returncode == 1
    assert "the Hub could not be reached" in answer.stderr


def test_dry_run_touches_nothing(tmp_path):
    with Hub() as closed:
        pass
    home = tmp_path / "home"
    embedded = {path: path.stat().st_mtime_ns for path in weights.EMBEDDED.iterdir()}
    answer = run(closed, home, "--dry-run")
    assert answer.returncode == 0, answer.stderr
    for listed in PUBLISHED:
        file = listed.embedded
        assert re.search(rf"^{file.path} +{file.size:,} bytes  sha256 {file.sha256}$", answer.stdout, re.MULTILINE)
        assert f"    {listed.card.net}\n" in answer.stdout
    assert not home.exists()
    assert closed.requests == []
    assert {path: path.stat().st_mtime_ns for path in weights.EMBEDDED.iterdir()} == embedded


@pytest.mark.parametrize("name", ["nets", "a/b/c", "user/two words", "user/-nets", "user/nets.git", "", "user/"])
def test_names_that_the_hub_does_not_allow_are_refused(monkeypatch, capsys, name):
    monkeypatch.setattr(sys, "argv", ["publish", "--repo", name, "--dry-run"])
    with pytest.raises(SystemExit) as exit_:
        publish.main()
    assert exit_.value.code == 2
    assert "--repo" in capsys.readouterr().err


@pytest.fixture
def copies(tmp_path, monkeypatch):
    """Copies of the embedded files, which the test may spoil."""
    folder = tmp_path / "embedded"
    shutil.copytree(weights.EMBEDDED, folder)
    monkeypatch.setattr(weights, "EMBEDDED", folder)
    monkeypatch.setattr(sys, "argv", ["publish", "--repo", Hub.REPO, "--dry-run"])
    return folder


def test_embedded_bytes_that_differ_are_not_published(copies):
    path = copies / "yolox_digits.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(SystemExit) as exit_:
        publish.main()
    assert manifest.YOLOX_DIGITS.embedded.sha256 in exit_.value.code
    assert hashlib.sha256(content).hexdigest() in exit_.value.code


def test_embedded_file_that_is_not_there_is_named(copies):
    (copies / "yolox_digits.safetensors").unlink()
    with pytest.raises(SystemExit, match=r"yolox_digits\.safetensors"):
        publish.main()


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_number_is_not_published(copies, number):
    content = save({"good": torch.zeros(2), "bad": torch.tensor([0.0, number])})
    (copies / "net.safetensors").write_bytes(content)
    with pytest.raises(WeightsError, match="must hold finite numbers, bad holds others"):
        publish.checked(File("net.safetensors", hashlib.sha256(content).hexdigest(), len(content)))


def test_all_that_this_project_trained_is_published_under_its_licence():
    assert [listed.name for listed in PUBLISHED] == [listed.name for listed in manifest.WEIGHTS if listed.embedded]
    assert {listed.licence for listed in PUBLISHED} == {"MIT"}


@ALL
def test_card_says_what_the_manifest_says(listed):
    card = ModelCard(cards.card_of(listed, Hub.REPO))
    assert (card.data.license, card.data.pipeline_tag) == ("mit", listed.card.task)
    for told in (listed.trained, listed.embedded.sha256, *vars(listed.card).values()):
        assert told in card.text or told == listed.card.task
    for name, figure in listed.figures.items():
        assert f"| `{name}` | {figure:g} |" in card.text


@ALL
def test_card_names_files_that_are_there(listed):
    named = re.findall(r"(?:models|weights)/[\w/]+\.py", cards.card_of(listed, Hub.REPO))
    recipe = listed.card.recipe.split()[2].replace(".", "/") + ".py"
    assert len(named) >= 2
    assert recipe in named
    for name in named:
        assert (ROOT / name).is_file()


def test_card_of_the_repository_leads_to_every_card():
    card = ModelCard(cards.readme_of(PUBLISHED, Hub.REPO))
    assert card.data.license == "mit"
    for listed in PUBLISHED:
        assert f"[{listed.name}]({listed.name}.md)" in card.text
