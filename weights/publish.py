"""Publishes the weights that this project trained, each with its card: `python -m weights.publish --repo USER/NAME`.

All go into one model repository on the Hub, in one commit; what pins them in `weights/manifest.py` is then printed.
`--dry-run` prints what would go there, writes nothing and asks nobody.
"""

import argparse
import hashlib
import sys
from pathlib import Path

from huggingface_hub import CommitOperationAdd, HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError, HFValidationError
from huggingface_hub.utils import validate_repo_id

import weights
from weights import File, Weights, WeightsError
from weights.cards import card_and_file, card_of, readme_of
from weights.manifest import WEIGHTS

PUBLISHED = tuple(listed for listed in WEIGHTS if listed.card)
LICENCE = Path(__file__).parents[1] / "LICENSE"


def main() -> None:
    asked = options()
    try:
        files = contents(asked.repo)
        if asked.dry_run:
            show(files)
        else:
            pin(asked.repo, upload(asked.repo, files))
    except (WeightsError, OSError) as refusal:
        sys.exit(f"Not published: {refusal}")


def options() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repo", type=repository, required=True, metavar="USER/NAME", help="made if it is not there")
    parser.add_argument("--dry-run", action="store_true", help="only print what would be uploaded")
    return parser.parse_args()


def repository(name: str) -> str:
    """A name that the Hub allows a user's repository to have.

    Raises:
        argparse.ArgumentTypeError: if it does not.
    """
    try:
        validate_repo_id(name)
    except HFValidationError as fault:
        raise argparse.ArgumentTypeError(str(fault)) from fault
    if "/" not in name:
        raise argparse.ArgumentTypeError(f"must be USER/NAME, got {name}")
    return name


def contents(repo: str) -> dict[str, bytes]:
    """What the repository shall hold, by path: every net's weights and card, what lists them, and the licence.

    Raises:
        WeightsError: if an embedded file is not what the manifest names, or holds what is no number.
        FileNotFoundError: if it is not there.
    """
    files = {"README.md": readme_of(PUBLISHED, repo).encode(), "LICENSE": LICENCE.read_bytes()}
    for listed in PUBLISHED:
        _, file = card_and_file(listed)
        files |= {f"{listed.name}.md": card_of(listed, repo).encode(), file.path: checked(file)}
    return files


def checked(file: File) -> bytes:
    """The bytes of an embedded file, which are the manifest's and hold finite numbers only."""
    content = (weights.EMBEDDED / file.path).read_bytes()
    for name, tensor in file.tensors(content).items():
        if not tensor.isfinite().all():
            raise WeightsError(f"{file.path} must hold finite numbers, {name} holds others")
    return content


def show(files: dict[str, bytes]) -> None:
    """Print each file's path, size and sha256, and under a card how it begins."""
    for path, content in files.items():
        print(f"{path:<28} {len(content):>10,} bytes  sha256 {hashlib.sha256(content).hexdigest()}")
        if path.endswith(".md"):
            for line in first_lines(content.decode()):
                print(f"    {line}")
    print(
        f"{len(files)} files, {sum(map(len, files.values())) / 1e6:.1f} MB. This was a dry run: nothing was uploaded."
    )


def first_lines(card: str) -> list[str]:
    """A card's title and first sentences, without its front matter."""
    text = card.split("\n---\n", 1)[1]
    return [line for line in text.splitlines() if line][:2]


def upload(repo: str, files: dict[str, bytes]) -> str:
    """The hash of the commit that holds the files in the repository, which is made if it is not there.

    Raises:
        PermissionError: if no token is at hand.
        OSError: if the Hub does not answer, refuses, or breaks off.
    """
    token = get_token()
    if not token:
        raise PermissionError("no token of the Hub is at hand: run `hf auth login`, or set HF_TOKEN")
    hub = HfApi(token=token)
    if refusal := weights.why_out("the Hub", hub.endpoint):
        raise ConnectionError(refusal)
    additions = [CommitOperationAdd(path, content) for path, content in files.items()]
    try:
        hub.create_repo(repo, exist_ok=True)
        return hub.create_commit(repo, additions, commit_message="The weights of Classic Nets and their cards").oid
    except HfHubHTTPError:
        raise
    except Exception as failure:  # whatever the Hub's transport raises
        raise ConnectionError(f"the Hub broke off ({type(failure).__name__}: {failure}); run it again") from failure


def pin(repo: str, commit: str) -> None:
    """Print the lines that make the manifest name what has been published."""
    print(f"# https://huggingface.co/{repo} has them all. In weights/manifest.py, below the embedded file of each net:")
    for listed in PUBLISHED:
        print(pinned(listed, repo, commit))


def pinned(listed: Weights, repo: str, commit: str) -> str:
    """One net's lines, as they stand in the manifest."""
    _, file = card_and_file(listed)
    told = {"sha256": f'"{file.sha256}"', "size": f"{file.size:_}", "repo": f'"{repo}"', "commit": f'"{commit}"'}
    arguments = [f'"{file.path}"', *(f"{name}={value}" for name, value in told.items())]
    lines = "".join(f"        {argument},\n" for argument in arguments)
    return f"# {listed.name.upper()}\n    hub=HubFile(\n{lines}    ),"


if __name__ == "__main__":
    main()
