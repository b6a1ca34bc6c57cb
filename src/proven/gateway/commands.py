"""Commands of a sealed session: what each does."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from proven.apps import Application
from proven.gateway.handlers import Handlers, check_access
from proven.gateway.ports import Applications, Versions
from proven.identity import Session, Sessions
from proven.runtime import ConsoleRecord, Invocation, Outcome
from proven.wire.commands import (
    Anonymize,
    ApplicationError,
    ApplicationSummary,
    Command,
    Done,
    Execute,
    ExecuteResult,
    Identify,
    IdentifyResult,
    IssueTicket,
    ListApplications,
    ListApplicationsResult,
    ListSessions,
    Result,
    RevokeSession,
    WhoAmI,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.values import UNDEFINED, encode

_log = logging.getLogger("proven.gateway")

_UNDEFINED = encode(UNDEFINED)
MAX_LISTED = 1000

Console = Callable[[ConsoleRecord], None]
Performer = Callable[[Session, Any], Awaitable[Result]]
"""Carries out commands of one type."""
AccountsOf = Callable[[Session], Awaitable[tuple[str, ...]]]
"""Looks up the addresses linked to whom a session acts as at the moment of the call."""


class Commands:
    """Carries out commands. Rules for `Execute`, in order:

    1. The handler belongs to the session's own application, is of kind RPC, and the live package lists it.
    2. If the command names a package, that package is live, else `CONFLICT`.
    3. The handler's `access` lets the session's identity in.
    4. Arguments and results pass through unread. Results name the package, and so do errors from rule 3 on.
    """

    def __init__(
        self,
        sessions: Sessions,
        applications: Applications,
        versions: Versions,
        handlers: Handlers,
        performers: Mapping[type[Command], Performer],
        accounts: AccountsOf | None = None,
    ) -> None:
        """`performers` carry out the commands of other rooms. Without `accounts`, nobody has any."""
        self._accounts = accounts or _no_accounts
        self._sessions = sessions
        self._applications = applications
        self._versions = versions
        self._handlers = handlers
        self._performers = performers

    async def perform(self, session: Session, command: Command, console: Console | None = None) -> Result:
        """Raises `ProvenError` and nothing else: what goes wrong inside is `INTERNAL`, and in the log."""
        try:
            if isinstance(command, Execute):
                return await self._execute(session, command, console)
            if isinstance(command, RevokeSession):
                await self._sessions.revoke_own(session, command.session_id)
                return Done()
            performer = self._performers.get(type(command))
            if performer is not None:
                return await performer(session, command)
            return self._answer(session, command)
        except ProvenError:
            raise
        except Exception:
            _log.exception("command_failed", extra={"command": type(command).__name__})
            raise ProvenError(ErrorCode.INTERNAL, "something went wrong inside the node") from None

    def _answer(self, session: Session, command: Command) -> Result:
        match command:
            case WhoAmI():
                return self._sessions.who_am_i(session)
            case Identify():
                return IdentifyResult(identity=session.identify(command))
            case Anonymize():
                session.anonymize()
                return Done()
            case IssueTicket():
                return self._sessions.issue_ticket(session)
            case ListApplications():
                return self._list(session)
            case ListSessions():
                return self._sessions.list(session)
            case _:
                raise ProvenError(ErrorCode.BAD_REQUEST, f"this node does not do {type(command).__name__}")

    def _list(self, session: Session) -> ListApplicationsResult:
        if session.application_id is not None:
            raise ProvenError(ErrorCode.FORBIDDEN, "only a management session lists applications")
        records = [record for record in self._applications.list() if not record.archived]
        return ListApplicationsResult(
            applications=tuple(
                ApplicationSummary(id=record.id, name=record.name, package_id=record.package_id)
                for record in records[:MAX_LISTED]
            )
        )

    async def _execute(self, session: Session, command: Execute, console: Console | None) -> ExecuteResult:
        if session.application_id is None:
            raise ProvenError(ErrorCode.BAD_REQUEST, "a management session has no handlers to call")
        async with self._versions.serving(session.application_id) as application:
            if command.package_id is not None and command.package_id != application.package_id:
                raise ProvenError(
                    ErrorCode.CONFLICT,
                    "another package of the application is live",
                    details={"package_id": application.package_id},
                )
            try:
                outcome = await self._call(session, command, application, console)
            except ProvenError as error:
                raise ApplicationError(error, application.package_id, application.log_index) from error
        return ExecuteResult(
            value=outcome.value or _UNDEFINED,
            package_id=application.package_id,
            log_index=application.log_index,
            duration_us=max(0, round(outcome.duration * 1_000_000)),
        )

    async def _call(
        self, session: Session, command: Execute, application: Application, console: Console | None
    ) -> Outcome:
        handler = self._handlers.find_rpc(application, command.handler)
        identity, accounts = session.identity, session.accounts
        check_access(application, handler, identity)
        if accounts is None and identity is not None:
            accounts = await self._accounts(session)
        return await self._handlers.run(
            application,
            handler,
            Invocation(
                application_id=application.id,
                package_id=application.package_id,
                handler=handler.address,
                kind=handler.kind,
                arguments=command.args,
                identity=identity,
                accounts=accounts or (),
                origin=session.origin,
                on_console=console,
            ),
        )


async def _no_accounts(session: Session) -> tuple[str, ...]:
    return ()
