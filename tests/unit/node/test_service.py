from __future__ import annotations

import asyncio

import pytest

from proven.node.service import Service, running, unhealthy
from proven.wire.errors import ProvenError


def recorder(log: list[str], name: str, *, failing: str = "") -> Service:
    async def step(verb: str) -> None:
        log.append(f"{verb} {name}")
        if verb == failing:
            raise RuntimeError(f"{name} cannot {verb}")

    return Service(name, lambda: step("start"), lambda: step("stop"), lambda: step("check"))


async def test_services_start_in_order_and_stop_in_reverse() -> None:
    log: list[str] = []
    async with running([recorder(log, "a"), recorder(log, "b")]):
        log.append("running")
    assert log == ["start a", "start b", "running", "stop b", "stop a"]


async def test_a_failed_start_stops_what_had_started_and_is_raised() -> None:
    log: list[str] = []
    with pytest.raises(RuntimeError, match="b cannot start"):
        async with running([recorder(log, "a"), recorder(log, "b", failing="start"), recorder(log, "c")]):
            pass
    assert log == ["start a", "start b", "stop a"]


async def test_a_failed_stop_does_not_keep_the_others_from_stopping() -> None:
    log: list[str] = []
    async with running([recorder(log, "a"), recorder(log, "b", failing="stop")]):
        pass
    assert log[-2:] == ["stop b", "stop a"]


async def test_a_start_that_hangs_is_given_up_at_its_deadline() -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    with pytest.raises(ProvenError, match="slow did not start"):
        async with running([Service("slow", forever, forever, deadline=0.01)]):
            pass


async def test_health_names_the_services_that_fail_and_why() -> None:
    log: list[str] = []
    reasons = await unhealthy([recorder(log, "a"), recorder(log, "b", failing="check")])
    assert reasons == {"b": "RuntimeError: b cannot check"}
