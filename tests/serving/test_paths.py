"""Paths and addresses: nobody reads a file by a trick, makes the server call anybody, or fills its memory."""

import gc
import itertools
import json
import re
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from urllib.parse import urlparse

import psutil
import pytest

from demos.serving.doors import MOST_BYTES, door
from tests.server import ROOT, running_app

MEBIBYTE = 2**20
RUN, JOIN = "/gradio_api/run/predict", "/gradio_api/queue/join"
WIDGET = "/gradio_api/component_server/"  # as the page writes it
EVENTS = (RUN, JOIN, "/gradio_api/call/capsnet", "/gradio_api/cancel", "/gradio_api/reset")
JSON = "Content-Type: application/json"

# In the server's process: whoever is asked for a name or called, other than this machine, is written down.
WATCH = """
import os, socket
def noting(call, host_of):
    def noted(*args, **named):
        host = host_of(*args)
        if host not in ("127.0.0.1", "localhost", "0.0.0.0", "::1", "", None):
            open(os.environ["NOTED"], "a").write(f"{host}\\n")
            raise OSError("a test reaches nobody")
        return call(*args, **named)
    return noted
socket.getaddrinfo = noting(socket.getaddrinfo, lambda host, *_: host)
socket.socket.connect = noting(socket.socket.connect, lambda _, place: place[0] if isinstance(place, tuple) else None)
"""


@pytest.fixture(scope="module")
def secret(tmp_path_factory):
    """A file that nobody may read."""
    path = tmp_path_factory.mktemp("private") / "secret.txt"
    path.write_text("the butler did it")
    return path


@pytest.fixture(scope="module")
def noted(tmp_path_factory):
    """The names that the server asked for and the hosts that it called."""
    path = tmp_path_factory.mktemp("noted") / "hosts.txt"
    path.touch()
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory, noted):
    """The place of a running app that cannot call anybody."""
    folder = tmp_path_factory.mktemp("watch")
    (folder / "sitecustomize.py").write_text(WATCH)
    with running_app(PYTHONPATH=str(folder), NOTED=str(noted)) as url:
        place = urlparse(url)
        yield place.hostname, place.port


@pytest.fixture(scope="module")
def trap():
    """The address of a listener, and all who ever called there."""
    callers, listener = [], socket.create_server(("127.0.0.1", 0))

    def listen():
        with suppress(OSError):
            while True:
                connection, caller = listener.accept()
                callers.append(caller)
                connection.close()

    threading.Thread(target=listen, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/picture.png", callers
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def said(server, request):
    """The status and all bytes of the answer to a request, written as it is."""
    with socket.create_connection(server, timeout=60) as line:
        with suppress(ConnectionError):  # it may refuse before it has heard everything
            for part in [request] if isinstance(request, bytes) else request:
                line.sendall(part)
        answer = bytearray()
        with suppress(ConnectionError):
            while part := line.recv(65536):
                answer += part
    return int(answer.split(b" ", 2)[1]), bytes(answer)


def head(method, target, *lines):
    """The head of a request, its target written as it is."""
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: hall", "Connection: close", *lines, "\r\n"]).encode()


def got(server, target):
    return said(server, head("GET", target))


def posted(server, target, body):
    """The answer to a body, a text of JSON or what becomes one."""
    body = body if isinstance(body, str) else json.dumps(body)
    return said(server, head("POST", target, JSON, f"Content-Length: {len(body.encode())}") + body.encode())


def has_sentence(answer):
    """Whether an answer says in words what was wrong."""
    body = answer.partition(b"\r\n\r\n")[2]
    if body == b"Invalid HTTP request received.":
        return True
    told = json.loads(body)["detail"]
    words = told if isinstance(told, str) else " ".join(str(part["msg"]) for part in told)
    return bool(re.match(r"[A-Z]\w*.* \w+", words)) or words in ("Forbidden", "Not Found")


def refused(server, target, body):
    status, answer = posted(server, target, body)
    return 400 <= status < 500 and has_sentence(answer) and b"Traceback" not in answer


def call(**changes):
    """A widget's call but for these changes."""
    return {"component_id": 11, "fn_name": "decode", "session_hash": "x", "data": {"digit": 7}} | changes


def event(**changes):
    """The event of a drawing on the first tab but for these changes."""
    return {"data": ["", None, [0] * 16], "fn_index": 0, "session_hash": "x", "event_data": None} | changes


def decoded(server):
    """Whether the app answers rightly to the call of a slider."""
    config = json.loads(got(server, "/config")[1].partition(b"\r\n\r\n")[2])
    widget = next(part["id"] for part in config["components"] if "decode" in part["props"].get("server_fns", ()))
    data = {"digit": 7, "pose": [0.2] * 16, "offsets": [0.0] * 16}
    status, answer = posted(server, WIDGET, call(component_id=widget, data=data))
    return status == 200 and b'"picture"' in answer


@pytest.fixture(scope="module", autouse=True)
def sane_after_all(server, trap, noted):
    """After every trick of this file: nobody was called, and the app answers."""
    yield
    assert trap[1] == []
    assert noted.read_text() == ""
    assert decoded(server)


# --- reading files --------------------------------------------------------------------------------

UPWARDS = (
    "..",
    "%2e%2e",
    "%2E.",
    "%252e%252e",
    "..%2f..",
    "..%5c..",
    "%c0%ae%c0%ae",
    "%ef%bc%8e%ef%bc%8e",
    "..;",
    "....//",
)
OPEN_FOLDERS = ("/assets", "/static", "/svelte", "/pictures", "/gradio_api/call", "/gradio_api/heartbeat")
UNDER = ("{path}", "/{path}", "%2f{path}", "./{path}", "x%00{path}", "{path}%00.jpg", "{path}?x", "file:{path}", "")
ASKING = (
    *("/gradio_api/file={path}", "/gradio_api/file/{path}", "/file={path}", "/file/{path}", "/gradio_api/file={url}"),
    *(
        "/gradio_api/proxy={url}",
        "/proxy={url}",
        "/gradio_api/proxy=https://x.hf.space/",
        "/gradio_api/upload_progress",
    ),
    *(
        "/gradio_api/custom_component/x/server/y/{path}",
        "/gradio_api/stream/x/1/7/playlist.m3u8",
        "{url}",
        "{path}",
        "*",
    ),
    *("http://127.0.0.1/gradio_api/file={path}", "//127.0.0.1{path}", "/gradio_api/deep_link?session_hash=x"),
    *("/gradio_api/run-history/buckets", "/gradio_api/vibe-code", "/gradio_api/openapi.json", "/gradio_api/token"),
    *("/monitoring", "/docs", "/login", "/app.py", "/.git/config", "/%00", "/\\..\\..\\{path}", "/config/../{path}"),
)


def test_no_path_reads_a_file(server, secret, trap):
    upwards = [f"{folder}/{'/'.join([up] * 9)}{secret}" for folder, up in itertools.product(OPEN_FOLDERS, UPWARDS)]
    under = [f"{folder}/{path.format(path=secret)}" for folder, path in itertools.product(OPEN_FOLDERS[:4], UNDER)]
    tries = upwards + under + [target.format(path=secret, url=trap[0]) for target in ASKING]
    assert len(tries) >= 55
    wrong = []
    for target in tries:
        status, answer = got(server, target)
        if b"butler" in answer or not 400 <= status < 500 or not has_sentence(answer):
            wrong.append((target, status))
    assert wrong == []


def test_what_an_address_asks_for_besides_the_page_is_not_read(server, secret):
    for name, page in itertools.product(("deep_link", "page", "file", "view", "all_endpoints"), ("/", "/config")):
        status, answer = got(server, f"{page}?{name}=../../../../../../..{secret}")
        assert status < 500
        assert b"butler" not in answer
        assert str(secret).encode() not in answer


# --- calling others -------------------------------------------------------------------------------


def places(secret, trap):
    """What stands in the place of a picture."""
    texts = [
        trap[0],
        trap[0].upper(),
        trap[0][5:],
        f"file://{secret}",
        str(secret),
        f"ftp://{trap[0][7:]}",
        "localhost",
    ]
    texts += [f"url({trap[0]})", f"\0{trap[0]}", f"data:text/uri-list,{trap[0]}", "http://example.org/picture.png"]
    kind = {"meta": {"_type": "gradio.FileData"}}
    given = [{"path": str(secret)}, {"path": trap[0], "url": trap[0]}, {"path": "https://example.org/x", "url": "x"}]
    given += [{"path": "http://example.org/x", "url": "http://example.org/x"}, {"path": "http://198.51.100.7/x"}]
    return [*texts, *(files | kind for files in given), [given[3] | kind], {"deep": [{"er": given[3] | kind}]}]


def test_no_address_in_the_place_of_a_picture_is_called(server, secret, trap, noted):
    wrong = []
    for place, (name, values) in itertools.product(places(secret, trap), shapes(server).items()):
        for target, body in bodies(name, [place, *values]):
            status, answer = posted(server, target, body)
            if b"butler" in answer or status >= 500 or trap[1] or noted.read_text():
                wrong.append((place, target, status, noted.read_text()))
                noted.write_text("")
    assert wrong == []


def shapes(server):
    """The further values that the functions on the API take which begin with a picture."""
    told = json.loads(got(server, "/gradio_api/info")[1].partition(b"\r\n\r\n")[2])["named_endpoints"]
    first = {name: [part["parameter_default"] for part in told[name]["parameters"][1:]] for name in told}
    return {name[1:]: first[name] for name in ("/deepdream", "/style", "/yolo", "/eigenfaces")}


def bodies(name, values):
    """Requests that bring those values by every way in."""
    yield f"/gradio_api/call/{name}", {"data": values}
    yield RUN, event(data=[values[0], None, [0] * 16])
    yield JOIN, event(data=[values[0], None, [0] * 16])
    yield WIDGET, call(data={"picture": values[0], "frames": [values[0]], "kind": "gif"})


def test_a_header_calls_nobody_and_stands_nowhere_in_the_page(server):
    for name in (
        "X-Forwarded-Host",
        "X-Forwarded-Server",
        "Referer",
        "Origin",
        "X-Direct-Url",
        "X-Gradio-Server",
        "Host",
    ):
        status, answer = said(server, head("GET", "/", f'{name}: "><script>pwned()</script>'))
        assert status < 500
        assert b"<script>pwned" not in answer.partition(b"\r\n\r\n")[2]


# --- functions, numbers, sessions -----------------------------------------------------------------

FOREIGN = (
    *(
        "__init__",
        "__class__",
        "__getattribute__",
        "__reduce__",
        "postprocess",
        "preprocess",
        "get_config",
        "as_example",
    ),
    *("api_info", "load_event_to_attach", "_is_server_fn", "server", "props", "", "decode\0", "../decode", "DECODE"),
)
NO_NUMBERS = ("x", None, [11], {}, True, 7.5, 10**400, 10**6, -1, 0, "../7", "0x0b")
NO_SESSIONS = (5, None, [], {}, True, "x" * 101, "x" * 1_000_000, ["x"])


@pytest.mark.parametrize("name", FOREIGN)
def test_a_widget_offers_no_function_but_its_own(server, name):
    config = json.loads(got(server, "/config")[1].partition(b"\r\n\r\n")[2])
    widget = next(part["id"] for part in config["components"] if part["props"].get("server_fns"))
    for target in (WIDGET, WIDGET.rstrip("/")):
        assert refused(server, target, call(component_id=widget, fn_name=name))


@pytest.mark.parametrize("number", NO_NUMBERS, ids=lambda number: repr(number)[:20])
def test_unknown_widgets_and_events_are_refused(server, number):
    if number not in (True, 0):  # pydantic and JSON take these for numbers that there are
        assert refused(server, WIDGET, call(component_id=number))
    if number not in (None, True, 0):
        assert refused(server, RUN, event(fn_index=number))
        assert refused(server, JOIN, event(fn_index=number))


@pytest.mark.parametrize("session", NO_SESSIONS, ids=lambda session: repr(session)[:20])
def test_a_session_has_a_short_name(server, session):
    assert refused(server, WIDGET, call(session_hash=session))
    if session is not None:  # events of a page without one are let in
        assert refused(server, RUN, event(session_hash=session))
    assert refused(server, JOIN, event(session_hash=session))


def test_events_that_the_queue_must_turn_are_not_run_past_it(server):
    config = json.loads(got(server, "/config")[1].partition(b"\r\n\r\n")[2])
    queued = [part for part in config["dependencies"] if part["queue"]]
    assert len(queued) >= 9
    for part in queued:
        assert refused(server, RUN, event(fn_index=part["id"], data=[None] * len(part["inputs"])))


@pytest.mark.parametrize("values", [[], [None], [None] * 99, {"a": 1}, "abc", 5], ids=lambda values: repr(values)[:12])
def test_an_event_brings_as_many_values_as_it_has_controls(server, values):
    assert refused(server, RUN, event(data=values))
    assert refused(server, JOIN, event(data=values))


# --- broken JSON ----------------------------------------------------------------------------------

DEEP = 100_000
BROKEN = {
    "nothing": "",
    "a list": "[]",
    "null": "null",
    "half": '{"data": [',
    "deep lists": f'{{"data": {"[" * DEEP}{"]" * DEEP}, "fn_index": 0, "session_hash": "x"}}',
    "deep objects": '{"data": ' + '{"a":' * DEEP + "1" + "}" * DEEP + "}",
    "a list of lists": "[" * DEEP,
    "NaN": '{"data": [NaN, Infinity, -Infinity], "fn_index": 0, "session_hash": "x", "component_id": NaN}',
    "a number of 5,000 digits": f'{{"data": [1, 2, 3], "fn_index": {"9" * 5000}, "component_id": {"9" * 5000}}}',
    "two keys": '{"data": [1, 2, 3], "fn_index": 0, "fn_index": 9e99, "session_hash": "x", "session_hash": {}}',
    "two commas": '{"data": [1,, 2]}',
    "half a character": '{"session_hash": "\\ud800", "data": ["\\ud800"], "fn_index": "\\ud800"}',
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("target", [WIDGET, *EVENTS])
def test_broken_json_is_refused(server, target, body):
    assert refused(server, target, body)


# --- bodies ---------------------------------------------------------------------------------------

HUGE = 200_000_000
FORM, PARTS = "Content-Type: application/x-www-form-urlencoded", "Content-Type: multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="files"; filename="x.png"\r\n\r\n'
LENGTH, CHUNKED = f"Content-Length: {HUGE}", "Transfer-Encoding: chunked"
WAYS = {
    "by length": (WIDGET, [JSON, LENGTH], b'{"data": "', False),
    "by length, an event": (RUN, [JSON, LENGTH], b'{"data": ["', False),
    "chunked": (WIDGET, [JSON, CHUNKED], b'{"data": "', True),
    "chunked, an event": (RUN, [JSON, CHUNKED], b'{"data": ["', True),
    "chunked, queued": (JOIN, [JSON, CHUNKED], b'{"data": ["', True),
    "chunked, of the API": ("/gradio_api/call/yolo", [JSON, CHUNKED], b'{"data": ["', True),
    "a form": (RUN, [FORM, CHUNKED], b"data=", True),
    "parts": (WIDGET, [PARTS, CHUNKED], PART, True),
    "parts, an upload": ("/gradio_api/upload", [PARTS, CHUNKED], PART, True),
    "no kind": (RUN, [CHUNKED], b"{", True),
    "another kind": (RUN, ["Content-Type: text/plain", LENGTH], b"{", False),
    "a wrong length": (RUN, [JSON, "Content-Length: -1"], b"{", False),
}


def huge(begin, chunked):
    """200 MB that begin so, piece by piece."""
    piece = b"x" * MEBIBYTE
    for part in itertools.chain([begin], itertools.repeat(piece, HUGE // MEBIBYTE)):
        yield b"%x\r\n%s\r\n" % (len(part), part) if chunked else part
    yield b"0\r\n\r\n" if chunked else b""


def resident(server):
    """The bytes that the server's process holds."""
    ours = psutil.Process().children(recursive=True)
    [process] = [child for child in ours if child.cmdline()[-1:] == [str(server[1])]]
    return process.memory_info().rss


@pytest.mark.parametrize(("target", "lines", "begin", "chunked"), WAYS.values(), ids=WAYS)
def test_a_body_of_200_megabytes_is_refused_and_not_kept(server, target, lines, begin, chunked):
    gc.collect()
    before = resident(server)
    status, answer = said(server, itertools.chain([head("POST", target, *lines)], huge(begin, chunked)))
    assert status in (400, 404, 413, 415)
    assert has_sentence(answer)
    assert resident(server) - before < 32 * MEBIBYTE


def test_a_body_that_is_just_too_large_is_told_how_large_it_may_be(server):
    status, answer = posted(server, RUN, event(data=["x" * MOST_BYTES]))
    assert status == 413
    assert f"{MOST_BYTES:,} bytes".encode() in answer


# --- every route ----------------------------------------------------------------------------------

LET_IN = {
    "GET": {
        *("/", "/config", "/theme.css", "/robots.txt", "/favicon.ico", "/manifest.json"),
        *("/assets/x", "/static/x", "/svelte/x", "/pictures/x.jpg", "/health", "/pulse", "/metrics"),
        *("/gradio_api/info", "/gradio_api/startup-events", "/gradio_api/theme.css", "/gradio_api/app_id"),
        *("/gradio_api/heartbeat/x", "/gradio_api/queue/data", "/gradio_api/call/x/x"),
    },
    "POST": {
        *("/gradio_api/component_server", "/gradio_api/component_server/", "/gradio_api/run/x", "/gradio_api/run/x/"),
        *("/gradio_api/queue/join", "/gradio_api/call/x", "/gradio_api/call/x/", "/gradio_api/cancel"),
        *("/gradio_api/reset", "/gradio_api/reset/"),
    },
}
LET_IN["HEAD"] = LET_IN["GET"]
CLOSED = {
    *("/openapi.json", "/login", "/login/", "/logout", "/config/", "/pwa_icon", "/pwa_icon/x"),
    *("/monitoring", "/monitoring/summary", "/monitoring/x"),
    *("/gradio_api/deep_link", "/gradio_api/user", "/gradio_api/user/", "/gradio_api/login_check"),
    *("/gradio_api/login_check/", "/gradio_api/token", "/gradio_api/token/", "/gradio_api/app_id/"),
    *("/gradio_api/dev/reload", "/gradio_api/runs", "/gradio_api/runs/", "/gradio_api/run-history/connect"),
    *("/gradio_api/run-history/buckets", "/gradio_api/run-history/records"),
    *("/gradio_api/run-history/records/x/x/assets/x", "/gradio_api/info/", "/gradio_api/openapi.json"),
    *("/gradio_api/custom_component/x/x/x/x", "/gradio_api/proxy=x", "/gradio_api/file=x", "/gradio_api/file/x"),
    *("/gradio_api/stream/x", "/gradio_api/stream/x/close", "/gradio_api/stream/x/x/x/playlist.m3u8"),
    *(
        "/gradio_api/stream/x/x/x/x.x",
        "/gradio_api/stream/x/x/x/playlist-file",
        "/gradio_api/api/x",
        "/gradio_api/api/x/",
    ),
    *("/gradio_api/call/v2/x", "/gradio_api/call/v2/x/", "/gradio_api/call/v2/x/x", "/gradio_api/queue/status"),
    *("/gradio_api/upload", "/gradio_api/upload_progress", "/gradio_api/process_recording"),
    *("/gradio_api/vibe-edit", "/gradio_api/vibe-edit/", "/gradio_api/undo-vibe-edit", "/gradio_api/undo-vibe-edit/"),
    *("/gradio_api/vibe-code", "/gradio_api/vibe-code/", "/gradio_api/vibe-starter-queries"),
    *("/gradio_api/vibe-starter-queries/",),
}


# Every route of the app as it is served, those of routers within it included; the three of ours as paths match them.
LISTED = r"""
import json, re
import app
from demos.serving import calls, files, pulse
from gradio.routes import App
def routes_of(router):
    for route in router.routes:
        within = getattr(route, "original_router", None)
        yield from routes_of(within) if within else [(method, route.path) for method in route.methods]
blocks = app.build()
own = [calls.route(blocks), files.route(), *pulse.routes(counted=True)]
print(json.dumps(list(routes_of(App.create_app(blocks, app_kwargs={"routes": own})))))
"""


@pytest.fixture(scope="module")
def routes():
    """The method and the path of every route, an x for every part of it that a visitor chooses."""
    told = subprocess.run(
        [sys.executable, "-c", LISTED], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    listed = json.loads(told.stdout.splitlines()[-1])
    return {(method, re.sub(r"\{[^}]+\}", "x", path.removesuffix("{_:path}"))) for method, path in listed}


def test_every_route_is_let_in_on_purpose_or_closed(routes):
    unknown = {path for _, path in routes} - CLOSED - LET_IN["GET"] - LET_IN["POST"] - {"/pictures/x"}
    assert unknown == set(), "decide whether these are let in"
    for method, path in routes:
        assert path not in CLOSED or not door(method, path), (method, path)
    for method, paths in LET_IN.items():
        assert all(door(method, path) for path in paths)


def test_what_is_let_in_to_read_cannot_be_written(routes):
    for method in {method for method, _ in routes} | {
        "PUT",
        "DELETE",
        "PATCH",
        "OPTIONS",
        "TRACE",
        "CONNECT",
        "get",
        "",
    }:
        for path in LET_IN["GET"] | LET_IN["POST"]:
            assert bool(door(method, path)) == (path in LET_IN.get(method, ())), (method, path)
