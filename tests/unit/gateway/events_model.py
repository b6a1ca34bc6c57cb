"""Sessions, a hub and an engine as a node has them; only the sockets are not there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from proven.engine.embedded._messages import EmbeddedMessages
from proven.gateway.events import EventHub, Publisher
from proven.gateway.limits import EventLimits
from proven.gateway.mailbox import Mailbox
from proven.gateway.websocket import WebSocketClosed
from proven.identity import Session, SessionLimits, Sessions
from proven.wire import values
from proven.wire.commands import MissedEvents, PublishedEvent, VersionEvent, decode_message
from proven.wire.events import Audience
from proven.wire.identity import IdentityKey, new_seed
from proven.wire.ids import ApplicationId, IdentityId, PackageId
from proven.wire.session import ClientHandshake, SealedChannel

ONE, TWO = ApplicationId("a" * 32), ApplicationId("b" * 32)
PACKAGE = PackageId("1" * 64)

Received = PublishedEvent | MissedEvents | VersionEvent


class _Evidence:
    """Both ends of evidence, where nothing depends on it."""

    async def attest(self, **claims: object) -> bytes:
        return b""

    def verify(self, document: bytes, **claims: object) -> None:
        return None


class Socket:
    """Where frames go: read at once, unless the peer stalls."""

    def __init__(self, on_frame: Callable[[bytes], None]) -> None:
        self._on_frame = on_frame
        self._room = asyncio.Event()
        self._room.set()
        self.closed: tuple[int, str] | None = None

    @property
    def congested(self) -> bool:
        return not self._room.is_set()

    async def drained(self) -> None:
        await self._room.wait()

    def stall(self) -> None:
        self._room.clear()

    def flow(self) -> None:
        self._room.set()

    def send_now(self, message: bytes) -> None:
        if self.closed is not None:
            raise WebSocketClosed
        self._on_frame(message)

    def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)


@dataclass
class Client:
    """One connection: the node's half of it and the client's."""

    session: Session
    channel: SealedChannel
    received: list[Received] = field(default_factory=list)
    on_received: Callable[[Received], None] = lambda received: None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def connect(self, sessions: Sessions, limits: EventLimits) -> None:
        self.socket = Socket(self._frame)
        self.mailbox = Mailbox(self.session, sessions, self.socket, limits, self._drain)

    @property
    def payloads(self) -> list[object]:
        return [values.decode(each.payload) for each in self.received if isinstance(each, PublishedEvent)]

    @property
    def missed(self) -> int:
        return sum(each.count for each in self.received if isinstance(each, MissedEvents))

    def _frame(self, frame: bytes) -> None:
        _, plaintext = self.channel.open(frame)
        message = decode_message(plaintext)
        assert isinstance(message, PublishedEvent | MissedEvents | VersionEvent)
        self.on_received(message)
        self.received.append(message)

    def _drain(self) -> None:
        task = asyncio.get_running_loop().create_task(self.mailbox.drain())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


class World:
    """A node's events without its sockets. Use it within a running loop; `close` it."""

    def __init__(self, limits: EventLimits | None = None, clock: Callable[[], float] = lambda: 0.0) -> None:
        self.limits = limits or EventLimits()
        self.messages = EmbeddedMessages()
        self.messages.start()
        self.hub = EventHub(self.messages, self.limits)
        self.sessions = Sessions(
            _Evidence(),
            limits=SessionLimits(
                handshake_burst=10**9, handshake_rate_per_source=1e9, handshake_burst_per_source=10**9
            ),
            clock=clock,
        )
        self._publisher = Publisher(self.messages, lambda application, package: 7)
        self._clients: list[Client] = []

    async def client(self, application_id: ApplicationId = ONE, *, like: Client | None = None) -> Client:
        """A connection of a new session, or a second one of that of `like`."""
        if like is None:
            handshake = ClientHandshake(application_id)
            response, session = await self.sessions.open(handshake.request(), application_id=application_id)
            channel, _ = handshake.finish(response, _Evidence())
            client = Client(session, channel)
        else:
            client = Client(like.session, like.channel)
        client.connect(self.sessions, self.limits)
        self._clients.append(client)
        return client

    def identify(self, client: Client, seed: bytes) -> IdentityId:
        application_id = client.session.application_id
        key = IdentityKey.derive(seed, application_id)
        return client.session.identify(key.identify(client.channel.transcript))

    async def subscribe(self, client: Client, name: str) -> None:
        assert client.session.application_id is not None
        await self.hub.subscribe(client.session.application_id, name, client.mailbox)

    def unsubscribe(self, client: Client, name: str) -> None:
        assert client.session.application_id is not None
        self.hub.unsubscribe(client.session.application_id, name, client.mailbox)

    def leave(self, client: Client) -> None:
        assert client.session.application_id is not None
        self.hub.leave(client.session.application_id, client.mailbox)

    async def publish(
        self, name: str, payload: values.Value, audience: Audience, *, application_id: ApplicationId = ONE
    ) -> None:
        await self._publisher.publish(application_id, PACKAGE, name, values.encode(payload), audience)

    async def settle(self) -> None:
        """Let everything happen that can happen without anybody doing something."""
        for _ in range(50):
            await asyncio.sleep(0)

    async def close(self) -> None:
        await self.hub.stop()
        await self.messages.stop()
        for client in self._clients:
            for task in client.tasks:
                task.cancel()


def seed() -> bytes:
    return new_seed()
