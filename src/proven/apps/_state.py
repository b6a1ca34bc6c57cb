"""The rules of applications, as a fold over their log. No clock, no randomness, no input or output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from proven.apps import _snapshot
from proven.apps._records import OWNER_DECIDES, ApplicationRecord, Domain, Limits, Pending, Tracked, Version
from proven.apps._rules import (
    MAX_DOMAIN_PROOF,
    ends_pending,
    require_authority,
    require_name,
    require_possible,
)
from proven.wire.applications import (
    UPGRADES,
    AddAllowedOrigin,
    Archive,
    CancelUpgrade,
    CreateApplication,
    Deploy,
    Immutable,
    LinkDomain,
    RemoveAllowedOrigin,
    RollBack,
    SetUpgradePolicy,
    SignedCommand,
    TransferOwnership,
    UnlinkDomain,
    Upgrade,
    Veto,
    delay_of,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId, application_id
from proven.wire.log_entries import (
    Activated,
    DomainLapsed,
    DomainProved,
    Entry,
    Submitted,
    decode_entry,
)
from proven.wire.merkle import Frontier, leaf_hash


class State:
    """All applications after the first `length` entries of the log `origin`.

    Every entry, whether asked for now or read from the log, has to follow these rules:

    1. A command names this log, and every signature on it is good.
    2. An application is created once, by one signature. Its id is derived from that key, its owner's, and a
       nonce, so nobody else can create it.
    3. A name is 1 to 40 of `a-z 0-9 -`, without a hyphen at either end or at both the third and fourth
       place (names that DNS reserves), and does not look like an application id. No two applications ever
       have the same name, archived ones included: nobody can step into the place of an application that
       users knew.
    4. A command names the number of entries of the application that its author had seen (`revision`), and
       is refused with `CONFLICT` if that is not the present one: it has its effect once. What ends a pending
       change, a cancel or a veto, may be of any number from the announcement on: nobody keeps it out by
       adding entries while it is being signed.
    5. Who signs is who the policy says, and nobody else: the owner, or at least `threshold` of its keys.
       A veto is signed by guardians alone, and guardians sign nothing else.
    6. What the policy is about is deploying, rolling back, setting the policy and transferring ownership.
       Where the policy has a delay, these are announced and pending; `activated` brings them into force,
       not before `announced_at + delay`. Elsewhere they are in force at once. One change is pending at a
       time; while it is, those who could announce it can cancel it, and a guardian can veto it.
    7. A policy changes only by its own rule. Under `immutable` nothing that rule 6 is about happens ever
       again; an application without a version cannot become immutable.
    8. Versions are 1, 2, 3, …; each is a package that was deployed, or the package of an earlier version of
       the same application. No version is ever removed or renumbered.
    9. An archived application never changes again, and nothing of it is pending.
    10. No entry is earlier than the one before it in the log, whichever application that is about: a node's
        clock that was set back cannot date an announcement before what everybody has seen.
    11. An allowed origin is `http(s)://host[:port]` of a DNS name or address, canonical. It is added
        once, and removed only while it is there.
    12. Any number of applications may claim a domain, and at most one holds a proof of it: no proof is
        accepted while another's holds, or has expired without `domain_lapsed`. A proof holds for at most
        30 days and is only ever prolonged; it lapses once it has expired, and ends with the claim.

    Hence any prefix of a log leads to the same state everywhere, and whoever reads the log can check every
    step. `verify=False` takes the signatures of the entries as good: for a log that only verified commands
    were appended to.
    """

    def __init__(self, origin: str, *, verify: bool = True) -> None:
        self.origin = origin
        self._verify = verify
        self._frontier = Frontier()
        self._last_leaf = b""
        self._changed_at = 0
        self._applications: dict[str, Tracked] = {}
        self._records: dict[ApplicationId, ApplicationRecord] = {}
        self._names: dict[str, ApplicationId] = {}
        self._owned: dict[bytes, dict[ApplicationId, None]] = {}
        self._created: Counter[bytes] = Counter()
        self._packages: dict[bytes, set[PackageId]] = {}
        self._origins: Counter[str] = Counter()
        self._proved: dict[str, tuple[ApplicationId, int]] = {}
        self._pending: dict[ApplicationId, int] = {}

    @property
    def length(self) -> int:
        return self._frontier.size

    def root(self) -> bytes:
        """The root of the Merkle tree of the entries so far (RFC 9162 §2.1.1): what a checkpoint signs."""
        return self._frontier.root()

    @property
    def last_leaf(self) -> bytes:
        """The hash of the last entry."""
        return self._last_leaf

    def find(self, id_or_name: str) -> ApplicationRecord:
        """The application with this id or name; raises `NOT_FOUND`."""
        record = self.get(self._names.get(id_or_name, ApplicationId(id_or_name)))
        if record is None:
            raise _no_application(id_or_name)
        return record

    @property
    def changed_at(self) -> int:
        """The time of the last entry, in Unix milliseconds; 0 for an empty log."""
        return self._changed_at

    def get(self, application: ApplicationId) -> ApplicationRecord | None:
        record = self._records.get(application)
        if record is None and (tracked := self._applications.get(application)) is not None:
            record = self._records[application] = tracked.record()
        return record

    def all(self) -> Iterator[ApplicationRecord]:
        """Every application, archived ones too, in order of creation."""
        return (self.find(application) for application in self._applications)

    def owned_by(self, owner: bytes) -> Sequence[ApplicationRecord]:
        """In the order in which they became the owner's."""
        return [self.find(owned) for owned in self._owned.get(owner, ())]

    def packages_of(self, owner: bytes) -> frozenset[PackageId]:
        """Every package that was announced for an application while it was `owner`'s."""
        return frozenset(self._packages.get(owner, ()))

    def allows_somewhere(self, origin: str) -> bool:
        """Whether the owner of any application that is not archived allowed `origin`."""
        return self._origins[origin] > 0

    def domain(self, name: str, now: int) -> ApplicationRecord | None:
        """The application that has proved that the domain is its own, if the proof holds at `now`."""
        application, until = self._proved.get(name, (None, 0))
        return None if application is None or until <= now else self.find(application)

    def proofs(self) -> Iterator[tuple[str, ApplicationId, int]]:
        """Every proof of a domain, expired ones that have not lapsed too: domain, application, until."""
        return ((name, application, until) for name, (application, until) in self._proved.items())

    def claims(self) -> Iterator[tuple[ApplicationId, tuple[Domain, ...]]]:
        """The domains that each application claims, if it is not archived and claims any."""
        for each in self._applications.values():
            if each.domains and not each.archived:
                yield each.id, each.domains

    def versions(self, application: ApplicationId) -> Sequence[Version]:
        """From the first to the present one; raises `NOT_FOUND`."""
        return tuple(self._tracked(application).versions)

    def version(self, application: ApplicationId) -> Version:
        """The present one, of an application that has one."""
        return self._tracked(application).versions[-1]

    def package_of(self, application: ApplicationId, change: Upgrade) -> PackageId | None:
        """The package that a change of the application makes live, if it makes one; raises `NOT_FOUND`."""
        return self._tracked(application).package_of(change)

    def history(self, application: ApplicationId) -> Sequence[int]:
        """The log indexes of all its entries; raises `NOT_FOUND`."""
        return tuple(self._tracked(application).history)

    def due(self, now: int) -> Sequence[ApplicationRecord]:
        """The applications whose pending change can come into force at `now`, the longest due first."""
        due = sorted((at, application) for application, at in self._pending.items() if at <= now)
        return [self.find(application) for _, application in due]

    def next_activation(self, after: int) -> int | None:
        """When the first change comes into force that does so later than `after` (Unix milliseconds)."""
        return min((at for at in self._pending.values() if at > after), default=None)

    def check(self, entry: Entry) -> None:
        """Raises `ProvenError` if `entry` cannot be the next one."""
        if not isinstance(entry, Submitted):
            self._check_by_rule(entry)
            return
        signed = entry.command
        if signed.body.origin != self.origin:
            raise ProvenError(
                ErrorCode.BAD_REQUEST,
                f"the command is for the log {signed.body.origin[:100]!r}, not this one",
            )
        if self._verify:
            signed.verify()
        if isinstance(signed.body.command, CreateApplication):
            self._check_created(signed, signed.body.command)
            self._check_time(entry)
            return
        application = self._tracked(signed.body.application_id)
        require_authority(application, signed)
        if not ends_pending(application, signed.body):
            _check_next(application, signed.body.revision)
        self._check_time(entry)
        require_possible(application, signed.body.command)

    def check_limits(self, signed: SignedCommand, limits: Limits) -> None:
        """Raises `QUOTA_EXCEEDED` if a command takes its owner over a limit on applications, versions,
        origins, domains or entries.
        """
        if isinstance(signed.body.command, CreateApplication):
            used, limit, of = self._created[signed.signers[0]], limits.applications_per_owner, "an owner"
            _check_limit(used, limit, of, "applications")
            return
        application = self._tracked(signed.application_id)
        of = "an application"
        match signed.body.command:
            case AddAllowedOrigin():
                _check_limit(len(application.origins), limits.origins_per_application, of, "origins")
            case LinkDomain():
                _check_limit(len(application.domains), limits.domains_per_application, of, "domains")
            case Deploy() | RollBack():
                _check_limit(len(application.versions), limits.versions_per_application, of, "versions")
        if not isinstance(signed.body.command, Archive | Veto | CancelUpgrade):
            _check_limit(len(application.history), limits.entries_per_application, of, "entries in the log")

    def append(self, leaf: bytes) -> Entry:
        """Fold the next leaf of the log; raises `ProvenError` and changes nothing if it breaks a rule."""
        entry = decode_entry(leaf)
        self.check(entry)
        index = self._frontier.size
        application = self._apply(entry, index)
        application.changed_at = self._changed_at = entry.at
        application.history.append(index)
        self._records.pop(application.id, None)
        self._last_leaf = leaf_hash(leaf)
        self._frontier.add(self._last_leaf)
        return entry

    def snapshot(self) -> bytes:
        """Everything there is to know, in a form that `restore` reads."""
        packages = [(owner, sorted(each)) for owner, each in self._packages.items()]
        return _snapshot.encode(
            _snapshot.Snapshot(
                origin=self.origin,
                size=self.length,
                root=self.root(),
                hashes=list(self._frontier.hashes),
                last_leaf=self._last_leaf,
                applications=list(self._applications.values()),
                packages=packages,
            )
        )

    @classmethod
    def restore(cls, snapshot: bytes, origin: str, *, verify: bool = True) -> State:
        """The state that `snapshot` was taken of. Raises `ValueError` if it was altered or is of another
        log; that it is of *this* log's entries is for the caller to check, by `last_leaf` or `root`.
        """
        taken = _snapshot.decode(snapshot, origin)
        state = cls(origin, verify=verify)
        state._frontier = Frontier(taken.size, taken.hashes)
        state._last_leaf = taken.last_leaf
        state._packages = {owner: set(packages) for owner, packages in taken.packages}
        for application in taken.applications:
            state._applications[application.id] = application
            state._index(application)
            state._changed_at = max(state._changed_at, application.changed_at)
        return state

    def _tracked(self, application: str) -> Tracked:
        tracked = self._applications.get(application)
        if tracked is None:
            raise _no_application(application)
        return tracked

    def _check_created(self, signed: SignedCommand, command: CreateApplication) -> None:
        if len(signed.signers) != 1:
            raise ProvenError(
                ErrorCode.BAD_REQUEST, "an application is created by its owner's signature alone"
            )
        if signed.application_id != application_id(signed.signers[0], command.nonce):
            raise ProvenError(ErrorCode.NOT_OWNER, "the application id is not that of this owner and nonce")
        if signed.application_id in self._applications or signed.body.revision != 0:
            known = self._applications.get(signed.application_id)
            raise ProvenError(
                ErrorCode.CONFLICT,
                "an application is created once, as its first entry; choose another nonce for another one",
                details={"revision": 0 if known is None else len(known.history)},
            )
        require_name(command.name)
        if isinstance(command.policy, Immutable):
            raise ProvenError(
                ErrorCode.BAD_REQUEST, "an immutable application never gets a version: deploy one first"
            )
        if command.name in self._names:
            raise ProvenError(
                ErrorCode.CONFLICT, f"another application is called {command.name}; choose another name"
            )

    def _check_time(self, entry: Entry) -> None:
        if entry.at < self._changed_at:
            raise ProvenError(ErrorCode.BAD_REQUEST, "an entry cannot be earlier than the one before it")

    def _check_by_rule(self, entry: Activated | DomainProved | DomainLapsed) -> None:
        application = self._tracked(entry.application_id)
        revision = entry.revision if isinstance(entry, Activated) else len(application.history)
        _check_next(application, revision)
        self._check_time(entry)
        if isinstance(entry, Activated):
            if application.pending is None or entry.at < application.pending.activates_at:
                raise ProvenError(ErrorCode.CONFLICT, f"{application.name} has no change that is due")
            return
        claim = next((each for each in application.domains if each.name == entry.domain), None)
        if claim is None:
            raise ProvenError(
                ErrorCode.NOT_FOUND, f"{application.name} does not claim {entry.domain[:200]!r}"
            )
        if isinstance(entry, DomainLapsed):
            if claim.proved_until is None or claim.proved_until > entry.at:
                raise ProvenError(ErrorCode.CONFLICT, f"no proof of {claim.name} has expired")
            return
        holder, until = self._proved.get(claim.name, (application.id, 0))
        if holder != application.id:
            raise ProvenError(ErrorCode.CONFLICT, f"{claim.name} is proved to be another application's")
        if not max(entry.at, until) < entry.until <= entry.at + MAX_DOMAIN_PROOF:
            raise ProvenError(ErrorCode.BAD_REQUEST, "a proof of a domain holds for 30 days at most")

    def _apply(self, entry: Entry, index: int) -> Tracked:
        if isinstance(entry, Submitted):
            return self._apply_command(entry.command, entry.at, index)
        match entry:
            case Activated():
                application = self._applications[entry.application_id]
                pending = self._drop_pending(application)
                assert pending is not None
                package_id = application.package_of(pending.change)
                self._bring_into_force(
                    application, pending.change, package_id, entry.at, index, pending.log_index
                )
            case DomainProved():
                application = self._applications[entry.application_id]
                self._prove(application, entry.domain, entry.until)
            case DomainLapsed():
                application = self._applications[entry.application_id]
                self._prove(application, entry.domain, None)
        return application

    def _apply_command(self, signed: SignedCommand, at: int, index: int) -> Tracked:
        command = signed.body.command
        if isinstance(command, CreateApplication):
            return self._create(signed, command, at)
        application = self._applications[signed.body.application_id]
        if isinstance(command, UPGRADES):
            self._announce(application, command, at, index)
            return application
        match command:
            case CancelUpgrade() | Veto():
                self._drop_pending(application)
            case AddAllowedOrigin(origin=origin):
                application.origins = (*application.origins, origin)
                self._origins[origin] += 1
            case RemoveAllowedOrigin(origin=removed):
                application.origins = tuple(each for each in application.origins if each != removed)
                self._origins[removed] -= 1
            case LinkDomain(domain=domain):
                application.domains = (*application.domains, Domain(domain))
            case UnlinkDomain(domain=domain):
                self._prove(application, domain, None)
                application.domains = tuple(each for each in application.domains if each.name != domain)
            case Archive():
                self._archive(application)
        return application

    def _create(self, signed: SignedCommand, command: CreateApplication, at: int) -> Tracked:
        (owner,) = signed.signers
        policy = command.policy or OWNER_DECIDES
        application = Tracked(signed.application_id, owner, owner, command.name, at, at, policy, [])
        self._applications[application.id] = application
        self._index(application)
        return application

    def _announce(self, application: Tracked, change: Upgrade, at: int, index: int) -> None:
        package_id = application.package_of(change)
        if package_id is not None:
            charged = self._packages.get(application.owner)
            if charged is None:
                charged = self._packages[application.owner] = set()
            charged.add(package_id)
        delay = delay_of(application.policy)
        if not delay:
            self._bring_into_force(application, change, package_id, at, index, index)
            return
        application.pending = Pending(change, index, at, at + delay * 1000)
        self._pending[application.id] = application.pending.activates_at

    def _bring_into_force(
        self,
        application: Tracked,
        change: Upgrade,
        package_id: PackageId | None,
        at: int,
        index: int,
        announced_index: int,
    ) -> None:
        if package_id is not None:
            repeated = change.version if isinstance(change, RollBack) else None
            number = len(application.versions) + 1
            application.versions.append(Version(number, package_id, at, index, announced_index, repeated))
            return
        match change:
            case SetUpgradePolicy(policy=policy):
                application.policy = policy
            case TransferOwnership(to=owner):
                del self._owned[application.owner][application.id]
                application.owner = owner
                self._owned.setdefault(owner, {})[application.id] = None

    def _drop_pending(self, application: Tracked) -> Pending | None:
        pending, application.pending = application.pending, None
        self._pending.pop(application.id, None)
        return pending

    def _archive(self, application: Tracked) -> None:
        application.archived = True
        self._drop_pending(application)
        self._origins.subtract(application.origins)
        for each in application.domains:
            self._prove(application, each.name, None)

    def _prove(self, application: Tracked, domain: str, until: int | None) -> None:
        application.domains = tuple(
            Domain(domain, until) if each.name == domain else each for each in application.domains
        )
        if until is not None:
            self._proved[domain] = (application.id, until)
        elif self._proved.get(domain, (None, 0))[0] == application.id:
            del self._proved[domain]

    def _index(self, application: Tracked) -> None:
        """Make an application known under everything but its id."""
        self._names[application.name] = application.id
        self._created[application.creator] += 1
        self._owned.setdefault(application.owner, {})[application.id] = None
        if not application.archived:
            self._origins.update(application.origins)
        if application.pending is not None:
            self._pending[application.id] = application.pending.activates_at
        for each in application.domains:
            if each.proved_until is not None:
                self._proved[each.name] = (application.id, each.proved_until)


def _check_next(application: Tracked, revision: int) -> None:
    if application.archived:
        raise ProvenError(ErrorCode.CONFLICT, f"{application.name} is archived and cannot change any more")
    if revision != len(application.history):
        raise ProvenError(
            ErrorCode.CONFLICT,
            f"{application.name} has {len(application.history)} entries, not {revision}",
            details={"revision": len(application.history)},
        )


def _check_limit(used: int, limit: int, of: str, what: str) -> None:
    if used >= limit:
        raise ProvenError(ErrorCode.QUOTA_EXCEEDED, f"{of} has at most {limit} {what} on this node")


def _no_application(id_or_name: str) -> ProvenError:
    message = f"there is no application {id_or_name[:80]!r}"
    return ProvenError(ErrorCode.NOT_FOUND, message, details={"missing": "application"})
