"""What an attestation document proves once it has been verified."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


class Platform(enum.StrEnum):
    """Whose root the evidence goes back to."""

    NITRO = "nitro"
    DEVELOPMENT = "development"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The verified contents of one attestation document.

    `pcrs` maps the index of a platform configuration register to its value; which code runs is in PCR0 to
    PCR2. `debug` is set for an enclave in debug mode, whose operator can read its console and whose
    measurements are all zero: it proves nothing about the code.
    """

    platform: Platform
    module_id: str
    timestamp: datetime
    pcrs: Mapping[int, bytes]
    public_key: bytes | None
    user_data: bytes | None
    nonce: bytes | None

    @property
    def debug(self) -> bool:
        return not any(self.pcrs[0])
