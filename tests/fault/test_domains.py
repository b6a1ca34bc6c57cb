"""Domains are proved by what their holders publish, as several resolvers say it, and by nothing else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from random import Random
from typing import Any

import dns.message
import dns.rrset
import pytest
from aiohttp import web

from proven.apps import Applications
from proven.domains import DomainsConfig, Pace, Prover, resolver_for
from proven.engine.embedded import EmbeddedEngine
from proven.wire.applications import Archive, Command, LinkDomain, OwnerKey, UnlinkDomain
from proven.wire.domain_records import record_name, record_value
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId
from support.applications import ORIGIN
from support.name_servers import Authority, HttpsServer, Zone, https_server

DAY = 24 * 3600
LIFETIME = 14 * DAY
ALICE, MALLORY = OwnerKey.from_seed(b"A" * 32), OwnerKey.from_seed(b"M" * 32)
DOMAIN = "todo.example"
PACE = Pace(first_retry=10_000, apart=0, soon=0)


class World:
    """A node's applications and prover, whose clock is set by hand, and three resolvers of which two have
    to agree.
    """

    def __init__(self, engine: EmbeddedEngine, servers: list[HttpsServer], authority: Authority) -> None:
        self.engine = engine
        self.servers = servers
        self.seconds = 1_000_000_000.0
        self.applications = Applications(
            engine.logs, engine.objects, origin=ORIGIN, clock=lambda: self.seconds
        )
        config = DomainsConfig(
            resolvers=tuple(server.url for server in servers), certificates=authority.file, timeout=15.0
        )
        self.prover = Prover(
            self.applications,
            resolver_for(config, development=True),
            lifetime=LIFETIME,
            reserved=lambda domain: domain.endswith("node.example"),
            random=Random(1),
            pace=PACE,
            look_again=0.02,
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self.applications.start()
        await self.prover.start()
        try:
            yield
        finally:
            await self.prover.stop()
            await self.applications.stop()

    @property
    def entries(self) -> int:
        return self.applications.root()[0]

    @property
    def asked(self) -> int:
        return sum(len(server.zone.asked) for server in self.servers)

    async def create(self, key: OwnerKey, name: str) -> ApplicationId:
        return (await self.applications.create(key, name, b"")).id

    async def give(self, command: Command, application: ApplicationId, key: OwnerKey = ALICE) -> None:
        await self.applications.submit_as(key, application, command)

    def publish(self, application: ApplicationId, domain: str = DOMAIN, *, at: int = 3) -> None:
        """At the first `at` resolvers; the others know nothing of it."""
        for server in self.servers[:at]:
            server.zone.records[record_name(domain)] = [record_value(application, ORIGIN)]

    def holder(self, domain: str = DOMAIN) -> ApplicationId | None:
        try:
            return self.applications.by_domain(domain).id
        except ProvenError:
            return None

    async def held_by(self, application: ApplicationId | None, domain: str = DOMAIN) -> None:
        await until(lambda: self.holder(domain) == application)

    async def fails(self, application: ApplicationId, code: str, domain: str = DOMAIN) -> str:
        """Wait until the claim is not proved for this reason."""

        def failed() -> bool:
            looking = self.prover.looking(application, domain)
            return looking is not None and looking.failure is not None and looking.failure.code == code

        await until(failed)
        looking = self.prover.looking(application, domain)
        assert looking is not None
        assert looking.failure is not None
        return looking.failure.message

    async def idle(self) -> None:
        """Wait until nothing is under way and nothing due."""

        def nothing() -> bool:
            at = self.prover._agenda.next_at()
            return not self.prover._steps and (at is None or at > self.applications.now())

        await until(nothing)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.005)


Begin = Callable[[], Coroutine[Any, Any, World]]


@pytest.fixture
async def begin(tmp_path: Path) -> AsyncIterator[Begin]:
    async with contextlib.AsyncExitStack() as stack:
        authority = Authority(tmp_path)
        servers = [
            await stack.enter_async_context(https_server(Zone(), authority.server())) for _ in range(3)
        ]
        engine = EmbeddedEngine(tmp_path / "engine.db", bytes(32))
        await engine.start()
        stack.push_async_callback(engine.stop)

        async def made() -> World:
            return World(engine, servers, authority)

        yield made


@pytest.fixture
async def world(begin: Begin) -> AsyncIterator[World]:
    made = await begin()
    async with made.running():
        yield made


async def test_a_claim_is_proved_soon_and_with_one_entry(world: World) -> None:
    todo = await world.create(ALICE, "todo")
    world.publish(todo)
    await world.give(LinkDomain(domain=DOMAIN), todo)
    await world.held_by(todo)
    await world.idle()
    assert world.entries == 3
    assert world.asked == len(world.servers)
    (domain,) = world.applications.find("todo").domains
    assert domain.proved_until == int((world.seconds + LIFETIME) * 1000)
    assert world.holder(f"a.{DOMAIN}") is None
    with pytest.raises(ProvenError) as refused:
        world.applications.by_domain(DOMAIN.upper())
    assert refused.value.code is ErrorCode.NOT_FOUND


async def test_one_resolver_that_lies_proves_nothing(world: World) -> None:
    mallory = await world.create(MALLORY, "mallory")
    world.publish(mallory, at=1)
    await world.give(LinkDomain(domain=DOMAIN), mallory, MALLORY)
    await world.fails(mallory, "no_record")
    for server in world.servers[1:]:
        server.zone.records[record_name(DOMAIN)] = ["something of the holder's"]
    world.servers[2].zone.records[record_name(DOMAIN)] = ["something else"]
    world.seconds += 60
    await world.fails(mallory, "disagreement")
    assert world.holder() is None
    assert world.entries == 2


async def test_who_controls_the_network_can_only_keep_answers_away(world: World) -> None:
    todo = await world.create(ALICE, "todo")
    world.publish(todo)

    async def portal(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"location": world.servers[0].url})

    for server in world.servers[1:]:
        server.handler = portal
    await world.give(LinkDomain(domain=DOMAIN), todo)
    assert "302" in await world.fails(todo, "unreachable")
    assert len(world.servers[0].zone.asked) == 1
    world.servers[1].handler = None
    world.seconds += 60
    await world.held_by(todo)


def for_another_question(answer: dns.message.Message) -> bytes:
    answer.question[0].name = dns.name.from_text("_proven.evil.example")
    return answer.to_wire()


def with_another_id(answer: dns.message.Message) -> bytes:
    answer.id ^= 1
    return answer.to_wire()


def without_end(answer: dns.message.Message) -> bytes:
    return answer.to_wire() + bytes(100_000)


@pytest.mark.parametrize("distort", [for_another_question, with_another_id, without_end])
async def test_answers_to_other_questions_prove_nothing(
    world: World, distort: Callable[[dns.message.Message], bytes]
) -> None:
    todo = await world.create(ALICE, "todo")
    world.publish(todo)
    for server in world.servers[1:]:
        server.zone.distort = distort
    await world.give(LinkDomain(domain=DOMAIN), todo)
    await world.fails(todo, "unreachable")
    assert (world.holder(), world.entries) == (None, 2)


@pytest.mark.parametrize(
    "value",
    [
        "proven-domain/v1 app={app} log=other.example/log",
        "proven-domain/v1 app={other} log={log}",
        "proven-domain/v1 app={app} log={log} ",
        "PROVEN-DOMAIN/V1 app={app} log={log}",
        '"proven-domain/v1 app={app} log={log}"',
        "{app}",
        "",
    ],
)
async def test_a_record_for_something_else_proves_nothing(world: World, value: str) -> None:
    todo, other = await world.create(ALICE, "todo"), await world.create(MALLORY, "other")
    for server in world.servers:
        text = value.format(app=todo, other=other, log=ORIGIN)
        server.zone.records[record_name(DOMAIN)] = [text, "v=spf1 -all"]
    await world.give(LinkDomain(domain=DOMAIN), todo)
    assert "2 TXT records" in await world.fails(todo, "wrong_value")
    assert (world.holder(), world.entries) == (None, 3)


async def test_a_name_that_does_not_exist_is_looked_up_again(world: World) -> None:
    todo = await world.create(ALICE, "todo")
    await world.give(LinkDomain(domain=DOMAIN), todo)
    assert record_name(DOMAIN) in await world.fails(todo, "no_record")
    world.publish(todo)
    world.seconds += 15
    await world.held_by(todo)

    def found() -> bool:
        looking = world.prover.looking(todo, DOMAIN)
        return looking is not None and (looking.attempts, looking.failure) == (0, None)

    await until(found)


async def test_a_proof_is_renewed_in_time_with_one_entry_each(world: World) -> None:
    todo = await world.create(ALICE, "todo")
    world.publish(todo)
    await world.give(LinkDomain(domain=DOMAIN), todo)
    await world.held_by(todo)
    for renewals in range(1, 6):
        world.seconds += LIFETIME / 2
        await until(lambda: world.entries == 3 + renewals)  # noqa: B023
        await world.idle()
        assert world.holder() == todo
    assert world.entries == 8


async def test_an_expired_proof_leads_nowhere_at_once_and_then_lapses(world: World) -> None:
    todo = await world.create(ALICE, "todo")
    world.publish(todo)
    await world.give(LinkDomain(domain=DOMAIN), todo)
    await world.held_by(todo)
    for server in world.servers:
        server.zone.records.clear()
    world.seconds += LIFETIME - 1
    assert world.holder() == todo
    await world.fails(todo, "no_record")
    assert world.entries == 3
    world.seconds += 1
    assert world.holder() is None
    await until(lambda: world.entries == 4)
    assert world.applications.find("todo").domains[0].proved_until is None
    world.seconds += 30 * DAY
    await world.idle()
    assert world.entries == 4


async def test_a_domain_is_taken_over_only_when_the_proof_before_has_ended(world: World) -> None:
    todo, mallory = await world.create(ALICE, "todo"), await world.create(MALLORY, "mallory")
    world.publish(todo)
    await world.give(LinkDomain(domain=DOMAIN), todo)
    await world.held_by(todo)
    asked = world.asked
    world.publish(mallory)
    await world.give(LinkDomain(domain=DOMAIN), mallory, MALLORY)
    await world.fails(mallory, "taken")
    with pytest.raises(ProvenError) as refused:
        await world.applications.prove_domain(mallory, DOMAIN, world.applications.now() + 1000)
    assert refused.value.code is ErrorCode.CONFLICT
    assert (world.holder(), world.asked) == (todo, asked)
    world.seconds += LIFETIME - 60
    await world.fails(todo, "wrong_value")
    assert world.holder() == todo
    world.seconds += 60
    assert world.holder() is None
    await world.held_by(mallory)


@pytest.mark.parametrize("end", [UnlinkDomain(domain=DOMAIN), Archive()])
async def test_who_gives_a_domain_up_makes_room_at_once(world: World, end: Command) -> None:
    todo, other = await world.create(ALICE, "todo"), await world.create(MALLORY, "other")
    world.publish(todo)
    await world.give(LinkDomain(domain=DOMAIN), todo)
    await world.held_by(todo)
    await world.give(LinkDomain(domain=DOMAIN), other, MALLORY)
    await world.fails(other, "taken")
    world.publish(other)
    await world.give(end, todo)
    await world.held_by(other)


async def test_claims_that_fail_fill_no_log_and_ask_ever_less(world: World) -> None:
    mallory = await world.create(MALLORY, "mallory")
    for each in range(8):
        await world.give(LinkDomain(domain=f"n{each}.example"), mallory, MALLORY)
    with pytest.raises(ProvenError) as refused:
        await world.give(LinkDomain(domain="n8.example"), mallory, MALLORY)
    assert refused.value.code is ErrorCode.QUOTA_EXCEEDED
    await world.fails(mallory, "no_record", "n7.example")
    entries = world.entries
    for _ in range(60):
        world.seconds += 3600
        await world.idle()
    assert world.entries == entries
    questions = world.asked / 8 / len(world.servers)
    # At most one each hour, since the clock moves so; the intervals allow 12 in the first day, then 5 a day.
    assert questions <= 24


async def test_a_name_whose_answers_never_come_holds_up_nobody_else(world: World) -> None:
    mallory, todo = await world.create(MALLORY, "mallory"), await world.create(ALICE, "todo")
    world.publish(todo)
    stuck = asyncio.Event()

    def answering(server: HttpsServer) -> Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            question = await request.read()
            if b"slow" not in question:
                body = await server.zone.answer(question)
                return web.Response(body=body, content_type="application/dns-message")
            stuck.set()
            response = web.StreamResponse(headers={"content-type": "application/dns-message"})
            await response.prepare(request)
            await response.write(b"\0")
            await asyncio.Event().wait()
            return response

        return answer

    for server in world.servers:
        server.handler = answering(server)
    for each in range(8):
        await world.give(LinkDomain(domain=f"slow{each}.example"), mallory, MALLORY)
    async with asyncio.timeout(60):
        await stuck.wait()
    await world.give(LinkDomain(domain=DOMAIN), todo)
    await world.held_by(todo)
    await world.fails(mallory, "unreachable", "slow0.example")


async def test_a_restart_keeps_proofs_and_renews_them(begin: Begin) -> None:
    first = await begin()
    async with first.running():
        todo = await first.create(ALICE, "todo")
        first.publish(todo)
        await first.give(LinkDomain(domain=DOMAIN), todo)
        await first.give(LinkDomain(domain="later.example"), todo)
        await first.held_by(todo)
        await first.fails(todo, "no_record", "later.example")
        entries = first.entries
    second = await begin()
    async with second.running():
        assert second.holder() == todo
        await second.fails(todo, "no_record", "later.example")
        await second.idle()
        assert second.entries == entries
        second.publish(todo, "later.example")
        second.seconds += 20
        await second.held_by(todo, "later.example")
    third = await begin()
    third.seconds = second.seconds + LIFETIME
    async with third.running():
        assert third.holder() is None
        await third.held_by(todo)


async def test_a_stop_waits_for_no_resolver(begin: Begin) -> None:
    world = await begin()
    async with world.running():
        todo = await world.create(ALICE, "todo")
        for server in world.servers:
            server.zone.up.clear()
        await world.give(LinkDomain(domain=DOMAIN), todo)
        await until(lambda: world.asked == len(world.servers))
    assert not world.prover._steps


async def test_domains_of_the_node_are_never_looked_up(world: World) -> None:
    todo = await world.create(ALICE, "todo")
    world.publish(todo, "todo.node.example")
    await world.give(LinkDomain(domain="todo.node.example"), todo)
    await world.fails(todo, "reserved", "todo.node.example")
    await world.idle()
    assert world.asked == 0
    assert world.entries == 2
