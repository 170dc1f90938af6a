"""The speed figures, one `name: value` a line: `make bench`, on a machine with nothing else to do."""

import os

os.environ["NETS_DEVICE"] = "cpu"

from tests.bench import app, capsnet, deepdream, eigenfaces, infogan, style, yolo


def main() -> None:
    for figures in (
        capsnet.net_figures,
        infogan.net_figures,
        deepdream.net_figures,
        style.net_figures,
        yolo.net_figures,
        eigenfaces.net_figures,
        app.start_figures,
        capsnet.page_figures,
        infogan.page_figures,
        yolo.page_figures,
        eigenfaces.page_figures,
    ):
        for name, value in figures():
            print(f"{name}: {value:.4g}", flush=True)


if __name__ == "__main__":
    main()
