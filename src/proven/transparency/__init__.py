"""The transparency log: what happened to applications, in a form that anyone can copy and check.

`TransparencyLog` publishes a log of the engine as a Merkle tree with signed checkpoints. `Witness` vouches
for the logs of others, `Cosigners` asks others to vouch for ours, and `CosignedHistory` keeps when they did.
`proven.wire` has the formats: `merkle`, `tiles`, `notes`.
"""

from proven.transparency.cosigners import Cosigners, WitnessAddress
from proven.transparency.history import CosignedHistory
from proven.transparency.log import TransparencyLog
from proven.transparency.witness import Witness

__all__ = ["CosignedHistory", "Cosigners", "TransparencyLog", "Witness", "WitnessAddress"]
