"""Everything that a verification looked at, as one file that verifies again without a network."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from proven.packages.limits import MAX_ARCHIVE_BYTES, MIB
from proven.wire import cbor
from proven.wire.errors import ErrorCode, ProvenError

LABEL: Final = "proven/verification/v1"
MAX_BUNDLE: Final = MAX_ARCHIVE_BYTES + 64 * MIB
_MAX_DEPTH: Final = 6
_MAX_ITEMS: Final = 1 << 24
"""Those of a whole log of a million entries, or of an application's thousands with their proofs."""

_Milliseconds = Annotated[int, Meta(ge=0, le=253_402_300_799_999)]
"""Until the end of the year 9999, the last that has a date."""
_Count = Annotated[int, Meta(ge=0, le=(1 << 53) - 1)]
_Text = Annotated[str, Meta(max_length=64 * 1024)]


DESCRIPTIONS: Final = "/.well-known/proven/app/"
"""Where a node describes applications on every host, those of the applications included."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class SavedAnswer(_Part, frozen=True):
    """An attested HTTP answer and the request it is for. `at` is when it came, in Unix milliseconds."""

    at: _Milliseconds
    nonce: bytes
    method: _Text
    url: _Text
    status: int
    headers: tuple[tuple[_Text, _Text], ...]
    body: bytes
    request_body: bytes = b""

    @property
    def time(self) -> datetime:
        return datetime.fromtimestamp(self.at / 1000, UTC)


class SavedSession(_Part, frozen=True):
    """The handshake of a sealed session: enough to check its evidence, and nothing that opens it."""

    request: bytes
    response: bytes


class SavedEntry(_Part, frozen=True):
    """An entry of the log with its proof of inclusion (none in a whole log)."""

    index: _Count
    leaf: bytes
    proof: tuple[bytes, ...] = ()


class SavedLog(_Part, frozen=True):
    """A log as it was shown. `key` is an attested key, made for `nonce`; `entries` are those of the
    application or, if `whole`, all. `consistency` are proofs, by the size that they begin at. `cosigned` are
    earlier checkpoints, with the cosignatures by which witnesses say when they saw them.
    """

    nonce: bytes
    key: bytes
    checkpoint: bytes
    entries: tuple[SavedEntry, ...]
    whole: bool = False
    consistency: tuple[tuple[_Count, tuple[bytes, ...]], ...] = ()
    cosigned: tuple[bytes, ...] = ()


class Bundle(_Part, frozen=True):
    """What was asked (an id or name of an application, if one was), the answer, and what was fetched to
    check it, at `made_at` (Unix milliseconds). Without a `log` it is an answer that somebody kept.
    `described` is the node's signed description of the application, where the answer is none itself.

    Nothing in it is to be believed before `proven.client.verification.examine` has looked at it.
    """

    made_at: _Milliseconds
    answer: SavedAnswer
    asked: _Text | None = None
    session: SavedSession | None = None
    log: SavedLog | None = None
    archive: bytes | None = None
    described: SavedAnswer | None = None

    @property
    def time(self) -> datetime:
        return datetime.fromtimestamp(self.made_at / 1000, UTC)

    def encode(self) -> bytes:
        return cbor.encode([LABEL, _plain(self)])

    @classmethod
    def decode(cls, raw: bytes) -> Bundle:
        """Raises `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`)."""
        match cbor.decode(raw, max_bytes=MAX_BUNDLE, max_depth=_MAX_DEPTH, max_items=_MAX_ITEMS):
            case [str(label), dict(fields)] if label == LABEL:
                try:
                    bundle: Bundle = msgspec.convert(fields, cls, builtin_types=(bytes,))
                except msgspec.ValidationError as error:
                    raise _bad(f"not a saved verification: {error}") from None
                return bundle
        raise _bad("not a saved verification")


def now_ms() -> int:
    """Unix milliseconds."""
    return int(datetime.now(UTC).timestamp() * 1000)


def _plain(bundle: Bundle) -> Any:
    return msgspec.to_builtins(bundle, builtin_types=(bytes,))


def _bad(message: str) -> ProvenError:
    return ProvenError(ErrorCode.BAD_REQUEST, message)
