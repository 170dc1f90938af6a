"""Brings every file of weights that is not part of this project onto this machine: `python -m weights.fetch`.

One after another, each checked as the app checks it; what is here already costs no request. Afterwards the app needs
no network. `--offline` asks nobody, and only says what is here.
"""

import argparse
import os
import sys
from dataclasses import dataclass, replace

import weights
from weights import Weights, WeightsError
from weights.manifest import WEIGHTS


@dataclass(frozen=True)
class Fetched:
    """A net whose weights were looked for: the place that has them, or why none has."""

    name: str
    size: int
    place: str = ""
    reason: str = ""


def main() -> int:
    """1 if anything is missing, else 0."""
    if options().offline:
        os.environ["HF_HUB_OFFLINE"] = "1"
    found = []
    for listed in WEIGHTS:
        if listed.hub or listed.torchvision:
            found.append(fetch(listed))
            print(line(found[-1]), flush=True)
    print(summary(found))
    return int(any(one.reason for one in found))


def options() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--offline", action="store_true", help="ask nobody; only check what is here")
    return parser.parse_args()


def fetch(listed: Weights) -> Fetched:
    """Where one net's weights now are on this machine; embedded ones count only where they are the same bytes."""
    wanted = listed if listed.ships else replace(listed, embedded=None)
    size = next(file.size for file in (listed.hub, listed.torchvision) if file)
    try:
        place = weights.load(wanted).place  # the tensors are let go at once
    except WeightsError as fault:
        return Fetched(listed.name, size, reason=str(fault).removeprefix(f"no weights for {listed.name}: "))
    return Fetched(listed.name, size, place)


def line(one: Fetched) -> str:
    """What is told of one file: name, MB, place, and "ok" or why it is missing."""
    return f"{one.name:<22} {one.size / 1e6:>6.1f} MB  {one.place or '–':<12} {one.reason or 'ok'}"


def summary(found: list[Fetched]) -> str:
    """How many files are here, how large they are, and which are missing."""
    here = [one for one in found if not one.reason]
    missing = ", ".join(one.name for one in found if one.reason) or "none"
    return (
        f"{len(here)} of {len(found)} files are here, {sum(one.size for one in here) / 1e6:.0f} MB; missing: {missing}"
    )


if __name__ == "__main__":
    sys.exit(main())
