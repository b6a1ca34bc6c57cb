"""Scopes: whose data a store holds. Two different scopes never share a file, a key or a name."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, IdentityId

_MAX_PART_BYTES = 1024


class ScopeKind(enum.StrEnum):
    """Who shares the data of a scope."""

    APPLICATION = "application"
    PERSONAL = "personal"
    NFT = "nft"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose data it is: everybody's within one application, one identity's, or the owner of one NFT's.

    Made by the named constructors; `parts` is what tells scopes of one kind and application apart.
    """

    kind: ScopeKind
    application_id: ApplicationId
    parts: tuple[str, ...] = ()

    @classmethod
    def application(cls, application_id: ApplicationId) -> Scope:
        """The data that all users of `application_id` share."""
        return cls(ScopeKind.APPLICATION, application_id)

    @classmethod
    def personal(cls, application_id: ApplicationId, identity_id: IdentityId) -> Scope:
        """The data of one identity within one application."""
        return cls(ScopeKind.PERSONAL, application_id, (identity_id,))

    @classmethod
    def nft(cls, application_id: ApplicationId, resource: str, nft_id: str) -> Scope:
        """The data that belongs to whoever owns the NFT `nft_id` of `resource` at the moment of asking."""
        return cls(ScopeKind.NFT, application_id, (resource, nft_id))

    def __post_init__(self) -> None:
        if len(self.parts) != _PART_COUNT[self.kind]:
            raise ValueError(f"a scope of kind {self.kind} has {_PART_COUNT[self.kind]} parts")
        for part in (self.application_id, *self.parts):
            if not 0 < len(_utf8(part)) <= _MAX_PART_BYTES:
                raise ProvenError(
                    ErrorCode.BAD_REQUEST, f"each part of a scope has 1 to {_MAX_PART_BYTES} bytes"
                )

    def encode(self) -> bytes:
        """The scope as bytes, one to one: each field follows its length, so none runs into the next."""
        return encode_fields(self.kind.value, self.application_id, *self.parts)


_PART_COUNT = {ScopeKind.APPLICATION: 0, ScopeKind.PERSONAL: 1, ScopeKind.NFT: 2}


def encode_fields(*fields: str) -> bytes:
    """An injective encoding of a tuple of text: the count, then every field after its length."""
    encoded = [_utf8(field) for field in fields]
    return b"".join([_length(len(encoded)), *(_length(len(field)) + field for field in encoded)])


def _length(value: int) -> bytes:
    return value.to_bytes(4, "big")


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ProvenError(ErrorCode.BAD_REQUEST, "a name holds a lone surrogate, which is no text") from None
