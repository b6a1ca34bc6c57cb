from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proven.engine.embedded import EmbeddedEngine
from proven.transparency import TransparencyLog
from proven.transparency.log import BUCKET
from proven.wire import cbor, merkle, tiles
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.notes import Checkpoint, Note, NoteSigner
from support.sealed import running_engine
from support.tiles import hashes_of, tiles_of

LOG = "applications"
SIGNER = NoteSigner("node.example/log", Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\x01"))


def log_of(engine: EmbeddedEngine, folder: Path) -> TransparencyLog:
    return TransparencyLog(engine.logs, engine.registers, log=LOG, directory=folder / "hashes", signer=SIGNER)


@asynccontextmanager
async def opened_log(engine: EmbeddedEngine, folder: Path) -> AsyncIterator[TransparencyLog]:
    log = log_of(engine, folder)
    await log.start()
    try:
        yield log
    finally:
        await log.stop()


async def append(engine: EmbeddedEngine, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        await engine.logs.append(LOG, "events", b"entry %d" % number)


def root(count: int) -> bytes:
    frontier = merkle.Frontier()
    for number in range(count):
        list(frontier.append(merkle.leaf_hash(b"entry %d" % number)))
    return frontier.root()


def has_code(code: ErrorCode) -> pytest.RaisesExc[ProvenError]:
    return pytest.RaisesExc(ProvenError, check=lambda error: error.code is code)


async def test_an_entry_is_under_the_next_signed_checkpoint(tmp_path: Path) -> None:
    async with running_engine(tmp_path) as engine, opened_log(engine, tmp_path) as log:
        assert log.checkpoint == Checkpoint("node.example/log", 0, merkle.EMPTY_ROOT)
        await append(engine, 3)
        async with asyncio.timeout(60):
            checkpoint = await log.reach(3)
        assert checkpoint == Checkpoint("node.example/log", 3, root(3))
        note = Note.parse(log.signed())
        SIGNER.key.check(note)
        assert Checkpoint.parse(note.text) == checkpoint
        for index in range(3):
            leaf = merkle.leaf_hash(b"entry %d" % index)
            merkle.check_inclusion(leaf, index, 3, checkpoint.root, log.prove_inclusion(index, 3))


async def test_a_stranger_rebuilds_the_log_from_its_tiles(tmp_path: Path) -> None:
    async with running_engine(tmp_path) as engine:
        await append(engine, 600)
        async with opened_log(engine, tmp_path) as log:
            entries: list[bytes] = []
            for tile in tiles_of(600):
                content = await log.tile(tile)
                if tile.level is None:
                    entries.extend(tiles.decode_entries(content))
                elif tile.level == 0:
                    first = tile.index * tiles.WIDTH
                    expected = [merkle.leaf_hash(entry) for entry in entries[first : first + tile.width]]
                    assert hashes_of(content) == expected
            assert entries == [b"entry %d" % number for number in range(600)]
            assert log.checkpoint.root == root(600)
            for old in (0, 1, 255, 256, 300, 600):
                proof = log.prove_consistency(old, 600)
                merkle.check_consistency(old, 600, root(old), root(600), proof)


async def test_a_log_that_is_started_again_goes_on(tmp_path: Path) -> None:
    async with running_engine(tmp_path) as engine:
        await append(engine, 300)
        async with opened_log(engine, tmp_path):
            pass
        await append(engine, 5, first=300)
        async with opened_log(engine, tmp_path) as log:
            assert log.checkpoint.root == root(305)
            merkle.check_inclusion(
                merkle.leaf_hash(b"entry 7"), 7, 305, root(305), log.prove_inclusion(7, 305)
            )


@pytest.mark.parametrize("damage", ["removed", "cut", "changed"])
async def test_hashes_that_are_lost_or_damaged_are_computed_again(tmp_path: Path, damage: str) -> None:
    async with running_engine(tmp_path) as engine:
        await append(engine, 300)
        async with opened_log(engine, tmp_path):
            pass
        file = tmp_path / "hashes/level-0"
        if damage == "removed":
            file.unlink()
        elif damage == "cut":
            file.write_bytes(file.read_bytes()[:5000])
        else:
            content = bytearray(file.read_bytes())
            content[299 * 32] ^= 1
            file.write_bytes(content)
        async with opened_log(engine, tmp_path) as log:
            merkle.check_inclusion(
                merkle.leaf_hash(b"entry 299"), 299, 300, root(300), log.prove_inclusion(299, 300)
            )


async def test_a_log_that_was_rolled_back_is_not_published(tmp_path: Path) -> None:
    async with running_engine(tmp_path) as engine:
        await append(engine, 3)
        hashes = log_of(engine, tmp_path)
        await hashes.start()
        await hashes.stop()
        entry = await engine.registers.get(BUCKET, f"{LOG}.frontier")
        assert entry is not None
        later = merkle.Frontier(4, [merkle.leaf_hash(b"x")])
        await engine.registers.put(BUCKET, f"{LOG}.frontier", cbor.encode([4, list(later.hashes)]))
        log = log_of(engine, tmp_path)
        with has_code(ErrorCode.UNAVAILABLE) as refused:
            await log.start()
        assert "rolled back" in refused.value.message


async def test_a_log_that_was_altered_is_not_published(tmp_path: Path) -> None:
    async with running_engine(tmp_path) as engine:
        await append(engine, 3)
        other = merkle.Frontier()
        for number in range(2):
            list(other.append(merkle.leaf_hash(b"another %d" % number)))
        await engine.registers.put(BUCKET, f"{LOG}.frontier", cbor.encode([2, list(other.hashes)]))
        log = log_of(engine, tmp_path)
        with has_code(ErrorCode.UNAVAILABLE) as refused:
            await log.start()
        assert "altered" in refused.value.message


async def test_what_the_log_does_not_have_is_not_found(tmp_path: Path) -> None:
    async with running_engine(tmp_path) as engine:
        await append(engine, 3)
        async with opened_log(engine, tmp_path) as log:
            for ask in (
                lambda: log.prove_inclusion(3, 3),
                lambda: log.prove_inclusion(0, 4),
                lambda: log.prove_inclusion(-1, 3),
                lambda: log.prove_consistency(4, 3),
                lambda: log.prove_consistency(-1, 3),
            ):
                with has_code(ErrorCode.NOT_FOUND):
                    ask()
            for tile in (tiles.Tile(0, 0), tiles.Tile(None, 0, 4), tiles.Tile(1, 0, 1)):
                with has_code(ErrorCode.NOT_FOUND):
                    await log.tile(tile)


async def test_an_entry_that_no_tile_can_carry_stops_the_log(tmp_path: Path) -> None:
    async with running_engine(tmp_path) as engine, opened_log(engine, tmp_path) as log:
        await engine.logs.append(LOG, "events", bytes(tiles.MAX_ENTRY + 1))
        async with asyncio.timeout(60):
            with has_code(ErrorCode.UNAVAILABLE):
                await log.reach(1)
        with has_code(ErrorCode.UNAVAILABLE):
            await log.health()
