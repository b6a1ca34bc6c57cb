"""The page of build errors says what the code says, and every rule on it is broken by some test."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from proven.packages import RULES, Rule

TESTS = Path(__file__).parent
SCRIPT = TESTS.parents[2] / "docs" / "generate_build_errors.py"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_build_errors", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_current(generator: ModuleType) -> None:
    assert generator.PAGE.read_text(encoding="utf-8") == generator.page(), f"run python {SCRIPT}"


def test_every_rule_is_explained() -> None:
    assert RULES.keys() == set(Rule)


@pytest.mark.parametrize("rule", Rule)
def test_some_test_breaks_every_rule(rule: Rule) -> None:
    sources = "".join(path.read_text() for path in TESTS.glob("test_*.py") if path != Path(__file__))
    assert f"Rule.{rule.name}" in sources
