from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proven.wire import merkle
from proven.wire.errors import ErrorCode, ProvenError

# The reference data of Certificate Transparency (google/certificate-transparency, merkletree tests).
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 9162 §2.1.1, as it is written there."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return merkle.node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


class Log:
    """Every complete subtree of a log of numbered entries."""

    def __init__(self, size: int) -> None:
        self.leaves = [merkle.leaf_hash(b"%d" % number) for number in range(size)]
        self.frontier = merkle.Frontier()
        self.hashes = {
            (height, index): value
            for leaf in self.leaves
            for height, index, value in self.frontier.append(leaf)
        }

    def subtree(self, height: int, index: int) -> bytes:
        return self.hashes[height, index]

    def root(self, size: int) -> bytes:
        return naive_root(self.leaves[:size])


LOG = Log(70)
sizes = st.integers(0, 70)


def test_roots_are_those_of_certificate_transparency() -> None:
    frontier, added = merkle.Frontier(), merkle.Frontier()
    for entry in ENTRIES:
        list(frontier.append(merkle.leaf_hash(entry)))
        added.add(merkle.leaf_hash(entry))
        assert ROOTS.get(frontier.size) in (None, frontier.root().hex())
        assert (added.size, added.root()) == (frontier.size, frontier.root())


@given(sizes)
def test_a_frontier_continues_from_its_hashes(size: int) -> None:
    whole = Log(size)
    resumed = merkle.Frontier(size, whole.frontier.hashes)
    assert resumed.root() == merkle.root_at(size, LOG.subtree) == LOG.root(size)
    for leaf in LOG.leaves[size:]:
        list(resumed.append(leaf))
    assert resumed.root() == LOG.root(70)


@given(st.data(), st.integers(1, 70))
def test_every_entry_is_proven_to_be_in_every_later_log(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.prove_inclusion(index, size, LOG.subtree)
    merkle.check_inclusion(LOG.leaves[index], index, size, LOG.root(size), proof)


@given(sizes, sizes)
def test_every_log_is_proven_to_begin_with_every_earlier_one(one: int, other: int) -> None:
    old, new = sorted((one, other))
    proof = merkle.prove_consistency(old, new, LOG.subtree)
    merkle.check_consistency(old, new, LOG.root(old), LOG.root(new), proof)


@given(st.data(), st.integers(1, 70))
def test_a_proof_of_inclusion_proves_nothing_else(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = list(merkle.prove_inclusion(index, size, LOG.subtree))
    leaf, root = LOG.leaves[index], LOG.root(size)
    change = data.draw(st.sampled_from(["leaf", "index", "root", "longer", "shorter", "hash"]))
    if change == "leaf":
        leaf = merkle.leaf_hash(b"another")
    elif change == "index":
        index = data.draw(st.integers(-1, size + 1).filter(lambda other: other != index))
    elif change == "root":
        root = merkle.leaf_hash(root)
    elif change == "longer":
        proof.append(root)
    elif change == "shorter":
        if not proof:
            return
        proof.pop(data.draw(st.integers(0, len(proof) - 1)))
    else:
        if not proof:
            return
        proof[data.draw(st.integers(0, len(proof) - 1))] = merkle.leaf_hash(b"another")
    with pytest.raises(ProvenError) as refused:
        merkle.check_inclusion(leaf, index, size, root, proof)
    assert refused.value.code is ErrorCode.EVIDENCE_INVALID


@given(st.data(), st.integers(1, 70), st.integers(1, 70))
def test_a_log_that_was_forked_or_rolled_back_has_no_proof(data: st.DataObject, one: int, other: int) -> None:
    old, new = sorted((one, other))
    proof = list(merkle.prove_consistency(old, new, LOG.subtree))
    old_root, new_root = LOG.root(old), LOG.root(new)
    change = data.draw(st.sampled_from(["old", "new", "swapped", "longer", "shorter"]))
    if change == "old":
        old_root = merkle.leaf_hash(b"another")
    elif change == "new":
        new_root = merkle.leaf_hash(b"another")
    elif change == "swapped":
        if old == new:
            return
        old, new, old_root, new_root = new, old, new_root, old_root
    elif change == "longer":
        proof.append(old_root)
    else:
        if not proof:
            return
        proof.pop(data.draw(st.integers(0, len(proof) - 1)))
    with pytest.raises(ProvenError) as refused:
        merkle.check_consistency(old, new, old_root, new_root, proof)
    assert refused.value.code is ErrorCode.EVIDENCE_INVALID


def test_a_proof_in_a_log_of_ten_million_entries_fits_in_a_kilobyte() -> None:
    proof = merkle.prove_inclusion(6_543_210, 10_000_000, lambda height, index: bytes(32))
    assert len(b"".join(proof)) <= 1024


@pytest.mark.parametrize("hashes", [[], [b"short"], [bytes(32), bytes(32)]])
def test_a_frontier_needs_a_hash_for_each_complete_subtree(hashes: list[bytes]) -> None:
    with pytest.raises(ValueError, match="complete subtrees"):
        merkle.Frontier(4, hashes)
