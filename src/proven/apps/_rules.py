"""The rules about single values and about who may do what. `State` lists them; here is each by itself."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Final

from proven.apps._records import Tracked
from proven.wire.applications import (
    UPGRADES,
    AddAllowedOrigin,
    Archive,
    Body,
    CancelUpgrade,
    Command,
    Immutable,
    LinkDomain,
    Multisig,
    RemoveAllowedOrigin,
    RollBack,
    SetUpgradePolicy,
    SignedCommand,
    TimelockMultisig,
    UnlinkDomain,
    Upgrade,
    Veto,
    guardians_of,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import is_application_id
from proven.wire.origins import canonical_origin

_SHARED: Final = (Multisig, TimelockMultisig)

MAX_DOMAIN_PROOF: Final = 30 * 24 * 3600 * 1000
"""Milliseconds for which a proof of a domain holds at most."""

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_ORIGIN: Final = re.compile(r"https?://[a-z0-9.:\[\]-]{1,240}", re.IGNORECASE)
_DOMAIN: Final = re.compile(
    r"(?=.{4,240}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)


def require_name(name: str) -> None:
    if not _NAME.fullmatch(name) or name[2:4] == "--" or is_application_id(name):
        raise ProvenError(
            ErrorCode.BAD_REQUEST,
            f"{name[:80]!r} cannot name an application: use 1 to 40 of a-z, 0-9 and inner hyphens",
        )


def require_authority(application: Tracked, signed: SignedCommand) -> None:
    """Raises `NOT_OWNER` for signatures of those who have no say, `FORBIDDEN` for too few or a guardian's,
    and for what the policy rules out.
    """
    policy, command, signatures = application.policy, signed.body.command, signed.signatures
    if isinstance(command, Veto):
        if not set(signed.signers) <= set(guardians_of(policy)):
            raise ProvenError(ErrorCode.FORBIDDEN, f"only a guardian of {application.name} can veto")
        return
    if isinstance(policy, _SHARED):
        _require_threshold(application, {key for key, _ in signatures}, policy)
    elif len(signatures) != 1 or signatures[0][0] != application.owner:
        if set(signed.signers) <= set(guardians_of(policy)):
            raise ProvenError(ErrorCode.FORBIDDEN, "a guardian can veto, and nothing else")
        raise ProvenError(ErrorCode.NOT_OWNER, f"only its owner can change {application.name}")
    if isinstance(policy, Immutable) and isinstance(command, UPGRADES):
        raise ProvenError(ErrorCode.FORBIDDEN, f"{application.name} is immutable")


def _require_threshold(
    application: Tracked, signers: set[bytes], policy: Multisig | TimelockMultisig
) -> None:
    if not signers.issubset(policy.keys):
        if signers <= set(guardians_of(policy)):
            raise ProvenError(ErrorCode.FORBIDDEN, "a guardian can veto, and nothing else")
        raise ProvenError(
            ErrorCode.NOT_OWNER, f"somebody signed who is not among the keys that change {application.name}"
        )
    if len(signers) < policy.threshold:
        raise ProvenError(
            ErrorCode.FORBIDDEN,
            f"{policy.threshold} of {len(policy.keys)} keys have to sign, and {len(signers)} did",
            details={"signatures": len(signers), "threshold": policy.threshold},
        )


def ends_pending(application: Tracked, body: Body) -> bool:
    """Whether a command takes back or vetoes the pending change, by somebody who had seen it announced."""
    if application.pending is None or not isinstance(body.command, CancelUpgrade | Veto):
        return False
    announced = bisect_left(application.history, application.pending.log_index)
    return announced < body.revision <= len(application.history)


def require_possible(application: Tracked, command: Command) -> None:
    """Raises `ProvenError` if the application is not in a state in which `command` has a meaning."""
    if isinstance(command, UPGRADES):
        _require_upgrade(application, command)
        return
    match command:
        case CancelUpgrade() | Veto():
            if application.pending is None:
                raise ProvenError(ErrorCode.CONFLICT, f"{application.name} has no pending change")
        case AddAllowedOrigin(origin=origin):
            _require_new_origin(application, origin)
        case RemoveAllowedOrigin(origin=origin):
            if origin not in application.origins:
                raise ProvenError(ErrorCode.NOT_FOUND, f"{application.name} does not allow {origin!r:.200}")
        case LinkDomain(domain=domain):
            _require_new_domain(application, domain)
        case UnlinkDomain(domain=domain):
            if all(each.name != domain for each in application.domains):
                raise ProvenError(ErrorCode.NOT_FOUND, f"{application.name} does not claim {domain!r:.200}")
        case Archive():
            pass


def _require_upgrade(application: Tracked, change: Upgrade) -> None:
    if application.pending is not None:
        raise ProvenError(
            ErrorCode.CONFLICT,
            f"a change of {application.name} is pending; cancel it first",
            details={"log_index": application.pending.log_index},
        )
    if isinstance(change, RollBack) and not change.version < len(application.versions):
        raise ProvenError(ErrorCode.NOT_FOUND, f"{application.name} has no earlier version {change.version}")
    if (
        isinstance(change, SetUpgradePolicy)
        and isinstance(change.policy, Immutable)
        and not application.versions
    ):
        raise ProvenError(
            ErrorCode.CONFLICT, "an immutable application never gets a version: deploy one first"
        )


def _require_new_origin(application: Tracked, origin: str) -> None:
    """Raises `BAD_REQUEST` for what is no canonical origin, `CONFLICT` for one that is allowed already."""
    try:
        canonical = canonical_origin(origin)
    except ValueError as error:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"{origin!r:.200} cannot be allowed: {error}") from None
    if not _ORIGIN.fullmatch(origin):
        raise ProvenError(ErrorCode.BAD_REQUEST, f"{origin!r:.200} cannot be allowed: no DNS name or address")
    if canonical != origin:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"write {origin!r:.200} as {canonical}")
    if origin in application.origins:
        raise ProvenError(ErrorCode.CONFLICT, f"{application.name} allows {origin} already")


def _require_new_domain(application: Tracked, domain: str) -> None:
    if not _DOMAIN.fullmatch(domain):
        raise ProvenError(
            ErrorCode.BAD_REQUEST, f"{domain!r:.200} is not a domain such as app.example.com, in lower case"
        )
    if any(each.name == domain for each in application.domains):
        raise ProvenError(ErrorCode.CONFLICT, f"{application.name} claims {domain} already")
