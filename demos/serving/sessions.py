"""Nothing of a visitor is kept between two events: the page holds all of its state, and tells it anew each time.

Gradio copies the page's whole configuration for every session and notes each value sent, pictures included: half a
megabyte each, for a feature (deep links) that this page has not.
"""

from copy import copy
from typing import Any

import gradio as gr
from gradio.state_holder import SessionState, StateHolder


class Fresh(SessionState):
    """What one event needs to know of the page."""

    def __init__(self, blocks: gr.Blocks) -> None:
        self.blocks_config = copy(blocks.default_config)
        self.config_values: dict = {}
        self.state_data: dict = {}
        self.is_closed = False

    def __setitem__(self, key: int, value: Any) -> None:
        self.blocks_config.blocks[key] = value

    def _update_config(self, key: int) -> None:
        """Gradio's note for deep links: none."""

    def _update_value_in_config(self, key: int, value: Any) -> None:
        """Gradio's note for deep links: none."""


class Forgetful(StateHolder):
    """The sessions: every event gets a fresh one."""

    def __getitem__(self, session_id: str) -> SessionState:
        return Fresh(self.blocks)


def forget(blocks: gr.Blocks) -> None:
    """Let the launched page's server keep no sessions."""
    blocks.app.state_holder = Forgetful()
    blocks.app.state_holder.set_blocks(blocks)
