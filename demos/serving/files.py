"""Pictures of ours that the page shows, each at an address of its own: sent once to a visitor, and then remembered."""

import hashlib

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FOR_EVER = "public, max-age=31536000, immutable"  # an address names its bytes
PUBLISHED: dict[str, bytes] = {}


def published(jpeg: bytes) -> str:
    """The address of a JPEG, relative to the page's; the same bytes have the same one."""
    name = f"{hashlib.sha256(jpeg).hexdigest()[:16]}.jpg"
    PUBLISHED[name] = jpeg
    return f"pictures/{name}"


async def picture(request: Request) -> Response:
    """The picture of that name."""
    jpeg = PUBLISHED.get(request.path_params["name"])
    if jpeg is None:
        raise HTTPException(404, "There is no such picture.")
    return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": FOR_EVER})


def route() -> Route:
    """The route to them."""
    return Route("/pictures/{name}", picture)
