"""The log: one JSON object a line, of things that we name; nothing that a visitor wrote, nor who it was."""

import json
import logging
import sys
import traceback
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

log = logging.getLogger("demos.serving.faults")
TOLD = ("kind", "ended", "waited_s", "ran_s", "fault", "where")  # what our own records say besides


class JsonLines(logging.Formatter):
    """A record as one line of JSON: of a fault only its type and place, since its words may be a visitor's."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        told = {"at": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds")}
        told |= {"level": record.levelname.lower(), "by": record.name, "event": record.getMessage()}
        told |= {name: getattr(record, name) for name in TOLD if hasattr(record, name)}
        if record.exc_info and record.exc_info[1]:
            told |= fault_of(record.exc_info[1])
        return json.dumps(told, ensure_ascii=False)


def fault_of(error: BaseException) -> dict[str, str]:
    """What went wrong and where in our code, in a form that holds none of a visitor's words."""
    last = traceback.extract_tb(error.__traceback__)[-4:]
    where = [f"{'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno}" for frame in last]
    return {"fault": type(error).__name__, "where": " > ".join(where)}


def take_over() -> None:
    """Bring into the log, in our form, what libraries would print by themselves, visitors' words and all."""
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    traceback.print_exc = note  # Gradio's way to tell of a fault


def note(*_: Any, **__: Any) -> None:
    """Log the fault that is being handled."""
    log.error("fault", exc_info=sys.exc_info())


def begin() -> None:
    """Log in this way from here on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for ours in ("weights", "demos.serving"):
        logging.getLogger(ours).setLevel(logging.INFO)
