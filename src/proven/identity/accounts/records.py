"""Which accounts are linked to whom, kept in the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

import msgspec

from proven.engine import Registers
from proven.wire import cbor
from proven.wire.commands import AccountSummary
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, IdentityId

BUCKET: Final = "identity-links"
MAX_ACCOUNTS: Final = 16
_VERSION: Final = 1
_ATTEMPTS: Final = 8


@dataclass(frozen=True, slots=True)
class Links:
    """The accounts of one identity, in the order in which they were linked, as of a revision.

    Revisions only grow, so of two states the later one is known.
    """

    revision: int
    accounts: tuple[AccountSummary, ...] = ()

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(account.address for account in self.accounts)


class LinkRecords:
    """One register for each identity of each application, changed by compare-and-set.

    It is written empty rather than deleted, so that revisions tell which of two states is the later one.
    """

    def __init__(self, registers: Registers) -> None:
        self._registers = registers

    async def read(self, application_id: ApplicationId, identity: IdentityId) -> Links:
        """The accounts of `identity` in the application."""
        entry = await self._registers.get(BUCKET, f"{application_id}.{identity}")
        if entry is None or entry.value is None:
            return Links(0)
        return Links(entry.revision, _decode(entry.value))

    async def add(
        self, application_id: ApplicationId, identity: IdentityId, account: AccountSummary
    ) -> tuple[Links, AccountSummary]:
        """Link the account; one that is linked already stays as it is.

        Raises `QUOTA_EXCEEDED` for more than `MAX_ACCOUNTS`.
        """
        for _ in range(_ATTEMPTS):
            links = await self.read(application_id, identity)
            for existing in links.accounts:
                if existing.address == account.address:
                    return links, existing
            if len(links.accounts) >= MAX_ACCOUNTS:
                raise ProvenError(
                    ErrorCode.QUOTA_EXCEEDED, f"{MAX_ACCOUNTS} accounts are linked already; unlink one first"
                )
            changed = await self._write(application_id, identity, links, (*links.accounts, account))
            if changed is not None:
                return changed, account
        raise _contended()

    async def remove(self, application_id: ApplicationId, identity: IdentityId, address: str) -> Links:
        """Forget the account. Raises `NOT_FOUND`."""
        for _ in range(_ATTEMPTS):
            links = await self.read(application_id, identity)
            kept = tuple(account for account in links.accounts if account.address != address)
            if len(kept) == len(links.accounts):
                raise ProvenError(ErrorCode.NOT_FOUND, "no account with this address is linked")
            changed = await self._write(application_id, identity, links, kept)
            if changed is not None:
                return changed
        raise _contended()

    async def _write(
        self,
        application_id: ApplicationId,
        identity: IdentityId,
        links: Links,
        accounts: tuple[AccountSummary, ...],
    ) -> Links | None:
        """The new state, or None if somebody else was faster."""
        try:
            revision = await self._registers.put(
                BUCKET, f"{application_id}.{identity}", _encode(accounts), expected=links.revision
            )
        except ProvenError as error:
            if error.code is ErrorCode.CONFLICT:
                return None
            raise
        return Links(revision, accounts)


def _encode(accounts: tuple[AccountSummary, ...]) -> bytes:
    return cbor.encode([_VERSION, *([each.kind, each.address, each.linked_at] for each in accounts)])


def _decode(data: bytes) -> tuple[AccountSummary, ...]:
    fields = cbor.decode(data)
    if not isinstance(fields, list) or not fields or fields[0] != _VERSION:
        raise ProvenError(ErrorCode.INTERNAL, "linked accounts are stored in a form that is not known")
    accounts = []
    for each in fields[1:]:
        kind, address, linked_at = cast("list[object]", each)
        accounts.append(
            msgspec.convert({"kind": kind, "address": address, "linked_at": linked_at}, AccountSummary)
        )
    return tuple(accounts)


def _contended() -> ProvenError:
    return ProvenError(ErrorCode.OVERLOADED, "too many changes at once; try again", retry_after=1)
