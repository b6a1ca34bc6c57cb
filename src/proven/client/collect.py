"""Fetch what an answer is checked against. Nothing is believed here: `verification.examine` does that."""

from __future__ import annotations

import io
import os
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import quote, urlsplit

import aiohttp
import msgspec

from proven.client._log_reading import LogReading
from proven.client._requests import COSE, all_of, decode, fetch, http_session, reaching, read_limited, refusal
from proven.client.bundle import DESCRIPTIONS, Bundle, SavedAnswer, SavedLog, SavedSession, now_ms
from proven.client.pins import LogMemory
from proven.client.responses import MAX_BODY, NONCE_BYTES
from proven.packages.limits import MAX_ARCHIVE_BYTES, MAX_MANIFEST_BYTES
from proven.wire import http_signatures as signatures
from proven.wire import ids
from proven.wire.commands import SubmitResult
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId
from proven.wire.session import MAX_RESPONSE, ClientHandshake

WHOLE_LOG: Final = 4096
"""Entries up to which all of a log is read, so that nothing of the application can have been left out."""
MAX_WHOLE_LOG: Final = 1 << 20
_MAX_WORDS: Final = 500
_MAX_PAGE: Final = 32 * 1024 * 1024
_MAX_ANSWER: Final = 64 * 1024


class _Named(msgspec.Struct, frozen=True):
    id: str


class _Failure(msgspec.Struct, frozen=True):
    words: str


class _Domain(msgspec.Struct, frozen=True):
    name: str
    failure: _Failure | None = None


class _Claiming(msgspec.Struct, frozen=True):
    domains: list[_Domain]


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
        self._log = LogReading(http, self._base)

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
        with reaching():
            async with self._http.get(url, headers=sent, allow_redirects=False) as response:
                body = await read_limited(response, MAX_BODY)
                headers = tuple((name.lower(), value) for name, value in response.headers.items())
                asked = str(response.request_info.url)
        if not any(name == "attestation" for name, _ in headers):
            if response.status >= 400:
                raise refusal(response.status, body)
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
        saved_log, saved_session, archive = await all_of(
            self._log.read(application, log_index + 1, described or answer, memory, _most(whole=whole)),
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
        return await self._log.read(application, size, described, memory, _most(whole=whole))

    async def submit(self, envelope: bytes, archive: bytes = b"") -> SubmitResult:
        """Hand in a signed command, with the package of a `Deploy` unless the node has it already. Raises
        what it is refused with.
        """
        framed = io.BytesIO(len(envelope).to_bytes(4, "big") + envelope + archive)
        url = f"{self._base}/.well-known/proven/commands"
        return decode(await fetch(self._http, url, _MAX_ANSWER, body=framed), SubmitResult)

    async def find(self, name: str) -> ApplicationId:
        """The id of the application that the node says is called so, not yet checked. Raises `NOT_FOUND`."""
        path = f"/explorer/applications/{quote(name, safe='')}.json"
        return ids.parse_application_id(decode(await self._get(path, _MAX_PAGE), _Named).id)

    async def unproved(self, application: ApplicationId) -> Mapping[str, str]:
        """Why the node has not proved domains of the application, by domain, in its own words."""
        path = f"/explorer/applications/{application}.json"
        domains = decode(await self._get(path, _MAX_PAGE), _Claiming).domains
        return {each.name: each.failure.words[:_MAX_WORDS] for each in domains if each.failure is not None}

    async def _session(self, application: ApplicationId) -> SavedSession:
        request = ClientHandshake(application).request()
        url = f"{self._base}/app/{application}/session"
        answer = await fetch(self._http, url, MAX_RESPONSE, body=request, headers=COSE)
        return SavedSession(request=request, response=answer)

    async def archive(self, package_id: PackageId) -> bytes:
        """What the node keeps as this package, not yet checked. Raises `NOT_FOUND`."""
        return await self._get(f"/.well-known/proven/packages/{package_id}", MAX_ARCHIVE_BYTES)

    async def manifest(self, package_id: PackageId) -> bytes:
        """The bytes that the package's id is to be the hash of, not yet checked. Raises `NOT_FOUND`."""
        return await self._get(f"/explorer/packages/{package_id}/manifest", MAX_MANIFEST_BYTES)

    async def _get(self, path: str, limit: int) -> bytes:
        return await fetch(self._http, self._base + path, limit)


@asynccontextmanager
async def collecting(
    url: str, *, tls: ssl.SSLContext | None = None, timeout: float = 30.0
) -> AsyncIterator[Collector]:
    """A collector with connections of its own. `timeout` is seconds for each request."""
    async with http_session(tls, timeout) as http:
        yield Collector(http, url)


def _most(*, whole: bool) -> int:
    return MAX_WHOLE_LOG if whole else WHOLE_LOG


async def _nothing() -> None:
    return None
