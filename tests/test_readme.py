"""The README tells the truth about files, commands, weights and Spaces."""

import re
from pathlib import Path

import pytest

from weights.manifest import WEIGHTS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FRONT_MATTER = README.split("---")[1]
TREE = README.split("## The house\n\n```\n")[1].split("```")[0].splitlines()


@pytest.mark.parametrize("line", TREE)
def test_file_tree_names_what_is_there(line):
    assert (ROOT / line.split()[0]).exists()


@pytest.mark.parametrize("folder", ["demos", "models", "weights"])
def test_file_tree_names_every_module(folder):
    named = {line.split()[0] for line in TREE}
    for module in (ROOT / folder).glob("*.py"):
        name = module.relative_to(ROOT).as_posix()
        assert name in named or module.name == "__init__.py", name


@pytest.mark.parametrize("target", re.findall(r"make ([a-z-]+)", README))
def test_every_make_command_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", re.findall(r"\]\((?!http)([^)]+)\)", README))
def test_every_local_link_leads_somewhere(name):
    assert (ROOT / name).exists()


def test_front_matter_suits_a_space():
    for name in ("sdk: gradio", 'python_version: "3.12"', "app_file: app.py", "short_description: ", "tags:"):
        assert name in FRONT_MATTER
    assert re.search(r"sdk_version: \d+\.\d+\.\d+\n", FRONT_MATTER)


@pytest.mark.parametrize("weights", [weights for weights in WEIGHTS if not weights.embedded], ids=lambda w: w.name)
def test_weights_of_others_are_told_with_their_place_and_licence(weights):
    [row] = [line for line in README.splitlines() if line.startswith(f"| `{weights.name}`")]
    assert weights.licence in row
    place = weights.hub.repo if weights.hub else weights.torchvision.weight if weights.torchvision else weights.own.path
    assert place in row


@pytest.mark.parametrize("weights", [weights for weights in WEIGHTS if weights.embedded], ids=lambda w: w.name)
def test_weights_table_has_the_manifests_figures(weights):
    [row] = [line for line in README.splitlines() if line.startswith(f"| `{weights.embedded.path}`")]
    assert f"{weights.embedded.size / 1e6:.1f} MB" in row
    for name, figure in weights.figures.items():
        assert f"{figure:g}{' %' if name.endswith('percent') else ''}" in row, name
