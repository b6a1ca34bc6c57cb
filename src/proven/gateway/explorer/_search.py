"""What somebody may have meant who has part of a name, of an id, or an owner's key."""

from __future__ import annotations

from typing import Final

from proven.apps import ApplicationRecord
from proven.gateway.explorer import records
from proven.gateway.explorer._applications import summary
from proven.gateway.explorer.ports import Registry
from proven.wire.applications import Deploy
from proven.wire.errors import ErrorCode, ProvenError

KEY_DIGITS: Final = 64
_PREFIX_DIGITS: Final = 8
"""Fewer of a package's id lead nowhere."""
_LISTED: Final = 100
_HEX: Final = frozenset("0123456789abcdef")


def search(registry: Registry, wanted: str) -> records.Found:
    """What `wanted`, in lower case, is or begins: a name or id, a package's id, or all of an owner's key.
    Lists at most 100. Raises `NOT_FOUND` if there is nothing.
    """
    known = registry.list()
    exact = [each for each in known if wanted in (each.name, each.id)]
    applications = exact or [each for each in known if wanted and _is_meant(each, wanted)]
    packages = [] if exact or not _may_be_package(wanted) else sorted(_packages(registry, wanted))
    if not applications and not packages:
        what = (
            "is no package, and owns no application"
            if len(wanted) == KEY_DIGITS
            else "is the start of nothing"
        )
        raise ProvenError(
            ErrorCode.NOT_FOUND,
            f"{wanted[:80]!r} {what} here: search for the name, id or owner of an application, the id of a "
            f"package ({_PREFIX_DIGITS} digits or more) or the number of an entry",
        )
    return records.Found(
        wanted=wanted,
        applications=[summary(each) for each in applications[:_LISTED]],
        packages=packages[:_LISTED],
        more=max(len(applications), len(packages)) > _LISTED,
    )


def _is_meant(record: ApplicationRecord, wanted: str) -> bool:
    of_id = len(wanted) >= _PREFIX_DIGITS and record.id.startswith(wanted)
    return of_id or record.name.startswith(wanted) or record.owner.hex() == wanted


def _may_be_package(wanted: str) -> bool:
    return _PREFIX_DIGITS <= len(wanted) < KEY_DIGITS and _HEX.issuperset(wanted)


def _packages(registry: Registry, prefix: str) -> set[str]:
    found: set[str] = set()
    for record in registry.list():
        found.update(
            version.package_id
            for version in registry.versions(record.id)
            if version.package_id.startswith(prefix)
        )
        pending = None if record.pending is None else record.pending.change
        if isinstance(pending, Deploy) and pending.package_id.startswith(prefix):
            found.add(pending.package_id)
    return found
