"""What stands between a hall full of strangers and the demos: doors, turns, a pulse, and a log."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import gradio as gr
import torch
from starlette.applications import Starlette
from starlette.middleware import Middleware

from demos.serving import calls, files, logs, pulse, sessions
from demos.serving.doors import Doors
from demos.serving.memory import Memory


def serve(blocks: gr.Blocks, counted: bool = False, **options: Any) -> None:
    """Launch the page behind its doors, and stay until the process is told to end.

    Args:
        counted: whether to tell counts and latencies at /metrics.
        options: what else `launch` should know.
    """
    loops: list[asyncio.AbstractEventLoop] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        loops.append(asyncio.get_running_loop())
        answer_alone()
        yield

    logs.begin()
    own = [calls.route(blocks), files.route(), *pulse.routes(counted)]
    kwargs = {"middleware": [Middleware(Doors, blocks=blocks), Middleware(Memory)], "routes": own, "lifespan": lifespan}
    blocks.launch(app_kwargs=kwargs, prevent_thread_lock=True, **options)
    logs.take_over()
    sessions.forget(blocks)
    pulse.stay(blocks, loops[0])


def answer_alone() -> None:
    """Let this thread, where sliders are answered, compute by itself: helpers would cost an answer more than they save.

    torch's count is this thread's, but also what threads to come begin with: another one puts that right again.
    """
    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    others = threading.Thread(target=torch.set_num_threads, args=(usual,))
    others.start()
    others.join()
