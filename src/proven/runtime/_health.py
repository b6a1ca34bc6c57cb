"""The verdict on a version, said by its own health checks."""

from __future__ import annotations

from typing import Final

from proven.wire import values
from proven.wire.errors import ErrorCode, ProvenError

MAX_SECONDS: Final = 30.0
"""Wall-clock limit of all health checks of a package together."""

_FALSE: Final = values.encode(False)


def judge(address: str, result: bytes | None) -> None:
    """Raises `HANDLER_ERROR` if the health check at `address` returned `false`."""
    if result == _FALSE:
        raise ProvenError(ErrorCode.HANDLER_ERROR, f"the health check {address} returned false")


def failure(address: str, error: ProvenError) -> ProvenError:
    """What a health check failed with, for the owner of the version."""
    return ProvenError(
        error.code,
        f"the health check {address} failed: {error.message}",
        details=error.details,
        retry_after=error.retry_after,
    )


def too_slow() -> ProvenError:
    """Why a version is refused whose health checks go on and on."""
    return ProvenError(
        ErrorCode.HANDLER_TIMEOUT, f"the health checks of a package take at most {MAX_SECONDS:g} s together"
    )
