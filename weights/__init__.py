"""Trained weights, found in the nearest place that has them and checked byte for byte before they are parsed.

The places, in order: `$WEIGHTS_DIR`, the Hub's cache on this machine, the Hub, this project's own small files.
"""

import hashlib
import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

import huggingface_hub
from safetensors.torch import load as parse_safetensors
from torch import Tensor

EMBEDDED = Path(__file__).parent / "embedded"
PROBE_SECONDS = 4.0

log = logging.getLogger(__name__)


class WeightsError(Exception):
    """Weights that are not the bytes the manifest names, or that are nowhere."""


@dataclass(frozen=True)
class File:
    """One safetensors file: its name in any folder, and what its bytes must be."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True)
class HubFile(File):
    """A file at one commit of a model repository on the Hub."""

    repo: str
    commit: str


@dataclass(frozen=True)
class Weights:
    """One net's weights: where they may be, who made them from what, and what was measured."""

    name: str
    licence: str
    trained: str
    embedded: File | None = None
    hub: HubFile | None = None
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Loaded:
    """Tensors by name, the place they came from, and why not from a better one."""

    tensors: dict[str, Tensor]
    place: str
    because: str = ""


def load(weights: Weights) -> Loaded:
    """The tensors of the first place that has them.

    Raises:
        WeightsError: if a place holds other bytes than the manifest names, or no place holds any.
    """
    reasons = []
    for place, find, file in places(weights):
        try:
            return Loaded(find(file), place, "; ".join(reasons))
        except FileNotFoundError as absence:
            reasons.append(str(absence))
            log.info("%s: %s", weights.name, absence)
    raise WeightsError(f"no weights for {weights.name}: {'; '.join(reasons) or 'the manifest names no place'}")


def places(weights: Weights) -> list[tuple[str, Callable, File]]:
    """The places to look in, in order: name, how to look, and for which file."""
    listed = [file for file in (weights.hub, weights.embedded) if file]
    found = [("WEIGHTS_DIR", from_own_folder, file) for file in listed if "WEIGHTS_DIR" in os.environ]
    if weights.hub:
        found += [("Hub cache", from_hub_cache, weights.hub), ("Hub", from_hub, weights.hub)]
    if weights.embedded:
        found += [("embedded", from_embedded, weights.embedded)]
    return found


def from_own_folder(file: File) -> dict[str, Tensor]:
    """From `$WEIGHTS_DIR`, where a file has the name it has on the Hub."""
    return parse(Path(os.environ["WEIGHTS_DIR"], file.path), file)


def from_embedded(file: File) -> dict[str, Tensor]:
    """From the files that this project trained and ships."""
    return parse(EMBEDDED / file.path, file)


def from_hub_cache(file: HubFile) -> dict[str, Tensor]:
    """From an earlier download, without touching the network; a damaged one is fetched once more."""
    path = huggingface_hub.try_to_load_from_cache(file.repo, file.path, revision=file.commit)
    if not isinstance(path, str):
        raise FileNotFoundError("not in the Hub's cache")
    try:
        return parse(Path(path), file)
    except WeightsError as damage:
        log.warning("%s; fetching it once more", damage)
        try:
            return from_hub(file, force_download=True)
        except FileNotFoundError:
            raise damage from None


def from_hub(file: HubFile, force_download: bool = False) -> dict[str, Tensor]:
    """From the Hub, if it answers; the download shows its progress and goes on where an earlier one broke off."""
    refusal = why_hub_is_out(file)
    if refusal:
        raise FileNotFoundError(refusal)
    log.info("fetching %s (%.0f MB) from %s", file.path, file.size / 1e6, file.repo)
    try:
        path = huggingface_hub.hf_hub_download(
            file.repo, file.path, revision=file.commit, force_download=force_download
        )
    except Exception as failure:  # whatever the Hub's transport raises, the net must still answer
        log.warning("%s broke off", file.repo, exc_info=True)
        raise FileNotFoundError(f"the Hub broke off ({type(failure).__name__})") from failure
    return parse(Path(path), file)


def why_hub_is_out(file: HubFile) -> str:
    """Why not to ask the Hub for this file, or nothing; known within `PROBE_SECONDS`.

    huggingface_hub itself waits minutes for a network that swallows packets, and no setting shortens that.
    """
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return "offline by choice"
    answers: list[str] = []
    # A thread, since resolving a name knows no timeout.
    probe = threading.Thread(target=lambda: answers.append(ask(file)), daemon=True)
    probe.start()
    probe.join(PROBE_SECONDS)
    return answers[0] if answers else "the Hub did not answer"


def ask(file: HubFile) -> str:
    """What is wrong with this file's address on the Hub, or nothing; a host it redirects to must answer too."""
    session = huggingface_hub.get_session()
    url = huggingface_hub.hf_hub_url(file.repo, file.path, revision=file.commit)
    try:
        answer = session.head(url, timeout=PROBE_SECONDS, follow_redirects=False)
        if answer.is_redirect:
            session.head(urljoin(url, answer.headers["Location"]), timeout=PROBE_SECONDS)
    except Exception:  # whatever the Hub's transport raises
        return "the Hub could not be reached"
    return f"the Hub answered {answer.status_code}" if answer.status_code >= 400 else ""


def parse(path: Path, file: File) -> dict[str, Tensor]:
    """The tensors of a file, whose bytes are checked and parsed as read once.

    Raises:
        FileNotFoundError: if there is no file.
        WeightsError: if its bytes are not those the manifest names.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no {file.path} in {path.parent.name}")
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        raise WeightsError(f"{file.path} must have sha256 {file.sha256}, got {found}")
    return parse_safetensors(content)
