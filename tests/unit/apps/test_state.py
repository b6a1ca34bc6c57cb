"""The rules of applications hold for every sequence of entries."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from proven.apps import Domain, Limits, State
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
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, application_id
from proven.wire.log_entries import Activated, DomainLapsed, DomainProved, Entry, encode_entry
from proven.wire.merkle import Frontier, leaf_hash
from support.applications import ORIGIN, created, state_after, submitted

ALICE, BOB, CAROL, DAVE = (OwnerKey.from_seed(bytes([n]) * 32) for n in range(1, 5))
TODO = application_id(ALICE.public_key, b"nonce")
PAGE = "https://page.example"
DAY = 24 * 3600 * 1000
HOUR = 3600
DEPLOYS = tuple(Deploy(package_id=f"{n:064x}") for n in range(4))


def keys(*owners: OwnerKey) -> tuple[bytes, ...]:
    return tuple(sorted(owner.public_key for owner in owners))


TWO_OF_THREE = Multisig(threshold=2, keys=keys(ALICE, BOB, CAROL))
GUARDED = Timelock(delay=HOUR, guardians=keys(DAVE))
GUARDED_TWO = TimelockMultisig(delay=HOUR, threshold=2, keys=keys(ALICE, BOB, CAROL), guardians=keys(DAVE))


class Log:
    """A log under construction, whose commands name the present revision."""

    def __init__(self, policy: Policy | None = None, *, at: int = 0) -> None:
        self.state = state_after(created(ALICE, "todo", policy=policy, at=at))
        self.at = at

    @property
    def revision(self) -> int:
        return self.state.find(TODO).revision

    def entry(self, command: Command, *by: OwnerKey, revision: int | None = None) -> Entry:
        revision = self.revision if revision is None else revision
        return submitted(command, *(by or (ALICE,)), app=TODO, revision=revision, at=self.at)

    def give(self, command: Command, *by: OwnerKey) -> Log:
        return self.add(self.entry(command, *by))

    def add(self, entry: Entry) -> Log:
        self.state.append(encode_entry(entry))
        return self

    def activated(self, *, revision: int | None = None) -> Activated:
        revision = self.revision if revision is None else revision
        return Activated(at=self.at, application_id=TODO, revision=revision)

    def later(self, milliseconds: int) -> Log:
        self.at += milliseconds
        return self

    def refuses(self, entry: Entry) -> ErrorCode:
        return refusal(self.state, entry).code


def refusal(state: State, entry: Entry) -> ProvenError:
    before = state.snapshot()
    with pytest.raises(ProvenError) as refused:
        state.append(encode_entry(entry))
    assert state.snapshot() == before
    return refused.value


def test_an_application_is_found_by_id_and_by_name() -> None:
    state = Log().state
    record = state.find("todo")
    assert record == state.find(TODO)
    assert (record.owner, record.name, record.version, record.package_id) == (
        ALICE.public_key,
        "todo",
        0,
        None,
    )
    with pytest.raises(ProvenError) as missing:
        state.find("other")
    assert missing.value.code is ErrorCode.NOT_FOUND


def test_versions_count_up_and_the_last_is_present() -> None:
    state = Log().give(DEPLOYS[0]).later(5).give(DEPLOYS[1]).state
    assert [(version.number, version.package_id, version.log_index) for version in state.versions(TODO)] == [
        (1, DEPLOYS[0].package_id, 1),
        (2, DEPLOYS[1].package_id, 2),
    ]
    record = state.find(TODO)
    assert (record.version, record.package_id, record.log_index, record.changed_at) == (
        2,
        DEPLOYS[1].package_id,
        2,
        5,
    )


def test_a_rollback_is_a_new_version_with_an_earlier_package() -> None:
    log = Log().give(DEPLOYS[0]).give(DEPLOYS[1]).give(RollBack(version=1))
    last = log.state.versions(TODO)[-1]
    assert (last.number, last.package_id, last.rolled_back_to) == (3, DEPLOYS[0].package_id, 1)
    for version in (3, 4, 100):
        assert log.refuses(log.entry(RollBack(version=version))) is ErrorCode.NOT_FOUND


COMMANDS: tuple[Command, ...] = (
    DEPLOYS[1],
    RollBack(version=1),
    SetUpgradePolicy(policy=OwnerDecides()),
    TransferOwnership(to=BOB.public_key),
    CancelUpgrade(),
    AddAllowedOrigin(origin="http://a:1"),
    RemoveAllowedOrigin(origin=PAGE),
    LinkDomain(domain="b.example"),
    UnlinkDomain(domain="a.example"),
    Archive(),
)


def busy(policy: Policy | None = None) -> Log:
    """A log after which each of `COMMANDS` but one about pending changes is possible for the owner."""
    log = Log().give(DEPLOYS[0]).give(DEPLOYS[1])
    log.give(AddAllowedOrigin(origin=PAGE)).give(LinkDomain(domain="a.example"))
    return log if policy is None else log.give(SetUpgradePolicy(policy=policy))


@pytest.mark.parametrize("command", COMMANDS)
def test_only_the_owner_changes_an_application(command: Command) -> None:
    log = busy()
    assert log.refuses(log.entry(command, BOB)) is ErrorCode.NOT_OWNER
    assert log.refuses(log.entry(command, ALICE, BOB)) is ErrorCode.NOT_OWNER


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("off", [-1, 1])
def test_a_command_that_saw_another_revision_is_a_conflict(command: Command, off: int) -> None:
    log = busy()
    error = refusal(log.state, log.entry(command, revision=log.revision + off))
    assert error.code is ErrorCode.CONFLICT
    assert error.details == {"revision": 5}


@pytest.mark.parametrize("command", [each for each in COMMANDS if not isinstance(each, CancelUpgrade)])
def test_a_command_has_its_effect_once(command: Command) -> None:
    log = busy()
    entry = log.entry(command)
    log.add(entry)
    assert log.refuses(entry) in (ErrorCode.CONFLICT, ErrorCode.NOT_OWNER)


@pytest.mark.parametrize("command", COMMANDS)
def test_an_archived_application_never_changes(command: Command) -> None:
    log = busy().give(Archive())
    assert log.refuses(log.entry(command)) is ErrorCode.CONFLICT
    assert log.state.find("todo").archived


@pytest.mark.parametrize("command", [*COMMANDS, CreateApplication(name="more", nonce=b"nonce")])
def test_a_command_for_another_network_is_worth_nothing(command: Command) -> None:
    log = busy()
    foreign = submitted(command, ALICE, app=TODO, revision=log.revision, origin="log.example/other")
    assert log.refuses(foreign) is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize("command", COMMANDS)
def test_a_signature_that_is_not_good_is_refused(command: Command) -> None:
    log = busy()
    leaf = encode_entry(log.entry(command))
    before = log.state.snapshot()
    with pytest.raises(ProvenError) as refused:
        log.state.append(leaf[:-1] + bytes([leaf[-1] ^ 1]))
    assert refused.value.code is ErrorCode.UNAUTHENTICATED
    assert log.state.snapshot() == before


def test_nobody_takes_the_name_of_an_application_even_when_it_is_archived() -> None:
    log = Log()
    assert log.refuses(created(BOB, "todo")) is ErrorCode.CONFLICT
    log.give(Archive())
    assert log.refuses(created(BOB, "todo")) is ErrorCode.CONFLICT


def test_an_application_is_created_once_by_its_owner_alone() -> None:
    log = Log()
    assert log.refuses(created(ALICE, "another")) is ErrorCode.CONFLICT
    command = CreateApplication(name="stolen", nonce=b"nonce")
    assert log.refuses(submitted(command, BOB, app=TODO, revision=0)) is ErrorCode.NOT_OWNER
    mine = application_id(BOB.public_key, b"nonce")
    assert log.refuses(submitted(command, BOB, CAROL, app=mine, revision=0)) is ErrorCode.BAD_REQUEST
    assert log.refuses(submitted(command, BOB, app=mine, revision=1)) is ErrorCode.CONFLICT


@pytest.mark.parametrize("name", ["a", "a1", "my-app", "x" * 40, "9-lives", "abc--d"])
def test_names_that_are_fine(name: str) -> None:
    assert state_after(created(ALICE, name)).find(name).name == name


@pytest.mark.parametrize(
    "name",
    ["A", "x" * 41, "-a", "a-", "a_b", "a.b", "a b", "xn--80ak6aa92e", "ab--c", "é", "a\n", "а", TODO],
)
def test_names_that_are_not(name: str) -> None:
    assert refusal(State(ORIGIN), created(ALICE, name)).code is ErrorCode.BAD_REQUEST


def test_origins_are_allowed_until_they_are_removed_and_make_no_version() -> None:
    log = (
        Log().give(DEPLOYS[0]).give(AddAllowedOrigin(origin=PAGE)).give(AddAllowedOrigin(origin="http://a:1"))
    )
    record = log.state.find(TODO)
    assert (record.origins, record.version) == ((PAGE, "http://a:1"), 1)
    log.give(RemoveAllowedOrigin(origin=PAGE))
    assert log.state.find(TODO).origins == ("http://a:1",)
    assert log.refuses(log.entry(RemoveAllowedOrigin(origin=PAGE))) is ErrorCode.NOT_FOUND
    assert log.refuses(log.entry(AddAllowedOrigin(origin="http://a:1"))) is ErrorCode.CONFLICT
    assert log.give(AddAllowedOrigin(origin=PAGE)).state.find(TODO).origins == ("http://a:1", PAGE)


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "https://",
        "https://*.a.example",
        "https://A.example",
        "https://a.example/",
        "https://a.example:443",
        "https://a.example; script-src *",
        "ws://a.example",
        "a.example",
        "https://a_b.example",
        f"https://{'a.' * 119}example",
    ],
)
def test_an_origin_is_one_origin_in_its_only_form(origin: str) -> None:
    log = Log()
    assert log.refuses(log.entry(AddAllowedOrigin(origin=origin))) is ErrorCode.BAD_REQUEST


def test_an_origin_is_allowed_somewhere_while_any_living_application_allows_it() -> None:
    log = Log().give(AddAllowedOrigin(origin=PAGE)).add(created(BOB, "bobs"))
    bobs = application_id(BOB.public_key, b"nonce")
    log.add(submitted(AddAllowedOrigin(origin=PAGE), BOB, app=bobs, revision=1))
    log.give(RemoveAllowedOrigin(origin=PAGE))
    assert log.state.allows_somewhere(PAGE)
    log.add(submitted(Archive(), BOB, app=bobs, revision=2))
    assert not log.state.allows_somewhere(PAGE)


def test_time_does_not_run_backwards() -> None:
    log = Log(at=10).later(-1)
    assert log.refuses(log.entry(DEPLOYS[0])) is ErrorCode.BAD_REQUEST
    log.later(1).give(DEPLOYS[0])
    guarded = (
        Log(GUARDED, at=10).give(DEPLOYS[0]).later(2 * DAY).give(AddAllowedOrigin(origin=PAGE)).later(-DAY)
    )
    assert guarded.refuses(guarded.activated()) is ErrorCode.BAD_REQUEST


def test_an_owner_gives_an_application_away() -> None:
    log = busy().give(TransferOwnership(to=BOB.public_key))
    assert log.state.find(TODO).owner == BOB.public_key
    assert log.refuses(log.entry(DEPLOYS[3], ALICE)) is ErrorCode.NOT_OWNER
    log.give(DEPLOYS[3], BOB)
    assert [record.id for record in log.state.owned_by(BOB.public_key)] == [TODO]
    assert log.state.owned_by(ALICE.public_key) == []


UPGRADES: tuple[Command, ...] = (
    DEPLOYS[2],
    RollBack(version=1),
    SetUpgradePolicy(policy=OwnerDecides()),
    TransferOwnership(to=BOB.public_key),
)


@pytest.mark.parametrize("command", UPGRADES)
def test_an_immutable_application_has_no_upgrade_ever(command: Command) -> None:
    log = busy(Immutable())
    assert log.refuses(log.entry(command)) is ErrorCode.FORBIDDEN
    log.give(AddAllowedOrigin(origin="http://a:1")).give(UnlinkDomain(domain="a.example")).give(Archive())


def test_what_has_no_version_does_not_become_immutable() -> None:
    empty = refusal(State(ORIGIN), created(ALICE, "todo", policy=Immutable()))
    log = Log()
    assert empty.code is ErrorCode.BAD_REQUEST
    assert log.refuses(log.entry(SetUpgradePolicy(policy=Immutable()))) is ErrorCode.CONFLICT


@pytest.mark.parametrize("command", [each for each in COMMANDS if not isinstance(each, CancelUpgrade)])
def test_under_multisig_enough_of_the_keys_sign_and_nobody_else(command: Command) -> None:
    log = busy(TWO_OF_THREE)
    assert log.refuses(log.entry(command, ALICE)) is ErrorCode.FORBIDDEN
    assert log.refuses(log.entry(command, DAVE)) is ErrorCode.NOT_OWNER
    assert log.refuses(log.entry(command, ALICE, BOB, DAVE)) is ErrorCode.NOT_OWNER
    log.give(command, BOB, CAROL)


@pytest.mark.parametrize(("policy", "by"), [(GUARDED, (ALICE,)), (GUARDED_TWO, (BOB, CAROL))])
@pytest.mark.parametrize("command", UPGRADES)
def test_a_delayed_change_is_pending_until_its_time_has_come(
    policy: Policy, by: tuple[OwnerKey, ...], command: Command
) -> None:
    log = busy(policy)
    before = log.state.find(TODO)
    log.give(command, *by)
    record = log.state.find(TODO)
    assert record.pending is not None
    assert (record.pending.change, record.pending.activates_at) == (command, HOUR * 1000)
    assert (record.version, record.policy, record.owner) == (before.version, before.policy, before.owner)
    log.later(HOUR * 1000 - 1)
    assert log.refuses(log.activated()) is ErrorCode.CONFLICT
    assert not log.state.due(log.at)
    log.later(1)
    assert log.state.due(log.at) == [record]
    assert log.refuses(log.activated(revision=log.revision - 1)) is ErrorCode.CONFLICT
    log.add(log.activated())
    record = log.state.find(TODO)
    assert record.pending is None
    assert not log.state.due(log.at)
    match command:
        case Deploy() | RollBack():
            assert (record.version, record.log_index) == (before.version + 1, log.state.length - 1)
            assert log.state.versions(TODO)[-1].announced_index == log.state.length - 2
        case SetUpgradePolicy(policy=changed):
            assert record.policy == changed
        case TransferOwnership(to=owner):
            assert record.owner == owner
    assert log.refuses(log.activated()) is ErrorCode.CONFLICT


@pytest.mark.parametrize("command", UPGRADES)
@pytest.mark.parametrize(("stop", "by"), [(CancelUpgrade(), ALICE), (Veto(), DAVE), (Archive(), ALICE)])
def test_a_pending_change_that_was_stopped_never_comes_into_force(
    command: Command, stop: Command, by: OwnerKey
) -> None:
    log = busy(GUARDED)
    before = log.state.find(TODO)
    log.give(command).later(DAY).give(stop, by)
    record = log.state.find(TODO)
    assert record.pending is None
    assert (record.version, record.policy, record.owner) == (before.version, before.policy, before.owner)
    assert log.refuses(log.activated()) is ErrorCode.CONFLICT


def test_one_change_is_pending_at_a_time() -> None:
    log = busy(GUARDED).give(UPGRADES[0])
    for command in UPGRADES:
        assert log.refuses(log.entry(command)) is ErrorCode.CONFLICT


@pytest.mark.parametrize("command", [each for each in COMMANDS if not isinstance(each, CancelUpgrade)])
@pytest.mark.parametrize("policy", [GUARDED, GUARDED_TWO])
def test_guardians_do_nothing_but_veto(policy: Policy, command: Command) -> None:
    log = busy(policy)
    assert log.refuses(log.entry(command, DAVE)) is ErrorCode.FORBIDDEN
    assert log.refuses(log.entry(command, ALICE, DAVE)) is ErrorCode.NOT_OWNER


def test_only_guardians_veto_and_only_what_is_pending() -> None:
    log = busy(GUARDED)
    assert log.refuses(log.entry(Veto(), DAVE)) is ErrorCode.CONFLICT
    log.give(DEPLOYS[3])
    assert log.refuses(log.entry(Veto(), ALICE)) is ErrorCode.FORBIDDEN
    assert log.refuses(log.entry(Veto(), DAVE, ALICE)) is ErrorCode.FORBIDDEN
    assert log.refuses(log.entry(CancelUpgrade(), DAVE)) is ErrorCode.FORBIDDEN
    log.give(Veto(), DAVE)


ENDINGS = [pytest.param(Veto(), DAVE, id="veto"), pytest.param(CancelUpgrade(), ALICE, id="cancel")]


@pytest.mark.parametrize(("ending", "by"), ENDINGS)
def test_nothing_that_comes_before_it_keeps_a_pending_change_from_being_ended(
    ending: Command, by: OwnerKey
) -> None:
    log = busy(GUARDED).give(DEPLOYS[3])
    signed = log.entry(ending, by)
    for _ in range(3):
        log.give(AddAllowedOrigin(origin="http://a:1")).give(RemoveAllowedOrigin(origin="http://a:1"))
    assert log.refuses(log.entry(ending, by, revision=log.revision + 1)) is ErrorCode.CONFLICT
    log.add(signed)
    assert log.state.find(TODO).pending is None


@pytest.mark.parametrize(("ending", "by"), ENDINGS)
def test_what_ended_one_change_or_was_signed_before_another_does_not_end_that(
    ending: Command, by: OwnerKey
) -> None:
    log = busy(GUARDED).give(DEPLOYS[3])
    first, unused = log.entry(ending, by), log.entry(ending, by)
    log.add(first).give(DEPLOYS[0])
    for signed in (first, unused, log.entry(ending, by, revision=log.revision - 1)):
        error = refusal(log.state, signed)
        assert (error.code, error.details) == (ErrorCode.CONFLICT, {"revision": log.revision})


def test_a_policy_changes_by_its_own_rule_only() -> None:
    log = busy(GUARDED_TWO)
    assert log.refuses(log.entry(SetUpgradePolicy(policy=OwnerDecides()), ALICE)) is ErrorCode.FORBIDDEN
    log.give(SetUpgradePolicy(policy=OwnerDecides()), ALICE, BOB)
    assert log.refuses(log.entry(DEPLOYS[3], ALICE)) is ErrorCode.FORBIDDEN
    assert log.state.find(TODO).policy == GUARDED_TWO
    log.later(HOUR * 1000).add(log.activated()).give(DEPLOYS[3], ALICE)


def proved(log: Log, until: int, *, app: ApplicationId = TODO, domain: str = "a.example") -> DomainProved:
    return DomainProved(at=log.at, application_id=app, domain=domain, until=until)


def lapsed(log: Log, *, app: ApplicationId = TODO, domain: str = "a.example") -> DomainLapsed:
    return DomainLapsed(at=log.at, application_id=app, domain=domain)


def claimed() -> tuple[Log, ApplicationId]:
    """Two applications that claim one domain."""
    log = Log().give(LinkDomain(domain="a.example")).add(created(BOB, "bobs"))
    bobs = application_id(BOB.public_key, b"nonce")
    return log.add(submitted(LinkDomain(domain="a.example"), BOB, app=bobs, revision=1)), bobs


def test_a_domain_leads_to_the_application_that_proved_it_while_the_proof_holds() -> None:
    log, bobs = claimed()
    assert log.state.domain("a.example", log.at) is None
    log.add(proved(log, DAY))
    assert log.state.find(TODO).domains == (Domain("a.example", DAY),)
    holder = log.state.domain("a.example", DAY - 1)
    assert holder is not None
    assert holder.id == TODO
    assert log.state.domain("a.example", DAY) is None
    assert log.refuses(proved(log, DAY, app=bobs)) is ErrorCode.CONFLICT
    log.later(DAY - 1)
    assert log.refuses(lapsed(log)) is ErrorCode.CONFLICT
    log.later(1)
    assert log.refuses(proved(log, 2 * DAY, app=bobs)) is ErrorCode.CONFLICT
    log.add(lapsed(log)).add(proved(log, 2 * DAY, app=bobs))
    holder = log.state.domain("a.example", log.at)
    assert holder is not None
    assert holder.id == bobs
    assert log.state.find(TODO).domains == (Domain("a.example"),)


def test_a_proof_is_prolonged_before_it_expires_and_bounded() -> None:
    log, _ = claimed()
    log.add(proved(log, DAY)).later(DAY // 2)
    assert log.refuses(proved(log, DAY)) is ErrorCode.BAD_REQUEST
    assert log.refuses(proved(log, log.at + 30 * DAY + 1)) is ErrorCode.BAD_REQUEST
    log.add(proved(log, 2 * DAY)).later(DAY)
    assert log.refuses(lapsed(log)) is ErrorCode.CONFLICT
    assert list(log.state.proofs()) == [("a.example", TODO, 2 * DAY)]


@pytest.mark.parametrize("end", [UnlinkDomain(domain="a.example"), Archive()])
def test_a_proof_ends_with_its_claim(end: Command) -> None:
    log, bobs = claimed()
    log.add(proved(log, DAY)).give(end)
    assert log.state.domain("a.example", log.at) is None
    log.add(proved(log, DAY, app=bobs))


def test_only_what_is_claimed_can_be_proved() -> None:
    log = Log()
    assert log.refuses(proved(log, DAY)) is ErrorCode.NOT_FOUND
    assert log.refuses(lapsed(log)) is ErrorCode.NOT_FOUND
    log.give(LinkDomain(domain="a.example"))
    assert log.refuses(log.entry(LinkDomain(domain="a.example"))) is ErrorCode.CONFLICT
    assert log.refuses(log.entry(UnlinkDomain(domain="b.example"))) is ErrorCode.NOT_FOUND


@pytest.mark.parametrize(
    "domain",
    ["a", "A.example", "a.example.", ".a.example", "1.2.3.4", "a_b.example", "*.a.example", "é.example"],
)
def test_a_domain_is_a_dns_name_in_its_only_form(domain: str) -> None:
    log = Log()
    assert log.refuses(log.entry(LinkDomain(domain=domain))) is ErrorCode.BAD_REQUEST


def test_limits_bind_what_is_asked_for_and_not_what_is_replayed() -> None:
    limits = Limits(
        applications_per_owner=1,
        versions_per_application=1,
        origins_per_application=1,
        domains_per_application=1,
    )
    log = Log().give(DEPLOYS[0]).give(AddAllowedOrigin(origin=PAGE)).give(LinkDomain(domain="a.example"))
    over = (
        created(ALICE, "second", nonce=b"2"),
        log.entry(DEPLOYS[1]),
        log.entry(RollBack(version=1)),
        log.entry(AddAllowedOrigin(origin="http://a:1")),
        log.entry(LinkDomain(domain="b.example")),
    )
    for entry in over:
        with pytest.raises(ProvenError) as refused:
            log.state.check_limits(entry.command, limits)  # type: ignore[union-attr]
        assert refused.value.code is ErrorCode.QUOTA_EXCEEDED
    for fine in (created(BOB, "bobs"), log.entry(Archive()), log.entry(RemoveAllowedOrigin(origin=PAGE))):
        log.state.check_limits(fine.command, limits)  # type: ignore[union-attr]
    log.add(over[0]).add(over[1])


def test_a_gift_uses_up_nothing_of_who_gets_it() -> None:
    log = Log().give(DEPLOYS[0]).give(TransferOwnership(to=BOB.public_key))
    limits = Limits(applications_per_owner=1)
    log.state.check_limits(created(BOB, "bobs").command, limits)
    assert log.state.packages_of(BOB.public_key) == frozenset()
    assert log.state.packages_of(ALICE.public_key) == {DEPLOYS[0].package_id}


def test_the_root_is_that_of_the_log() -> None:
    entries = [created(ALICE, "todo"), created(BOB, "bobs"), created(CAROL, "carols")]
    state, frontier = State(ORIGIN), Frontier()
    for entry in entries:
        assert state.root() == frontier.root()
        for _ in frontier.append(leaf_hash(encode_entry(entry))):
            pass
        state.append(encode_entry(entry))
    assert (state.length, state.root()) == (3, frontier.root())


def test_a_history_lists_the_entries_of_one_application() -> None:
    log = Log().add(created(BOB, "bobs")).give(DEPLOYS[0])
    assert log.state.history(TODO) == (0, 2)


def damaged(snapshot: bytes) -> bytes:
    return snapshot[:-1] + bytes([snapshot[-1] ^ 1])


def test_a_snapshot_leads_to_the_same_state() -> None:
    log = busy(GUARDED).give(DEPLOYS[3])
    again = State.restore(log.state.snapshot(), ORIGIN)
    assert (again.length, again.root(), again.snapshot()) == (
        log.state.length,
        log.state.root(),
        log.state.snapshot(),
    )
    log.later(DAY)
    for state in (log.state, again):
        state.append(encode_entry(Activated(at=log.at, application_id=TODO, revision=7)))
    assert again.snapshot() == log.state.snapshot()


@pytest.mark.parametrize(
    "alter", [damaged, lambda raw: raw[:-1], lambda raw: b"", lambda raw: raw[:40], lambda raw: raw + b"\0"]
)
def test_a_snapshot_that_was_altered_is_refused(alter: Callable[[bytes], bytes]) -> None:
    with pytest.raises(ValueError, match="damaged"):
        State.restore(alter(Log().state.snapshot()), ORIGIN)


def test_a_snapshot_of_another_log_is_refused() -> None:
    with pytest.raises(ValueError, match="of the log"):
        State.restore(Log().state.snapshot(), "log.example/other")
