"""The tabs, in their order on the page."""

from demos import capsnet, infogan
from demos.ui import Demo

DEMOS: tuple[Demo, ...] = (capsnet.DEMO, infogan.DEMO)
