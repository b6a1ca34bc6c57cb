"""The console's view of storage, over `storage.Inspector`."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final

from proven.gateway import console_records as records
from proven.storage import FileStat, Inspector, KvKind, KvStore, Scope, ScopeKind, Storage
from proven.storage.inspect import Cell, Preview
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, IdentityId

Query = Mapping[str, str]

PAGE: Final = 50
_MAX_OFFSET: Final = 2**53


class StorageView:
    """What each address below `/console/api/applications/{application}/storage` answers."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    @property
    def _inspector(self) -> Inspector:
        return self._storage.inspector()

    async def scopes(self, application_id: ApplicationId, _: Query) -> records.Scopes:
        found = await self._inspector.scopes(application_id)
        return records.Scopes(
            scopes=[_described(scope) for scope in found.scopes],
            unnamed=found.unnamed,
            storage_bytes=await self._storage.used(application_id),
        )

    async def scope(self, application_id: ApplicationId, query: Query) -> records.ScopeContent:
        scope = _scope(application_id, query)
        databases = await self._inspector.databases(scope)
        return records.ScopeContent(
            scope=_described(scope),
            stores=[
                records.Store(kind=found.store.kind.value, name=found.store.name, entries=found.entries)
                for found in await self._inspector.stores(scope)
            ],
            databases=[
                records.Database(
                    name=name,
                    tables=[
                        records.Table(name=table.name, kind=table.kind, sql=table.sql)
                        for table in await self._inspector.tables(scope, name)
                    ],
                )
                for name in databases
            ],
            has_files=bool(await self._inspector.files(scope, limit=1)),
        )

    async def entries(self, application_id: ApplicationId, query: Query) -> records.Entries:
        store = _store(query)
        found = await self._inspector.entries(
            _scope(application_id, query),
            store,
            prefix=query.get("prefix", ""),
            after=query.get("after"),
            limit=number_of(query, "limit", PAGE),
        )
        return records.Entries(
            entries=[
                records.StoredEntry(
                    key=entry.key,
                    value=_content(entry.value, text=store.kind is KvKind.STRING),
                    version=entry.version,
                    expires_at=None if entry.expires_at is None else int(entry.expires_at * 1000),
                )
                for entry in found
            ],
            next=found[-1].key if len(found) >= number_of(query, "limit", PAGE) else None,
        )

    async def entry(self, application_id: ApplicationId, query: Query) -> records.StoredEntry:
        store = _store(query)
        entry = await self._inspector.entry(_scope(application_id, query), store, _given(query, "key"))
        return records.StoredEntry(
            key=entry.key,
            value=_content(entry.value, text=store.kind is KvKind.STRING),
            version=entry.version,
            expires_at=None if entry.expires_at is None else int(entry.expires_at * 1000),
        )

    async def rows(self, application_id: ApplicationId, query: Query) -> records.Rows:
        offset = number_of(query, "offset", 0)
        page = await self._inspector.rows(
            _scope(application_id, query),
            _given(query, "database"),
            _given(query, "table"),
            offset=offset,
            limit=number_of(query, "limit", PAGE),
        )
        return records.Rows(
            columns=list(page.columns),
            rows=[[_cell(cell) for cell in row] for row in page.rows],
            next=offset + len(page.rows) if page.more else None,
        )

    async def files(self, application_id: ApplicationId, query: Query) -> records.Files:
        path, limit = query.get("path", ""), number_of(query, "limit", PAGE)
        found = await self._inspector.files(
            _scope(application_id, query), path, after=query.get("after", ""), limit=limit
        )
        files = [_file(stat) for stat in found]
        return records.Files(path=path, files=files, next=files[-1].name if len(files) >= limit else None)

    async def file(self, application_id: ApplicationId, query: Query) -> records.FileContent:
        stat, content = await self._inspector.file(_scope(application_id, query), _given(query, "path"))
        preview = Preview(stat.size, content)
        return records.FileContent(file=_file(stat), content=_content(preview, text=_is_text(content)))


def _scope(application_id: ApplicationId, query: Query) -> Scope:
    match query.get("scope", "application"):
        case "application":
            return Scope.application(application_id)
        case "personal":
            return Scope.personal(application_id, IdentityId(_given(query, "identity")))
        case "nft":
            return Scope.nft(application_id, _given(query, "resource"), _given(query, "nft"))
        case _:
            raise ProvenError(ErrorCode.BAD_REQUEST, "a scope is application, personal or nft")


def _described(scope: Scope) -> records.Scope:
    first, second = (*scope.parts, None, None)[:2]
    personal, nft = scope.kind is ScopeKind.PERSONAL, scope.kind is ScopeKind.NFT
    return records.Scope(
        scope=scope.kind.value,
        identity=first if personal else None,
        resource=first if nft else None,
        nft=second if nft else None,
    )


def _store(query: Query) -> KvStore:
    try:
        kind = KvKind(query.get("kind", "string"))
    except ValueError:
        raise ProvenError(ErrorCode.BAD_REQUEST, "a store is of the kind string, bytes or key") from None
    return KvStore(kind, _given(query, "store"))


def _given(query: Query, name: str) -> str:
    value = query.get(name)
    if value is None:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"the query needs {name}")
    return value


def number_of(query: Query, name: str, default: int) -> int:
    """A whole number of the query, not negative. Raises `BAD_REQUEST`."""
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal()) or len(text) > 16 or int(text) >= _MAX_OFFSET:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"{name} is a number")
    return int(text)


def _content(preview: Preview, *, text: bool) -> records.Content:
    """`text` says that the value is UTF-8, of which the end may have been cut within a character."""
    content = preview.content
    if content is None:
        return records.Content(size=preview.size, text=None, base64=None, cut=preview.size > 0)
    return records.Content(
        size=preview.size,
        text=content.decode("utf-8", "ignore") if text else None,
        base64=None if text else base64.b64encode(content).decode(),
        cut=len(content) < preview.size,
    )


def _is_text(content: bytes) -> bool:
    """Whether it reads as UTF-8, but for a character cut off at the end."""
    if b"\0" in content:
        return False
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return error.start >= len(content) - 3 and error.reason == "unexpected end of data"
    return True


def _cell(cell: Cell) -> records.Cell:
    value = cell.value
    if value is None:
        return records.Cell(type=cell.type, value=None)
    if isinstance(value, bytes):
        return records.Cell(type=cell.type, value=_content(Preview(cell.size, value), text=False))
    text = value if isinstance(value, str) else repr(value)
    shown = text.encode("utf-8", "replace").decode()
    cut = isinstance(value, str) and len(shown.encode()) < cell.size
    return records.Cell(
        type=cell.type, value=records.Content(size=cell.size, text=shown, base64=None, cut=cut)
    )


def _file(stat: FileStat) -> records.File:
    return records.File(
        path=stat.path,
        name=stat.path.rpartition("/")[2],
        is_directory=stat.is_directory,
        size=stat.size,
        modified=int(stat.modified * 1000),
        content_type=stat.content_type,
    )
