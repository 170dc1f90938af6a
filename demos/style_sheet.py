"""Every ready content in every ready style on one sheet, to judge a net by: `python -m demos.style_sheet sheet.png`."""

import argparse
from pathlib import Path

from PIL import Image
from torch import Tensor
from tqdm import tqdm

from demos.pictures import STYLES, opened_style
from demos.style_run import content_of
from models import painters
from models.frames import finished
from models.images import to_image, to_tensor
from models.nets.vgg import balance
from models.painters import Painter
from models.patterns import PATTERNS
from models.photographs import NAMES
from models.style import StyleParams, transfer

CELL_PX, EDGE_PX = 256, 4


def painted(painter: Painter, content: str, style: Tensor) -> Image.Image:
    """What the tab would paint with its defaults."""
    params = StyleParams(content=content, size_px=CELL_PX)
    return to_image(finished(transfer(painter, content_of(params), [style], params)).picture)


def sheet(painter: Painter, contents: list[str], styles: list[str]) -> Image.Image:
    """A row for each content and a column for each style, which stands on top."""
    step = CELL_PX + EDGE_PX
    whole = Image.new("RGB", (step * len(styles), step * (len(contents) + 1)), "white")
    for column, name in enumerate(tqdm(styles)):
        picture = opened_style(name)
        whole.paste(picture.resize((CELL_PX, CELL_PX)), (column * step, 0))
        for row, content in enumerate(contents, start=1):
            whole.paste(painted(painter, content, to_tensor(picture)), (column * step, row * step))
    return whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="where to write it")
    parser.add_argument("--net", choices=[*painters.NETS, "teacher"], default="thin_vgg19")
    options = parser.parse_args()
    if options.net == "teacher":
        from weights.train.recipe import look_in_nets_data
        from weights.train.vgg19_lessons import distilled  # which only those who train have

        look_in_nets_data()
        painter = Painter(balance(distilled(), painters.photographs()), painters.load("thin_vgg19").loaded)
    else:
        painter = painters.load(options.net)
    sheet(painter, list(NAMES), [*PATTERNS, *STYLES]).save(options.file)


if __name__ == "__main__":
    main()
