"""What the node keeps of a person: their passkeys. The rules for changing it, without input or output."""

from __future__ import annotations

from typing import Final

import msgspec

from proven.wire import cbor
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import IdentityId

from ._webauthn import NewPasskey, Use

_LABEL: Final = "proven/account/v1"
_WRAPPED_SEED_BYTES: Final = 1 + 12 + 32 + 16
_WRAPPED_SEED_VERSION: Final = 1


class Passkey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One passkey of an account. Times are Unix milliseconds; `public_key` is a COSE key.

    `wrapped_seed` is the person's root seed, encrypted under what only this passkey's PRF gives: the node
    cannot open it. None for an authenticator without PRF.
    """

    id: bytes
    public_key: bytes
    sign_count: int
    label: str
    created_at: int
    used_at: int | None
    synced: bool
    transports: tuple[str, ...]
    wrapped_seed: bytes | None


class Account(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All passkeys of one person, oldest first. `id` is the management identity of their root seed.

    It has none only if the first that was made turned out to be another's.
    """

    id: IdentityId
    created_at: int
    passkeys: tuple[Passkey, ...]

    def find(self, passkey: bytes) -> Passkey | None:
        return next((each for each in self.passkeys if each.id == passkey), None)


def new_passkey(made: NewPasskey, label: str, wrapped_seed: bytes | None, now: int) -> Passkey:
    """Raises `BAD_REQUEST` for a wrapped seed that is not one of version 1."""
    if wrapped_seed is not None and (
        len(wrapped_seed) != _WRAPPED_SEED_BYTES or wrapped_seed[0] != _WRAPPED_SEED_VERSION
    ):
        raise ProvenError(
            ErrorCode.BAD_REQUEST, f"a wrapped seed is {_WRAPPED_SEED_BYTES} bytes, the first of them 1"
        )
    return Passkey(
        id=made.id,
        public_key=made.public_key,
        sign_count=made.sign_count,
        label=label,
        created_at=now,
        used_at=None,
        synced=made.synced,
        transports=made.transports,
        wrapped_seed=wrapped_seed,
    )


def check_room(account: Account | None, limit: int) -> None:
    """Raises `QUOTA_EXCEEDED` when the account has `limit` passkeys."""
    if account is not None and len(account.passkeys) >= limit:
        raise ProvenError(ErrorCode.QUOTA_EXCEEDED, f"an account has at most {limit} passkeys; remove one")


def with_passkey(account: Account | None, id_: IdentityId, passkey: Passkey, limit: int) -> Account:
    """The account with one passkey more; a new account if there is none.

    Raises `QUOTA_EXCEEDED`, and `CONFLICT` for a passkey that it has.
    """
    check_room(account, limit)
    if account is None:
        return Account(id=id_, created_at=passkey.created_at, passkeys=(passkey,))
    if account.find(passkey.id) is not None:
        raise ProvenError(ErrorCode.CONFLICT, "this passkey is known already; make another")
    return msgspec.structs.replace(account, passkeys=(*account.passkeys, passkey))


def without_attempt(account: Account | None, id_: IdentityId, passkey: Passkey) -> Account:
    """The account without a passkey that was added to it, but is another's."""
    if account is None:
        return Account(id=id_, created_at=passkey.created_at, passkeys=())
    attempt = (passkey.id, passkey.public_key)
    kept = tuple(each for each in account.passkeys if (each.id, each.public_key) != attempt)
    return msgspec.structs.replace(account, passkeys=kept)


def without_passkey(account: Account | None, passkey: bytes) -> Account:
    """The account without that passkey.

    Raises `NOT_FOUND`, and `CONFLICT` for the only one and for the only one that holds the seed: add another
    first, so that a person who has lost everything but a passkey can still get in.
    """
    found = account.find(passkey) if account is not None else None
    if account is None or found is None:
        raise ProvenError(ErrorCode.NOT_FOUND, "the account has no such passkey")
    kept = tuple(each for each in account.passkeys if each.id != passkey)
    if not kept:
        raise ProvenError(ErrorCode.CONFLICT, "this is the only passkey; add another before removing it")
    if found.wrapped_seed is not None and all(each.wrapped_seed is None for each in kept):
        raise ProvenError(
            ErrorCode.CONFLICT,
            "only this passkey signs in without the recovery phrase; add another such before removing it",
        )
    return msgspec.structs.replace(account, passkeys=kept)


def with_use(account: Account, passkey: bytes, use: Use, now: int) -> Account:
    """The account after a proven use of one of its passkeys.

    Raises `FORBIDDEN` if the sign count did not go up: the authenticator may have been cloned (WebAuthn
    §6.1.1). Authenticators without a counter, such as synced passkeys, always say 0.
    """
    changed = []
    for each in account.passkeys:
        if each.id == passkey:
            if (use.sign_count or each.sign_count) and use.sign_count <= each.sign_count:
                raise ProvenError(
                    ErrorCode.FORBIDDEN,
                    "this passkey has counted backwards, as a copy of it would; sign in another way and "
                    "remove it",
                )
            each = msgspec.structs.replace(
                each, sign_count=use.sign_count, synced=use.synced, used_at=max(now, each.used_at or 0)
            )
        changed.append(each)
    return msgspec.structs.replace(account, passkeys=tuple(changed))


def encode(account: Account) -> bytes:
    """One register value: deterministic CBOR `[label, fields]`."""
    return cbor.encode([_LABEL, msgspec.to_builtins(account, builtin_types=(bytes,))])


def decode(value: bytes) -> Account:
    """Read what `encode` wrote; `UNAVAILABLE` for anything else, since only nodes write it."""
    try:
        match cbor.decode(value):
            case [str(label), dict(fields)] if label == _LABEL:
                account: Account = msgspec.convert(fields, Account, builtin_types=(bytes,))
                return account
    except (ProvenError, msgspec.ValidationError):
        pass
    raise ProvenError(ErrorCode.UNAVAILABLE, "an account cannot be read")
