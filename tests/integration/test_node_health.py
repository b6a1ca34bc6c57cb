"""A node that is up but does not work says so where operators and load balancers ask."""

from __future__ import annotations

from pathlib import Path

import aiohttp

from proven.gateway import health
from proven.gateway.health import Health
from support.node import running_node


async def test_a_node_names_the_services_that_do_not_work(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node, aiohttp.ClientSession() as http:
        url = f"{node.url}/.well-known/proven/health"
        async with http.get(url) as response:
            assert (response.status, await response.json()) == (200, {"status": "ok"})
        assert node.local._sweeping is not None
        node.local._sweeping.cancel()
        await node.local._engine.stop()  # the applications' log ends with it
        node.local._gateway._health_of_services._good_until = 0.0
        async with http.get(url) as response:
            assert response.status == 503
            found = await response.json()
            assert found.keys() == {"status", "services"}
            assert found["status"] == "unavailable"
            assert {"applications", "sessions"} <= set(found["services"])
            assert not {"storage", "runtime", "gateway"} & set(found["services"])
            assert response.headers["cache-control"] == "no-store"


async def test_services_are_asked_again_only_when_the_last_finding_is_old() -> None:
    now, asked, failing = 0.0, 0, ["storage"]

    async def check() -> list[str]:
        nonlocal asked
        asked += 1
        return failing

    checked = Health(check, clock=lambda: now)
    for _ in range(3):
        assert (await checked.answer()).status == 503
    assert asked == 1
    now, failing = health.FRESH, []
    assert (await checked.answer()).status == 200
    assert asked == 2
