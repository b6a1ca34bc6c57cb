"""Linking accounts on chains."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta

from ._fields import CommandRecord, Count, Hex256, Record

MAX_PROOF: Final = 16 * 1024
MAX_ACCOUNT: Final = 128
_AccountAddress = Annotated[str, Meta(min_length=1, max_length=MAX_ACCOUNT)]
AccountKind: TypeAlias = Literal["radix", "ethereum", "bitcoin"]


class BeginLink(CommandRecord, frozen=True):
    """Ask for a challenge by which to link an account to this session's identity. Answered by
    `LinkChallenge`.
    """

    kind: AccountKind


class FinishLink(CommandRecord, frozen=True):
    """Link the account that signed the challenge. Answered by `AccountSummary`.

    `proof` is JSON whose fields depend on the kind; see `proven.identity.accounts`.
    """

    challenge: Hex256
    proof: Annotated[str, Meta(min_length=1, max_length=MAX_PROOF)]


class UnlinkAccount(CommandRecord, frozen=True):
    """Forget a linked account. Answered by `Done`."""

    address: _AccountAddress


class ListAccounts(CommandRecord, frozen=True):
    """List the accounts linked to this session's identity. Answered by `ListAccountsResult`."""


class LinkChallenge(Record, frozen=True):
    """What a wallet signs: `challenge` (hex) alone or, for Ethereum and Bitcoin, the text `message`, in which
    `{address}` and `{chain_id}` stand for what only the wallet knows. Works once, for `expires_in` seconds,
    for the page at `origin`.
    """

    challenge: Hex256
    origin: Annotated[str, Meta(max_length=256)]
    expires_in: Count
    message: Annotated[str, Meta(max_length=4096)] | None = None


class AccountSummary(Record, frozen=True):
    """`linked_at` is Unix milliseconds."""

    address: _AccountAddress
    kind: AccountKind
    linked_at: Count


class ListAccountsResult(Record, frozen=True):
    accounts: tuple[AccountSummary, ...] = ()
