"""The rules that evidence can break, and the one exception that says which."""

from __future__ import annotations

import enum

from proven.wire.errors import ErrorCode, ProvenError


class Rule(enum.StrEnum):
    """Detail `rule` of an `EVIDENCE_INVALID` error, in the order in which they are checked."""

    SIZE = "size"
    ENCODING = "encoding"
    STRUCTURE = "structure"
    ROOT = "root"
    CHAIN = "chain"
    VALIDITY = "validity"
    SIGNATURE = "signature"
    FRESHNESS = "freshness"
    NONCE = "nonce"
    USER_DATA = "user_data"
    PUBLIC_KEY = "public_key"
    DEBUG = "debug"
    MEASUREMENTS = "measurements"


def broken(rule: Rule, message: str) -> ProvenError:
    """The error for evidence that breaks `rule`."""
    return ProvenError(ErrorCode.EVIDENCE_INVALID, message, details={"rule": rule.value})
