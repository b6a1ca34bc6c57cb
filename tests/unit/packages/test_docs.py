"""The page of build errors says what the code says, and every rule on it is broken by some test."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from proven.packages import RULES, Rule
from support.scripts import load

TESTS = Path(__file__).parent
SCRIPT = TESTS.parents[2] / "docs" / "generate_build_errors.py"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    return load(SCRIPT)


def test_the_page_is_current(generator: ModuleType) -> None:
    assert generator.PAGE.read_text(encoding="utf-8") == generator.page(), f"run python {SCRIPT}"


def test_every_rule_is_explained() -> None:
    assert RULES.keys() == set(Rule)


@pytest.mark.parametrize("rule", Rule)
def test_some_test_breaks_every_rule(rule: Rule) -> None:
    sources = "".join(path.read_text() for path in TESTS.glob("test_*.py") if path != Path(__file__))
    assert f"Rule.{rule.name}" in sources
