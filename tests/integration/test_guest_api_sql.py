"""SQL databases, as handlers use them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from integration.guest_apps import ALICE, APPS, BOB, App, running
from proven.wire.values import UNDEFINED, BigInt

pytestmark = pytest.mark.asyncio(loop_scope="module")

NFT = "resource_1qlq38wvrvh5m4kaz6etaac4389qtuycnp89atc8acdfi"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[App]:
    async with running(APPS / "api", tmp_path_factory.mktemp("sql")) as app:
        yield app


@pytest_asyncio.fixture(loop_scope="module")
async def users(app: App) -> None:
    """Two users, and nothing else."""
    await app.call("sql.execute", "DELETE FROM users")
    await app.call("sql.execute", "DELETE FROM anything")
    for email in ("alice@example.com", "bob@example.com"):
        assert await app.call("sql.insert", email) == 1


async def test_rows_are_an_array_of_objects(app: App, users: None) -> None:
    assert await app.call("sql.all") == [
        {"id": 1, "email": "alice@example.com", "name": None},
        {"id": 2, "email": "bob@example.com", "name": None},
    ]


async def test_rows_have_the_shape_of_upstream(app: App, users: None) -> None:
    assert await app.call("sql.byUpstreamsRows") == {
        "length": 2,
        "first": "alice@example.com",
        "none": UNDEFINED,
        "columns": ["id", "email", "name"],
        "mapped": ["0:alice@example.com", "1:bob@example.com"],
        "filtered": 1,
        "seen": ["alice@example.com", "bob@example.com"],
        "spread": 2,
        "allRows": 2,
        "isArray": True,
        "enumerable": ["0", "1"],
    }


async def test_migrations_apply_in_order_across_declarations(app: App, users: None) -> None:
    assert await app.call("sql.throughTheOther") == [{"name": None}]


@pytest.mark.parametrize(
    "value",
    [None, 0, -5, 1.5, "text ☀", "", b"\x00\xff", b"", 2**53 - 1, BigInt(2**62), BigInt(-(2**63))],
)
async def test_a_value_comes_back_as_what_it_was(app: App, users: None, value: Any) -> None:
    assert await app.call("sql.values", value, None, None) == [value, None, None]


async def test_a_boolean_is_stored_as_a_number(app: App, users: None) -> None:
    assert await app.call("sql.values", True, False, BigInt(5)) == [1, 0, 5]


@pytest.mark.parametrize("value", [UNDEFINED, [1], {"a": 1}, BigInt(2**63), BigInt(-(2**63) - 1)])
async def test_other_values_are_refused(app: App, users: None, value: Any) -> None:
    assert await app.code("sql.values", value, None, None) in ("UNSUPPORTED_VALUE", "BAD_REQUEST")


async def test_a_parameter_is_a_value_and_never_sql(app: App, users: None) -> None:
    evil = "x'; DROP TABLE users; --"
    assert await app.call("sql.insert", evil) == 1
    rows = await app.call("sql.query", "SELECT email FROM users WHERE email = :email", {"email": evil})
    assert rows == [{"email": evil}]
    assert len(await app.call("sql.all")) == 3


async def test_parameters_whose_names_begin_alike_stay_apart(app: App, users: None) -> None:
    rows = await app.call("sql.query", "SELECT :a AS x, :ab AS y, ':a' AS z", {"a": 1, "ab": 2})
    assert rows == [{"x": 1, "y": 2, "z": ":a"}]


async def test_columns_may_have_any_name(app: App) -> None:
    names = '1 AS "__proto__", 2 AS "constructor", 3 AS "toString", 4 AS "length"'
    (row,) = await app.call("sql.query", f"SELECT {names}")
    assert row == {"__proto__": 1, "constructor": 2, "toString": 3, "length": 4}


async def test_execute_tells_how_many_rows_changed(app: App, users: None) -> None:
    assert await app.call("sql.execute", "UPDATE users SET name = 'x'") == 2
    assert await app.call("sql.execute", "DELETE FROM users WHERE id = 1000") == 0
    assert await app.call("sql.plain", "DELETE FROM users WHERE id = 1") == 1


async def test_a_batch_happens_whole_or_not_at_all(app: App, users: None) -> None:
    assert await app.call("sql.batch", ["c@example.com", "d@example.com"]) == [1, 1]
    assert await app.code("sql.batch", ["e@example.com", "c@example.com"]) == "SQL_ERROR"
    assert len(await app.call("sql.all")) == 4


async def test_a_transaction_spans_database_and_store(app: App, users: None) -> None:
    assert await app.call("sql.insertBoth", "c@example.com", False) == 1
    assert "changed my mind" in (await app.error("sql.insertBoth", "d@example.com", True)).message
    assert await app.call("sql.lastBeside") == "c@example.com"
    assert [row["email"] for row in await app.call("sql.all")][2:] == ["c@example.com"]


async def test_a_database_can_first_be_used_in_a_transaction(app: App) -> None:
    assert "changed my mind" in (await app.error("transactional.firstUse", True)).message
    assert await app.call("transactional.count") == 0
    await app.call("transactional.firstUse", False)
    assert await app.call("transactional.count") == 1


async def test_full_text_json_windows_and_common_table_expressions_work(app: App) -> None:
    await app.call("sql.execute", "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(text)")
    await app.call("sql.execute", "INSERT INTO words VALUES ('the quick brown fox')")
    assert len(await app.call("sql.query", "SELECT * FROM words WHERE words MATCH 'quick'")) == 1
    statement = """WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 3)
                   SELECT json_group_array(i) AS j, sum(i) AS s FROM n"""
    assert await app.call("sql.query", statement) == [{"j": "[1,2,3]", "s": 6}]


@pytest.mark.parametrize(
    "statement",
    [
        "ATTACH '/tmp/other.db' AS other",
        "PRAGMA journal_mode",
        "PRAGMA key",
        "SELECT load_extension('x')",
        "VACUUM INTO '/tmp/copy.db'",
        "BEGIN",
        "COMMIT",
        "SAVEPOINT s",
        "SELECT 1; DROP TABLE users",
        "CREATE TEMP TABLE t (a)",
        "SELECT * FROM pragma_database_list",
    ],
)
async def test_statements_that_leave_the_database_are_denied(app: App, users: None, statement: str) -> None:
    assert await app.code("sql.execute", statement) in ("SQL_DENIED", "SQL_ERROR")
    assert await app.code("sql.query", statement) in ("SQL_DENIED", "SQL_ERROR")
    assert len(await app.call("sql.all")) == 2


@pytest.mark.parametrize(
    ("statement", "parameters", "code"),
    [
        ("SELEKT 1", {}, "SQL_ERROR"),
        ("SELECT * FROM nothing", {}, "SQL_ERROR"),
        ("INSERT INTO users (email) VALUES (NULL)", {}, "SQL_ERROR"),
        ("SELECT :a", {}, "BAD_REQUEST"),
        ("SELECT zeroblob(1000000000)", {}, "TOO_LARGE"),
        (
            "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
            {},
            "TOO_LARGE",
        ),
    ],
)
async def test_what_goes_wrong_has_a_code(
    app: App, users: None, statement: str, parameters: dict[str, Any], code: str
) -> None:
    assert await app.code("sql.query", statement, parameters) == code


@pytest.mark.parametrize("statement", [1, None, {}, [], {"statement": 1}, UNDEFINED])
async def test_a_statement_is_text_or_what_sql_makes(app: App, statement: Any) -> None:
    assert "expected SQL text" in (await app.error("sql.queryAnything", statement)).message


async def test_everyone_has_a_database_of_their_own(app: App) -> None:
    await app.call("sql.insertOwn", "alice@example.com", identity=ALICE)
    await app.call("sql.insertOwn", "bob@example.com", identity=BOB)
    assert await app.call("sql.allOwn", identity=ALICE) == [{"email": "alice@example.com"}]
    assert await app.call("sql.allOwn", identity=BOB) == [{"email": "bob@example.com"}]
    assert await app.code("sql.allOwn") == "NO_IDENTITY"


async def test_the_database_of_an_nft_is_its_owners(app: App) -> None:
    app.ownership.grant(ALICE, NFT, "#7#")
    assert await app.call("sql.nftRoundTrip", NFT, 7, "a@example.com", identity=ALICE) == [
        1,
        ["a@example.com"],
    ]
    assert await app.code("sql.nftRoundTrip", NFT, 7, "b@example.com", identity=BOB) == "NOT_OWNER"
    assert await app.code("sql.nftRoundTrip", NFT, 8, "b@example.com", identity=ALICE) == "NOT_OWNER"


async def test_a_migration_is_declared_at_the_top_level_only(app: App) -> None:
    assert "top-level" in (await app.error("sql.migrateLate")).message


async def test_an_edited_migration_is_an_error(tmp_path: Path) -> None:
    async with running(APPS / "api", tmp_path / "first") as app:
        assert await app.call("sql.insert", "a@example.com") == 1
    (tmp_path / "second").mkdir()
    (tmp_path / "first" / "data").rename(tmp_path / "second" / "data")

    def edit(source: str) -> str:
        return source.replace("email TEXT NOT NULL UNIQUE", "email TEXT UNIQUE")

    async with running(APPS / "api", tmp_path / "second", edit=edit) as app:
        assert await app.code("sql.all") == "MIGRATION_CHANGED"
