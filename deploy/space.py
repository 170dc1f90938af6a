"""The exact folder of a Space: the app, what it imports, our own weights, a README that says what the Hub shall fetch.

`python -m deploy.space` builds it; with `--repo USER/NAME` it is uploaded too, and what is stale there goes.
"""

import argparse
import ast
import hashlib
import re
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from huggingface_hub import HfApi, SpaceCard, get_token

from weights import Weights, WeightsError, why_out
from weights.files import check
from weights.manifest import WEIGHTS
from weights.publish import repository

ROOT = Path(__file__).parents[1]
BESIDES = ("LICENSE", "README.md", "requirements.txt")
LEFT_BY_RUNNING = {"__pycache__", ".gradio"}

# What the Hub, and ZeroGPU, demand of the front matter.
SUITS_A_SPACE = {
    "title": r".+",
    "sdk": r"gradio",
    "sdk_version": r"\d+\.\d+\.\d+",
    "python_version": r"3\.(10|12)",
    "app_file": r"app\.py",
    "short_description": r".{1,60}",
    "suggested_hardware": r"zero-a10g",
}


def build(folder: Path) -> list[Path]:
    """The files of a Space, written into a folder; what an earlier build left there goes.

    Raises:
        ValueError: if the folder holds something else, or the front matter suits no Space.
        WeightsError: if an embedded file is missing or has other bytes than the manifest names.
    """
    files = needed()
    refuse_foreign(folder, {file.parts[0] for file in files} | LEFT_BY_RUNNING)
    check_embedded(WEIGHTS)
    readme = card((ROOT / "README.md").read_text(encoding="utf-8"))
    shutil.rmtree(folder, ignore_errors=True)
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, folder / file)
    (folder / "README.md").write_text(readme, encoding="utf-8")
    return files


def needed() -> list[Path]:
    """Every file that the app needs to run, or its README to be read, as sorted paths below the root."""
    modules = imported(Path("app.py"))
    pictures = re.findall(r"!\[[^]]*\]\((?!http)([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    beside = {file for folder in {module.parts[0] for module in modules} for file in data(ROOT / folder)}
    return sorted({*modules, *beside, *map(Path, BESIDES), *map(Path, pictures)})


def imported(begin: Path) -> set[Path]:
    """A module of ours, those that it imports anywhere in it, and those that these import."""
    reached: set[Path] = set()
    ahead = [begin]
    while ahead:
        module = ahead.pop()
        if module not in reached:
            reached.add(module)
            tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
            ahead += [path for name in names(tree) for path in ours(name)]
    return reached


def names(tree: ast.AST) -> Iterator[str]:
    """The dotted names that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ours(name: str) -> list[Path]:
    """The files of ours that importing a dotted name runs."""
    parts = name.split(".")
    stems = [Path(*parts[:length]) for length in range(1, len(parts) + 1)]
    files = [file for stem in stems for file in (stem.with_suffix(".py"), stem / "__init__.py")]
    return [file for file in files if (ROOT / file).is_file()]


def data(folder: Path) -> Iterator[Path]:
    """What lies in a folder besides modules."""
    for file in folder.rglob("*"):
        path = file.relative_to(ROOT)
        if file.is_file() and file.suffix not in (".py", ".pyc") and not any(part[0] == "." for part in path.parts):
            yield path


def refuse_foreign(folder: Path, expected: set[str]) -> None:
    """Raises ValueError if a folder holds what no build has put there: it would be deleted."""
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"folder must be a folder, and {folder} is a file")
    foreign = {path.name for path in folder.iterdir()} - expected if folder.exists() else set()
    if foreign:
        raise ValueError(f"folder must be new, empty or an earlier build, and {folder} holds {min(foreign)}")


def check_embedded(manifest: Iterable[Weights]) -> None:
    """Raises WeightsError unless every embedded file is there, with the bytes that the manifest names."""
    for file in filter(None, (weights.embedded for weights in manifest)):
        path = ROOT / "weights" / "embedded" / file.path
        if not path.is_file():
            raise WeightsError(f"{file.path} is missing in weights/embedded")
        check(file.path, file.sha256, hashlib.sha256(path.read_bytes()).hexdigest())


def card(readme: str) -> str:
    """The README, its front matter completed by what the manifest has on the Hub: `models`, `preload_from_hub`.

    Raises:
        ValueError: if the front matter suits no Space.
    """
    whole = SpaceCard(readme)
    for name, pattern in SUITS_A_SPACE.items():
        told = str(whole.data.get(name, ""))
        if not re.fullmatch(pattern, told):
            raise ValueError(f"{name} in README.md's front matter must match {pattern}, got {told!r}")
    lines = preloaded(WEIGHTS)
    whole.data.models = sorted({line.split()[0] for line in lines})
    whole.data.preload_from_hub = lines
    return str(whole)


def preloaded(manifest: Iterable[Weights]) -> list[str]:
    """What a Space fetches from the Hub while it is built: "repo file,file commit", "main" left out."""
    files: dict[tuple[str, str], list[str]] = defaultdict(list)
    for hub in filter(None, (weights.hub for weights in manifest)):
        files[hub.repo, "" if hub.commit == "main" else hub.commit].append(hub.path)
    return [f"{repo} {','.join(paths)} {commit}".strip() for (repo, commit), paths in sorted(files.items())]


def upload(folder: Path, repo: str, api: HfApi) -> str:
    """The address of a Space, once it holds what the folder holds and nothing else.

    Raises:
        OSError: if the Hub refuses.
    """
    hardware = SpaceCard.load(folder / "README.md").data.get("suggested_hardware")
    url = api.create_repo(repo, repo_type="space", space_sdk="gradio", space_hardware=hardware, exist_ok=True)
    message = "The app as its repository has it"
    # Everything there that is not uploaded anew is deleted in the same commit.
    api.upload_folder(repo_id=repo, repo_type="space", folder_path=folder, delete_patterns="*", commit_message=message)
    return str(url)


def refuse_upload(api: HfApi) -> None:
    """Raises OSError where an upload can only fail: no token is at hand, or the Hub does not answer."""
    if not get_token():
        raise PermissionError("no token of the Hub is at hand: run `hf auth login`, or set HF_TOKEN")
    if refusal := why_out("the Hub", api.endpoint):
        raise ConnectionError(refusal)


def main(arguments: list[str] | None = None) -> None:
    """The command: builds, and uploads where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "space", help="default: build/space")
    parser.add_argument("--repo", type=repository, metavar="USER/NAME", help="the Space to make or to bring up to date")
    asked, api = parser.parse_args(arguments), HfApi()
    try:
        if asked.repo:
            refuse_upload(api)
        files = build(asked.folder)
        size = sum((asked.folder / file).stat().st_size for file in files)
        print(f"{asked.folder}: {len(files)} files, {size / 1e6:.1f} MB")
        if asked.repo:
            print(upload(asked.folder, asked.repo, api))
    except (ValueError, WeightsError, OSError) as refusal:  # the Hub's own are OSErrors
        sys.exit(f"Nothing was uploaded: {refusal}" if asked.repo else str(refusal))


if __name__ == "__main__":
    main()
