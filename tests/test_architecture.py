"""The house rules that a script can check."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(path for folder in ("demos", "models", "weights") for path in (ROOT / folder).rglob("*.py"))
MAY_IMPORT = {
    "weights": {"weights"},
    "weights/train": {"weights", "models"},
    "models": {"weights", "models"},
    "demos": {"weights", "models", "demos"},
}
LINES = {"app.py": 80, "demos/ui.py": 150, "demos/*.py": 200, "models/*.py": 300}


def imports(path: Path) -> set[str]:
    """The modules a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names.add(node.module)
    return names


def ours(name: str) -> bool:
    return name.split(".")[0] in {"app", "demos", "models", "weights"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down_the_house(path):
    floor = path.relative_to(ROOT).parent.as_posix()
    floor = floor if floor in MAY_IMPORT else floor.split("/")[0]
    for name in filter(ours, imports(path)):
        assert any(name == allowed or name.startswith(allowed + ".") for allowed in MAY_IMPORT[floor]), name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nets_and_weights_know_no_web_page(path):
    if path.relative_to(ROOT).parts[0] != "demos":
        assert not {name for name in imports(path) if name.split(".")[0] == "gradio"}


@pytest.mark.parametrize(("pattern", "most"), LINES.items())
def test_files_keep_their_length(pattern, most):
    for path in ROOT.glob(pattern):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= most, path


def test_only_recipes_load_pickles():
    for path in MODULES:
        if path.parent.name != "train":
            assert not re.search(r"torch\.load\(|pickle", path.read_text(encoding="utf-8")), path
