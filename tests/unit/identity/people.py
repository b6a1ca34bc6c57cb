"""People with passkeys at a node: real sessions, a real engine, a real authenticator in software."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from proven.engine.embedded import EmbeddedEngine
from proven.identity import PasskeyLimits, Passkeys, RelyingParty, Session, SessionLimits, Sessions
from proven.identity._webauthn import PRF_SALT
from proven.wire import cbor
from proven.wire.commands import (
    AuthenticationResult,
    BeginAuthentication,
    BeginRegistration,
    Ceremony,
    Command,
    FinishAuthentication,
    FinishRegistration,
    PasskeySummary,
)
from proven.wire.identity import IdentityKey
from proven.wire.ids import ApplicationId, IdentityId
from proven.wire.session import ClientHandshake, SealedChannel
from support.authenticator import Credential, SoftwareAuthenticator

PAGE = "https://node.example"
APP_PAGE = "https://todo.example"
SEED, OTHER_SEED = b"s" * 32, b"o" * 32


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class Attestor:
    async def attest(self, *, nonce: bytes, public_key: bytes, user_data: bytes) -> bytes:
        return b"evidence"


class Believing:
    def verify(self, document: bytes, **_: Any) -> bytes:
        return document


class Person:
    """One session of one person."""

    def __init__(self, node: Node, channel: SealedChannel, session: Session) -> None:
        self.node = node
        self.channel = channel
        self.session = session

    def identify(self, seed: bytes) -> IdentityId:
        key = IdentityKey.derive(seed, self.session.application_id)
        return self.session.identify(key.identify(self.channel.transcript))

    async def do(self, command: Command) -> Any:
        return await self.node.passkeys.performers()[type(command)](self.session, command)

    async def begin(self, label: str = "laptop") -> Ceremony:
        ceremony = await self.do(BeginRegistration(label=label))
        assert isinstance(ceremony, Ceremony)
        return ceremony

    async def register(
        self,
        device: SoftwareAuthenticator,
        *,
        origin: str = PAGE,
        wrapped_seed: bytes | None = None,
        label: str = "laptop",
        **lies: Any,
    ) -> PasskeySummary:
        ceremony = await self.begin(label)
        response = device.create(ceremony.options, origin, **lies)
        made = await self.do(
            FinishRegistration(ceremony=ceremony.ceremony, response=response, wrapped_seed=wrapped_seed)
        )
        assert isinstance(made, PasskeySummary)
        return made

    async def sign_in(
        self,
        device: SoftwareAuthenticator,
        *,
        origin: str = PAGE,
        credential: Credential | None = None,
        **lies: Any,
    ) -> AuthenticationResult:
        ceremony = await self.do(BeginAuthentication())
        response = device.get(ceremony.options, origin, credential, **lies)
        result = await self.do(FinishAuthentication(ceremony=ceremony.ceremony, response=response))
        assert isinstance(result, AuthenticationResult)
        return result


class Node:
    def __init__(self, engine: EmbeddedEngine, limits: PasskeyLimits | None = None) -> None:
        self.clock = Clock()
        self.engine = engine
        self.sessions = Sessions(
            Attestor(), clock=self.clock, limits=SessionLimits(handshake_burst_per_source=10_000)
        )
        self.party = RelyingParty("node.example", lambda: (PAGE,), lambda origin: origin == APP_PAGE)
        self.passkeys = Passkeys(engine.registers, self.sessions, self.party, limits=limits, clock=self.clock)

    async def open(
        self,
        *,
        origin: str | None = PAGE,
        application_id: ApplicationId | None = None,
        source: str = "192.0.2.1",
        seed: bytes | None = None,
    ) -> Person:
        handshake = ClientHandshake(application_id, origin=origin)
        response, session = await self.sessions.open(
            handshake.request(), application_id=application_id, source=source
        )
        channel, _ = handshake.finish(response, Believing())
        person = Person(self, channel, session)
        if seed is not None:
            person.identify(seed)
        return person


@asynccontextmanager
async def running_node(directory: Path, limits: PasskeyLimits | None = None) -> AsyncIterator[Node]:
    engine = EmbeddedEngine(directory / "engine.db", bytes(32))
    await engine.start()
    try:
        yield Node(engine, limits)
    finally:
        await engine.stop()


def wrap(seed: bytes, credential: Credential, account: IdentityId) -> bytes:
    """The seed as a browser wraps it for a passkey."""
    nonce = os.urandom(12)
    return b"\x01" + nonce + AESGCM(_wrap_key(credential)).encrypt(nonce, seed, _aad(account))


def unwrap(wrapped: bytes, credential: Credential, account: IdentityId) -> bytes:
    return AESGCM(_wrap_key(credential)).decrypt(wrapped[1:13], wrapped[13:], _aad(account))


def _wrap_key(credential: Credential) -> bytes:
    return HKDF(SHA256(), 32, None, b"proven/seed-wrap/v1").derive(credential.prf(PRF_SALT))


def _aad(account: IdentityId) -> bytes:
    return cbor.encode(["proven/seed-wrap/v1", account])
