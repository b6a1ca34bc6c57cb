"""Reading a guest's arguments. The guest is untrusted: every argument is checked before it is used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.values import UNDEFINED


def take(arguments: Sequence[Any], count: int) -> Sequence[Any]:
    """The arguments, if there are exactly `count`."""
    if len(arguments) != count:
        raise _bad(f"expected {count} arguments")
    return arguments


def text(value: Any, what: str) -> str:
    if type(value) is not str:
        raise _bad(f"{what} must be text")
    return value


def optional_text(value: Any, what: str) -> str | None:
    return None if value is UNDEFINED or value is None else text(value, what)


def whole_number(value: Any, what: str) -> int:
    if type(value) is not int or value < 0:
        raise _bad(f"{what} must be a whole number")
    return value


def optional_whole_number(value: Any, what: str) -> int | None:
    return None if value is UNDEFINED or value is None else whole_number(value, what)


def optional_seconds(value: Any, what: str) -> float | None:
    """A positive, finite number of seconds."""
    if value is UNDEFINED or value is None:
        return None
    if type(value) not in (int, float) or not 0 < value < float("inf"):
        raise _bad(f"{what} must be a positive number of seconds")
    return float(value)


def boolean(value: Any, what: str) -> bool:
    if type(value) is not bool:
        raise _bad(f"{what} must be true or false")
    return value


def octets(value: Any, what: str) -> bytes:
    if type(value) is not bytes:
        raise _bad(f"{what} must be a Uint8Array")
    return value


def text_or_octets(value: Any, what: str) -> bytes:
    """Bytes, or text as its UTF-8 bytes."""
    if type(value) is str:
        return value.encode()
    if type(value) is bytes:
        return value
    raise _bad(f"{what} must be text or a Uint8Array")


def items(value: Any, what: str) -> list[Any]:
    if type(value) is not list:
        raise _bad(f"{what} must be an array")
    return value


def _bad(message: str) -> ProvenError:
    return ProvenError(ErrorCode.BAD_REQUEST, message)
