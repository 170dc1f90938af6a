"""The pictures to show to face space: known faces, made-up ones, photographs, and things drawn by code."""

import functools
import math
import re
from collections.abc import Callable
from typing import Annotated

from PIL import Image, ImageDraw
from pydantic import AfterValidator, Field
from torch import Tensor

from models.images import resized
from models.photographs import LONGEST_ADDRESS

SIZE = (112, 92)
PEOPLE, PICTURES = 40, 10
KNOWN, SAMPLED = re.compile(r"face_([1-9][0-9]?)_([1-9]0?)"), re.compile(r"sampled_([0-9]{1,4})")
MEAN = "mean"
PHOTOGRAPHS = ("astronaut", "cat", "coffee", "brick")
GROUP = "group"
GROUP_PEOPLE = ((4, 40, 60, 112), (22, 226, 150, 152), (35, 392, 40, 96))  # subject, left, top, height
DRAWN_PX = 400


def person_and_picture(name: str) -> tuple[int, int] | None:
    """Whose, and which of that person's pictures, a name like "face_13_1" means; none for any other name."""
    found = KNOWN.fullmatch(name)
    if not found:
        return None
    person, picture = (int(number) for number in found.groups())
    return (person, picture) if 1 <= person <= PEOPLE and 1 <= picture <= PICTURES else None


def sampled_seed(name: str) -> int | None:
    """The seed of a name like "sampled_7"; none for any other name."""
    found = SAMPLED.fullmatch(name)
    return int(found[1]) if found else None


def is_made(name: str) -> bool:
    """Whether that picture comes out of face space itself."""
    return name == MEAN or sampled_seed(name) is not None or person_and_picture(name) is not None


def checked_picture(name: str) -> str:
    """Lets pass the names of pictures, and what begins like a picture in a data: address."""
    if is_made(name) or name in NAMES or name.startswith("data:image/"):
        return name
    made = f"face_1_1 to face_{PEOPLE}_{PICTURES}, sampled_0 to sampled_9999, {MEAN}"
    raise ValueError(f"picture must be {made}, {', '.join(NAMES)} or a data: address, got {name[:40]}")


def drawn(draw: Callable[[ImageDraw.ImageDraw], None]) -> Image.Image:
    """A picture in greys, smooth at its edges."""
    sheet = Image.new("L", (2 * DRAWN_PX, 2 * DRAWN_PX), 90)
    draw(ImageDraw.Draw(sheet))
    return sheet.resize((DRAWN_PX, DRAWN_PX), Image.Resampling.LANCZOS).convert("RGB")


def disc(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float, grey: int) -> None:
    """A disc in parts of half the sheet, from its middle."""
    left, top = DRAWN_PX * (1 + x - radius), DRAWN_PX * (1 + y - radius)
    pen.ellipse((left, top, left + 2 * DRAWN_PX * radius, top + 2 * DRAWN_PX * radius), grey)


def flower(pen: ImageDraw.ImageDraw) -> None:
    """Twelve petals around a disc."""
    for petal in range(12):
        angle = petal * math.tau / 12
        disc(pen, 0.52 * math.cos(angle), 0.52 * math.sin(angle), 0.2, 225 - 25 * (petal % 2))
    disc(pen, 0, 0, 0.34, 60)


def smiley(pen: ImageDraw.ImageDraw) -> None:
    """Two dots, an arc, a circle around them."""
    disc(pen, 0, 0, 0.8, 215)
    disc(pen, -0.28, -0.22, 0.09, 30)
    disc(pen, 0.28, -0.22, 0.09, 30)
    side = DRAWN_PX * 0.45
    pen.arc((DRAWN_PX - side, DRAWN_PX - side, DRAWN_PX + side, DRAWN_PX + side), 25, 155, 30, 36)


def scribble(pen: ImageDraw.ImageDraw) -> None:
    """A line that runs three rounds of a rosette."""
    turns = [math.tau * 3 * step / 400 for step in range(401)]
    radii = [0.3 + 0.45 * math.sin(2.35 * turn) ** 2 for turn in turns]
    path = [
        (DRAWN_PX * (1 + radius * math.cos(turn)), DRAWN_PX * (1 + radius * math.sin(turn)))
        for radius, turn in zip(radii, turns, strict=True)
    ]
    pen.line(path, 235, 22, joint="curve")


DRAWN = {draw.__name__: functools.partial(drawn, draw) for draw in (flower, smiley, scribble)}
NAMES = (GROUP, *PHOTOGRAPHS, *DRAWN)
FacePicture = Annotated[str, Field(max_length=LONGEST_ADDRESS), AfterValidator(checked_picture)]


def group(faces: dict[int, Tensor], ground: Tensor) -> Tensor:
    """A picture (400, 512) of three people's faces (112, 92) before a ground (≥ 400, ≥ 512)."""
    scene = ground[:400, :512].clone()
    for person, left, top, height in GROUP_PEOPLE:
        width = round(height * SIZE[1] / SIZE[0])
        face = resized(faces[person][None, None], (height, width))
        scene[top : top + height, left : left + width] = face[0, 0]
    return scene
