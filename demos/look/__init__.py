"""How the page looks: the theme for Gradio's own parts, and the head with our styles and the page's few functions."""

from pathlib import Path

from demos.look.theme import classic_nets

__all__ = ["classic_nets", "head"]

LOOK = Path(__file__).parent


def head() -> str:
    """Styles and script for the page's head; tokens first, then the house, then each widget."""
    styles = [LOOK / "tokens.css", LOOK / "house.css", *sorted((LOOK.parent / "widgets").glob("*.css"))]
    css = "\n".join(style.read_text(encoding="utf-8") for style in styles)
    scripts = "\n".join((LOOK / name).read_text(encoding="utf-8") for name in ("house.js", "boxes.js", "strokes.js"))
    return f"<style>{css}</style>\n<script>{scripts}</script>"
