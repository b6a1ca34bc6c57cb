"""The page of error codes says what the code says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from proven.wire.errors import ErrorCode, http_status

SCRIPT = Path(__file__).parents[2] / "docs" / "generate_errors.py"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_errors", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_code_has_a_meaning_and_an_http_status(generator: ModuleType) -> None:
    assert generator.meanings().keys() == set(ErrorCode)
    assert all(400 <= http_status(code) < 600 for code in ErrorCode)


def test_the_page_is_current(generator: ModuleType) -> None:
    assert generator.PAGE.read_text(encoding="utf-8") == generator.page(), f"run python {SCRIPT}"
