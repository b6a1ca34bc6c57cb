"""The session that a client has at the moment, and what is to come over it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, TypeVar

from proven.attestation import Evidence, Verifier
from proven.client._feed import Feed
from proven.client._log_checks import LogChecks
from proven.client._session import KEEP_ALIVE, Carrier, Deadline, OnConsole, Pushed, Session
from proven.client._transport import Endpoint
from proven.client.events import Subscription
from proven.wire.commands import (
    Command,
    Done,
    IdentifyResult,
    LogEvent,
    Result,
    Subscribe,
    Unsubscribe,
    VersionEvent,
    WhoAmI,
    encode_command,
    read_result,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import IdentityKey
from proven.wire.ids import ApplicationId, IdentityId

_ResultT = TypeVar("_ResultT", bound=Result)


class Connection:
    """Asks over the session there is. One that was lost is opened anew with the next question: its evidence
    is verified, the log asked, and the key identified again.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        application_id: ApplicationId | None,
        verifier: Verifier,
        checks: LogChecks,
        *,
        key: IdentityKey | None,
        origin: str | None,
        on_console: OnConsole | None,
        carrier: Carrier,
        timeout: float,
    ) -> None:
        self._endpoint = endpoint
        self._application_id = application_id
        self._verifier = verifier
        self._checks = checks
        self._key = key
        self._origin = origin
        self._on_console = on_console
        self._carrier = carrier
        self._timeout = timeout
        self._session: Session | None = None
        self._opening = asyncio.Lock()
        self._subscriptions: dict[Subscription, None] = {}
        self._feeds: dict[Feed[Any], None] = {}
        self._keeping_alive: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def evidence(self) -> Evidence:
        if self._session is None:
            raise ProvenError(ErrorCode.SESSION_CLOSED, "there is no session")
        return self._session.evidence

    async def ask(self, command: Command, kind: type[_ResultT], timeout: float | None = None) -> _ResultT:
        return await self.answered(await self.ready(), command, kind, timeout)

    async def ready(self) -> Session:
        """The session, opened anew if it is known to be lost."""
        session = self._session
        return await self.live() if session is None or session.lost is not None else session

    async def answered(
        self, session: Session, command: Command, kind: type[_ResultT], timeout: float | None = None
    ) -> _ResultT:
        async with Deadline(self._timeout if timeout is None else timeout):
            return read_result(await session.ask(encode_command(command)), kind)

    async def live(self) -> Session:
        """The session, opened anew if there is none that works."""
        if self._closed:
            raise ProvenError(ErrorCode.SESSION_CLOSED, "this client was closed")
        async with self._opening, Deadline(self._timeout):
            if self._session is not None:
                if self._session.lost is None:
                    return self._session
                await self._session.close()
                self._session = None
            session = await Session.open(
                self._endpoint,
                self._application_id,
                self._verifier,
                origin=self._origin,
                carrier=self._carrier,
                on_console=self._on_console,
                on_event=self._on_event,
            )
            try:
                await self._checks.begin(session.evidence)
                if self._key is not None:
                    command = self._key.identify(session.channel.transcript)
                    read_result(await session.ask(encode_command(command)), IdentifyResult)
            except BaseException:
                await session.close()
                raise
            self._session = session
            return session

    async def identify(self, key: IdentityKey) -> IdentityId:
        session = await self.live()
        known = await self.answered(session, key.identify(session.channel.transcript), IdentifyResult)
        self._key = key
        return IdentityId(known.identity)

    def forget_key(self) -> None:
        self._key = None

    async def close(self) -> None:
        self._closed = True
        for subscription in list(self._subscriptions):
            await subscription.close()
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def attach(self, feed: Feed[Any]) -> None:
        self._feeds[feed] = None

    def detach(self, feed: Feed[Any]) -> None:
        self._feeds.pop(feed, None)

    def subscription(self, names: frozenset[str]) -> Subscription:
        return Subscription(names, self._resume, self._forget, self._checks.confirm_event)

    def _on_event(self, event: Pushed | None) -> None:
        for feed in list(self._feeds):
            if event is None or isinstance(event, feed.kind):
                feed.take(event)
        if isinstance(event, LogEvent | VersionEvent):
            return
        for subscription in list(self._subscriptions):
            if event is None:
                subscription.lose()
            else:
                subscription.take(event)

    async def _resume(self, subscription: Subscription) -> None:
        self._subscriptions[subscription] = None
        try:
            for name in sorted(subscription.names):
                await self.ask(Subscribe(event=name), Done)
        except BaseException:
            self._subscriptions.pop(subscription, None)
            raise
        if self._subscriptions and self._keeping_alive is None:
            self._keeping_alive = asyncio.create_task(self._keep_alive(), name="proven-client-keep-alive")

    async def _forget(self, subscription: Subscription) -> None:
        self._subscriptions.pop(subscription, None)
        wanted = {name for each in self._subscriptions for name in each.names}
        if not self._subscriptions and self._keeping_alive is not None:
            self._keeping_alive.cancel()
            self._keeping_alive = None
        if not self._closed:
            await self._tell(*(Unsubscribe(event=name) for name in sorted(subscription.names - wanted)))

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(KEEP_ALIVE)
            await self._tell(WhoAmI())

    async def _tell(self, *commands: Command) -> None:
        """Ask where the answer does not matter, if there is a session to ask over."""
        session = self._session
        if session is None or session.lost is not None:
            return
        with suppress(ProvenError):
            for command in commands:
                async with Deadline(self._timeout):
                    await session.ask(encode_command(command))
