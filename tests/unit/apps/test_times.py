"""Time goes on in the log of applications, over all of them together."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proven.apps import Applications, State
from proven.engine.embedded import EmbeddedEngine
from proven.wire.applications import AddAllowedOrigin, OwnerKey
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, application_id
from proven.wire.log_entries import Entry, decode_entry, encode_entry
from support.applications import ORIGIN, created, submitted

ALICE = OwnerKey.from_seed(b"A" * 32)
NAMES = ("one", "two", "three")

moments = st.integers(min_value=0, max_value=20)
histories = st.lists(st.tuples(st.sampled_from(NAMES), moments), min_size=1, max_size=12)


class Writer:
    """Writes entries that would be good whatever their time: it creates an application, then changes it."""

    def __init__(self) -> None:
        self.revisions: Counter[str] = Counter()

    def entry(self, name: str, at: int) -> Entry:
        revision = self.revisions[name]
        self.revisions[name] += 1
        if revision == 0:
            return created(ALICE, name, nonce=name.encode(), at=at)
        command = AddAllowedOrigin(origin=f"https://{name}{revision}.example")
        return submitted(command, ALICE, app=_id_of(name), revision=revision, at=at)


def _id_of(name: str) -> ApplicationId:
    return application_id(ALICE.public_key, name.encode())


@given(histories)
def test_no_entry_is_earlier_than_any_before_it(history: list[tuple[str, int]]) -> None:
    """A state accepts a log exactly as far as its times never decrease, whichever application they are of."""
    state, writer, latest = State(ORIGIN), Writer(), 0
    for name, at in history:
        leaf = encode_entry(writer.entry(name, at))
        if at < latest:
            before = state.snapshot()
            with pytest.raises(ProvenError, match="earlier than the one before it") as refused:
                state.append(leaf)
            assert refused.value.code is ErrorCode.BAD_REQUEST
            assert state.snapshot() == before
            return
        state.append(leaf)
        latest = at
        assert state.changed_at == latest


@given(histories)
def test_a_restored_state_knows_how_late_it_is(history: list[tuple[str, int]]) -> None:
    state, writer = State(ORIGIN), Writer()
    for name, at in sorted(history, key=lambda each: each[1]):
        state.append(encode_entry(writer.entry(name, at)))
    restored = State.restore(state.snapshot(), ORIGIN)
    assert restored.changed_at == state.changed_at
    if restored.changed_at:
        with pytest.raises(ProvenError, match="earlier than the one before it"):
            restored.append(encode_entry(created(ALICE, "late", nonce=b"late", at=restored.changed_at - 1)))


async def test_a_node_whose_clock_goes_back_dates_no_application_before_another(
    engine: EmbeddedEngine,
) -> None:
    clock = [1000.0]
    applications = Applications(engine.logs, engine.objects, origin=ORIGIN, clock=lambda: clock[0])
    await applications.start()
    await applications.create(ALICE, "one", b"1")
    clock[0] = 500.0
    await applications.create(ALICE, "two", b"2")
    await applications.stop()
    records = await engine.logs.read("applications", after=0)
    assert [decode_entry(record.data).at for record in records] == [1_000_000, 1_000_000]
