"""What guest code threw, as the guest describes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from proven.wire.errors import ErrorCode, ProvenError

from . import _wire
from ._frames import ProtocolError

_ERROR_CODES = frozenset(code.value for code in ErrorCode)
_LONGEST_RETRY_AFTER = 3600.0


class ThrownError(Exception):
    """What guest code threw, as the guest described it."""

    def __init__(self, record: dict[str, Any]) -> None:
        super().__init__(record.get("message"))
        self.record = record

    def as_seen(self) -> ProvenError:
        """What the caller gets to see: the code of a failed host call or codec, or else `HANDLER_ERROR`."""
        record = self.record
        code, retry_after = ErrorCode.HANDLER_ERROR, None
        if record.get("host") is True and record.get("code") in _ERROR_CODES:
            code = ErrorCode(record["code"])
            wait = record.get("retryAfter")
            if isinstance(wait, int | float) and 0 < wait <= _LONGEST_RETRY_AFTER:
                retry_after = float(wait)
        details = {key: record[key] for key in ("name", "stack", "code") if isinstance(record.get(key), str)}
        return ProvenError(code, record["message"], details=details, retry_after=retry_after)


def read_thrown(payload: bytes, map_stack: Callable[[str], str]) -> ThrownError:
    """Raises `ProtocolError`."""
    record = _wire.decode(payload)
    if not isinstance(record, dict) or not isinstance(record.get("message"), str):
        raise ProtocolError("a malformed error")
    stack = record.get("stack")
    if isinstance(stack, str):
        record["stack"] = map_stack(stack)
    return ThrownError(record)
