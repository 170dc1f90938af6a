"""Films: frames as a looping GIF or as an MP4 that every player opens."""

import io
from collections.abc import Sequence

import av
import numpy as np
from PIL import Image

from models.images import data_url


def to_film_url(frames: Sequence[Image.Image], frames_per_second: int, kind: str) -> str:
    """Frames as a "gif" or an "mp4", in an address that a page can save."""
    encode, media_type = {"gif": (to_gif, "image/gif"), "mp4": (to_mp4, "video/mp4")}[kind]
    return data_url(encode(frames, frames_per_second), media_type)


def to_gif(frames: Sequence[Image.Image], frames_per_second: int) -> bytes:
    """Frames of one size as a GIF that plays for ever."""
    content = io.BytesIO()
    # A GIF counts in hundredths of a second.
    duration_ms = 10 * round(100 / frames_per_second)
    frames[0].save(content, "GIF", save_all=True, append_images=frames[1:], duration=duration_ms, loop=0)
    return content.getvalue()


def to_mp4(frames: Sequence[Image.Image], frames_per_second: int) -> bytes:
    """Frames of one size, whose sides are even, as H.264 video in an MP4."""
    content = io.BytesIO()
    with av.open(content, "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=frames_per_second, options={"crf": "16"})
        stream.width, stream.height = frames[0].size
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            film.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(frame.convert("RGB")), format="rgb24")))
        film.mux(stream.encode())
    return content.getvalue()
