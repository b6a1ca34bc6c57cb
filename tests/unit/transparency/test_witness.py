from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from proven.engine.embedded import EmbeddedEngine
from proven.transparency import CosignedHistory, Cosigners, TransparencyLog, Witness, WitnessAddress
from proven.transparency.witness import AddCheckpoint, UnexpectedSizeError
from proven.wire import merkle
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.notes import Checkpoint, Note, NoteSigner
from support.sealed import running_engine

LOG_SIGNER = NoteSigner("node.example/log", Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\x01"))
WITNESS_SIGNER = NoteSigner("witness.example", Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\x02"))
NOW = 1_800_000_000


class Tree:
    """A log, and another one of the same operator that differs from entry `fork` on."""

    def __init__(self, size: int, fork: int | None = None) -> None:
        self.frontier = merkle.Frontier()
        self.hashes: dict[tuple[int, int], bytes] = {}
        for number in range(size):
            entry = b"entry %d" % number if fork is None or number < fork else b"other %d" % number
            for height, index, value in self.frontier.append(merkle.leaf_hash(entry)):
                self.hashes[height, index] = value

    def subtree(self, height: int, index: int) -> bytes:
        return self.hashes[height, index]

    def request(self, old: int, signer: NoteSigner = LOG_SIGNER) -> AddCheckpoint:
        text = Checkpoint(signer.key.name, self.frontier.size, self.frontier.root()).text()
        proof = merkle.prove_consistency(old, self.frontier.size, self.subtree)
        return AddCheckpoint(old, proof, Note(text, (signer.sign(text),)))


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[EmbeddedEngine]:
    async with running_engine(tmp_path) as engine:
        yield engine


@pytest.fixture
def witness(engine: EmbeddedEngine) -> Witness:
    logs = {LOG_SIGNER.key.name: LOG_SIGNER.key}
    return Witness(engine.registers, WITNESS_SIGNER, logs, clock=lambda: NOW)


async def test_a_log_that_grows_is_cosigned(witness: Witness) -> None:
    seen = 0
    for size in (0, 1, 5, 5, 300):
        request = Tree(size).request(seen)
        signature = await witness.add_checkpoint(request)
        signed = Note(request.note.text, (*request.note.signatures, signature))
        assert WITNESS_SIGNER.key.cosigned_at(Note.parse(signed.encode().encode())) == NOW
        seen = size


async def test_a_fork_is_never_cosigned(witness: Witness) -> None:
    await witness.add_checkpoint(Tree(10).request(0))
    for size in (10, 11, 20):
        with pytest.raises(ProvenError) as refused:
            await witness.add_checkpoint(Tree(size, fork=4).request(10))
        assert refused.value.code is ErrorCode.EVIDENCE_INVALID


async def test_a_log_that_was_rolled_back_is_never_cosigned(witness: Witness) -> None:
    await witness.add_checkpoint(Tree(10).request(0))
    with pytest.raises(UnexpectedSizeError) as refused:
        await witness.add_checkpoint(Tree(9).request(9))
    assert refused.value.size == 10
    smaller = Tree(9)
    shrunk = AddCheckpoint(10, (), smaller.request(0).note)
    with pytest.raises(ProvenError, match="rolled back"):
        await witness.add_checkpoint(shrunk)


async def test_only_logs_that_it_watches_are_cosigned(witness: Witness) -> None:
    stranger = NoteSigner("other.example/log", Ed25519PrivateKey.generate())
    with pytest.raises(ProvenError) as refused:
        await witness.add_checkpoint(Tree(3).request(0, stranger))
    assert refused.value.code is ErrorCode.NOT_FOUND
    forger = NoteSigner(LOG_SIGNER.key.name, Ed25519PrivateKey.generate())
    with pytest.raises(ProvenError) as refused:
        await witness.add_checkpoint(Tree(3).request(0, forger))
    assert refused.value.code is ErrorCode.FORBIDDEN


async def test_of_two_forks_at_one_moment_one_is_cosigned(witness: Witness) -> None:
    outcomes = await asyncio.gather(
        *(witness.add_checkpoint(Tree(5, fork=fork).request(0)) for fork in (1, 2, 3)),
        return_exceptions=True,
    )
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_request_comes_back_as_it_was(one: int, other: int) -> None:
    old, new = sorted((one, other))
    request = Tree(new).request(old)
    assert AddCheckpoint.parse(request.encode()) == request


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader_of_requests(raw: bytes) -> None:
    for body in (raw, b"old 3\n" + raw, b"old 0\n\n" + raw):
        with suppress(ProvenError):
            AddCheckpoint.parse(body)


async def test_our_checkpoints_are_cosigned_as_the_log_grows(
    engine: EmbeddedEngine, witness: Witness, tmp_path: Path
) -> None:
    async def answer(request: web.Request) -> web.Response:
        try:
            signature = await witness.add_checkpoint(AddCheckpoint.parse(await request.read()))
        except UnexpectedSizeError as error:
            return web.Response(status=409, text=f"{error.size}\n", content_type="text/x.tlog.size")
        return web.Response(text=signature.line())

    application = web.Application()
    application.router.add_post("/add-checkpoint", answer)
    log = TransparencyLog(
        engine.logs, engine.registers, log="applications", directory=tmp_path / "hashes", signer=LOG_SIGNER
    )
    async with TestServer(application) as server:
        await engine.logs.append("applications", "events", b"before")
        await log.start()
        for _ in range(2):  # the second time, the witness has seen more than a new process of ours knows
            cosigners = Cosigners(
                log,
                [WitnessAddress(str(server.make_url("/")), WITNESS_SIGNER.key)],
                CosignedHistory(engine.registers),
            )
            await cosigners.start()
            await engine.logs.append("applications", "events", b"more")
            async with asyncio.timeout(60):
                while not cosigners.cosignatures():
                    await asyncio.sleep(0.01)
            note = Note.parse(log.signed(cosigners.cosignatures()))
            assert WITNESS_SIGNER.key.cosigned_at(note) == NOW
            LOG_SIGNER.key.check(note)
            await cosigners.stop()
        await log.stop()
