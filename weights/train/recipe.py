"""What every recipe shares: its command line, its checkpoint, and how the result is embedded and measured."""

import argparse
import functools
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from weights import EMBEDDED

RUNS = Path(__file__).parents[2] / "runs"


@dataclass(frozen=True)
class Checkpoint:
    """A file from which an interrupted training goes on as if nothing had happened."""

    path: Path

    def save(self, state: dict[str, Any], generator: torch.Generator, epoch: int) -> None:
        """Write everything that has a `state_dict`, and how many epochs are done."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        content = {name: part.state_dict() for name, part in state.items()}
        partial = self.path.with_suffix(".partial")
        torch.save(content | {"random": generator.get_state(), "epoch": epoch}, partial)
        partial.replace(self.path)

    def load(self, state: dict[str, Any], generator: torch.Generator) -> int:
        """Restore everything in place; the number of epochs done, 0 without a file."""
        if not self.path.exists():
            return 0
        content = torch.load(self.path, weights_only=True)
        for name, part in state.items():
            part.load_state_dict(content[name])
        generator.set_state(content["random"])
        return content["epoch"]


def arguments(doc: str, name: str, epochs: dict[str, int], nets: Sequence[str] = ()) -> argparse.Namespace:
    """The recipe's options; `epochs` gives the default length for each type of device, `nets` those it can train."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--evaluate", action="store_true", help="only measure the embedded file")
    parser.add_argument("--data", type=Path, help="the data's folder (default: $NETS_DATA, else the Hub)")
    parser.add_argument("--device", type=torch.device, default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--epochs", type=int, help=f"default {epochs}")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fresh", action="store_true", help="ignore the checkpoint of an interrupted training")
    if nets:
        parser.add_argument("--net", choices=nets, default=nets[0])
    options = parser.parse_args()
    name = f"{name}-{options.net}" if nets else name
    if options.epochs is None:
        options.epochs = epochs.get(options.device.type, epochs["cpu"])
    options.checkpoint = Checkpoint(RUNS / f"{name}-{options.device.type}-{options.epochs}-{options.seed}.pt")
    if options.fresh and not options.evaluate:
        options.checkpoint.path.unlink(missing_ok=True)
    return options


def data_folder() -> Path:
    """`$NETS_DATA/data`, where recipes look unless told otherwise."""
    return Path(os.environ.get("NETS_DATA", ""), "data")


def read_data(folder: Path, name: str, sha256: str) -> bytes:
    """The content of a file of data, which may be a folder further down.

    Raises:
        ValueError: if it is absent, or not the one that the recipe was written for.
    """
    path = folder / name
    if not path.is_file():
        raise ValueError(f"--data must be the folder that holds {name}, got {folder}")
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ValueError(f"{path.name} must have sha256 {sha256}, got {found}")
    return content


def summed(parts: Iterable[Tensor]) -> Tensor:
    """The sum of tensors, in their order; there is at least one."""
    return functools.reduce(torch.add, parts)


def look_in_nets_data() -> None:
    """Let `$WEIGHTS_DIR` be `$NETS_DATA/weights` where it is not set."""
    if "NETS_DATA" in os.environ:
        os.environ.setdefault("WEIGHTS_DIR", str(Path(os.environ["NETS_DATA"], "weights")))


def embed(name: str, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors into the embedded folder, floats as float16, and print what the manifest must say of the file."""
    tensors = {key: halved(tensor.detach().cpu()).contiguous() for key, tensor in tensors.items()}
    content = save(tensors)
    partial = EMBEDDED / f"{name}.partial"
    partial.write_bytes(content)
    partial.replace(EMBEDDED / f"{name}.safetensors")
    print(f"sha256: {hashlib.sha256(content).hexdigest()}\nsize: {len(content)}")


def halved(tensor: Tensor) -> Tensor:
    """Floats as float16, anything else as it is."""
    return tensor.half() if tensor.is_floating_point() else tensor


def evaluate_embedded(
    name: str, net: nn.Module, evaluate: Callable[..., Mapping[str, float | str]], data: Path | None
) -> None:
    """Print the figures of the embedded file, one `name: value` a line."""
    path = EMBEDDED / f"{name}.safetensors"
    net.load_state_dict(load_file(path))
    figures = {**evaluate(net.eval(), data), "embedded_mb": path.stat().st_size / 1e6}
    for key, value in figures.items():
        print(f"{key}: {value:.4g}" if isinstance(value, float) else f"{key}: {value}")
