"""Durations as they are written on the command line."""

from __future__ import annotations

import re
from typing import Final

_FORM: Final = re.compile(r"([0-9]{1,9})([smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def read_duration(text: str) -> int | None:
    """Seconds, from `30s`, `10m`, `2h` or `7d`; None for anything else."""
    given = _FORM.fullmatch(text)
    return None if given is None else int(given[1]) * _SECONDS[given[2]]
