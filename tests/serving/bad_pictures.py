"""Files that should not be pictures, and pictures that should not be so, all made by code: what strangers upload.

`python -m tests.serving.bad_pictures` reads each of them, and writes as JSON what became of it, how many seconds of
work that took, and how much more memory for a moment.
"""

import hashlib
import io
import json
import random
import re
import struct
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MUTATIONS, SEED = 2000, 8
MEGABYTE = 1_000_000


# --- parts of files -------------------------------------------------------------------------------


def sample(mode: str = "RGB", size: tuple[int, int] = (48, 36)) -> Image.Image:
    """A picture with edges and smooth parts, the same every time."""
    levels = np.random.default_rng(SEED).integers(0, 256, (6, 8, 4), np.uint8)
    return Image.fromarray(levels, "RGBA").resize(size, Image.Resampling.BICUBIC).convert(mode)


def file(kind: str, picture: Image.Image | None = None, **options: object) -> bytes:
    content = io.BytesIO()
    (picture or sample()).save(content, kind, **options)
    return content.getvalue()


def chunk(kind: bytes, data: bytes = b"", crc: int | None = None) -> bytes:
    """One chunk of a PNG, with the right checksum unless another is given."""
    crc = zlib.crc32(kind + data) if crc is None else crc
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)


def header(width: int, height: int, depth: int = 8, colour: int = 2, *rest: int) -> bytes:
    """A PNG's first chunk; `rest` are the ways to compress, filter and interlace."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, *(rest or (0, 0, 0))))


def deflated_zeros(size: int) -> bytes:
    """So many zeros, a thousandth as long."""
    shrinking, block = zlib.compressobj(9), bytes(MEGABYTE)
    parts = [shrinking.compress(block[: min(MEGABYTE, size - start)]) for start in range(0, size, MEGABYTE)]
    return b"".join(parts) + shrinking.flush()


def png(first: bytes, *chunks: bytes, data: bytes | None = None) -> bytes:
    """A PNG of zeros, as its header says, unless its compressed data are given; chunks come before them."""
    width, height, depth, colour, *_, interlaced = struct.unpack(">IIBBBBB", first[8:21])
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour, 1)
    if data is None:
        data = deflated_zeros(height * (1 + 4 * interlaced + (width * bits + 7) // 8))
    return SIGNATURE + first + b"".join(chunks) + chunk(b"IDAT", data) + chunk(b"IEND")


def segment(marker: int, data: bytes) -> bytes:
    """One segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def jpeg(*segments: bytes, **options: object) -> bytes:
    """A JPEG with these segments at its beginning."""
    content = file("JPEG", **options)
    return content[:2] + b"".join(segments) + content[2:]


def resized_jpeg(width: int, height: int, content: bytes = b"") -> bytes:
    """A small JPEG whose header claims another size."""
    content = bytearray(content or jpeg())
    place = re.search(rb"\xff[\xc0\xc2]", content).start()
    content[place + 5 : place + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def riff(*chunks: tuple[bytes, bytes], size: int | None = None) -> bytes:
    """A WebP of chunks."""
    parts = (kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in chunks)
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def canvas(width: int, height: int, flags: int = 0) -> tuple[bytes, bytes]:
    """The chunk that tells a WebP's size and what else it holds."""
    return b"VP8X", bytes([flags, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")


def lossless(picture: Image.Image | None = None) -> tuple[bytes, bytes]:
    """The chunk of a lossless WebP that holds its pixels."""
    content = file("WEBP", picture, lossless=True)
    return b"VP8L", content[20 : 20 + struct.unpack("<I", content[16:20])[0]]


def animated(frames: int, width: int = 48, height: int = 36, left: int = 0) -> bytes:
    """A WebP that moves: one small picture, again and again."""
    kind, data = lossless(sample("RGBA"))
    place = b"".join(number.to_bytes(3, "little") for number in (left, 0, 47, 35, 40)) + b"\0"
    picture = kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    return riff(canvas(width, height, 0x12), (b"ANIM", bytes(6)), *[(b"ANMF", place + picture)] * frames)


def exif(*entries: tuple[int, int, int, bytes], order: str = "<", more: bytes = b"") -> bytes:
    """EXIF whose entries are tag, type, count and four bytes, followed by more bytes."""
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "IH", 8, len(entries))
    return head + b"".join(struct.pack(order + "HHI", *entry[:3]) + entry[3] for entry in entries) + bytes(4) + more


def turned(orientation: int, order: str = "<") -> bytes:
    """EXIF that says how a camera was held."""
    return exif((0x0112, 3, 1, struct.pack(order + "HH", orientation, 0)), order=order)


def growing_exif(size: int) -> bytes:
    """EXIF in half of which every entry claims the whole other half as its value."""
    count = size // 24
    entries = [(tag, 7, size // 2, struct.pack("<I", size // 3)) for tag in range(0x9000, 0x9000 + min(count, 20_000))]
    return exif(*entries, more=bytes(max(0, size - 12 * len(entries))))


# --- bad PNGs -------------------------------------------------------------------------------------


def broken_pngs() -> dict[str, bytes]:
    """PNGs with something wrong in them."""
    good, first, row = file("PNG"), header(48, 36), deflated_zeros(36 * 145)
    start = good.index(b"IDAT")
    damaged = bytearray(good)
    damaged[start + 40] ^= 0x55
    return {
        "signature alone": SIGNATURE,
        "signature twice": SIGNATURE + good,
        "cut in its header": good[:20],
        "cut in its data": good[: len(good) // 2],
        "cut before its end": good[:-12],
        "cut by a byte": good[:-1],
        "no header": SIGNATURE + good[33:],
        "header twice": SIGNATURE + first + first + chunk(b"IDAT", row) + chunk(b"IEND"),
        "two headers that differ": SIGNATURE + first + header(9000, 9000) + chunk(b"IDAT", row) + chunk(b"IEND"),
        "a short header": SIGNATURE + chunk(b"IHDR", b"\0\0\0\1\0\0\0\1") + chunk(b"IEND"),
        "header with a wrong checksum": png(chunk(b"IHDR", first[8:21], crc=1), data=row),
        "data with a wrong checksum": SIGNATURE + first + chunk(b"IDAT", row, crc=1) + chunk(b"IEND"),
        "text with a wrong checksum": png(first, chunk(b"tEXt", b"a\0b", crc=1)),
        "no data": SIGNATURE + first + chunk(b"IEND"),
        "empty data": png(first, data=b""),
        "data that are not compressed": png(first, data=b"rows of pixels" * 99),
        "data that end early": png(first, data=deflated_zeros(1000)),
        "a damaged byte": bytes(damaged),
        "an unknown filter": png(first, data=zlib.compress((b"\x09" + bytes(144)) * 36)),
        "no width": png(header(0, 36)),
        "no height": png(header(48, 0)),
        "a negative width": png(header(2**32 - 1, 1), data=row),
        "a depth of three bits": png(header(48, 36, 3), data=row),
        "an unknown colour type": png(header(48, 36, 8, 5), data=row),
        "an unknown way to compress": png(header(48, 36, 8, 2, 9, 0, 0), data=row),
        "an unknown way to interlace": png(header(48, 36, 8, 2, 0, 0, 7), data=row),
        "no palette": png(header(48, 36, 8, 3)),
        "a palette cut in a colour": png(header(48, 36, 8, 3), chunk(b"PLTE", b"\0" * 7)),
        "colours beyond the palette": png(
            header(48, 36, 8, 3), chunk(b"PLTE", b"\1\2\3"), data=zlib.compress(b"\0" + b"\xff" * 48) * 36
        ),
        "a palette that is too long": png(header(48, 36, 8, 3), chunk(b"PLTE", bytes(3 * 999))),
        "transparency that is too long": png(
            header(48, 36, 8, 3), chunk(b"PLTE", bytes(6)), chunk(b"tRNS", bytes(9999))
        ),
        "transparency that is too short": png(first, chunk(b"tRNS", b"\0")),
        "a chunk longer than the file": SIGNATURE + first + struct.pack(">I4s", 2**32 - 1, b"IDAT") + row,
        "an unknown critical chunk": png(first, chunk(b"EVIL", b"what is this")),
        "a chunk without a name": png(first, chunk(b"\0\0\0\0", b"")),
        "a broken profile": png(first, chunk(b"iCCP", b"name\0\0not compressed")),
        "broken EXIF": png(first, chunk(b"eXIf", b"II*\0\xff\xff\xff\xff")),
    }


def growing_pngs() -> dict[str, bytes]:
    """Small PNGs that would grow, or claim to be vast."""
    first, zeros = header(48, 36), deflated_zeros(64 * MEGABYTE)
    texts = [chunk(b"iTXt", b"k%d\0\1\0\0\0" % number + deflated_zeros(1_000_000)) for number in range(70)]
    return {
        "four thousand million million pixels": png(header(2**31 - 1, 2**31 - 1), data=zeros),
        "3,600 million pixels": png(header(60_000, 60_000, 1, 0), data=zeros),
        "100 million pixels": png(header(10_000, 10_000, 1, 0)),
        "24 million colours of 16 bits": png(header(6000, 4000, 16, 6)),
        "a line of 20 million pixels": png(header(20_000_000, 1, 1, 0)),
        "twelve million pixels, interlaced": png(header(4000, 3000, 8, 6, 0, 0, 1), data=zeros),
        "300 million zeros for 48 × 36 pixels": png(first, data=deflated_zeros(300 * MEGABYTE)),
        "seventy texts of a megabyte": png(first, *texts),
        "such texts after the data": png(first)[:-12] + b"".join(texts) + chunk(b"IEND"),
        "a text of 64 MB": png(first, chunk(b"zTXt", b"key\0\0" + zeros)),
        "a text of three megabytes, not compressed": png(first, chunk(b"tEXt", b"key\0" + b"x" * 3 * MEGABYTE)),
        "a profile of 64 MB": png(first, chunk(b"iCCP", b"name\0\0" + zeros)),
        "EXIF that grows": png(first, chunk(b"eXIf", growing_exif(500_000))),
        "EXIF of three megabytes": png(first, chunk(b"eXIf", turned(6) + bytes(3 * MEGABYTE))),
        "a hundred thousand empty chunks": png(first, chunk(b"teSt") * 100_000),
        "a hundred thousand empty data": SIGNATURE + first + chunk(b"IDAT") * 100_000 + png(first)[33:],
        "a thousand frames": moving_png(1000),
        "frames without number": moving_png(3, told=2**31 - 1),
        "no frames": moving_png(0, told=0),
        "a frame beyond the picture": moving_png(2, width=99_999),
    }


def largest_pictures() -> dict[str, bytes]:
    """Good files that are as dear to decode as any that is let in."""
    noise, large = Image.effect_noise((1449, 1449), 50), Image.effect_noise((1999, 1999), 50)
    seen = noise.convert("RGBA")
    seen.putalpha(noise.rotate(90))
    late = file("JPEG", large.convert("RGB"), quality=5, subsampling=0, progressive=True)
    last = late.rindex(b"\xff\xda")
    palette = chunk(b"PLTE", bytes(768)), chunk(b"tRNS", bytes(256))
    return {
        "PNG of 16 bits": png(header(1999, 1999, 16, 6)),
        "PNG, interlaced": png(header(1999, 1999, 8, 6, 0, 0, 1)),
        "PNG with a palette": png(header(1999, 1999, 8, 3), *palette),
        "JPEG": file("JPEG", Image.new("RGB", (6000, 4000), "teal")),
        "JPEG, just too small to be halved": file("JPEG", Image.new("RGB", (2559, 2559), "teal"), subsampling=0),
        "JPEG for a printer, in scans": file("JPEG", large.convert("CMYK"), quality=90, progressive=True),
        "JPEG, in many scans": late[:last] + late[last:-2] * (25 - late.count(b"\xff\xda")) + b"\xff\xd9",
        "WebP": file("WEBP", seen, quality=90),
        "WebP, lossless": file("WEBP", seen, lossless=True),
    }


def moving_png(frames: int, told: int | None = None, width: int = 48) -> bytes:
    """A PNG that moves, which may tell another number of frames than it has."""
    rows = deflated_zeros(36 * 145)
    parts = [chunk(b"acTL", struct.pack(">II", frames if told is None else told, 0))]
    for number in range(frames):
        parts.append(chunk(b"fcTL", struct.pack(">IIIIIHHBB", 2 * number, width, 36, 0, 0, 1, 25, 0, 0)))
        parts.append(chunk(b"fdAT", struct.pack(">I", 2 * number + 1) + rows))
    whole = png(header(48, 36))
    return whole[:33] + parts[0] + whole[33:-12] + b"".join(parts[1:]) + whole[-12:]


# --- bad JPEGs ------------------------------------------------------------------------------------


def broken_jpegs() -> dict[str, bytes]:
    """JPEGs with something wrong in them."""
    good, late = jpeg(), jpeg(progressive=True)
    scan = good.index(b"\xff\xda")
    return {
        "beginning alone": good[:2],
        "beginning and end": good[:2] + good[-2:],
        "cut in its header": good[:100],
        "cut where the scan begins": good[: scan + 4],
        "cut in its scan": good[: (scan + len(good)) // 2],
        "no end": good[:-2],
        "cut between two scans": late[: len(late) // 2],
        "no width": resized_jpeg(0, 36),
        "no height": resized_jpeg(48, 0),
        "larger than its scan": resized_jpeg(4000, 3000),
        "five components": good.replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x05"),
        "twelve bits a level": good.replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"),
        "another way to code": good.replace(b"\xff\xc0", b"\xff\xcb"),
        "no tables of codes": good.replace(b"\xff\xc4", b"\xff\xfe"),
        "no tables of steps": good.replace(b"\xff\xdb", b"\xff\xfe"),
        "no frame": good.replace(b"\xff\xc0", b"\xff\xfe"),
        "restarts everywhere": good[: scan + 14] + b"\xff\xd0" * 5000 + good[-2:],
        "scan of zeros": good[: scan + 14] + bytes(5000) + good[-2:],
        "a segment longer than the file": good[:2] + b"\xff\xe1\xff\xff" + good[2:],
        "a segment of no length": good[:2] + b"\xff\xe1\0\0" + good[2:],
        "junk between segments": good[:2] + b"junk" + good[2:],
        "a profile with pages missing": jpeg(segment(0xE2, b"ICC_PROFILE\0\x03\x09only this")),
        "frames of another camera": jpeg(segment(0xE2, b"MPF\0II*\0\x08\0\0\0\xff\xff")),
        "an archive behind it": good + b"PK\3\4" + bytes(500),
        "broken EXIF": jpeg(segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff")),
        "EXIF alone": jpeg(segment(0xE1, b"Exif\0\0")),
        "EXIF that points to itself": jpeg(segment(0xE1, b"Exif\0\0" + exif((0x8769, 4, 1, struct.pack("<I", 8))))),
        "an orientation of 0": jpeg(segment(0xE1, b"Exif\0\0" + turned(0))),
        "an orientation of 9": jpeg(segment(0xE1, b"Exif\0\0" + turned(9))),
        "an orientation in words": jpeg(segment(0xE1, b"Exif\0\0" + exif((0x0112, 2, 4, b"up\0\0")))),
    }


def growing_jpegs() -> dict[str, bytes]:
    """Small JPEGs that would grow, or claim to be vast."""
    flat = Image.new("L", (2200, 2200), 128)
    late = jpeg(picture=flat, progressive=True)
    refining = late.rindex(b"\xff\xda")
    profile = [segment(0xE2, b"ICC_PROFILE\0" + bytes([page, 50]) + bytes(65_000)) for page in range(1, 51)]
    return {
        "4,290 million pixels": resized_jpeg(65_500, 65_500),
        "24 million pixels in many scans": jpeg(picture=Image.new("RGB", (6000, 4000)), progressive=True, quality=1),
        "24 million pixels, a component in a scan": one_component(6000, 4000),
        "just too small to be halved": jpeg(picture=Image.new("RGB", (4095, 4095)), quality=1, subsampling=0),
        "a line of 65,000 pixels": jpeg(picture=Image.new("RGB", (65_000, 2))),
        "ten thousand scans": late[:refining] + late[refining:-2] * 10_000 + b"\xff\xd9",
        "a profile of three megabytes": jpeg(*profile),
        "forty thousand remarks": jpeg(segment(0xFE, b"") * 40_000),
        "remarks of two megabytes": jpeg(segment(0xFE, b"x" * 65_000) * 32),
        "EXIF that grows": jpeg(segment(0xE1, b"Exif\0\0" + growing_exif(60_000))),
        "such EXIF behind bytes that fill": jpeg(b"\xff" * 9 + segment(0xE1, b"Exif\0\0" + growing_exif(60_000))),
        "such EXIF for many cameras": jpeg(segment(0xE2, b"MPF\0" + growing_exif(60_000))),
    }


def one_component(width: int, height: int) -> bytes:
    """A JPEG whose only scan holds the first of three components."""
    content = resized_jpeg(width, height)
    scan = content.index(b"\xff\xda")
    return content[:scan] + segment(0xDA, bytes([1, 1, 0, 0, 63, 0])) + content[scan + 14 :]


# --- bad WebPs ------------------------------------------------------------------------------------


def broken_webps() -> dict[str, bytes]:
    """WebPs with something wrong in them."""
    good, kind_and_data = file("WEBP"), lossless()
    kind, data = kind_and_data
    return {
        "head alone": good[:12],
        "cut in its header": good[:24],
        "cut in its data": good[: len(good) // 2],
        "cut by a byte": good[:-1],
        "no chunks": riff(),
        "a size of nothing": riff(kind_and_data, size=0),
        "a size beyond the file": riff(kind_and_data, size=2**32 - 2),
        "an empty picture": riff((b"VP8L", b"")),
        "pixels of zeros": riff((kind, data[:5] + bytes(500))),
        "a canvas without a picture": riff(canvas(48, 36)),
        "a canvas of another size": riff(canvas(480, 360), kind_and_data),
        "a short canvas": riff((b"VP8X", b"\0\0"), kind_and_data),
        "two pictures": riff(kind_and_data, kind_and_data),
        "broken transparency": riff(canvas(48, 36, 0x10), (b"ALPH", b"\xff" * 50), (b"VP8 ", good[20:])),
        "broken EXIF": riff(canvas(48, 36, 0x08), kind_and_data, (b"EXIF", b"II*\0\xff\xff\xff\xff")),
        "a frame beyond the canvas": animated(2, left=50),
        "no frames": animated(0),
    }


def growing_webps() -> dict[str, bytes]:
    """Small WebPs that would grow, or claim to be vast."""
    return {
        "268 million pixels": riff((b"VP8L", b"\x2f" + struct.pack("<I", 16_383 | 16_383 << 14) + bytes(99))),
        "a canvas far larger than its picture": riff(canvas(16_384, 16_384), lossless()),
        "a canvas too large for a number": riff(canvas(2**24, 2**24), lossless()),
        "a moving canvas of 268 million pixels": animated(2, 16_384, 16_384),
        "twelve million pixels": file("WEBP", Image.new("RGBA", (4000, 3000)), lossless=True),
        "a thousand frames": animated(1000),
        "EXIF that grows": riff(canvas(48, 36, 0x08), lossless(), (b"EXIF", growing_exif(500_000))),
        "a profile of three megabytes": riff(canvas(48, 36, 0x20), (b"ICCP", bytes(3 * MEGABYTE)), lossless()),
    }


# --- other files ----------------------------------------------------------------------------------


def strangers() -> dict[str, bytes]:
    """Files of other kinds, which may look as if they were pictures."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'
    saved = {
        kind: file(kind) for kind in ("GIF", "TIFF", "BMP", "ICO", "PPM", "TGA", "DDS", "PCX", "SGI", "EPS", "PDF")
    }
    return saved | {
        "nothing": b"",
        "a byte": b"\x89",
        "zeros": bytes(1000),
        "noise": random.Random(SEED).randbytes(5000),
        "SVG": svg,
        "SVG that calls itself a PNG": SIGNATURE + svg,
        "HTML": b"<!doctype html><img src=x onerror=alert(1)>",
        "a GIF that is a script": b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)",
        "a Photoshop head": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 30_000, 30_000, 8, 3),
        "a HEIC head": struct.pack(">I", 24) + b"ftypheic" + bytes(12),
        "an AVIF head": struct.pack(">I", 24) + b"ftypavif" + bytes(12),
        "a JPEG 2000 head": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(99),
        "an archive": b"PK\3\4" + bytes(99),
        "a program": b"\x7fELF" + bytes(99),
        "a film": b"RIFF\x24\0\0\0AVI LIST" + bytes(24),
        "text": b"a picture, honestly\n" * 99,
        "a name of a file": b"../../etc/hostname",
        "PostScript that opens a file": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) (r) file\n",
        "a PNG without its first byte": file("PNG")[1:],
        "a PNG sent as text": file("PNG").replace(b"\r\n", b"\n"),
        "two pictures in one file": file("PNG") + jpeg(),
        "a PNG and a few bytes more": file("PNG") + b"more",
    }


GROUPS: dict[str, Callable[[], dict[str, bytes]]] = {
    "broken PNG": broken_pngs,
    "growing PNG": growing_pngs,
    "largest": largest_pictures,
    "broken JPEG": broken_jpegs,
    "growing JPEG": growing_jpegs,
    "broken WebP": broken_webps,
    "growing WebP": growing_webps,
    "stranger": strangers,
}


def bad_pictures() -> Iterator[tuple[str, bytes]]:
    """Name and content of every file above."""
    for group, made in GROUPS.items():
        for name, content in made().items():
            yield f"{group}: {name}", content


# --- good pictures, and what chance makes of them --------------------------------------------------


def good_pictures() -> list[bytes]:
    """A small picture as each kind of file that is read."""
    settings = segment(0xE1, b"Exif\0\0" + turned(6))
    modes = [file("PNG", sample(mode)) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")]
    jpegs = [jpeg(), jpeg(settings), jpeg(progressive=True), jpeg(picture=sample("L")), jpeg(picture=sample("CMYK"))]
    webps = [file("WEBP"), file("WEBP", sample("RGBA")), riff(lossless()), animated(3)]
    return [*modes, png(header(48, 36, 16, 6)), png(header(48, 36, 8, 2, 0, 0, 1)), moving_png(3), *jpegs, *webps]


def mutations(count: int = MUTATIONS, seed: int = SEED) -> Iterator[tuple[str, bytes]]:
    """Good files after an accident or three."""
    chance, good = random.Random(seed), good_pictures()
    for number in range(count):
        content = bytearray(chance.choice(good))
        for _ in range(chance.randint(1, 3)):
            chance.choice(ACCIDENTS)(content, chance, good)
        sealed = chance.random() < 0.5 and content.startswith(SIGNATURE)
        yield f"mutation {number}", resealed(bytes(content)) if sealed else bytes(content)


def flip_bits(content: bytearray, chance: random.Random, _: list[bytes]) -> None:
    for place in chance.choices(range(len(content)), k=chance.choice((1, 3, 20))):
        content[place] ^= 1 << chance.randrange(8)


def cut(content: bytearray, chance: random.Random, _: list[bytes]) -> None:
    del content[chance.randint(1, len(content)) :]


def repeat(content: bytearray, chance: random.Random, _: list[bytes]) -> None:
    start = chance.randrange(len(content))
    content[start:start] = content[start : start + chance.randint(1, 400)] * chance.choice((1, 2, 50))


def lose(content: bytearray, chance: random.Random, _: list[bytes]) -> None:
    start = chance.randrange(len(content))
    del content[max(1, start) : max(1, start) + chance.randint(1, 60)]


def exaggerate(content: bytearray, chance: random.Random, _: list[bytes]) -> None:
    """Writes the number that hurts most into the first bytes, where sizes stand."""
    start = chance.randrange(min(len(content), 200))
    content[start : start + 4] = chance.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", bytes(4), b"\0\0\x3f\xff"))


def marry(content: bytearray, chance: random.Random, good: list[bytes]) -> None:
    other = chance.choice(good)
    content[chance.randint(1, len(content)) :] = other[chance.randrange(len(other)) :]


ACCIDENTS = (flip_bits, cut, repeat, lose, exaggerate, marry)


def resealed(content: bytes) -> bytes:
    """A PNG with right checksums again, so that what is wrong in it is found later."""
    parts, place = [content[:8]], 8
    while place + 12 <= len(content):
        [length] = struct.unpack_from(">I", content, place)
        parts.append(chunk(content[place + 4 : place + 8], content[place + 8 : place + 8 + length]))
        place += 12 + length
    return b"".join(parts)


# --- what becomes of them -------------------------------------------------------------------------


def memory(line: str) -> float:
    """So many MB the kernel tells of this process: "VmRSS" now, "VmHWM" at most since `forget_peak`."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(rf"{line}:\s+(\d+) kB", status)[1]) * 1024 / MEGABYTE


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def fate(name: str, content: bytes, read: Callable[[bytes], Image.Image]) -> dict[str, object]:
    """What became of a file: a picture's size, a sentence, or a fault; how long it took, how much memory."""
    forget_peak()
    before, begun = memory("VmRSS"), time.process_time()
    try:
        end: dict[str, object] = {"picture": read(content).size}
    except ValueError as refusal:
        end = {"sentence": str(refusal)}
    except BaseException as fault:
        end = {"fault": repr(fault)}
    seconds = time.process_time() - begun
    told = {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return told | end | {"seconds": seconds, "megabytes": memory("VmHWM") - before}


def fates(files: Iterable[tuple[str, bytes]]) -> list[dict[str, object]]:
    """What became of each, after a first picture for which the decoders were made ready."""
    from models.images import read_picture

    for content in good_pictures():
        read_picture(content)
    return [fate(name, content, read_picture) for name, content in files]


if __name__ == "__main__":
    json.dump(fates([*bad_pictures(), *mutations()]), sys.stdout)
