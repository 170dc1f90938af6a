"""The app in a process of its own, as a visitor meets it."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[1]
PATIENCE_SECONDS = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running_app(**environment: str) -> Iterator[str]:
    """The address of the app, once its page answers."""
    with started(free_port(), **environment) as (url, _):
        yield url


@contextmanager
def started(port: int, log: IO | None = None, **environment: str) -> Iterator[tuple[str, subprocess.Popen]]:
    """The app at that port: its address, once its page answers, and its process; what it logs goes to the file."""
    command = [sys.executable, "app.py", "--offline", "--port", str(port)]
    environment = os.environ | environment
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}/"
        wait_for(url, process)
        yield url, process
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(url: str, process: subprocess.Popen) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            direct.open(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"the app did not answer at {url}")
