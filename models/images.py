"""The only converter between pictures and tensors."""

import base64
import io
import struct
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import torch
import torch.nn.functional as F
from PIL import ExifTags, Image, ImageOps
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngInfo
from pydantic import BaseModel, Field
from torch import Tensor

LARGEST_SIDE_PX = 560
READ_PX = 1280
# What takes less than 60 MB to decode: a JPEG, which shrinks meanwhile; a file that does not; a WebP with its canvases.
MOST_PIXELS, MOST_PNG_PIXELS, MOST_WEBP_PIXELS = 24_000_000, 4_000_000, 2_100_000
PNG_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"IEND")
ADDED_SEGMENTS = {*range(0xE1, 0xEE), 0xEF, 0xFE}  # APP1 to APP15, but for Adobe's that tells the colours; remarks
START_OF_SCAN, MOST_SCANS = b"\xff\xda", 24  # cameras and editors make ten or fewer
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class GreyLevels(BaseModel, frozen=True):
    """A picture that a browser has decoded and shrunk: one byte a pixel, row by row, in base64."""

    width: int = Field(ge=1, le=LARGEST_SIDE_PX)
    height: int = Field(ge=1, le=LARGEST_SIDE_PX)
    grey: str = Field(max_length=2 * LARGEST_SIDE_PX**2)

    def picture(self) -> Image.Image:
        """The picture itself.

        Raises:
            ValueError: if there are more or fewer bytes than pixels.
        """
        return Image.fromarray(levels_from_base64("grey", self.grey, (self.height, self.width)))


def levels_from_base64(parameter: str, text: str, size: tuple[int, int]) -> np.ndarray:
    """Grey levels (H, W) uint8 that a page wrote in base64 as that parameter, one byte a pixel, row by row.

    Raises:
        ValueError: if there are more or fewer bytes than pixels, or it is no base64.
    """
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError as failure:
        raise ValueError(f"{parameter} must hold grey levels in base64, got {text[:40]}") from failure
    if len(content) != size[0] * size[1]:
        raise ValueError(f"{parameter} must hold {size[1]} × {size[0]} bytes, got {len(content)}")
    return np.frombuffer(content, np.uint8).reshape(size).copy()


def to_grey(picture: Image.Image) -> np.ndarray:
    """A picture as a person sees it, float32 (H, W) in [0, 1]: turned as its EXIF says, laid on white paper."""
    upright = ImageOps.exif_transpose(picture).convert("RGBA")
    paper = Image.new("RGBA", upright.size, "white")
    return np.asarray(Image.alpha_composite(paper, upright).convert("L"), dtype=np.float32) / 255


def read_picture(content: bytes, most_pixels: int = MOST_PIXELS) -> Image.Image:
    """The picture in a file as a person sees it, RGB: turned as its EXIF says, laid on white paper, not over 1,280 px.

    Of a file that moves, its first frame.

    Raises:
        ValueError: if the file is not a PNG, JPEG or WebP, is broken, or has more than so many pixels, or more than
            its kind of file may have.
    """
    try:
        picture, most = opened(content)
        most, pixels = min(most, most_pixels), picture.width * picture.height
        if pixels <= most:
            return on_white(upright(shrunk(picture)))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as vast:
        raise ValueError(f"picture must have at most {most_pixels:,} pixels, got many more") from vast
    except Exception as failure:  # whatever a decoder raises at broken bytes
        raise ValueError(f"picture must be a whole PNG, JPEG or WebP file, got {len(content)} other bytes") from failure
    raise ValueError(f"picture must have at most {most:,} pixels, got {pixels:,}")


def opened(content: bytes) -> tuple[Image.Image, int]:
    """The picture in a file, not yet decoded, and how many pixels such a file may have."""
    if content.startswith(b"\x89PNG"):
        return Image.open(io.BytesIO(bare_png(content)), formats=["PNG"]), MOST_PNG_PIXELS
    if not content.startswith(b"\xff\xd8"):
        return Image.open(io.BytesIO(content), formats=["WEBP"]), MOST_WEBP_PIXELS
    head, exif, scans = parted_jpeg(content)
    picture = JpegImageFile(io.BytesIO(head + scans))
    picture.info["exif"] = exif
    if scans.count(START_OF_SCAN) > MOST_SCANS:
        raise ValueError(f"a JPEG of more than {MOST_SCANS} scans")
    # Only a JPEG whose first scan has it all can shrink while it is decoded.
    whole = scans[4] == len(picture.getbands()) and "progressive" not in picture.info
    return picture, MOST_PIXELS if whole else MOST_PNG_PIXELS


def bare_png(content: bytes) -> bytes:
    """A PNG without its texts, profiles and later frames, small ones of which may grow to gigabytes."""
    kept, place = [content[:8]], 8
    while place + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        if kind in PNG_CHUNKS:
            kept.append(content[place : place + 12 + length])
        place += 12 + length
    return b"".join(kept)


def parted_jpeg(content: bytes) -> tuple[bytes, bytes, bytes]:
    """A JPEG's head, without remarks, profiles and what cameras add; its EXIF, or nothing; its scans.

    Raises:
        ValueError: if it is no row of segments.
    """
    kept, exif, place = [content[:2]], b"", 2
    while content[place : place + 2] != START_OF_SCAN:
        fill, marker, length = struct.unpack_from(">BBH", content, place)
        if fill != 0xFF or (marker != 0xFF and length < 2):
            raise ValueError("a JPEG of other things than segments")
        if marker == 0xFF:  # more of them may come before a segment
            place += 1
            continue
        segment = content[place : place + 2 + length]
        if marker == 0xE1 and segment[4:10] == b"Exif\0\0":
            exif = segment[4:]
        elif marker not in ADDED_SEGMENTS:
            kept.append(segment)
        place += 2 + length
    return b"".join(kept), exif, content[place:]


def shrunk(picture: Image.Image) -> Image.Image:
    """The picture decoded, not over `READ_PX` a side; RGB, or RGBA where it is transparent somewhere."""
    if picture.mode.startswith("I"):  # 16 bits
        picture = picture.point(lambda level: level / 256).convert("L")
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    if picture.format == "JPEG":
        scale = READ_PX / max(picture.size)
        picture.draft(None, (max(1, int(scale * picture.width)), max(1, int(scale * picture.height))))
    elif picture.mode != mode:
        picture = picture.convert(mode)
    picture.thumbnail((READ_PX, READ_PX), reducing_gap=None)
    return picture.convert(mode)


def upright(picture: Image.Image) -> Image.Image:
    """The picture turned as its EXIF says that the camera was held, unless that is broken.

    Only this is read of it: whoever reads all of EXIF may be made to read the same bytes thousands of times.
    """
    exif = picture.info.get("exif", b"").removeprefix(b"Exif\0\0")
    order = ">" if exif.startswith(b"MM") else "<"
    with suppress(struct.error):
        [start] = struct.unpack_from(order + "I", exif, 4)
        [count] = struct.unpack_from(order + "H", exif, start)
        for entry in range(count):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", exif, start + 2 + 12 * entry)
            if tag == ExifTags.Base.Orientation and kind == 3 and value in TURNS:
                return picture.transpose(TURNS[value])
    return picture


def on_white(picture: Image.Image) -> Image.Image:
    """An RGB or RGBA picture laid on white paper, RGB."""
    if picture.mode == "RGB":
        return picture
    paper = Image.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture)
    return paper


def from_data_url(address: str) -> bytes:
    """What a page encoded in a base64 `data:` address.

    Raises:
        ValueError: if it is none.
    """
    head, _, text = address.partition(",")
    try:
        if head.startswith("data:") and head.endswith(";base64"):
            return base64.b64decode(text, validate=True)
    except ValueError:
        pass
    raise ValueError(f"picture must be a data: address in base64, got {address[:40]}")


def to_tensor(picture: Image.Image) -> Tensor:
    """An RGB picture as float (1, 3, H, W) in [0, 1]."""
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None] / 255


def resized(pictures: Tensor, size: Sequence[int]) -> Tensor:
    """Pictures (B, C, H, W) of that size (height, width), without the patterns that shrinking may bring in."""
    return F.interpolate(pictures, tuple(size), mode="bilinear", antialias=True)


def to_uint8(tensor: Tensor) -> np.ndarray:
    """Float (1, C, H, W) or (1, H, W), clipped to [0, 1], as uint8 (H, W, C) or (H, W)."""
    levels = tensor.detach().squeeze(0).clamp(0, 1).mul(255).round().to("cpu", torch.uint8)
    return (levels.permute(1, 2, 0) if levels.ndim == 3 else levels).numpy()


def to_image(tensor: Tensor) -> Image.Image:
    """Float (1, C, H, W) or (1, H, W), clipped to [0, 1], as a picture that can be saved."""
    return Image.fromarray(to_uint8(tensor))


def to_base64(tensor: Tensor) -> str:
    """Float (H, W), clipped to [0, 1], as base64 grey levels for a page, one byte a pixel, row by row."""
    return base64.b64encode(to_uint8(tensor[None]).tobytes()).decode()


def data_url(content: bytes, media_type: str) -> str:
    """A file's content as an address that a page can show or save."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def to_jpeg(picture: Image.Image, quality: int = 90) -> bytes:
    """A picture, nearly as it is but small, as a JPEG file."""
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=quality)
    return content.getvalue()


def to_jpeg_url(picture: Image.Image) -> str:
    """The same as such an address."""
    return data_url(to_jpeg(picture), "image/jpeg")


def to_png_url(picture: Image.Image, **texts: str) -> str:
    """A picture, losslessly, as such an address; the texts by their names become part of the file."""
    content, told = io.BytesIO(), PngInfo()
    for name, text in texts.items():
        told.add_itxt(name, text)
    picture.save(content, "PNG", pnginfo=told)
    return data_url(content.getvalue(), "image/png")
