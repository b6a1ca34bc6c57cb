"""A node resumes from a snapshot of this very log, and from nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from proven.apps import Applications, State, _snapshot
from proven.apps._replica import LOG, SNAPSHOT, SNAPSHOTS, SUBJECT
from proven.apps._snapshot import Snapshot
from proven.engine.embedded import EmbeddedEngine
from proven.wire.applications import OwnerKey
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.log_entries import encode_entry
from support.applications import ORIGIN, created, state_after


@pytest.fixture
def folded(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The entries that are folded from here on."""
    entries: list[bytes] = []
    append = State.append

    def noting(state: State, leaf: bytes) -> object:
        entries.append(leaf)
        return append(state, leaf)

    monkeypatch.setattr(State, "append", noting)
    return entries


@pytest.fixture
def leaves(alice: OwnerKey) -> list[bytes]:
    return [encode_entry(created(alice, f"app{n}", nonce=bytes([n]))) for n in range(5)]


@pytest.fixture
async def log(engine: EmbeddedEngine, leaves: list[bytes]) -> EmbeddedEngine:
    """An engine whose log has entries."""
    for leaf in leaves:
        await engine.logs.append(LOG, SUBJECT, leaf)
    return engine


async def restart(engine: EmbeddedEngine, origin: str = ORIGIN) -> Applications:
    applications = Applications(engine.logs, engine.objects, origin=origin)
    await applications.start()
    await applications.stop()
    return applications


async def test_a_node_reads_only_what_is_behind_its_snapshot(
    log: EmbeddedEngine,
    leaves: list[bytes],
    folded: list[bytes],
    bob: OwnerKey,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("proven.apps._replica.SNAPSHOT_AT_BOUNDS", 5)
    before = await restart(log)
    assert folded == leaves
    added = encode_entry(created(bob, "bobs"))
    await log.logs.append(LOG, SUBJECT, added)
    folded.clear()
    after = await restart(log)
    assert folded == [added]
    assert after.list()[:5] == before.list()
    assert after.root()[0] == 6
    folded.clear()
    again = await restart(log)
    assert folded == [added]
    assert again.root() == after.root()


async def test_snapshots_are_taken_while_a_node_runs_and_when_it_stops(
    engine: EmbeddedEngine, alice: OwnerKey, folded: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proven.apps._replica.SNAPSHOT_EVERY", 3)
    monkeypatch.setattr("proven.apps._replica.SNAPSHOT_AT_BOUNDS", 1)
    applications = Applications(engine.logs, engine.objects, origin=ORIGIN)
    await applications.start()
    for n in range(4):
        await applications.create(alice, f"app{n}", bytes([n]))
    await applications._replica._written()
    assert State.restore(await engine.objects.read(SNAPSHOTS, SNAPSHOT, limit=1 << 20), ORIGIN).length == 3
    await applications.stop()
    folded.clear()
    again = await restart(engine)
    assert not folded
    assert again.list() == applications.list()


def turned(raw: bytes) -> bytes:
    return raw[:-1] + bytes([raw[-1] ^ 1])


@pytest.mark.parametrize(
    "alter", [turned, lambda raw: raw[:-1], lambda raw: b"", lambda raw: b"\0" * len(raw)]
)
async def test_a_damaged_snapshot_is_refused_and_the_log_read_from_its_start(
    log: EmbeddedEngine, leaves: list[bytes], folded: list[bytes], alter: Callable[[bytes], bytes]
) -> None:
    state = State(ORIGIN, verify=False)
    for leaf in leaves:
        state.append(leaf)
    await log.objects.put(SNAPSHOTS, SNAPSHOT, alter(state.snapshot()))
    folded.clear()
    applications = await restart(log)
    assert folded == leaves
    assert len(applications.list()) == 5


def twice(taken: Snapshot) -> Snapshot:
    taken.applications[0].history[0] = taken.applications[1].history[0]
    return taken


def beyond(taken: Snapshot) -> Snapshot:
    taken.applications[0].history[0] = taken.size
    return taken


@pytest.mark.parametrize(
    "lie",
    [
        twice,
        beyond,
        lambda taken: replace(taken, applications=taken.applications[1:]),
        lambda taken: replace(taken, size=taken.size + 1),
        lambda taken: replace(taken, root=bytes(32)),
        lambda taken: replace(taken, hashes=[bytes(32) for _ in taken.hashes]),
        lambda taken: replace(taken, last_leaf=bytes(32)),
        lambda taken: replace(taken, applications=["nothing"]),
    ],
)
async def test_a_snapshot_that_does_not_fit_together_is_refused_though_it_is_not_damaged(
    log: EmbeddedEngine,
    leaves: list[bytes],
    folded: list[bytes],
    lie: Callable[[Snapshot], Snapshot],
) -> None:
    state = State(ORIGIN, verify=False)
    for leaf in leaves:
        state.append(leaf)
    told = _snapshot.encode(lie(_snapshot.decode(state.snapshot(), ORIGIN)))
    await log.objects.put(SNAPSHOTS, SNAPSHOT, told)
    folded.clear()
    assert [each.name for each in (await restart(log)).list()] == [f"app{n}" for n in range(5)]
    assert folded == leaves


async def test_a_snapshot_of_another_log_is_refused(
    log: EmbeddedEngine, leaves: list[bytes], folded: list[bytes], alice: OwnerKey, bob: OwnerKey
) -> None:
    others = [created(bob, f"app{n}", nonce=bytes([n])) for n in range(5)]
    longer = [created(alice, f"app{n}", nonce=bytes([n])) for n in range(6)]
    for entries in (others, longer):
        await log.objects.put(SNAPSHOTS, SNAPSHOT, state_after(*entries).snapshot())
        folded.clear()
        await restart(log)
        assert folded == leaves


async def test_the_log_of_another_network_is_not_served(log: EmbeddedEngine) -> None:
    with pytest.raises(ProvenError) as refused:
        await restart(log, "log.example/other")
    assert refused.value.code is ErrorCode.UNAVAILABLE
