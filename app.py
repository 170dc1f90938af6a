"""The app: one tab for each demo, its state in the address."""

import argparse
import importlib.util
import os

# Nobody is told that somebody looks at a page; read when the libraries are imported.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if importlib.util.find_spec("spaces"):  # on a ZeroGPU Space it must come before torch
    import spaces  # noqa: F401

import gradio as gr

from demos import DEMOS, address, serving, ui, zero
from demos.look import classic_nets, head
from demos.qr import qr

HOUR_SECONDS = 3600


def build() -> gr.Blocks:
    """The whole page."""
    with gr.Blocks(title="Classic Nets", fill_width=True, delete_cache=(HOUR_SECONDS, HOUR_SECONDS)) as blocks:
        ui.widget("mast", elem_id="mast", server_functions=[qr])
        with gr.Tabs(elem_classes="cn-tabs") as tabs:
            built = {}
            for demo in DEMOS:
                with gr.Tab(demo.title, id=demo.slug) as tab:
                    built[demo] = demo.build()
                tab.select(None, js=f"() => ClassicNets.visit('{demo.slug}')")
        address.connect(blocks, tabs, built)
    return blocks.queue(max_size=64, api_open=False)


def options() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", help="0.0.0.0 lets the room in; default: $GRADIO_SERVER_NAME, else this machine only")
    parser.add_argument("--port", type=int, help="default: $GRADIO_SERVER_PORT, else the first free one from 7860")
    parser.add_argument("--share", action="store_true", help="a public link through Gradio's servers, for a week")
    parser.add_argument("--metrics", action="store_true", help="tell counts and latencies at /metrics")
    parser.add_argument("--offline", action="store_true", help="never ask the Hub; use what is on this machine")
    return parser.parse_args()


def main() -> None:
    asked = options()
    if asked.offline:
        os.environ["HF_HUB_OFFLINE"] = "1"
    zero.prepare()
    serving.serve(
        build(),
        asked.metrics,
        server_name=asked.host,
        server_port=asked.port,
        share=asked.share,
        theme=classic_nets(),
        head=head(),
        footer_links=[],
        max_file_size="1kb",
        run_history=False,
        enable_monitoring=False,
        strict_cors=True,
        state_session_capacity=1000,
    )


if __name__ == "__main__":
    main()
