"""Upgrade policies as they are written on the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from proven.wire.applications import (
    MAX_DELAY,
    MAX_POLICY_KEYS,
    MIN_DELAY,
    Immutable,
    Multisig,
    OwnerDecides,
    Policy,
    Timelock,
    TimelockMultisig,
)
from proven.wire.errors import ErrorCode, ProvenError

from ._durations import read_duration
from .key import public_key

_FORMS: Final = "owner, immutable, timelock 7d, multisig 2 of KEY KEY KEY, or timelock 7d multisig 2 of KEY …"


def read_policy(words: Sequence[str], guardians: Sequence[str] = ()) -> Policy:
    """A policy in words, such as `timelock 7d`. Raises `ProvenError` (`BAD_REQUEST`)."""
    watching = _keys(guardians, "guardian")
    try:
        match list(words):
            case ["owner"]:
                policy: Policy = OwnerDecides()
            case ["immutable"]:
                policy = Immutable()
            case ["timelock", delay]:
                return Timelock(delay=_delay(delay), guardians=watching)
            case ["multisig", threshold, "of", *keys]:
                policy = Multisig(threshold=_threshold(threshold), keys=_keys(keys, "key"))
            case ["timelock", delay, "multisig", threshold, "of", *keys]:
                return TimelockMultisig(
                    delay=_delay(delay),
                    threshold=_threshold(threshold),
                    keys=_keys(keys, "key"),
                    guardians=watching,
                )
            case _:
                raise _bad(f"{' '.join(words)[:200]!r} is no policy: write {_FORMS}")
    except ValueError as error:
        raise _bad(f"the policy is not possible: {error}") from None
    if watching:
        raise _bad("guardians veto what is announced, and under this policy nothing is: add `timelock 7d`")
    return policy


def _delay(text: str) -> int:
    seconds = read_duration(text)
    if seconds is None or not MIN_DELAY <= seconds <= MAX_DELAY:
        raise _bad(f"{text[:80]!r} is no delay: write 60s to 365d, with s, m, h or d")
    return seconds


def _threshold(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,2}", text) or not 1 <= int(text) <= MAX_POLICY_KEYS:
        raise _bad(f"{text[:80]!r} is no number of signatures from 1 to {MAX_POLICY_KEYS}")
    return int(text)


def _keys(texts: Sequence[str], what: str) -> tuple[bytes, ...]:
    keys = sorted(public_key(text) for text in texts)
    if len(set(keys)) < len(keys):
        raise _bad(f"a {what} is named twice")
    if len(keys) > MAX_POLICY_KEYS:
        raise _bad(f"a policy has at most {MAX_POLICY_KEYS} {what}s")
    return tuple(keys)


def _bad(message: str) -> ProvenError:
    return ProvenError(ErrorCode.BAD_REQUEST, message)
