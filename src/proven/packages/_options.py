"""Handler options: which exist for which kind, and which values they may have.

`read_options` turns a developer's literal into `HandlerOptions`; `option_faults` checks one, whether it was
just read or came in a stranger's manifest.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import rfc8785

from proven.wire.origins import canonical_origin

from . import limits
from ._cron import cron_fault
from .manifest import Access, AttestationMode, Cors, HandlerKind, HandlerOptions

Literal = Any
"""A value read from source: None, bool, int, float, str, list or dict of them."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one option, by the name developers write."""

    option: str
    message: str
    missing: bool = False
    unknown: bool = False


_COMMON: Final = {"timeout": "timeout_ms", "memory": "memory_mib", "allowedOrigins": "allowed_origins"}
_CHAIN: Final = {"network": "network", "address": "address", "confirmations": "confirmations"}
FIELDS: Final[Mapping[HandlerKind, Mapping[str, str]]] = {
    HandlerKind.RPC: _COMMON | {"access": "access"},
    HandlerKind.HTTP: _COMMON
    | {"path": "path", "method": "method", "cors": "cors", "attestation": "attestation"},
    HandlerKind.SCHEDULE: _COMMON | {"cron": "cron", "timezone": "timezone"},
    HandlerKind.EVENT: _COMMON | {"event": "event", "application": "application"},
    HandlerKind.RADIX_EVENT: _COMMON | {"eventName": "event_name", "eventEmitter": "event_emitter"},
    HandlerKind.ETHEREUM_EVENT: _COMMON | _CHAIN | {"abi": "abi", "topic": "topic"},
    HandlerKind.BITCOIN_EVENT: _COMMON | _CHAIN,
    HandlerKind.HEALTH_CHECK: _COMMON,
}
"""Options of each kind: the name in TypeScript, and the field of `HandlerOptions`."""

_REQUIRED: Final[Mapping[HandlerKind, tuple[str, ...]]] = {
    HandlerKind.HTTP: ("path",),
    HandlerKind.SCHEDULE: ("cron",),
    HandlerKind.EVENT: ("event",),
    HandlerKind.ETHEREUM_EVENT: ("network",),
    HandlerKind.BITCOIN_EVENT: ("network",),
}
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
_NETWORKS: Final[Mapping[HandlerKind, tuple[str, ...]]] = {
    HandlerKind.ETHEREUM_EVENT: ("mainnet", "sepolia", "holesky"),
    HandlerKind.BITCOIN_EVENT: ("mainnet", "testnet"),
}
_ADDRESSES: Final[Mapping[HandlerKind, re.Pattern[str]]] = {
    HandlerKind.ETHEREUM_EVENT: re.compile(r"0x[0-9a-fA-F]{40}"),
    HandlerKind.BITCOIN_EVENT: re.compile(r"[a-zA-Z0-9]{14,90}"),
}
_TOPIC: Final = re.compile(r"0x[0-9a-fA-F]{64}")
_APPLICATION: Final = re.compile(r"[a-z2-7]{32}")
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")
_PARAMETER: Final = re.compile(r":[A-Za-z_][A-Za-z0-9_]*")
_SEGMENT: Final = re.compile(r"[A-Za-z0-9._~!$&'()+,;=@%-]+")
_TIMEZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9][A-Za-z0-9_+-]*){0,2}")


def read_options(kind: HandlerKind, literal: Literal) -> tuple[HandlerOptions, list[Fault]]:
    """Read the options object of a handler. With faults, the options returned are of no use."""
    if not isinstance(literal, dict):
        return HandlerOptions(), [Fault("", "options are an object")]
    fields = FIELDS[kind]
    faults: list[Fault] = []
    values: dict[str, Any] = {}
    for name, value in literal.items():
        if name not in fields:
            known = ", ".join(sorted(fields))
            faults.append(Fault(name, f"there is no option {name!r} here; there are {known}", unknown=True))
        elif value is not None:
            try:
                values[fields[name]] = _READERS.get(name, _text)(value)
            except ValueError as error:
                faults.append(Fault(name, f"{name}: {error}"))
    if faults:
        return HandlerOptions(), faults
    options = HandlerOptions(**values)
    return options, list(option_faults(kind, options))


def option_faults(kind: HandlerKind, options: HandlerOptions) -> Iterator[Fault]:
    """Everything that is wrong with `options` for a handler of `kind`."""
    allowed = {field: name for name, field in FIELDS[kind].items()}
    for field in options.__struct_fields__:
        value = getattr(options, field)
        if value is None or value == ():
            continue
        if field not in allowed:
            yield Fault(field, f"a handler of kind {kind.value} has no option {field}", unknown=True)
        elif message := _CHECKS[field](kind, value):
            yield Fault(allowed[field], f"{allowed[field]}: {message}")
    for name in _REQUIRED.get(kind, ()):
        if getattr(options, FIELDS[kind][name]) is None:
            yield Fault(name, f"{name} is required", missing=True)
    if kind is HandlerKind.RADIX_EVENT and options.event_name is None and options.event_emitter is None:
        yield Fault("eventName", "at least one of eventName and eventEmitter is required", missing=True)


def route_shape(path: str) -> str:
    """`path` without the names of its parameters: two routes of one shape match the same requests."""
    return "/".join(":" if segment.startswith(":") else segment for segment in path.split("/"))


def _text(value: Literal) -> str:
    if not isinstance(value, str):
        raise ValueError("it is a string")
    return value


def _integer(value: Literal) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("it is a whole number")
    return value


def _texts(value: Literal) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError("it is an array of strings")
    return tuple(_text(item) for item in value)


def _origins(value: Literal) -> tuple[str, ...]:
    return tuple(sorted({_origin(text) for text in _texts(value)}))


def _origin(text: str) -> str:
    try:
        return canonical_origin(text)
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from None


def _access(value: Literal) -> Access:
    return Access(_one_of(_text(value), tuple(Access)))


def _attestation(value: Literal) -> AttestationMode:
    return AttestationMode(_one_of(_text(value), tuple(AttestationMode)))


def _method(value: Literal) -> str:
    return _text(value).upper()


def _cors(value: Literal) -> Cors:
    if not isinstance(value, dict):
        raise ValueError("it is an object: { origins: ['https://example.com'] }")
    if unknown := value.keys() - {"origins", "headers", "credentials", "maxAge"}:
        raise ValueError(f"there is no {min(unknown)!r} in it")
    if "origins" not in value:
        raise ValueError("origins is required in it")
    origins = _texts(value["origins"])
    credentials = value.get("credentials", False)
    if not isinstance(credentials, bool):
        raise ValueError("credentials is true or false")
    return Cors(
        origins=tuple(sorted({text if text == "*" else _origin(text) for text in origins})),
        headers=tuple(sorted({text.lower() for text in _texts(value.get("headers", []))})),
        credentials=credentials,
        max_age=None if value.get("maxAge") is None else _integer(value["maxAge"]),
    )


def _abi(value: Literal) -> str:
    try:
        return rfc8785.dumps(value).decode()
    except (rfc8785.CanonicalizationError, UnicodeError) as error:
        raise ValueError(f"it is not JSON: {error}") from None


_READERS: Final[Mapping[str, Callable[[Literal], Any]]] = {
    "timeout": _integer,
    "memory": _integer,
    "confirmations": _integer,
    "allowedOrigins": _origins,
    "access": _access,
    "attestation": _attestation,
    "method": _method,
    "cors": _cors,
    "abi": _abi,
}


def _one_of(value: str, choices: Sequence[str]) -> str:
    if value not in choices:
        raise ValueError(f"it is one of {', '.join(repr(str(choice)) for choice in choices)}")
    return value


def _between(value: int, low: int, high: int, unit: str) -> str | None:
    return None if low <= value <= high else f"it is between {low} and {high} {unit}"


def _check_timeout(kind: HandlerKind, value: int) -> str | None:
    return _between(value, limits.MIN_TIMEOUT_MS, limits.MAX_TIMEOUT_MS, "milliseconds")


def _check_memory(kind: HandlerKind, value: int) -> str | None:
    return _between(value, limits.MIN_MEMORY_MIB, limits.MAX_MEMORY_MIB, "MiB")


def _check_origins(kind: HandlerKind, value: tuple[str, ...]) -> str | None:
    if len(value) > limits.MAX_ALLOWED_ORIGINS:
        return f"there are at most {limits.MAX_ALLOWED_ORIGINS} origins"
    if list(value) != sorted(set(value)):
        return "origins are sorted and distinct"
    try:
        return None if all(canonical_origin(text) == text for text in value) else "an origin is not canonical"
    except ValueError as error:
        return str(error)


def _check_route(kind: HandlerKind, value: str) -> str | None:
    if len(value) > limits.MAX_ROUTE_LENGTH or not value.startswith("/"):
        return f"it begins with / and is at most {limits.MAX_ROUTE_LENGTH} characters long"
    if value == "/":
        return None
    names: list[str] = []
    for segment in value[1:].split("/"):
        if segment.startswith(":"):
            if not _PARAMETER.fullmatch(segment):
                return f"{segment!r} is not a parameter such as :id"
            names.append(segment)
        elif segment in ("", ".", "..") or not _SEGMENT.fullmatch(segment):
            return (
                f"{segment!r} is not a path segment (no empty ones, no query, no wildcards; others "
                "than ASCII percent-encoded)"
            )
        elif "%" in segment and not re.fullmatch(r"(?:[^%]|%[0-9A-Fa-f]{2})+", segment):
            return f"{segment!r} has a broken percent-encoding"
    return None if len(set(names)) == len(names) else "a parameter name occurs twice"


def _check_method(kind: HandlerKind, value: str) -> str | None:
    return None if value in _METHODS else f"it is one of {', '.join(_METHODS)}, or absent for any"


def _check_cors(kind: HandlerKind, value: Cors) -> str | None:
    plain = tuple(origin for origin in value.origins if origin != "*")
    if not value.origins:
        return "origins is empty: leave cors out instead"
    if plain and len(plain) != len(value.origins):
        return "origins is either ['*'] or a list of origins"
    if value.credentials and not plain:
        return "credentials need a list of origins, not '*'"
    if message := _check_origins(kind, plain):
        return message
    if not all(_HEADER.fullmatch(header) for header in value.headers) or len(value.headers) > 100:
        return "headers are at most 100 header names"
    if value.max_age is not None:
        return _between(value.max_age, 0, limits.MAX_CORS_AGE_SECONDS, "seconds (maxAge)")
    return None


def _check_cron(kind: HandlerKind, value: str) -> str | None:
    return cron_fault(value)


def _check_timezone(kind: HandlerKind, value: str) -> str | None:
    if len(value) > 64 or not _TIMEZONE.fullmatch(value):
        return "it is an IANA name such as Europe/Lisbon"
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        if zoneinfo.TZPATH and _has_zone("Europe/London"):
            return f"there is no time zone {value!r}"
    return None


def _has_zone(name: str) -> bool:
    """A machine without a time zone database cannot say that a zone does not exist."""
    try:
        zoneinfo.ZoneInfo(name)
    except zoneinfo.ZoneInfoNotFoundError:
        return False
    return True


def _check_text(kind: HandlerKind, value: str) -> str | None:
    if not value or len(value) > limits.MAX_OPTION_TEXT or "\0" in value:
        return f"it is a text of 1 to {limits.MAX_OPTION_TEXT} characters"
    return None


def _check_application(kind: HandlerKind, value: str) -> str | None:
    return None if _APPLICATION.fullmatch(value) else "it is an application id (32 characters a-z 2-7)"


def _check_network(kind: HandlerKind, value: str) -> str | None:
    networks = _NETWORKS[kind]
    return None if value in networks else f"it is one of {', '.join(networks)}"


def _check_address(kind: HandlerKind, value: str) -> str | None:
    return None if _ADDRESSES[kind].fullmatch(value) else "it is not an address of this chain"


def _check_topic(kind: HandlerKind, value: str) -> str | None:
    return None if _TOPIC.fullmatch(value) else "it is 0x and 64 hexadecimal digits"


def _check_abi(kind: HandlerKind, value: str) -> str | None:
    if len(value.encode()) > limits.MAX_ABI_BYTES:
        return f"it is at most {limits.MAX_ABI_BYTES} bytes"
    try:
        canonical = rfc8785.dumps(msgspec.json.decode(value)).decode()
    except (msgspec.MsgspecError, rfc8785.CanonicalizationError, RecursionError):
        return "it is not JSON"
    return None if canonical == value else "it is not canonical JSON"


def _check_confirmations(kind: HandlerKind, value: int) -> str | None:
    return _between(value, 0, limits.MAX_CONFIRMATIONS, "blocks")


def _check_nothing(kind: HandlerKind, value: object) -> str | None:
    return None


_CHECKS: Final[Mapping[str, Callable[[HandlerKind, Any], str | None]]] = {
    "timeout_ms": _check_timeout,
    "memory_mib": _check_memory,
    "allowed_origins": _check_origins,
    "access": _check_nothing,
    "path": _check_route,
    "method": _check_method,
    "cors": _check_cors,
    "attestation": _check_nothing,
    "cron": _check_cron,
    "timezone": _check_timezone,
    "event": _check_text,
    "application": _check_application,
    "event_name": _check_text,
    "event_emitter": _check_text,
    "network": _check_network,
    "address": _check_address,
    "abi": _check_abi,
    "topic": _check_topic,
    "confirmations": _check_confirmations,
}
