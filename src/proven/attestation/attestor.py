"""What a node asks of the platform that it runs on."""

from __future__ import annotations

from typing import Protocol


class Attestor(Protocol):
    """Makes evidence about this very machine and the code that runs on it."""

    async def attest(self, *, nonce: bytes, public_key: bytes, user_data: bytes) -> bytes:
        """A signed document that carries all three: at most 512, 1024 and 512 bytes.

        Raises `ValueError` above these limits, `ProvenError` (`UNAVAILABLE`) if the platform cannot answer.
        """
        ...
