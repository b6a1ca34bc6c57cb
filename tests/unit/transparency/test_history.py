"""What is kept of cosigned checkpoints says since when an entry is public, exactly enough, for any log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import accumulate
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from proven.client.pins import Pins
from proven.client.times import Activation, Sighting, check_notice
from proven.engine.embedded import EmbeddedEngine
from proven.transparency import CosignedHistory, Cosigners, TransparencyLog, Witness, WitnessAddress
from proven.transparency.history import MAX_AGE, PRECISION, Cosigned, thinned
from proven.transparency.witness import AddCheckpoint
from proven.wire.errors import ProvenError
from proven.wire.merkle import EMPTY_ROOT
from proven.wire.notes import Checkpoint, Note, NoteKey, NoteSigner
from support.sealed import running_engine

LOG, WITNESS, OTHER = (
    NoteSigner(f"{name}.example", Ed25519PrivateKey.from_private_bytes(bytes(31) + bytes([number])))
    for number, name in enumerate(("log", "witness", "other"))
)
NOW = 1_700_000_000


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[EmbeddedEngine]:
    async with running_engine(tmp_path) as engine:
        yield engine


def cosigned(size: int, at: int, witness: NoteSigner = WITNESS) -> Note:
    text = Checkpoint(LOG.key.name, size, EMPTY_ROOT).text()
    return Note(text, (LOG.sign(text), witness.cosign(text, at)))


def sightings(notes: list[bytes], witness: NoteKey = WITNESS.key) -> list[tuple[int, int | None]]:
    parsed = [Note.parse(each) for each in notes]
    return [(Checkpoint.parse(note.text).size, witness.cosigned_at(note)) for note in parsed]


gaps = st.lists(
    st.one_of(st.integers(1, 60), st.integers(1, 86_400), st.integers(1, 90 * 86_400)), max_size=60
)


@given(gaps)
def test_whatever_was_added_is_covered_soon_after(seconds: list[int]) -> None:
    """Rule 1, at every moment in between, although each addition decides again about what is left."""
    added: list[Cosigned] = []
    kept: list[Cosigned] = []
    for size, at in enumerate(accumulate(seconds, initial=NOW)):
        added.append(Cosigned(at, size, b""))
        kept = thinned([*kept, added[-1]])
        assert kept[-1] == added[-1]
        for each in added:
            covering = next(later for later in kept if later.at >= each.at)
            age = at - covering.at
            assert covering.size >= each.size
            assert covering.at - each.at <= age / PRECISION or age > MAX_AGE - 90 * 86_400


@given(gaps, st.data())
def test_an_honest_notice_is_shown_to_have_been_witnessed_once_it_is_over(
    seconds: list[int], data: st.DataObject
) -> None:
    """What is kept is exact enough for what readers ask of it, however busy the log was meanwhile."""
    moments = list(accumulate(seconds, initial=NOW))
    kept: list[Cosigned] = []
    for size, at in enumerate(moments, 1):
        kept = thinned([*kept, Cosigned(at, size, b"")])
    announced = data.draw(st.integers(0, len(moments) - 1))
    delay = moments[-1] - moments[announced]
    if not 60 <= delay <= 365 * 86_400:
        return
    first = next(each for each in kept if each.size > announced)
    change = Activation(announced, announced, 1000 * moments[announced], 1000 * moments[-1], delay)
    pins = Pins(witnesses=(WITNESS.key,), notice_witnessed=True)
    check_notice([change], [Sighting(WITNESS.key.name, first.at, first.size)], pins, moments[-1])


def test_few_are_kept_of_a_log_that_is_long_and_busy() -> None:
    kept: list[Cosigned] = []
    for size in range(20_000):
        kept = thinned([*kept, Cosigned(NOW + 600 * size, size, b"")])
    assert len(kept) < 1000


async def test_it_brackets_the_moment_in_which_an_entry_became_public(engine: EmbeddedEngine) -> None:
    history = CosignedHistory(engine.registers)
    for size, at in ((3, NOW), (3, NOW + 3600), (5, NOW + 7200), (9, NOW + 9000)):
        await history.add(WITNESS.key, cosigned(size, at))
    assert sightings(history.around(4)) == [(3, NOW + 3600), (5, NOW + 7200)]
    assert sightings(history.around(0)) == [(3, NOW)]
    assert sightings(history.around(9)) == [(9, NOW + 9000)]


async def test_it_is_known_after_a_restart_and_for_each_witness(engine: EmbeddedEngine) -> None:
    history = CosignedHistory(engine.registers)
    await history.add(WITNESS.key, cosigned(3, NOW))
    await history.add(OTHER.key, cosigned(5, NOW + 1, OTHER))
    again = CosignedHistory(engine.registers)
    await again.load()
    notes = again.around(2)
    assert sorted(notes) == sorted(history.around(2))
    assert {Checkpoint.parse(Note.parse(each).text).size for each in notes} == {3, 5}
    for each in notes:
        LOG.key.check(Note.parse(each))


async def test_what_is_dropped_is_gone_from_the_disk_too(engine: EmbeddedEngine) -> None:
    history = CosignedHistory(engine.registers)
    for number in range(120):
        await history.add(WITNESS.key, cosigned(number, NOW + 60 * number))
    stored = await engine.registers.entries("cosigned")
    again = CosignedHistory(engine.registers)
    await again.load()
    assert len(stored) < 100
    assert all(again.around(index) == history.around(index) for index in range(120))


async def test_a_clock_that_goes_back_rewrites_nothing(engine: EmbeddedEngine) -> None:
    history = CosignedHistory(engine.registers)
    await history.add(WITNESS.key, cosigned(3, NOW))
    await history.add(WITNESS.key, cosigned(9, NOW - 86_400))
    assert sightings(history.around(5)) == [(3, NOW)]


async def test_a_damaged_register_is_not_taken_for_nothing(engine: EmbeddedEngine) -> None:
    await engine.registers.put("cosigned", "0.0", b"\x01")
    with pytest.raises(ProvenError, match="holds something else"):
        await CosignedHistory(engine.registers).load()


async def test_a_quiet_log_is_shown_to_witnesses_again_and_again(
    engine: EmbeddedEngine, tmp_path: Path
) -> None:
    """Otherwise nobody could tell that an entry is not as old as the last one that was cosigned."""
    clock = [NOW]
    witness = Witness(engine.registers, WITNESS, {LOG.key.name: LOG.key}, clock=lambda: clock[0])

    async def answer(request: web.Request) -> web.Response:
        signature = await witness.add_checkpoint(AddCheckpoint.parse(await request.read()))
        clock[0] += 86_400
        return web.Response(text=signature.line())

    application = web.Application()
    application.router.add_post("/add-checkpoint", answer)
    log = TransparencyLog(
        engine.logs, engine.registers, log="applications", directory=tmp_path / "hashes", signer=LOG
    )
    await engine.logs.append("applications", "events", b"an entry")
    await log.start()
    history = CosignedHistory(engine.registers)
    async with TestServer(application) as server:
        address = WitnessAddress(str(server.make_url("/")), WITNESS.key)
        cosigners = Cosigners(log, [address], history, again_after=0.01)
        await cosigners.start()
        async with asyncio.timeout(60):
            while clock[0] < NOW + 4 * 86_400:
                await asyncio.sleep(0.01)
        await cosigners.stop()
    await log.stop()
    (first,) = sightings(history.around(0))
    (_, last) = sightings(history.around(1))[-1]
    assert first == (1, NOW)
    assert last is not None
    assert last >= NOW + 2 * 86_400
