"""Signed commands to applications, from sessions and over plain HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from proven.apps import Receipt
from proven.gateway._uploads import Uploads
from proven.gateway.commands import Performer
from proven.gateway.http import Request, Response, json_response
from proven.identity import Session
from proven.packages import Package
from proven.packages.limits import MAX_ARCHIVE_BYTES
from proven.wire.applications import MAX_ENVELOPE, CreateApplication, Deploy, SignedCommand
from proven.wire.commands import Command, Result, Submit, SubmitResult
from proven.wire.errors import ErrorCode, ProvenError

PATH: Final = "/.well-known/proven/commands"
_LENGTH_BYTES: Final = 4
_UPLOAD_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True)
class SubmissionLimits:
    """How many applications may be created here, whoever owns them: a new key costs nothing."""

    creations_per_minute: float = 10.0
    creations_at_once: int = 30


class Submitter(Protocol):
    """What carries commands out, as `proven.apps.Deployer` does."""

    def check(self, envelope: bytes) -> SignedCommand:
        """The command in the envelope; raises what it would be refused with now."""

    async def submit(self, envelope: bytes, *, package: Package | None = None) -> Receipt: ...


class Submissions:
    """Takes envelopes from anyone: what counts is who signed.

    Over HTTP: `POST /.well-known/proven/commands`, the length of the envelope in 4 bytes (big-endian), the
    envelope, and for `Deploy` the archive of the package. The archive is read only after the command was
    found to be one that would be accepted, and `Uploads` has a place for it; other commands wait for nobody.
    """

    def __init__(
        self,
        submitter: Submitter,
        limits: SubmissionLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._submitter = submitter
        self._limits = limits or SubmissionLimits()
        self._clock = clock
        self._creations = float(self._limits.creations_at_once)
        self._refilled_at = clock()
        self._uploads = Uploads(clock)

    def performers(self) -> Mapping[type[Command], Performer]:
        """What carries out `Submit`."""
        return {Submit: self._perform}

    def posting(self) -> Mapping[str, Callable[[Request], Awaitable[Response]]]:
        """What is posted to, by path."""
        return {PATH: self._post}

    async def _perform(self, session: Session, command: Command) -> Result:
        assert isinstance(command, Submit)
        if session.application_id is not None:
            raise ProvenError(ErrorCode.FORBIDDEN, "commands to applications are for management sessions")
        self._admit(self._submitter.check(command.envelope))
        return _result(await self._submitter.submit(command.envelope))

    async def _post(self, request: Request) -> Response:
        try:
            async with asyncio.timeout(_UPLOAD_SECONDS):
                result = await self._receive(request)
        except TimeoutError:
            raise ProvenError(ErrorCode.REQUEST_TIMEOUT, "the command took too long to arrive") from None
        fields = {"application_id": result.application_id, "log_index": result.log_index}
        pending = {} if result.activates_at is None else {"activates_at": result.activates_at}
        return json_response({**fields, "revision": result.revision, **pending})

    async def _receive(self, request: Request) -> SubmitResult:
        limit = _LENGTH_BYTES + MAX_ENVELOPE + MAX_ARCHIVE_BYTES
        chunks = request.body.stream(limit)
        received = bytearray()
        length = int.from_bytes(await _read(chunks, received, _LENGTH_BYTES), "big")
        if not 0 < length <= MAX_ENVELOPE:
            raise ProvenError(ErrorCode.TOO_LARGE, f"an envelope has at most {MAX_ENVELOPE} bytes")
        envelope = await _read(chunks, received, length)
        signed = self._submitter.check(envelope)
        self._admit(signed)
        if not isinstance(signed.body.command, Deploy):
            async for chunk in chunks:
                received += chunk
                break
            if received:
                raise ProvenError(ErrorCode.BAD_REQUEST, "only a deploy brings a package")
            return _result(await self._submitter.submit(envelope))
        async with self._uploads.place(signed.application_id) as upload:
            archive = await upload.read(chunks, received)
            package = await asyncio.to_thread(Package.from_archive, archive) if archive else None
            return _result(await self._submitter.submit(envelope, package=package))

    def _admit(self, signed: SignedCommand) -> None:
        """Raises `OVERLOADED` for one creation too many."""
        if not isinstance(signed.body.command, CreateApplication):
            return
        now = self._clock()
        per_second = self._limits.creations_per_minute / 60
        grown = self._creations + (now - self._refilled_at) * per_second
        self._creations = min(float(self._limits.creations_at_once), grown)
        self._refilled_at = now
        if self._creations < 1:
            wait = (1 - self._creations) / per_second
            raise ProvenError(
                ErrorCode.OVERLOADED, "too many applications are being created here", retry_after=wait
            )
        self._creations -= 1


async def _read(chunks: AsyncIterator[bytes], received: bytearray, size: int) -> bytes:
    """The next `size` bytes, which are taken from `received`; raises `BAD_REQUEST` if there are fewer."""
    while len(received) < size:
        try:
            received += await anext(chunks)
        except StopAsyncIteration:
            raise ProvenError(ErrorCode.BAD_REQUEST, "the request ends within its command") from None
    taken = bytes(received[:size])
    del received[:size]
    return taken


def _result(receipt: Receipt) -> SubmitResult:
    pending = receipt.record.pending
    announced = pending is not None and pending.log_index == receipt.log_index
    return SubmitResult(
        application_id=receipt.record.id,
        log_index=receipt.log_index,
        revision=receipt.record.revision,
        activates_at=pending.activates_at if pending is not None and announced else None,
    )
