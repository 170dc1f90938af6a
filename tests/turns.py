"""Heavy calls in tests: asked until the answer is there, as a page asks, or as the API's caller."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from gradio.context import LocalContext


def answered(call: Callable, request: Any) -> dict:
    """What a widget gets in the end."""

    async def asking() -> dict:
        answer = await call(request)
        while "ticket" in answer:
            answer = await call({"ticket": answer["ticket"]})
        return answer

    return asyncio.run(asking())


def told(api: Callable, **values: Any) -> dict:
    """What the API tells one caller."""

    async def calling() -> dict:
        LocalContext.request.set(SimpleNamespace(session_hash="caller"))
        return await api(**values)

    return asyncio.run(calling())
