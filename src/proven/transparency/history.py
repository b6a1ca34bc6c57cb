"""What witnesses cosigned before, kept so that anyone can check since when an entry was public."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from proven.engine import Registers
from proven.wire import cbor
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.notes import Checkpoint, Note, NoteKey

BUCKET: Final = "cosigned"
PRECISION: Final = 32
"""What is kept is exact to one part in this many of its age: readers allow for twice that
(`proven.client.times.notice_grace`), so that witnesses may be slow, too."""
MAX_AGE: Final = 400 * 86_400
"""Seconds: longer than any notice. Of what is older, the newest is enough."""


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A checkpoint of `size` entries that a witness cosigned at `at` (Unix seconds)."""

    at: int
    size: int
    note: bytes


class CosignedHistory:
    """For each witness, checkpoints with its cosignatures, of which few are kept:

    1. For everything that was ever added there is one kept that was cosigned then or later, by no more than
       a `PRECISION`th of its present age or, beyond `MAX_AGE`, by any time. So the more recent an entry is,
       the more exactly is known since when it was public, and the notices that matter are shorter than
       their announcements are old.
    2. At most about a thousand are kept for a witness, however long the log is.
    3. A checkpoint that was cosigned before the last one that is kept, by a clock that went back, is not.
    """

    def __init__(self, registers: Registers) -> None:
        self._registers = registers
        self._kept: dict[str, list[Cosigned]] = {}

    async def load(self) -> None:
        """Read what was kept. Raises `UNAVAILABLE` if it is damaged."""
        kept: dict[str, list[Cosigned]] = {}
        after = ""
        while page := await self._registers.entries(BUCKET, after=after):
            for entry in page:
                if entry.value is not None:
                    kept.setdefault(entry.key.partition(".")[0], []).append(_read(entry.value))
            after = page[-1].key
        self._kept = kept

    async def add(self, witness: NoteKey, note: Note) -> None:
        """Keep `note`, which has a good cosignature of `witness`."""
        at = witness.cosigned_at(note)
        if at is None:
            raise ValueError(f"{witness.name} has not cosigned it")
        name = witness.verifier_key(cosigner=True).split("+")[1]
        kept = self._kept.setdefault(name, [])
        if kept and at < kept[-1].at:
            return
        added = Cosigned(at, Checkpoint.parse(note.text).size, note.encode().encode())
        value = cbor.encode([added.at, added.size, added.note])
        await self._registers.put(BUCKET, _key(name, at), value)
        before = [each for each in kept if each.at < at]
        self._kept[name] = thinned([*before, added])
        for dropped in {each.at for each in before} - {each.at for each in self._kept[name]}:
            await self._registers.delete(BUCKET, _key(name, dropped))

    def around(self, index: int) -> list[bytes]:
        """Of each witness: the last checkpoint without entry `index`, and the first one with it."""
        found: list[bytes] = []
        for kept in self._kept.values():
            without = [each.note for each in kept if each.size <= index]
            covering = [each.note for each in kept if each.size > index]
            found += [*without[-1:], *covering[:1]]
        return found


def thinned(kept: Sequence[Cosigned]) -> list[Cosigned]:
    """What to keep of checkpoints in the order of their times, the last of which is of now.

    One is dropped if the one after it is close enough to the one that is kept before it: whatever was dropped
    in between, now or earlier, is then close enough, too.
    """
    remaining: list[Cosigned] = []
    for each, following in pairwise(kept):
        age = kept[-1].at - following.at
        near = bool(remaining) and following.at - remaining[-1].at <= age // PRECISION
        if not near and age <= MAX_AGE:
            remaining.append(each)
    return [*remaining, *kept[-1:]]


def _key(name: str, at: int) -> str:
    return f"{name}.{at:016x}"


def _read(value: bytes) -> Cosigned:
    match cbor.decode(value):
        case [int(at), int(size), bytes(note)]:
            return Cosigned(at, size, note)
    raise ProvenError(ErrorCode.UNAVAILABLE, "the register of a cosigned checkpoint holds something else")
