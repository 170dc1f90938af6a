"""Films: frames as a looping GIF or as an MP4 that every player opens."""

import io
from collections.abc import Iterable, Iterator
from itertools import chain

import av
import numpy as np
from PIL import Image

from models.images import data_url


def filmed(frames: Iterable[Image.Image], frames_per_second: int, kind: str) -> Iterator[str]:
    """Frames of one size as a "gif" or an "mp4".

    Yields:
        Nothing ("") after every frame; at last, the film as an address that a page can save.
    """
    encode, media_type = {"gif": (to_gif, "image/gif"), "mp4": (to_mp4, "video/mp4")}[kind]
    for content in encode(frames, frames_per_second):
        yield data_url(content, media_type) if content else ""


def to_gif(frames: Iterable[Image.Image], frames_per_second: int) -> Iterator[bytes]:
    """The same as a GIF that plays for ever, each frame in 256 colours of its own."""
    few: list[Image.Image] = []
    for frame in frames:
        few.append(frame.convert("RGB").quantize(256, Image.Quantize.FASTOCTREE))  # a hundred times median cut's speed
        yield b""
    content = io.BytesIO()
    # A GIF counts in hundredths of a second.
    duration_ms = 10 * round(100 / frames_per_second)
    few[0].save(content, "GIF", save_all=True, append_images=few[1:], duration=duration_ms, loop=0)
    yield content.getvalue()


def to_mp4(frames: Iterable[Image.Image], frames_per_second: int) -> Iterator[bytes]:
    """The same as H.264 video in an MP4; the frames' sides must be even."""
    content = io.BytesIO()
    with av.open(content, "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=frames_per_second, options={"crf": "16"})
        stream.pix_fmt = "yuv420p"
        first = next(rest := iter(frames))
        stream.width, stream.height = first.size
        for frame in chain([first], rest):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(frame.convert("RGB")), format="rgb24")))
            yield b""
        film.mux(stream.encode())
    yield content.getvalue()
