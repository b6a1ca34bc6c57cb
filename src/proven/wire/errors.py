"""Errors that cross a boundary: one table of stable codes and the HTTP status each maps to."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Final

_LONGEST_WAIT: Final = 3600.0


class ErrorCode(enum.StrEnum):
    """What went wrong, for programs. A code never changes its meaning; the message beside it may."""

    BAD_REQUEST = "BAD_REQUEST"
    """The request is not something that could ever be answered; change it before sending it again."""
    BUILD_ERROR = "BUILD_ERROR"
    """The folder cannot be made into a package; `details.problems` names file, line and rule of each
    reason.
    """
    CONFLICT = "CONFLICT"
    """Something changed since the caller last looked; read it again and decide anew."""
    EVIDENCE_INVALID = "EVIDENCE_INVALID"
    """Attestation evidence is missing, stale, altered or does not satisfy the policy; do not trust the
    peer.
    """
    FORBIDDEN = "FORBIDDEN"
    """The caller is known, and may not do this."""
    HANDLER_ERROR = "HANDLER_ERROR"
    """The handler threw; `details` has the name, message and stack of what it threw."""
    HANDLER_MEMORY = "HANDLER_MEMORY"
    """The handler needed more memory than it may use and was ended."""
    HANDLER_TIMEOUT = "HANDLER_TIMEOUT"
    """The handler ran longer than it may and was ended."""
    INTERNAL = "INTERNAL"
    """The node failed in a way it should not; its log says how."""
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    """The path exists, but not for this HTTP method."""
    MIGRATION_CHANGED = "MIGRATION_CHANGED"
    """A storage migration that had already run was edited; restore it and add a new one after it."""
    NO_IDENTITY = "NO_IDENTITY"
    """The handler or store needs to know who is calling; identify on the session first."""
    NOT_FOUND = "NOT_FOUND"
    """There is nothing by that name; `details.missing` is `application` where that is what there is not."""
    NOT_OWNER = "NOT_OWNER"
    """The caller does not own the application or the NFT that this is about."""
    ORIGIN_DENIED = "ORIGIN_DENIED"
    """An outbound request to, or a call from, an origin that is not allowed."""
    OVERLOADED = "OVERLOADED"
    """Too much is waiting already and nothing was done; try again after `retry_after` seconds."""
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    """A limit of the application or owner is reached; remove something or ask for a larger one."""
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT"
    """The request, or the answer of something it needs, did not arrive in time."""
    SESSION_CLOSED = "SESSION_CLOSED"
    """The session expired, was revoked, or a frame of it was altered, replayed or reordered; open a new
    one.
    """
    SQL_DENIED = "SQL_DENIED"
    """The statement reaches for something outside its own database."""
    SQL_ERROR = "SQL_ERROR"
    """SQLite refused the statement; the message is SQLite's."""
    STORAGE_FULL = "STORAGE_FULL"
    """The node's disk is full; what was acknowledged is kept."""
    TOO_LARGE = "TOO_LARGE"
    """A message, value, file or package is over its size limit."""
    UNAUTHENTICATED = "UNAUTHENTICATED"
    """The request needs a session or signature, and has none that is valid."""
    UNAVAILABLE = "UNAVAILABLE"
    """Something that is needed cannot be reached or is not running now; a later attempt may succeed."""
    UNSUPPORTED_VALUE = "UNSUPPORTED_VALUE"
    """A value has no structured-clone form, such as a function or a cycle; the message says where it is."""


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


def _seconds(value: object) -> float | None:
    """A time to wait that a peer may ask for."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LONGEST_WAIT:
        return None
    return float(value)


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
        return cls(
            code,
            str(record.get("message", code.value))[:4096],
            details=details if isinstance(details, dict) else None,
            retry_after=_seconds(record.get("retry_after")),
        )

    def __repr__(self) -> str:
        return f"ProvenError({self.code.value}, {self.message!r})"
