"""The log of a node that runs in a terminal: warnings and errors, one line each, on stderr."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator, Mapping
from typing import Final

_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_SHOWN_OTHERWISE: Final = "sandbox_layer_unavailable"
"""Part of what is printed when the node has started."""


_ENDED: Final = "guest_ended"
_WHY: Final = {
    "timeout": "a call did not end in time",
    "memory": "it used more memory than it may",
    "runaway": "it kept computing after its calls",
    "protocol": "it broke the protocol",
    "crashed": "it ended unexpectedly",
}


class _Line(logging.Formatter):
    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__()
        self._names = names

    def format(self, record: logging.LogRecord) -> str:
        if record.getMessage() == _ENDED:
            moment = time.strftime("%H:%M:%S", time.localtime(record.created))
            return f"{moment}  {record.levelname.lower()}: {self._ended(record)}"
        fields = {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
        shown = "".join(f" {name}={value!r}" for name, value in fields.items())
        moment = time.strftime("%H:%M:%S", time.localtime(record.created))
        line = f"{moment}  {record.levelname.lower()}: {record.getMessage()}{shown}"
        return line if record.exc_info is None else f"{line}\n{self.formatException(record.exc_info)}"

    def _ended(self, record: logging.LogRecord) -> str:
        """What became of an application's process, in words."""
        said = record.__dict__
        application, reason = str(said.get("application", "")), str(said.get("reason", ""))
        whose = f"the process of {self._names.get(application, application)}" if application else "a process"
        return f"{whose} was ended, and its next call starts another: {_WHY.get(reason, reason)}"


@contextlib.contextmanager
def shown_logs(names: Mapping[str, str] | None = None) -> Iterator[None]:
    """Show what the rooms of a node log, with its fields, as long as the block runs. `names` are those of
    applications, by id.
    """
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    handler.setFormatter(_Line({} if names is None else names))
    handler.addFilter(lambda record: record.getMessage() != _SHOWN_OTHERWISE)
    logger = logging.getLogger("proven")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
