"""The doors of the server: which routes are open, and how much may come in by them.

Gradio opens some seventy routes, uploads, proxies and file downloads among them, and reads whatever it is sent. The
page needs only those below; what it sends is JSON, pictures in it as `data:` addresses.
"""

import logging
import re
import time

import gradio as gr
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demos.serving.counts import COUNTS
from demos.serving.sense import again, makes_sense, whole

MOST_BYTES = 24_000_000  # of a body: five large pictures, or a film of 120 frames
TOO_MUCH = f"A request must have at most {MOST_BYTES:,} bytes."

READ = {
    "page": r"/",
    "config": r"/config",
    "files": r"/(?:theme\.css|robots\.txt|favicon\.ico|manifest\.json)|/(?:assets|static|svelte)/[\w./@+-]+",
    "pictures": r"/pictures/\w+\.jpg",
    "health": r"/health",
    "metrics": r"/metrics",
    "pulse": r"/pulse",
    "about": r"/gradio_api/(?:info|startup-events|theme\.css|app_id|heartbeat/\w+)",
    "answers": r"/gradio_api/(?:queue/data|call/\w+/\w+)",
}
SENT = {
    "widget": r"/gradio_api/component_server/?",
    "event": r"/gradio_api/run/\w+/?",
    "queued": r"/gradio_api/queue/join/?",
    "api": r"/gradio_api/call/\w+/?",
    "stop": r"/gradio_api/(?:cancel|reset)/?",
}
FOR_GRADIO = {"event", "queued", "api", "stop"}
LONG_LIVED = {"pulse", "answers"}  # open as long as somebody listens: no latency

log = logging.getLogger("demos.serving.faults")


def pattern(doors: dict[str, str]) -> re.Pattern:
    """One pattern for some doors, whose name is the group that matches."""
    return re.compile("|".join(f"(?P<{name}>{path})" for name, path in doors.items()))


OPEN = {"GET": pattern(READ), "HEAD": pattern(READ), "POST": pattern(SENT)}


def door(method: str, path: str) -> str | None:
    """The name of the door by which a request comes in, if it may."""
    match = OPEN[method].fullmatch(path) if method in OPEN and ".." not in path else None
    return match.lastgroup if match else None


class Doors:
    """ASGI middleware: lets in what the page needs, of a size and a sense that it can have, and counts it."""

    def __init__(self, app: ASGIApp, blocks: gr.Blocks) -> None:
        self.app, self.blocks = app, blocks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or answer it at the door."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        name = door(scope.get("method", ""), scope["path"].removeprefix(scope.get("root_path", "")))
        refusal = refused(name, Headers(scope=scope))
        if refusal or not name:
            await (refusal or NOT_FOUND)(scope, receive, send)
            return
        began, ended = time.perf_counter(), "0"

        async def sent(message: Message) -> None:
            nonlocal ended
            ended = str(message.get("status", ended))
            await send(message)

        try:
            await self.let_in(name, scope, limited(receive), sent)
        except Exception as fault:
            if not isinstance(fault, HTTPException):
                log.error("fault", exc_info=fault)
            if ended == "0":
                await (TOO_LARGE if isinstance(fault, HTTPException) else NO_SENSE)(scope, receive, sent)
        finally:
            COUNTS.add(name, ended, 0.0 if name in LONG_LIVED else time.perf_counter() - began)

    async def let_in(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; what Gradio would believe, only if it makes sense."""
        if name in FOR_GRADIO:
            body = await whole(receive)
            if not makes_sense(self.blocks, body):
                await NO_SENSE(scope, receive, send)
                return
            receive = again(body, receive)
        await self.app(scope, receive, send)


NOT_FOUND = JSONResponse({"detail": "There is nothing here."}, 404)
TOO_LARGE = JSONResponse({"detail": TOO_MUCH}, 413)
NO_JSON = JSONResponse({"detail": "A request must be JSON."}, 415)
NO_SENSE = JSONResponse({"detail": "The server can make no sense of this request."}, 400)


def refused(name: str | None, headers: Headers) -> JSONResponse | None:
    """The answer at the door to what must not come in, as far as its head tells."""
    if name is None:
        return NOT_FOUND
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MOST_BYTES:
        return TOO_LARGE
    if name in SENT and not headers.get("content-type", "").startswith("application/json"):
        return NO_JSON
    return None


def limited(receive: Receive) -> Receive:
    """Reads on until a body grows larger than any may be, whatever its head said."""
    total = 0

    async def read() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > MOST_BYTES:
            raise HTTPException(413, TOO_MUCH)
        return message

    return read
