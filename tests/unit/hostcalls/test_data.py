"""The data operations over a real store, called as a hostile guest could call them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from proven.runtime.host import CallContext, HostStream
from proven.runtime.hostcalls import HostCalls, HostCallsConfig
from proven.storage import DevelopmentOwnership, Storage, StorageConfig, Synchronous
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import IdentityId
from proven.wire.values import UNDEFINED, BigInt

from .conftest import MakeContext, end

ALICE, BOB = "a" * 32, "b" * 32


class Caller:
    """Calls host functions with one context."""

    def __init__(self, calls: HostCalls, context: CallContext) -> None:
        self.functions = calls.functions.functions
        self.context = context

    async def __call__(self, operation: str, *arguments: Any) -> Any:
        return await self.functions[operation](self.context, list(arguments))

    async def code(self, operation: str, *arguments: Any) -> ErrorCode:
        with pytest.raises(ProvenError) as caught:
            await self(operation, *arguments)
        return caught.value.code

    async def set(self, target: Any, key: str, value: str) -> Any:
        return await self("kv.set", target, "string", "s", key, value, UNDEFINED, UNDEFINED)

    async def get(self, target: Any, key: str) -> Any:
        return await self("kv.get", target, "string", "s", key)


@pytest.fixture
def ownership() -> DevelopmentOwnership:
    return DevelopmentOwnership()


@pytest.fixture
async def calls(tmp_path: Path, ownership: DevelopmentOwnership) -> AsyncIterator[HostCalls]:
    storage = Storage(
        tmp_path,
        bytes(32),
        config=StorageConfig(synchronous=Synchronous.NORMAL, max_transaction_wait=0.2),
        ownership=ownership,
    )
    await storage.start()
    calls = HostCalls(storage, HostCallsConfig(transaction_timeout=60.0))
    yield calls
    await calls.close()
    await storage.close()


@pytest.fixture
async def caller(calls: HostCalls, make_context: MakeContext) -> AsyncIterator[Caller]:
    caller = Caller(calls, make_context(identity=ALICE))
    yield caller
    await end(caller.context)


def test_no_data_operation_runs_while_a_module_loads(calls: HostCalls) -> None:
    assert calls.functions.while_loading == frozenset()


async def test_applications_and_identities_have_data_of_their_own(
    calls: HostCalls, make_context: MakeContext
) -> None:
    for name, context in {
        "alice": make_context(identity=ALICE),
        "bob": make_context(identity=BOB),
        "other": make_context(application="z" * 32, identity=ALICE),
    }.items():
        caller = Caller(calls, context)
        assert await caller.get("personal", "k") is UNDEFINED
        await caller.set("personal", "k", name)
        assert await caller.get("personal", "k") == name
    assert await Caller(calls, make_context(identity=ALICE)).get("personal", "k") == "alice"
    assert await Caller(calls, make_context(identity=BOB)).get("application", "k") is UNDEFINED


async def test_an_anonymous_caller_has_no_personal_or_nft_data(
    calls: HostCalls, make_context: MakeContext
) -> None:
    anonymous = Caller(calls, make_context())
    for target in ("personal", ["resource", "#1#"]):
        assert await anonymous.code("kv.get", target, "string", "s", "k") is ErrorCode.NO_IDENTITY
        assert await anonymous.code("sql.query", target, "d", "SELECT 1", {}) is ErrorCode.NO_IDENTITY
        assert await anonymous.code("files.stat", target, "f") is ErrorCode.NO_IDENTITY
        assert await anonymous.code("storage.begin", target) is ErrorCode.NO_IDENTITY


async def test_nft_data_follows_its_owner(
    caller: Caller, calls: HostCalls, make_context: MakeContext, ownership: DevelopmentOwnership
) -> None:
    target = ["resource", "#1#"]
    assert await caller.code("kv.get", target, "string", "s", "k") is ErrorCode.NOT_OWNER
    ownership.grant(IdentityId(ALICE), "resource", "#1#")
    await caller.set(target, "k", "of the NFT")
    transaction = await caller("storage.begin", target)
    ownership.grant(IdentityId(BOB), "resource", "#1#")
    assert await caller.code("kv.get", target, "string", "s", "k") is ErrorCode.NOT_OWNER
    assert await caller.code("kv.get", transaction, "string", "s", "k") is ErrorCode.NOT_OWNER
    assert await Caller(calls, make_context(identity=BOB)).get(target, "k") == "of the NFT"


@pytest.mark.parametrize(
    "target",
    [
        UNDEFINED,
        None,
        "",
        "nft",
        "Personal",
        -1,
        1,
        1.5,
        True,
        [],
        ["r"],
        ["r", "#1#", "x"],
        ["r", 1],
        {"a": "b"},
    ],
)
async def test_there_are_no_other_targets(caller: Caller, target: Any) -> None:
    code = await caller.code("kv.get", target, "string", "s", "k")
    assert code in (ErrorCode.BAD_REQUEST, ErrorCode.CONFLICT)


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("kv.get", []),
        ("kv.get", ["application", "string", "s"]),
        ("kv.get", ["application", "string", "s", "k", "more"]),
        ("kv.get", ["application", "strings", "s", "k"]),
        ("kv.get", ["application", None, "s", "k"]),
        ("kv.get", ["application", ["string"], "s", "k"]),
        ("kv.get", ["application", "string", 1, "k"]),
        ("kv.get", ["application", "string", "s", None]),
        ("kv.get", ["application", "string", "s", ""]),
        ("kv.get", ["application", "string", "", "k"]),
        ("kv.set", ["application", "string", "s", "k", b"bytes", UNDEFINED, UNDEFINED]),
        ("kv.set", ["application", "bytes", "s", "k", "text", UNDEFINED, UNDEFINED]),
        ("kv.set", ["application", "string", "s", "k", "v", -1, UNDEFINED]),
        ("kv.set", ["application", "string", "s", "k", "v", float("nan"), UNDEFINED]),
        ("kv.set", ["application", "string", "s", "k", "v", float("inf"), UNDEFINED]),
        ("kv.set", ["application", "string", "s", "k", "v", "1", UNDEFINED]),
        ("kv.set", ["application", "string", "s", "k", "v", UNDEFINED, -1]),
        ("kv.set", ["application", "string", "s", "k", "v", UNDEFINED, 1.5]),
        ("kv.keys", ["application", "string", "s", 1, UNDEFINED, 10]),
        ("kv.keys", ["application", "string", "s", "", UNDEFINED, -1]),
        ("kv.keys", ["application", "string", "s", "", UNDEFINED, 0]),
        ("sql.query", ["application", 1, "SELECT 1", {}]),
        ("sql.query", ["application", "d", 1, {}]),
        ("sql.query", ["application", "d", "SELECT 1", []]),
        ("sql.execute", ["application", "d", "SELECT :a", {"a": 1 << 63}]),
        ("sql.batch", ["application", "d", {"a": 1}]),
        ("sql.batch", ["application", "d", ["SELECT 1"]]),
        ("files.read", ["application", 1, UNDEFINED, UNDEFINED]),
        ("files.read", ["application", "f", -1, UNDEFINED]),
        ("files.write", ["application", "f", "text", UNDEFINED]),
        ("files.write", ["application", "f", None, UNDEFINED]),
        ("files.write", ["application", "f", b"", 5]),
        ("files.write", ["application", "../f", b"", UNDEFINED]),
        ("files.write", ["application", "a/../../f", b"", UNDEFINED]),
        ("files.write", ["application", "f\0", b"", UNDEFINED]),
        ("files.remove", ["application", "f", 1]),
        ("storage.commit", ["1"]),
        ("storage.begin", ["application", "personal"]),
    ],
)
async def test_arguments_of_the_wrong_kind_are_refused(
    caller: Caller, operation: str, arguments: list[Any]
) -> None:
    assert await caller.code(operation, *arguments) is ErrorCode.BAD_REQUEST


async def test_a_key_leaves_the_store_as_a_handle_only(
    caller: Caller, calls: HostCalls, make_context: MakeContext
) -> None:
    handle, public_key = await caller("crypto.generate")
    await caller("kv.set", "application", "key", "keys", "k", handle, UNDEFINED, UNDEFINED)
    loaded = await caller("kv.get", "application", "key", "keys", "k")
    assert loaded[1] == public_key
    assert loaded[0] != handle
    assert await caller("crypto.sign", loaded[0], "x") == await caller("crypto.sign", handle, "x")
    for kind in ("string", "bytes"):
        assert await caller("kv.get", "application", kind, "keys", "k") is UNDEFINED
    other = Caller(calls, make_context(identity=ALICE))
    assert await other.code("crypto.sign", handle, "x") is ErrorCode.FORBIDDEN
    stolen = ["application", "key", "keys", "mine", handle, UNDEFINED, UNDEFINED]
    assert await other.code("kv.set", *stolen) is ErrorCode.FORBIDDEN


async def test_raw_bytes_are_no_key(caller: Caller) -> None:
    arguments = ["application", "key", "keys", "k", bytes(32), UNDEFINED, UNDEFINED]
    assert await caller.code("kv.set", *arguments) is ErrorCode.FORBIDDEN


async def test_an_expected_version_that_is_not_the_present_one_is_no_error(caller: Caller) -> None:
    arguments = ["application", "string", "s", "k"]
    first = await caller("kv.set", *arguments, "1", UNDEFINED, 0)
    assert await caller("kv.set", *arguments, "2", UNDEFINED, 0) is UNDEFINED
    second = await caller("kv.set", *arguments, "2", UNDEFINED, first)
    assert await caller("kv.delete", *arguments, first) is False
    assert await caller.get("application", "k") == "2"
    assert await caller("kv.delete", *arguments, second) is True
    assert await caller("kv.delete", *arguments, UNDEFINED) is False


async def test_a_transaction_belongs_to_its_invocation(
    caller: Caller, calls: HostCalls, make_context: MakeContext
) -> None:
    transaction = await caller("storage.begin", "personal")
    await caller.set(transaction, "k", "inside")
    stranger = Caller(calls, make_context(identity=BOB))
    assert await stranger.code("kv.get", transaction, "string", "s", "k") is ErrorCode.CONFLICT
    assert await stranger.code("storage.commit", transaction) is ErrorCode.CONFLICT
    assert await caller.get("personal", "k") is UNDEFINED
    await caller("storage.commit", transaction)
    assert await caller.get("personal", "k") == "inside"
    assert await caller.code("kv.get", transaction, "string", "s", "k") is ErrorCode.CONFLICT


async def test_what_an_invocation_leaves_open_is_rolled_back(
    caller: Caller, calls: HostCalls, make_context: MakeContext
) -> None:
    transaction = await caller("storage.begin", "application")
    await caller.set(transaction, "k", "never")
    await end(caller.context)
    after = Caller(calls, make_context())
    assert await after.get("application", "k") is UNDEFINED
    await after.set("application", "k", "free again")


async def test_open_transactions_of_an_invocation_are_bounded(
    calls: HostCalls, make_context: MakeContext, ownership: DevelopmentOwnership
) -> None:
    caller = Caller(calls, make_context(identity=ALICE))
    for number in range(9):
        ownership.grant(IdentityId(ALICE), "resource", f"#{number}#")
    for number in range(8):
        await caller("storage.begin", ["resource", f"#{number}#"])
    assert await caller.code("storage.begin", ["resource", "#8#"]) is ErrorCode.OVERLOADED


async def test_a_transaction_waits_for_the_one_before_and_not_for_ever(
    caller: Caller, calls: HostCalls, make_context: MakeContext
) -> None:
    await caller("storage.begin", "application")
    waiting = Caller(calls, make_context())
    assert await waiting.code("storage.begin", "application") is ErrorCode.OVERLOADED


def with_migrations(context: CallContext, *migrations: tuple[str, str, str]) -> CallContext:
    context.registrations = {"sql.migration": [list(migration) for migration in migrations]}
    return context


USERS = ("application", "main", "CREATE TABLE users (name)")
AGES = ("application", "main", "ALTER TABLE users ADD COLUMN age")


async def test_migrations_run_before_the_first_use_and_once(
    calls: HostCalls, make_context: MakeContext
) -> None:
    for declared in [(USERS,), (USERS, AGES), (USERS, AGES, USERS)]:
        caller = Caller(calls, with_migrations(make_context(), *declared))
        for _ in range(2):
            insert = "INSERT INTO users (name) VALUES (:n)"
            assert await caller("sql.execute", "application", "main", insert, {"n": "x"}) == 1
    columns, rows = await caller("sql.query", "application", "main", "SELECT * FROM users", {})
    assert (columns, len(rows)) == (["name", "age"], 6)


async def test_a_changed_migration_is_an_error_every_time(
    calls: HostCalls, make_context: MakeContext
) -> None:
    first = Caller(calls, with_migrations(make_context(), USERS))
    await first("sql.query", "application", "main", "SELECT * FROM users", {})
    edited = ("application", "main", "CREATE TABLE users (name TEXT)")
    changed = Caller(calls, with_migrations(make_context(), edited))
    for _ in range(2):
        code = await changed.code("sql.query", "application", "main", "SELECT 1", {})
        assert code is ErrorCode.MIGRATION_CHANGED


async def test_a_broken_migration_is_an_error_of_every_use(
    calls: HostCalls, make_context: MakeContext
) -> None:
    broken = ("application", "main", "CREATE TABEL users (name)")
    caller = Caller(calls, with_migrations(make_context(), broken))
    assert await caller.code("sql.query", "application", "main", "SELECT 1", {}) is ErrorCode.SQL_ERROR
    assert await caller.code("storage.begin", "application") is ErrorCode.SQL_ERROR


async def test_migrations_are_there_for_a_transaction(calls: HostCalls, make_context: MakeContext) -> None:
    caller = Caller(calls, with_migrations(make_context(), USERS))
    transaction = await caller("storage.begin", "application")
    insert = "INSERT INTO users VALUES ('x')"
    assert await caller("sql.execute", transaction, "main", insert, {}) == 1
    await caller("storage.rollback", transaction)
    _, rows = await caller("sql.query", "application", "main", "SELECT * FROM users", {})
    assert rows == []


async def test_a_migration_is_for_its_own_kind_of_scope(calls: HostCalls, make_context: MakeContext) -> None:
    caller = Caller(calls, with_migrations(make_context(identity=ALICE), USERS))
    assert (
        await caller.code("sql.query", "personal", "main", "SELECT * FROM users", {}) is ErrorCode.SQL_ERROR
    )


@pytest.mark.parametrize("registered", ["text", [], ["application", "main"], ["application", 1, "SELECT 1"]])
async def test_a_malformed_registration_is_refused(
    calls: HostCalls, make_context: MakeContext, registered: Any
) -> None:
    context = make_context()
    context.registrations = {"sql.migration": [registered]}
    code = await Caller(calls, context).code("sql.query", "application", "main", "SELECT 1", {})
    assert code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (None, None),
        (True, 1),
        (5, 5),
        (1.5, 1.5),
        ("text", "text"),
        (b"\0\xff", b"\0\xff"),
        (BigInt(2**62), 2**62),
        (BigInt(-(2**63)), -(2**63)),
    ],
)
async def test_parameters_are_bound_as_what_they_are(caller: Caller, given: Any, stored: Any) -> None:
    _, rows = await caller("sql.query", "application", "d", "SELECT :v AS v", {"v": given})
    assert [list(row) for row in rows] == [[stored]]


async def test_a_query_may_write_and_return(caller: Caller) -> None:
    await caller("sql.execute", "application", "d", "CREATE TABLE t (a)", {})
    insert = "WITH v(a) AS (VALUES (1), (2)) INSERT INTO t SELECT a FROM v RETURNING a"
    columns, rows = await caller("sql.query", "application", "d", insert, {})
    assert (columns, [list(row) for row in rows]) == (["a"], [[1], [2]])
    assert await caller("sql.query", "application", "d", "DELETE FROM t WHERE a = 1", {}) == [[], []]
    _, rows = await caller("sql.query", "application", "d", "SELECT count(*) FROM t", {})
    assert [list(row) for row in rows] == [[1]]


@pytest.mark.parametrize("given", [UNDEFINED, [1], {"a": 1}])
async def test_what_sql_has_no_type_for_is_refused(caller: Caller, given: Any) -> None:
    code = await caller.code("sql.query", "application", "d", "SELECT :v", {"v": given})
    assert code is ErrorCode.UNSUPPORTED_VALUE


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        await asyncio.sleep(0)
        yield part


async def test_a_small_file_comes_at_once_and_a_large_one_as_a_stream(caller: Caller) -> None:
    await caller("files.write", "application", "small", b"x" * 1000, UNDEFINED)
    large = HostStream(chunks(*[b"y" * 100_000] * 10))
    stat = await caller("files.write", "application", "large", large, "text/plain")
    assert stat[:3] == ["large", False, 1_000_000]
    assert stat[5] == "text/plain"
    assert await caller("files.read", "application", "small", UNDEFINED, UNDEFINED) == b"x" * 1000
    assert await caller("files.read", "application", "large", 999_990, 100) == b"y" * 10
    streamed = await caller("files.read", "application", "large", UNDEFINED, UNDEFINED)
    assert isinstance(streamed, HostStream)
    assert b"".join([chunk async for chunk in streamed]) == b"y" * 1_000_000
    abandoned = await caller("files.read", "application", "large", UNDEFINED, UNDEFINED)
    await abandoned.close()


async def test_a_write_that_fails_lets_its_stream_go(caller: Caller) -> None:
    closed = asyncio.Event()

    async def close() -> None:
        closed.set()

    content = HostStream(chunks(b"x"), close=close)
    assert (
        await caller.code("files.write", "application", "../f", content, UNDEFINED) is ErrorCode.BAD_REQUEST
    )
    assert closed.is_set()


async def test_listings_go_page_by_page(caller: Caller) -> None:
    for number in range(5):
        await caller.set("application", f"k{number}", "v")
    page, more = await caller("kv.keys", "application", "string", "s", "k", UNDEFINED, 2)
    assert (page, more) == (["k0", "k1"], True)
    page, more = await caller("kv.keys", "application", "string", "s", "k", "k3", 2)
    assert (page, more) == (["k4"], False)
    assert await caller("kv.entries", "application", "string", "s", "x", UNDEFINED, 2) == [[], False]
