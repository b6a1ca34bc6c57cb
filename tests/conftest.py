"""What every test process is set up with."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell makes its background jobs ignore Ctrl-C, and so would every program that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


_OF_SEVERAL_PROCESSES = tuple(Path(__file__).parent / name for name in ("browser", "fault", "integration"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in _OF_SEVERAL_PROCESSES):
            # A busy machine can keep one process from what another waits for. What is wrong is wrong twice; a
            # second try shows as R.
            item.add_marker(pytest.mark.flaky(reruns=1))
