"""Fetch what an answer is checked against. Nothing is believed here: `verification.examine` does that."""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
import os
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlsplit

import aiohttp
import msgspec

from proven.client._transport import Resolver, read_limited, unreachable
from proven.client.bundle import DESCRIPTIONS, Bundle, SavedAnswer, SavedEntry, SavedLog, SavedSession, now_ms
from proven.client.log import MAX_COSIGNED, read_hashes
from proven.client.pins import LogMemory
from proven.client.responses import MAX_BODY, NONCE_BYTES
from proven.client.times import announcements
from proven.packages.limits import MAX_ARCHIVE_BYTES, MAX_MANIFEST_BYTES
from proven.wire import http_signatures as signatures
from proven.wire import ids, log_key
from proven.wire.commands import SubmitResult
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId
from proven.wire.notes import MAX_NOTE, Checkpoint, Note
from proven.wire.session import MAX_RESPONSE, ClientHandshake
from proven.wire.tiles import MAX_ENTRY, WIDTH, Tile, decode_entries

WHOLE_LOG: Final = 4096
"""Entries up to which all of a log is read, so that nothing of the application can have been left out."""
MAX_WHOLE_LOG: Final = 1 << 20
_MAX_PAGES: Final = 1000
_MAX_WORDS: Final = 500
_MAX_PAGE: Final = 32 * 1024 * 1024
_MAX_PROOF: Final = 64 * 1024
MAX_ANNOUNCEMENTS: Final = 16
"""Announcements of which it is asked when witnesses saw them: the last ones."""
_MAX_COSIGNED: Final = 1024 * 1024
_AT_ONCE: Final = 8
_ATTEMPTS: Final = 20
_LOG: Final = "/.well-known/proven/log"
_T = TypeVar("_T")


class _Entry(msgspec.Struct, frozen=True):
    index: int
    leaf: bytes
    hashes: list[str]


class _Page(msgspec.Struct, frozen=True):
    entries: list[_Entry]
    more: bool


class _Named(msgspec.Struct, frozen=True):
    id: str


class _Failure(msgspec.Struct, frozen=True):
    words: str


class _Domain(msgspec.Struct, frozen=True):
    name: str
    failure: _Failure | None = None


class _Claiming(msgspec.Struct, frozen=True):
    domains: list[_Domain]


class _Proof(msgspec.Struct, frozen=True):
    hashes: list[str]


class _Cosigned(msgspec.Struct, frozen=True):
    notes: list[str]


class Collector:
    """Fetches from one node. Everything is bounded, and redirects are not followed."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ProvenError(
                ErrorCode.BAD_REQUEST, f"{url[:200]!r} is not an address that begins with http:// or https://"
            )
        self._http = http
        self._base = f"{parts.scheme}://{parts.netloc}"

    async def describe(self, application: str) -> SavedAnswer:
        """The node's signed description of an application, from where no application answers."""
        return await self.ask(f"{self._base}{DESCRIPTIONS}{quote(application, safe='')}")

    async def describe_if_live(self, application: str) -> SavedAnswer | None:
        """The same; None for one that has no version yet or was archived, which no node describes."""
        try:
            return await self.describe(application)
        except ProvenError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            return None

    async def ask(self, url: str) -> SavedAnswer:
        """The attested answer to a GET of `url`. Raises `BAD_REQUEST` if it is not attested."""
        nonce = os.urandom(NONCE_BYTES)
        sent = {"accept-attestation": signatures.format_nonce(nonce)}
        async with _errors(), self._http.get(url, headers=sent, allow_redirects=False) as response:
            body = await read_limited(response, MAX_BODY)
            headers = tuple((name.lower(), value) for name, value in response.headers.items())
            asked = str(response.request_info.url)
        if not any(name == "attestation" for name, _ in headers):
            if response.status >= 400:
                raise _refusal(body, response.status)
            raise ProvenError(
                ErrorCode.BAD_REQUEST,
                f"the answer at {url} is not attested, so it is not an application's; name the "
                "application too, as NAME@URL",
            )
        return SavedAnswer(
            at=now_ms(),
            nonce=nonce,
            method="GET",
            url=asked,
            status=response.status,
            headers=headers,
            body=body,
        )

    async def bundle(
        self,
        answer: SavedAnswer,
        *,
        asked: str | None = None,
        memory: LogMemory | None = None,
        whole: bool = False,
        session: bool = True,
        source: bool = True,
        describe: bool = False,
        kept: bool = False,
    ) -> Bundle:
        """All that `answer` is checked against. `whole` reads the whole log, however long it is. `describe`
        has the node sign how far its log goes, for an answer that does not say. An answer that was `kept` may
        be of an application that is archived by now, which no node describes.
        """
        headers = dict(answer.headers)
        application = ids.parse_application_id(headers.get(signatures.APPLICATION_HEADER))
        package_id = ids.parse_package_id(headers.get(signatures.PACKAGE_HEADER))
        index = headers.get(signatures.LOG_INDEX_HEADER, "")
        described: SavedAnswer | None = None
        if describe:
            describing = self.describe_if_live if kept else self.describe
            described = await describing(application)
        log_index = int(index) if index.isdigit() else 0
        saved_log, saved_session, archive = await _all(
            self._log(application, log_index, described or answer, memory, whole=whole),
            self._session(application) if session else _nothing(),
            self.archive(package_id) if source else _nothing(),
        )
        return Bundle(
            made_at=now_ms(),
            answer=answer,
            asked=asked,
            session=saved_session,
            log=saved_log,
            archive=archive,
            described=described,
        )

    async def log(
        self,
        application: ApplicationId | None,
        *,
        size: int = 0,
        memory: LogMemory | None = None,
        whole: bool = False,
        described: SavedAnswer | None = None,
    ) -> SavedLog:
        """The log as it is now, with at least `size` entries if they come soon: all of it or, of a long one,
        the entries of an application. `whole` reads all of it, however long it is. `described` is what it is
        compared with: how far the node signed that it goes.
        """
        return await self._log(application, size - 1, described, memory, whole=whole)

    async def submit(self, envelope: bytes, archive: bytes = b"") -> SubmitResult:
        """Hand in a signed command, with the package of a `Deploy` unless the node has it already. Raises
        what it is refused with.
        """
        framed = io.BytesIO(len(envelope).to_bytes(4, "big") + envelope + archive)
        url = f"{self._base}/.well-known/proven/commands"
        async with _errors(), self._http.post(url, data=framed, allow_redirects=False) as response:
            body = await read_limited(response, _MAX_PROOF)
        if response.status != 200:
            raise _refusal(body, response.status)
        return _decode(body, SubmitResult)

    async def find(self, name: str) -> ApplicationId:
        """The id of the application that the node says is called so, not yet checked. Raises `NOT_FOUND`."""
        path = f"/explorer/applications/{quote(name, safe='')}.json"
        return ids.parse_application_id(_decode(await self._get(path, _MAX_PAGE), _Named).id)

    async def unproved(self, application: ApplicationId) -> Mapping[str, str]:
        """Why the node has not proved domains of the application, by domain, in its own words."""
        path = f"/explorer/applications/{application}.json"
        domains = _decode(await self._get(path, _MAX_PAGE), _Claiming).domains
        return {each.name: each.failure.words[:_MAX_WORDS] for each in domains if each.failure is not None}

    async def _log(
        self,
        application: ApplicationId | None,
        log_index: int,
        answer: SavedAnswer | None,
        memory: LogMemory | None,
        *,
        whole: bool,
    ) -> SavedLog:
        nonce = os.urandom(NONCE_BYTES)
        text = base64.urlsafe_b64encode(nonce).decode().rstrip("=")
        key, (raw, checkpoint) = await _all(
            self._get(f"{_LOG}/key?nonce={text}", log_key.MAX_BYTES), self._checkpoint(log_index + 1)
        )
        whole = checkpoint.size <= (MAX_WHOLE_LOG if whole else WHOLE_LOG)
        entries: list[SavedEntry] = []
        if whole:
            entries = await self._all_entries(checkpoint.size)
        elif application is not None:
            entries = await self._entries(application, checkpoint.size)
        cosigned = await self._cosigned(application, entries, checkpoint.size)
        sizes = set() if whole else _sizes_before(checkpoint, answer, memory) | set(map(_size_of, cosigned))
        earlier = sorted(size for size in sizes if 0 < size < checkpoint.size)
        return SavedLog(
            nonce=nonce,
            key=key,
            checkpoint=raw,
            entries=tuple(entries),
            whole=whole,
            consistency=await self._consistencies(earlier, checkpoint.size),
            cosigned=cosigned,
        )

    async def _cosigned(
        self, application: ApplicationId | None, entries: Sequence[SavedEntry], size: int
    ) -> tuple[bytes, ...]:
        """The checkpoints of up to `size` entries by which witnesses say when they saw the application's last
        announcements.
        """
        if application is None:
            return ()
        announced = announcements({entry.index: entry.leaf for entry in entries}, application)
        if not announced:
            return ()
        query = ",".join(str(index) for index in announced[-MAX_ANNOUNCEMENTS:])
        try:
            raw = await self._get(f"{_LOG}/cosigned?entries={query}", _MAX_COSIGNED)
        except ProvenError as error:
            if error.code is ErrorCode.NOT_FOUND:
                return ()
            raise
        notes = [note.encode() for note in _decode(raw, _Cosigned).notes[:MAX_COSIGNED]]
        return tuple(note for note in notes if _size_of(note) <= size)

    async def _checkpoint(self, size: int) -> tuple[bytes, Checkpoint]:
        """The newest checkpoint; waits a little for one of at least `size` entries."""
        for attempt in range(_ATTEMPTS):
            raw = await self._get(f"{_LOG}/checkpoint", MAX_NOTE)
            checkpoint = Checkpoint.parse(Note.parse(raw).text)
            if checkpoint.size >= size:
                break
            await asyncio.sleep(0.005 * attempt)
        return raw, checkpoint

    async def _all_entries(self, size: int) -> list[SavedEntry]:
        limited = asyncio.Semaphore(_AT_ONCE)

        async def read(first: int) -> list[bytes]:
            width = min(WIDTH, size - first)
            path = Tile(None, first // WIDTH, width).path()
            async with limited:
                raw = await self._get(f"{_LOG}/tile/{path}", width * (MAX_ENTRY + 2))
            return list(decode_entries(raw))

        bundles = await asyncio.gather(*(read(first) for first in range(0, size, WIDTH)))
        leaves = [leaf for bundle in bundles for leaf in bundle]
        return [SavedEntry(index=index, leaf=leaf) for index, leaf in enumerate(leaves)]

    async def _entries(self, application: ApplicationId, size: int) -> list[SavedEntry]:
        entries: list[SavedEntry] = []
        for _ in range(_MAX_PAGES):
            after = entries[-1].index if entries else -1
            query = f"size={size}" + (f"&after={after}" if entries else "")
            raw = await self._get(f"{_LOG}/application/{application}?{query}", _MAX_PAGE)
            page = _decode(raw, _Page)
            for entry in page.entries:
                if entry.index <= after:
                    raise _malformed()
                after = entry.index
                proof = read_hashes(entry.hashes)
                entries.append(SavedEntry(index=entry.index, leaf=entry.leaf, proof=proof))
            if not page.more or not page.entries:
                return entries
        raise ProvenError(ErrorCode.TOO_LARGE, "the application has more entries than can be read here")

    async def _consistencies(
        self, earlier: Sequence[int], size: int
    ) -> tuple[tuple[int, tuple[bytes, ...]], ...]:
        limited = asyncio.Semaphore(_AT_ONCE)

        async def read(old: int) -> tuple[int, tuple[bytes, ...]]:
            async with limited:
                return old, await self._consistency(old, size)

        return tuple(await _all(*map(read, earlier)))

    async def _consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        raw = await self._get(f"{_LOG}/consistency?old={old}&new={new}", _MAX_PROOF)
        return read_hashes(_decode(raw, _Proof).hashes)

    async def _session(self, application: ApplicationId) -> SavedSession:
        request = ClientHandshake(application).request()
        url = f"{self._base}/app/{application}/session"
        sent = {"content-type": "application/cose"}
        async with (
            _errors(),
            self._http.post(url, data=request, headers=sent, allow_redirects=False) as response,
        ):
            body = await read_limited(response, MAX_RESPONSE)
        if response.status != 200:
            raise _refusal(body, response.status)
        return SavedSession(request=request, response=body)

    async def archive(self, package_id: PackageId) -> bytes:
        """What the node keeps as this package, not yet checked. Raises `NOT_FOUND`."""
        return await self._get(f"/.well-known/proven/packages/{package_id}", MAX_ARCHIVE_BYTES)

    async def manifest(self, package_id: PackageId) -> bytes:
        """The bytes that the package's id is to be the hash of, not yet checked. Raises `NOT_FOUND`."""
        return await self._get(f"/explorer/packages/{package_id}/manifest", MAX_MANIFEST_BYTES)

    async def _get(self, path: str, limit: int) -> bytes:
        async with _errors(), self._http.get(self._base + path, allow_redirects=False) as response:
            body = await read_limited(response, limit)
        if response.status != 200:
            raise _refusal(body, response.status)
        return body


@asynccontextmanager
async def collecting(
    url: str, *, tls: ssl.SSLContext | None = None, timeout: float = 30.0
) -> AsyncIterator[Collector]:
    """A collector with connections of its own. `timeout` is seconds for each request."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=True if tls is None else tls, resolver=Resolver()),
        timeout=aiohttp.ClientTimeout(total=timeout),
        auto_decompress=False,
    ) as http:
        yield Collector(http, url)


def _size_of(note: bytes) -> int:
    return Checkpoint.parse(Note.parse(note).text).size


def _sizes_before(checkpoint: Checkpoint, answer: SavedAnswer | None, memory: LogMemory | None) -> set[int]:
    """The earlier sizes that the log is compared with."""
    sizes = set()
    known = None if memory is None else memory.log(checkpoint.origin)
    if known is not None:
        sizes.add(known.size)
    try:
        described = msgspec.json.decode(b"" if answer is None else answer.body)
        sizes.add(int(described["log"]["size"]))
    except (msgspec.DecodeError, RecursionError, KeyError, TypeError, ValueError):
        pass
    return sizes


async def _all(*tasks: Any) -> Any:
    """Await all at once; if one fails, the others are ended."""
    started = [asyncio.ensure_future(task) for task in tasks]
    try:
        return await asyncio.gather(*started)
    finally:
        for task in started:
            task.cancel()


async def _nothing() -> None:
    return None


@asynccontextmanager
async def _errors() -> AsyncIterator[None]:
    try:
        yield
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise unreachable(error) from None


def _decode(raw: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, binascii.Error, UnicodeError, RecursionError):
        raise _malformed() from None


def _malformed() -> ProvenError:
    return ProvenError(ErrorCode.EVIDENCE_INVALID, "the node's list of entries is malformed")


def _refusal(body: bytes, status: int) -> ProvenError:
    try:
        record = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        record = None
    if isinstance(record, dict):
        return ProvenError.from_record(record)
    return ProvenError(ErrorCode.UNAVAILABLE, f"the node answered with status {status}")
