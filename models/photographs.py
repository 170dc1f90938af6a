"""Photographs to work on: a ready one, known by its name, or one that comes along; and how they get their size."""

from typing import Annotated

from pydantic import AfterValidator, Field
from torch import Tensor

from models.images import resized

LARGEST_PX = 1024
LONGEST_ADDRESS = 4_300_000  # of a picture that comes along, in characters: a PNG of 1,024 × 1,024 pixels of noise
NAMES = ("rocket", "lion", "tower", "cheetah", "cat", "coffee", "astronaut", "galaxies")
# Worth searching for things.
SCENES = ("astronaut", "cat", "motorcycle", "coffee", "cheetah", "lion")
# Scenes of digits, drawn by `models.drawings`.
DIGIT_SCENES = ("paper", "board")
# Styles: drawn by `models.patterns`, fetched by `models.paintings`, and textures.
STYLES = (
    *("brush_strokes", "stained_glass", "ink_hatching", "mosaic", "halftone", "waves"),
    *("starry_night", "great_wave", "composition_vii", "the_scream"),
    *("brick", "grass", "gravel"),
)


def one_of(*names: str) -> AfterValidator:
    """Lets pass these names, and what begins like a picture in a data: address."""

    def checked(text: str) -> str:
        if text not in names and not text.startswith("data:image/"):
            raise ValueError(f"picture must be {', '.join((*names, ''))}or a data: address, got {text[:40]}")
        return text

    return AfterValidator(checked)


OwnPicture = Annotated[str, Field(max_length=LONGEST_ADDRESS), one_of()]
Photograph = Annotated[str, Field(max_length=LONGEST_ADDRESS), one_of(*NAMES)]
Picture = Annotated[str, Field(max_length=LONGEST_ADDRESS), one_of(*NAMES, "noise")]
SearchedPicture = Annotated[str, Field(max_length=LONGEST_ADDRESS), one_of(*SCENES, *DIGIT_SCENES, "drawing")]
StylePicture = Annotated[str, Field(max_length=LONGEST_ADDRESS), one_of(*STYLES, *NAMES)]


def fitted(picture: Tensor, size_px: int, smallest_px: int = 1) -> Tensor:
    """A picture (1, 3, H, W) whose longer side is `size_px`, or more if its shorter one would be too short.

    Raises:
        ValueError: if it is too long and narrow for that.
    """
    shorter, longer = sorted(picture.shape[2:])
    scale = max(size_px / longer, smallest_px / shorter)
    if scale * longer > LARGEST_PX:
        limit = LARGEST_PX // smallest_px
        raise ValueError(f"picture must be at most {limit} times as long as wide, got {longer} × {shorter} pixels")
    size = [max(1, round(scale * side)) for side in picture.shape[2:]]
    return resized(picture, size)
