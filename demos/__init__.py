"""The tabs, in their order on the page."""

from demos import capsnet
from demos.ui import Demo

DEMOS: tuple[Demo, ...] = (capsnet.DEMO,)
