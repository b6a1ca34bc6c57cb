"""Merkle trees of logs (RFC 9162 §2.1): hashes, and proofs of what is in one and which one it grew from.

A tree of `size` leaves is named by its root. A *subtree* `(height, index)` has the `2 ** height` leaves from
`index << height` on; a complete one never changes when the log grows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Final, Protocol

from .errors import ErrorCode, ProvenError

HASH_BYTES: Final = 32
MAX_SIZE: Final = (1 << 53) - 1
MAX_PROOF: Final = 63
EMPTY_ROOT: Final = sha256().digest()


class Subtrees(Protocol):
    """The hashes of a log's complete subtrees."""

    def __call__(self, height: int, index: int) -> bytes:
        """The hash of the leaves `index << height` to `(index + 1) << height`."""
        ...


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


class Frontier:
    """The complete subtrees of a growing log, largest first: all that appending and the root need."""

    __slots__ = ("_hashes", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        """Raises `ValueError` unless there is one hash for each bit that is set in `size`."""
        self.size = size
        self._hashes = list(hashes)
        if len(self._hashes) != size.bit_count() or any(len(each) != HASH_BYTES for each in self._hashes):
            raise ValueError(f"a log of {size} entries has {size.bit_count()} complete subtrees")

    @property
    def hashes(self) -> tuple[bytes, ...]:
        return tuple(self._hashes)

    def append(self, leaf: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Add a leaf hash; yields every subtree that is complete now, `(height, index, hash)`, from the leaf
        up. Consume it: the leaf counts only then.
        """
        height, index, current = 0, self.size, leaf
        yield height, index, current
        while index & 1:
            current = node_hash(self._hashes.pop(), current)
            height, index = height + 1, index >> 1
            yield height, index, current
        self._hashes.append(current)
        self.size += 1

    def add(self, leaf: bytes) -> None:
        """Add a leaf hash, for those who need nothing but the root."""
        left = self.size
        while left & 1:
            leaf = node_hash(self._hashes.pop(), leaf)
            left >>= 1
        self._hashes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        return _fold(self._hashes)


def root_at(size: int, subtree: Subtrees) -> bytes:
    """The root when the log had `size` leaves."""
    return _fold([subtree(height, index) for height, index in _complete(0, size)])


def prove_inclusion(index: int, size: int, subtree: Subtrees) -> tuple[bytes, ...]:
    """The hashes that lead from leaf `index` to the root of `size` leaves (RFC 9162 §2.1.3.1)."""
    if not 0 <= index < size <= MAX_SIZE:
        raise ValueError(f"there is no leaf {index} among {size}")
    proof: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _largest_power_below(high - low)
        if index < middle:
            proof.append(_range(middle, high, subtree))
            high = middle
        else:
            proof.append(_range(low, middle, subtree))
            low = middle
    return tuple(reversed(proof))


def prove_consistency(old: int, new: int, subtree: Subtrees) -> tuple[bytes, ...]:
    """The hashes that show that `new` leaves begin with the `old` ones (RFC 9162 §2.1.4.1)."""
    if not 0 <= old <= new <= MAX_SIZE:
        raise ValueError(f"a log of {new} entries never had {old}")
    if old in (0, new):
        return ()
    proof: list[bytes] = []
    low, high, is_whole = 0, new, True
    while old != high:
        middle = low + _largest_power_below(high - low)
        if old <= middle:
            proof.append(_range(middle, high, subtree))
            high = middle
        else:
            proof.append(_range(low, middle, subtree))
            low, is_whole = middle, False
    if not is_whole:
        proof.append(_range(low, high, subtree))
    return tuple(reversed(proof))


def check_inclusion(leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Raises `ProvenError` (`EVIDENCE_INVALID`) unless `leaf` is number `index` of those under `root`
    (RFC 9162 §2.1.3.2).
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise _refused(f"the log of {size} entries has no entry {index}")
    _check_hashes([leaf, root, *proof])
    position, last = index, size - 1
    current = leaf
    for sibling in proof:
        if last == 0:
            raise _refused("the proof of inclusion is too long")
        if position & 1 or position == last:
            current = node_hash(sibling, current)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            current = node_hash(current, sibling)
        position, last = position >> 1, last >> 1
    if last or current != root:
        raise _refused("the proof of inclusion does not lead to the root of the log")


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raises `ProvenError` (`EVIDENCE_INVALID`) unless the log with `new_root` begins with the one of
    `old_root` (RFC 9162 §2.1.4.2).
    """
    _check_hashes([old_root, new_root, *proof])
    if not 0 <= old <= new <= MAX_SIZE:
        raise _refused(f"a log that had {old} entries has {new} now: it was rolled back")
    if old in (0, new):
        expected = EMPTY_ROOT if old == 0 else new_root
        if proof or old_root != expected:
            raise _refused("two logs of one size differ: the log was forked")
        return
    hashes = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not hashes:
        raise _refused("the proof of consistency is empty")
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    first = second = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise _refused("the proof of consistency is too long")
        if position & 1 or position == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        position, last = position >> 1, last >> 1
    if last or first != old_root or second != new_root:
        raise _refused("the log does not continue the one that was seen before: it was forked or rolled back")


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if len(hashes) > MAX_PROOF + 2 or any(len(each) != HASH_BYTES for each in hashes):
        raise _refused("a proof is a short list of SHA-256 hashes")


def _fold(hashes: Sequence[bytes]) -> bytes:
    """The root over complete subtrees, largest first."""
    if not hashes:
        return EMPTY_ROOT
    current = hashes[-1]
    for left in reversed(hashes[:-1]):
        current = node_hash(left, current)
    return current


def _range(low: int, high: int, subtree: Subtrees) -> bytes:
    return _fold([subtree(height, index) for height, index in _complete(low, high)])


def _complete(low: int, high: int) -> Iterator[tuple[int, int]]:
    """The complete subtrees that make up `low` to `high`, where `low` begins one at least that large."""
    while low < high:
        height = (high - low).bit_length() - 1
        yield height, low >> height
        low += 1 << height


def _largest_power_below(count: int) -> int:
    """The largest power of two less than `count` (at least 2)."""
    return 1 << ((count - 1).bit_length() - 1)


def _refused(message: str) -> ProvenError:
    return ProvenError(ErrorCode.EVIDENCE_INVALID, message)
