"""One session with a node: from the handshake to the last answer."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable
from types import TracebackType
from typing import TypeAlias

from proven.attestation import Evidence, Verifier
from proven.client._transport import Endpoint, HttpTransport, Transport
from proven.wire.commands import (
    ConsoleEvent,
    Failure,
    LogEvent,
    MissedEvents,
    PublishedEvent,
    Success,
    VersionEvent,
    decode_message,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId
from proven.wire.session import ClientHandshake, SealedChannel

KEEP_ALIVE = 240.0
"""Seconds after which a session that only listens says something: a node ends one that is silent."""

OnConsole = Callable[[ConsoleEvent], None]
Pushed: TypeAlias = PublishedEvent | MissedEvents | LogEvent | VersionEvent
OnEvent = Callable[[Pushed | None], None]
"""Told what comes; None once nothing more will."""


class Carrier(enum.StrEnum):
    """What frames travel over. AUTO is a WebSocket or, where there is none to be had, HTTP requests.

    Over HTTP the calls of a client are made one after another, and console lines are not sent.
    """

    AUTO = "auto"
    WEBSOCKET = "websocket"
    HTTP = "http"


class Session:
    """One sealed channel over one transport, and the calls that wait for their answers."""

    def __init__(
        self, channel: SealedChannel, evidence: Evidence, on_console: OnConsole | None, on_event: OnEvent
    ) -> None:
        self.channel = channel
        self.evidence = evidence
        self.lost: ProvenError | None = None
        self._on_console = on_console
        self._on_event = on_event
        self._transport: Transport | None = None
        self._sending = asyncio.Lock()
        self._pending: dict[int, asyncio.Future[Success]] = {}

    @classmethod
    async def open(
        cls,
        endpoint: Endpoint,
        application_id: ApplicationId | None,
        verifier: Verifier,
        *,
        origin: str | None,
        carrier: Carrier,
        on_console: OnConsole | None,
        on_event: OnEvent,
    ) -> Session:
        """No key exists before `verifier` has agreed to the evidence. Raises `ProvenError`."""
        handshake = ClientHandshake(application_id, origin=origin)
        response = await endpoint.open_session(handshake.request())
        channel, evidence = handshake.finish(response, verifier)
        session = cls(channel, evidence, on_console, on_event)
        await session._attach(endpoint, carrier)
        return session

    async def _attach(self, endpoint: Endpoint, carrier: Carrier) -> None:
        if carrier is not Carrier.HTTP:
            try:
                self._transport = await endpoint.connect(self._receive, self._lose)
                return
            except ProvenError:
                if carrier is Carrier.WEBSOCKET:
                    raise
        self._transport = HttpTransport(endpoint, self._receive, self._lose)

    async def ask(self, plaintext: bytes) -> Success:
        """Send a command and wait for its answer. Raises `ProvenError`."""
        answer: asyncio.Future[Success] = asyncio.get_running_loop().create_future()
        sequence = -1
        try:
            async with self._sending:
                if self.lost is not None or self._transport is None:
                    raise self.lost or ProvenError(ErrorCode.SESSION_CLOSED, "the session is closed")
                frame = self.channel.seal(plaintext)
                sequence = self.channel.last_sent
                self._pending[sequence] = answer
                await self._transport.send(frame)
            return await answer
        finally:
            self._pending.pop(sequence, None)

    def _receive(self, frame: bytes) -> None:
        """Raises `ProvenError` if the frame is not one of the node's: the session has ended then."""
        _, plaintext = self.channel.open(frame)
        message = decode_message(plaintext)
        if isinstance(message, ConsoleEvent):
            if self._on_console is not None:
                self._on_console(message)
            return
        if isinstance(message, Pushed):
            self._on_event(message)
            return
        answer = self._pending.get(message.request)
        if answer is None or answer.done():
            return
        if isinstance(message, Failure):
            answer.set_exception(message.to_error())
        else:
            answer.set_result(message)

    def _lose(self, reason: ProvenError) -> None:
        if self.lost is not None:
            return
        self.lost = reason
        self.channel.close()
        self._on_event(None)
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(
                    ProvenError(
                        ErrorCode.UNAVAILABLE,
                        f"the connection was lost before the answer came: {reason.message}",
                        details={"cause": reason.code.value},
                    )
                )

    async def close(self) -> None:
        self._lose(ProvenError(ErrorCode.SESSION_CLOSED, "the session was closed by this client"))
        if self._transport is not None:
            await self._transport.close()


class Deadline:
    """`asyncio.timeout` that raises `REQUEST_TIMEOUT`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timeout = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            raise ProvenError(
                ErrorCode.REQUEST_TIMEOUT, f"no answer within {self._seconds:g} seconds"
            ) from None
