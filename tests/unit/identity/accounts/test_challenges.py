"""Challenges are random, few, short-lived and used once."""

from __future__ import annotations

import pytest

from proven.identity.accounts.challenges import (
    LIFETIME,
    MAX_CHALLENGES_PER_IDENTITY,
    Asker,
    Challenge,
    Challenges,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, IdentityId
from support.account_linking import APPLICATION, OTHER_APPLICATION, PAGE
from support.clock import Clock


def asker(number: int = 0, application_id: ApplicationId = APPLICATION, origin: str = PAGE) -> Asker:
    return Asker(IdentityId(f"{number:a>32}"), application_id, origin)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def challenges(clock: Clock) -> Challenges:
    return Challenges(clock=clock, max_challenges=20)


def is_out(challenges: Challenges, challenge: Challenge) -> bool:
    try:
        return challenges.take(challenge.value, challenge.asker) is challenge
    except ProvenError as error:
        if error.code is not ErrorCode.UNAUTHENTICATED:
            raise
        return False


def test_each_is_another_and_has_32_bytes(challenges: Challenges) -> None:
    values = {challenges.begin("radix", asker(number), "todo").value for number in range(20)}
    assert {len(value) for value in values} == {32}
    assert len(values) == 20


def test_each_is_taken_once(challenges: Challenges) -> None:
    challenge = challenges.begin("radix", asker(), "todo")
    assert is_out(challenges, challenge)
    assert not is_out(challenges, challenge)
    assert len(challenges) == 0


def test_one_who_did_not_ask_cannot_use_it_up(challenges: Challenges) -> None:
    challenge = challenges.begin("radix", asker(), "todo")
    for other in (asker(1), asker(0, OTHER_APPLICATION), asker(0, origin="https://shop.example")):
        with pytest.raises(ProvenError):
            challenges.take(challenge.value, other)
    assert is_out(challenges, challenge)


def test_each_expires_and_leaves_nothing_behind(challenges: Challenges, clock: Clock) -> None:
    first = challenges.begin("radix", asker(), "todo")
    clock.now += LIFETIME - 1
    second = challenges.begin("radix", asker(), "todo")
    assert len(challenges) == 2
    clock.now += 1
    assert not is_out(challenges, first)
    assert is_out(challenges, second)
    assert len(challenges) == 0
    assert challenges._of == {}


def test_an_identity_has_a_few_and_the_oldest_gives_way(challenges: Challenges) -> None:
    given = [challenges.begin("radix", asker(), "todo") for _ in range(MAX_CHALLENGES_PER_IDENTITY + 1)]
    assert len(challenges) == MAX_CHALLENGES_PER_IDENTITY
    assert not is_out(challenges, given[0])
    assert all(is_out(challenges, challenge) for challenge in given[1:])


def test_a_full_node_gives_out_no_more_and_takes_none_away(challenges: Challenges, clock: Clock) -> None:
    given = [challenges.begin("radix", asker(number), "todo") for number in range(20)]
    with pytest.raises(ProvenError) as error:
        challenges.begin("radix", asker(20), "todo")
    assert error.value.code is ErrorCode.OVERLOADED
    assert error.value.retry_after is not None
    assert is_out(challenges, given[0])
    challenges.begin("radix", asker(20), "todo")
    clock.now += LIFETIME
    assert [challenges.begin("radix", asker(number), "todo") for number in range(20)]


def test_one_source_cannot_use_up_everybodys(clock: Clock) -> None:
    challenges = Challenges(clock=clock, max_challenges=20, max_per_source=5)
    given = [challenges.begin("radix", asker(number), "todo", "192.0.2.1") for number in range(5)]
    with pytest.raises(ProvenError) as error:
        challenges.begin("radix", asker(5), "todo", "192.0.2.1")
    assert error.value.code is ErrorCode.OVERLOADED
    challenges.begin("radix", asker(6), "todo", "192.0.2.2")
    assert is_out(challenges, given[0])
    challenges.begin("radix", asker(5), "todo", "192.0.2.1")
    clock.now += LIFETIME
    challenges._expire()
    assert challenges._of_source == {}


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 65, "{address}", "Ünïcode", 'a"b'])
def test_a_name_that_could_mislead_is_left_out_of_the_message(challenges: Challenges, name: str) -> None:
    wire = challenges.begin("ethereum", asker(), name).to_wire()
    assert wire.message is not None
    assert f"Link this Ethereum account to application {APPLICATION}." in wire.message
