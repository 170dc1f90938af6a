"""Six styles of our own, drawn by code: pictures whose colours and textures a style transfer can borrow.

All are painted on one canvas, where x and y run from 0 to 1, and shrunk: a seed shows the same picture at every size.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.measure import find_contours

from models import brushes
from models.brushes import CANVAS_PX, TURN, Random, at, blend, colours, lit, noise, places, polar, ramp, to_picture

SMALLEST_PX = 64
STONES = (  # for each part of the mosaic, from its outline inwards
    "7a3b10 d8901f ffdf80 ffdf80",
    "fff3d6 e2552b b8321f 7a1420",
    "fff0cf f6b23a e0642a b8321f",
    "0c1c38 1b4f8c 3f8fc0 9fd0d8",
    "e9dfc4 2b7f86 155a73 0f4458",
    "12304f 1b4f8c 2f7fb8 6fb0d0",
    "e9dfc4 8fb8a0 4a8a72 2f6a58",
    "12304f 0f6a70 2aa090 80d0b0",
)


def draw(name: str, side_px: int = 512, seed: int = 0) -> Image.Image:
    """A square RGB picture in the style of that name; every seed draws another one, and always the same.

    Raises:
        ValueError: if there is no such style, or the side is too short or too long.
    """
    if name not in PATTERNS:
        raise ValueError(f"name must be one of {', '.join(PATTERNS)}, got {name}")
    if not SMALLEST_PX <= side_px <= CANVAS_PX:
        raise ValueError(f"side_px must be between {SMALLEST_PX} and {CANVAS_PX}, got {side_px}")
    return painted(name, seed).resize((side_px, side_px), Image.Resampling.LANCZOS)


@functools.lru_cache(maxsize=16)
def painted(name: str, seed: int) -> Image.Image:
    """The whole canvas, not to be changed."""
    return PATTERNS[name](np.random.default_rng(seed))


def stained_glass(random: Random) -> Image.Image:
    """A rose window: rings of panes around a sun, in lead that is thicker between the rings."""
    seeds, ring, tint = rosette(random)
    x, y = (place + 0.07 * (noise(random, 4) - 0.5) for place in places())
    distance, nearest = cKDTree(seeds).query(np.stack([x, y], -1), k=2)
    pane, other = np.moveaxis(nearest, -1, 0)
    to_edge = np.diff(distance**2)[..., 0] / np.linalg.norm(seeds[pane] - seeds[other], axis=-1) / 2
    width = np.where(ring[pane] == ring[other], 0.0038, 0.0085)
    mottle = (0.75 + 0.5 * noise(random, 24, octaves=4)) * (0.7 + 0.7 * noise(random, 3))
    glass = tint[pane] * (mottle * (0.75 + 0.55 * ramp(0, 0.05, to_edge)))[..., None]
    glass += 55 * ramp(0.55, 1, noise(random, 70))[..., None] + 28 * ramp(0.6, 0.9, noise(random, 9, 40))[..., None]
    lead = blend("6a6a72 2a292e 09090b", to_edge / width)
    return to_picture(np.where((to_edge < width)[..., None], lead, glass))


def rosette(random: Random) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The panes' middles (N, 2), the number of each one's ring, and their colours (N, 3): a ring has two or three."""
    warm, cool = colours("ffd94a ff8f1a e8431f c4122f ffe9a8"), colours("1440a8 0a6fc2 17a3b8 0c7d55 5a2a9c 7fd0e0")
    centre, radius, panes = random.uniform(0.3, 0.7, 2), 0.0, []
    for ring in range(14):
        thickness = random.uniform(0.04, 0.12) + 0.003 * ring
        count = max(1, round(TURN * radius / thickness / random.uniform(0.6, 1.5)))
        angle = (np.arange(count) + random.uniform(-0.15, 0.15, count)) * TURN / count
        middles = centre + polar(angle, radius + random.uniform(-0.1, 0.1, count) * thickness)
        hues = random.permutation(warm if ring < 4 or ring % 4 == 1 else cool)[: random.integers(2, 4)]
        tint = hues[np.arange(count) % len(hues)] * random.uniform(0.8, 1.1, (count, 1))
        panes.append((middles, np.full(count, ring), tint))
        radius += thickness
    seeds, rings, tints = zip(*panes, strict=True)
    return np.concatenate(seeds), np.concatenate(rings), np.concatenate(tints)


def ink_hatching(random: Random) -> Image.Image:
    """An engraving of a moonlit land: lines that swell where it is dark, and cross where it is darker."""
    tone, along, ink = night(random)
    x, y = places() + 0.004 * noise(random, 30)
    for phase, low, high in [(along, 0, 0.8), (0.8 * x + 0.6 * y, 0.4, 1.0), (0.6 * x - 0.8 * y, 0.65, 1.1)]:
        width = 0.72 * ramp(low, high, tone)
        thread = np.abs(phase * 92 % 1 - 0.5) * 2
        ink = np.maximum(ink, ramp(-0.12, 0.12, width - thread) * ramp(0.03, 0.1, width))
    wash = blend("fdf1d6 f6dcaa e9a45c c0622f", 0.1 + 0.85 * tone)
    paper = wash * (0.88 + 0.14 * noise(random, 90))[..., None]
    return to_picture(paper + (colours("17110f") - paper) * ink[..., None])


def night(random: Random) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Darkness in [0, 1], a coordinate across whose levels to hatch, and the ink of the outlines, each (H, W)."""
    x, y = places()
    moon = random.uniform((0.2, 0.15), (0.8, 0.28))
    away, clouds = np.hypot(x - moon[0], y - moon[1]), noise(random, 3, 6)
    along = away + 0.14 * clouds
    tone = np.where(away < 0.09, 0, 0.2 + 0.5 * away + 0.7 * (clouds - 0.5))
    ink = ramp(0.004, 0.0025, np.abs(away - 0.09))
    for level in np.linspace(0.45, 1, 5):
        ridge = level + 0.3 * (noise(random, 3, 1)[0] - 0.5)
        bumps, below = noise(random, 4, octaves=2), y - ridge
        shade = 0.4 + 0.3 * np.gradient(ridge) * CANVAS_PX + 0.9 * (bumps - 0.5) + 0.3 * ramp(0, 0.25, below)
        tone = np.where(below > 0, shade, tone)
        along = np.where(below > 0, 0.8 * below + 0.2 * bumps + 0.35 * x, along)
        ink = np.where(below > 0, ramp(0.004, 0.0025, below), ink)
    return np.clip(tone, 0, 1), along, ink


def brush_strokes(random: Random) -> Image.Image:
    """Thick oil paint that follows a swirling sky, coarse strokes first, fine ones on top."""
    angle, scene = swirls(random)
    picture = to_picture(scene).resize((CANVAS_PX, CANVAS_PX))
    for count, length, width, bristles in [(20, 0.22, 0.06, 14), (32, 0.14, 0.034, 10), (52, 0.08, 0.017, 6)]:
        grid = places(count).reshape(2, -1).T * 1.1 - 0.05
        start = random.permutation(grid + random.uniform(-0.5, 0.5, grid.shape) / count)
        paths = brushes.trace(start, angle, length)
        tint = at(scene, paths[:, 4]) + random.normal(0, 16, (count**2, 3))
        brushes.stroke(picture, random, paths, tint, np.linspace(-0.5, 0.5, bristles) * width)
    thick = ndimage.gaussian_filter(np.asarray(picture, np.float32).mean(-1), 1)
    return to_picture(np.asarray(picture) * lit(0.02 * thick))


def swirls(random: Random, side_px: int = 256) -> tuple[np.ndarray, np.ndarray]:
    """The brush's direction in radians (H, W), and the colours (H, W, 3) of fields under a night with bright stars."""
    x, y = places(side_px)
    right, down, glow = np.ones_like(x), noise(random, 3, side_px=side_px) - 0.5, np.zeros_like(x)
    stars = np.stack([(np.arange(6) + random.random(6)) / 6, random.uniform(0.02, 0.62, 6)], -1)
    for star, size in zip(stars, random.uniform(0.05, 0.13, 6), strict=True):
        dx, dy = x - star[0], y - star[1]
        away = np.hypot(dx, dy) / size
        pull = random.choice([-5, 5]) / size * np.exp(-((away / 2.2) ** 2))
        right, down = right - dy * pull, down + dx * pull
        glow = np.maximum(glow, (0.75 + 0.25 * np.cos(9 * away)) * np.exp(-(away**2)))
    sky = blend("070f3c 14307f 2c62b4 6fb0d8 e4ecd0", noise(random, 3, 6, side_px=side_px))
    sky += (blend("2f6bb8 8fc0c0 f2d24a ffd21f fff3b0", glow) - sky) * ramp(0.04, 0.5, glow)[..., None]
    ridge = 0.6 + 0.25 * noise(random, 2, 1, side_px=side_px)[0]
    below = y - ridge
    ripe = 2.5 * below + 0.4 * noise(random, 6, side_px=side_px) - 0.15
    fields = blend("0a2030 1f5a4a 8a8f2a e0a81c f2c84a a8551a", ripe)
    slope = np.arctan(np.gradient(ridge) * side_px / 2)
    return np.where(below > 0, slope, np.arctan2(down, right)), np.where(below[..., None] > 0, fields, sky)


def mosaic(random: Random) -> Image.Image:
    """Stones in rows that follow the outlines of a flower and of the bands around it."""
    label, depth = flower(random)
    row = 1 / 50
    lines = [np.array([(0, y), (1, y)]) for y in np.arange(row / 2, 1, row)]  # seen where the others leave gaps
    for level in np.arange(depth.max() // row, -1, -1) + 0.5:
        lines += [(line[:, ::-1] + 0.5) / len(depth) for line in find_contours(depth, level * row)]
    corners = np.concatenate([brushes.tiles(random, line, row) for line in lines])
    middle = corners.mean(1, keepdims=True)
    tint = stone_colours(random, at(label, middle[:, 0]), at(depth, middle[:, 0]) / row)
    picture, relief = Image.new("RGB", (CANVAS_PX, CANVAS_PX)), Image.new("L", (CANVAS_PX, CANVAS_PX))
    ground, height = ImageDraw.Draw(picture), ImageDraw.Draw(relief)
    for stone, core, colour in zip(corners, middle, tint.tolist(), strict=True):
        for grow, fill, level in [(1.15, (58, 50, 43), 0), (0.86, tuple(colour), 190 + colour[0] % 64)]:
            shape = ((core + grow * (stone - core)) * CANVAS_PX).ravel().tolist()
            ground.polygon(shape, fill)
            height.polygon(shape, level)
    light = lit(ndimage.gaussian_filter(np.asarray(relief, float), 1.6) / 105)
    return to_picture(np.asarray(picture) * light * (0.8 + 0.4 * noise(random, 110))[..., None])


def flower(random: Random, side_px: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Which part of the picture a place is in, 0 to 7, and how far inside it, both (H, W)."""
    x, y = places(side_px)
    centre, petals = random.uniform(0.35, 0.65, 2), random.integers(6, 11)
    away, angle = np.hypot(x - centre[0], y - centre[1]), np.arctan2(y - centre[1], x - centre[0])
    leaf = np.abs(np.cos(petals * angle / 2 + TURN * random.random())) ** 0.7
    label = 4 + (3 * noise(random, 3, side_px=side_px) + 5 * away).astype(int) % 4
    for number, radius in [(3, 0.37), (2, 0.17 + 0.17 * leaf), (1, 0.1 + 0.1 * leaf), (0, 0.08)]:
        label = np.where(away < radius, number, label)
    return label, ndimage.distance_transform_edt(ndimage.laplace(label) == 0) / side_px


def stone_colours(random: Random, label: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """A colour (N, 3) for every stone, by the part (N,) it is in and how many rows deep (N,); a few are golden."""
    tint = np.zeros((len(label), 3))
    for number, codes in enumerate(STONES):
        tint[label == number] = blend(codes, rows[label == number] / 4)
    tint[random.random(len(tint)) < 0.04] = colours("ffd24a")
    varied = tint * random.normal(1, 0.13, (len(tint), 1)) + random.normal(0, 8, tint.shape)
    return np.clip(varied, 0, 255).astype(int)


def halftone(random: Random) -> Image.Image:
    """A comic's explosion, printed in four inks, each a screen of dots turned its own way."""
    lack = 1 - np.asarray(explosion(random)) / 255
    black = lack.min(-1, keepdims=True)
    inks = np.moveaxis(np.concatenate([lack - black, ramp(0.5, 0.9, black)], -1), -1, 0)
    light = np.ones_like(lack) * colours("fdf6e3")
    x, y = places() * TURN * 50
    plates = zip(inks, colours("00a4e4 ec1c8c ffe800 15120f"), np.deg2rad([15, 75, 0, 45]), strict=True)
    for ink, colour, angle in plates:
        across, down = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
        dots = ramp(-0.06, 0.06, 1.15 * (ink - 0.5) + (np.cos(across) + np.cos(down)) / 4)
        light *= 1 - dots[..., None] * (1 - colour / 255)
    return to_picture(light)


def explosion(random: Random) -> Image.Image:
    """Rays, a bang of three colours and some balls, with thick outlines."""
    picture = Image.new("RGB", (CANVAS_PX, CANVAS_PX))
    centre, rays = random.uniform(0.35, 0.65, 2), random.integers(8, 13)
    skies = random.permutation(["1a9fe0 0a50b0", "e0f4fc 8fd4ee", "ffe45c ffb000", "f7b5d0 e8408c", "9fe0c0 20a070"])
    edges = np.linspace(0, TURN, 2 * rays + 1) + random.random()
    for number in range(2 * rays):
        tips = polar(edges[number : number + 2], 1.6)
        brushes.lay(picture, centre + np.append(tips, [(0, 0)], 0), skies[number % 2])
    for place, size in zip(random.random((6, 2)), random.uniform(0.06, 0.16, 6), strict=True):
        brushes.lay(picture, place + polar(np.linspace(0, TURN, 80), size), random.choice(skies[2:]), 11)
        brushes.lay(picture, place - size / 3 + polar(np.linspace(0, TURN, 40), size / 4), "ffffff")
    count = 2 * random.integers(11, 17)
    spikes = np.where(np.arange(count) % 2, 0.6, random.uniform(0.85, 1.2, count))
    for size, codes in [(0.4, "f0143c b0103c"), (0.3, "ffe000 ff9000"), (0.18, "ffffff fff0b0")]:
        brushes.lay(picture, centre + polar(np.arange(count) * TURN / count, size * spikes), codes, 13)
    return picture


@dataclass(frozen=True)
class Swell:
    """A row of waves that lean over to the right, all lengths in sides of the canvas."""

    level: float
    height: float
    length: float
    shift: float

    def line(self, t: np.ndarray, depth: float) -> np.ndarray:
        """Points (N, 2) so deep below the crests; deeper down the water is calmer, as in Gerstner's waves."""
        lift = ((1 + np.cos(TURN * (t / self.length + self.shift))) / 2) ** 1.6 * np.exp(-1.3 * depth / self.height)
        return np.stack([t + 0.8 * self.height * lift**2, self.level + depth - self.height * lift], -1)


def waves(random: Random) -> Image.Image:
    """A woodblock print: waves that lean over, striped in blues, with fingers of foam, under a red sun."""
    haze = places()[1] * 1.5 + 0.28 * noise(random, 2, 8) - 0.14
    picture = to_picture(blend("102a52 4f7590 b9bfa8 f2dfb4 f4c898 e59a78", np.round(20 * haze) / 20))
    sun = random.uniform((0.2, 0.14), (0.8, 0.24)) + polar(np.linspace(0, TURN, 90), 0.1)
    brushes.lay(picture, sun, "d8432b e8825a")
    for near in np.linspace(0, 1, 5):
        height = (0.09 + 0.2 * near) * random.uniform(0.8, 1.15)
        swell = Swell(0.42 + 0.62 * near, height, 0.3 + 0.45 * near, random.random())
        stripes(picture, swell)
        foam(picture, random, swell)
    return to_picture(np.asarray(picture) * (0.94 + 0.1 * noise(random, 5, 120))[..., None])


def stripes(picture: Image.Image, swell: Swell) -> None:
    """Paints the water, darker stripes and lighter ones from the crests down."""
    blues = ("12284a", "1f4a80", "dfe6d8", "2b5f98", "16355f", "8fb3c4", "1b437a", "12284a")
    pen = ImageDraw.Draw(picture)
    for number, depth in enumerate(np.linspace(0, 1.6, 16) * swell.height):
        line = (swell.line(np.linspace(-0.5, 1.3, 300), depth) * CANVAS_PX).ravel().tolist()
        pen.polygon([*line, 2 * CANVAS_PX, 2 * CANVAS_PX, -CANVAS_PX, 2 * CANVAS_PX], f"#{blues[number % 8]}")
        pen.line(line, "#0e1f3c", 2)


def foam(picture: Image.Image, random: Random, swell: Swell) -> None:
    """Paints fingers of foam that curl over where the crests are high, pale ones behind."""
    for colour, size in [("#a9c4cc", 1.3), ("#f5ecd2", 1)]:
        discs = fingers(random, swell, size)
        for grow, fill in [(0.0025, "#0e1f3c"), (0, colour)]:
            for x, y, radius in discs:
                brushes.disc(picture, x, y, radius + grow, fill)


def fingers(random: Random, swell: Swell, size: float) -> np.ndarray:
    """x, y and radius (N, 3) of the discs of which a row of fingers is made, bent and thin towards their tips."""
    t = np.arange(-0.5, 1.3, 0.01 + 0.035 * swell.height)
    t += random.uniform(-0.3, 0.3, t.size) * (t[1] - t[0])
    place, ahead = swell.line(t, 0), swell.line(t + 0.004, 0)
    high, slope = (swell.level - place[:, 1]) / swell.height, np.arctan2(*(ahead - place).T[::-1])
    foamy = (high > 0.15) & (slope < 1.7 * high - 0.2)  # from the back of a wave to over its crest
    angle = slope - 1.1 + random.uniform(-0.3, 0.3, t.size)
    radius = size * (0.006 + 0.035 * swell.height) * (0.4 + high) * random.uniform(0.8, 1.2, t.size)
    discs = []
    for bend in np.linspace(0, 0.6, 14):
        discs.append(np.column_stack([place, radius])[foamy])
        place = place + polar(angle, 0.75 * radius)
        angle, radius = angle + bend, 0.86 * radius
    return np.concatenate(discs)


PATTERNS: dict[str, Callable[[Random], Image.Image]] = {
    "stained_glass": stained_glass,
    "ink_hatching": ink_hatching,
    "brush_strokes": brush_strokes,
    "mosaic": mosaic,
    "halftone": halftone,
    "waves": waves,
}
