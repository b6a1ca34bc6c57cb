"""Commands that ask for what is sent without being asked for again: events, logs, versions."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Protocol, TypeAlias

from proven.gateway.events import EventHub
from proven.gateway.mailbox import Mailbox
from proven.gateway.versions import VersionHub
from proven.identity import Session
from proven.wire.commands import (
    Done,
    FollowLogs,
    FollowVersion,
    LogEvent,
    Result,
    Subscribe,
    Unsubscribe,
    VersionState,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId

PushCommand: TypeAlias = Subscribe | Unsubscribe | FollowLogs | FollowVersion

Feed = Callable[[ApplicationId, AsyncGenerator[LogEvent, None]], None]
"""Begins to send what comes to one connection. Raises `OVERLOADED`."""


class Logs(Protocol):
    """Where followed logs come from, as `AppTelemetry` is one."""

    def follow(
        self, session: Session, command: FollowLogs
    ) -> tuple[ApplicationId, AsyncGenerator[LogEvent, None]]: ...


class Pushed:
    """What connections are sent unasked. Where one of its sources is missing, its commands fail as
    `UNAVAILABLE`.
    """

    def __init__(
        self,
        events: EventHub | None = None,
        logs: Logs | None = None,
        versions: VersionHub | None = None,
    ) -> None:
        self._events = events
        self._logs = logs
        self._versions = versions

    async def perform(
        self, session: Session, command: PushCommand, mailbox: Mailbox | None, feed: Feed | None
    ) -> Result:
        """Send what `command` asks for to `mailbox` or `feed`, which connections alone have."""
        if isinstance(command, FollowLogs):
            return self._follow_logs(session, command, feed)
        application_id = session.application_id
        if application_id is None:
            raise ProvenError(
                ErrorCode.BAD_REQUEST, "a management session is of no application, and has no events"
            )
        if mailbox is None:
            raise ProvenError(
                ErrorCode.BAD_REQUEST,
                f"events come over a WebSocket, not in answers: open one at /app/{application_id}/ws",
            )
        if isinstance(command, FollowVersion):
            return await self._follow_version(application_id, mailbox)
        return await self._subscribe(application_id, command, mailbox)

    def answering(self, session: Session, live: int, mailbox: Mailbox) -> None:
        """An answer of the version that entry `live` made live is sealed after this, without a pause."""
        application_id, versions = session.application_id, self._versions
        if versions is not None and application_id is not None:
            mailbox.answering(live, lambda: versions.latest(application_id))

    def leave(self, application_id: ApplicationId, mailbox: Mailbox) -> None:
        """Forget a connection that has ended."""
        for hub in (self._events, self._versions):
            if hub is not None:
                hub.leave(application_id, mailbox)

    async def _subscribe(
        self, application_id: ApplicationId, command: Subscribe | Unsubscribe, mailbox: Mailbox
    ) -> Done:
        if self._events is None:
            raise ProvenError(ErrorCode.UNAVAILABLE, "this node delivers no events")
        if isinstance(command, Subscribe):
            await self._events.subscribe(application_id, command.event, mailbox)
        else:
            self._events.unsubscribe(application_id, command.event, mailbox)
        return Done()

    async def _follow_version(self, application_id: ApplicationId, mailbox: Mailbox) -> VersionState:
        if self._versions is None:
            raise ProvenError(ErrorCode.UNAVAILABLE, "this node does not tell of versions")
        return await self._versions.follow(application_id, mailbox)

    def _follow_logs(self, session: Session, command: FollowLogs, feed: Feed | None) -> Done:
        if self._logs is None:
            raise ProvenError(ErrorCode.UNAVAILABLE, "this node keeps no logs")
        if feed is None:
            raise ProvenError(ErrorCode.BAD_REQUEST, "logs are followed over a WebSocket: open one at /ws")
        feed(*self._logs.follow(session, command))
        return Done()
