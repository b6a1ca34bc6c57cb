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

from proven.engine import Registers
from proven.engine.embedded import EmbeddedEngine
from proven.identity import PasskeyLimits, Passkeys, RelyingParty
from proven.identity._webauthn import PRF_SALT
from proven.wire import cbor
from proven.wire.commands import (
    AuthenticationResult,
    BeginAuthentication,
    BeginRegistration,
    Ceremony,
    FinishAuthentication,
    FinishRegistration,
    PasskeySummary,
)
from proven.wire.ids import ApplicationId, IdentityId
from proven.wire.session import ClientHandshake
from support.authenticator import Credential, SoftwareAuthenticator
from support.clock import Clock
from support.sealed import Holder, opened, running_engine, sessions_by

PAGE = "https://node.example"
APP_PAGE = "https://todo.example"


class Person(Holder):
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
    def __init__(
        self,
        engine: EmbeddedEngine,
        limits: PasskeyLimits | None = None,
        *,
        registers: Registers | None = None,
    ) -> None:
        self.clock = Clock(1_700_000_000.25)
        self.engine = engine
        self.sessions = sessions_by(self.clock)
        self.party = RelyingParty("node.example", lambda: (PAGE,), lambda origin: origin == APP_PAGE)
        self.passkeys = Passkeys(
            registers or engine.registers, self.sessions, self.party, limits=limits, clock=self.clock
        )

    async def open(
        self,
        *,
        origin: str | None = PAGE,
        application_id: ApplicationId | None = None,
        source: str = "192.0.2.1",
        seed: bytes | None = None,
    ) -> Person:
        handshake = ClientHandshake(application_id, origin=origin)
        channel, session = await opened(self.sessions, handshake, application_id, source=source)
        person = Person(channel, session, self.passkeys.performers())
        if seed is not None:
            person.identify(seed)
        return person


@asynccontextmanager
async def running_node(directory: Path, limits: PasskeyLimits | None = None) -> AsyncIterator[Node]:
    async with running_engine(directory) as engine:
        yield Node(engine, limits)


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
