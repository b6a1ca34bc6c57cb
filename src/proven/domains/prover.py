"""Look up claimed domains, and record in the log which are proved and which are not any more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from random import Random
from typing import Final, Protocol

from proven.apps import Change, Domain, Receipt
from proven.domains._agenda import Agenda, Claim, Failure, Looking, Pace, Step
from proven.domains.resolver import ResolutionError, Resolver
from proven.wire.domain_records import LABEL, record_name, record_value
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId

_log = logging.getLogger("proven.domains")

_AT_ONCE: Final = 8
"""Claims that are looked up at the same time."""
_BETWEEN_SECONDS: Final = 0.02
"""Between the beginnings of two steps: a bound on what all applications together have resolvers asked."""
_LOOK_AGAIN_SECONDS: Final = 30.0
"""Between looks at the clock: it may have been set, and be elsewhere than a timer thinks."""


class Claims(Protocol):
    """The applications, as `proven.apps.Applications` keeps them."""

    @property
    def origin(self) -> str: ...

    def now(self) -> int: ...

    def claims(self) -> Sequence[tuple[ApplicationId, tuple[Domain, ...]]]: ...

    def watch(self) -> AbstractAsyncContextManager[AsyncIterator[Change]]: ...

    async def prove_domain(self, application: ApplicationId, domain: str, until: int) -> Receipt: ...

    async def lapse_domain(self, application: ApplicationId, domain: str) -> Receipt: ...


class Prover:
    """Keeps proofs of domains in step with DNS; `Agenda` has the rules about when.

    1. A claim is proved if one of the records at `record_name(domain)` is exactly `record_value` of its
       application and this log, by the word of `resolver`.
    2. A proof holds for `lifetime` seconds from the moment in which the question was asked.
    3. An entry is appended for a first proof, a renewal from the middle of the last one on, and a proof that
       expired; never for an attempt that failed.

    `reserved` says which domains are not for applications. `random` spreads attempts over time.
    """

    def __init__(
        self,
        claims: Claims,
        resolver: Resolver,
        *,
        lifetime: float,
        reserved: Callable[[str], bool],
        random: Random,
        pace: Pace | None = None,
        look_again: float = _LOOK_AGAIN_SECONDS,
    ) -> None:
        self._claims = claims
        self._resolver = resolver
        self._lifetime = int(lifetime * 1000)
        self._look_again = look_again
        self._agenda = Agenda(lifetime=self._lifetime, reserved=reserved, random=random, pace=pace)
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._steps: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin with all claims there are."""
        watching: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks = [
            asyncio.create_task(self._watch(watching), name="domains"),
            asyncio.create_task(self._run(), name="domain-proofs"),
        ]
        await watching

    async def health(self) -> None:
        """Raises if domains are not looked up any more. That resolvers do not answer is not the node's."""
        if not self._tasks or any(task.done() for task in self._tasks):
            raise ProvenError(ErrorCode.UNAVAILABLE, "domains are not proved any more")

    async def stop(self) -> None:
        tasks, self._tasks = [*self._tasks, *self._steps], []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._resolver.close()

    def looking(self, application: ApplicationId, domain: str) -> Looking | None:
        """How the search for a proof of a claim goes, None if nobody claims that."""
        return self._agenda.looking(application, domain)

    async def _watch(self, watching: asyncio.Future[None]) -> None:
        try:
            async with self._claims.watch() as changes:
                for application, domains in self._claims.claims():
                    self._agenda.put(application, domains, self._claims.now())
                watching.set_result(None)
                async for change in changes:
                    domains = () if change.record.archived else change.record.domains
                    self._agenda.put(change.record.id, domains, self._claims.now())
                    self._changed.set()
        except ProvenError as error:
            _log.error("domains_not_watched", extra={"reason": error.message})
            if not watching.done():
                watching.set_exception(error)

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            await self._places.acquire()
            taken = self._agenda.take(self._claims.now())
            if taken is not None:
                step = asyncio.create_task(self._carry_out(*taken), name="domain-proof")
                self._steps.add(step)
                step.add_done_callback(self._ended)
                await asyncio.sleep(_BETWEEN_SECONDS)
                continue
            self._places.release()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._until_next()):
                    await self._changed.wait()

    def _until_next(self) -> float:
        at = self._agenda.next_at()
        wait = self._look_again if at is None else (at - self._claims.now()) / 1000
        return min(self._look_again, max(0.0, wait))

    def _ended(self, step: asyncio.Task[None]) -> None:
        self._steps.discard(step)
        self._places.release()
        self._changed.set()

    async def _carry_out(self, step: Step, claim: Claim) -> None:
        failure: Failure | None = None
        try:
            done = await (self._prove(claim) if step is Step.LOOK_UP else self._lapse(claim))
            self._agenda.put(done.record.id, done.record.domains, self._claims.now())
        except ResolutionError as error:
            failure = Failure(error.code, str(error))
        except ProvenError as error:
            failure = Failure(error.code.value.lower(), error.message)
        except Exception:
            _log.exception("domain_step_failed", extra={"domain": claim.domain})
            failure = Failure("internal", "this node could not look it up")
        self._agenda.done(claim, self._claims.now(), failure)

    async def _prove(self, claim: Claim) -> Receipt:
        until = self._claims.now() + self._lifetime
        found = await self._resolver.text(record_name(claim.domain))
        wanted = record_value(claim.application, self._claims.origin).encode()
        if wanted not in found.values:
            raise _WrongValueError(claim.domain, found.values)
        receipt = await self._claims.prove_domain(claim.application, claim.domain, until)
        _log.info(
            "domain_proved",
            extra={"domain": claim.domain, "application": claim.application, "signed": found.authenticated},
        )
        return receipt

    async def _lapse(self, claim: Claim) -> Receipt:
        receipt = await self._claims.lapse_domain(claim.application, claim.domain)
        _log.info("domain_lapsed", extra={"domain": claim.domain, "application": claim.application})
        return receipt


class _WrongValueError(ResolutionError):
    """There are records, and none for this application and network."""

    code = "wrong_value"

    def __init__(self, domain: str, values: Sequence[bytes]) -> None:
        others = sum(value.startswith(LABEL.encode()) for value in values)
        what = "is for this application and network" if others else f"begins with {LABEL}"
        super().__init__(f"{record_name(domain)} has {len(values)} TXT records, and none {what}")
