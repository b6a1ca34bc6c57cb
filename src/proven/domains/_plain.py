"""DNS in the clear, over TCP (RFC 7766). Whoever carries the bytes can answer what they like: for
development only.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Final

from proven.domains._messages import MAX_MESSAGE, decode_answer, encode_question
from proven.domains.resolver import BadAnswerError, TextRecords, UnreachableError

_LENGTH: Final = 2


class PlainResolver:
    """One resolver, at an address and port."""

    def __init__(self, host: str, port: int, *, timeout: float = 10.0) -> None:
        self._host = host
        self._port = port
        self._timeout = timeout

    async def text(self, name: str) -> TextRecords:
        identifier = secrets.randbelow(1 << 16)
        question = encode_question(name, identifier)
        try:
            async with asyncio.timeout(self._timeout):
                wire = await self._ask(question)
        except TimeoutError:
            raise UnreachableError(f"it did not answer within {self._timeout:g} seconds") from None
        except (OSError, EOFError) as error:
            raise UnreachableError(f"it cannot be asked: {type(error).__name__}: {error!s:.200}") from None
        return decode_answer(wire, name, identifier)

    async def close(self) -> None:
        """There is a connection for each question."""

    async def _ask(self, question: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self._host, self._port, limit=MAX_MESSAGE)
        try:
            writer.write(len(question).to_bytes(_LENGTH, "big") + question)
            length = int.from_bytes(await reader.readexactly(_LENGTH), "big")
            if length > MAX_MESSAGE:
                raise BadAnswerError(f"its answer has more than {MAX_MESSAGE} bytes")
            return await reader.readexactly(length)
        finally:
            writer.close()
