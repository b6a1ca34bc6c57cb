"""Which version of an application answers, and which is to."""

from __future__ import annotations

from typing import Literal, TypeAlias

from ._fields import CommandRecord, Count, Record, Sha256Hex

VersionChange: TypeAlias = Literal["announced", "cancelled", "vetoed", "activated", "switched"]


class PendingChange(Record, frozen=True):
    """A change that was announced in entry `log_index` of the log and may come into force at `activates_at`
    (Unix milliseconds). `package_id` is what answers then; it is absent if the change is not one of code.
    """

    log_index: Count
    activates_at: Count
    package_id: Sha256Hex | None = None


class VersionState(Record, frozen=True):
    """New calls go to `package_id`, which entry `log_index` of the log made live; both are absent before the
    first version. The application has `revision` entries then: a state with fewer is an older one. All of it
    is the node's word; the log proves it.
    """

    revision: Count
    package_id: Sha256Hex | None = None
    log_index: Count | None = None
    pending: PendingChange | None = None


class FollowVersion(CommandRecord, frozen=True):
    """Be sent a `VersionEvent` for what changes in the session's application after the answer, over this
    connection, until it ends. Answered by `VersionState`; only over a WebSocket. Following twice is once.
    """


class VersionEvent(Record, frozen=True, tag_field="event", tag="version"):
    """What entry `entry` of the log did, and how things are now.

    - `announced`: a change is pending.
    - `cancelled`, `vetoed`: it is not, and will not come into force.
    - `activated`: it came into force, and is not one of code.
    - `switched`: new calls go to another version; `previous` is the package of the one before. Nothing that
      the new one answers is sent before this.

    Who is slow to read is told of the last change only.
    """

    what: VersionChange
    entry: Count
    now: VersionState
    previous: Sha256Hex | None = None
