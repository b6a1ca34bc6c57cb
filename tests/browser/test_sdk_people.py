"""People sign in to a page of the SDK, and are the same person when it is loaded again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Route, expect

from support.browser import add_authenticator
from support.node import Node, running_node
from support.sdk_page import SdkPage, new_page, page_server

shared = pytest_asyncio.fixture(scope="module", loop_scope="module")
own = pytest_asyncio.fixture(loop_scope="module")

ENCRYPT = """
const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, sdk.encryptionKey,
  new TextEncoder().encode('mine'));
return Array.from(new Uint8Array(sealed));
"""
STATE = "return [sdk.authState.value, sdk.userInfo.value?.identity ?? null];"


@shared
async def site() -> AsyncIterator[str]:
    async with page_server() as url:
        yield url


@shared
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    async with running_node(tmp_path_factory.mktemp("node")) as started:
        await started.deploy("counterpart")
        yield started


@own
async def page(context: BrowserContext, site: str, node: Node) -> SdkPage:
    opened = await new_page(context, site, node.url.replace("127.0.0.1", "localhost"))
    await add_authenticator(opened.page)
    await opened.make()
    return opened


async def begin(page: SdkPage) -> None:
    await page.page.locator("#first").focus()
    await page.run("globalThis.signing = outcome(sdk.signIn());")


async def create_account(page: SdkPage) -> str:
    """Sign in with a new account; who they are."""
    await begin(page)
    frame = page.page.frame_locator("iframe")
    await frame.get_by_role("button", name="Create an account", exact=True).click()
    last = asyncio.create_task(frame.get_by_role("button", name="Not now", exact=True).click())
    outcome = await page.run("return signing;")
    last.cancel()  # the frame that was clicked in may be gone before the click has been seen to end
    await asyncio.gather(last, return_exceptions=True)
    assert "value" in outcome, outcome
    return str(outcome["value"]["identity"])


async def test_a_person_signs_in_and_their_data_is_theirs(page: SdkPage) -> None:
    await page.run("await until(() => sdk.authState.value === 'anonymous');")
    await page.run("globalThis.states = []; sdk.authState.subscribe((state) => states.push(state));")
    identity = await create_account(page)
    assert await page.run(STATE) == ["signed-in", identity]
    assert await page.run("return states;") == ["signing-in", "signed-in"]
    assert (await page.run("return sdk.whoAmI();"))["identity"] == identity
    assert await page.call("whoAmI") == {"value": identity}
    assert await page.call("members") == {"value": "in"}
    assert "code" not in await page.call("remember", "a secret")
    assert await page.call("recall") == {"value": "a secret"}
    assert await page.run("return sdk.encryptionKey.extractable;") is False
    assert len(await page.run(ENCRYPT)) == 4 + 16
    focused = await page.page.evaluate("[document.activeElement.id, document.querySelector('dialog')]")
    assert focused == ["first", None]


async def test_a_reload_keeps_the_person_without_asking(page: SdkPage) -> None:
    identity = await create_account(page)
    await page.call("remember", "kept")
    sealed = await page.run(ENCRYPT)
    for _ in range(3):
        await page.reload()
        await page.make()
        assert await page.call("recall") == {"value": "kept"}
        assert await page.run(STATE) == ["signed-in", identity]
        assert await page.run(ENCRYPT) == sealed
    keys = await page.run(
        """
        const open = indexedDB.open('proven');
        await new Promise((resolve) => open.onsuccess = resolve);
        const all = open.result.transaction('resumption').objectStore('resumption').getAll();
        await new Promise((resolve) => all.onsuccess = resolve);
        return all.result.flatMap(({ person, tickets }) =>
          [person.encryptionKey, ...tickets.map(({ keyPair }) => keyPair.privateKey)])
          .map((key) => key.extractable);
        """
    )
    assert keys == [False, False]


async def test_two_tabs_are_the_same_person_and_both_live_on(
    page: SdkPage, context: BrowserContext, site: str
) -> None:
    identity = await create_account(page)
    second = await new_page(context, site, page.gateway)
    await second.make()
    assert await second.call("whoAmI") == {"value": identity}
    for each in (page, second):
        await each.reload()
        await each.make()
        assert await each.call("whoAmI") == {"value": identity}


async def test_who_signs_out_is_nobody_after_a_reload_too(page: SdkPage) -> None:
    await create_account(page)
    await page.run("await sdk.signOut();")
    assert await page.run(STATE) == ["anonymous", None]
    assert await page.run("return sdk.encryptionKey;") is None
    assert await page.call("whoAmI") == {"value": None}
    await page.reload()
    await page.make()
    assert await page.call("whoAmI") == {"value": None}
    assert await page.run(STATE) == ["anonymous", None]


async def test_a_lost_connection_keeps_the_person(page: SdkPage, node: Node) -> None:
    identity = await create_account(page)
    for session in [*node.local._sessions._sessions]:
        node.local._sessions.revoke(session)
    await page.run("await until(() => sdk.connectionState.value !== 'connected');")
    assert await page.call("whoAmI") == {"value": identity}
    assert await page.run(STATE) == ["signed-in", identity]


async def test_a_person_whose_session_cannot_be_resumed_is_told_before_anything_runs_as_nobody(
    page: SdkPage, node: Node
) -> None:
    await create_account(page)
    tickets = node.local._sessions._tickets
    tickets._aead = type(tickets._aead)(bytes(range(32)))
    for session in [*node.local._sessions._sessions]:
        node.local._sessions.revoke(session)
    await page.run("await until(() => sdk.connectionState.value !== 'connected');")
    refused = await page.call("count", "as-nobody")
    assert refused["code"] == "UNAUTHENTICATED"
    assert await page.run(STATE) == ["anonymous", None]
    assert await page.call("count", "as-nobody") == {"value": 1}


async def test_sessions_are_listed_and_revoked(page: SdkPage, context: BrowserContext, site: str) -> None:
    await create_account(page)
    second = await new_page(context, site, page.gateway)
    await second.make()
    await second.call("whoAmI")
    listed = await page.run("return sdk.sessions.list();")
    mine = (await page.run("return sdk.whoAmI();"))["sessionId"]
    assert [each["id"] for each in listed if each["current"]] == [mine]
    theirs = (await second.run("return sdk.whoAmI();"))["sessionId"]
    assert {mine, theirs} <= {each["id"] for each in listed}
    assert {each["origin"] for each in listed} == {site}
    await page.run("await sdk.sessions.revoke(argument);", theirs)
    await second.run("await until(() => sdk.connectionState.value !== 'connected');")
    assert theirs not in {each["id"] for each in await page.run("return sdk.sessions.list();")}


async def test_accounts_are_linked_by_challenges(page: SdkPage) -> None:
    assert (await page.outcome("sdk.accounts.list()"))["code"] in {"NO_IDENTITY", "UNAUTHENTICATED"}
    await create_account(page)
    assert await page.run("return sdk.accounts.list();") == []
    challenge = await page.run("return sdk.accounts.challenge('ethereum');")
    assert len(challenge["challenge"]) == 64
    assert "{address}" in challenge["message"]
    refused = await page.outcome(
        "sdk.accounts.link(argument, { address: '0x' + '00'.repeat(20), signature: '0x00' })",
        challenge["challenge"],
    )
    assert refused["ours"]
    assert refused["code"] in {"BAD_REQUEST", "UNAUTHENTICATED", "FORBIDDEN"}


@pytest.mark.parametrize("way", ["escape", "button"])
async def test_closing_the_dialog_cancels_and_gives_the_focus_back(page: SdkPage, way: str) -> None:
    await begin(page)
    dialog = page.page.get_by_role("dialog")
    await expect(dialog).to_have_accessible_name("Sign in to counterpart")
    await expect(page.page.frame_locator("iframe").get_by_role("heading", level=1)).to_be_visible()
    second = await page.outcome("sdk.signIn()")
    assert second["code"] == "CONFLICT"
    close = page.page.get_by_role("button", name="Close", exact=True)
    if way == "escape":
        await close.focus()
        await page.page.keyboard.press("Escape")
    else:
        await close.click()
    assert (await page.run("return signing;"))["code"] == "CANCELLED"
    await expect(dialog).to_have_count(0)
    assert await page.page.evaluate("document.activeElement.id") == "first"
    assert await page.run(STATE) == ["anonymous", None]
    assert await page.call("add", 1, 2) == {"value": 3}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_dialog_follows_light_and_dark_and_fits_a_phone(page: SdkPage, scheme: Any) -> None:
    await page.page.emulate_media(color_scheme=scheme)
    await page.page.set_viewport_size({"width": 320, "height": 568})
    await begin(page)
    await expect(page.page.frame_locator("iframe").get_by_role("heading", level=1)).to_be_visible()
    found = await page.page.evaluate(
        """() => {
          const dialog = document.querySelector('dialog');
          const { left, right, top, bottom } = dialog.getBoundingClientRect();
          return { inside: left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight,
            background: getComputedStyle(dialog).backgroundColor };
        }"""
    )
    assert found["inside"]
    assert (found["background"] == "rgb(255, 255, 255)") == (scheme == "light")
    await page.page.get_by_role("button", name="Close", exact=True).click()
    await page.run("return signing;")


HOSTILE = """<!doctype html><script>
  addEventListener('message', ({ ports: [port] }) => {
    port.onmessage = async ({ data }) => {
      const algorithm = { name: 'AES-GCM', length: 256 };
      const key = await crypto.subtle.generateKey(algorithm, %(extractable)s, ['encrypt']);
      const bytes = (size) => new Uint8Array(size);
      for (const message of [%(message)s].flat()) port.postMessage(message);
    };
  });
  parent.postMessage(%(hello)s, '*');
</script>"""
GREETING = "{ proven: 'sign-in', version: 1 }"
GOOD = "{ id: data.id, type: 'identified', publicKey: bytes(32), signature: bytes(64), encryptionKey: key }"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("'identified'", "BAD_REQUEST"),
        ("null", "BAD_REQUEST"),
        ("{ id: data.id, type: 'done' }", "BAD_REQUEST"),
        ("{ id: data.id, type: 'identified' }", "BAD_REQUEST"),
        (GOOD.replace("data.id", "7"), "BAD_REQUEST"),
        (GOOD.replace("bytes(32)", "bytes(31)"), "BAD_REQUEST"),
        (GOOD.replace("bytes(64)", "'signature'"), "BAD_REQUEST"),
        (GOOD.replace("encryptionKey: key", "encryptionKey: {}"), "BAD_REQUEST"),
        (GOOD.replace("}", ", more: 1 }"), "BAD_REQUEST"),
        ("{ id: 0, type: 'resize', height: 'tall' }", "BAD_REQUEST"),
        ("{ id: 0, type: 'resize', height: 1e9 }", "BAD_REQUEST"),
        ("{ id: data.id, type: 'error', code: 'MADE_UP', message: 'x' }", "INTERNAL"),
        ("{ id: data.id, type: 'error', code: 'NOT_ALLOWED', message: 'x' }", "NOT_ALLOWED"),
        ("[{ id: 0, type: 'resize', height: 300 }, " + GOOD + "]", "UNAUTHENTICATED"),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_hostile_frame_gets_nothing_but_an_error(page: SdkPage, message: str, code: str) -> None:
    await _replace_frame(page, message=message)
    outcome = await page.outcome("sdk.signIn()")
    assert outcome["code"] == code
    assert await page.run(STATE) == ["anonymous", None]
    assert await page.page.locator("dialog").count() == 0
    assert await page.call("whoAmI") == {"value": None}


async def test_an_encryption_key_that_can_be_read_out_is_refused(page: SdkPage) -> None:
    await _replace_frame(page, message=GOOD, extractable="true")
    assert (await page.outcome("sdk.signIn()"))["code"] == "BAD_REQUEST"


async def test_only_the_frame_of_the_node_is_listened_to(page: SdkPage) -> None:
    """The frame says nothing; another window of the right origin, and this one, do."""
    await _replace_frame(page, message="null", hello="{ proven: 'else' }")
    await page.run(
        """
        globalThis.heard = false;
        globalThis.signing = outcome(sdk.signIn());
        await until(() => document.querySelector('dialog iframe'));
        const other = document.createElement('iframe');
        other.src = `${argument}/.well-known/proven/health`;
        document.body.append(other);
        const post = MessagePort.prototype.postMessage;
        MessagePort.prototype.postMessage = function (...all) { heard = true; return post.apply(this, all); };
        postMessage({ proven: 'sign-in', version: 1 }, '*');
        dispatchEvent(new MessageEvent('message', {
          data: { proven: 'sign-in', version: 1 }, origin: argument, source: other.contentWindow,
        }));
        dispatchEvent(new MessageEvent('message', {
          data: { proven: 'sign-in', version: 1 }, origin: 'http://localhost:1',
          source: document.querySelector('dialog iframe').contentWindow,
        }));
        await new Promise((resolve) => setTimeout(resolve));
        """,
        page.gateway,
    )
    assert await page.run("return heard;") is False
    await page.page.get_by_role("button", name="Close", exact=True).click()
    assert (await page.run("return signing;"))["code"] == "CANCELLED"


async def _replace_frame(
    page: SdkPage, *, message: str, hello: str = GREETING, extractable: str = "false"
) -> None:
    content = HOSTILE % {"message": message, "hello": hello, "extractable": extractable}

    async def fulfil(route: Route) -> None:
        await route.fulfill(body=content, content_type="text/html")

    await page.page.route("**/sign-in/*", fulfil)


async def test_what_is_kept_of_another_node_or_application_is_not_used(
    page: SdkPage, node: Node, tmp_path: Path
) -> None:
    await create_account(page)
    (tmp_path / "package.json").write_text(json.dumps({"name": "other-app", "private": True}))
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.ts").write_text(
        "import { run } from '@proven-network/handler';\n"
        "import { getCurrentIdentity } from '@proven-network/session';\n"
        "export const whoAmI = run(() => getCurrentIdentity());\n"
    )
    await node.deploy(tmp_path)
    await page.make(application="other-app")
    assert await page.outcome("sdk.call('src/app.ts#whoAmI')") == {"value": None}
    assert await page.run(STATE) == ["anonymous", None]
