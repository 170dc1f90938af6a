"""Whether the server lives: a health check that runs a net, a pulse that every page feels, and a last word."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator

import anyio
import gradio as gr
import torch
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from demos.serving.counts import COUNTS
from demos.serving.gate import GATE
from models import capsnet
from models.device import device

BEAT_S = 15.0  # between two beats, so that proxies keep the line open
AGAIN_MS = 1500  # after which a page that lost the pulse tries again
LAST_WORD_S = 0.5  # for the last word to reach the pages

LEAVING = asyncio.Event()


def decoded() -> bool:
    """Whether the digit net, asked for a seven, paints something: a real run of real weights."""
    net, _ = capsnet.load()
    picture = capsnet.reconstruct(net, 7, torch.full((1, 16), 0.2))
    return bool(picture.isfinite().all() and picture.max() > 0.05)


async def health(_: Request) -> Response:
    """200 and how things stand, if a net answers; else 503."""
    try:
        fit = await anyio.to_thread.run_sync(decoded)
    except Exception:
        fit = False
    said = {"healthy": fit, "device": device().name, "runs": int(GATE.running is not None), "wait": len(GATE.waiting)}
    return JSONResponse(said, 200 if fit else 503)


async def beats() -> AsyncIterator[str]:
    """What a page hears: that the server is here, and before it goes, that it goes."""
    yield f"retry: {AGAIN_MS}\nevent: here\ndata:\n\n"
    while True:
        try:
            await asyncio.wait_for(LEAVING.wait(), BEAT_S)
            yield "event: leaving\ndata:\n\n"
            return
        except asyncio.TimeoutError:
            yield ":\n\n"


async def pulse(_: Request) -> Response:
    """The stream that every page listens to."""
    return StreamingResponse(beats(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def metrics(_: Request) -> Response:
    """Counts and latencies for Prometheus."""
    return PlainTextResponse(COUNTS.text())


def routes(counted: bool) -> list[Route]:
    """Our own routes; /metrics only where it is asked for."""
    listed = [Route("/health", health), Route("/pulse", pulse)]
    return [*listed, Route("/metrics", metrics)] if counted else listed


def stay(blocks: gr.Blocks, loop: asyncio.AbstractEventLoop) -> None:
    """Serve until the process is told to end; then tell every page, and close."""
    told = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: told.set())
    told.wait()
    loop.call_soon_threadsafe(GATE.close)
    loop.call_soon_threadsafe(LEAVING.set)
    threading.Event().wait(LAST_WORD_S)
    blocks.close(verbose=False)
