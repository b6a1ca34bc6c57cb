"""Ask witnesses to cosign our checkpoints (C2SP tlog-witness, the log's side)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import aiohttp

from proven.transparency.history import CosignedHistory
from proven.transparency.log import TransparencyLog
from proven.transparency.witness import AddCheckpoint
from proven.wire.errors import ProvenError
from proven.wire.notes import MAX_NOTE, Checkpoint, Note, NoteKey, Signature

_log = logging.getLogger("proven.transparency")

_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
_CONFLICT: Final = 409
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class WitnessAddress:
    """A witness: `url` is the prefix to which `/add-checkpoint` is added; `key` is its verifier key."""

    url: str
    key: NoteKey


class Cosigners:
    """Shows each new checkpoint to every witness, and keeps what they sign. One that stays the newest is
    shown again after `again_after` seconds, so that nothing can be dated before that later. A witness that is
    down or refuses keeps nobody from using the log: clients decide how many cosignatures they want.
    """

    def __init__(
        self,
        log: TransparencyLog,
        witnesses: Sequence[WitnessAddress],
        history: CosignedHistory,
        *,
        retry_after: float = 30.0,
        again_after: float = 3600.0,
    ) -> None:
        self._log = log
        self._witnesses = tuple(witnesses)
        self._history = history
        self._retry_after = retry_after
        self._again_after = again_after
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None
        self._cosigned: dict[str, tuple[str, Signature]] = {}

    def cosignatures(self) -> tuple[Signature, ...]:
        """Those for the newest checkpoint."""
        text = self._log.checkpoint.text()
        return tuple(signature for cosigned, signature in self._cosigned.values() if cosigned == text)

    def around(self, index: int) -> list[bytes]:
        """Of each witness the last checkpoint that it cosigned without entry `index`, and the first with it,
        as far as they are kept.
        """
        return self._history.around(index)

    async def start(self) -> None:
        """Raises `UNAVAILABLE` if what was kept of cosigned checkpoints is damaged."""
        await self._history.load()
        if self._witnesses:
            self._session = aiohttp.ClientSession(timeout=_TIMEOUT)
        self._tasks = [
            asyncio.create_task(self._follow(witness), name=f"witness {witness.key.name}")
            for witness in self._witnesses
        ]

    async def stop(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        if self._session is not None:
            await self._session.close()

    async def _follow(self, witness: WitnessAddress) -> None:
        seen = 0
        wanted = 0
        while True:
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._again_after if wanted else None):
                        await self._log.reach(wanted)
                seen = await self._show(witness, seen)
                wanted = seen + 1
            except (ProvenError, aiohttp.ClientError, TimeoutError, ValueError) as error:
                _log.warning(
                    "witness_does_not_cosign", extra={"witness": witness.key.name, "reason": str(error)[:200]}
                )
                await asyncio.sleep(self._retry_after)

    async def _show(self, witness: WitnessAddress, seen: int) -> int:
        """Have the newest checkpoint cosigned by a witness that has `seen` entries; how many it has seen."""
        assert self._session is not None
        for _ in range(2):
            note = Note.parse(self._log.signed())
            size = Checkpoint.parse(note.text).size
            proof = self._log.prove_consistency(min(seen, size), size)
            body = AddCheckpoint(seen, proof, note).encode()
            url = f"{witness.url.rstrip('/')}/add-checkpoint"
            async with self._session.post(url, data=body, allow_redirects=False) as response:
                answer = await response.content.read(MAX_NOTE)
                if response.status == _CONFLICT:
                    seen = int(answer.strip()[:16])
                    continue
                if response.status != _OK:
                    raise ValueError(f"it answers {response.status}")
            signed = Note.parse(note.text.encode() + b"\n" + answer)
            if witness.key.cosigned_at(signed) is None:
                raise ValueError("it answers without a cosignature")
            cosignature = next(each for each in signed.signatures if each.name == witness.key.name)
            self._cosigned[witness.key.name] = (note.text, cosignature)
            await self._history.add(witness.key, Note(note.text, (*note.signatures, cosignature)))
            return size
        raise ValueError("it has seen another log of this name")
