"""The SQL functions that this store has versions of its own of: the same results, in bounded time."""

from __future__ import annotations

import threading

import apsw
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proven.storage import StorageConfig
from proven.storage._sql import protect

MIB = 1024 * 1024
VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(alphabet="aab é€😀", max_size=8),
    st.binary(max_size=4).map(lambda value: bytes(byte & 0x7F for byte in value)),
)


def protected() -> apsw.Connection:
    connection = apsw.Connection(":memory:")
    protect(connection, StorageConfig())
    return connection


OURS, SQLITES = protected(), apsw.Connection(":memory:")


@given(VALUES, VALUES, VALUES)
@example(b"\0", b"\0", None)
@example("a\0b", "b\0a", None)
@pytest.mark.parametrize(
    "call",
    [
        "instr(?1, ?2)",
        "replace(?1, ?2, ?3)",
        "trim(?1)",
        "trim(?1, ?2)",
        "ltrim(?1)",
        "ltrim(?1, ?2)",
        "rtrim(?1)",
        "rtrim(?1, ?2)",
    ],
)
def test_they_give_what_sqlite_gives(call: str, one: object, two: object, three: object) -> None:
    statement = f"SELECT {call}, typeof({call}), ?1, ?2, ?3"
    values = (one, two, three)
    assert OURS.execute(statement, values).fetchall() == SQLITES.execute(statement, values).fetchall()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT instr(zeroblob(8000000), zeroblob(4000000) || x'01')",
        "SELECT instr(hex(zeroblob(4000000)), hex(zeroblob(2000000)) || '1')",
        "SELECT length(replace(hex(zeroblob(4000000)), hex(zeroblob(2000000)) || '1', ''))",
        "SELECT length(trim(hex(zeroblob(500000)), replace(hex(zeroblob(500000)), '0', 'é') || '0'))",
        "SELECT hex(zeroblob(2000000)) LIKE '%' || hex(zeroblob(95)) || '1%'",
    ],
)
def test_no_function_keeps_a_thread(statement: str) -> None:
    connection = protected()
    running = threading.Thread(target=lambda: connection.execute(statement).fetchall(), daemon=True)
    running.start()
    running.join(20)
    assert not running.is_alive()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 'a' LIKE '%' || hex(zeroblob(500)) || '%'",
        "SELECT json_set('{}'" + ", '$.a', 1" * 100 + ")",
        "SELECT replace(hex(zeroblob(500000)), '0', hex(zeroblob(500000)))",
    ],
)
def test_what_would_take_too_long_or_too_much_is_an_error(statement: str) -> None:
    with pytest.raises(apsw.Error):
        protected().execute(statement).fetchall()


def test_they_can_be_used_in_the_schema() -> None:
    connection = protected()
    connection.execute(
        "CREATE TABLE t(name TEXT, short TEXT GENERATED ALWAYS AS (trim(name)) STORED);"
        "CREATE INDEX by_at ON t(instr(name, '@'));"
        "CREATE VIEW v AS SELECT replace(short, 'a', 'b') AS other FROM t;"
        "INSERT INTO t(name) VALUES (' a@c ')"
    )
    assert connection.execute("SELECT other FROM v WHERE other LIKE 'b%'").fetchall() == [("b@c",)]
