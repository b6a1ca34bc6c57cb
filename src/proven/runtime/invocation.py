"""One run of a handler: what goes in and what comes out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TypeAlias

from proven.packages import HandlerKind
from proven.wire.ids import ApplicationId, IdentityId, PackageId
from proven.wire.values import EMPTY_ARGUMENTS

from .host import ConsoleRecord

Pairs: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request for a `runOnHttp` handler. Header names are in lower case; `url` is absolute.

    The guest sees a `bytes` body as `body`, and any body as the stream of `request`.
    """

    method: str
    url: str
    path: str
    path_parameters: Pairs = ()
    query: Pairs = ()
    headers: Pairs = ()
    body: bytes | AsyncIterator[bytes] | None = None


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What a `runOnHttp` handler answered, as the guest said it: names and values of headers are not checked.

    A body that is an iterator has to be read to its end or closed (`aclose`); the invocation runs until then.
    """

    status: int
    headers: Pairs
    body: bytes | AsyncIterator[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """Which handler to run, for whom, with what."""

    application_id: ApplicationId
    package_id: PackageId
    handler: str
    """Its address."""
    kind: HandlerKind
    arguments: bytes = EMPTY_ARGUMENTS
    """The argument list in the value codec. Not looked into here; the guest decodes it."""
    http: HttpRequest | None = None
    identity: IdentityId | None = None
    accounts: tuple[str, ...] = ()
    origin: str | None = None
    on_console: Callable[[ConsoleRecord], None] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """`value` is the result in the value codec (`response` for the HTTP kind); `duration` is in seconds."""

    value: bytes | None
    response: HttpResponse | None
    duration: float
