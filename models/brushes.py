"""A square canvas on which x and y run from 0 to 1, and the tools to paint on it."""

import numpy as np
from PIL import Image, ImageColor, ImageDraw

CANVAS_PX = 1024
TURN = 2 * np.pi
Random = np.random.Generator


def colours(codes: str) -> np.ndarray:
    """Colours (N, 3) in [0, 255] from their hexadecimal codes."""
    return np.array([ImageColor.getrgb(f"#{code}") for code in codes.split()], float)


def blend(codes: str, t: np.ndarray) -> np.ndarray:
    """The colours (..., 3) at t in [0, 1] on the way from the first of a palette to its last."""
    palette = colours(codes)
    return np.stack([np.interp(t, np.linspace(0, 1, len(palette)), channel) for channel in palette.T], -1)


def ramp(low: float, high: float, value: np.ndarray) -> np.ndarray:
    """0 at `low` and beyond it, 1 at `high` and beyond it, even between."""
    return np.clip((value - low) / (high - low), 0, 1)


def places(side_px: int = CANVAS_PX) -> np.ndarray:
    """x and y (2, H, W) of the pixels' centres."""
    centres = (np.arange(side_px) + 0.5) / side_px
    return np.stack(np.meshgrid(centres, centres))


def polar(angle: np.ndarray, radius: np.ndarray | float) -> np.ndarray:
    """Points (..., 2) in that direction and at that distance."""
    return np.stack([np.cos(angle), np.sin(angle)], -1) * np.asarray(radius)[..., None]


def noise(random: Random, columns: int, rows: int = 0, octaves: int = 3, side_px: int = CANVAS_PX) -> np.ndarray:
    """A smooth field (H, W) in [0, 1] with so many bumps across and down, and finer ones on top."""
    field = np.zeros((side_px, side_px), np.float32)
    for octave in range(octaves):
        bumps = random.random(((rows or columns) * 2**octave + 2, columns * 2**octave + 2), np.float32)
        field += np.asarray(Image.fromarray(bumps).resize(field.shape, Image.Resampling.BICUBIC)) / 2**octave
    return (field - field.min()) / np.ptp(field)


def lit(height: np.ndarray) -> np.ndarray:
    """The light (H, W, 1) that falls on a relief (H, W), in pixels, from the top left: 1 where it is level."""
    return np.clip(1 - sum(np.gradient(height)), 0.4, 1.7)[..., None]


def to_picture(levels: np.ndarray) -> Image.Image:
    """Levels (H, W, 3) in [0, 255] as a picture."""
    return Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))


def lay(picture: Image.Image, points: np.ndarray, codes: str, line_px: int = 0) -> None:
    """Lays a polygon (N, 2) on a picture, its colours running from its top to its bottom, a black line around it."""
    corners = (points * CANVAS_PX).round().astype(int)
    (left, top), (right, bottom) = corners.min(0), corners.max(0) + 1
    mask = Image.new("1", (right - left, bottom - top))
    ImageDraw.Draw(mask).polygon((corners - (left, top)).ravel().tolist(), fill=1)
    column = to_picture(blend(codes, np.linspace(0, 1, 128)[:, None]))
    picture.paste(column.resize(mask.size, Image.Resampling.BILINEAR), (left, top), mask)
    if line_px:
        outline = [*corners.ravel().tolist(), *corners[:2].ravel().tolist()]
        ImageDraw.Draw(picture).line(outline, "#15120f", line_px, joint="curve")


def disc(picture: Image.Image, x: float, y: float, radius: float, colour: str) -> None:
    """Paints a disc on a picture."""
    box = np.array([x - radius, y - radius, x + radius, y + radius]) * CANVAS_PX
    ImageDraw.Draw(picture).ellipse(box.tolist(), colour)


def at(field: np.ndarray, points: np.ndarray) -> np.ndarray:
    """A field's (H, W, ...) values at points (N, 2)."""
    column, row = (np.clip(points, 0, 0.999) * len(field)).astype(int).T
    return field[row, column]


def trace(start: np.ndarray, angle: np.ndarray, length: float, steps: int = 8) -> np.ndarray:
    """The paths (N, steps + 1, 2) from points (N, 2) along a field (H, W) of directions in radians."""
    path = [start]
    for _ in range(steps):
        path.append(path[-1] + polar(at(angle, path[-1]), length / steps))
    return np.stack(path, 1)


def across(paths: np.ndarray) -> np.ndarray:
    """At each point of paths (..., N, 2), the unit vector at right angles to the path."""
    ahead = np.gradient(paths, axis=-2)
    return polar(np.arctan2(ahead[..., 1], ahead[..., 0]) + TURN / 4, 1)


def tiles(random: Random, path: np.ndarray, size: float) -> np.ndarray:
    """The corners (N, 4, 2) of tiles in a row along a path (M, 2), each so wide and about as long."""
    length = np.append(0, np.hypot(*np.diff(path, axis=0).T).cumsum())
    count = max(2, round(length[-1] / size))
    cuts = np.linspace(0, length[-1], count + 1) + random.uniform(-0.2, 0.2, count + 1) * size
    joints = np.stack([np.interp(cuts, length, place) for place in path.T], -1)
    aside = across(joints) * size / 2
    left, right = joints - aside, joints + aside
    return np.stack([left[:-1], left[1:], right[1:], right[:-1]], 1)


def stroke(picture: Image.Image, random: Random, paths: np.ndarray, tint: np.ndarray, shifts: np.ndarray) -> None:
    """Paints strokes of a brush along paths (N, M, 2) in their colours (N, 3), with bristles so far beside the path.

    Every bristle takes up a little more or less paint, and is set down and lifted a little earlier or later.
    """
    lines = (paths[:, None] + across(paths)[:, None] * shifts[:, None, None]) * CANVAS_PX
    bristles, points = lines.shape[:2], paths.shape[1]
    tints = np.clip(tint[:, None] * random.normal(1, 0.13, (*bristles, 1)), 0, 255).astype(int)
    first, last = random.integers(0, 3, bristles), points - random.integers(0, 3, bristles)
    pen, width_px = ImageDraw.Draw(picture), round(np.ptp(shifts) / len(shifts) * 2 * CANVAS_PX)
    for bristle in np.ndindex(bristles):
        line = lines[bristle][first[bristle] : last[bristle]]
        pen.line(line.ravel().tolist(), tuple(tints[bristle].tolist()), width_px)
