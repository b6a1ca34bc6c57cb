"""Whatever sessions do and in whatever order, nobody is sent what its audience excludes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proven.gateway.limits import EventLimits
from proven.wire import values
from proven.wire.commands import PublishedEvent
from proven.wire.events import EVERYONE, Audience
from proven.wire.identity import IdentityKey
from proven.wire.ids import ApplicationId
from unit.gateway.events_model import ONE, TWO, Client, Received, World

SEEDS = [bytes([number]) * 32 for number in range(2)]
NAMES = ["a", "b"]
APPLICATIONS = [ONE, ONE, TWO]
"""Of each session. They all begin with a subscription to the first name, as the first person."""

sessions = st.integers(0, len(APPLICATIONS) - 1)
names = st.sampled_from(NAMES)
people = st.integers(0, len(SEEDS) - 1)
publications = st.tuples(
    st.just("publish"), st.sampled_from(APPLICATIONS), names, st.one_of(st.none(), people)
)
Operation = tuple[object, ...]
operations: st.SearchStrategy[Sequence[Operation]] = st.lists(
    st.one_of(
        st.tuples(st.just("subscribe"), sessions, names),
        st.tuples(st.just("unsubscribe"), sessions, names),
        st.tuples(st.just("identify"), sessions, people),
        st.tuples(st.just("anonymize"), sessions),
        st.tuples(st.just("stall"), sessions),
        st.tuples(st.just("flow"), sessions),
        st.tuples(st.just("revoke"), sessions),
        st.tuples(st.just("leave"), sessions),
        publications,
        publications,
        publications,
        st.tuples(st.just("settle")),
    ),
    min_size=10,
    max_size=60,
)


@dataclass
class Seen:
    """What the model knows of one session."""

    application: ApplicationId
    who: int | None = None
    names: set[str] = field(default_factory=set)
    live: bool = True
    changed: bool = False
    """Whether what is for it has changed while something may have been on its way to it."""
    meant: list[int] = field(default_factory=list)
    """The events that were for it when they were published."""

    def is_for(self, application: ApplicationId, name: str, who: int | None) -> bool:
        return (
            self.live
            and application == self.application
            and name in self.names
            and (who is None or who == self.who)
        )


class Scenario:
    """Runs operations and, beside them, the model that says what may be received."""

    def __init__(self, *, settle: bool) -> None:
        self.settle = settle
        self.published: list[tuple[ApplicationId, str, int | None]] = []
        self.seen = [Seen(application) for application in APPLICATIONS]
        self.clients: list[Client] = []
        self.wrong: list[str] = []

    async def run(self, script: Sequence[Operation]) -> None:
        self.world = World(EventLimits(queued=2, queued_bytes=10_000, buffer=1000 if self.settle else 4))
        try:
            for number, application in enumerate(APPLICATIONS):
                client = await self.world.client(application)
                client.on_received = lambda received, number=number: self.receive(number, received)
                self.clients.append(client)
                await self.perform("subscribe", number, NAMES[0])
                await self.perform("identify", number, 0)
            for operation in script:
                await self.perform(*operation)
                if self.settle:
                    await self.world.settle()
            for client in self.clients:
                client.socket.flow()
            await self.world.settle()
        finally:
            await self.world.close()

    def receive(self, number: int, received: Received) -> None:
        """Called in the moment in which the node sends, inside of it: what is wrong is noted for later."""
        seen = self.seen[number]
        if not seen.live:
            self.wrong.append(f"session {number} has ended and received {received}")
        if isinstance(received, PublishedEvent):
            event = values.decode(received.payload)
            assert isinstance(event, int)
            application, name, who = self.published[event]
            if received.name != name or not seen.is_for(application, name, who):
                self.wrong.append(f"session {number} was {seen} and received {received}")

    async def perform(self, operation: object, *rest: object) -> None:
        match operation, *rest:
            case "publish", application, name, who:
                assert isinstance(application, str)
                assert isinstance(name, str)
                application_id = ApplicationId(application)
                person = who if isinstance(who, int) else None
                number = len(self.published)
                self.published.append((application_id, name, person))
                for seen in self.seen:
                    if seen.is_for(application_id, name, person):
                        seen.meant.append(number)
                audience = self.audience(application_id, person)
                await self.world.publish(name, number, audience, application_id=application_id)
            case ("settle",):
                await self.world.settle()
            case kind, int(number), *more:
                client, seen = self.clients[number], self.seen[number]
                if not seen.live:
                    return
                await self.change(kind, client, seen, more)

    async def change(self, kind: object, client: Client, seen: Seen, more: Sequence[object]) -> None:
        if kind in {"identify", "anonymize", "unsubscribe", "revoke", "leave"}:
            seen.changed = seen.changed or client.socket.congested or bool(client.mailbox._queue)
        match kind, *more:
            case "subscribe", str(name):
                seen.names.add(name)
                await self.world.subscribe(client, name)
            case "unsubscribe", str(name):
                seen.names.discard(name)
                self.world.unsubscribe(client, name)
            case "identify", int(who):
                seen.who = who
                self.world.identify(client, SEEDS[who])
            case ("anonymize",):
                seen.who = None
                client.session.anonymize()
            case ("stall",):
                client.socket.stall()
            case ("flow",):
                client.socket.flow()
            case ("leave",):
                seen.names.clear()
                self.world.leave(client)
            case ("revoke",):
                seen.live = False
                self.world.sessions.revoke(client.session.id)
                self.world.leave(client)

    def audience(self, application: ApplicationId, who: int | None) -> Audience:
        return EVERYONE if who is None else IdentityKey.derive(SEEDS[who], application).identity


FUZZ = settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])


@FUZZ
@given(operations)
def test_nobody_receives_what_its_audience_excludes_and_all_comes_in_order(
    script: Sequence[Operation],
) -> None:
    scenario = Scenario(settle=False)
    asyncio.run(scenario.run(script))
    assert scenario.wrong == []
    for client in scenario.clients:
        payloads = [payload for payload in client.payloads if isinstance(payload, int)]
        assert payloads == sorted(set(payloads))


@FUZZ
@given(operations)
def test_what_is_for_a_session_is_received_or_said_to_be_missed(script: Sequence[Operation]) -> None:
    scenario = Scenario(settle=True)
    asyncio.run(scenario.run(script))
    assert scenario.wrong == []
    for client, seen in zip(scenario.clients, scenario.seen, strict=True):
        accounted = len(client.payloads) + client.missed
        assert set(client.payloads) <= set(seen.meant)
        assert accounted <= len(seen.meant)
        if not seen.changed:
            assert accounted == len(seen.meant)
