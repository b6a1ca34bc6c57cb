"""What only a view of a chain can say. A node without one accepts less; it never assumes."""

from __future__ import annotations

from typing import Protocol


class RadixLedger(Protocol):
    """A view of the Radix ledger that is followed and verified."""

    async def owner_keys(self, address: str) -> bytes | None:
        """The metadata value `owner_keys` of an account or persona as the ledger has it (SBOR).

        None if it is not set, also because the address has not been used on the ledger. Raises
        `ProvenError` (`UNAVAILABLE`) when the ledger cannot be asked.
        """
        ...


class ContractSignatures(Protocol):
    """A view of Ethereum chains that can call contracts."""

    async def is_valid_signature(
        self, chain_id: int, address: str, message_hash: bytes, signature: bytes
    ) -> bool:
        """Whether the contract says so (EIP-1271: `isValidSignature` answers 0x1626ba7e).

        False where there is no contract. Raises `ProvenError` (`UNAVAILABLE`) for a chain that cannot be
        asked.
        """
        ...
