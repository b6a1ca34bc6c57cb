"""Which applications there are, and changing them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from proven.wire.applications import MAX_ENVELOPE

from ._fields import Base32, CommandRecord, Count, HandlerAddress, Record, Sha256Hex


class ListApplications(CommandRecord, frozen=True):
    """List the applications of this node; in a management session. Answered by `ListApplicationsResult`."""


class HandlerSummary(Record, frozen=True):
    address: HandlerAddress
    kind: Annotated[str, Meta(max_length=32)]


class ApplicationSummary(Record, frozen=True):
    id: Base32
    name: Annotated[str, Meta(max_length=256)]
    package_id: Sha256Hex | None = None
    handlers: tuple[HandlerSummary, ...] = ()


class ListApplicationsResult(Record, frozen=True):
    applications: tuple[ApplicationSummary, ...] = ()


class Submit(CommandRecord, frozen=True):
    """Carry out a signed command to an application; in a management session. Answered by `SubmitResult`.

    `envelope` is what `applications.sign` writes. Who sends it does not matter: who signed it does.
    """

    envelope: Annotated[bytes, Meta(min_length=1, max_length=MAX_ENVELOPE)]


class SubmitResult(Record, frozen=True):
    """The command is entry `log_index` of the log, and the application has `revision` entries. A change that
    was only announced comes into force at `activates_at` (Unix milliseconds).
    """

    application_id: Base32
    log_index: Count
    revision: Count
    activates_at: Count | None = None
