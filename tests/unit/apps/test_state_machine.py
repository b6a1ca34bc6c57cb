"""Whatever is asked for in any order: the rules hold, and every way to read the log leads to one state."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from proven.apps import ApplicationRecord, State
from proven.apps._rules import MAX_DOMAIN_PROOF
from proven.wire.applications import (
    AddAllowedOrigin,
    Archive,
    CancelUpgrade,
    Command,
    CreateApplication,
    Deploy,
    Immutable,
    LinkDomain,
    Multisig,
    OwnerDecides,
    OwnerKey,
    Policy,
    RemoveAllowedOrigin,
    RollBack,
    SetUpgradePolicy,
    Timelock,
    TimelockMultisig,
    TransferOwnership,
    UnlinkDomain,
    Veto,
    delay_of,
    guardians_of,
)
from proven.wire.errors import ProvenError
from proven.wire.ids import ApplicationId, application_id
from proven.wire.log_entries import (
    Activated,
    DomainLapsed,
    DomainProved,
    Entry,
    Submitted,
    decode_entry,
    encode_entry,
)
from support.applications import ORIGIN, submitted

KEYS = [OwnerKey.from_seed(bytes([n]) * 32) for n in range(1, 5)]
PUBLIC = sorted(key.public_key for key in KEYS)
IDS = [application_id(key.public_key, nonce) for key in KEYS[:2] for nonce in (b"1", b"2", b"3")]
NONCES = {
    application_id(key.public_key, nonce): (key, nonce) for key in KEYS[:2] for nonce in (b"1", b"2", b"3")
}
ORIGINS = ["https://page.example", "http://a:1", "https://Not.canonical"]
DOMAINS = ["a.example", "b.example", "Not.canonical"]
POLICIES: list[Policy] = [
    OwnerDecides(),
    Immutable(),
    Timelock(delay=60, guardians=(PUBLIC[3],)),
    Timelock(delay=3600),
    Multisig(threshold=2, keys=tuple(PUBLIC[:3])),
    TimelockMultisig(delay=60, threshold=2, keys=tuple(PUBLIC[1:]), guardians=(PUBLIC[0],)),
]
BEGINNINGS = [POLICIES[0], POLICIES[2], POLICIES[4], POLICIES[5]]
COMMANDS: list[Command] = [
    *(Deploy(package_id=f"{n:064x}") for n in range(3)),
    *(RollBack(version=n) for n in (1, 2)),
    *(SetUpgradePolicy(policy=policy) for policy in POLICIES),
    *(TransferOwnership(to=key) for key in PUBLIC[:3]),
    CancelUpgrade(),
    Veto(),
    *(AddAllowedOrigin(origin=each) for each in ORIGINS),
    *(RemoveAllowedOrigin(origin=each) for each in ORIGINS),
    *(LinkDomain(domain=each) for each in DOMAINS),
    *(UnlinkDomain(domain=each) for each in DOMAINS),
    Archive(),
]
UPGRADES = [
    each for each in COMMANDS if isinstance(each, Deploy | RollBack | SetUpgradePolicy | TransferOwnership)
]
ids = st.sampled_from(IDS)
revisions = st.sampled_from([0, 0, 0, 0, 0, 0, 0, -2, -1, 1])


class Applications(RuleBasedStateMachine):
    """`state` folds what is accepted; what each application was before tells what may become of it."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State(ORIGIN)
        self.leaves: list[bytes] = []
        self.snapshots = [self.state.snapshot()]
        self.at = 1_000
        for number, (app, (key, nonce)) in enumerate(list(NONCES.items())[: len(BEGINNINGS)]):
            self.begin(app, key, nonce, f"app-{number}", BEGINNINGS[number])

    def begin(self, app: ApplicationId, key: OwnerKey, nonce: bytes, name: str, policy: Policy) -> None:
        """An application that has two versions and a policy."""
        commands: list[Command] = [CreateApplication(name=name, nonce=nonce), *COMMANDS[:2]]
        for revision, command in enumerate([*commands, SetUpgradePolicy(policy=policy)]):
            self.try_entry(submitted(command, key, app=app, revision=revision, at=self.at))
        assert self.state.find(app).policy == policy

    def revision(self, app: ApplicationId, off: int) -> int:
        known = self.state.get(app)
        return max(0, (0 if known is None else known.revision) + off)

    def try_entry(self, entry: Entry) -> None:
        before = self.state.get(entry.application_id)
        leaf = encode_entry(entry)
        try:
            self.state.append(leaf)
        except ProvenError:
            assert self.state.snapshot() == self.snapshots[-1]
            return
        self.leaves.append(leaf)
        self.snapshots.append(self.state.snapshot())
        check_step(before, self.state.find(entry.application_id), entry)

    @rule(
        app=ids,
        name=st.sampled_from(["one", "two", "three", "-bad"]),
        policy=st.none() | st.sampled_from(POLICIES),
    )
    def create(self, app: ApplicationId, name: str, policy: Policy | None) -> None:
        key, nonce = NONCES[app]
        command = CreateApplication(name=name, nonce=nonce, policy=policy)
        self.try_entry(submitted(command, key, app=app, revision=0, at=self.at))

    @precondition(lambda self: self.leaves)
    @rule(
        app=ids,
        command=st.sampled_from(COMMANDS),
        keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True),
        off=revisions,
    )
    def command(self, app: ApplicationId, command: Command, keys: list[OwnerKey], off: int) -> None:
        self.try_entry(submitted(command, *keys, app=app, revision=self.revision(app, off), at=self.at))

    @rule(app=ids, commands=st.lists(st.sampled_from(COMMANDS), min_size=1, max_size=4))
    def commands_of_those_who_may(self, app: ApplicationId, commands: list[Command]) -> None:
        for command in commands:
            record = self.state.get(app)
            if record is not None:
                keys = those_who_may(record, command)
                self.try_entry(submitted(command, *keys, app=app, revision=record.revision, at=self.at))

    @rule(app=ids, upgrade=st.sampled_from(UPGRADES), short=st.sampled_from([0, 0, 1]))
    def announce_and_wait(self, app: ApplicationId, upgrade: Command, short: int) -> None:
        self.commands_of_those_who_may(app, [upgrade])
        record = self.state.get(app)
        if record is not None and record.pending is not None:
            self.at = max(self.at, record.pending.activates_at - short)
            self.try_entry(Activated(at=self.at, application_id=app, revision=record.revision))

    @precondition(lambda self: self.leaves)
    @rule(app=ids, off=revisions)
    def activate(self, app: ApplicationId, off: int) -> None:
        self.try_entry(Activated(at=self.at, application_id=app, revision=self.revision(app, off)))

    @precondition(lambda self: self.leaves)
    @rule(app=ids, domain=st.sampled_from(DOMAINS), seconds=st.sampled_from([0, 30, 3600, 31 * 86_400]))
    def prove(self, app: ApplicationId, domain: str, seconds: int) -> None:
        until = self.at + seconds * 1000
        self.try_entry(DomainProved(at=self.at, application_id=app, domain=domain, until=until))

    @precondition(lambda self: self.leaves)
    @rule(app=ids, domain=st.sampled_from(DOMAINS))
    def lapse(self, app: ApplicationId, domain: str) -> None:
        self.try_entry(DomainLapsed(at=self.at, application_id=app, domain=domain))

    @rule(seconds=st.sampled_from([1, 59, 60, 3600, 3600, -1]))
    def wait(self, seconds: int) -> None:
        self.at = max(0, self.at + seconds * 1000)

    @precondition(lambda self: self.leaves)
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        """Something that was accepted before is not accepted again."""
        leaf = data.draw(st.sampled_from(self.leaves))
        entry = decode_entry(leaf)
        if isinstance(entry, Submitted | Activated):
            try:
                self.state.append(leaf)
            except ProvenError:
                assert self.state.snapshot() == self.snapshots[-1]
            else:
                raise AssertionError("an entry was accepted twice")

    @invariant()
    def what_is_known_of_all_fits_together(self) -> None:
        records = list(self.state.all())
        assert len({record.name for record in records}) == len(records)
        assert sum(record.revision for record in records) == len(self.leaves) == self.state.length
        living = [record for record in records if not record.archived]
        allowed = {origin for record in living for origin in record.origins}
        assert {each for each in ORIGINS if self.state.allows_somewhere(each)} == allowed
        for owner in PUBLIC:
            assert {each.id for each in self.state.owned_by(owner)} == {
                record.id for record in records if record.owner == owner
            }
        pending = {record.id for record in records if record.pending is not None}
        assert {record.id for record in self.state.due(1 << 60)} == pending
        proofs = [
            (each.name, record.id) for record in records for each in record.domains if each.proved_until
        ]
        assert len({name for name, _ in proofs}) == len(proofs)
        assert {(name, app) for name, app, _ in self.state.proofs()} == set(proofs)

    @invariant()
    def each_application_fits_together(self) -> None:
        for record in self.state.all():
            versions = self.state.versions(record.id)
            history = self.state.history(record.id)
            assert [version.number for version in versions] == list(range(1, record.version + 1))
            assert record.package_id == (versions[-1].package_id if versions else None)
            assert [version.at for version in versions] == sorted(version.at for version in versions)
            for version in versions:
                assert {version.log_index, version.announced_index} <= set(history)
                if version.rolled_back_to is not None:
                    assert version.package_id == versions[version.rolled_back_to - 1].package_id
            assert not (record.archived and (record.pending or any(d.proved_until for d in record.domains)))
            assert isinstance(record.policy, Immutable) <= bool(versions)

    def teardown(self) -> None:
        """Any prefix replays to the same state, and so does any snapshot and what follows it."""
        replayed = State(ORIGIN)
        for size, leaf in enumerate(self.leaves):
            assert replayed.snapshot() == self.snapshots[size]
            replayed.append(leaf)
        for size in {0, len(self.leaves) // 2, len(self.leaves)}:
            resumed = State.restore(self.snapshots[size], ORIGIN, verify=False)
            for leaf in self.leaves[size:]:
                resumed.append(leaf)
            assert resumed.snapshot() == self.state.snapshot()
            assert list(resumed.all()) == list(self.state.all())


def those_who_may(record: ApplicationRecord, command: Command) -> list[OwnerKey]:
    allowed = {record.owner}
    if isinstance(command, Veto):
        allowed = set(guardians_of(record.policy)) or allowed
    elif isinstance(record.policy, Multisig | TimelockMultisig):
        allowed = set(record.policy.keys)
    return [key for key in KEYS if key.public_key in allowed]


def check_step(before: ApplicationRecord | None, after: ApplicationRecord, entry: Entry) -> None:
    """What one accepted entry may do to an application."""
    if before is None:
        assert isinstance(entry, Submitted)
        assert isinstance(entry.command.body.command, CreateApplication)
        assert entry.command.signers == (after.owner,)
        return
    assert not before.archived
    assert after.revision == before.revision + 1
    assert after.changed_at == entry.at >= before.changed_at
    assert (after.id, after.name, after.created_at) == (before.id, before.name, before.created_at)
    code = (after.version, after.package_id, after.policy, after.owner)
    if code == (before.version, before.package_id, before.policy, before.owner):
        assert after.log_index == before.log_index
    else:
        assert not isinstance(before.policy, Immutable)
        check_change(before, entry)
    if isinstance(entry, Submitted):
        check_signers(before, entry)
    if isinstance(entry, DomainProved):
        assert entry.at < entry.until <= entry.at + MAX_DOMAIN_PROOF


def check_change(before: ApplicationRecord, entry: Entry) -> None:
    """Code, policy and owner change after the whole of the notice, or where there is none."""
    if isinstance(entry, Activated):
        assert before.pending is not None
        assert entry.at >= before.pending.announced_at + delay_of(before.policy) * 1000
    else:
        assert isinstance(entry, Submitted)
        assert delay_of(before.policy) == 0


def check_signers(before: ApplicationRecord, entry: Submitted) -> None:
    signers: set[Any] = set(entry.command.signers)
    policy = before.policy
    if isinstance(entry.command.body.command, Veto):
        assert signers <= set(guardians_of(policy))
    elif isinstance(policy, Multisig | TimelockMultisig):
        assert signers <= set(policy.keys)
        assert len(signers) >= policy.threshold
    else:
        assert signers == {before.owner}


TestApplications = Applications.TestCase
TestApplications.settings = settings(
    max_examples=40, stateful_step_count=60, suppress_health_check=[HealthCheck.too_slow]
)
