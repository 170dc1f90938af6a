"""A few paintings in the public domain, fetched from Wikimedia Commons when somebody asks for one; none is shipped."""

import functools
import time
from dataclasses import dataclass
from urllib.parse import quote

import httpx
from PIL import Image

from models.images import read_picture

COMMONS = "https://commons.wikimedia.org/wiki/Special:FilePath/"
WIDTH_PX = 960  # one of the widths that Commons has ready
MOST_BYTES = 8_000_000
TYPES = ("image/jpeg", "image/png", "image/webp")
SECONDS, MOST_SECONDS = 8.0, 30.0  # to connect, and between two parts of an answer; in all
ASKING = {"User-Agent": "ClassicNets/1.0 (an app that shows how classic neural networks think)"}


@dataclass(frozen=True)
class Painting:
    """What hangs where: its title, whose it is, and its file's name on Wikimedia Commons."""

    title: str
    painter: str
    file: str

    @property
    def address(self) -> str:
        """Where the picture is to be had, not larger than needed."""
        return f"{COMMONS}{quote(self.file)}?width={WIDTH_PX}"


PAINTINGS = {
    "starry_night": Painting(
        "The Starry Night", "Vincent van Gogh, 1889", "Van Gogh - Starry Night - Google Art Project.jpg"
    ),
    "great_wave": Painting("The Great Wave", "Katsushika Hokusai, about 1831", "Tsunami by hokusai 19th century.jpg"),
    "composition_vii": Painting(
        "Composition VII", "Wassily Kandinsky, 1913", "Vassily Kandinsky, 1913 - Composition 7.jpg"
    ),
    "the_scream": Painting(
        "The Scream",
        "Edvard Munch, 1893",
        "Edvard Munch, 1893, The Scream, oil, tempera and pastel on cardboard, 91 x 73 cm, National Gallery of "
        "Norway.jpg",
    ),
}


def fetched(name: str) -> Image.Image:
    """The painting, RGB; fetched once.

    Raises:
        ValueError: if Wikimedia Commons cannot be reached, or sends something else than a picture of a sensible size.
    """
    return picture_at(PAINTINGS[name].address).copy()


@functools.lru_cache(maxsize=16)
def picture_at(address: str) -> Image.Image:
    """The picture at an address."""
    try:
        with httpx.stream("GET", address, headers=ASKING, timeout=SECONDS, follow_redirects=True) as answer:
            answer.raise_for_status()
            content = body(answer)
    except httpx.HTTPError as failure:
        raise ValueError(
            f"style must be reachable, got no painting from Wikimedia Commons ({type(failure).__name__}); "
            "the styles drawn by code need no network"
        ) from failure
    return read_picture(content)


def body(answer: httpx.Response) -> bytes:
    """What an answer brings, as long as it is a picture and no longer than `MOST_BYTES`."""
    kind = answer.headers.get("content-type", "").split(";")[0]
    if kind not in TYPES:
        raise ValueError(f"style must be a JPEG, PNG or WebP, got {kind or 'no type'} from Wikimedia Commons")
    content, begun = bytearray(), time.monotonic()
    for part in answer.iter_bytes():
        content += part
        if time.monotonic() - begun > MOST_SECONDS:
            raise httpx.ReadTimeout("too slow", request=answer.request)
        if len(content) > MOST_BYTES:
            raise ValueError(f"style must have at most {MOST_BYTES:,} bytes, got more from Wikimedia Commons")
    return bytes(content)
