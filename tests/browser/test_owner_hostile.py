"""Who would have somebody sign what they do not mean, or take the signature: pages, files, addresses."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from playwright.async_api import Route, expect

from proven.cli.app._listener import Listener
from proven.cli.app._passkey import Wanted, fragment
from proven.wire import cbor
from proven.wire.applications import (
    Archive,
    Command,
    CreateApplication,
    Deploy,
    OwnerKey,
    TransferOwnership,
    Veto,
)
from proven.wire.identity import identify_message
from support.owner import Owner, body_of, deployed, fresh, handed_over, owner, signed, submit
from support.person import World
from support.terminal import Terminal

FILE_KEY: Final = OwnerKey.from_seed(bytes(range(32)))


class Waiting:
    """A command line that waits for a signature of a command to the application `name`."""

    def __init__(self, world: World, command: Command, application: str) -> None:
        self.body = body_of(world, command, application)
        self.listener = Listener(world.node_origin, Wanted.change(self.body).signs)
        self.port = 0

    async def __aenter__(self) -> Waiting:
        self.port = await self.listener.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.listener.stop()

    @property
    def fragment(self) -> str:
        return fragment(Wanted.change(self.body), self.port, self.listener.token)

    @property
    def answered(self) -> bool:
        return self.listener._answered.done()


async def an_owner(world: World) -> tuple[Owner, str]:
    """Somebody, and the id of an application of theirs."""
    person = await owner(world)
    key = await person.create_account()
    made = await deployed(world, fresh("owned"), FILE_KEY)
    await submit(world, TransferOwnership(to=bytes.fromhex(key)), made, FILE_KEY)
    return person, made


def raw_fragment(body: bytes) -> str:
    handed = cbor.encode({"body": body, "port": 1024, "token": bytes(32)})
    return f"#command={base64.urlsafe_b64encode(handed).rstrip(b'=').decode()}"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_command_swapped_while_it_is_shown_is_shown_anew(world: World) -> None:
    person, made = await an_owner(world)
    deploy, archive = Waiting(world, Deploy(package_id="0a" * 32), made), Waiting(world, Archive(), made)
    async with deploy as good, archive as bad:
        await person.visit(good.fragment)
        await person.reads("Deploy the package 0a0a")
        await person.page.evaluate("address => { location.hash = address; }", bad.fragment)
        await person.reads("Archive the application")
        await person.press("Sign with a passkey")
        await person.sees("Signed")
        await until(lambda: bad.answered)
        assert not good.answered


async def test_a_command_swapped_during_the_passkey_prompt_ends_the_prompt(world: World) -> None:
    person, made = await an_owner(world)
    deploy, archive = Waiting(world, Deploy(package_id="0a" * 32), made), Waiting(world, Archive(), made)
    async with deploy as good, archive as bad:
        await person.visit(good.fragment)
        await person.set_present(person.authenticator, False)
        await person.press("Sign with a passkey")
        await person.sees("Your passkey")
        await person.page.evaluate("address => { location.hash = address; }", bad.fragment)
        await person.reads("Archive the application")
        await person.set_present(person.authenticator, True)
        await expect(person.page.get_by_role("button", name="Sign with a passkey")).to_be_visible()
        await person.press("Do not sign")
        await person.sees("Your applications")
        assert not good.answered
        assert not bad.answered


async def test_each_signature_asks_for_the_passkey_and_its_user(world: World) -> None:
    person, made = await an_owner(world)
    await person.visit()
    await person.sign_in()

    async def uses() -> int:
        return int((await person.authenticator.credentials())[0]["signCount"])

    before = await uses()
    for count in (1, 2):
        await person.give_file(await signed(world, Deploy(package_id="0a" * 32), made, FILE_KEY))
        await person.press("Sign with a passkey")
        await person.sees("Signed")
        await person.press("Done")
        assert await uses() == before + count
    await person.authenticator.session.send(
        "WebAuthn.setUserVerified", {"authenticatorId": person.authenticator.id, "isUserVerified": False}
    )
    await person.give_file(await signed(world, Archive(), made, FILE_KEY))
    await person.press("Sign with a passkey")
    await person.is_told("Nothing has changed")
    await person.reads("Archive the application")


async def test_another_person_does_not_sign_for_who_is_signed_in(world: World) -> None:
    person, made = await an_owner(world)
    stranger = await owner(world)
    await stranger.create_account(write_down=True)
    async with Waiting(world, Archive(), made) as waiting:
        await stranger.visit(waiting.fragment)
        await stranger.press("Sign with a passkey")
        await stranger.is_told("is not one that signs this")
        assert not waiting.answered
    await person.press("Look again")
    await person.open(world.node.local._applications.find(made).name)
    archive = person.page.get_by_label("to go on").last
    await archive.fill(world.node.local._applications.find(made).name)
    await person.press("Archive it")
    await person.press("Sign with your recovery phrase")
    await person.type_phrase(stranger.phrase)
    await person.press("Only this once")
    await person.is_told("another account than the one that is signed in")
    assert await person.page.get_by_role("heading", name="Signed").count() == 0


@pytest.mark.parametrize(
    "body",
    [
        identify_message(None, bytes(32)),
        identify_message(None, bytes(32)).replace(b"proven/identify/v1", b"proven/application"),
        cbor.encode(["proven/log-key/v1", "log", "a" * 32, 1, {"command": "Veto"}]),
        cbor.encode(["proven/application-command/v1", "log", "a" * 32, 1, {"command": "Withdraw"}]),
        cbor.encode(["proven/application-command/v1", "log", "a" * 32, 1, {"command": "Veto", "also": 1}]),
        b"",
        b"\xff" * 64,
    ],
    ids=["session", "almost", "label", "unknown", "more", "empty", "noise"],
)
async def test_nothing_is_signed_but_commands(world: World, body: bytes) -> None:
    person = await owner(world, fragment=raw_fragment(body))
    await person.sees("This cannot be signed")
    assert await person.page.get_by_role("button", name="Sign with a passkey").count() == 0


async def test_a_command_that_could_not_take_effect_is_not_signed(world: World) -> None:
    made = await deployed(world, fresh("present"), FILE_KEY)
    cases: list[tuple[Command, dict[str, Any], str]] = [
        (Archive(), {"origin": "other.example/log"}, "Open the owner page of a node of that network"),
        (Archive(), {"revision": 1}, "have it written anew"),
        (Archive(), {"application_id": "a" * 32}, "Nobody has created"),
        (Veto(), {}, "no pending change"),
    ]
    for command, change, why in cases:
        person = await owner(world, fragment=handed_over(world, command, made, **change))
        await person.sees("This cannot be signed")
        await person.is_told(why)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        ("to\u202eod", "to⟨U+202E⟩od"),
        ("to\u200bdo", "to⟨U+200B⟩do"),
        ("tоdo", "t⟨U+043E⟩do"),
    ],
    ids=["markup", "bidi", "zero-width", "homoglyph"],
)
async def test_names_that_look_like_others_are_refused_as_what_they_are(
    world: World, name: str, shown: str
) -> None:
    command = CreateApplication(name=name, nonce=b"nonce")
    wanted = Wanted.creation(world.node.local._applications.origin, command)
    person = await owner(world, fragment=fragment(wanted, 1024, bytes(32)))
    await person.sees("This cannot be signed")
    await person.is_told(shown)
    assert await person.page.locator("main img").count() == 0


async def test_what_a_dishonest_node_lists_stays_text(world: World) -> None:
    person = await owner(world)
    await person.create_account()
    listed = {
        "id": "a" * 32,
        "name": "<b>\u202etodo</b>",
        "roles": ["<script>alert(1)</script>"],
        "version": 1,
        "policy": "x",
        "pending": {"words": "<i>now</i>\u200b", "activates_at": 1},
        "archived": False,
    }

    async def lie(route: Route) -> None:
        await route.fulfill(json={"applications": [listed], "more": False})

    await person.page.route("**/owner/applications?**", lie)
    await person.press("Look again")
    row = person.page.get_by_role("listitem")
    await expect(row).to_contain_text("<b>⟨U+202E⟩todo</b>")
    await expect(row).to_contain_text("<i>now</i>⟨U+200B⟩")
    assert await person.page.locator("main script, main i, main b b").count() == 0


async def test_files_that_are_no_commands_are_refused(world: World) -> None:
    person, made = await an_owner(world)
    envelope = await signed(world, Archive(), made, FILE_KEY)
    forged = bytearray(envelope)
    forged[-1] ^= 1
    for content, why in (
        (b"", "no signed command"),
        (bytes(forged), "is not good"),
        (envelope + b"\0", "no signed command"),
        (b"\xa2" + bytes(32 * 1024), "more than 32 KiB"),
        (bytes(4 * 1024 * 1024), "more than 32 KiB"),
    ):
        await person.give_file(content)
        await person.sees("This cannot be signed")
        await person.is_told(why)
        await person.press("Go on")


async def test_no_page_shows_the_owner_page_inside_itself(world: World) -> None:
    for origin in (world.parent_origin, f"{world.node_origin}/sign-in/people"):
        context = await world.browser.new_context(bypass_csp=True)
        page = await context.new_page()
        refusals: list[str] = []
        page.on("console", lambda message, refusals=refusals: refusals.append(message.text))
        await page.goto(origin)
        await page.evaluate(
            """url => {
              const frame = document.createElement('iframe');
              frame.src = url;
              document.body.append(frame);
            }""",
            f"{world.node_origin}/owner",
        )
        await until(lambda: any("frame-ancestors" in each or "X-Frame" in each for each in refusals))  # noqa: B023
        assert all("owner" not in frame.url or not frame.child_frames for frame in page.frames)


async def test_a_page_that_opens_the_owner_page_cannot_talk_to_it(world: World) -> None:
    person, made = await an_owner(world)
    opener = await person.page.context.new_page()
    await opener.goto(world.parent_origin)
    async with opener.expect_popup() as popup:
        await opener.evaluate("url => { window.opened = window.open(url); }", f"{world.node_origin}/owner")
    page = await popup.value
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your applications")
    assert await page.evaluate("window.opener") is None
    await opener.wait_for_function("opened.closed")
    handed = handed_over(world, Archive(), made)
    await opener.evaluate(
        """([url, handed]) => {
          opened.postMessage({proven: 'sign-in', version: 1}, '*', [new MessageChannel().port2]);
          opened.postMessage(handed, '*');
          try { opened.location = url; } catch {}
          window.open('javascript:1', 'owner');
        }""",
        [f"{world.node_origin}/owner{handed}", handed],
    )
    await page.evaluate("handed => window.postMessage(handed, '*')", handed)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your applications")


async def test_another_site_cannot_answer_the_command_line(world: World) -> None:
    made = await deployed(world, fresh("target"), FILE_KEY)
    async with Waiting(world, Archive(), made) as waiting:
        answer = {
            "token": waiting.listener.token.hex(),
            "public_key": FILE_KEY.public_key.hex(),
            "signature": FILE_KEY.sign(waiting.body.encode()).hex(),
        }
        context = await world.browser.new_context()
        page = await context.new_page()
        await page.goto(world.parent_origin)
        outcomes = await page.evaluate(
            """async ([url, answer]) => {
              const tries = [
                {headers: {'content-type': 'application/json'}},
                {headers: {'content-type': 'text/plain'}},
                {mode: 'no-cors', headers: {'content-type': 'text/plain'}},
                {mode: 'no-cors', referrerPolicy: 'no-referrer'},
              ];
              const outcomes = [];
              for (const each of tries) {
                outcomes.push(await fetch(url, {method: 'POST', body: answer, ...each}).then(
                  (response) => response.type + response.status, () => 'refused'));
              }
              const form = document.createElement('form');
              form.method = 'POST';
              form.enctype = 'text/plain';
              form.action = url;
              const input = document.createElement('input');
              input.name = answer;
              form.append(input);
              document.body.append(form);
              form.submit();
              return outcomes;
            }""",
            [f"http://127.0.0.1:{waiting.port}/signature", json.dumps(answer)],
        )
        assert outcomes == ["refused", "refused", "opaque0", "opaque0"]
        await page.wait_for_url("**/signature")
        assert "ORIGIN_DENIED" in await page.content()
        assert not waiting.answered


async def test_the_page_runs_its_own_script_only_and_keeps_no_secret(world: World) -> None:
    person, made = await an_owner(world)
    async with aiohttp.ClientSession() as http, http.get(person.url) as response:
        policy = response.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "script-src http://" in policy
        assert "'unsafe" not in policy
        assert response.headers["x-frame-options"] == "DENY"
        assert response.headers["cross-origin-opener-policy"] == "same-origin"
    async with Waiting(world, Archive(), made) as waiting:
        await person.visit(waiting.fragment)
        assert person.page.url == person.url
        await person.press("Sign with a passkey")
        await person.sees("Signed")
    kept: dict[str, Any] = await person.page.evaluate(
        """async () => ({
          storage: localStorage.length + sessionStorage.length + document.cookie.length
            + (await caches.keys()).length,
          databases: (await indexedDB.databases()).map(({name}) => name),
        })"""
    )
    assert kept["storage"] == 0
    assert set(kept["databases"]) <= {"proven-log"}
    assert person.console == []


async def test_the_address_of_another_host_leads_to_the_page_of_passkeys(world: World) -> None:
    port = world.node_origin.rpartition(":")[2]
    async with aiohttp.ClientSession() as http:
        async with http.get(f"http://127.0.0.1:{port}/owner", allow_redirects=False) as response:
            assert (response.status, response.headers["location"]) == (307, f"{world.node_origin}/owner")
        app = {"host": f"people.localhost:{port}"}
        async with http.get(f"http://127.0.0.1:{port}/owner", headers=app) as response:
            assert response.status == 404
        for path in ("/", "/assets/owner.html", "/assets/..%2Fowner.html", "/applications"):
            async with http.get(f"{world.node_origin}/owner{path}") as response:
                assert response.status in (400, 404)
        async with http.post(f"{world.node_origin}/owner") as response:
            assert response.status == 405


async def test_a_command_line_that_is_interrupted_takes_nothing_any_more(
    world: World, tmp_path: Path
) -> None:
    terminal = Terminal(tmp_path, world)
    name = fresh("gone")
    async with terminal.signing("app", "create", name) as command:
        handed = cbor.decode(base64.urlsafe_b64decode(command.fragment.removeprefix("#command=") + "=="))
        assert isinstance(handed, dict)
        port = handed["port"]
        assert isinstance(port, int)
        command.interrupt()
        status, out, err = await command.end()
    assert (status, out) == (130, "")
    assert "Traceback" not in err
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
