"""The canvas on which digits are drawn, in every tab that reads one."""

import gradio as gr

from demos import ui
from demos.refusals import answering, checked
from models import digits
from models.images import LARGEST_SIDE_PX, GreyLevels
from models.strokes import PEN_RADIUS, ready_digits, text_from_dots

INKED = 0.3  # how bright a pixel of an upload must be to become a dot of a drawing


@answering
def drawing_of(request: dict) -> dict[str, str]:
    """The drawing that stands for an uploaded picture."""
    picture = checked(GreyLevels, request).picture()
    return {"drawing": text_from_dots(digits.prepare(picture)[0, 0].numpy() > INKED)}


def canvas(demo: ui.Demo, number: int) -> gr.HTML:
    """The canvas for a demo's parameter `drawing`, as the section of that number."""
    return ui.control(
        demo,
        "drawing",
        "canvas",
        number=number,
        ready=[{"drawing": ready.drawing, "remark": ready.remark} for ready in ready_digits()],
        pen_radius=PEN_RADIUS,
        largest_side=LARGEST_SIDE_PX,
        given="",
        server_functions=[drawing_of],
    )
