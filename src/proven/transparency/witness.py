"""A witness of other logs (C2SP tlog-witness): it cosigns only what continues what it cosigned before."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from proven.engine import Registers
from proven.wire import cbor, merkle
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.notes import MAX_NOTE, Checkpoint, Note, NoteKey, NoteSigner, Signature

BUCKET: Final = "witnessed"
MAX_REQUEST: Final = MAX_NOTE + 64 * 64
_MAX_ATTEMPTS: Final = 8


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A log asks to have `note` cosigned; `proof` shows that it continues the log's first `old` entries."""

    old: int
    proof: tuple[bytes, ...]
    note: Note

    def encode(self) -> bytes:
        hashes = "".join(f"{base64.b64encode(each).decode()}\n" for each in self.proof)
        return f"old {self.old}\n{hashes}\n{self.note.encode()}".encode()

    @classmethod
    def parse(cls, body: bytes) -> AddCheckpoint:
        """Raises `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`)."""
        if len(body) > MAX_REQUEST:
            raise ProvenError(ErrorCode.TOO_LARGE, f"a request has at most {MAX_REQUEST} bytes")
        head, separator, note = body.partition(b"\n\n")
        first, *lines = head.split(b"\n")
        size = first.removeprefix(b"old ")
        is_number = size.isdigit() and len(size) <= 16 and (size == b"0" or not size.startswith(b"0"))
        if not separator or not first.startswith(b"old ") or not is_number or len(lines) > merkle.MAX_PROOF:
            raise _bad("a request is `old` and a size, the hashes of a proof, an empty line and a checkpoint")
        try:
            proof = tuple(base64.b64decode(line, validate=True) for line in lines)
        except binascii.Error:
            raise _bad("the hashes of a proof are base64") from None
        return cls(int(size), proof, Note.parse(note))


class UnexpectedSizeError(ProvenError):
    """The log believes that the witness has seen another state than it has; `size` is the one it has seen."""

    def __init__(self, size: int) -> None:
        super().__init__(
            ErrorCode.CONFLICT, f"the last checkpoint seen has {size} entries", details={"size": size}
        )
        self.size = size


class Witness:
    """Cosigns a checkpoint when, in this order,

    1. its log is one that this witness was told to watch (`NOT_FOUND`), and has signed it (`FORBIDDEN`),
    2. the log continues from the size that the witness has seen last (`UnexpectedSizeError`),
    3. it is not smaller, and the proof shows that nothing seen before has changed (`EVIDENCE_INVALID`),
    4. the new state has been recorded durably, with nobody else having recorded another meanwhile.

    So it never cosigns two states of one log that contradict each other, whatever the log's operator does.
    """

    def __init__(
        self,
        registers: Registers,
        signer: NoteSigner,
        logs: Mapping[str, NoteKey],
        *,
        clock: Callable[[], float],
    ) -> None:
        """`logs` are the keys by origin; `clock` gives seconds since 1970."""
        self._registers = registers
        self._signer = signer
        self._logs = dict(logs)
        self._clock = clock

    @property
    def key(self) -> NoteKey:
        """The key that cosigns."""
        return self._signer.key

    async def add_checkpoint(self, request: AddCheckpoint) -> Signature:
        """The cosignature. Raises `ProvenError` by the rules above."""
        checkpoint = Checkpoint.parse(request.note.text)
        key = self._logs.get(checkpoint.origin)
        if key is None:
            raise ProvenError(ErrorCode.NOT_FOUND, "this witness does not watch that log")
        try:
            key.check(request.note)
        except ProvenError as error:
            raise ProvenError(ErrorCode.FORBIDDEN, error.message) from None
        for _ in range(_MAX_ATTEMPTS):
            size, root, revision = await self._seen(checkpoint.origin)
            if request.old != size:
                raise UnexpectedSizeError(size)
            merkle.check_consistency(size, checkpoint.size, root, checkpoint.root, request.proof)
            try:
                await self._registers.put(
                    BUCKET,
                    _register(checkpoint.origin),
                    cbor.encode([checkpoint.origin, checkpoint.size, checkpoint.root]),
                    expected=revision,
                )
            except ProvenError as error:
                if error.code is not ErrorCode.CONFLICT:
                    raise
                continue
            return self._signer.cosign(request.note.text, int(self._clock()))
        raise ProvenError(ErrorCode.OVERLOADED, "too many checkpoints of this log at once", retry_after=1)

    async def _seen(self, origin: str) -> tuple[int, bytes, int]:
        entry = await self._registers.get(BUCKET, _register(origin))
        if entry is None or entry.value is None:
            return 0, merkle.EMPTY_ROOT, 0
        match cbor.decode(entry.value):
            case [str(recorded), int(size), bytes(root)] if recorded == origin:
                return size, root, entry.revision
        raise ProvenError(ErrorCode.UNAVAILABLE, "the register of the witness holds something else")


def _register(origin: str) -> str:
    """A log's register: origins have characters that keys have not."""
    return merkle.leaf_hash(origin.encode()).hex()


def _bad(message: str) -> ProvenError:
    return ProvenError(ErrorCode.BAD_REQUEST, message)
