"""The SDK and the sign-in frame together: with a person, and with a frame that is not what it should be."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Locator, Route, expect

from support.browser import add_authenticator
from support.node import Node, running_node
from support.sdk_page import SdkPage, new_page, page_server

SEED: Final = int(os.environ.get("PROVEN_FUZZ_SEED", "20"))
ROUNDS: Final = int(os.environ.get("PROVEN_FUZZ_ROUNDS", "40"))

HOSTILE: Final = """<!doctype html><title>Sign in</title><script>
addEventListener('message', async ({ports: [port]}) => {
  const aesKey = (extractable, name = 'AES-GCM') =>
    crypto.subtle.generateKey({name, length: 256}, extractable, ['encrypt', 'decrypt']);
  const hmacKey = () => crypto.subtle.generateKey({name: 'HMAC', hash: 'SHA-256'}, false, ['sign']);
  port.postMessage(await (async () => (%s))());
});
parent.postMessage({proven: 'sign-in', version: 1}, '*');
</script>"""

IDENTIFIED: Final = {
    "id": "1",
    "type": "'identified'",
    "publicKey": "new Uint8Array(32)",
    "signature": "crypto.getRandomValues(new Uint8Array(64))",
    "encryptionKey": "await aesKey(false)",
}
VALUES: Final = [
    "null",
    "undefined",
    "true",
    "-1",
    "1.5",
    "2 ** 60",
    "5n",
    "'x'.repeat(1 << 20)",
    "[]",
    "({})",
    "new Map()",
    "new Uint8Array(31)",
    "new Uint8Array(1 << 20)",
    "new Int8Array(32)",
    "new ArrayBuffer(32)",
    "await aesKey(true)",
    "await aesKey(false, 'AES-CBC')",
    "await hmacKey()",
    "'done'",
    "'resize'",
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    async with running_node(tmp_path_factory.mktemp("node")) as running:
        await running.deploy("counterpart", name="counterpart")
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def page(context: BrowserContext, node: Node) -> AsyncIterator[SdkPage]:
    async with page_server() as site:
        page = await new_page(context, site, f"http://localhost:{node.url.rpartition(':')[2]}")
        await page.make()
        yield page


async def _outcome_of(page: SdkPage, button: Locator) -> dict[str, Any]:
    """What comes of a click by which the frame goes away; the click itself may not see its own end."""
    click = asyncio.create_task(button.click())
    outcome: dict[str, Any] = await page.run("return signing")
    click.cancel()
    await asyncio.gather(click, return_exceptions=True)
    return outcome


async def _signed_in_by(page: SdkPage, button: Locator) -> dict[str, Any]:
    user: dict[str, Any] = (await _outcome_of(page, button))["value"]
    return user


async def _is_nobody(page: SdkPage) -> None:
    assert (await page.outcome("sdk.whoAmI()"))["value"]["identity"] is None
    assert await page.run("return sdk.authState.value") == "anonymous"
    assert await page.run("return sdk.encryptionKey === null")
    await expect(page.page.locator("dialog")).to_have_count(0)


async def test_a_person_signs_in_through_the_sdk_and_out_again(page: SdkPage) -> None:
    await add_authenticator(page.page)
    await page.run("globalThis.signing = outcome(sdk.signIn())")
    frame = page.page.frame_locator("dialog iframe")
    await frame.get_by_role("button", name="Create an account").click()
    user = await _signed_in_by(page, frame.get_by_role("button", name="Not now"))
    assert (await page.outcome("sdk.whoAmI()"))["value"]["identity"] == user["identity"]
    await page.run("await sdk.signOut()")
    await _is_nobody(page)
    await page.run("globalThis.signing = outcome(sdk.signIn())")
    assert await _signed_in_by(page, frame.get_by_role("button", name="Continue with a passkey")) == user


async def test_closing_the_account_view_ends_it(page: SdkPage) -> None:
    await add_authenticator(page.page)
    await page.run("globalThis.signing = outcome(sdk.manageAccount())")
    frame = page.page.frame_locator("dialog iframe")
    assert (await _outcome_of(page, frame.get_by_role("button", name="Cancel")))["code"] == "CANCELLED"
    await _is_nobody(page)


async def test_a_frame_that_says_what_no_frame_says_signs_nobody_in(page: SdkPage) -> None:
    rng = random.Random(SEED)
    said = [_message(rng) for _ in range(ROUNDS)]
    current = ""

    async def serve(route: Route) -> None:
        await route.fulfill(body=HOSTILE % current, content_type="text/html")

    await page.page.route(f"{page.gateway}/sign-in/*", serve)
    for current in said:
        outcome: dict[str, Any] = await page.outcome("sdk.signIn()")
        assert outcome.get("code") in ("BAD_REQUEST", "UNAUTHENTICATED"), (SEED, current[:500], outcome)
        await _is_nobody(page)


async def test_a_signature_that_is_not_one_for_this_session_signs_nobody_in(page: SdkPage) -> None:
    async def serve(route: Route) -> None:
        await route.fulfill(body=HOSTILE % _object(IDENTIFIED), content_type="text/html")

    await page.page.route(f"{page.gateway}/sign-in/*", serve)
    assert (await page.outcome("sdk.signIn()"))["code"] == "UNAUTHENTICATED"
    await _is_nobody(page)


def _message(rng: random.Random) -> str:
    """A JavaScript expression of an answer that is wrong in some way."""
    fields = dict(IDENTIFIED)
    match rng.randrange(4):
        case 0:
            return rng.choice(VALUES)
        case 1:
            fields.pop(rng.choice(list(fields)))
        case 2:
            fields[rng.choice(["extra", "__proto__", "identity"])] = rng.choice(VALUES)
        case _:
            fields[rng.choice(list(fields))] = rng.choice(VALUES)
    return _object(fields)


def _object(fields: dict[str, str]) -> str:
    return f"Object.fromEntries([{', '.join(f'[{name!r}, {value}]' for name, value in fields.items())}])"
