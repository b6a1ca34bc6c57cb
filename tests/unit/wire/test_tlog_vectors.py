"""Our logs against those of `golang.org/x/mod/sumdb`, byte for byte."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proven.wire import merkle, tiles
from proven.wire.notes import Checkpoint, Note, NoteKey, NoteSigner
from support.tiles import hashes_of, tiles_of

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors/tlog/tlog.json").read_text())
SIZE = len(VECTORS["roots"])


@pytest.fixture(scope="module")
def subtrees() -> dict[tuple[int, int], bytes]:
    frontier = merkle.Frontier()
    found: dict[tuple[int, int], bytes] = {}
    for number in range(SIZE):
        for height, index, value in frontier.append(merkle.leaf_hash(b"entry %d" % number)):
            found[height, index] = value
        assert frontier.root().hex() == VECTORS["roots"][number]
    return found


def split(text: str) -> tuple[bytes, ...]:
    return tuple(hashes_of(bytes.fromhex(text)))


def test_proofs_of_inclusion_are_those_of_go(subtrees: dict[tuple[int, int], bytes]) -> None:
    for each in VECTORS["inclusions"]:
        index, size, proof = each["Index"], each["Size"], split(each["Proof"])
        assert merkle.prove_inclusion(index, size, lambda *where: subtrees[where]) == proof
        root = bytes.fromhex(VECTORS["roots"][size - 1])
        merkle.check_inclusion(merkle.leaf_hash(b"entry %d" % index), index, size, root, proof)


def test_proofs_of_consistency_are_those_of_go(subtrees: dict[tuple[int, int], bytes]) -> None:
    for each in VECTORS["consistencies"]:
        old, new, proof = each["Old"], each["New"], split(each["Proof"])
        assert merkle.prove_consistency(old, new, lambda *where: subtrees[where]) == proof
        roots = [bytes.fromhex(VECTORS["roots"][size - 1]) for size in (old, new)]
        merkle.check_consistency(old, new, *roots, proof)


def test_tiles_are_those_of_go(subtrees: dict[tuple[int, int], bytes]) -> None:
    expected: dict[int, dict[str, str]] = {}
    for each in VECTORS["tiles"]:
        expected.setdefault(each["Size"], {})[each["Path"]] = each["Data"]
    for size, of_size in expected.items():
        ours = {
            tile.path(): merkle.leaf_hash(tiles.hash_tile(tile, lambda *where: subtrees[where])).hex()
            for tile in tiles_of(size)
            if tile.level is not None
        }
        assert ours == of_size


def test_a_signed_checkpoint_is_that_of_go() -> None:
    signer = NoteSigner(
        "node.example/log", Ed25519PrivateKey.from_private_bytes(b"a seed for vectors, not a secret")
    )
    root = bytes.fromhex(VECTORS["roots"][-1])
    text = Checkpoint("node.example/log", SIZE, root).text()
    assert Note(text, (signer.sign(text),)).encode() == VECTORS["note"]
    assert signer.key.verifier_key() == VECTORS["verifier_key"]
    note = Note.parse(VECTORS["note"].encode())
    NoteKey.parse(VECTORS["verifier_key"]).check(note)
    assert base64.b64encode(Checkpoint.parse(note.text).root).decode() in note.text
