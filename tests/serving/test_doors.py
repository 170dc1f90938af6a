"""The doors: what comes in, how large it may be, and what is answered to the rest."""

import asyncio
from types import SimpleNamespace

import pytest

from demos.serving.doors import MOST_BYTES, Doors, door

PAGE = ("/", "/config", "/theme.css", "/assets/index-DphvyggB.js", "/static/fonts/IBMPlexSans/IBMPlexSans-Bold.woff2")
CLOSED = ("/gradio_api/upload", "/gradio_api/file=/etc/passwd", "/gradio_api/proxy=http://a.b", "/monitoring", "/login")


# A page of one event, which takes one value.
BLOCKS = SimpleNamespace(fns={0: SimpleNamespace(fn=len, inputs=["text"])})


async def echo(_, receive, send):
    """Reads all that is sent, and says how much it was."""
    total, more = 0, True
    while more:
        message = await receive()
        total, more = total + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(total).encode()})


def status_of(method, path, headers=(), chunks=(b"",)):
    """The status that is answered, and how many bytes of the body were read."""
    left, read, told = list(chunks), [], {}

    async def receive():
        chunk = left.pop(0)
        read.append(len(chunk))
        return {"type": "http.request", "body": chunk, "more_body": bool(left)}

    async def send(message):
        told.update(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(b"content-type", b"application/json"), *headers],
    }
    asyncio.run(Doors(echo, BLOCKS)(scope, receive, send))
    return told["status"], sum(read)


@pytest.mark.parametrize("path", PAGE)
def test_what_the_page_reads_is_let_in(path):
    assert status_of("GET", path)[0] == 200


@pytest.mark.parametrize("path", [*CLOSED, "/assets/../app.py", "/config/../secret", "//config", "/nowhere"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
def test_everything_else_is_not_there(method, path):
    assert status_of(method, path)[0] == 404


def test_reading_is_not_sending():
    assert door("GET", "/gradio_api/queue/data") == "answers"
    assert door("POST", "/gradio_api/queue/data") is None
    assert door("GET", "/gradio_api/queue/join") is None


def test_body_whose_head_says_too_much_is_not_read():
    length = (b"content-length", str(200_000_000).encode())
    assert status_of("POST", "/gradio_api/queue/join", [length], [b"x" * 1000]) == (413, 0)


@pytest.mark.parametrize("length", [b"-1", b"1e3", "٣".encode(), b"x"])
def test_length_that_is_no_number_is_refused(length):
    assert status_of("POST", "/gradio_api/queue/join", [(b"content-length", length)])[0] == 413


def test_body_that_grows_is_cut_where_it_becomes_too_large():
    status, read = status_of("POST", "/gradio_api/component_server/", (), [b"x" * 1_000_000] * 200)
    assert (status, read) == (413, MOST_BYTES + 1_000_000)
    fits = [b"x" * 1_000_000] * (MOST_BYTES // 1_000_000)
    assert status_of("POST", "/gradio_api/component_server/", (), fits)[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"[1]",
        b'{"fn_index": 99, "data": []}',
        b'{"fn_index": 0, "data": [1, 2]}',
        b'{"fn_index": NaN, "data": []}',
        b'{"fn_index": 0, "data": [1], "session_hash": "' + b"x" * 101 + b'"}',
        b'{"fn_index": 0, "data": [{"path": "http://a.b/", "meta": {"_type": "gradio.File\\u0044ata"}}]}',
    ],
)
def test_event_that_makes_no_sense_is_refused(body):
    assert status_of("POST", "/gradio_api/queue/join", (), [body])[0] == 400


def test_event_that_makes_sense_comes_in_whole():
    body = b'{"fn_index": 0, "data": ["1"], "session_hash": "abc"}'
    assert status_of("POST", "/gradio_api/queue/join", (), [body[:9], body[9:]])[0] == 200


@pytest.mark.parametrize(
    "kind", [b"multipart/form-data; boundary=x", b"application/x-www-form-urlencoded", b"text/plain"]
)
def test_forms_are_refused(kind):
    told = {}

    async def send(message):
        told.update(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/gradio_api/component_server",
        "headers": [(b"content-type", kind)],
    }
    asyncio.run(Doors(echo, BLOCKS)(scope, None, send))
    assert told["status"] == 415
