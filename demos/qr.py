"""A link as a QR code, for the phones in a lecture hall."""

from typing import Any

import segno
from pydantic import BaseModel, Field

from demos.refusals import answering, checked

LONGEST_URL = 2000
QUIET_MODULES = 4  # the white rim that ISO 18004 asks for


class Link(BaseModel, frozen=True):
    """What to encode: an http or https address in the visible letters of ASCII, as browsers write one."""

    url: str = Field(max_length=LONGEST_URL, pattern=r"^https?://[!-~]+$")


@answering
def qr(request: dict) -> dict[str, Any]:
    """The code of the request's url: an svg, one unit a module, and how many modules its side has without the rim.

    It has the fewest modules that hold the link, then the most repair that fits among them: on a screen no dirt falls,
    but the last row must tell the modules apart.
    """
    code = segno.make_qr(checked(Link, request).url, error="l", boost_error=True)
    svg = code.svg_inline(border=QUIET_MODULES, light="#fff", dark="#000", omitsize=True)
    return {"svg": svg, "modules": code.symbol_size(border=0)[0]}
