"""The backends that the suite runs against. A second one joins by another entry in `BACKENDS`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from proven.engine import Engine
from proven.engine.embedded import EmbeddedEngine

ROOT_KEY = bytes(range(32))


def embedded(directory: Path) -> Engine:
    return EmbeddedEngine(directory / "engine.db", ROOT_KEY)


BACKENDS: dict[str, Callable[[Path], Engine]] = {"embedded": embedded}

Opener = Callable[[], AbstractAsyncContextManager[Engine]]


@pytest.fixture(params=BACKENDS)
def new_engine(request: pytest.FixtureRequest) -> Callable[[Path], Engine]:
    """Makes an engine, not started, on the data in a directory."""
    return BACKENDS[request.param]


@pytest.fixture
def opened(new_engine: Callable[[Path], Engine], tmp_path: Path) -> Opener:
    """Opens an engine; each time on the data that the one before it left."""

    @asynccontextmanager
    async def running() -> AsyncIterator[Engine]:
        engine = new_engine(tmp_path)
        await engine.start()
        try:
            yield engine
        finally:
            await engine.stop()

    return running


@pytest.fixture
async def engine(opened: Opener) -> AsyncIterator[Engine]:
    async with opened() as engine:
        yield engine
