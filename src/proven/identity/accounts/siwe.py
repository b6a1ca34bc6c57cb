"""Sign-In with Ethereum messages (EIP-4361, version 1), read strictly by the grammar and written back."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Final

from . import _uri
from .eip55 import has_checksum

MAX_MESSAGE: Final = 8 * 1024
MAX_RESOURCES: Final = 64

_ASKS: Final = " wants you to sign in with your Ethereum account:"
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_CHAIN_ID: Final = re.compile(r"[0-9]{1,20}")
_NONCE: Final = re.compile(r"[A-Za-z0-9]{8,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiweMessage:
    """The fields of a message, as they are written in it. Those that it does not have are None."""

    scheme: str | None = None
    domain: str
    address: str
    statement: str | None = None
    uri: str
    version: str = "1"
    chain_id: str
    nonce: str
    issued_at: str
    expiration_time: str | None = None
    not_before: str | None = None
    request_id: str | None = None
    resources: tuple[str, ...] | None = None

    def to_text(self) -> str:
        """The message; `parse` reads back the same fields."""
        lines = [
            f"{'' if self.scheme is None else self.scheme + '://'}{self.domain}{_ASKS}",
            self.address,
            "",
            *([] if self.statement is None else [self.statement]),
            "",
            f"URI: {self.uri}",
            f"Version: {self.version}",
            f"Chain ID: {self.chain_id}",
            f"Nonce: {self.nonce}",
            f"Issued At: {self.issued_at}",
        ]
        for label, value in (
            ("Expiration Time", self.expiration_time),
            ("Not Before", self.not_before),
            ("Request ID", self.request_id),
        ):
            if value is not None:
                lines.append(f"{label}: {value}")
        if self.resources is not None:
            lines += ["Resources:", *(f"- {resource}" for resource in self.resources)]
        return "\n".join(lines)

    def differences(self, other: SiweMessage) -> list[str]:
        """Names of the fields that are not the same in both."""
        return [
            each.name.replace("_", " ")
            for each in fields(self)
            if getattr(self, each.name) != getattr(other, each.name)
        ]


class _Lines:
    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._next = 0

    @property
    def ended(self) -> bool:
        return self._next == len(self._lines)

    def take(self, what: str) -> str:
        if self.ended:
            raise ValueError(f"the message ends before {what}")
        self._next += 1
        return self._lines[self._next - 1]

    def take_field(self, label: str) -> str:
        value = self.take_optional(label)
        if value is None:
            raise ValueError(f"there is no line {label!r} where it belongs")
        return value

    def take_optional(self, label: str) -> str | None:
        if self.ended or not self._lines[self._next].startswith(f"{label}: "):
            return None
        return self.take(label)[len(label) + 2 :]

    def take_empty(self, where: str) -> None:
        if self.take(f"the empty line {where}"):
            raise ValueError(f"there is no empty line {where}")

    def take_statement(self) -> str | None:
        """`[ statement LF ] LF`: without a statement the line is empty and the next is not."""
        line = self.take("the statement")
        if not line and not (self._next < len(self._lines) and not self._lines[self._next]):
            return None
        self.take_empty("after the statement")
        return line


def parse(text: str) -> SiweMessage:
    """Read a message. Raises `ValueError`, saying which part is not as the grammar has it."""
    if len(text) > MAX_MESSAGE:
        raise ValueError(f"the message has more than {MAX_MESSAGE} characters")
    lines = _Lines(text)
    scheme, domain = _read_asker(lines.take("the domain"))
    address = lines.take("the address")
    _check(_ADDRESS.fullmatch(address) is not None, "the address is not 0x and 40 hexadecimal digits")
    _check(has_checksum(address), "the address is not in the mixed case of EIP-55")
    lines.take_empty("after the address")
    statement = lines.take_statement()
    _check(
        statement is None or _uri.STATEMENT.fullmatch(statement) is not None,
        "the statement has characters that it may not have",
    )
    message = SiweMessage(
        scheme=scheme,
        domain=domain,
        address=address,
        statement=statement,
        uri=lines.take_field("URI"),
        version=lines.take_field("Version"),
        chain_id=lines.take_field("Chain ID"),
        nonce=lines.take_field("Nonce"),
        issued_at=lines.take_field("Issued At"),
        expiration_time=lines.take_optional("Expiration Time"),
        not_before=lines.take_optional("Not Before"),
        request_id=lines.take_optional("Request ID"),
        resources=_read_resources(lines),
    )
    _check_fields(message)
    return message


def _read_asker(line: str) -> tuple[str | None, str]:
    _check(line.endswith(_ASKS), f"the first line does not end with {_ASKS!r}")
    asker = line.removesuffix(_ASKS)
    scheme, separator, domain = asker.partition("://")
    if not separator:
        scheme, domain = "", asker
    _check(not separator or _uri.SCHEME.fullmatch(scheme) is not None, "the scheme is none of RFC 3986")
    _check(_uri.is_authority(domain), "the domain is not an authority of RFC 3986")
    return (scheme if separator else None), domain


def _read_resources(lines: _Lines) -> tuple[str, ...] | None:
    if lines.ended:
        return None
    _check(lines.take("the resources") == "Resources:", "a line that is unknown, out of order or there twice")
    resources: list[str] = []
    while not lines.ended:
        line = lines.take("a resource")
        _check(len(resources) < MAX_RESOURCES, f"more than {MAX_RESOURCES} resources")
        _check(
            line.startswith("- ") and _uri.is_uri(line[2:]), "a resource is not '- ' and a URI of RFC 3986"
        )
        resources.append(line[2:])
    return tuple(resources)


def _check_fields(message: SiweMessage) -> None:
    _check(_uri.is_uri(message.uri), "the URI is none of RFC 3986")
    _check(message.version == "1", "the version is not 1")
    _check(_CHAIN_ID.fullmatch(message.chain_id) is not None, "the chain id is not a number")
    _check(_NONCE.fullmatch(message.nonce) is not None, "the nonce is not 8 or more letters and digits")
    for moment in (message.issued_at, message.expiration_time, message.not_before):
        if moment is not None:
            _uri.parse_date_time(moment)
    _check(
        message.request_id is None or _uri.PCHARS.fullmatch(message.request_id) is not None,
        "the request id has characters that it may not have",
    )


def _check(holds: bool, reason: str) -> None:
    if not holds:
        raise ValueError(reason)
