"""What all tests share: the lecture's data where it is, one running app, and no way out to the network."""

import os
import socket
from pathlib import Path

import pytest

from tests.server import running_app

os.environ["NETS_DEVICE"] = "cpu"  # tests compare with tensors there


@pytest.fixture(scope="session", autouse=True)
def no_network():
    """Every connection that does not stay on this machine fails."""
    connect = socket.socket.connect

    def guarded(self, address):
        host = address[0] if isinstance(address, tuple) else "127.0.0.1"
        if host not in ("127.0.0.1", "::1", "localhost"):
            raise OSError(f"a test must not reach {host}")
        return connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(scope="session")
def nets_data() -> Path:
    """The folder of data and weights to test with; its layout is in the README."""
    folder = os.environ.get("NETS_DATA")
    if not folder or not Path(folder, "data", "mnist").is_dir():
        pytest.skip("NETS_DATA names no folder that holds data/mnist")
    return Path(folder)


@pytest.fixture(scope="session")
def app_url():
    with running_app() as url:
        yield url
