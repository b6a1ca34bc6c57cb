"""The rules of applications hold for every sequence of events."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proven.apps import (
    Archived,
    Created,
    Deployed,
    Event,
    Limits,
    OriginAdded,
    OriginRemoved,
    RolledBack,
    State,
)
from proven.apps._events import decode, encode
from proven.wire import cbor
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId, application_id

ALICE, BOB = b"A" * 32, b"B" * 32
NONCE = b"nonce"
PAGE = "https://page.example"


def package(content: object) -> PackageId:
    return PackageId(hashlib.sha256(repr(content).encode()).hexdigest())


def created(owner: bytes = ALICE, name: str = "todo", nonce: bytes = NONCE, at: int = 0) -> Created:
    return Created(application_id=application_id(owner, nonce), by=owner, at=at, name=name, nonce=nonce)


TODO = created().application_id


def deployed(
    expected_version: int,
    content: object = None,
    *,
    by: bytes = ALICE,
    app: ApplicationId = TODO,
    at: int = 0,
) -> Deployed:
    package_id = package(expected_version if content is None else content)
    return Deployed(
        application_id=app, by=by, at=at, package_id=package_id, expected_version=expected_version
    )


def rolled_back(to_version: int, expected_version: int, *, by: bytes = ALICE, at: int = 0) -> RolledBack:
    return RolledBack(
        application_id=TODO, by=by, at=at, to_version=to_version, expected_version=expected_version
    )


def archived(expected_version: int, *, by: bytes = ALICE, at: int = 0) -> Archived:
    return Archived(application_id=TODO, by=by, at=at, expected_version=expected_version)


def origin_added(
    expected_version: int, origin: str = PAGE, *, by: bytes = ALICE, app: ApplicationId = TODO, at: int = 0
) -> OriginAdded:
    return OriginAdded(application_id=app, by=by, at=at, origin=origin, expected_version=expected_version)


def origin_removed(
    expected_version: int, origin: str = PAGE, *, by: bytes = ALICE, at: int = 0
) -> OriginRemoved:
    return OriginRemoved(application_id=TODO, by=by, at=at, origin=origin, expected_version=expected_version)


def state_after(*events: Event) -> State:
    state = State()
    for event in events:
        state.apply(event)
    return state


def refusal(state: State, event: Event) -> ProvenError:
    before = snapshot(state)
    with pytest.raises(ProvenError) as refused:
        state.apply(event)
    assert snapshot(state) == before
    return refused.value


def snapshot(state: State) -> object:
    return (
        state.length,
        [(record, state.versions(record.id)) for record in state.all()],
        [(state.owned_by(owner), state.packages_of(owner)) for owner in (ALICE, BOB)],
        [state.allows_somewhere(origin) for origin in (PAGE, "http://a:1")],
    )


def test_an_application_is_found_by_id_and_by_name() -> None:
    state = state_after(created())
    record = state.find("todo")
    assert record == state.find(TODO)
    assert (record.owner, record.name, record.version, record.package_id) == (ALICE, "todo", 0, None)
    with pytest.raises(ProvenError) as missing:
        state.find("other")
    assert missing.value.code is ErrorCode.NOT_FOUND


def test_versions_count_up_and_the_last_is_present() -> None:
    state = state_after(created(), deployed(0), deployed(1, at=5))
    assert [(version.number, version.package_id) for version in state.versions(TODO)] == [
        (1, package(0)),
        (2, package(1)),
    ]
    assert (state.find(TODO).version, state.find(TODO).package_id) == (2, package(1))


def test_a_rollback_is_a_new_version_with_an_earlier_package() -> None:
    state = state_after(created(), deployed(0), deployed(1), rolled_back(1, 2))
    last = state.versions(TODO)[-1]
    assert (last.number, last.package_id, last.rolled_back_to) == (3, package(0), 1)
    assert state.find(TODO).package_id == package(0)


@pytest.mark.parametrize("to_version", [-1, 0, 2, 3])
def test_a_rollback_goes_to_an_earlier_version_only(to_version: int) -> None:
    state = state_after(created(), deployed(0), deployed(1))
    assert refusal(state, rolled_back(to_version, 2)).code is ErrorCode.NOT_FOUND


@pytest.mark.parametrize(
    "event",
    [
        deployed(1, by=BOB),
        rolled_back(1, 1, by=BOB),
        archived(1, by=BOB),
        origin_added(1, by=BOB),
        origin_removed(1, by=BOB),
    ],
)
def test_only_the_owner_changes_an_application(event: Event) -> None:
    state = state_after(created(), deployed(0))
    assert refusal(state, event).code is ErrorCode.NOT_OWNER


@pytest.mark.parametrize(
    "event",
    [
        deployed(0),
        deployed(2),
        rolled_back(1, 0),
        archived(0),
        archived(2),
        origin_added(0),
        origin_removed(0),
    ],
)
def test_a_change_that_saw_another_version_is_a_conflict(event: Event) -> None:
    state = state_after(created(), deployed(0))
    error = refusal(state, event)
    assert error.code is ErrorCode.CONFLICT
    assert error.details == {"version": 1}


@pytest.mark.parametrize(
    "event", [deployed(1), rolled_back(1, 1), archived(1), origin_added(1), origin_removed(1)]
)
def test_an_archived_application_never_changes(event: Event) -> None:
    state = state_after(created(), deployed(0), archived(1))
    assert refusal(state, event).code is ErrorCode.CONFLICT
    assert state.find("todo").archived


def test_nobody_takes_the_name_of_an_application_even_when_it_is_archived() -> None:
    state = state_after(created())
    assert refusal(state, created(BOB)).code is ErrorCode.CONFLICT
    state.apply(archived(0))
    assert refusal(state, created(BOB)).code is ErrorCode.CONFLICT


def test_an_application_is_created_once() -> None:
    state = state_after(created())
    assert refusal(state, created(name="another")).code is ErrorCode.CONFLICT


def test_an_application_id_belongs_to_its_owner_and_nonce() -> None:
    stolen = Created(application_id=TODO, by=BOB, at=0, name="stolen", nonce=NONCE)
    assert refusal(State(), stolen).code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize("name", ["a", "a1", "my-app", "x" * 40, "9-lives", "abc--d"])
def test_names_that_are_fine(name: str) -> None:
    assert state_after(created(name=name)).find(name).name == name


@pytest.mark.parametrize(
    "name",
    ["", "A", "x" * 41, "-a", "a-", "a_b", "a.b", "a b", "xn--80ak6aa92e", "ab--c", "é", "a\n", "а", TODO],
)
def test_names_that_are_not(name: str) -> None:
    assert refusal(State(), created(name=name)).code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize(("owner", "nonce"), [(b"short", NONCE), (ALICE, bytes(65))])
def test_owners_and_nonces_have_their_sizes(owner: bytes, nonce: bytes) -> None:
    assert refusal(State(), created(owner, nonce=nonce)).code is ErrorCode.BAD_REQUEST


def test_a_package_id_is_a_hash() -> None:
    event = Deployed(application_id=TODO, by=ALICE, at=0, package_id=PackageId("../x"), expected_version=0)
    assert refusal(state_after(created()), event).code is ErrorCode.BAD_REQUEST


def test_origins_are_allowed_until_they_are_removed_and_make_no_version() -> None:
    state = state_after(created(), deployed(0), origin_added(1, at=3), origin_added(1, "http://a:1", at=4))
    record = state.find(TODO)
    assert (record.origins, record.version, record.changed_at) == ((PAGE, "http://a:1"), 1, 4)
    state.apply(origin_removed(1, at=5))
    assert state.find(TODO).origins == ("http://a:1",)
    assert refusal(state, origin_removed(1, at=5)).code is ErrorCode.NOT_FOUND
    assert refusal(state, origin_added(1, "http://a:1", at=5)).code is ErrorCode.CONFLICT
    state.apply(origin_added(1, at=5))
    assert state.find(TODO).origins == ("http://a:1", PAGE)


@pytest.mark.parametrize(
    "origin",
    [
        "",
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
        f"https://{'a.' * 125}example",
    ],
)
def test_an_origin_is_one_origin_in_its_only_form(origin: str) -> None:
    assert refusal(state_after(created()), origin_added(0, origin)).code is ErrorCode.BAD_REQUEST


def test_an_origin_is_allowed_somewhere_while_any_living_application_allows_it() -> None:
    bobs = created(BOB, name="bobs")
    state = state_after(created(), bobs, origin_added(0), origin_added(0, by=BOB, app=bobs.application_id))
    state.apply(origin_removed(0))
    assert state.allows_somewhere(PAGE)
    state.apply(Archived(application_id=bobs.application_id, by=BOB, at=0, expected_version=0))
    assert not state.allows_somewhere(PAGE)


def test_time_does_not_run_backwards() -> None:
    state = state_after(created(at=10))
    assert refusal(state, deployed(0, at=9)).code is ErrorCode.BAD_REQUEST
    state.apply(deployed(0, at=10))


def test_limits_bind_what_is_asked_for_and_not_what_is_replayed() -> None:
    limits = Limits(applications_per_owner=1, versions_per_application=1, origins_per_application=1)
    state = state_after(created(), deployed(0), origin_added(1))
    events = (
        created(name="second", nonce=b"2"),
        deployed(1),
        rolled_back(1, 1),
        origin_added(1, "http://a:1"),
    )
    for event in events:
        with pytest.raises(ProvenError) as refused:
            state.check_limits(event, limits)
        assert refused.value.code is ErrorCode.QUOTA_EXCEEDED
    state.check_limits(created(BOB, name="bobs"), limits)
    state.check_limits(archived(1), limits)
    state.check_limits(origin_removed(1), limits)
    state.apply(origin_added(1, "http://a:1"))
    state.apply(created(name="second", nonce=b"2"))


def test_packages_are_counted_for_the_owner_once() -> None:
    state = state_after(created(), deployed(0, "same"), deployed(1, "same"), deployed(2, "other"))
    assert state.packages_of(ALICE) == {package("same"), package("other")}
    assert state.packages_of(BOB) == frozenset()


def events() -> st.SearchStrategy[Event]:
    """Events that are often possible and often not."""
    owners = st.sampled_from([ALICE, BOB])
    nonces = st.sampled_from([b"1", b"2"])
    times = st.integers(0, 3)
    versions = st.integers(0, 4)
    ids = st.builds(application_id, owners, nonces)
    names = st.sampled_from(["one", "two", "-bad"])
    origins = st.sampled_from([PAGE, "http://a:1", "https://Not.canonical"])

    def create(owner: bytes, name: str, nonce: bytes, at: int) -> Event:
        return created(owner, name, nonce, at)

    return st.one_of(
        st.builds(create, owners, names, nonces, times),
        st.builds(
            Deployed,
            application_id=ids,
            by=owners,
            at=times,
            package_id=st.sampled_from([package(1), package(2)]),
            expected_version=versions,
        ),
        st.builds(
            RolledBack,
            application_id=ids,
            by=owners,
            at=times,
            to_version=versions,
            expected_version=versions,
        ),
        st.builds(Archived, application_id=ids, by=owners, at=times, expected_version=versions),
        st.builds(
            OriginAdded,
            application_id=ids,
            by=owners,
            at=times,
            origin=origins,
            expected_version=versions,
        ),
        st.builds(
            OriginRemoved,
            application_id=ids,
            by=owners,
            at=times,
            origin=origins,
            expected_version=versions,
        ),
    )


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(events(), max_size=60))
def test_any_sequence_of_events_keeps_the_rules_and_any_prefix_replays_to_the_same_state(
    attempts: list[Event],
) -> None:
    state = State()
    accepted: list[bytes] = []
    history: list[object] = []
    for event in attempts:
        before = snapshot(state)
        try:
            state.apply(event)
        except ProvenError:
            assert snapshot(state) == before
        else:
            accepted.append(encode(event))
            history.append(snapshot(state))
        check_rules(state)
    replayed = State()
    for record, expected in zip(accepted, history, strict=True):
        replayed.apply(decode(record))
        assert snapshot(replayed) == expected


def check_rules(state: State) -> None:
    records = list(state.all())
    assert len({record.name for record in records}) == len(records)
    allowed = {origin for record in records if not record.archived for origin in record.origins}
    assert {each for each in (PAGE, "http://a:1") if state.allows_somewhere(each)} == allowed
    for record in records:
        versions = state.versions(record.id)
        assert len(set(record.origins)) == len(record.origins)
        assert set(record.origins) <= {PAGE, "http://a:1"}
        assert [version.number for version in versions] == list(range(1, record.version + 1))
        assert record.package_id == (versions[-1].package_id if versions else None)
        assert {version.by for version in versions} <= {record.owner}
        assert [version.at for version in versions] == sorted(version.at for version in versions)
        for version in versions:
            if version.rolled_back_to is not None:
                assert version.rolled_back_to < version.number
                assert version.package_id == versions[version.rolled_back_to - 1].package_id


@pytest.mark.parametrize(
    "event", [created(), deployed(3), rolled_back(1, 2), archived(1), origin_added(1), origin_removed(1)]
)
def test_events_are_written_in_one_way_and_read_back(event: Event) -> None:
    record = encode(event)
    assert decode(record) == event
    assert encode(decode(record)) == record


@pytest.mark.parametrize(
    "item",
    [
        None,
        [],
        ["other/v1", {}],
        ["proven/application-event/v1", {"type": "unknown"}],
        ["proven/application-event/v1", {"type": "archived", "application_id": TODO, "by": ALICE, "at": 0}],
        [
            "proven/application-event/v1",
            {
                "type": "archived",
                "application_id": TODO,
                "by": ALICE,
                "at": 0,
                "expected_version": 0,
                "more": 1,
            },
        ],
        [
            "proven/application-event/v1",
            {"type": "archived", "application_id": TODO, "by": "text", "at": 0, "expected_version": 0},
        ],
    ],
)
def test_anything_else_in_the_log_is_refused(item: object) -> None:
    with pytest.raises(ProvenError) as refused:
        decode(cbor.encode(item))
    assert refused.value.code is ErrorCode.UNAVAILABLE
