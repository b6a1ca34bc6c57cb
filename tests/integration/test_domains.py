"""A domain that an application proved is that application, for requests and for pages, while it is proved."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from proven.apps import Application
from proven.client import connect
from proven.domains import DomainsConfig
from proven.packages import build
from proven.wire.applications import LinkDomain, OwnerKey, UnlinkDomain
from proven.wire.domain_records import record_name, record_value
from proven.wire.errors import ErrorCode, ProvenError
from support.name_servers import Zone, plain_server
from support.node import Node, running_node
from unit.gateway.raw_http import connect as connect_raw

DOMAIN = "todo.example"
IDN = "xn--bcher-kva.example"
SOURCE = """
import { run, runOnHttp } from '@proven-network/handler';
export const say = run(() => 'hello');
export const route = runOnHttp({ path: '/route', method: 'GET' }, () => new Response('route', {
  headers: { 'set-cookie': 'a=1; Domain=example; Path=/' } }));
export const page = runOnHttp({ path: '/session', method: 'POST' }, () => new Response('mine'));
"""


@dataclass
class World:
    """A node that asks the name server of `zone`, with an app and the key of its owner."""

    node: Node
    zone: Zone
    app: Application
    owner: OwnerKey

    async def give(self, command: LinkDomain | UnlinkDomain) -> None:
        await self.node.local._applications.submit_as(self.owner, self.app.id, command)

    def publish(self, domain: str = DOMAIN) -> None:
        origin = self.node.local._applications.origin
        self.zone.records[record_name(domain)] = [record_value(self.app.id, origin)]

    async def prove(self, domain: str = DOMAIN) -> None:
        self.publish(domain)
        await self.give(LinkDomain(domain=domain))
        await until(lambda: self.holds(domain))

    def holds(self, domain: str = DOMAIN) -> bool:
        try:
            return self.node.local._applications.by_domain(domain).id == self.app.id
        except ProvenError:
            return False

    def pass_time(self, seconds: float) -> None:
        """Set the clock by which proofs hold ahead."""
        self.node.local._applications._clock = lambda: time.time() + seconds

    async def get(self, path: str, host: str, method: str = "GET") -> tuple[int, bytes]:
        """What a request for a Host is answered with, the Host as it is."""
        async with connect_raw(self.node.local._address[1]) as peer:
            request = f"{method} {path} HTTP/1.1\r\nContent-Length: 0\r\nHost: ".encode()
            answer = await peer.ask(request + host.encode("latin-1") + b"\r\nConnection: close\r\n\r\n")
        return answer.status, answer.body

    async def page_may(self, origin: str) -> bool:
        try:
            client = await connect(
                self.node.url, application=self.app.id, verifier=self.node.verifier, origin=origin
            )
        except ProvenError as error:
            if error.code is not ErrorCode.ORIGIN_DENIED:
                raise
            return False
        async with client:
            return await client.call("src/app.ts#say") == "hello"


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.01)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    folder = tmp_path / "app"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "app.ts").write_text(SOURCE)
    (folder / "package.json").write_text('{"proven": {"assets": "dist"}}')
    (folder / "dist").mkdir()
    (folder / "dist" / "index.html").write_text("<title>front</title>")
    zone = Zone()
    async with plain_server(zone) as address:
        domains = DomainsConfig(plain_resolver=address, first_retry=0.2, timeout=60)
        async with running_node(tmp_path / "data", domains=domains) as node:
            app = await node.local.deploy(build(folder), name="todo")
            yield World(node, zone, app, node.local._owner)


async def test_a_domain_leads_to_its_application_once_it_is_proved(world: World) -> None:
    assert (await world.get("/route", DOMAIN))[0] == 404
    await world.give(LinkDomain(domain=DOMAIN))
    await until(lambda: len(world.zone.asked) > 1)
    assert (await world.get("/route", DOMAIN))[0] == 404
    world.publish()
    await until(world.holds)
    assert await world.get("/route", DOMAIN) == (200, b"route")
    assert await world.get("/", DOMAIN) == (200, b"<title>front</title>")
    assert await world.get("/session", DOMAIN, "POST") == (200, b"mine")
    assert (await world.get("/explorer/", DOMAIN))[0] == 404
    assert (await world.get("/console/", DOMAIN))[0] == 404
    assert (await world.get(f"/app/{world.app.id}", DOMAIN))[0] == 404
    assert (await world.get("/.well-known/proven/health", DOMAIN))[0] == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("todo.example", 200),
        ("TODO.Example", 200),
        ("todo.example.", 200),
        ("todo.example:8443", 200),
        ("todo.example.:80", 200),
        ("todo.example..", 404),
        ("a.todo.example", 404),
        ("todo.example.evil.example", 404),
        ("evil.example", 404),
        ("todo.example:80@evil.example", 400),
        ("todo.example, evil.example", 400),
        ("todo.example\t", 200),
        ("todo\u00adexample", 400),
        ("t\u00f6do.example", 400),
        ("[todo.example]", 400),
    ],
)
async def test_a_host_is_the_proved_name_and_no_other(world: World, host: str, status: int) -> None:
    await world.prove()
    assert (await world.get("/route", host))[0] == status


async def test_an_international_name_is_known_by_its_ascii_form(world: World) -> None:
    await world.prove(IDN)
    assert await world.get("/route", IDN) == (200, b"route")
    assert (await world.get("/route", "b\u00fccher.example"))[0] == 400


async def test_pages_of_a_proved_domain_may_use_the_application_and_no_other(world: World) -> None:
    port = world.node.local._address[1]
    origins = [f"https://{DOMAIN}", f"http://{DOMAIN}", f"http://{DOMAIN}:{port}"]
    for origin in origins:
        assert not await world.page_may(origin)
    await world.prove()
    for origin in origins:
        assert await world.page_may(origin)
    for origin in (f"https://a.{DOMAIN}", f"https://{DOMAIN}:1", "https://evil.example"):
        assert not await world.page_may(origin)
    other = await world.node.deploy("attacker")
    with pytest.raises(ProvenError) as denied:
        await connect(
            world.node.url, application=other.id, verifier=world.node.verifier, origin=f"https://{DOMAIN}"
        )
    assert denied.value.code is ErrorCode.ORIGIN_DENIED
    async with aiohttp.ClientSession() as http, http.get(f"{world.node.url}/sign-in/todo") as page:
        assert f"https://{DOMAIN} " in page.headers["content-security-policy"]


@pytest.mark.parametrize("domain", ["todo.localhost", "a.b.localhost"])
async def test_names_of_the_node_are_nobodys(world: World, domain: str) -> None:
    world.publish(domain)
    with pytest.raises(ProvenError) as refused:
        await world.give(LinkDomain(domain=domain))
    assert refused.value.code is ErrorCode.FORBIDDEN
    assert world.zone.asked == []


async def test_an_expired_proof_leads_nowhere_at_once(world: World) -> None:
    await world.prove()
    world.zone.up.clear()
    world.pass_time(DomainsConfig().proof_lifetime - 60)
    assert await world.get("/route", DOMAIN) == (200, b"route")
    world.pass_time(DomainsConfig().proof_lifetime)
    assert (await world.get("/route", DOMAIN))[0] == 404
    assert not await world.page_may(f"https://{DOMAIN}")


async def test_an_open_page_of_an_expired_domain_goes_no_further(world: World) -> None:
    await world.prove()
    client = await connect(
        world.node.url, application=world.app.id, verifier=world.node.verifier, origin=f"https://{DOMAIN}"
    )
    async with client:
        assert await client.call("src/app.ts#say") == "hello"
        world.zone.up.clear()
        world.pass_time(DomainsConfig().proof_lifetime)

        async def go_on() -> None:
            while True:
                await client.call("src/app.ts#say")

        with pytest.raises(ProvenError):
            await asyncio.wait_for(go_on(), 60)


async def test_a_domain_that_was_given_up_leads_nowhere_at_once(world: World) -> None:
    await world.prove()
    await world.give(UnlinkDomain(domain=DOMAIN))
    assert (await world.get("/route", DOMAIN))[0] == 404


async def test_cookies_for_a_domain_above_are_for_the_domain_alone(world: World) -> None:
    await world.prove()
    headers = {"host": DOMAIN}
    async with aiohttp.ClientSession() as http, http.get(f"{world.node.url}/route", headers=headers) as got:
        assert "Domain" not in got.headers["set-cookie"]


async def shown(world: World) -> dict[str, Any]:
    url = f"{world.node.url}/explorer/applications/todo.json"
    async with aiohttp.ClientSession() as http, http.get(url) as page:
        assert page.status == 200
        (domain,) = (await page.json())["domains"]
        return dict(domain)


async def test_the_explorer_says_how_it_is_with_a_domain(world: World) -> None:
    await world.give(LinkDomain(domain=DOMAIN))
    await until(lambda: bool(world.zone.asked))
    async with asyncio.timeout(60):
        while (claimed := await shown(world))["failure"] is None:
            await asyncio.sleep(0.01)
    assert claimed["state"] == "claimed"
    assert claimed["failure"]["code"] == "no_record"
    assert claimed["record_name"] == record_name(DOMAIN)
    world.zone.records[claimed["record_name"]] = [claimed["record_value"]]
    await until(world.holds)
    async with asyncio.timeout(60):
        while (proved := await shown(world))["failure"] is not None:
            await asyncio.sleep(0.01)
    assert proved["state"] == "proved"
    assert proved["proved_until"] > time.time() * 1000
    url = f"{world.node.url}/explorer/applications/todo"
    async with aiohttp.ClientSession() as http, http.get(url) as page:
        assert "proved until" in await page.text()
