"""Paintings come from an address: a server of the test's own stands in for Wikimedia Commons."""

import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from PIL import Image

from models import paintings
from models.paintings import fetched


def jpeg():
    content = io.BytesIO()
    Image.effect_noise((64, 48), 80).convert("RGB").save(content, "JPEG")
    return content.getvalue()


class Commons(BaseHTTPRequestHandler):
    """Redirects to what it holds, as Special:FilePath does."""

    answers: ClassVar = {}
    asked: ClassVar = []

    def do_GET(self):
        self.asked.append(self.path)
        status, kind, content = self.answers.get(self.path, (302, "", b""))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/held")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def commons(monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Commons)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(paintings, "COMMONS", f"http://127.0.0.1:{server.server_port}/")
    paintings.picture_at.cache_clear()
    Commons.answers, Commons.asked = {}, []
    yield Commons
    paintings.picture_at.cache_clear()
    server.shutdown()
    server.server_close()


def test_painting_is_fetched_once_and_follows_a_redirect(commons):
    commons.answers["/held"] = (200, "image/jpeg", jpeg())
    first, second = fetched("starry_night"), fetched("starry_night")
    assert (first.mode, first.size) == ("RGB", (64, 48))
    assert first.tobytes() == second.tobytes()
    assert len(commons.asked) == 2
    assert commons.asked[0].endswith("Google%20Art%20Project.jpg?width=960")


def test_callers_cannot_spoil_each_others_painting(commons):
    commons.answers["/held"] = (200, "image/jpeg", jpeg())
    before = fetched("starry_night").tobytes()
    fetched("starry_night").paste("red", (0, 0, 64, 48))
    assert fetched("starry_night").tobytes() == before


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((200, "text/html", b"<html>"), "must be a JPEG, PNG or WebP, got text/html"),
        ((200, "image/jpeg", b"no picture"), "must be a whole PNG, JPEG or WebP file"),
        ((404, "text/html", b""), "got no painting from Wikimedia Commons"),
    ],
)
def test_anything_but_a_picture_is_refused(commons, answer, sentence):
    commons.answers["/held"] = answer
    with pytest.raises(ValueError, match=sentence):
        fetched("great_wave")


def test_too_large_a_picture_is_not_read_to_its_end(commons, monkeypatch):
    monkeypatch.setattr(paintings, "MOST_BYTES", 1000)
    commons.answers["/held"] = (200, "image/jpeg", jpeg())
    with pytest.raises(ValueError, match="at most 1,000 bytes"):
        fetched("great_wave")


@pytest.mark.usefixtures("commons")
def test_no_network_is_told_with_the_way_out(monkeypatch):
    monkeypatch.setattr(paintings, "COMMONS", "http://127.0.0.1:9/")
    with pytest.raises(ValueError, match="the styles drawn by code need no network"):
        fetched("the_scream")
