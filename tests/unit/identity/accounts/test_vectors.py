"""This node says of the published vectors what their authors say."""

from __future__ import annotations

import pytest

from support.account_vectors import Row, published

ROWS = list(published())


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.standard}: {row.what}" for row in ROWS])
def test_published_vectors(row: Row) -> None:
    assert row.cases > 0
    assert row.differences == []
