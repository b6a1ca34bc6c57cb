"""This node and other implementations of the account standards say the same, and the docs show it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.account_peers import running_peers
from support.account_vectors import Row, against_peers, published, table
from support.scripts import load

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def peers() -> Iterator[list[Row]]:
    with running_peers() as running:
        yield list(against_peers(running))


@pytest.mark.timeout(600)
def test_other_implementations_agree(peers: list[Row]) -> None:
    assert {row.source for row in peers} == {"siwe, ethers", "siwe", "bip322-js", "radix-engine-toolkit"}
    for row in peers:
        assert row.cases > 0
        assert row.differences == [], row.what


def test_the_table_in_the_documentation_is_what_the_report_prints(peers: list[Row]) -> None:
    report = load(ROOT / "tests" / "accounts_report.py")
    page = (ROOT / "docs" / "accounts.md").read_text("utf-8")
    assert page == report.with_table(page, table([*published(), *peers])), (
        "run `python tests/accounts_report.py --write`"
    )


def test_the_lock_names_no_registry() -> None:
    assert "resolved" not in (ROOT / "tests/peers/package-lock.json").read_text("utf-8")
