"""Who answered, by which code, and who can change it: one answer walked back to what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from proven.attestation import Platform, Rule, Verifier
from proven.client import _words
from proven.client._notice import examine_notice
from proven.client.bundle import Bundle
from proven.client.log import Live
from proven.client.pins import LogMemory, Pins, Remembered
from proven.client.report import FailedError, Link, LinkName, Report, Status
from proven.client.responses import Attested, verify_saved
from proven.client.times import Sighting
from proven.client.verification_log import examine_log
from proven.packages import Package, verify
from proven.wire import http_signatures as signatures
from proven.wire import ids, words
from proven.wire.applications import Immutable, delay_of
from proven.wire.errors import ProvenError
from proven.wire.session import verify_handshake


def examine(
    bundle: Bundle,
    verifier: Verifier,
    *,
    pins: Pins | None = None,
    memory: LogMemory | None = None,
) -> Report:
    """Walk an answer back, link by link, as things were when each document was made. The rules:

    1. `hardware`, `image`: the evidence for the key that signed the answer is one that `verifier` accepts.
    2. `governance`: there is none yet; which measurements count is the caller's choice.
    3. `node key`: the answer is signed by the key in that evidence, for the nonce of the request.
    4. `session`: if a handshake was made, its evidence is accepted and about this application.
    5. `application`: the answer is of the one that was asked for.
    6. `package`: the answer names one, the pinned one if there is one.
    7. `source`: the package's files hash to its id, and its manifest says what they say.
    8. `log`: the log's key is attested; its checkpoint is signed by it and continues what `memory` has; the
       entry that the answer names is in it and made the package live; every entry of the application is
       signed by those whom the policy of its time says. The entries' times never decrease, are not later
       than the clocks of caller and platform, and fit what was seen of the log by `memory` and witnesses.
       It is as far as the node signed that it is, where the answer or the bundle has that.
    9. `policy`: who can change it, and when; at least what is pinned. Unchecked without the node's word, of
       the time at which the log was shown, on how far it goes: whoever made the bundle may have kept back
       the newest entries.
    10. `notice`: when what is in force was announced, and since when witnesses say that it was public; if
       pinned, for at least as long as was promised.

    Does no input or output but reading `memory`. Raises nothing for what is wrong: the report says it.
    """
    return _Examination(bundle, verifier, pins or Pins(), memory).run()


@dataclass(slots=True)
class _Examination:
    bundle: Bundle
    verifier: Verifier
    pins: Pins
    memory: LogMemory | None
    links: list[Link] = field(default_factory=list)
    attested: Attested | None = None
    live: Live | None = None
    complete: bool = False
    state: Remembered | None = None
    sightings: tuple[Sighting, ...] = ()

    def run(self) -> Report:
        steps: tuple[tuple[LinkName, Callable[[], Iterator[Link]]], ...] = (
            (LinkName.HARDWARE, self._evidence),
            (LinkName.SESSION, self._session),
            (LinkName.APPLICATION, self._application),
            (LinkName.PACKAGE, self._package),
            (LinkName.SOURCE, self._source),
            (LinkName.LOG, self._log),
            (LinkName.POLICY, self._policy),
            (LinkName.NOTICE, self._notice),
        )
        for name, step in steps:
            try:
                for link in step():
                    self.links.append(link)
            except FailedError as failure:
                self.links.append(Link(failure.link or name, Status.FAILS, str(failure)))
                break
            except ProvenError as error:
                self.links.append(Link(name, Status.FAILS, error.message))
                break
        holds = all(link.status is not Status.FAILS for link in self.links)
        return Report(
            tuple(self.links),
            self.bundle.time,
            self.attested,
            self.live,
            self.state if holds else None,
            self.sightings,
        )

    def _evidence(self) -> Iterator[Link]:
        try:
            self.attested = verify_saved(self.bundle.answer, self.verifier)
        except ProvenError as error:
            link = _link_of(error)
            if link is LinkName.IMAGE:
                yield Link(LinkName.HARDWARE, Status.HOLDS, "the evidence is genuine", "its root")
            raise FailedError(error.message, link) from None
        evidence = self.attested.evidence
        when = f"{evidence.timestamp:%Y-%m-%d %H:%M:%S UTC}"
        if evidence.platform is Platform.DEVELOPMENT:
            if self.pins.refuse_development:
                raise FailedError("the evidence is of a development node, which you refuse")
            yield Link(
                LinkName.HARDWARE,
                Status.HOLDS,
                f"no hardware: a development node, whose operator can see and change everything (at {when})",
                "a development root that you accept",
            )
            yield Link(LinkName.IMAGE, Status.UNCHECKED, "development evidence measures nothing")
        else:
            yield Link(
                LinkName.HARDWARE,
                Status.HOLDS,
                f"AWS Nitro Enclave {evidence.module_id} (evidence of {when})",
                "the root that AWS publishes, pinned in this program",
            )
            yield Link(
                LinkName.IMAGE,
                Status.HOLDS,
                f"PCR0 {evidence.pcrs[0].hex()[:16]}…, not in debug mode",
                "the measurements that you gave",
            )
        yield Link(
            LinkName.GOVERNANCE,
            Status.UNCHECKED,
            "there is none yet: "
            + (
                "this is a development node"
                if evidence.platform is Platform.DEVELOPMENT
                else "which measurements count was your choice"
            ),
        )
        assert evidence.public_key is not None
        yield Link(
            LinkName.NODE_KEY,
            Status.HOLDS,
            f"{signatures.key_id(evidence.public_key)[:16]}… signed the answer on "
            f"{self.attested.created:%Y-%m-%d %H:%M:%S UTC}",
            "the evidence, which names that key and the nonce of this request",
        )

    def _session(self) -> Iterator[Link]:
        saved = self.bundle.session
        if saved is None:
            yield Link(LinkName.SESSION, Status.UNCHECKED, "none: this is a signed HTTP answer")
            return
        request, evidence = verify_handshake(
            saved.request, saved.response, self.verifier, at=self.bundle.time
        )
        if request.application_id != self._answer.application_id:
            raise FailedError(
                f"it was opened with the application {request.application_id}, "
                f"the answer is of {self._answer.application_id}"
            )
        yield Link(
            LinkName.SESSION,
            Status.HOLDS,
            f"sealed to the application, ends in {evidence.module_id}",
            "evidence that names both keys and all that was said to agree on them",
        )

    def _application(self) -> Iterator[Link]:
        asked, found = self.bundle.asked, self._answer.application_id
        against = "the signed answer"
        if asked is not None and ids.is_application_id(asked):
            if asked != found:
                raise FailedError(f"the answer is of the application {found}, not of {asked}")
            against = "the id that you gave"
        elif asked is not None:
            against = f"the signed answer; that it is the one called {asked} follows from the log"
        yield Link(LinkName.APPLICATION, Status.HOLDS, found, against)

    def _package(self) -> Iterator[Link]:
        found, pinned = self._answer.package_id, self.pins.only_package
        if pinned is not None and found != pinned:
            raise FailedError(f"the package {found} answered, and you accept {pinned} only")
        yield Link(
            LinkName.PACKAGE,
            Status.HOLDS,
            found,
            "the signed answer" if pinned is None else "the one you pinned",
        )

    def _source(self) -> Iterator[Link]:
        if self.bundle.archive is None:
            yield Link(LinkName.SOURCE, Status.UNCHECKED, "the archive of the package was not fetched")
            return
        package = Package.from_archive(self.bundle.archive)
        if package.id != self._answer.package_id:
            raise FailedError(f"what was given as the package is another one: {package.id}")
        verify(package)
        files, assets = len(package.files), len(package.assets)
        pages = f", {assets} front-end files" if assets else ""
        yield Link(
            LinkName.SOURCE,
            Status.HOLDS,
            f"{files} source files{pages}, {len(package.manifest.handlers)} handlers",
            "the package id, computed again from these files",
        )

    def _log(self) -> Iterator[Link]:
        saved = self.bundle.log
        if saved is None:
            if self.pins.needed_witnesses:
                raise FailedError("without the log there is nothing that witnesses have cosigned")
            yield Link(LinkName.LOG, Status.UNCHECKED, "no log was fetched")
            return
        finding = examine_log(
            self.bundle, saved, self._answer, self.verifier, pins=self.pins, memory=self.memory
        )
        self.live, self.state, self.sightings = finding.live, finding.state, finding.sightings
        self.complete = finding.complete
        yield finding.link

    def _policy(self) -> Iterator[Link]:
        if self.live is None:
            if self.pins.min_delay:
                raise FailedError(f"without the log nothing says that changes take {self.pins.min_delay} s")
            yield Link(LinkName.POLICY, Status.UNCHECKED, "without the log nothing says who can change it")
            return
        if not self.complete:
            unknown = "no node says that these are the newest entries"
            if self.pins.min_delay:
                raise FailedError(f"{unknown}, so nothing says that changes take {self.pins.min_delay} s")
            yield Link(LinkName.POLICY, Status.UNCHECKED, f"{unknown}: who can change it may be others now")
            return
        record = self.live.record
        delay = delay_of(record.policy)
        fixed = isinstance(record.policy, Immutable) or record.archived
        if not fixed and delay < self.pins.min_delay:
            raise FailedError(
                f"it can be changed by {_words.who_may_change(record)}; you require "
                f"{words.duration(self.pins.min_delay)} of notice"
            )
        said = f"it can be changed by {_words.who_may_change(record)}"
        if record.pending is not None:
            said += f"; pending: {_words.pending_change(record.pending, record.owner)}"
        if self.live.replaced_at is not None:
            said += f"; version {record.version} is live since {words.minute(self.live.replaced_at)}"
        yield Link(
            LinkName.POLICY,
            Status.HOLDS,
            said,
            f"{len(self.live.entries)} entries of the application: signatures, and the policy of their time",
        )

    def _notice(self) -> Iterator[Link]:
        if self.live is None:
            if self.pins.notice_witnessed:
                raise FailedError("without the log nothing says since when its changes are public")
            yield Link(LinkName.NOTICE, Status.UNCHECKED, "without the log nothing says when it changed")
            return
        yield examine_notice(self.live, self.sightings, self.pins, self.bundle.time.timestamp())

    @property
    def _answer(self) -> Attested:
        assert self.attested is not None
        return self.attested


def _link_of(error: ProvenError) -> LinkName:
    """The link that an answer which is not believed fails at."""
    rule = (error.details or {}).get("rule")
    if rule in (Rule.DEBUG, Rule.MEASUREMENTS):
        return LinkName.IMAGE
    if rule is None or rule in (Rule.NONCE, Rule.USER_DATA, Rule.PUBLIC_KEY):
        return LinkName.NODE_KEY
    return LinkName.HARDWARE
