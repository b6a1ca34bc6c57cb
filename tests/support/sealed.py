"""Sealed sessions on a real engine with no node around it, and the people who hold them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from proven.engine.embedded import EmbeddedEngine
from proven.identity import Session, SessionLimits, Sessions
from proven.wire.commands import Command
from proven.wire.identity import IdentityKey
from proven.wire.ids import ApplicationId, IdentityId
from proven.wire.session import ClientHandshake, SealedChannel
from support.clock import Clock

Performers = Mapping[type[Command], Callable[[Session, Any], Awaitable[Any]]]

SEED, OTHER_SEED = b"s" * 32, b"o" * 32


class Attestor:
    async def attest(self, *, nonce: bytes, public_key: bytes, user_data: bytes) -> bytes:
        return b"evidence"


class Believing:
    def verify(self, document: bytes, **_: Any) -> bytes:
        return document


def sessions_by(clock: Clock) -> Sessions:
    return Sessions(Attestor(), clock=clock, limits=SessionLimits(handshake_burst_per_source=10_000))


class Holder:
    """One session of one person, with the room whose commands they give."""

    def __init__(self, channel: SealedChannel, session: Session, performers: Performers) -> None:
        self.channel = channel
        self.session = session
        self._performers = performers

    def identify(self, seed: bytes) -> IdentityId:
        key = IdentityKey.derive(seed, self.session.application_id)
        return self.session.identify(key.identify(self.channel.transcript))

    async def do(self, command: Command) -> Any:
        return await self._performers[type(command)](self.session, command)


async def opened(
    sessions: Sessions, handshake: ClientHandshake, application_id: ApplicationId | None, **how: Any
) -> tuple[SealedChannel, Session]:
    """Both ends of a new session."""
    response, session = await sessions.open(handshake.request(), application_id=application_id, **how)
    channel, _ = handshake.finish(response, Believing())
    return channel, session


@asynccontextmanager
async def running_engine(directory: Path) -> AsyncIterator[EmbeddedEngine]:
    engine = EmbeddedEngine(directory / "engine.db", bytes(32))
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()
