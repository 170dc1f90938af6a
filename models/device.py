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


def computes_bfloat16() -> bool:
    """Whether this process's device multiplies bfloat16 in hardware."""
    chosen = device().torch_device
    if chosen.type == "cuda":
        return torch.cuda.get_device_capability(chosen) >= (8, 0)
    # Not yet a public function.
    return chosen.type == "cpu" and getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()


def free_bytes() -> float:
    """How much memory the nets may still take: the GPU's, or what the system, and a container's limit, leave."""
    place = device().torch_device
    if place.type == "cuda":
        kept = torch.cuda.memory_reserved(place) - torch.cuda.memory_allocated(place)  # by torch, for the next to ask
        return torch.cuda.mem_get_info(place)[0] + kept
    return max(0, min(system_bytes(), container_bytes()))


def system_bytes() -> float:
    """What Linux has available; elsewhere, half of all there is."""
    told = Path("/proc/meminfo")
    if told.exists():
        return 1024 * int(re.search(r"MemAvailable:\s+(\d+)", told.read_text())[1])
    if hasattr(os, "sysconf"):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2
    return math.inf


def container_bytes() -> float:
    """What a container's limit leaves, where there is one; files that it only remembers do not count."""
    limit, used, kinds = (Path("/sys/fs/cgroup", f"memory.{name}") for name in ("max", "current", "stat"))
    if not limit.exists() or limit.read_text().strip() == "max":
        return math.inf
    remembered = int(re.search(r"^inactive_file (\d+)", kinds.read_text(), re.MULTILINE)[1])
    return int(limit.read_text()) - int(used.read_text()) + remembered
