"""How the page looks: the theme for Gradio's own parts, and the head with our styles and the page's few functions."""

from pathlib import Path

from demos.look.theme import classic_nets

__all__ = ["classic_nets", "head"]

LOOK = Path(__file__).parent
SCRIPTS = ("house.js", "boxes.js", "strokes.js", "stage.js", "pulse.js")


def head() -> str:
    """Styles and script for the page's head; tokens first, then the house, each widget, and what the stage changes."""
    widgets = sorted((LOOK.parent / "widgets").glob("*.css"))
    styles = [LOOK / "tokens.css", LOOK / "house.css", LOOK / "pulse.css", *widgets, LOOK / "stage.css"]
    css = "\n".join(style.read_text(encoding="utf-8") for style in styles)
    scripts = "\n".join((LOOK / name).read_text(encoding="utf-8") for name in SCRIPTS)
    return f"<style>{css}</style>\n<script>{scripts}</script>"
