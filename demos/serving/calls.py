"""What widgets ask the server for by themselves: straight to the function, past Gradio's queue and sessions.

Gradio's own route for this keeps a copy of the page's whole configuration for each visitor; this one keeps nothing.
"""

import asyncio
import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import gradio as gr
import orjson
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from demos.serving.gate import give_way

THREADS, GIVES_WAY = 4, 5  # for calls that may block, and how they give way to sliders, which need none

VISITOR: ContextVar[str] = ContextVar("visitor", default="")  # whose call this is


class Call(BaseModel, frozen=True):
    """Which function of which widget, with what, for whom."""

    component_id: int
    fn_name: str = Field(max_length=100)
    session_hash: str = Field(max_length=100)
    data: Any = None


def route(blocks: gr.Blocks) -> Route:
    """The route by which widgets ask."""
    threads = ThreadPoolExecutor(THREADS, "widgets", give_way, (GIVES_WAY,))

    def function_of(call: Call) -> Callable | None:
        function = getattr(blocks.blocks.get(call.component_id), call.fn_name, None)
        return function if getattr(function, "_is_server_fn", False) else None

    async def answer(request: Request) -> Response:
        try:
            call = Call.model_validate_json(await request.body())
        except ValidationError:
            return JSONResponse({"detail": "A widget's call names component, function, session and data."}, 400)
        function = function_of(call)
        if function is None:
            return JSONResponse({"detail": "No widget offers this."}, 404)
        VISITOR.set(call.session_hash)
        if inspect.iscoroutinefunction(function):
            told = await function(call.data)
        else:
            told = await asyncio.get_running_loop().run_in_executor(threads, function, call.data)
        return Response(orjson.dumps(told), media_type="application/json")

    return Route("/gradio_api/component_server{_:path}", answer, methods=["POST"])  # the page writes it with a slash
