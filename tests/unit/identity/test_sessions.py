"""Sessions end when they should, act only as who has proven it, and cannot be had in any number."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from proven.identity import Session, SessionLimits, Sessions
from proven.wire.commands import Identify
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import IdentityKey
from proven.wire.ids import ApplicationId, SessionId
from proven.wire.session import ClientHandshake, SealedChannel
from support.clock import Clock
from support.sealed import Attestor, Believing

APPLICATION = ApplicationId("a" * 32)
OTHER_APPLICATION = ApplicationId("b" * 32)
SEED = b"s" * 32


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions(Attestor(), clock=clock)


async def connect(
    sessions: Sessions,
    handshake: ClientHandshake | None = None,
    *,
    application_id: ApplicationId | None = APPLICATION,
    source: str = "",
) -> tuple[SealedChannel, Session]:
    handshake = handshake or ClientHandshake(application_id)
    response, session = await sessions.open(handshake.request(), application_id=application_id, source=source)
    channel, _ = handshake.finish(response, Believing())
    return channel, session


async def refused(attempt: Awaitable[object] | Callable[[], object]) -> ProvenError:
    try:
        await attempt if isinstance(attempt, Awaitable) else attempt()
    except ProvenError as error:
        return error
    pytest.fail("the attempt succeeded")


async def test_a_frame_finds_its_session(sessions: Sessions) -> None:
    channel, session = await connect(sessions)
    await connect(sessions)
    received = sessions.receive(channel.seal(b"ping"))
    assert (received.session, received.sequence, received.plaintext) == (session, 0, b"ping")
    assert channel.open(session.seal(b"pong")) == (0, b"pong")


async def test_a_frame_on_the_connection_of_another_session_ends_that_one(sessions: Sessions) -> None:
    one, _ = await connect(sessions)
    _, other = await connect(sessions)
    error = await refused(lambda: sessions.receive(one.seal(b"x"), other))
    assert error.code is ErrorCode.SESSION_CLOSED
    assert other.closed.is_set()
    assert len(sessions) == 1


async def test_a_bad_frame_ends_the_session(sessions: Sessions) -> None:
    channel, session = await connect(sessions)
    frame = channel.seal(b"x")
    sessions.receive(frame)
    assert (await refused(lambda: sessions.receive(frame))).code is ErrorCode.SESSION_CLOSED
    assert session.closed.is_set()
    assert (await refused(lambda: sessions.receive(channel.seal(b"y")))).code is ErrorCode.SESSION_CLOSED


async def test_frames_of_no_session_are_refused(sessions: Sessions) -> None:
    assert (await refused(lambda: sessions.receive(b""))).code is ErrorCode.BAD_REQUEST
    assert (await refused(lambda: sessions.find(SessionId("0" * 32)))).code is ErrorCode.SESSION_CLOSED


async def test_an_idle_session_expires_and_a_used_one_does_not(sessions: Sessions, clock: Clock) -> None:
    idle, _ = await connect(sessions)
    used, _ = await connect(sessions)
    for _ in range(4):
        clock.now += SessionLimits().idle / 2
        sessions.receive(used.seal(b"x"))
    assert (await refused(lambda: sessions.receive(idle.seal(b"x")))).code is ErrorCode.SESSION_CLOSED
    assert len(sessions) == 1


async def test_a_session_ends_absolutely_however_much_it_is_used(sessions: Sessions, clock: Clock) -> None:
    channel, session = await connect(sessions)
    while clock.now + 600 < session.expires_at:
        clock.now += 600
        sessions.receive(channel.seal(b"x"))
    clock.now = session.expires_at
    assert (await refused(lambda: sessions.receive(channel.seal(b"x")))).code is ErrorCode.SESSION_CLOSED


async def test_sweeping_frees_what_has_expired(sessions: Sessions, clock: Clock) -> None:
    _, session = await connect(sessions)
    clock.now += SessionLimits().idle
    sessions.sweep()
    assert session.closed.is_set()
    assert len(sessions) == 0


async def test_revoking_ends_sessions_at_once(sessions: Sessions) -> None:
    channel, session = await connect(sessions)
    _, other = await connect(sessions)
    sessions.revoke(session.id)
    assert (await refused(lambda: sessions.receive(channel.seal(b"x")))).code is ErrorCode.SESSION_CLOSED
    assert (await refused(lambda: session.seal(b"x"))).code is ErrorCode.SESSION_CLOSED
    assert not other.closed.is_set()
    sessions.revoke_all()
    assert other.closed.is_set()


async def test_a_session_is_anonymous_until_it_identifies(sessions: Sessions) -> None:
    channel, session = await connect(sessions)
    assert session.identity is None
    key = IdentityKey.derive(SEED, APPLICATION)
    assert session.identify(key.identify(channel.transcript)) == key.identity
    assert sessions.who_am_i(session).identity == key.identity
    session.anonymize()
    assert session.identity is None


async def test_identifying_takes_a_signature_over_this_session_and_application(sessions: Sessions) -> None:
    channel, session = await connect(sessions)
    another, _ = await connect(sessions)
    key = IdentityKey.derive(SEED, APPLICATION)
    good = key.identify(channel.transcript)
    stranger = IdentityKey.derive(b"t" * 32, APPLICATION)
    for bad in (
        key.identify(another.transcript),
        IdentityKey.derive(SEED, OTHER_APPLICATION).identify(channel.transcript),
        IdentityKey.derive(SEED, None).identify(channel.transcript),
        Identify(public_key=stranger.public_key, signature=good.signature),
        Identify(public_key=good.public_key, signature=bytes(64)),
        Identify(public_key=b"\xff" * 32, signature=good.signature),
    ):
        assert (await refused(lambda bad=bad: session.identify(bad))).code is ErrorCode.UNAUTHENTICATED
        assert session.identity is None


async def test_identities_differ_between_applications_and_are_the_same_every_time() -> None:
    here = IdentityKey.derive(SEED, APPLICATION)
    assert IdentityKey.derive(SEED, APPLICATION).identity == here.identity
    assert IdentityKey.derive(SEED, OTHER_APPLICATION).identity != here.identity
    assert IdentityKey.derive(SEED, None).identity != here.identity


async def test_revoking_an_identity_ends_its_sessions(sessions: Sessions) -> None:
    key = IdentityKey.derive(SEED, APPLICATION)
    for _ in range(2):
        channel, session = await connect(sessions)
        session.identify(key.identify(channel.transcript))
    await connect(sessions)
    assert await sessions.revoke_identity(key.identity) == 2
    assert len(sessions) == 1


async def test_a_session_is_only_opened_at_the_address_of_its_application(sessions: Sessions) -> None:
    request = ClientHandshake(OTHER_APPLICATION).request()
    error = await refused(sessions.open(request, application_id=APPLICATION))
    assert error.code is ErrorCode.BAD_REQUEST


async def test_one_source_cannot_use_up_the_handshakes_of_the_others(clock: Clock) -> None:
    limits = SessionLimits(handshake_rate_per_source=1, handshake_burst_per_source=3)
    sessions = Sessions(Attestor(), limits=limits, clock=clock)
    for _ in range(3):
        await connect(sessions, source="203.0.113.1")
    error = await refused(connect(sessions, source="203.0.113.1"))
    assert error.code is ErrorCode.OVERLOADED
    assert error.retry_after == pytest.approx(1)
    await connect(sessions, source="203.0.113.2")
    clock.now += 1
    await connect(sessions, source="203.0.113.1")


async def test_all_addresses_of_an_ipv6_network_are_one_source(clock: Clock) -> None:
    limits = SessionLimits(handshake_rate_per_source=1, handshake_burst_per_source=3)
    sessions = Sessions(Attestor(), limits=limits, clock=clock)
    for number in range(3):
        await connect(sessions, source=f"2001:db8:1:2::{number}")
    error = await refused(connect(sessions, source="2001:db8:1:2:ffff::1"))
    assert error.code is ErrorCode.OVERLOADED
    await connect(sessions, source="2001:db8:1:3::1")


async def test_handshakes_of_all_sources_together_are_limited(clock: Clock) -> None:
    limits = SessionLimits(handshake_rate=1, handshake_burst=2)
    sessions = Sessions(Attestor(), limits=limits, clock=clock)
    for number in range(2):
        await connect(sessions, source=str(number))
    assert (await refused(connect(sessions, source="9"))).code is ErrorCode.OVERLOADED


async def test_a_full_node_makes_room_only_from_idle_sessions(clock: Clock) -> None:
    sessions = Sessions(Attestor(), limits=SessionLimits(max_sessions=2), clock=clock)
    busy, _ = await connect(sessions)
    _, idle = await connect(sessions)
    error = await refused(connect(sessions))
    assert error.code is ErrorCode.OVERLOADED
    assert error.retry_after
    clock.now += SessionLimits().evictable_after
    sessions.receive(busy.seal(b"x"))
    await connect(sessions)
    assert idle.closed.is_set()
    assert len(sessions) == 2
    sessions.receive(busy.seal(b"x"))


async def test_handshakes_at_a_time_are_limited() -> None:
    release = asyncio.Event()

    class SlowAttestor:
        async def attest(self, *, nonce: bytes, public_key: bytes, user_data: bytes) -> bytes:
            await release.wait()
            return b"evidence"

    sessions = Sessions(SlowAttestor(), limits=SessionLimits(max_pending_handshakes=1))
    async with asyncio.TaskGroup() as group:
        first = group.create_task(connect(sessions))
        await asyncio.sleep(0)
        assert (await refused(connect(sessions))).code is ErrorCode.OVERLOADED
        release.set()
    assert first.result()[1].id
    await connect(sessions)


async def test_a_platform_that_does_not_answer_is_an_error_in_time() -> None:
    class DeadAttestor:
        async def attest(self, *, nonce: bytes, public_key: bytes, user_data: bytes) -> bytes:
            await asyncio.Event().wait()
            return b""

    sessions = Sessions(DeadAttestor(), limits=SessionLimits(attestation_timeout=0.01))
    assert (await refused(connect(sessions))).code is ErrorCode.UNAVAILABLE
    assert len(sessions) == 0


async def test_a_ticket_resumes_a_session_with_its_identity_and_end(sessions: Sessions, clock: Clock) -> None:
    handshake = ClientHandshake(APPLICATION, origin="https://app.example")
    channel, session = await connect(sessions, handshake)
    identity = session.identify(IdentityKey.derive(SEED, APPLICATION).identify(channel.transcript))
    ticket = sessions.issue_ticket(session).ticket
    sessions.revoke(session.id)
    clock.now += 3600
    again = ClientHandshake(
        APPLICATION,
        origin="https://app.example",
        private_key=handshake.private_key,
        resumption=ticket,
    )
    resumed_channel, resumed = await connect(sessions, again)
    assert resumed.identity == identity
    assert resumed.expires_at == int(session.expires_at)
    assert resumed.id != session.id
    assert sessions.receive(resumed_channel.seal(b"x")).session is resumed


async def test_a_ticket_works_once(sessions: Sessions) -> None:
    handshake = ClientHandshake(APPLICATION)
    _, session = await connect(sessions, handshake)
    ticket = sessions.issue_ticket(session).ticket

    def again() -> ClientHandshake:
        return ClientHandshake(APPLICATION, private_key=handshake.private_key, resumption=ticket)

    await connect(sessions, again())
    assert (await refused(connect(sessions, again()))).code is ErrorCode.UNAUTHENTICATED


async def test_a_ticket_is_bound_to_key_application_origin_time_and_node(
    sessions: Sessions, clock: Clock
) -> None:
    handshake = ClientHandshake(APPLICATION)
    _, session = await connect(sessions, handshake)
    ticket = sessions.issue_ticket(session).ticket
    key = handshake.private_key
    altered = bytes([ticket[0] ^ 1]) + ticket[1:]
    for attempt in (
        ClientHandshake(APPLICATION, resumption=ticket),
        ClientHandshake(OTHER_APPLICATION, private_key=key, resumption=ticket),
        ClientHandshake(None, private_key=key, resumption=ticket),
        ClientHandshake(APPLICATION, origin="https://evil.example", private_key=key, resumption=ticket),
        ClientHandshake(APPLICATION, private_key=key, resumption=altered),
        ClientHandshake(APPLICATION, private_key=key, resumption=ticket[:20]),
        ClientHandshake(APPLICATION, private_key=key, resumption=b"\0"),
    ):
        attempted = sessions.open(attempt.request(), application_id=attempt._request.application_id)
        assert (await refused(attempted)).code is ErrorCode.UNAUTHENTICATED
    good = ClientHandshake(APPLICATION, private_key=key, resumption=ticket)
    stranger = Sessions(Attestor(), clock=clock)
    assert (await refused(connect(stranger, good))).code is ErrorCode.UNAUTHENTICATED
    clock.now = session.expires_at
    assert (await refused(connect(sessions, good))).code is ErrorCode.UNAUTHENTICATED


async def test_a_ticket_is_good_on_another_node_with_the_same_ticket_key(clock: Clock) -> None:
    one = Sessions(Attestor(), clock=clock, ticket_key=b"k" * 32)
    two = Sessions(Attestor(), clock=clock, ticket_key=b"k" * 32)
    handshake = ClientHandshake(APPLICATION)
    _, session = await connect(one, handshake)
    ticket = one.issue_ticket(session).ticket
    _, resumed = await connect(
        two, ClientHandshake(APPLICATION, private_key=handshake.private_key, resumption=ticket)
    )
    assert resumed.application_id == APPLICATION


async def test_sessions_of_one_person_in_one_application_are_listed_and_no_others(
    sessions: Sessions, clock: Clock
) -> None:
    async def person(seed: bytes, application: ApplicationId | None) -> Session:
        clock.now += 1
        handshake = ClientHandshake(application, origin="https://app.example")
        channel, session = await connect(sessions, handshake, application_id=application)
        session.identify(IdentityKey.derive(seed, application).identify(channel.transcript))
        return session

    anonymous = (await connect(sessions))[1]
    assert (await refused(lambda: sessions.list(anonymous))).code is ErrorCode.NO_IDENTITY
    first, second = await person(SEED, APPLICATION), await person(SEED, APPLICATION)
    others = [
        await person(b"x" * 32, APPLICATION),
        await person(SEED, OTHER_APPLICATION),
        await person(SEED, None),
    ]
    listed = sessions.list(first).sessions
    assert [(each.session_id, each.current) for each in listed] == [(second.id, False), (first.id, True)]
    assert listed[1].opened_at == listed[1].used_at == int(first.opened_at * 1000)
    assert listed[0].origin == "https://app.example"
    for stranger in (anonymous, *others):
        for target in (first.id, "0" * 32):
            error = await refused(sessions.revoke_own(stranger, target))
            assert error.code in (ErrorCode.NOT_FOUND, ErrorCode.NO_IDENTITY)
    assert not first.closed.is_set()
    await sessions.revoke_own(first, second.id)
    assert second.closed.is_set()
    assert [each.session_id for each in sessions.list(first).sessions] == [first.id]
    await sessions.revoke_own(first, first.id)
    assert first.closed.is_set()
    assert not any(each.closed.is_set() for each in others)


async def test_a_session_that_its_owner_revoked_is_not_resumed_by_any_of_its_tickets(
    sessions: Sessions,
) -> None:
    async def opened(handshake: ClientHandshake) -> Session:
        channel, session = await connect(sessions, handshake)
        session.identify(IdentityKey.derive(SEED, APPLICATION).identify(channel.transcript))
        return session

    mine = await opened(ClientHandshake(APPLICATION))
    handshake = ClientHandshake(APPLICATION)
    stolen = await opened(handshake)
    ticket = sessions.issue_ticket(stolen).ticket
    resuming = ClientHandshake(APPLICATION, private_key=handshake.private_key, resumption=ticket)
    resumed = (await connect(sessions, resuming))[1]
    tickets = [sessions.issue_ticket(session).ticket for session in (stolen, resumed)]
    await sessions.revoke_own(mine, resumed.id)
    for ticket in tickets:
        again = ClientHandshake(APPLICATION, private_key=handshake.private_key, resumption=ticket)
        assert (await refused(connect(sessions, again))).code is ErrorCode.UNAUTHENTICATED
