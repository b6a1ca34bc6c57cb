"""The genuine hardware documents, and the times at which they were made."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

_VECTORS = Path(__file__).parents[2] / "vectors" / "nitro"

GENUINE = (_VECTORS / "real_2025-12-25.cose").read_bytes()
GENUINE_AT = datetime.fromisoformat("2025-12-25T16:04:19.346+00:00")
GENUINE_PCR0 = bytes.fromhex(
    "eb7d0dab08ff41546d7e5659aee883af7b32bb2e58e46815b719f9f7bfae7b880188a10d86317e6509923740526cf74a"
)

DEBUG = (_VECTORS / "real_debug_2025-12-25.cose").read_bytes()
DEBUG_AT = datetime.fromisoformat("2025-12-25T08:20:46.577+00:00")
