"""What commands, results and events are made of."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

MAX_HANDLER: Final = 512
Base32 = Annotated[str, Meta(pattern="^[a-z2-7]{32}\\Z")]
Sha256Hex = Annotated[str, Meta(pattern="^[0-9a-f]{64}\\Z")]
Hex128 = Annotated[str, Meta(pattern="^[0-9a-f]{32}\\Z")]
Hex256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}\\Z")]
Count = Annotated[int, Meta(ge=0, le=(1 << 53) - 1)]
HandlerAddress = Annotated[str, Meta(min_length=1, max_length=MAX_HANDLER)]
ApplicationName = Annotated[str, Meta(min_length=1, max_length=256)]


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class CommandRecord(Record, frozen=True, tag_field="command", tag=str):
    """A command travels under the name of its class."""


class Done(Record, frozen=True):
    """Success without anything to say about it."""
