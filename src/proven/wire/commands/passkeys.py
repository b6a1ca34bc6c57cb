"""Signing in with passkeys, and managing them."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from ._fields import Base32, CommandRecord, Count, Hex128, Record

MAX_CEREMONY: Final = 16 * 1024
MAX_WRAPPED_SEED: Final = 128
MAX_PASSKEY_LABEL: Final = 64
_CredentialId = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,1366}\\Z")]
_PasskeyLabel = Annotated[str, Meta(min_length=1, max_length=MAX_PASSKEY_LABEL)]
_WrappedSeed = Annotated[bytes, Meta(min_length=1, max_length=MAX_WRAPPED_SEED)]


class BeginRegistration(CommandRecord, frozen=True):
    """Start adding a passkey to the account that this management session acts as. Answered by `Ceremony`.

    An account is whoever holds a root seed: `Identify` with the seed's management key comes first, for a new
    account too.
    """

    label: _PasskeyLabel


class FinishRegistration(CommandRecord, frozen=True):
    """Store the passkey that the ceremony made. Answered by `PasskeySummary`.

    `response` is the JSON form of the credential (WebAuthn §5.1 `toJSON`). `wrapped_seed` is the root seed,
    encrypted under the passkey's PRF output; absent for an authenticator without PRF.
    """

    ceremony: Hex128
    response: Annotated[str, Meta(min_length=1, max_length=MAX_CEREMONY)]
    wrapped_seed: _WrappedSeed | None = None


class BeginAuthentication(CommandRecord, frozen=True):
    """Start signing in with a passkey; in a management session. Answered by `Ceremony`."""


class FinishAuthentication(CommandRecord, frozen=True):
    """Prove possession of a passkey. Answered by `AuthenticationResult`."""

    ceremony: Hex128
    response: Annotated[str, Meta(min_length=1, max_length=MAX_CEREMONY)]


class ListPasskeys(CommandRecord, frozen=True):
    """List the passkeys of the account that this management session acts as. Answered by
    `ListPasskeysResult`.
    """


class RemovePasskey(CommandRecord, frozen=True):
    """Forget a passkey and the seed wrapped for it. Answered by `Done`."""

    passkey: _CredentialId


class Ceremony(Record, frozen=True):
    """One use of WebAuthn: `options` is the JSON of WebAuthn §5.1 `parseCreationOptionsFromJSON` or
    `parseRequestOptionsFromJSON`. It works once, in the session that began it, for `expires_in` seconds.
    """

    ceremony: Hex128
    options: Annotated[str, Meta(max_length=MAX_CEREMONY)]
    expires_in: Count


class PasskeySummary(Record, frozen=True):
    """Times are Unix milliseconds. `holds_seed`: signing in with it needs no recovery phrase. `synced`: the
    authenticator says that it is backed up.
    """

    id: _CredentialId
    label: _PasskeyLabel
    created_at: Count
    used_at: Count | None = None
    holds_seed: bool = False
    synced: bool = False


class AuthenticationResult(Record, frozen=True):
    """`account` is the management identity that the passkey belongs to; `Identify` proves to be it."""

    account: Base32
    passkey: _CredentialId
    wrapped_seed: _WrappedSeed | None = None


class ListPasskeysResult(Record, frozen=True):
    passkeys: tuple[PasskeySummary, ...] = ()
