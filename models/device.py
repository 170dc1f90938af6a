"""Where the nets run: one choice for the whole process, with its reason."""

import functools
import math
import os
import re
from dataclasses import dataclass
from pathlib import Path

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
    if on_zero_gpu():
        return named("cpu", "ZeroGPU is kept for long work")
    if torch.cuda.is_available():
        return named("cuda", "CUDA is here")
    if torch.backends.mps.is_available():
        return named("mps", "Metal is here")
    return named("cpu", "no GPU is here")


@functools.cache
def long_work_device() -> Device:
    """Where dreams and paintings are made: on the GPU that a ZeroGPU Space lends, elsewhere on `device()`."""
    if on_zero_gpu() and not os.environ.get("NETS_DEVICE"):
        return named("cuda", "ZeroGPU lends it for long work")
    return device()


def on_zero_gpu() -> bool:
    """Whether this is a Space whose GPU is lent by the call."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")  # as the package `spaces` reads it


def named(asked: str, because: str) -> Device:
    """The device of that torch name."""
    chosen = torch.device(asked)
    names = {
        "cpu": lambda: f"CPU, {torch.get_num_threads()} threads",
        "cuda": lambda: f"{torch.cuda.get_device_name(chosen)}, CUDA",
        "mps": lambda: "Apple GPU, Metal",
    }
    return Device(chosen, names.get(chosen.type, lambda: asked)(), because)


def computes_bfloat16(place: Device | None = None) -> bool:
    """Whether a device, or unless told this process's, multiplies bfloat16 in hardware."""
    chosen = (place or device()).torch_device
    if chosen.type == "cuda":
        return torch.cuda.get_device_capability(chosen) >= (8, 0)
    # Not yet a public function.
    return chosen.type == "cpu" and getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()


def free_bytes() -> float:
    """How much memory long work may still take: the GPU's, or what the system, and a container's limit, leave."""
    place = long_work_device().torch_device
    if place.type == "cuda":
        kept = torch.cuda.memory_reserved(place) - torch.cuda.memory_allocated(place)  # by torch, for the next to ask
        return torch.cuda.mem_get_info(place)[0] + kept
    return max(0, min(system_bytes(), container_bytes()))


def system_bytes() -> float:
    """What Linux has available; elsewhere, half of all there is."""
    told = Path("/proc/meminfo")
    if told.exists():
        [kilobytes] = re.findall(r"MemAvailable:\s+(\d+)", told.read_text())
        return 1024 * int(kilobytes)
    if hasattr(os, "sysconf"):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2
    return math.inf


def container_bytes() -> float:
    """What a container's limit leaves, where there is one; files that it only remembers do not count."""
    limit, used, kinds = (Path("/sys/fs/cgroup", f"memory.{name}") for name in ("max", "current", "stat"))
    if not limit.exists() or limit.read_text().strip() == "max":
        return math.inf
    [remembered] = re.findall(r"^inactive_file (\d+)", kinds.read_text(), re.MULTILINE)
    return int(limit.read_text()) - int(used.read_text()) + int(remembered)
