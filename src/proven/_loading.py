"""Ctrl-C while modules are loaded."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

INTERRUPTED: Final = 130
"""The status of a command that Ctrl-C ended: 128 and the number of the signal, as shells have it."""


@contextmanager
def loading() -> Iterator[None]:
    """Have Ctrl-C end the process at once: amid an import an exception can be lost, and nothing is there yet
    that would have to be tidied up.
    """
    handler = signal.getsignal(signal.SIGINT)
    usual = handler is signal.default_int_handler and threading.current_thread() is threading.main_thread()
    if usual:
        signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    try:
        yield
    finally:
        if usual:
            signal.signal(signal.SIGINT, handler)
