"""Attacks on people by the pages of a hostile application, in a real browser against a whole node."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect

from integration.gateway_node import running_node as gateway_node
from proven.apps import Application
from proven.client import Client, connect
from proven.gateway import GatewayConfig
from proven.gateway.limits import RpcLimits
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import owner_key
from support.browser import add_authenticator, open_browser
from support.node import Node, running_node
from support.person import world as people
from support.sdk_page import DIST

SOURCE = """
import { run, runOnHttp } from '@proven-network/handler';
export const nothing = run(() => null);
export const bomb = runOnHttp({ path: '/bomb', method: 'GET' }, () => {
  const headers = new Headers();
  for (let i = 0; i < 12; i++) headers.append('set-cookie', `c${i}=${'x'.repeat(4000)}; Path=/; Max-Age=99`);
  return new Response('', { headers });
});
"""
PAGE = """<!doctype html><title>A hostile page</title><body><script type="module">
import { ProvenSDK } from './sdk/index.js';
globalThis.outcome = async (promise) => {
  try { return {value: await promise}; } catch ({code, message}) { return {code, message}; }
};
globalThis.ProvenSDK = ProvenSDK;
document.documentElement.dataset.ready = '';
</script>"""
EMBED = """([gateway, application, transcript]) => new Promise((resolve) => {
  const frame = document.createElement('iframe');
  frame.allow = 'publickey-credentials-get *; publickey-credentials-create *';
  addEventListener('message', ({source, data}) => {
    if (source !== frame.contentWindow || data.proven !== 'sign-in') return;
    const {port1, port2} = new MessageChannel();
    port1.onmessage = () => resolve('answered');
    port1.postMessage({id: 1, type: 'identify', transcript: new Uint8Array(32)});
    frame.contentWindow.postMessage({proven: 'sign-in', version: 1, application}, '*', [port2]);
    resolve('greeted');
  });
  frame.src = `${gateway}/sign-in/${application}`;
  document.body.append(frame);
})"""


@dataclass(frozen=True, slots=True)
class World:
    """`mallory` is the application whose pages attack the people of `victim`, on one development node."""

    node: Node
    victim: Application
    context: BrowserContext

    @property
    def port(self) -> str:
        return str(self.node.url).rpartition(":")[2]

    @property
    def gateway(self) -> str:
        return f"http://localhost:{self.port}"

    async def page_of(self, name: str) -> Page:
        page = await self.context.new_page()
        await page.goto(f"http://{name}.localhost:{self.port}/")
        await page.wait_for_selector("html[data-ready]", state="attached")
        return page


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    folder = tmp_path / "mallory"
    (folder / "src").mkdir(parents=True)
    package = {"name": "mallory", "version": "1.0.0", "proven": {"assets": "web"}}
    (folder / "package.json").write_text(json.dumps(package))
    (folder / "src" / "app.ts").write_text(SOURCE)
    shutil.copytree(DIST, folder / "web" / "sdk")
    (folder / "web" / "index.html").write_text(PAGE)
    async with running_node(tmp_path / "node") as node, open_browser() as browser:
        await node.deploy(folder, name="mallory")
        victim = await node.deploy(folder, name="victim")
        yield World(node, victim, await browser.new_context())


async def _sign_in(world: World, page: Page) -> None:
    options = {"application": world.victim.id, "gateway": world.gateway, "policy": {"development": True}}
    script = (
        "(options) => { globalThis.sdk = new ProvenSDK(options); globalThis.done = outcome(sdk.signIn()) }"
    )
    await page.evaluate(script, options)


async def test_a_page_of_one_application_is_not_let_into_another(world: World) -> None:
    page = await world.page_of("mallory")
    await _sign_in(world, page)
    assert "value" not in await page.evaluate("done")
    session = f"{world.gateway}/app/{world.victim.id}/session"
    refused = await world.context.request.post(session, headers={"origin": page.url.rstrip("/")}, data=b"")
    assert (await refused.json())["code"] == "ORIGIN_DENIED"


async def test_the_frame_of_one_application_closes_to_a_page_of_another(world: World) -> None:
    page = await world.page_of("mallory")
    asked: list[Any] = [world.gateway, world.victim.id]
    assert await page.evaluate(EMBED, asked) == "greeted"
    heading = page.frame_locator("iframe").get_by_role("heading")
    await expect(heading).to_have_text("This form has closed")


async def _create_account(world: World, page: Page) -> str:
    """Who the person is to the application."""
    await add_authenticator(page)
    await _sign_in(world, page)
    frame = page.frame_locator("dialog iframe")
    await frame.get_by_role("button", name="Create an account").click()
    click = asyncio.create_task(frame.get_by_role("button", name="Not now").click())
    outcome = await page.evaluate("done")
    click.cancel()
    await asyncio.gather(click, return_exceptions=True)
    return str(outcome["value"]["identity"])


async def _use(world: World, page: Page) -> str | None:
    """Make the page's SDK; who its sessions act as."""
    options = {"application": world.victim.id, "gateway": world.gateway, "policy": {"development": True}}
    script = "(options) => { globalThis.sdk = new ProvenSDK(options); return sdk.whoAmI() }"
    identity: str | None = (await page.evaluate(script, options))["identity"]
    return identity


async def test_an_application_signs_people_in_on_its_own_host(world: World) -> None:
    page = await world.page_of("victim")
    assert await _create_account(world, page) == (await page.evaluate("sdk.whoAmI()"))["identity"]


async def test_who_signs_out_in_one_tab_is_signed_out_in_all_and_comes_back_in_none(world: World) -> None:
    page = await world.page_of("victim")
    identity = await _create_account(world, page)
    other = await world.page_of("victim")
    assert await _use(world, other) == identity
    await page.evaluate("sdk.signOut()")
    await other.wait_for_function("sdk.authState.value === 'anonymous'")
    world.node.local._sessions.revoke_all()
    await other.wait_for_function("sdk.connectionState.value !== 'connected'")
    assert (await other.evaluate("sdk.whoAmI()"))["identity"] is None
    await page.reload()
    await page.wait_for_selector("html[data-ready]", state="attached")
    assert await _use(world, page) is None


async def test_a_session_lost_while_somebody_signs_in_leaves_nobody_who_seems_signed_in(world: World) -> None:
    page = await world.page_of("victim")
    await page.evaluate(
        """() => {
          const open = indexedDB.open.bind(indexedDB);
          globalThis.held = [];
          indexedDB.open = (...asked) => {
            const request = open(...asked);
            if (!globalThis.holding) return request;
            let handler;
            Object.defineProperty(request, 'onsuccess', { set: (value) => handler = value });
            request.addEventListener('success', (event) => held.push(() => handler(event)));
            return request;
          };
        }"""
    )
    signing = asyncio.create_task(_create_account(world, page))
    await page.wait_for_function("globalThis.sdk?.authState.value === 'signing-in'")
    await page.evaluate("holding = true")
    await page.wait_for_function("held.length > 0")
    world.node.local._sessions.revoke_all()
    await page.wait_for_function("sdk.connectionState.value !== 'connected'")
    called = await page.evaluate("outcome(sdk.whoAmI().then(({identity}) => identity))")
    await page.evaluate("holding = false; held.splice(0).forEach((proceed) => proceed())")
    identity = await signing
    assert called != {"value": identity}
    again = await page.evaluate("outcome(sdk.whoAmI().then(({identity}) => identity))")
    seen = await page.evaluate("sdk.userInfo.value?.identity ?? null")
    assert again.get("value") == seen or "code" in again


async def test_cookies_of_an_application_keep_nobody_from_the_sign_in_page(world: World) -> None:
    page = await world.context.new_page()
    await page.goto(f"{world.gateway}/app/mallory/http/bomb")
    assert len(await world.context.cookies()) == 12
    for path in ("/sign-in/victim", "/app/victim", "/"):
        answer = await page.goto(f"{world.gateway}{path}")
        assert answer is not None
        assert answer.status == 200


async def test_a_page_whose_origin_was_removed_loses_the_connection_that_it_has(tmp_path: Path) -> None:
    page = "https://soon.gone.example"
    config = GatewayConfig(push_console=True, rpc=RpcLimits(origin_check=0.05))
    async with gateway_node(tmp_path, config) as node:
        owner = owner_key(node.owner)
        await node.applications.add_origin(owner, node.application.id, page)
        async with await connect(
            node.url, application="gate", verifier=node.verifier, origin=page, timeout=60
        ) as client:
            assert await client.call("src/app.ts#add", 1, 2) == 3
            await node.applications.remove_origin(owner, node.application.id, page)
            async with asyncio.timeout(60):
                ended = await _first_refusal(client)
        assert ended in (ErrorCode.SESSION_CLOSED, ErrorCode.ORIGIN_DENIED, ErrorCode.UNAVAILABLE)


async def _first_refusal(client: Client) -> ErrorCode:
    while True:
        try:
            await client.call("src/app.ts#add", 1, 2)
        except ProvenError as refused:
            return refused.code


async def test_no_log_line_and_no_file_of_the_node_has_a_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    async with open_browser() as browser, people(tmp_path, browser) as world:
        person = await world.person(host="localhost")
        await person.watch_secrets()
        await person.create(write_down=True)
        await person.sign_in()
        found = await person.secrets()
    secrets = [bytes.fromhex(each) for each in found["outputs"]]
    secrets.append(" ".join(person.phrase[:3]).encode())
    for sealed in map(bytes.fromhex, found["sealed"]):
        for field, size in (b"signature", 64), (b"wrapped_seed", 61):
            _, named, rest = sealed.partition(field)
            secrets += [rest[2 : 2 + size]] * bool(named)
    assert len(secrets) >= 7
    text = "\n".join(repr(record.__dict__) + record.getMessage() for record in caplog.records)
    assert "passkey used" in text
    files = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    for secret in secrets:
        written = (secret.hex(), repr(secret)[2:-1], base64.b64encode(secret).decode().rstrip("="))
        assert not any(form in text for form in written)
        assert secret not in files
