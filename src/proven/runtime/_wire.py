"""The few values that are in every call, encoded and decoded without going through the general codec.

Each function gives the very bytes that `proven.wire.values` gives, and leaves to it what is not of the common
shape.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from proven.wire import values
from proven.wire.cbor import ARRAY, BYTES, TEXT, head
from proven.wire.errors import ErrorCode, ProvenError

from ._frames import ProtocolError
from .invocation import HttpRequest

MAX_CALL_ITEMS: Final = 100_000
"""Values in one host call. They are decoded on the event loop, so they bound how long everybody waits."""

MAX_RESPONSE_ITEMS: Final = 10_000
"""The same in the head of a response: `http.js` makes none with as many headers."""

UNDEFINED: Final = values.encode(values.UNDEFINED)
_NULL: Final = values.encode(None)
_PAIR: Final = head(ARRAY, 2)
_REQUEST: Final = head(ARRAY, 7)
_ANONYMOUS: Final = UNDEFINED + head(ARRAY, 0) + UNDEFINED
_TEXT_HEADS: Final = tuple(head(TEXT, length) for length in range(256))
_BYTES_HEADS: Final = tuple(head(BYTES, length) for length in range(256))


def text(value: str) -> bytes:
    """Encode text. Raises `ProvenError` (`UNSUPPORTED_VALUE`) for half of a surrogate pair."""
    try:
        raw = value.encode()
    except UnicodeEncodeError:
        return values.encode(value)
    length = len(raw)
    return (_TEXT_HEADS[length] if length < 256 else head(TEXT, length)) + raw


def octets(value: bytes) -> bytes:
    """Encode bytes."""
    length = len(value)
    return (_BYTES_HEADS[length] if length < 256 else head(BYTES, length)) + value


def optional_text(value: str | None) -> bytes:
    """Encode text, or `undefined` for None."""
    return UNDEFINED if value is None else text(value)


def pairs(items: Iterable[tuple[str, str]]) -> bytes:
    """Encode an array of [text, text]."""
    encoded = [_PAIR + text(name) + text(value) for name, value in items]
    return head(ARRAY, len(encoded)) + b"".join(encoded)


def texts(items: tuple[str, ...]) -> bytes:
    """Encode an array of text."""
    return head(ARRAY, len(items)) + b"".join([text(item) for item in items])


def reference(stream: values.StreamRef) -> bytes:
    """Encode a reference to a stream."""
    return values.encode(stream, allow_streams=True)


def caller(identity: str | None, accounts: tuple[str, ...], origin: str | None) -> bytes:
    """Encode who calls, three values of an invocation."""
    if identity is None and not accounts and origin is None:
        return _ANONYMOUS
    return optional_text(identity) + texts(accounts) + optional_text(origin)


def request(http: HttpRequest, body: bytes | values.StreamRef | None) -> bytes:
    """Encode an HTTP request as the guest's arguments; `body` is its bytes, or the stream they come in."""
    encoded = UNDEFINED if body is None else octets(body) if isinstance(body, bytes) else reference(body)
    return b"".join(
        (
            _REQUEST,
            text(http.method),
            text(http.url),
            text(http.path),
            pairs(http.path_parameters),
            pairs(http.query),
            pairs(http.headers),
            encoded,
        )
    )


def result(value: Any, max_bytes: int) -> bytes:
    """Encode the result of a host function, which may hold references to streams."""
    kind = type(value)
    if kind is str:
        encoded = text(value)
    elif kind is bytes:
        encoded = octets(value)
    elif value is None:
        return _NULL
    elif value is values.UNDEFINED:
        return UNDEFINED
    else:
        return values.encode(value, max_bytes=max_bytes, allow_streams=True)
    if len(encoded) > max_bytes:
        raise ProvenError(
            ErrorCode.TOO_LARGE, f"a value of {len(encoded)} bytes is over the limit of {max_bytes}"
        )
    return encoded


def call(payload: bytes, max_bytes: int) -> tuple[str, list[Any]]:
    """Decode [operation, arguments]. Raises `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`)."""
    try:
        decoded = _flat_call(payload)
    except (IndexError, UnicodeDecodeError):
        decoded = None
    if decoded is not None:
        return decoded
    match values.decode(payload, max_bytes=max_bytes, max_items=MAX_CALL_ITEMS, allow_streams=True):
        case [str(operation), list(arguments)]:
            return operation, arguments
    raise ProvenError(ErrorCode.BAD_REQUEST, "a malformed call")


def _flat_call(payload: bytes) -> tuple[str, list[Any]] | None:
    """The call, if its arguments are texts, bytes, small numbers and constants, all short; else None."""
    if payload[0] != 0x82 or not 0x60 <= payload[1] < 0x78:
        return None
    position = payload[1] - 0x5E
    operation = payload[2:position].decode()
    count = payload[position] - 0x80
    if not 0 <= count < 24:
        return None
    position += 1
    arguments: list[Any] = []
    for _ in range(count):
        initial = payload[position]
        position += 1
        if 0x60 <= initial <= 0x78:
            length = initial - 0x60
            if length == 24:
                length = payload[position]
                position += 1
                if length < 24:
                    return None
            end = position + length
            arguments.append(payload[position:end].decode())
            position = end
        elif 0x40 <= initial < 0x58:
            end = position + initial - 0x40
            arguments.append(payload[position:end])
            position = end
        elif initial < 24:
            arguments.append(initial)
        elif initial in _CONSTANTS:
            arguments.append(_CONSTANTS[initial])
        else:
            return None
    return (operation, arguments) if position == len(payload) else None


_CONSTANTS: Final = {0xF4: False, 0xF5: True, 0xF6: None, 0xF7: values.UNDEFINED}


def response(payload: bytes) -> tuple[int, tuple[tuple[str, str], ...], bytes | values.StreamRef]:
    """Decode [status, header pairs, body]; no body is an empty one. Raises `ProvenError` (`BAD_REQUEST`,
    `TOO_LARGE`).
    """
    try:
        decoded = _plain_response(payload)
    except (IndexError, UnicodeDecodeError):
        decoded = None
    if decoded is not None:
        return decoded
    match values.decode(payload, max_bytes=len(payload), max_items=MAX_RESPONSE_ITEMS, allow_streams=True):
        case [int(status), list(headers), (bytes() | values.StreamRef() | values.UndefinedType()) as body]:
            return status, tuple(_pairs_of(headers)), b"" if body is values.UNDEFINED else body
    raise ProvenError(ErrorCode.BAD_REQUEST, "a malformed response")


def _pairs_of(headers: list[Any]) -> Iterable[tuple[str, str]]:
    for item in headers:
        match item:
            case [str(name), str(value)]:
                yield name, value
            case _:
                raise ProvenError(ErrorCode.BAD_REQUEST, "a malformed header")


def _plain_response(
    payload: bytes,
) -> tuple[int, tuple[tuple[str, str], ...], bytes] | None:
    """The response, if its headers are few and short and its body is bytes or absent; else None."""
    if payload[0] != 0x83 or payload[1] not in (0x18, 0x19):
        return None
    wide = payload[1] - 0x18
    status = int.from_bytes(payload[2 : 3 + wide], "big")
    position = 3 + wide
    count = payload[position] - 0x80
    if status < 24 or (wide and status < 256) or not 0 <= count < 24:
        return None
    position += 1
    flat: list[str] = []
    for index in range(3 * count):
        initial = payload[position]
        position += 1
        if index % 3 == 0:
            if initial != 0x82:
                return None
            continue
        length = initial - 0x60
        if not 0 <= length <= 24:
            return None
        if length == 24:
            length = payload[position]
            position += 1
            if length < 24:
                return None
        flat.append(payload[position : position + length].decode())
        position += length
    body = _plain_body(payload, position)
    if body is None:
        return None
    return status, tuple(zip(flat[::2], flat[1::2], strict=True)), body


def _plain_body(payload: bytes, position: int) -> bytes | None:
    initial = payload[position]
    if initial == 0xF7:
        return b"" if position + 1 == len(payload) else None
    width = {0x58: 1, 0x59: 2, 0x5A: 4}.get(initial, 0 if 0x40 <= initial < 0x58 else -1)
    if width < 0:
        return None
    start = position + 1 + width
    length = int.from_bytes(payload[position + 1 : start], "big") if width else initial - 0x40
    body = payload[start:]
    return body if len(body) == length and head(BYTES, length) == payload[position:start] else None


def decode(payload: bytes, **options: Any) -> Any:
    """A value that the guest encoded. Raises `ProtocolError`."""
    try:
        return values.decode(payload, **options)
    except ProvenError as error:
        raise ProtocolError(error.message) from None
