"""What the source may not hold, what errors may not tell, and whom the app may not call."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import weights
from demos import DEMOS
from demos.refusals import checked
from models import paintings
from models.images import from_data_url, read_picture
from tests.server import ROOT

FOLDERS = ("demos", "models", "weights", "deploy")
SOURCES = [ROOT / "app.py", *(path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")))]
RECIPES = ROOT / "weights" / "train"
SERVED = [path for path in SOURCES if RECIPES not in path.parents]

PICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "torch.load", "torch.jit.load"}
COMMANDS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "subprocess", "pty", "runpy"}
CLIENTS = {
    *("httpx", "requests", "aiohttp", "urllib.request", "urllib3", "http.client", "socket", "ftplib", "smtplib"),
    *("websockets", "gradio_client", "huggingface_hub", "torch.hub"),
}
MAY_CALL_OUT = {"models/paintings.py"}


def names(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported and every function that is called, by its whole name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield ast.unparse(node.func)


def held(path: Path, forbidden: set[str]) -> list[str]:
    """Which of these names a source holds, or names within them."""
    found = set(names(ast.parse(path.read_text(encoding="utf-8"))))
    return sorted(name for name in found if any(name == bad or name.startswith(bad + ".") for bad in forbidden))


def in_house(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# --- the source -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SERVED, ids=in_house)
def test_nothing_served_loads_pickles(path):
    assert held(path, PICKLES) == []


@pytest.mark.parametrize("path", SERVED, ids=in_house)
def test_nothing_served_runs_code_or_commands(path):
    assert held(path, COMMANDS) == []


@pytest.mark.parametrize(
    "path", [path for path in SERVED if path.parts[len(ROOT.parts)] in ("demos", "models")], ids=in_house
)
def test_only_paintings_and_weights_call_out(path):
    assert held(path, CLIENTS) == [] or in_house(path) in MAY_CALL_OUT


@pytest.mark.parametrize(("source", "forbidden"), [
    ("import pickle", PICKLES),
    ("from torch import load\nload(1)", PICKLES),
    ("import torch\ntorch.load('x')", PICKLES),
    ("import numpy as np\nnp.load('x', allow_pickle=True)", {"numpy"}),
    ("from subprocess import run", COMMANDS),
    ("import os\nos.system('x')", COMMANDS),
    ("eval('x')", COMMANDS),
    ("from urllib import request", CLIENTS),
])  # fmt: skip
def test_these_rules_can_be_broken(tmp_path, source, forbidden):
    path = tmp_path / "source.py"
    path.write_text(source, encoding="utf-8")
    assert held(path, forbidden)


@pytest.mark.parametrize("path", SERVED, ids=in_house)
def test_no_array_is_loaded_that_may_be_a_pickle(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.keyword) or node.arg != "allow_pickle", node.lineno


@pytest.mark.parametrize("path", SOURCES, ids=in_house)
def test_no_source_names_a_folder_of_some_machine(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not re.search(r"(^|\s)/(home|root|work|tmp|usr|var|Users)/", node.value), node.lineno


# --- what errors tell -----------------------------------------------------------------------------


def raised(function: Callable, *values: object) -> str:
    """The sentence with which a call is refused."""
    with pytest.raises((ValueError, weights.WeightsError)) as refusal:
        function(*values)
    return str(refusal.value)


def missing_file() -> weights.File:
    return weights.File("net.safetensors", "0" * 64, 1)


def test_errors_tell_no_paths(tmp_path, monkeypatch):
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.setenv("WEIGHTS_DIR", str(own))
    monkeypatch.setattr(weights, "EMBEDDED", tmp_path / "embedded")
    nowhere = weights.Weights("net", "MIT", "in a test", embedded=missing_file())
    told = [raised(weights.load, nowhere)]
    (own / "net.safetensors").write_bytes(b"other bytes")
    told.append(raised(weights.load, nowhere))
    told += [raised(read_picture, content) for content in (b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")]
    told.append(raised(from_data_url, "x"))
    for demo in DEMOS:
        told += [raised(checked, demo.params, {name: object()}) for name in demo.params.model_fields]
    for sentence in told:
        assert str(tmp_path) not in sentence
        assert not re.search(r"(^|[\s'\"(])(/|~|[A-Za-z]:\\)\w|\.py\b|\bline \d", sentence), sentence


def test_an_unreachable_painting_is_told_without_its_address(monkeypatch):
    monkeypatch.setattr(paintings, "COMMONS", "http://127.0.0.1:9/")  # where nobody listens
    sentence = raised(paintings.fetched, "great_wave")
    assert "127.0.0.1" not in sentence
    assert "://" not in sentence


# --- calls home -----------------------------------------------------------------------------------

# Imports, builds and launches the app; whatever would leave the machine, even the look-up of a name, is noted.
WATCHED = """
import json, socket, sys
noted = []

def here(address):
    host = address[0] if isinstance(address, tuple) else "localhost"
    return host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "", None)

def watch(owner, name, address_of):
    inner = getattr(owner, name)
    def watched(*values, **named):
        if not here(address_of(values)):
            noted.append(f"{name} {address_of(values)}")
            raise OSError("nobody may be called")
        return inner(*values, **named)
    setattr(owner, name, watched)

for name in ("connect", "connect_ex"):
    watch(socket.socket, name, lambda values: values[1])
watch(socket.socket, "sendto", lambda values: values[-1])
watch(socket, "getaddrinfo", lambda values: (values[0],))
watch(socket, "gethostbyname", lambda values: (values[0],))
sys.path.insert(0, sys.argv[1])
if "--control" in sys.argv:
    try:
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    except OSError:
        pass
else:
    import app
    blocks = app.build()
    blocks.launch(prevent_thread_lock=True, quiet=True)
    blocks.close()
print("NOTED" + json.dumps(noted))
"""


def called(tmp_path: Path, *options: str) -> list[str]:
    """Whom the app would have called, in a process of its own with an empty home."""
    environment = {"HOME": str(tmp_path), "HF_HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "NETS_DEVICE": "cpu"}
    command = [sys.executable, "-W", "ignore", "-c", WATCHED, str(ROOT), *options]
    answer = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert answer.returncode == 0, answer.stderr[-2000:]
    return json.loads(answer.stdout.rpartition("NOTED")[2])


def test_importing_building_and_launching_the_app_calls_nobody(tmp_path):
    assert called(tmp_path) == []


def test_a_call_home_would_be_noted(tmp_path):
    assert called(tmp_path, "--control") == ["getaddrinfo ('192.0.2.1',)"]
