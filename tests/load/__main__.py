"""`python -m tests.load`: a hall of students at their sliders beside one dream, one figure a line."""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

from gradio_client import Client
from gradio_client.exceptions import AppError

from tests.server import running_app

HERE = Path(__file__).parent


def fetched(url: str) -> dict:
    """What an address of the app tells, as JSON."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=30) as answer:
        return json.load(answer)


def decoder_of(url: str) -> int:
    """The widget whose sliders ask for pictures."""
    return next(
        part["id"] for part in fetched(f"{url}config")["components"] if "decode" in part["props"].get("server_fns", ())
    )


def dream_on(url: str, stop: threading.Event, dreams: list[float]) -> None:
    """One dream after another, as one visitor of the API asks for them."""
    client = Client(url, verbose=False)
    while not stop.is_set():
        with contextlib.suppress(AppError):  # the last one, which the end of the server ends
            client.predict(picture="rocket", steps=20, size_px=448, api_name="/deepdream")
            dreams.append(1)


def hall(url: str, students: int, seconds: int, beside: bool) -> dict[str, float]:
    """What the students met: percentiles of a slider's answer, events a second, how many were lost."""
    stop, dreams = threading.Event(), []
    dreamer = threading.Thread(target=dream_on, args=(url, stop, dreams), daemon=True)
    if beside:
        dreamer.start()
    command = [
        sys.executable,
        "-m",
        "locust",
        "-f",
        str(HERE / "hall.py"),
        "--headless",
        "--only-summary",
        "--reset-stats",
    ]
    command += [
        "--host",
        url.rstrip("/"),
        "-u",
        str(students),
        "-r",
        "50",
        "-t",
        f"{seconds + students // 50}s",
        "--json",
    ]
    environment = os.environ | {"HALL_COMPONENT": str(decoder_of(url))}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=seconds + 120, check=False)
    stop.set()
    return figures(json.loads(ran.stdout), len(dreams))


def figures(stats: list[dict], dreams: int) -> dict[str, float]:
    """The figures of Locust's report."""
    slides = next(row for row in stats if row["name"] == "slider")
    times = sorted((float(ms), count) for ms, count in slides["response_times"].items())
    total = sum(count for _, count in times)

    def percentile(part: float) -> float:
        seen = 0
        for ms, count in times:
            seen += count
            if seen >= part * total:
                return ms
        return times[-1][0]

    lasted = slides["last_request_timestamp"] - slides["start_time"]
    return {
        "load_events": slides["num_requests"],
        "load_events_per_s": slides["num_requests"] / lasted,
        "load_lost": slides["num_failures"],
        "load_median_ms": percentile(0.5),
        "load_p95_ms": percentile(0.95),
        "load_p99_ms": percentile(0.99),
        "load_dreams_meanwhile": dreams,
    }


def main() -> None:
    """Print the figures; fail where a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--alone", action="store_true", help="no dream beside them")
    asked = parser.parse_args()
    with running_app() as url:
        found = hall(url, asked.students, asked.seconds, not asked.alone)
    for name, value in found.items():
        print(f"{name}: {value:.0f}")


if __name__ == "__main__":
    main()
