"""What is one person's is nobody else's, however their calls are interleaved."""

from __future__ import annotations

import asyncio
import random

import pytest

from proven.apps import Application
from proven.wire import values
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import new_seed
from support.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

PEOPLE = 5
CALLS = 200


async def test_what_one_remembers_nobody_else_recalls(node: Node, application: Application) -> None:
    seeds = [new_seed() for _ in range(3)]
    people = [await node.connect(application, identity=seed) for seed in seeds]
    for number, person in enumerate(people):
        await person.call("remember", f"secret {number}")
    for number, person in enumerate(people):
        own = [f"secret {number}"]
        identity = (await person.whoami()).identity
        assert await person.call("recall") == {
            "identity": identity,
            "entries": own,
            "rows": own,
            "files": own,
        }
    stranger = await node.connect(application, identity=new_seed())
    found = await stranger.call("recall")
    assert isinstance(found, dict)
    assert (found["entries"], found["rows"], found["files"]) == ([], [], [])
    await stranger.identify(seeds[0])
    assert (await stranger.call("recall"))["entries"] == ["secret 0"]


async def test_nobody_has_no_personal_data(node: Node, application: Application) -> None:
    anonymous = await node.connect(application)
    assert await anonymous.call("whoAmI") is values.UNDEFINED
    for handler in ("remember", "recall"):
        with pytest.raises(ProvenError) as refused:
            await anonymous.call(handler, "x")
        assert refused.value.code is ErrorCode.NO_IDENTITY
    await anonymous.identify(new_seed())
    await anonymous.call("remember", "mine")
    await anonymous.anonymize()
    with pytest.raises(ProvenError):
        await anonymous.call("recall")


async def test_the_same_person_has_other_data_in_another_application(
    node: Node, application: Application
) -> None:
    seed = new_seed()
    other = await node.deploy("people", name="other-people")
    here, there = [await node.connect(each, identity=seed) for each in (application, other)]
    await here.call("remember", "here")
    assert (await there.call("recall"))["entries"] == []
    assert (await here.whoami()).identity != (await there.whoami()).identity


async def test_interleaved_calls_never_change_whose_they_are(node: Node, application: Application) -> None:
    people = [await node.connect(application, identity=new_seed()) for _ in range(PEOPLE)]
    identities = [(await person.whoami()).identity for person in people]
    assert len(set(identities)) == PEOPLE
    chance = random.Random(11)

    async def call(number: int) -> None:
        index = chance.randrange(PEOPLE)
        person, identity = people[index], identities[index]
        wandered = await person.call("wander", number)
        assert isinstance(wandered, dict)
        assert set(wandered["seen"]) == {identity}
        assert len(wandered["seen"]) >= 10
        assert wandered["stored"] == identity
        assert set(wandered["all"]) == {identity}

    async with asyncio.timeout(60):
        for start in range(0, CALLS, 40):
            await asyncio.gather(*(call(number) for number in range(start, start + 40)))
    for person, identity in zip(people, identities, strict=True):
        found = await person.call("recall")
        assert isinstance(found, dict)
        assert set(found["entries"]) <= {identity}
        assert set(found["rows"]) <= {identity}


async def test_one_connection_may_change_whom_it_acts_for_between_calls_and_not_within(
    node: Node, application: Application
) -> None:
    client = await node.connect(application)
    first = await client.identify(new_seed())
    wandering = [asyncio.create_task(client.call("wander", number)) for number in range(10)]
    await asyncio.sleep(0)
    second = await client.identify(new_seed())
    for wandered in await asyncio.gather(*wandering):
        assert isinstance(wandered, dict)
        assert len(set(wandered["seen"])) == 1
        assert wandered["seen"][0] in (first, second)
        assert wandered["stored"] == wandered["seen"][0]


async def test_what_an_ended_call_left_behind_runs_for_nobody(node: Node, application: Application) -> None:
    """Its promises and timers stop; its functions, called by another, are the other's."""
    alice, bob = [await node.connect(application, identity=new_seed()) for _ in range(2)]
    await alice.call("remember", "of Alice")
    await bob.call("remember", "of Bob")
    await alice.call("leak")
    outcome = await bob.call("useLeaks")
    assert isinstance(outcome, dict)
    assert outcome["whoAmI"] == (await bob.whoami()).identity
    assert outcome["read"] == "of Bob"
    assert outcome["promised"] in ("refused", "never")
    assert all(report.endswith(": refused") for report in outcome["reports"])
    assert len(outcome["reports"]) == 4
    assert (await alice.call("recall"))["entries"] == ["of Alice"]
    assert (await bob.call("recall"))["entries"] == ["of Bob"]
