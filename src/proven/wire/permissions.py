"""What somebody signs who lets a program read the logs or metrics of an application for a while.

The holder of a key file proves it to the node in each session. A passkey is on a page, and signs once: for a
key that the program made for this, and that is gone when it ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from . import cbor, ed25519, ids
from .commands import Permission
from .errors import ErrorCode, ProvenError
from .ids import ApplicationId, IdentityId

PERMISSION_LABEL: Final = "proven/read-application/v1"
LONGEST: Final = 12 * 3600
"""Seconds. As long as a session lasts at most."""
LEEWAY: Final = 300
"""Seconds by which clocks may differ."""

Readable: TypeAlias = Literal["logs", "metrics"]


@dataclass(frozen=True, slots=True)
class Permitted:
    """Whoever acts as `reader` in a management session may read this of an application in the log `origin`
    until `until` (Unix seconds).
    """

    origin: str
    application_id: ApplicationId
    what: Readable
    reader: IdentityId
    until: int

    def encode(self) -> bytes:
        """What is signed. It begins with a label of its own, as commands and proofs of identity do."""
        return cbor.encode(
            [PERMISSION_LABEL, self.origin, self.application_id, self.what, self.reader, self.until]
        )

    def require(self, permission: Permission, now: float) -> IdentityId:
        """Who has signed this with `permission`, as of `now`; whether they may is not said. Raises
        `ProvenError` (`UNAUTHENTICATED`).
        """
        if now >= self.until:
            raise _refusal("the permission to read has ended; run it again to sign another")
        if self.until > now + LONGEST + LEEWAY:
            raise _refusal(
                f"the permission to read lasts longer than {LONGEST // 3600} hours: set the clock of the "
                "machine that asks, if it is ahead"
            )
        if not ed25519.is_signed(permission.public_key, permission.signature, self.encode()):
            raise _refusal(
                "the permission to read is for something else: another application, network, key, time, or "
                "not for what is asked; run it again to sign one for this"
            )
        return ids.identity_id(permission.public_key)


def _refusal(message: str) -> ProvenError:
    return ProvenError(ErrorCode.UNAUTHENTICATED, message)
