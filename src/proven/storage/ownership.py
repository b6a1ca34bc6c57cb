"""Who owns an NFT: asked for every operation on the data that belongs to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from proven.wire.ids import ApplicationId, IdentityId


class OwnershipVerifier(Protocol):
    """Answers from a source the node trusts, such as a verified read of a chain."""

    async def owns(
        self, application_id: ApplicationId, identity_id: IdentityId, resource: str, nft_id: str
    ) -> bool:
        """Whether an account of the identity owns the NFT now; raises when that can't be told."""


class DevelopmentOwnership:
    """An explicit table of owners, for development and tests. Nothing is owned that was not granted."""

    def __init__(self, grants: Iterable[tuple[IdentityId, str, str]] = ()) -> None:
        self._owners: dict[tuple[str, str], IdentityId] = {}
        for identity_id, resource, nft_id in grants:
            self.grant(identity_id, resource, nft_id)

    def grant(self, identity_id: IdentityId, resource: str, nft_id: str) -> None:
        """Make `identity_id` the one owner of an NFT."""
        self._owners[resource, nft_id] = identity_id

    def revoke(self, resource: str, nft_id: str) -> None:
        """Leave an NFT without an owner."""
        self._owners.pop((resource, nft_id), None)

    async def owns(
        self, application_id: ApplicationId, identity_id: IdentityId, resource: str, nft_id: str
    ) -> bool:
        """Whether the table names `identity_id` for this NFT."""
        return self._owners.get((resource, nft_id)) == identity_id
