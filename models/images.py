"""The only converter between pictures and tensors."""

import base64
import io

import numpy as np
import torch
from PIL import Image, ImageOps
from pydantic import BaseModel, Field
from torch import Tensor

LARGEST_SIDE_PX = 560


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
        levels = np.frombuffer(base64.b64decode(self.grey), np.uint8)
        if levels.size != self.width * self.height:
            raise ValueError(f"grey must hold {self.width} × {self.height} bytes, got {levels.size}")
        return Image.fromarray(levels.reshape(self.height, self.width))


def to_grey(picture: Image.Image) -> np.ndarray:
    """A picture as a person sees it, float32 (H, W) in [0, 1]: turned as its EXIF says, laid on white paper."""
    upright = ImageOps.exif_transpose(picture).convert("RGBA")
    paper = Image.new("RGBA", upright.size, "white")
    return np.asarray(Image.alpha_composite(paper, upright).convert("L"), dtype=np.float32) / 255


def to_uint8(tensor: Tensor) -> np.ndarray:
    """Float (1, C, H, W) or (1, H, W), clipped to [0, 1], as uint8 (H, W, C) or (H, W)."""
    levels = tensor.detach().squeeze(0).clamp(0, 1).mul(255).round().to("cpu", torch.uint8)
    return (levels.permute(1, 2, 0) if levels.ndim == 3 else levels).numpy()


def to_base64(tensor: Tensor) -> str:
    """Float (H, W), clipped to [0, 1], as base64 grey levels for a page, one byte a pixel, row by row."""
    return base64.b64encode(to_uint8(tensor[None]).tobytes()).decode()


def data_url(content: bytes, media_type: str) -> str:
    """A file's content as an address that a page can show or save."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def to_png_url(picture: Image.Image) -> str:
    """A picture, losslessly, as such an address."""
    content = io.BytesIO()
    picture.save(content, "PNG")
    return data_url(content.getvalue(), "image/png")
