"""When a client asks the transparency log, and which answers it refuses for what the log says."""

from __future__ import annotations

import asyncio
from typing import Final

from proven.attestation import Evidence, Platform, Verifier
from proven.client._session import Deadline
from proven.client.collect import Collector
from proven.client.pins import LogMemory, Pins
from proven.client.report import LinkName, Report
from proven.client.verification import examine
from proven.wire.commands import ApplicationError, ExecuteResult, PublishedEvent
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId

_OF_HANDLERS: Final = frozenset(code for code in ErrorCode if code.value.startswith("HANDLER_"))


class LogChecks:
    """What the log of a node says of one application, and the answers that it has to confirm.

    1. With pins, the log is verified before a session is used, and again for an answer by a version that it
       was not known to name.
    2. Calls insist on `package_id` or, with pins, on the package that was verified.
    3. An answer that was given is held to every verification that comes after it in its session.
    4. With pins or a `package_id`, errors of handlers and events are held to the same rules as answers: one
       that does not say which package it is of is refused.
    """

    def __init__(
        self,
        application_id: ApplicationId | None,
        verifier: Verifier,
        pins: Pins | None,
        package_id: PackageId | None,
        collector: Collector,
        memory: LogMemory,
        timeout: float,
    ) -> None:
        self._application_id = application_id
        self._verifier = verifier
        self._pins = pins
        self._package_id = package_id
        self._collector = collector
        self._memory = memory
        self._timeout = timeout
        self._answered_by: tuple[PackageId, int] | None = None
        self._report: Report | None = None

    @property
    def wanted(self) -> PackageId | None:
        """The package to insist on: the one given, or what was verified."""
        if self._package_id is not None or self._pins is None or self._report is None:
            return self._package_id
        return None if self._report.attested is None else self._report.attested.package_id

    async def begin(self, evidence: Evidence) -> None:
        """Before a new session is used. Raises `ProvenError`."""
        if self._pins is None or self._application_id is None:
            return
        if self._pins.refuse_development and evidence.platform is Platform.DEVELOPMENT:
            raise ProvenError(
                ErrorCode.EVIDENCE_INVALID, "the evidence is of a development node, which you refuse"
            )
        self._answered_by = None
        await self.verify(source=False)

    async def is_outdated(self, wanted: PackageId | None, refusal: ProvenError) -> bool:
        """Whether a call for `wanted` was refused because another version is live by now, and verified."""
        if self._pins is None or wanted == self._package_id or refusal.code is not ErrorCode.CONFLICT:
            return False
        await self.verify(source=False)
        return self.wanted != wanted

    async def confirm(self, answer: ExecuteResult) -> None:
        """Raises `ProvenError` for an answer that, with pins, the log does not confirm."""
        self._answered_by = (PackageId(answer.package_id), answer.log_index)
        if self._pins is not None and not self._is_verified(*self._answered_by):
            await self.verify(source=False)

    async def confirm_error(self, error: ProvenError) -> None:
        """Raises `ProvenError` for an error of a handler that is not of a package that may answer. What the
        node itself has to say is not of a package.
        """
        if isinstance(error, ApplicationError):
            await self._confirm_source("error", error.package_id, error.log_index)
        elif error.code in _OF_HANDLERS:
            await self._confirm_source("error", None, None)

    async def confirm_event(self, event: PublishedEvent) -> None:
        """The same of an event."""
        await self._confirm_source("event", event.package_id, event.log_index)

    async def _confirm_source(self, what: str, package_id: str | None, log_index: int | None) -> None:
        if self._pins is None and self._package_id is None:
            return
        if package_id is None or log_index is None:
            raise _refused(f"an {what} came that does not say which package it is of")
        if self._package_id is not None and package_id != self._package_id:
            raise _refused(f"an {what} came from the package {package_id}, and you accept another")
        if self._pins is not None and not self._is_verified(PackageId(package_id), log_index):
            await self.verify(source=False)
            if not self._is_verified(PackageId(package_id), log_index):
                raise _refused(
                    f"an {what} came from the package {package_id}, and the log does not say that entry "
                    f"{log_index} made it live"
                )

    async def verify(self, *, source: bool = True, whole_log: bool = False) -> Report:
        """What `Client.verify` promises."""
        if self._application_id is None:
            raise ProvenError(ErrorCode.BAD_REQUEST, "a management session is of no application")
        async with Deadline(self._timeout):
            report = await self._examine(self._application_id, source=source, whole_log=whole_log)
        report.require()
        self._report = report
        if self._answered_by is not None and not self._is_verified(*self._answered_by):
            package_id, log_index = self._answered_by
            raise _refused(
                f"the session was answered by the package {package_id}, and the log does not say that entry "
                f"{log_index} made it live"
            )
        return report

    async def _examine(self, application_id: ApplicationId, *, source: bool, whole_log: bool) -> Report:
        answer = await self._collector.describe(application_id)
        bundle = await self._collector.bundle(
            answer,
            asked=application_id,
            memory=self._memory,
            whole=whole_log,
            session=False,
            source=source,
        )
        report = await asyncio.to_thread(
            examine, bundle, self._verifier, pins=self._pins, memory=self._memory
        )
        if report.state is not None:
            await asyncio.to_thread(self._memory.remember, application_id, report.state)
        return report

    def _is_verified(self, package_id: PackageId, log_index: int) -> bool:
        live = None if self._report is None else self._report.live
        versions = () if live is None else live.versions
        return any((each.package_id, each.log_index) == (package_id, log_index) for each in versions)


def _refused(message: str) -> ProvenError:
    return ProvenError(ErrorCode.EVIDENCE_INVALID, message, details={"link": LinkName.LOG.value})
