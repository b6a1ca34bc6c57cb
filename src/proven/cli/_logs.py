"""The log of a node that runs in a terminal: warnings and errors, one line each, on stderr."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from typing import Final

_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_SHOWN_OTHERWISE: Final = "sandbox_layer_unavailable"
"""Part of what is printed when the node has started."""


class _Line(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
        shown = "".join(f" {name}={value!r}" for name, value in fields.items())
        moment = time.strftime("%H:%M:%S", time.localtime(record.created))
        line = f"{moment}  {record.levelname.lower()}: {record.getMessage()}{shown}"
        return line if record.exc_info is None else f"{line}\n{self.formatException(record.exc_info)}"


@contextlib.contextmanager
def shown_logs() -> Iterator[None]:
    """Show what the rooms of a node log, with its fields, as long as the block runs."""
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    handler.setFormatter(_Line())
    handler.addFilter(lambda record: record.getMessage() != _SHOWN_OTHERWISE)
    logger = logging.getLogger("proven")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
