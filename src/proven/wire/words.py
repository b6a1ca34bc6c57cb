"""What signed commands and upgrade policies say, and times: in plain words, and as fields for programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from proven.wire.applications import (
    AddAllowedOrigin,
    Archive,
    CancelUpgrade,
    Command,
    CreateApplication,
    Deploy,
    Immutable,
    LinkDomain,
    Multisig,
    OwnerDecides,
    Policy,
    RemoveAllowedOrigin,
    RollBack,
    SetUpgradePolicy,
    Timelock,
    TimelockMultisig,
    TransferOwnership,
    UnlinkDomain,
    Veto,
)

_UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def duration(seconds: int) -> str:
    """The two largest units of a time, rounded down: `7 days`, `1 day 12 hours`."""
    rest, parts = seconds, []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(plural(count, unit))
        elif parts:
            break
    return " ".join(parts[:2]) or plural(0, "second")


def moment(milliseconds: int) -> str:
    """A time in UTC, to the second: `2026-11-23 08:14:02 UTC`."""
    return _formatted(milliseconds, "%Y-%m-%d %H:%M:%S UTC")


def minute(milliseconds: int) -> str:
    """The same to the minute: `2026-11-23 08:14 UTC`."""
    return _formatted(milliseconds, "%Y-%m-%d %H:%M UTC")


def reading(what: str, name: str, until: int) -> str:
    """What somebody lets a program read until then, in Unix seconds."""
    return f"Read the {what} of {name} until {moment(until * 1000)}"


def _formatted(milliseconds: int, form: str) -> str:
    """Times come from strangers: one that no calendar has must not stop whoever names what is wrong."""
    try:
        return utc(milliseconds).strftime(form)
    except (ValueError, OverflowError, OSError):
        return "a day after the year 9999"


def utc(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def short(key: bytes | str) -> str:
    """The start of a key or id, for people to compare."""
    text = key if isinstance(key, str) else key.hex()
    return f"{text[:12]}…"


def fields(value: Any) -> Any:
    """What a record says, with keys and other bytes in hex, which people compare."""
    return _in_hex(msgspec.to_builtins(value, builtin_types=(bytes,)))


def _in_hex(value: Any) -> Any:
    match value:
        case bytes():
            return value.hex()
        case dict():
            return {name: _in_hex(each) for name, each in value.items()}
        case list() | tuple():
            return [_in_hex(each) for each in value]
        case _:
            return value


def policy(value: Policy) -> str:
    """Who may change the application, and when it takes effect, in one sentence."""
    match value:
        case Immutable():
            return "Nobody can change this."
        case OwnerDecides():
            return "Its owner can change it at any moment."
        case Timelock():
            return f"Its owner can change it; changes are announced {duration(value.delay)} before."
        case Multisig():
            return f"{_together(value.threshold, len(value.keys))} can change it at any moment."
        case TimelockMultisig():
            who = _together(value.threshold, len(value.keys))
            return f"{who} can change it; changes are announced {duration(value.delay)} before."


def guardians(value: Policy) -> str | None:
    """What the guardians may do, where there are any."""
    keys = value.guardians if isinstance(value, Timelock | TimelockMultisig) else ()
    if not keys:
        return None
    who = "A guardian can" if len(keys) == 1 else f"Any of {len(keys)} guardians can"
    return f"{who} veto a change until it takes effect, and can do nothing else."


def command(value: Command) -> str:
    """What a command asks for."""
    match value:
        case CreateApplication():
            return f"Create the application {value.name}"
        case Deploy():
            return f"Deploy the package {value.package_id}"
        case RollBack():
            return f"Roll back to version {value.version}"
        case CancelUpgrade():
            return "Cancel the pending change"
        case Veto():
            return "Veto the pending change"
        case SetUpgradePolicy():
            return f"Set the policy: {policy(value.policy)}"
        case TransferOwnership():
            return f"Make {value.to.hex()} the owner"
        case AddAllowedOrigin():
            return f"Allow pages of {value.origin}"
        case RemoveAllowedOrigin():
            return f"No longer allow pages of {value.origin}"
        case LinkDomain():
            return f"Claim the domain {value.domain}"
        case UnlinkDomain():
            return f"Give up the domain {value.domain}"
        case Archive():
            return "Archive the application"


def _together(threshold: int, keys: int) -> str:
    if threshold == keys:
        return "The holder of one key" if keys == 1 else f"All of {keys} key holders together"
    if threshold == 1:
        return f"Any one of {keys} key holders"
    return f"{threshold} of {keys} key holders together"
