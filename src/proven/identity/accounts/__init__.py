"""Accounts on chains that people link to their identity: Radix, Ethereum, Bitcoin.

Each standard has a file that verifies and does nothing else: `radix` (ROLA), `siwe` and `ethereum` (EIP-4361,
EIP-191, EIP-55), `bitcoin` (BIP-322). `LinkedAccounts` is the service around them.
"""

from .ports import ContractSignatures, RadixLedger
from .service import LinkedAccounts

__all__ = ["ContractSignatures", "LinkedAccounts", "RadixLedger"]
