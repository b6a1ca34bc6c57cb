"""What looks up TXT records, and why it may not find any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol


@dataclass(frozen=True, slots=True)
class TextRecords:
    """The TXT records of one name, the strings of each joined. `authenticated`: the resolver says that it
    verified them by DNSSEC (the AD bit, RFC 4035 §3.2.3).
    """

    values: tuple[bytes, ...]
    authenticated: bool


class ResolutionError(Exception):
    """There is nothing to believe about a name. `code` is stable, the message is for people."""

    code: ClassVar[str]


class NoRecordError(ResolutionError):
    """The name does not exist, or has no TXT record of its own."""

    code = "no_record"


class UnreachableError(ResolutionError):
    """A resolver did not answer in time, or says that it cannot find out."""

    code = "unreachable"


class BadAnswerError(ResolutionError):
    """A resolver's answer is no answer to the question that it was asked."""

    code = "bad_answer"


class DisagreementError(ResolutionError):
    """Resolvers say different things."""

    code = "disagreement"


class UnsignedError(ResolutionError):
    """The records are not authenticated by DNSSEC, and have to be."""

    code = "unsigned"


class Resolver(Protocol):
    """Something that knows the TXT records of names."""

    async def text(self, name: str) -> TextRecords:
        """Of exactly this name, at least one; takes a bounded time. Raises `ResolutionError`."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
