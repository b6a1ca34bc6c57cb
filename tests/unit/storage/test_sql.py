from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from proven.storage import Scope, ScopeStore, Storage
from proven.storage.records import SqlParameters
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId

from .conftest import APPLICATION, OpenStorage

DB = "main"


@pytest.fixture
async def table(store: ScopeStore) -> ScopeStore:
    await store.sql_execute(DB, "CREATE TABLE t (id INTEGER PRIMARY KEY, x)")
    return store


async def code_of(store: ScopeStore, sql: str, parameters: SqlParameters = ()) -> ErrorCode:
    with pytest.raises(ProvenError) as caught:
        await store.sql_execute(DB, sql, parameters)
    return caught.value.code


@pytest.mark.parametrize(
    "value", [None, 0, -(2**63), 2**63 - 1, 1.5, "", "é\0x", b"", b"\0\xff", "'; DROP TABLE t; --"]
)
async def test_values_are_bound_as_they_are(table: ScopeStore, value: object) -> None:
    await table.sql_execute(DB, "INSERT INTO t (x) VALUES (?)", [value])
    rows = await table.sql_query(DB, "SELECT x FROM t WHERE x IS :x", {"x": value})
    assert rows.columns == ["x"]
    assert rows.rows == [(value,)]


@pytest.mark.parametrize("prefix", ["", ":", "@", "$"])
async def test_named_parameters_are_found_with_and_without_their_sign(table: ScopeStore, prefix: str) -> None:
    sign = prefix or ":"
    rows = await table.sql_query(DB, f"SELECT {sign}a, {sign}a", {f"{prefix}a": 1, "unused": 2})
    assert rows.rows == [(1, 1)]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ([2**63], "parameter 1 is an integer of more than 64 bits"),
        ({"a": -(2**63) - 1}, "parameter :a is an integer"),
        ([object()], "parameter 1 is a object"),
        (["\ud800"], "lone surrogate"),
        ({}, "parameter :a is missing"),
    ],
)
async def test_a_value_that_sqlite_cannot_hold_is_named(
    table: ScopeStore, parameters: SqlParameters, message: str
) -> None:
    with pytest.raises(ProvenError, match=message) as caught:
        await table.sql_query(DB, "SELECT :a", parameters)
    assert caught.value.code is ErrorCode.BAD_REQUEST


async def test_columns_are_named_even_without_rows(table: ScopeStore) -> None:
    rows = await table.sql_query(DB, "SELECT id, x AS y FROM t")
    assert (rows.columns, rows.rows) == (["id", "y"], [])


async def test_a_statement_tells_what_it_did(table: ScopeStore) -> None:
    result = await table.sql_execute(DB, "INSERT INTO t (x) VALUES (1), (2) RETURNING id, x")
    assert (result.changes, result.last_insert_rowid) == (2, 2)
    assert result.rows is not None
    assert result.rows.rows == [(1, 1), (2, 2)]
    assert (await table.sql_execute(DB, "CREATE TABLE other (a)")).changes == 0
    assert (await table.sql_execute(DB, "UPDATE t SET x = 0")).changes == 2


async def test_what_applications_need_of_sqlite_works(store: ScopeStore) -> None:
    for sql in (
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT, at TEXT DEFAULT CURRENT_TIMESTAMP)",
        "CREATE VIRTUAL TABLE search USING fts5(body, content='t', content_rowid='id')",
        "CREATE TRIGGER t_added AFTER INSERT ON t BEGIN"
        " INSERT INTO search(rowid, body) VALUES (new.id, new.body); END",
        "CREATE VIEW shouted AS SELECT upper(body) AS body FROM t",
        "CREATE VIRTUAL TABLE area USING rtree(id, x0, x1)",
        "INSERT INTO t (body) VALUES ('the quick fox'), ('a slow dog')",
        "ALTER TABLE t ADD COLUMN extra",
        "ALTER TABLE t RENAME COLUMN extra TO more",
        "ALTER TABLE t DROP COLUMN more",
        "CREATE INDEX t_body ON t (lower(body))",
        "ANALYZE",
        "REINDEX",
        "INSERT INTO search(search) VALUES ('optimize')",
        "CREATE TABLE IF NOT EXISTS doomed (a)",
        "ALTER TABLE doomed RENAME TO gone",
        "DROP TABLE gone",
    ):
        await store.sql_execute(DB, sql)
    for sql, expected in {
        "SELECT body FROM search WHERE search MATCH 'quick' ORDER BY rank": "the quick fox",
        "SELECT highlight(search, 0, '<', '>') FROM search WHERE search MATCH 'dog'": "a slow <dog>",
        "SELECT body FROM shouted ORDER BY 1 LIMIT 1": "A SLOW DOG",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 4) SELECT sum(i) FROM n": 10,
        "SELECT json_extract('{\"a\":[1,2]}', '$.a[1]')": 2,
        "SELECT sum(value) FROM json_each('[1,2,3]')": 6,
        "SELECT '{\"a\":1}' ->> 'a'": 1,
        "SELECT group_concat(body ORDER BY id) FROM t": "the quick fox,a slow dog",
        "SELECT row_number() OVER (ORDER BY id DESC) FROM t WHERE id = 1": 1,
        "SELECT count(*) FROM sqlite_master WHERE name LIKE '%proven%'": 0,
        "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid LIMIT 1": "t",
    }.items():
        assert (await store.sql_query(DB, sql)).rows[0][0] == expected


async def test_foreign_keys_are_enforced(store: ScopeStore) -> None:
    await store.sql_execute(DB, "CREATE TABLE a (id INTEGER PRIMARY KEY)")
    await store.sql_execute(DB, "CREATE TABLE b (a REFERENCES a)")
    assert await code_of(store, "INSERT INTO b VALUES (7)") is ErrorCode.SQL_ERROR


@pytest.mark.parametrize(
    "sql",
    [
        "ATTACH DATABASE '/tmp/other.db' AS other",
        "ATTACH ':memory:' AS other",
        "DETACH DATABASE main",
        "VACUUM",
        "PRAGMA key",
        "PRAGMA rekey = 'x'",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA writable_schema = ON",
        "PRAGMA max_page_count = 1",
        "PRAGMA table_info(t)",
        "PRAGMA database_list",
        "PRAGMA data_version = 1",
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM pragma_table_info('t')",
        "SELECT * FROM pragma_module_list()",
        "SELECT load_extension('/tmp/x.so')",
        "SELECT sqlite3mc_codec_data('salt')",
        "SELECT sqlite3mc_config('cipher')",
        "SELECT sqlite3mc_version()",
        "SELECT fts3_tokenizer('simple')",
        "SELECT sqlite_log(1, 'x')",
        "SELECT sqlite_compileoption_get(1)",
        "SELECT * FROM dbstat",
        "SELECT count(*) FROM dbstat",
        "CREATE VIRTUAL TABLE d USING dbstat(main)",
        "CREATE VIRTUAL TABLE f USING fts3(x)",
        "CREATE VIRTUAL TABLE f USING fts4(x)",
        "CREATE TEMP TABLE x (a)",
        "CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END",
        "CREATE TEMP VIEW x AS SELECT 1",
        "CREATE TABLE temp.x (a)",
        "INSERT INTO sqlite_temp_master VALUES (1, 2, 3, 4, 5)",
        "UPDATE sqlite_temp_master SET sql = ''",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT x",
        "RELEASE x",
        "EXPLAIN ATTACH ':memory:' AS x",
        "CREATE VIEW v AS SELECT load_extension('x') FROM t",
    ],
)
async def test_sql_stays_inside_its_own_file(table: ScopeStore, sql: str) -> None:
    if "CREATE VIEW v" in sql:  # stored unseen, refused when it would run
        await table.sql_execute(DB, sql)
        sql = "SELECT * FROM v"
    assert await code_of(table, sql) in (ErrorCode.SQL_DENIED, ErrorCode.SQL_ERROR)
    with pytest.raises(ProvenError) as caught:
        await table.sql_query(DB, sql)
    assert caught.value.code in (ErrorCode.SQL_DENIED, ErrorCode.SQL_ERROR)
    assert (await table.sql_query(DB, "SELECT count(*) FROM t")).rows == [(0,)]


@pytest.mark.parametrize(
    "sql",
    [
        "ATTACH ':memory:' AS other",
        "PRAGMA user_version",
        "SELECT * FROM pragma_database_list",
        "SELECT load_extension('x')",
        "SELECT sqlite3mc_codec_data('salt')",
        "SELECT * FROM dbstat",
        "CREATE TEMP TABLE x (a)",
        "BEGIN",
    ],
)
async def test_what_is_not_allowed_says_so(table: ScopeStore, sql: str) -> None:
    assert await code_of(table, sql) is ErrorCode.SQL_DENIED


@pytest.mark.parametrize("sql", ["VACUUM INTO '{}'", "ATTACH '{}' AS x", "SELECT writefile('{}', 'x')"])
async def test_sql_creates_no_file(table: ScopeStore, tmp_path: Path, sql: str) -> None:
    target = tmp_path / "created"
    for attempt in (table.sql_query, table.sql_execute):
        with pytest.raises(ProvenError):
            await attempt(DB, sql.format(target))
    assert not target.exists()


async def test_the_stores_own_statements_do_not_open_a_way_for_the_applications(table: ScopeStore) -> None:
    await asyncio.gather(*(table.sql_execute(DB, "INSERT INTO t (x) VALUES (1)") for _ in range(4)))
    for sql in ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK", "SAVEPOINT operation", "PRAGMA page_count"):
        assert await code_of(table, sql) is ErrorCode.SQL_DENIED


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE sqlite_master SET sql = ''",
        "DELETE FROM sqlite_schema",
        "INSERT INTO search_data VALUES (1, x'00')",
        "SELECT readfile('/etc/passwd')",
        "SELECT writefile('/tmp/x', 'y')",
        "SELECT edit('x')",
        "SELECT * FROM generate_series(1, 2)",
        "SELECT * FROM sqlite_dbpage",
        "SELECT * FROM sqlite_stmt",
        "SELEC",
        "SELECT nope",
        "INSERT INTO t VALUES (1, 2, 3)",
    ],
)
async def test_what_sqlite_refuses_is_an_sql_error(table: ScopeStore, sql: str) -> None:
    await table.sql_execute(DB, "CREATE VIRTUAL TABLE search USING fts5(body)")
    assert await code_of(table, sql) in (ErrorCode.SQL_ERROR, ErrorCode.SQL_DENIED)


async def test_an_error_carries_sqlites_message_and_no_path(table: ScopeStore) -> None:
    await table.sql_execute(DB, "INSERT INTO t VALUES (1, 1)")
    with pytest.raises(ProvenError) as caught:
        await table.sql_execute(DB, "INSERT INTO t VALUES (1, 1)")
    assert "UNIQUE constraint failed: t.id" in caught.value.message
    with pytest.raises(ProvenError) as caught:
        await table.sql_query(DB, "SELECT * FROM missing")
    assert caught.value.message == "no such table: missing"


async def test_a_second_statement_is_refused_and_the_first_taken_back(table: ScopeStore) -> None:
    assert await code_of(table, "INSERT INTO t (x) VALUES (1); DROP TABLE t") is ErrorCode.SQL_DENIED
    assert (await table.sql_query(DB, "SELECT count(*) FROM t")).rows == [(0,)]
    await table.sql_execute(DB, "INSERT INTO t (x) VALUES (1); -- a comment ;")


async def test_a_query_does_not_write(table: ScopeStore) -> None:
    with pytest.raises(ProvenError, match="use execute") as caught:
        await table.sql_query(DB, "INSERT INTO t (x) VALUES (1) RETURNING id")
    assert caught.value.code is ErrorCode.SQL_ERROR
    assert (await table.sql_query(DB, "SELECT count(*) FROM t")).rows == [(0,)]


async def test_a_statement_that_undoes_the_transaction_takes_no_neighbour_with_it(table: ScopeStore) -> None:
    await table.sql_execute(DB, "INSERT INTO t VALUES (1, 'taken')")
    inserts = [table.sql_execute(DB, "INSERT INTO t VALUES (?, 'new')", [index]) for index in range(10, 20)]
    bad = table.sql_execute(DB, "INSERT OR ROLLBACK INTO t VALUES (1, 'again')")
    outcomes = await asyncio.gather(*inserts[:5], bad, *inserts[5:], return_exceptions=True)
    assert [index for index, outcome in enumerate(outcomes) if isinstance(outcome, Exception)] == [5]
    assert (await table.sql_query(DB, "SELECT count(*) FROM t")).rows == [(11,)]


async def test_a_batch_is_all_or_nothing(table: ScopeStore) -> None:
    with pytest.raises(ProvenError):
        await table.sql_batch(
            DB, [("INSERT INTO t VALUES (?, 1)", [1]), ("INSERT INTO t VALUES (?, 1)", [1])]
        )
    assert (await table.sql_query(DB, "SELECT count(*) FROM t")).rows == [(0,)]
    results = await table.sql_batch(DB, [("INSERT INTO t VALUES (?, 1)", [1]), ("DELETE FROM t", [])])
    assert [result.changes for result in results] == [1, 1]


async def test_databases_with_tables_of_the_same_name_are_apart(store: ScopeStore) -> None:
    for name in ("one", "two"):
        await store.sql_execute(name, "CREATE TABLE t AS SELECT ? AS x", [name])
    for name in ("one", "two"):
        assert (await store.sql_query(name, "SELECT x FROM t")).rows == [(name,)]


async def test_a_scope_has_a_bounded_number_of_databases(open_storage: OpenStorage) -> None:
    store = await (await open_storage(max_databases_per_scope=2)).scope(Scope.application(APPLICATION))
    for name in ("one", "two"):
        await store.sql_query(name, "SELECT 1")
    with pytest.raises(ProvenError) as caught:
        await store.sql_query("three", "SELECT 1")
    assert caught.value.code is ErrorCode.QUOTA_EXCEEDED
    assert (await store.sql_query("two", "SELECT 1")).rows == [(1,)]


FOREVER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


async def test_a_statement_without_end_is_stopped(open_storage: OpenStorage) -> None:
    unhurried = await open_storage()
    await (await unhurried.scope(Scope.application(APPLICATION))).sql_execute(DB, "CREATE TABLE t (x)")
    await unhurried.close()
    hurried = await open_storage(statement_timeout=0.1)
    store = await hurried.scope(Scope.application(APPLICATION))
    with pytest.raises(ProvenError) as caught:
        await store.sql_query(DB, FOREVER)
    assert caught.value.code is ErrorCode.REQUEST_TIMEOUT
    assert await code_of(store, f"INSERT INTO t {FOREVER}") is ErrorCode.REQUEST_TIMEOUT
    expensive = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
    expensive += " SELECT sum(length(replace(hex(zeroblob(1000000)), '0', 'ab'))) FROM n"
    assert await code_of(store, expensive) is ErrorCode.REQUEST_TIMEOUT
    await hurried.close()
    store = await (await open_storage()).scope(Scope.application(APPLICATION))
    assert (await store.sql_query(DB, "SELECT count(*) FROM t")).rows == [(0,)]


async def test_a_cancelled_statement_is_stopped(open_storage: OpenStorage) -> None:
    storage = await open_storage(statement_timeout=60.0)
    store = await storage.scope(Scope.application(APPLICATION))
    running = asyncio.ensure_future(store.sql_query(DB, FOREVER))
    await store.sql_query(DB, "SELECT 1")
    running.cancel()
    async with asyncio.timeout(60):
        with pytest.raises(asyncio.CancelledError):
            await running
        await storage.close()


async def test_statements_that_use_too_much_memory_are_stopped(open_storage: OpenStorage) -> None:
    storage = await open_storage(sql_memory=32 << 20, statement_timeout=60.0)
    store = await storage.scope(Scope.application(APPLICATION))
    hungry = "WITH RECURSIVE n(i, b) AS (SELECT 1, randomblob(1000000) UNION ALL"
    hungry += " SELECT i + 1, randomblob(1000000) FROM n LIMIT 400) SELECT i, length(b) FROM n ORDER BY b"
    with pytest.raises(ProvenError) as caught:
        await store.sql_query(DB, hungry)
    assert caught.value.code is ErrorCode.TOO_LARGE
    assert (await store.sql_query(DB, "SELECT 1")).rows == [(1,)]


@pytest.mark.parametrize(
    "sql", ["SELECT zeroblob(1000000000)", "INSERT INTO t (x) VALUES (zeroblob(1000000000))"]
)
async def test_a_row_of_a_gigabyte_is_refused(table: ScopeStore, sql: str) -> None:
    assert await code_of(table, sql) is ErrorCode.TOO_LARGE


async def test_results_statements_and_parameters_have_bounds(open_storage: OpenStorage) -> None:
    storage = await open_storage(
        max_result_rows=10, max_result_bytes=1000, max_statement_bytes=500, max_row_bytes=2000
    )
    store = await storage.scope(Scope.application(APPLICATION))
    series = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT i FROM n"
    assert len((await store.sql_query(DB, series, [10])).rows) == 10
    assert await code_of(store, series, [11]) is ErrorCode.TOO_LARGE
    assert await code_of(store, "SELECT hex(zeroblob(600))") is ErrorCode.TOO_LARGE
    assert await code_of(store, f"SELECT 1{' ' * 500}") is ErrorCode.TOO_LARGE
    assert await code_of(store, "SELECT length(?)", [bytes(2001)]) is ErrorCode.TOO_LARGE


async def test_one_application_does_not_take_every_thread(open_storage: OpenStorage) -> None:
    storage = await open_storage(sql_threads=2, statement_timeout=60.0)
    greedy = await storage.scope(Scope.application(APPLICATION))
    running = [asyncio.ensure_future(greedy.sql_query(DB, FOREVER)) for _ in range(4)]
    other = await storage.scope(Scope.application(ApplicationId("b" * 32)))
    async with asyncio.timeout(60):
        assert (await other.sql_query(DB, "SELECT 1")).rows == [(1,)]
    for query in running:
        query.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def test_migrations_run_once_in_order(open_storage: OpenStorage) -> None:
    migrations = ["CREATE TABLE t (x); INSERT INTO t VALUES (1)", "INSERT INTO t SELECT x + 1 FROM t"]
    store = await (await open_storage()).scope(Scope.application(APPLICATION))
    assert await store.sql_migrate(DB, migrations[:1]) == 1
    assert await store.sql_migrate(DB, migrations) == 1
    assert await store.sql_migrate(DB, migrations) == 0
    assert (await store.sql_query(DB, "SELECT x FROM t")).rows == [(1,), (2,)]


async def test_migrations_are_remembered_over_restarts(open_storage: OpenStorage) -> None:
    for expected in (1, 0):
        storage: Storage = await open_storage()
        store = await storage.scope(Scope.application(APPLICATION))
        assert await store.sql_migrate(DB, ["CREATE TABLE t (x)"]) == expected
        await storage.close()


async def test_a_migration_that_was_edited_is_an_error(store: ScopeStore) -> None:
    await store.sql_migrate(DB, ["CREATE TABLE t (x)", "CREATE TABLE u (x)"])
    with pytest.raises(ProvenError) as caught:
        await store.sql_migrate(DB, ["CREATE TABLE t (x)", "CREATE TABLE u (x, y)", "CREATE TABLE v (x)"])
    assert caught.value.code is ErrorCode.MIGRATION_CHANGED
    assert caught.value.details == {"position": 2}
    assert await store.sql_migrate(DB, ["CREATE TABLE t (x)"]) == 0, "an older version still draining is fine"


async def test_a_migration_that_fails_leaves_those_before_it_and_nothing_of_itself(store: ScopeStore) -> None:
    with pytest.raises(ProvenError) as caught:
        await store.sql_migrate(DB, ["CREATE TABLE a (x)", "CREATE TABLE b (x); SELECT nope FROM nowhere"])
    assert caught.value.code is ErrorCode.SQL_ERROR
    names = (await store.sql_query(DB, "SELECT name FROM sqlite_master")).rows
    assert names == [("a",)]
    assert await store.sql_migrate(DB, ["CREATE TABLE a (x)", "CREATE TABLE b (x)"]) == 1


async def test_migrations_obey_the_rules_of_sql(store: ScopeStore) -> None:
    with pytest.raises(ProvenError) as caught:
        await store.sql_migrate(DB, ["CREATE TABLE a (x); COMMIT; ATTACH ':memory:' AS b"])
    assert caught.value.code is ErrorCode.SQL_DENIED
    assert (await store.sql_query(DB, "SELECT count(*) FROM sqlite_master")).rows == [(0,)]


async def test_concurrent_migrations_apply_each_once(store: ScopeStore) -> None:
    migrations = ["CREATE TABLE t (x)", "INSERT INTO t VALUES (1)"]
    counts = await asyncio.gather(*(store.sql_migrate(DB, migrations) for _ in range(5)))
    assert sum(counts) >= 2
    assert (await store.sql_query(DB, "SELECT count(*) FROM t")).rows == [(1,)]
