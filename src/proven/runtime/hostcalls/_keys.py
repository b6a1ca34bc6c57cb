"""Private keys of guests. A guest has a number; the key stays here and dies with the invocation."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proven.runtime.host import CallContext, HostFunction
from proven.wire.errors import ErrorCode, ProvenError

from ._arguments import octets, take, text_or_octets

_STATE: Final = "crypto.keys"
MAX_KEYS: Final = 10_000
"""Keys one invocation may make or load."""


class KeyRing:
    """Keys by handle, per invocation.

    No operation returns private bytes. A handle is never used twice in the life of the node, so one that
    outlives its invocation can't come to mean another key: it is refused.
    """

    def __init__(self) -> None:
        self._handles = itertools.count(1)

    def functions(self) -> dict[str, HostFunction]:
        return {"crypto.generate": self._generate, "crypto.sign": self._sign, "crypto.verify": self._verify}

    def import_key(self, context: CallContext, private_bytes: bytes) -> list[Any]:
        """Take in a stored key; `[handle, public key]` as the guest may see it."""
        return self._add(context, Ed25519PrivateKey.from_private_bytes(private_bytes))

    def export_key(self, context: CallContext, handle: Any) -> bytes:
        """The private bytes behind `handle`, for storage only."""
        return self._key(context, handle).private_bytes_raw()

    def _add(self, context: CallContext, key: Ed25519PrivateKey) -> list[Any]:
        keys = context.state.setdefault(_STATE, {})
        if len(keys) >= MAX_KEYS:
            raise ProvenError(ErrorCode.QUOTA_EXCEEDED, f"an invocation handles at most {MAX_KEYS} keys")
        handle = next(self._handles)
        keys[handle] = key
        return [handle, key.public_key().public_bytes_raw()]

    def _key(self, context: CallContext, handle: Any) -> Ed25519PrivateKey:
        keys: dict[int, Ed25519PrivateKey] = context.state.get(_STATE, {})
        key = keys.get(handle) if type(handle) is int else None
        if key is None:
            raise ProvenError(
                ErrorCode.FORBIDDEN,
                "the key is not of this invocation; keep a key for later in a key store",
            )
        return key

    async def _generate(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        take(arguments, 0)
        return self._add(context, Ed25519PrivateKey.generate())

    async def _sign(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        handle, data = take(arguments, 2)
        return self._key(context, handle).sign(text_or_octets(data, "what is signed"))

    async def _verify(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        handle, data, signature = take(arguments, 3)
        public_key = self._key(context, handle).public_key()
        try:
            public_key.verify(octets(signature, "a signature"), text_or_octets(data, "what is signed"))
        except InvalidSignature:
            return False
        return True
