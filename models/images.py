"""The only converter between pictures and tensors."""

import base64
import io

import numpy as np
import torch
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo
from pydantic import BaseModel, Field
from torch import Tensor

LARGEST_SIDE_PX = 560
FORMATS = ("PNG", "JPEG", "WEBP")
MOST_PIXELS, READ_PX = 24_000_000, 2048


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
    """The picture in a file as a person sees it, RGB: turned as its EXIF says, laid on white paper, not over 2,048 px.

    Raises:
        ValueError: if the file is not a PNG, JPEG or WebP, is broken, or has more than so many pixels.
    """
    try:
        picture = Image.open(io.BytesIO(content), formats=FORMATS)
        pixels = picture.width * picture.height
        if pixels <= most_pixels:
            picture.thumbnail((READ_PX, READ_PX))
            picture = ImageOps.exif_transpose(picture).convert("RGBA")
    except Exception as failure:  # whatever a decoder raises at broken bytes
        raise ValueError(f"picture must be a whole PNG, JPEG or WebP file, got {len(content)} other bytes") from failure
    if pixels > most_pixels:
        raise ValueError(f"picture must have at most {most_pixels:,} pixels, got {pixels:,}")
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")


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


def to_jpeg_url(picture: Image.Image, quality: int = 90) -> str:
    """A picture, nearly as it is but small, as such an address."""
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=quality)
    return data_url(content.getvalue(), "image/jpeg")


def to_png_url(picture: Image.Image, **texts: str) -> str:
    """A picture, losslessly, as such an address; the texts by their names become part of the file."""
    content, told = io.BytesIO(), PngInfo()
    for name, text in texts.items():
        told.add_itxt(name, text)
    picture.save(content, "PNG", pnginfo=told)
    return data_url(content.getvalue(), "image/png")
