"""The SQL of migrations is found again behind the hashes in a manifest, in source that may be hostile."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from proven.packages import Package, Registry, build, read_statements, statements

FIRST, SECOND = "CREATE TABLE t (\n  id INTEGER\n)", "INSERT INTO t VALUES (1)"
MODULE = f"""
import {{ run }} from '@proven-network/handler';
import {{ getApplicationDb }} from '@proven-network/sql';
const db = getApplicationDb('shop').migrate(`{FIRST}`).migrate({SECOND!r});
export const all = run(() => db.query('SELECT 1'));
"""


@pytest.fixture
def built(app: Callable[[Mapping[str, str]], Path], offline: Registry) -> Callable[..., Package]:
    def built(**modules: str) -> Package:
        return build(app({f"src/{name}.ts": source for name, source in modules.items()}), registry=offline)

    return built


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_statements_are_found_by_their_hashes(built: Callable[..., Package]) -> None:
    other = MODULE.replace("shop", "other").replace("VALUES (1)", "VALUES (2)").replace("all", "some")
    assert read_statements(built(app=MODULE, other=other)) == {
        hash_of(FIRST): FIRST,
        hash_of(SECOND): SECOND,
        hash_of("INSERT INTO t VALUES (2)"): "INSERT INTO t VALUES (2)",
    }


def test_large_modules_are_not_read_and_long_texts_not_kept(
    built: Callable[..., Package], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_statements(built(app=MODULE + "// " + "x" * statements.MAX_MODULE)) == {}
    monkeypatch.setattr(statements, "MAX_TEXT", len(FIRST) + 1)
    assert read_statements(built(app=MODULE)) == {hash_of(FIRST): FIRST}


def test_source_that_parses_slowly_takes_little_time(built: Callable[..., Package]) -> None:
    slow = MODULE + "export const list = [" + "a<b," * 3_500 + "0] as unknown;\ndeclare const a: 1, b: 2;\n"
    package = built(app=slow, last=MODULE.replace("shop", "other").replace("all", "some"))
    begun = time.thread_time()
    read_statements(package)
    assert time.thread_time() - begun < 10 * statements.MAX_SECONDS
