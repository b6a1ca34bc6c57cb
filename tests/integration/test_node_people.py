"""People at a whole node, over the wire as a browser speaks it: accounts, passkeys, sessions, recovery."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from proven.attestation import Verifier
from proven.node.config import GatewaySettings, NodeConfig
from proven.node.local import LocalNode, local_node
from proven.packages import build
from proven.wire.commands import (
    AuthenticationResult,
    BeginAuthentication,
    BeginRegistration,
    Ceremony,
    Command,
    Done,
    FinishAuthentication,
    FinishRegistration,
    IdentifyResult,
    IssueTicket,
    IssueTicketResult,
    ListPasskeys,
    ListPasskeysResult,
    ListSessions,
    ListSessionsResult,
    PasskeySummary,
    RemovePasskey,
    Result,
    RevokeSession,
    Success,
    WhoAmI,
    WhoAmIResult,
    decode_message,
    encode_command,
    read_result,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import IdentityKey, new_seed
from proven.wire.ids import ApplicationId, IdentityId
from proven.wire.session import ClientHandshake, SealedChannel
from support.authenticator import SoftwareAuthenticator
from support.raw_sessions import open_channel
from unit.identity.people import unwrap, wrap

R = TypeVar("R", bound=Result)

APP = "import { run } from '@proven-network/handler';\nexport const ping = run(() => 'pong');\n"


@dataclass
class Page:
    """A page at `origin` with one session."""

    http: aiohttp.ClientSession
    url: str
    origin: str
    application: ApplicationId | None
    channel: SealedChannel
    key: X25519PrivateKey

    async def do(self, command: Command, kind: type[R]) -> R:
        frame = self.channel.seal(encode_command(command))
        headers = {"origin": self.origin}
        async with self.http.post(f"{self.url}/rpc", data=frame, headers=headers) as response:
            body = await response.read()
            if response.status != 200:
                raise ProvenError.from_record(await response.json())
        message = decode_message(self.channel.open(body)[1])
        if not isinstance(message, Success):
            raise message.to_error()  # type: ignore[union-attr]
        return read_result(message, kind)

    async def identify(self, seed: bytes) -> IdentityId:
        key = IdentityKey.derive(seed, self.application)
        result = await self.do(key.identify(self.channel.transcript), IdentifyResult)
        assert result.identity == key.identity
        return key.identity

    async def register(self, device: SoftwareAuthenticator, seed: bytes) -> PasskeySummary:
        ceremony = await self.do(BeginRegistration(label="device"), Ceremony)
        response = device.create(ceremony.options, self.origin)
        account = IdentityKey.derive(seed, None).identity
        finish = FinishRegistration(
            ceremony=ceremony.ceremony,
            response=response,
            wrapped_seed=wrap(seed, device.credentials[-1], account),
        )
        return await self.do(finish, PasskeySummary)

    async def sign_in(self, device: SoftwareAuthenticator) -> bytes:
        """The root seed, unwrapped."""
        ceremony = await self.do(BeginAuthentication(), Ceremony)
        response = device.get(ceremony.options, self.origin)
        finish = FinishAuthentication(ceremony=ceremony.ceremony, response=response)
        result = await self.do(finish, AuthenticationResult)
        assert result.wrapped_seed is not None
        return unwrap(result.wrapped_seed, device.credentials[-1], IdentityId(result.account))


class Browser:
    def __init__(self, node: LocalNode, http: aiohttp.ClientSession) -> None:
        self.node = node
        self.http = http
        (self.sign_in_page,) = node.sign_in_origins()

    async def open(
        self,
        application: ApplicationId | None = None,
        origin: str | None = None,
        resuming: tuple[X25519PrivateKey, bytes] | None = None,
    ) -> Page:
        origin = origin or self.sign_in_page
        url = f"{self.node.url}/app/{application}" if application else self.node.url
        key, ticket = resuming or (None, None)
        handshake = ClientHandshake(application, origin=origin, private_key=key, resumption=ticket)
        verifier = Verifier.development(self.node.development_root)
        channel = await open_channel(self.http, url, handshake, verifier, origin=origin)
        return Page(self.http, url, origin, application, channel, handshake.private_key)


@asynccontextmanager
async def running(directory: Path) -> AsyncIterator[tuple[Browser, ApplicationId]]:
    folder = directory / "app"
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "src" / "app.ts").write_text(APP)
    (folder / "package.json").write_text('{"name": "todo"}')
    config = NodeConfig(data_dir=directory / "data", gateway=GatewaySettings(port=0))
    async with (
        local_node(config) as node,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as http,
    ):
        application = await node.deploy(build(folder))
        yield Browser(node, http), application.id


async def refusal(attempt: object) -> ErrorCode:
    with pytest.raises(ProvenError) as refused:
        await attempt  # type: ignore[misc]
    return refused.value.code


async def test_a_person_makes_an_account_signs_in_elsewhere_and_is_known_to_the_application(
    tmp_path: Path,
) -> None:
    seed, device = new_seed(), SoftwareAuthenticator()
    async with running(tmp_path) as (browser, _):
        page = await browser.open()
        await page.identify(seed)
        await page.register(device, seed)
    async with running(tmp_path) as (browser, app):
        page = await browser.open()
        found = await page.sign_in(device)
        assert found == seed
        await page.identify(found)
        assert len((await page.do(ListPasskeys(), ListPasskeysResult)).passkeys) == 1
        inside = await browser.open(app, f"{browser.sign_in_page.replace('//', '//todo.')}")
        assert await inside.identify(found) == IdentityKey.derive(seed, app).identity
        assert (await inside.do(WhoAmI(), WhoAmIResult)).identity != IdentityKey.derive(seed, None).identity


async def test_who_lost_every_device_recovers_with_the_seed_and_removes_the_lost_passkey(
    tmp_path: Path,
) -> None:
    seed, lost, new = new_seed(), SoftwareAuthenticator(), SoftwareAuthenticator()
    async with running(tmp_path) as (browser, _):
        page = await browser.open()
        account = await page.identify(seed)
        stolen = await page.register(lost, seed)
        finder = await browser.open()
        await finder.identify(await finder.sign_in(lost))
        recovered = await browser.open()
        assert await recovered.identify(seed) == account
        await recovered.register(new, seed)
        await recovered.do(RemovePasskey(passkey=stolen.id), Done)
        assert await refusal(finder.do(ListPasskeys(), ListPasskeysResult)) is ErrorCode.SESSION_CLOSED
        assert await refusal((await browser.open()).sign_in(lost)) is ErrorCode.UNAUTHENTICATED
        assert await (await browser.open()).sign_in(new) == seed


async def test_a_revoked_session_is_not_resumed_after_a_restart_and_another_is(tmp_path: Path) -> None:
    seed, page = new_seed(), "http://localhost:5173"
    async with running(tmp_path) as (browser, app):
        kept, stolen = await browser.open(app, page), await browser.open(app, page)
        tickets = []
        for each in (kept, stolen):
            await each.identify(seed)
            tickets.append((each.key, (await each.do(IssueTicket(), IssueTicketResult)).ticket))
        session_id = (await stolen.do(WhoAmI(), WhoAmIResult)).session_id
        await kept.do(RevokeSession(session_id=session_id), Done)
    async with running(tmp_path) as (browser, app):
        resumed = await browser.open(app, page, tickets[0])
        identity = (await resumed.do(WhoAmI(), WhoAmIResult)).identity
        assert identity == IdentityKey.derive(seed, app).identity
        assert await refusal(browser.open(app, page, tickets[1])) is ErrorCode.UNAUTHENTICATED


async def test_an_applications_page_runs_no_ceremony(tmp_path: Path) -> None:
    async with running(tmp_path) as (browser, app):
        origin = browser.sign_in_page.replace("//", "//todo.")
        assert await refusal(browser.open(None, origin)) is ErrorCode.ORIGIN_DENIED
        inside = await browser.open(app, origin)
        assert await refusal(inside.do(BeginAuthentication(), Ceremony)) is ErrorCode.FORBIDDEN


async def test_a_revoked_session_loses_its_websocket_at_once(tmp_path: Path) -> None:
    seed = new_seed()
    async with running(tmp_path) as (browser, app):
        here, there = await browser.open(app), await browser.open(app)
        for page in (here, there):
            await page.identify(seed)
        headers = {"origin": there.origin}
        async with browser.http.ws_connect(f"{there.url}/ws", headers=headers) as websocket:
            await websocket.send_bytes(there.channel.seal(encode_command(WhoAmI())))
            assert (await websocket.receive(timeout=60)).type is aiohttp.WSMsgType.BINARY
            sessions = (await here.do(ListSessions(), ListSessionsResult)).sessions
            (other,) = [each for each in sessions if not each.current]
            await here.do(RevokeSession(session_id=other.session_id), Done)
            closed = await websocket.receive(timeout=60)
            assert (closed.type, closed.data, closed.extra) == (
                aiohttp.WSMsgType.CLOSE,
                1008,
                "SESSION_CLOSED",
            )
        assert len((await here.do(ListSessions(), ListSessionsResult)).sessions) == 1
