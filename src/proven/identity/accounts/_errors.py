"""What is said to somebody whose proof is no good."""

from __future__ import annotations

from proven.wire.errors import ErrorCode, ProvenError


def refused(message: str) -> ProvenError:
    """The proof can be read, and proves nothing."""
    return ProvenError(ErrorCode.UNAUTHENTICATED, message)


def malformed(message: str) -> ProvenError:
    """The proof cannot be read."""
    return ProvenError(ErrorCode.BAD_REQUEST, message)


def unsupported(message: str) -> ProvenError:
    """The proof may be good, but this node cannot tell."""
    return ProvenError(ErrorCode.UNAVAILABLE, message)
