"""Where the nets run: one choice for the whole process, with its reason."""

import functools
import os
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Device:
    """A torch device, the name people know it by, and why it was chosen."""

    torch_device: torch.device
    name: str
    because: str


@functools.cache
def device() -> Device:
    """`$NETS_DEVICE` where it is set, else CUDA, else MPS, else the CPU.

    A ZeroGPU Space counts as a CPU: it lends its GPU by the call and rations the seconds.
    """
    asked = os.environ.get("NETS_DEVICE")
    if asked:
        return named(asked, "NETS_DEVICE asks for it")
    if os.environ.get("SPACES_ZERO_GPU"):
        return named("cpu", "ZeroGPU is kept for long work")
    if torch.cuda.is_available():
        return named("cuda", "CUDA is here")
    if torch.backends.mps.is_available():
        return named("mps", "Metal is here")
    return named("cpu", "no GPU is here")


def named(asked: str, because: str) -> Device:
    """The device of that torch name."""
    chosen = torch.device(asked)
    names = {
        "cpu": lambda: f"CPU, {torch.get_num_threads()} threads",
        "cuda": lambda: f"{torch.cuda.get_device_name(chosen)}, CUDA",
        "mps": lambda: "Apple GPU, Metal",
    }
    return Device(chosen, names.get(chosen.type, lambda: asked)(), because)
