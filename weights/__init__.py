"""Trained weights, found in the nearest place that has them and checked byte for byte before they are parsed.

The places, in order: `$WEIGHTS_DIR`, the Hub's cache on this machine, the Hub, this project's own small files; these
before the Hub where it has but the same bytes.
"""

import hashlib
import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import huggingface_hub
import torch
from torch import Tensor

from weights.files import File, GraphFile, HubFile, OnnxFile, TorchvisionFile, WeightsError, check

__all__ = [
    "EMBEDDED",
    "Card",
    "File",
    "GraphFile",
    "HubFile",
    "Loaded",
    "OnnxFile",
    "TorchvisionFile",
    "Weights",
    "WeightsError",
    "load",
]

EMBEDDED = Path(__file__).parent / "embedded"
PROBE_SECONDS = 4.0

Place = tuple[str, Callable[[Any], dict[str, Tensor]], File | TorchvisionFile]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Card:
    """What the public is told of weights that this project publishes, besides what their record says.

    Args:
        net: what it is, after which paper, and how large; Markdown, as all the rest.
        task: the Hub's word for what it does.
        recipe: the command that trains it anew; with `--evaluate` it prints the record's figures.
        data: what it learned from, and whose that is.
        measured: what the figures mean.
        limits: where it fails, and what it must not be used for.
    """

    net: str
    task: str
    recipe: str
    data: str
    measured: str
    limits: str


@dataclass(frozen=True)
class Weights:
    """One net's weights: where they may be, who made them from what, and what was measured.

    Args:
        own: the file to look for in `$WEIGHTS_DIR`, where it is not the Hub's.
        card: of those that this project trained and publishes.
    """

    name: str
    licence: str
    trained: str
    embedded: File | None = None
    hub: HubFile | None = None
    torchvision: TorchvisionFile | None = None
    own: File | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
    card: Card | None = None

    @property
    def ships(self) -> bool:
        """Whether the Hub's file is the embedded one, so that there is nothing better to ask for."""
        return bool(self.hub and self.embedded and self.hub.sha256 == self.embedded.sha256)


@dataclass(frozen=True)
class Loaded:
    """Tensors by name, whose they are, the place they came from, and why not from a better one."""

    weights: Weights
    tensors: dict[str, Tensor]
    place: str
    because: str = ""


def load(*listed: Weights) -> Loaded:
    """The tensors of the first place that has them; of several nets, the first that is to be had.

    Raises:
        WeightsError: if a place holds other bytes than the manifest names, or no place holds any.
    """
    reasons: list[str] = []
    for weights in listed:
        for place, find, file in places(weights):
            try:
                return Loaded(weights, find(file), place, "; ".join(reasons))
            except FileNotFoundError as absence:
                reasons.append(str(absence))
                log.info("%s: %s", weights.name, absence)
    raise WeightsError(f"no weights for {listed[0].name}: {'; '.join(reasons) or 'the manifest names no place'}")


def places(weights: Weights) -> list[Place]:
    """The places to look in, in order: name, how to look, and for which file."""
    listed = [file for file in (weights.own or weights.hub, weights.embedded) if file]
    found: list[Place] = [("WEIGHTS_DIR", from_own_folder, file) for file in listed if "WEIGHTS_DIR" in os.environ]
    here: list[Place] = [("embedded", from_embedded, weights.embedded)] if weights.embedded else []
    if weights.ships:
        found += here
    if weights.hub:
        found += [("Hub cache", from_hub_cache, weights.hub), ("Hub", from_hub, weights.hub)]
    if weights.torchvision:
        found += [("torchvision", from_torchvision, weights.torchvision)]
    return found if weights.ships else found + here


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
    refusal = why_out("the Hub", huggingface_hub.hf_hub_url(file.repo, file.path, revision=file.commit))
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


def from_torchvision(file: TorchvisionFile) -> dict[str, Tensor]:
    """From torchvision's server, through its cache on this machine; a damaged file there is fetched once more."""
    from torchvision.models import get_weight  # a second, and few ever need it

    weight, path = get_weight(file.weight), Path(torch.hub.get_dir(), "checkpoints", file.path)
    try:
        if path.is_file():
            check(file.path, file.sha256, hashlib.sha256(path.read_bytes()).hexdigest())
    except WeightsError as damage:
        log.warning("%s; fetching it once more", damage)
        path.unlink()
    refusal = "" if path.is_file() else why_out("torchvision's server", weight.url)
    if refusal:
        raise FileNotFoundError(refusal)
    try:
        return dict(weight.get_state_dict(check_hash=True, weights_only=True, map_location="cpu"))
    except RuntimeError as mismatch:  # what arrived has another hash, and is not kept
        raise WeightsError(f"{file.path}: {mismatch}") from mismatch
    except Exception as failure:  # whatever the transport raises
        log.warning("%s broke off", weight.url, exc_info=True)
        raise FileNotFoundError(f"torchvision's server broke off ({type(failure).__name__})") from failure


def why_out(host: str, url: str) -> str:
    """Why not to ask a host for this file, or nothing; known within `PROBE_SECONDS`.

    The downloaders themselves wait minutes for a network that swallows packets, and no setting shortens that.
    """
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return "offline by choice"
    answers: list[str] = []
    # A thread, since resolving a name knows no timeout.
    probe = threading.Thread(target=lambda: answers.append(ask(host, url)), daemon=True)
    probe.start()
    probe.join(PROBE_SECONDS)
    return answers[0] if answers else f"{host} did not answer"


def ask(host: str, url: str) -> str:
    """What is wrong with a file's address, or nothing; a host it redirects to must answer too."""
    session = huggingface_hub.get_session()
    try:
        answer = session.head(url, timeout=PROBE_SECONDS, follow_redirects=False)
        if answer.is_redirect:
            session.head(urljoin(url, answer.headers["Location"]), timeout=PROBE_SECONDS)
    except Exception:  # whatever the transport raises
        return f"{host} could not be reached"
    return f"{host} answered {answer.status_code}" if answer.status_code >= 400 else ""


def parse(path: Path, file: File) -> dict[str, Tensor]:
    """The tensors of a file, whose bytes are checked and parsed as read once.

    Raises:
        FileNotFoundError: if there is no file.
        WeightsError: if its bytes are not those the manifest names.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no {file.path} in {path.parent.name}")
    return file.tensors(path.read_bytes())
