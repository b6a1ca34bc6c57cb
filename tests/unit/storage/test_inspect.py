from __future__ import annotations

import ast
from pathlib import Path

import pytest

import proven
from proven.storage import Inspector, KvKind, KvStore, Scope, Storage, StorageConfig, Synchronous
from proven.storage.inspect import MAX_PAGE, MAX_PREVIEW
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, IdentityId
from unit.storage.conftest import APPLICATION, ROOT_KEY, OpenStorage

SHARED = Scope.application(APPLICATION)
ADA = Scope.personal(APPLICATION, IdentityId("ada"))
NOTES = KvStore(KvKind.STRING, "notes")


async def files_of(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not path.name.endswith("-shm")
    }


async def test_a_store_that_was_not_opened_for_it_is_closed_to_inspection(open_storage: OpenStorage) -> None:
    storage = await open_storage()
    with pytest.raises(ProvenError) as refused:
        storage.inspector()
    assert refused.value.code is ErrorCode.FORBIDDEN


async def test_a_store_that_was_not_opened_for_it_writes_no_names_down(
    open_storage: OpenStorage, tmp_path: Path
) -> None:
    storage = await open_storage()
    await (await storage.scope(ADA)).kv_set(NOTES, "a", b"1")
    assert not (tmp_path / "data" / "catalogue.db").exists()


def test_only_the_console_and_the_composition_of_a_node_know_of_inspection() -> None:
    source = Path(proven.__file__).parent
    users = set()
    for path in source.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = (
                [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            )
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            if "Inspector" in names or "proven.storage.inspect" in (module, *names):
                users.add(str(path.relative_to(source)))
            if isinstance(node, ast.Attribute) and node.attr == "inspector":
                users.add(str(path.relative_to(source)))
    assert {user for user in users if not user.startswith(("storage/", "gateway/console"))} <= {
        "node/local.py"
    }


@pytest.fixture
async def storage(open_storage: OpenStorage) -> Storage:
    return await open_storage(inspectable=True)


@pytest.fixture
def inspector(storage: Storage) -> Inspector:
    return storage.inspector()


async def test_what_was_never_written_is_not_there_and_is_not_made(
    inspector: Inspector, tmp_path: Path
) -> None:
    found = await inspector.scopes(APPLICATION)
    assert (found.scopes, found.unnamed) == ((), 0)
    before = await files_of(tmp_path / "data")
    for look in (
        inspector.stores(ADA),
        inspector.entries(ADA, NOTES),
        inspector.tables(ADA, "db"),
        inspector.files(ADA),
        inspector.file(ADA, "a"),
    ):
        with pytest.raises(ProvenError) as refused:
            await look
        assert refused.value.code is ErrorCode.NOT_FOUND
    assert await files_of(tmp_path / "data") == before


async def test_scopes_are_known_by_name_after_a_restart(open_storage: OpenStorage) -> None:
    storage = await open_storage(inspectable=True)
    await (await storage.scope(SHARED)).kv_set(NOTES, "a", b"1")
    await (await storage.scope(ADA)).kv_set(NOTES, "a", b"1")
    await (await storage.scope(Scope.personal(APPLICATION, IdentityId("only-read")))).kv_get(NOTES, "a")
    await (await storage.scope(ADA)).sql_execute("db", "CREATE TABLE t (x)")
    await storage.close()
    again = (await open_storage(inspectable=True)).inspector()
    assert set((await again.scopes(APPLICATION)).scopes) == {SHARED, ADA}
    assert await again.databases(ADA) == ["db"]
    assert await again.databases(SHARED) == []
    assert (await again.scopes(ApplicationId("b" * 32))).scopes == ()


async def test_names_are_not_readable_on_the_disk(storage: Storage, tmp_path: Path) -> None:
    secret = IdentityId("an-identity-that-nobody-else-has")
    await (await storage.scope(Scope.personal(APPLICATION, secret))).kv_set(NOTES, "a", b"1")
    await storage.close()
    content = await files_of(tmp_path / "data")
    assert "catalogue.db" in content
    assert not [name for name, data in content.items() if secret.encode() in data]


async def test_data_from_before_names_were_kept_is_counted(open_storage: OpenStorage) -> None:
    storage = await open_storage()
    await (await storage.scope(ADA)).kv_set(NOTES, "a", b"1")
    await storage.close()
    found = await (await open_storage(inspectable=True)).inspector().scopes(APPLICATION)
    assert (found.scopes, found.unnamed) == ((), 1)


async def test_stores_and_entries_come_in_pages(storage: Storage, inspector: Inspector) -> None:
    store = await storage.scope(SHARED)
    for number in range(5):
        await store.kv_set(NOTES, f"k{number}", b"v" * number)
    await store.kv_set(KvStore(KvKind.BYTES, "notes"), "k", b"\xff")
    await store.kv_set(KvStore(KvKind.STRING, "a much longer name"), "k", b"x")
    found = {(each.store.kind, each.store.name): each.entries for each in await inspector.stores(SHARED)}
    assert found == {
        (KvKind.STRING, "notes"): 5,
        (KvKind.BYTES, "notes"): 1,
        (KvKind.STRING, "a much longer name"): 1,
    }
    page = await inspector.entries(SHARED, NOTES, limit=2)
    assert [each.key for each in page] == ["k0", "k1"]
    rest = await inspector.entries(SHARED, NOTES, after="k1", limit=MAX_PAGE)
    assert [(each.key, each.value.size) for each in rest] == [("k2", 2), ("k3", 3), ("k4", 4)]
    assert [each.key for each in await inspector.entries(SHARED, NOTES, prefix="k3")] == ["k3"]


async def test_expired_entries_are_not_shown(storage: Storage, inspector: Inspector, clock: object) -> None:
    store = await storage.scope(SHARED)
    await store.kv_set(NOTES, "gone", b"1", ttl=10)
    clock.advance(11)  # type: ignore[attr-defined]
    assert [each.entries for each in await inspector.stores(SHARED)] == [0]
    assert await inspector.entries(SHARED, NOTES) == []


async def test_long_values_are_cut(storage: Storage, inspector: Inspector) -> None:
    await (await storage.scope(SHARED)).kv_set(NOTES, "long", b"x" * (MAX_PREVIEW + 1))
    (listed,) = await inspector.entries(SHARED, NOTES, preview=10)
    assert (listed.value.size, listed.value.content) == (MAX_PREVIEW + 1, b"x" * 10)
    alone = await inspector.entry(SHARED, NOTES, "long")
    assert alone.value.content == b"x" * MAX_PREVIEW
    with pytest.raises(ProvenError):
        await inspector.entry(SHARED, NOTES, "lon")


async def test_stored_keys_are_named_and_never_shown(storage: Storage, inspector: Inspector) -> None:
    keys = KvStore(KvKind.KEY, "keys")
    await (await storage.scope(SHARED)).kv_set(keys, "signing", b"private")
    (listed,) = await inspector.entries(SHARED, keys)
    assert (listed.key, listed.value.content) == ("signing", None)
    assert (await inspector.entry(SHARED, keys, "signing")).value.content is None


async def test_tables_and_rows_are_shown_whatever_they_are_called(
    storage: Storage, inspector: Inspector
) -> None:
    store = await storage.scope(ADA)
    name = 'odd "name"; DROP TABLE t --'
    quoted = '"' + name.replace('"', '""') + '"'
    await store.sql_execute("db", f'CREATE TABLE {quoted} ("a ""b""", n, blob)')
    for number in range(3):
        await store.sql_execute(
            "db", f"INSERT INTO {quoted} VALUES (?, ?, ?)", ("é" * 300, number, b"\0" * 9)
        )
    await store.sql_execute("db", f"CREATE VIEW v AS SELECT n FROM {quoted}")
    assert [(each.name, each.kind) for each in await inspector.tables(ADA, "db")] == [
        (name, "table"),
        ("v", "view"),
    ]
    page = await inspector.rows(ADA, "db", name, limit=2, preview=4)
    assert (page.columns, len(page.rows), page.more) == (('a "b"', "n", "blob"), 2, True)
    text, number, blob = page.rows[0]
    assert (text.type, text.value, text.size) == ("text", "éééé", 600)
    assert (number.type, number.value) == ("integer", 0)
    assert (blob.type, blob.value, blob.size) == ("blob", b"\0" * 4, 9)
    last = await inspector.rows(ADA, "db", "v", offset=2)
    assert ([row[0].value for row in last.rows], last.more) == ([2], False)
    with pytest.raises(ProvenError):
        await inspector.rows(ADA, "db", "nowhere")


async def test_a_view_that_never_ends_is_stopped(open_storage: OpenStorage) -> None:
    unhurried = await open_storage(inspectable=True)
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) AS c FROM n"
    await (await unhurried.scope(SHARED)).sql_execute("db", f"CREATE VIEW v AS {endless}")
    await unhurried.close()
    storage = await open_storage(inspectable=True, statement_timeout=0.3)
    with pytest.raises(ProvenError) as stopped:
        await storage.inspector().rows(SHARED, "db", "v")
    assert stopped.value.code is ErrorCode.REQUEST_TIMEOUT


async def test_files_are_listed_and_previewed(storage: Storage, inspector: Inspector) -> None:
    store = await storage.scope(SHARED)
    await store.files_write("a/large", b"z" * (MAX_PREVIEW + 5))
    await store.files_append("a/small", b"hello")
    await store.files_write("b", b"")
    assert [each.path for each in await inspector.files(SHARED)] == ["a", "b"]
    assert [each.path for each in await inspector.files(SHARED, "a", after="large")] == ["a/small"]
    stat, content = await inspector.file(SHARED, "a/large")
    assert (stat.size, len(content)) == (MAX_PREVIEW + 5, MAX_PREVIEW)
    assert (await inspector.file(SHARED, "a/small"))[1] == b"hello"
    with pytest.raises(ProvenError):
        await inspector.file(SHARED, "a")


async def test_a_catalogue_that_cannot_be_written_keeps_nobody_from_their_data(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    (directory / "catalogue.db").mkdir(parents=True)
    storage = Storage(
        directory, ROOT_KEY, config=StorageConfig(synchronous=Synchronous.NORMAL), inspectable=True
    )
    await storage.start()
    try:
        store = await storage.scope(SHARED)
        await store.kv_set(NOTES, "a", b"1")
        assert await store.kv_has(NOTES, "a")
    finally:
        await storage.close()
