"""The tabs, in their order on the page."""

from demos import capsnet, deepdream, eigenfaces, infogan, style, yolo
from demos.ui import Demo

DEMOS: tuple[Demo, ...] = (capsnet.DEMO, infogan.DEMO, deepdream.DEMO, style.DEMO, yolo.DEMO, eigenfaces.DEMO)
