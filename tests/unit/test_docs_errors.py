"""The page of error codes says what the code says."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from proven.wire.errors import ErrorCode, http_status
from support.scripts import load

SCRIPT = Path(__file__).parents[2] / "docs" / "generate_errors.py"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    return load(SCRIPT)


def test_every_code_has_a_meaning_and_an_http_status(generator: ModuleType) -> None:
    assert generator.meanings().keys() == set(ErrorCode)
    assert all(400 <= http_status(code) < 600 for code in ErrorCode)


def test_the_page_is_current(generator: ModuleType) -> None:
    assert generator.PAGE.read_text(encoding="utf-8") == generator.page(), f"run python {SCRIPT}"
