"""Pictures of what the thin GoogLeNet dreams: `python -m weights.train.layers`.

Without options it writes what each layer dreams of noise, one below the other, for the tab's strip of layers. With
`--sheet FILE PICTURE …` it dreams on these pictures with the thin net and, where it is to be had, with the original,
and puts all dreams on one sheet, to judge the net by.
"""

import argparse
from pathlib import Path

import torch
from PIL import Image

from models import recognisers
from models.deepdream import DeepDreamParams, dream, noise, whole_layer
from models.frames import finished
from models.images import read_picture, to_tensor, to_uint8
from models.photographs import fitted
from models.recognisers import LAYERS, Recogniser
from weights import EMBEDDED
from weights.train.recipe import look_in_nets_data

HEIGHT_PX, WIDTH_PX = 160, 240
FROM_NOISE = DeepDreamParams(net="thin_googlenet", strength=4, octaves=4, steps=24)


def dreamed(dreamer: Recogniser, picture: torch.Tensor, params: DeepDreamParams) -> Image.Image:
    """What becomes of a picture (1, 3, H, W)."""
    return Image.fromarray(to_uint8(finished(dream(dreamer, picture, params, whole_layer)).picture))


def strip() -> Image.Image:
    """What every layer of the thin net dreams of noise, low layers above high ones."""
    dreamer, layers = recognisers.load("thin_googlenet"), LAYERS["thin_googlenet"]
    sheet = Image.new("RGB", (WIDTH_PX, HEIGHT_PX * len(layers)))
    for row, layer in enumerate(layers):
        params = FROM_NOISE.model_copy(update={"layer": layer})
        sheet.paste(dreamed(dreamer, noise(1, HEIGHT_PX, WIDTH_PX, seed=row), params), (0, HEIGHT_PX * row))
    return sheet


def contact_sheet(paths: list[Path], layer: str) -> Image.Image:
    """Pictures in the first row, what the thin net and the original dream on them in the next."""
    pictures = [fitted(to_tensor(read_picture(path.read_bytes())), 384, 32) for path in paths]
    rows = [[Image.fromarray(to_uint8(picture)) for picture in pictures]]
    dreamers = {
        recognisers.load(net).loaded.weights.name: recognisers.load(net) for net in ("thin_googlenet", "googlenet")
    }
    for dreamer in dreamers.values():
        rows.append([dreamed(dreamer, picture, DeepDreamParams(layer=layer)) for picture in pictures])
    sheet = Image.new("RGB", (384 * len(paths), 384 * len(rows)))
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            sheet.paste(picture, (384 * x, 384 * y))
    return sheet


def main() -> None:
    look_in_nets_data()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sheet", type=Path, help="where to write the dreams on pictures")
    parser.add_argument("--layer", default="inception_4c/output")
    parser.add_argument("pictures", type=Path, nargs="*")
    options = parser.parse_args()
    if options.sheet:
        contact_sheet(options.pictures, options.layer).save(options.sheet)
    else:
        strip().save(EMBEDDED / "deepdream_layers.jpg", quality=85)


if __name__ == "__main__":
    main()
