"""SQL and paths that callers make up: they reach what the handler may reach, and nothing beside it."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from proven.client import Client
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import new_seed
from support.node import Node, running_node

pytestmark = pytest.mark.asyncio(loop_scope="module")

INTACT = {"users": ["ada:1", "bob:0"], "secrets": ["of the other database"]}


@dataclass
class Stage:
    node: Node
    directory: Path
    caller: Client

    async def failure(self, handler: str, *arguments: Any) -> ProvenError:
        with pytest.raises(ProvenError) as caught:
            await self.caller.call(handler, *arguments)
        return caught.value

    async def is_intact(self) -> bool:
        return bool(await self.caller.call("intact") == INTACT)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    directory = tmp_path_factory.mktemp("node")
    async with running_node(directory) as node:
        caller = await node.connect(await node.deploy("data"), identity=new_seed())
        await caller.call("setUp")
        yield Stage(node, directory, caller)


@pytest.mark.parametrize("handler", ["query", "execute", "batch"])
@pytest.mark.parametrize(
    "statement",
    [
        "ATTACH DATABASE ':memory:' AS stolen",
        "ATTACH DATABASE '/etc/passwd' AS stolen",
        "ATTACH 'file:/tmp/x?mode=rwc' AS stolen",
        "DETACH DATABASE main",
        "PRAGMA key",
        "PRAGMA rekey = 'x'",
        "PRAGMA database_list",
        "PRAGMA journal_mode = OFF",
        "PRAGMA writable_schema = ON",
        "PRAGMA max_page_count = 1000000000",
        "PRAGMA temp_store_directory = '/tmp'",
        "VACUUM INTO '/tmp/stolen.db'",
        "VACUUM",
        "SELECT load_extension('/tmp/evil.so')",
        "SELECT readfile('/etc/passwd')",
        "SELECT writefile('/tmp/x', 'y')",
        "SELECT fts3_tokenizer('simple', x'00')",
        "SELECT sqlite3mc_config('cipher')",
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM dbstat",
        "SELECT * FROM sqlite_dbpage",
        "CREATE VIRTUAL TABLE stolen USING csv(filename='/etc/passwd')",
        "BEGIN",
        "COMMIT",
        "SAVEPOINT s",
        "ROLLBACK",
        "UPDATE sqlite_schema SET sql = 'x'",
        "DELETE FROM other.secrets",
        "SELECT * FROM secrets",
        "EXPLAIN ATTACH ':memory:' AS x",
    ],
)
async def test_a_statement_reaches_nothing_but_its_own_database(
    stage: Stage, handler: str, statement: str
) -> None:
    error = await stage.failure(handler, statement)
    assert error.code in (ErrorCode.SQL_DENIED, ErrorCode.SQL_ERROR)
    assert str(stage.directory) not in f"{error.message} {error.details}"
    assert await stage.is_intact()


@pytest.mark.parametrize(
    ("create", "use", "drop"),
    [
        (
            "CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT load_extension('x'); END",
            "INSERT INTO users (name) VALUES ('eve')",
            "DROP TRIGGER t",
        ),
        ("CREATE VIEW v AS SELECT load_extension('x')", "SELECT * FROM v", "DROP VIEW v"),
        ("CREATE VIEW v AS SELECT * FROM pragma_database_list", "SELECT * FROM v", "DROP VIEW v"),
    ],
)
async def test_what_triggers_and_views_reach_for_is_denied_where_they_are_used(
    stage: Stage, create: str, use: str, drop: str
) -> None:
    await stage.caller.call("execute", create)
    try:
        assert (await stage.failure("query", use)).code in (ErrorCode.SQL_DENIED, ErrorCode.SQL_ERROR)
    finally:
        await stage.caller.call("execute", drop)
    assert await stage.is_intact()


@pytest.mark.parametrize(
    "value",
    [
        "x'; DROP TABLE users; --",
        "' OR '1'='1",
        "ada'; UPDATE users SET admin = 1; SELECT '",
        'ada" OR 1=1 --',
        "ada\0' OR 1=1 --",
        ":name",
        "%",
        "ada' UNION SELECT id, sql FROM sqlite_schema --",
        b"ada",
        1,
        None,
    ],
)
async def test_a_parameter_is_a_value_whatever_it_says(stage: Stage, value: object) -> None:
    assert await stage.caller.call("findByName", value) == []
    assert await stage.caller.call("findByName", "ada") == ["ada"]
    assert await stage.is_intact()


@pytest.mark.parametrize("value", [{"toString": 1}, ["ada"], {"statement": "DROP TABLE users"}])
async def test_a_parameter_that_is_no_value_of_sql_is_refused(stage: Stage, value: Any) -> None:
    error = await stage.failure("findByName", value)
    assert error.code in (ErrorCode.BAD_REQUEST, ErrorCode.UNSUPPORTED_VALUE)
    assert await stage.is_intact()


@pytest.mark.parametrize("handler", ["query", "execute", "batch"])
@pytest.mark.parametrize("separator", ["; ", ";\n", "; --\n", ";/* */", ";;"])
async def test_a_second_statement_is_not_run(stage: Stage, handler: str, separator: str) -> None:
    injected = f"SELECT 1{separator}UPDATE users SET admin = 1"
    assert (await stage.failure(handler, injected)).code in (ErrorCode.SQL_DENIED, ErrorCode.SQL_ERROR)
    assert await stage.is_intact()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT zeroblob(1000000000)",
        "SELECT randomblob(1000000000)",
        "INSERT INTO users (name) VALUES (zeroblob(1000000000))",
        "INSERT INTO users (name) SELECT hex(zeroblob(500000000))",
        "SELECT printf('%.*c', 1000000000, 'x')",
        "SELECT group_concat(hex(zeroblob(1000000))) FROM "
        "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 500) SELECT i FROM n)",
    ],
)
async def test_a_row_of_a_gigabyte_is_refused(stage: Stage, statement: str) -> None:
    error = await stage.failure("query", statement)
    assert error.code in (ErrorCode.TOO_LARGE, ErrorCode.SQL_ERROR)
    assert await stage.is_intact()


async def test_a_statement_that_never_ends_is_stopped(stage: Stage) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    error = await stage.failure("query", endless)
    assert error.code in (ErrorCode.REQUEST_TIMEOUT, ErrorCode.HANDLER_TIMEOUT)
    assert await stage.is_intact()


@pytest.mark.parametrize(
    "name", ["../main", "main/../../x", "/etc/passwd", "main.db", ".", "x" * 128, "ｍain"]
)
async def test_a_database_name_is_a_name_and_no_path(stage: Stage, name: str) -> None:
    before = {path for path in stage.directory.parent.rglob("*") if stage.directory not in path.parents}
    assert await stage.caller.call("queryIn", name) == [{"1": 1}]
    after = {path for path in stage.directory.parent.rglob("*") if stage.directory not in path.parents}
    assert before == after
    assert await stage.is_intact()


ESCAPES = [
    "..",
    "../secret.txt",
    "../../../../../../etc/passwd",
    "a/../../secret.txt",
    "a/..",
    "./secret.txt",
    "a/./b",
    "a//b",
    "//etc/passwd",
    "secret.txt/",
    "secret.txt\0",
    "secret.txt\0.png",
    "\0",
    "a\nb",
    "a\x7fb",
    "a\x85b",
    unicodedata.normalize("NFD", "é"),
    "\u212b",
    "a" * 1025,
    "é" * 513,
    "/".join("a" * 65),
    "a/" * 600,
]


@pytest.mark.parametrize("path", ESCAPES, ids=ascii)
async def test_what_is_no_plain_path_is_refused_by_every_operation(stage: Stage, path: str) -> None:
    outcomes = await stage.caller.call("tryEverywhere", path)
    assert set(outcomes.values()) == {"BAD_REQUEST"}, outcomes
    assert await stage.caller.call("read", "secret.txt") == "of the files"
    assert await stage.caller.call("listAll") == ["secret.txt"]


@pytest.mark.parametrize(
    "path",
    [
        "．．/secret.txt",
        "‥/x",
        "secret．txt",
        "ѕecret.txt",
        "SECRET.TXT",
        "secret.txt ",
        "c:\\secret.txt",
        "~",
        "…",
    ],
)
async def test_what_only_looks_like_another_path_is_a_file_of_its_own(stage: Stage, path: str) -> None:
    await stage.caller.call("write", path, "look-alike")
    assert await stage.caller.call("read", path) == "look-alike"
    assert await stage.caller.call("read", "secret.txt") == "of the files"
    for top in await stage.caller.call("listAll"):
        if top != "secret.txt":
            await stage.caller.call("remove", top)


@pytest.mark.parametrize("name", ["../default", "default\x01", "a/b", "ｄefault", "Default", "x" * 128])
async def test_a_store_name_opens_no_other_store(stage: Stage, name: str) -> None:
    keys, secret = await stage.caller.call("storeNamed", name, "key")
    assert (keys, secret) == (["key"], "of the store")
    assert await stage.caller.call("storeNamed", "unused", "a") == [["a"], "of the store"]


async def test_nothing_was_written_outside_the_data_directory_in_the_clear(stage: Stage) -> None:
    """Every byte that the attacks above have stored is under the data directory, and none is legible."""
    stored = [path for path in stage.directory.rglob("*") if path.is_file()]
    assert stored
    for needle in (b"of the other database", b"of the store", b"of the files", b"secret.txt"):
        assert not any(needle in path.read_bytes() for path in stored)
