"""The applications of a node: signed commands in, one log of entries, one view folded from it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

from proven.apps._records import ApplicationRecord, Limits
from proven.apps._view import Application, View
from proven.engine import Logs, Objects
from proven.packages import Package, verify
from proven.wire.applications import (
    AddAllowedOrigin,
    Archive,
    Body,
    Command,
    CreateApplication,
    Deploy,
    LinkDomain,
    OwnerKey,
    Policy,
    RemoveAllowedOrigin,
    RollBack,
    SignedCommand,
    decode_envelope,
    delay_of,
    sign,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId, application_id
from proven.wire.log_entries import (
    Activated,
    DomainLapsed,
    DomainProved,
    Entry,
    Submitted,
    encode_entry,
)
from proven.wire.origins import canonical_origin

MAX_WAITING: Final = 256
"""Commands that wait for the one before them to be appended, besides the first of each key."""
_MAX_ATTEMPTS: Final = 16
_Asker: TypeAlias = tuple[ApplicationId, bytes]
"""An application, and a key that signed for it; none for what the node does by rule."""


Warm = Callable[[PackageId], Awaitable[None]]
"""Makes a package ready before it is announced or becomes a version; if it raises, neither happens."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A command was accepted: the index of its entry in the log, and its application right after it or
    later.
    """

    log_index: int
    record: ApplicationRecord


class Applications(View):
    """Reads and changes the applications of a node. `State` has the rules.

    A command is checked against the state folded so far, appended on the condition that nothing else was in
    between, and returns once this node's state includes it. `origin` names the network's log; `reserved`
    says which domains no application can claim here; `clock` is Unix seconds.
    """

    def __init__(
        self,
        logs: Logs,
        objects: Objects,
        *,
        origin: str,
        limits: Limits | None = None,
        reserved: Callable[[str], bool] = lambda domain: False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(logs, objects, origin=origin, clock=clock)
        self._limits = limits or Limits()
        self._reserved = reserved
        self._turn = asyncio.Lock()
        self._commands: set[asyncio.Task[int]] = set()
        self._asking: Counter[_Asker] = Counter()

    async def start(self) -> None:
        """Fold the log as it is now. Raises `UNAVAILABLE` if it breaks a rule."""
        await self._replica.start()

    async def stop(self) -> None:
        """Finish commands that have begun, then stop following the log."""
        await asyncio.gather(*self._commands, return_exceptions=True)
        await self._replica.stop()

    def check(self, envelope: bytes) -> SignedCommand:
        """The command in an envelope; raises what `submit` would refuse it with now, packages aside."""
        signed = decode_envelope(envelope)
        signed.verify()
        self._check(partial(_submitted, signed))
        return signed

    async def submit(
        self, envelope: bytes, *, package: Package | None = None, warm: Warm | None = None
    ) -> Receipt:
        """Carry out a signed command.

        What `Deploy` names is `package`, or was stored before; it is verified, and `warm` gets it ready,
        before the command is appended. Raises what `decode_envelope`, `SignedCommand.verify` and `State`
        refuse, what `packages.verify` and `warm` raise, and `QUOTA_EXCEEDED`.
        """
        signed = self.check(envelope)
        command = signed.body.command
        entry = partial(_submitted, signed)
        if isinstance(command, Deploy) and package is not None:
            if package.id != command.package_id:
                raise ProvenError(ErrorCode.BAD_REQUEST, "the package is not the one that the command names")
            await asyncio.to_thread(verify, package)
        elif isinstance(command, Deploy) and not await self._packages.has(command.package_id):
            raise ProvenError(
                ErrorCode.NOT_FOUND, f"the package {command.package_id} was not sent to this node"
            )
        if warm is not None and isinstance(command, Deploy | RollBack):
            package_id = self.package_of(signed.application_id, command)
            assert package_id is not None
            await warm(package_id)
        return await self._carry_out(signed.application_id, entry, package, signed.signers[0])

    async def submit_as(
        self,
        key: OwnerKey,
        application: ApplicationId,
        command: Command,
        *,
        revision: int | None = None,
        package: Package | None = None,
        warm: Warm | None = None,
    ) -> Receipt:
        """Sign a command with a key that is at hand, and carry it out. `revision` defaults to the present
        one.
        """
        if revision is None:
            known = self._replica.state.get(application)
            revision = 0 if known is None else known.revision
        body = Body(origin=self.origin, application_id=application, revision=revision, command=command)
        return await self.submit(sign(body, key), package=package, warm=warm)

    async def create(
        self, key: OwnerKey, name: str, nonce: bytes, *, policy: Policy | None = None
    ) -> ApplicationRecord:
        """Create an application that the holder of `key` owns."""
        command = CreateApplication(name=name, nonce=nonce, policy=policy)
        created = application_id(key.public_key, nonce)
        return (await self.submit_as(key, created, command, revision=0)).record

    async def deploy(
        self,
        key: OwnerKey,
        application: ApplicationId,
        package: Package,
        *,
        revision: int | None = None,
        warm: Warm | None = None,
    ) -> Application:
        """Verify `package`, `warm` it, store it and make it the next version at once.

        A package that is the present version already is left as it is. Raises `CONFLICT` if changes of the
        application have to be announced: that is for `submit`.
        """
        record = self._require_immediate(application)
        if record.package_id == package.id and record.owner == key.public_key and not record.archived:
            return await self.resolve(application)
        await self.submit_as(
            key, application, Deploy(package_id=package.id), revision=revision, package=package, warm=warm
        )
        return await self.resolve(application)

    async def roll_back(
        self,
        key: OwnerKey,
        application: ApplicationId,
        to_version: int,
        *,
        revision: int | None = None,
        warm: Warm | None = None,
    ) -> Application:
        """`warm` the package of an earlier version and make it the next version at once; raises `CONFLICT`
        as `deploy` does.
        """
        self._require_immediate(application)
        await self.submit_as(key, application, RollBack(version=to_version), revision=revision, warm=warm)
        return await self.resolve(application)

    async def archive(
        self, key: OwnerKey, application: ApplicationId, *, revision: int | None = None
    ) -> ApplicationRecord:
        """End the application for good. Its name, versions and packages stay on record."""
        return (await self.submit_as(key, application, Archive(), revision=revision)).record

    async def add_origin(
        self, key: OwnerKey, application: ApplicationId, origin: str, *, revision: int | None = None
    ) -> ApplicationRecord:
        """Allow pages of `origin`, however it is written. Raises `CONFLICT` if they are allowed already."""
        command = AddAllowedOrigin(origin=_canonical(origin))
        return (await self.submit_as(key, application, command, revision=revision)).record

    async def remove_origin(
        self, key: OwnerKey, application: ApplicationId, origin: str, *, revision: int | None = None
    ) -> ApplicationRecord:
        """Allow pages of `origin` no longer. Raises `NOT_FOUND` if they are not allowed."""
        command = RemoveAllowedOrigin(origin=_canonical(origin))
        return (await self.submit_as(key, application, command, revision=revision)).record

    async def activate(self, application: ApplicationId, revision: int) -> Receipt:
        """Bring the pending change into force; raises `CONFLICT` if it is not due, or anything happened to
        the application after `revision`.
        """

        def entry(at: int) -> Entry:
            return Activated(at=at, application_id=application, revision=revision)

        return await self._carry_out(application, entry)

    async def prove_domain(self, application: ApplicationId, domain: str, until: int) -> Receipt:
        """Record that a proof of `domain` was seen, which holds until `until` (Unix milliseconds)."""

        def entry(at: int) -> Entry:
            return DomainProved(at=at, application_id=application, domain=domain, until=until)

        return await self._carry_out(application, entry)

    async def lapse_domain(self, application: ApplicationId, domain: str) -> Receipt:
        """Record that the proof of `domain` has expired."""

        def entry(at: int) -> Entry:
            return DomainLapsed(at=at, application_id=application, domain=domain)

        return await self._carry_out(application, entry)

    def _require_immediate(self, application: ApplicationId) -> ApplicationRecord:
        record = self.find(application)
        if delay := delay_of(record.policy):
            raise ProvenError(
                ErrorCode.CONFLICT,
                f"changes of {record.name} come into force {delay} s after they were announced",
            )
        return record

    def _check(self, entry: Callable[[int], Entry]) -> Entry:
        """The entry as it would be appended now; raises what it would be refused with."""
        checked = entry(max(self.now(), self._replica.state.changed_at))
        self._replica.state.check(checked)
        if isinstance(checked, Submitted):
            self._replica.state.check_limits(checked.command, self._limits)
            self._check_domain(checked.command.body.command)
        return checked

    def _check_domain(self, command: Command) -> None:
        if isinstance(command, LinkDomain) and self._reserved(command.domain):
            raise ProvenError(
                ErrorCode.FORBIDDEN,
                f"{command.domain} is this node's own domain, or below one; applications have theirs",
            )

    async def _carry_out(
        self,
        application: ApplicationId,
        entry: Callable[[int], Entry],
        package: Package | None = None,
        by: bytes = b"",
    ) -> Receipt:
        """Append after those that wait already. Once begun it is finished, whoever goes away. However many
        wait, there is a place for one more of a key that nothing waits of, if the application is there.
        """
        asker = application, by
        first = not self._asking[asker] and self._replica.state.get(application) is not None
        if len(self._commands) >= MAX_WAITING and not first:
            raise ProvenError(ErrorCode.OVERLOADED, "too many commands are waiting", retry_after=1)
        command = asyncio.create_task(self._append(application, entry, package), name="application-command")
        self._commands.add(command)
        self._asking[asker] += 1
        command.add_done_callback(partial(self._ended, asker))
        sequence = await asyncio.shield(command)
        return Receipt(sequence - 1, self.find(application))

    def _ended(self, asker: _Asker, command: asyncio.Task[int]) -> None:
        self._commands.discard(command)
        self._asking[asker] -= 1
        if not self._asking[asker]:
            del self._asking[asker]

    async def _append(
        self, application: ApplicationId, entry: Callable[[int], Entry], package: Package | None
    ) -> int:
        """Check, store and append in one turn, so that nothing is stored for what is then refused.

        Only another node that appends in between makes a second attempt necessary.
        """
        async with self._turn:
            for _ in range(_MAX_ATTEMPTS):
                await self.health()
                leaf = encode_entry(self._check(entry))
                if package is not None:
                    await self._store(application, package)
                try:
                    return await self._replica.append(leaf)
                except ProvenError as refused:
                    if refused.code is not ErrorCode.CONFLICT:
                        raise
        raise ProvenError(ErrorCode.OVERLOADED, "other nodes change applications all the time", retry_after=1)

    async def _store(self, application: ApplicationId, package: Package) -> None:
        others = self._replica.state.packages_of(self.find(application).owner)
        await self._packages.store(package, beside=others, limit=self._limits.package_bytes_per_owner)


def _submitted(signed: SignedCommand, at: int) -> Entry:
    return Submitted(at=at, command=signed)


def _canonical(origin: str) -> str:
    try:
        return canonical_origin(origin)
    except ValueError as error:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"{origin!r:.200} is not an origin: {error}") from None
