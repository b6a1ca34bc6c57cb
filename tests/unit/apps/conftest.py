"""An engine, applications on it, and real packages to deploy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from proven.apps import Applications
from proven.engine.embedded import EmbeddedEngine
from proven.packages import Package, build
from proven.wire.applications import OwnerKey
from support.applications import ORIGIN

ROOT_KEY = bytes(range(32))
ALICE, BOB = OwnerKey.from_seed(b"A" * 32), OwnerKey.from_seed(b"B" * 32)


@pytest.fixture
def alice() -> OwnerKey:
    return ALICE


@pytest.fixture
def bob() -> OwnerKey:
    return BOB


@pytest.fixture
def make_package(tmp_path: Path) -> Callable[[str], Package]:
    """Builds a package with one handler that returns the given text."""

    def make(text: str) -> Package:
        folder = tmp_path / "app"
        (folder / "src").mkdir(parents=True, exist_ok=True)
        source = "import { run } from '@proven-network/handler';\n"
        (folder / "src" / "app.ts").write_text(f"{source}export const say = run(() => {text!r});\n")
        return build(folder)

    return make


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[EmbeddedEngine]:
    engine = EmbeddedEngine(tmp_path / "data" / "engine.db", ROOT_KEY)
    await engine.start()
    yield engine
    await engine.stop()


@pytest.fixture
async def applications(engine: EmbeddedEngine) -> AsyncIterator[Applications]:
    applications = Applications(engine.logs, engine.objects, origin=ORIGIN)
    await applications.start()
    yield applications
    await applications.stop()
