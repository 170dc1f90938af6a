"""Memory and disk: what thousands of events, hundreds of visitors and broken uploads leave behind in the server."""

import http.client
import json
import socket
import sys
import time
from urllib.parse import urlparse

import psutil
import pytest
from gradio_client import Client

import app
from demos import DEMOS
from models.strokes import ready_digits
from tests.server import running_app

MEGABYTE = 1_000_000
CHEAP = {
    "deepdream": {"steps": 1, "octaves": 1, "size_px": 128, "net": "thin_googlenet"},
    "style": {"iterations": 5, "size_px": 128},
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Where the server would keep temporary files: Gradio's own, and the system's."""
    return [tmp_path_factory.mktemp(name) for name in ("gradio", "tmp")]


@pytest.fixture(scope="module")
def hall(folders):
    """The address of a running app with those folders."""
    gradio, tmp = map(str, folders)
    with running_app(GRADIO_TEMP_DIR=gradio, TMPDIR=tmp) as url:
        yield url


@pytest.fixture(scope="module")
def process(hall):
    """The app's process."""
    port = str(urlparse(hall).port)
    [found] = [child for child in psutil.Process().children(recursive=True) if child.cmdline()[-1:] == [port]]
    return found


@pytest.fixture(scope="module")
def visitor(hall):
    visitor = Visitor(hall)
    yield visitor
    visitor.line.close()


class Visitor:
    """A page's events, sent as the page sends them, over one connection."""

    def __init__(self, hall):
        place = urlparse(hall)
        self.line = http.client.HTTPConnection(place.hostname, place.port, timeout=120)
        config = self.asked("GET", "/config")
        self.widgets = [
            (part["id"], name) for part in config["components"] for name in part["props"].get("server_fns", ())
        ]
        self.decoder = next(widget for widget, name in self.widgets if name == "decode")
        events = [part for part in config["dependencies"] if part["backend_fn"] and not part["queue"]]
        self.restore = next(part["id"] for part in events if not part["inputs"])
        self.draw = next(part["id"] for part in events if len(part["inputs"]) == 3)

    def asked(self, method, target, body=None):
        """What the server tells."""
        self.line.request(method, target, body and json.dumps(body), {"Content-Type": "application/json"})
        answer = self.line.getresponse()
        told = answer.read()
        assert answer.status == 200, told
        return json.loads(told)

    def slides(self, session, digit):
        """Move a slider."""
        data = {"digit": digit % 10, "pose": [0.2] * 16, "offsets": [0.0] * 16}
        call = {"component_id": self.decoder, "fn_name": "decode", "session_hash": session, "data": data}
        assert "picture" in self.asked("POST", "/gradio_api/component_server/", call)

    def draws(self, session, number):
        """Draw a digit."""
        values = [ready_digits()[number % len(ready_digits())].drawing, None, [0.0] * 16]
        assert len(self.event(session, self.draw, values)["data"]) == 4

    def opens(self, session, tab="capsnet"):
        """Open the page: its state comes from the address."""
        self.event(session, self.restore, [], f"?demo={tab}&v=1")

    def event(self, session, number, values, query=""):
        body = {"data": values, "event_data": None, "fn_index": number, "trigger_id": None, "session_hash": session}
        return self.asked("POST", f"/gradio_api/run/predict{query}", body)


def grown(process, work):
    """By how many bytes the process grew while this was done."""
    before = process.memory_info().rss
    work()
    return process.memory_info().rss - before


# --- memory ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_two_thousand_light_events_leave_nothing_behind(visitor, process):
    def light(count):
        for number in range(count):
            visitor.slides("steady", number) if number % 4 else visitor.draws("steady", number)

    visitor.opens("steady")
    light(200)  # what is loaded and kept once
    assert grown(process, lambda: light(2000)) <= 10 * MEGABYTE


@pytest.mark.slow
def test_a_visitor_costs_less_than_a_hundred_kilobytes(visitor, process):
    def come(first, count):
        for number in range(first, first + count):
            visitor.opens(f"visitor {number}")
            visitor.draws(f"visitor {number}", number)

    come(0, 20)
    assert grown(process, lambda: come(20, 200)) <= 200 * MEGABYTE / 10


def test_pictures_that_visitors_bring_are_not_kept(visitor, process):
    def bring(first, count):
        for number in range(first, first + count):
            drawing = f"{number}".ljust(4 * MEGABYTE, "x")
            visitor.event(f"painter {number}", visitor.draw, [drawing, None, [0.0] * 16])

    bring(0, 3)
    assert grown(process, lambda: bring(3, 12)) <= 10 * MEGABYTE


def test_sessions_are_capped(monkeypatch):
    asked = {}
    monkeypatch.setattr(app, "build", lambda: None)
    monkeypatch.setattr(app.serving, "serve", lambda *_, **options: asked.update(options))
    monkeypatch.setattr(sys, "argv", ["app.py"])
    app.main()
    assert 0 < asked["state_session_capacity"] <= 1000


# --- disk -----------------------------------------------------------------------------------------

UPLOAD = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'


def half_sent(hall, target, kind, begin):
    """Begin a request whose body never comes whole, and hang up."""
    place = urlparse(hall)
    lines = (f"POST {target} HTTP/1.1", "Host: hall", f"Content-Type: {kind}", "Content-Length: 4000000", "\r\n")
    with socket.create_connection((place.hostname, place.port), timeout=60) as line:
        line.sendall("\r\n".join(lines).encode() + begin + b"x" * 300_000)


def test_nothing_is_written_to_disk(hall, folders, visitor):
    client = Client(hall, verbose=False, analytics_enabled=False)
    for demo in DEMOS:
        assert client.predict(**values(demo, client), api_name=f"/{demo.slug}")
        visitor.opens("tourist", demo.slug)
    for _ in range(20):
        half_sent(hall, "/gradio_api/upload", "multipart/form-data; boundary=x", UPLOAD)
        half_sent(hall, "/gradio_api/run/predict", "application/json", b'{"data": ["')
        half_sent(hall, "/gradio_api/component_server/", "application/json", b'{"data": "')
    visitor.slides("tourist", 7)
    assert [str(path) for folder in folders for path in folder.rglob("*") if path.is_file()] == []


def values(demo, client):
    """A cheap call of the demo's function on the API."""
    told = client.view_api(return_format="dict", print_info=False)["named_endpoints"][f"/{demo.slug}"]
    asked = {parameter["parameter_name"] for parameter in told["parameters"]}
    return demo.params(**CHEAP.get(demo.slug, {})).model_dump(mode="json", include=asked, exclude_none=True)


# --- open files -----------------------------------------------------------------------------------


def settled(process, most):
    """The number of files and connections that are open, once it is no more than that, or after five seconds."""
    deadline = time.monotonic() + 5
    while process.num_fds() > most and time.monotonic() < deadline:
        time.sleep(0.1)
    return process.num_fds()


def every_call(hall):
    """Open the page as a browser does, its pulse felt, ask every widget's question, and leave."""
    place = urlparse(hall)
    with socket.create_connection((place.hostname, place.port), timeout=60) as pulse:
        pulse.sendall(b"GET /pulse HTTP/1.1\r\nHost: hall\r\n\r\n")
        pulse.recv(100)
        visitor = Visitor(hall)
        visitor.opens("reader")
        for widget, name in visitor.widgets:
            call = {"component_id": widget, "fn_name": name, "session_hash": "reader", "data": {"name": "c1"}}
            visitor.asked("POST", "/gradio_api/component_server/", call)
        visitor.line.close()


def test_a_visit_leaves_no_file_open(hall, process):
    every_call(hall)
    before = settled(process, 0)
    for _ in range(3):
        every_call(hall)
    assert settled(process, before) <= before
