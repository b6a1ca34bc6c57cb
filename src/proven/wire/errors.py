"""Errors that cross a boundary: one table of stable codes and the HTTP status each maps to."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any


class ErrorCode(enum.StrEnum):
    """What went wrong, for programs. A code never changes its meaning; the message beside it may."""

    BAD_REQUEST = "BAD_REQUEST"
    BUILD_ERROR = "BUILD_ERROR"
    CONFLICT = "CONFLICT"
    EVIDENCE_INVALID = "EVIDENCE_INVALID"
    FORBIDDEN = "FORBIDDEN"
    HANDLER_ERROR = "HANDLER_ERROR"
    HANDLER_MEMORY = "HANDLER_MEMORY"
    HANDLER_TIMEOUT = "HANDLER_TIMEOUT"
    INTERNAL = "INTERNAL"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    MIGRATION_CHANGED = "MIGRATION_CHANGED"
    NO_IDENTITY = "NO_IDENTITY"
    NOT_FOUND = "NOT_FOUND"
    NOT_OWNER = "NOT_OWNER"
    ORIGIN_DENIED = "ORIGIN_DENIED"
    OVERLOADED = "OVERLOADED"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT"
    SESSION_CLOSED = "SESSION_CLOSED"
    SQL_DENIED = "SQL_DENIED"
    SQL_ERROR = "SQL_ERROR"
    STORAGE_FULL = "STORAGE_FULL"
    TOO_LARGE = "TOO_LARGE"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    UNAVAILABLE = "UNAVAILABLE"
    UNSUPPORTED_VALUE = "UNSUPPORTED_VALUE"


_HTTP_STATUS: dict[ErrorCode, int] = {
    ErrorCode.BAD_REQUEST: 400,
    ErrorCode.BUILD_ERROR: 422,
    ErrorCode.CONFLICT: 409,
    ErrorCode.EVIDENCE_INVALID: 403,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.HANDLER_ERROR: 500,
    ErrorCode.HANDLER_MEMORY: 500,
    ErrorCode.HANDLER_TIMEOUT: 504,
    ErrorCode.INTERNAL: 500,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.MIGRATION_CHANGED: 409,
    ErrorCode.NO_IDENTITY: 401,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.NOT_OWNER: 403,
    ErrorCode.ORIGIN_DENIED: 403,
    ErrorCode.OVERLOADED: 503,
    ErrorCode.QUOTA_EXCEEDED: 507,
    ErrorCode.REQUEST_TIMEOUT: 408,
    ErrorCode.SESSION_CLOSED: 401,
    ErrorCode.SQL_DENIED: 403,
    ErrorCode.SQL_ERROR: 400,
    ErrorCode.STORAGE_FULL: 507,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.UNSUPPORTED_VALUE: 400,
}


def http_status(code: ErrorCode) -> int:
    """The one HTTP status that `code` is answered with."""
    return _HTTP_STATUS[code]


class ProvenError(Exception):
    """An error with a stable code, safe to show to whoever made the request.

    `message` is one sentence for a person, naming the next step where there is one. `details` is a small
    record of plain values (text, numbers, booleans, lists and maps of them). `retry_after` is in seconds.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = dict(details) if details else None
        self.retry_after = retry_after

    def to_record(self) -> dict[str, Any]:
        """The `{code, message, details?, retry_after?}` record of the wire protocol."""
        record: dict[str, Any] = {"code": self.code.value, "message": self.message}
        if self.details is not None:
            record["details"] = self.details
        if self.retry_after is not None:
            record["retry_after"] = self.retry_after
        return record

    @classmethod
    def from_record(cls, record: object) -> ProvenError:
        """Read a peer's error record; anything malformed becomes `INTERNAL` rather than another exception."""
        if not isinstance(record, dict):
            return cls(ErrorCode.INTERNAL, "the peer sent an error that is not a record")
        try:
            code = ErrorCode(str(record.get("code")))
        except ValueError:
            code = ErrorCode.INTERNAL
        details = record.get("details")
        retry_after = record.get("retry_after")
        return cls(
            code,
            str(record.get("message", code.value))[:4096],
            details=details if isinstance(details, dict) else None,
            retry_after=float(retry_after) if isinstance(retry_after, int | float) else None,
        )

    def __repr__(self) -> str:
        return f"ProvenError({self.code.value}, {self.message!r})"
