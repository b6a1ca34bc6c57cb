"""A person with a browser and an authenticator, in front of an app that uses a node's sign-in frame."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Browser, ConsoleMessage, FrameLocator, Page, expect

from proven.apps import Application
from proven.client import Client, connect
from proven.wire.commands import Identify
from proven.wire.identity import verify_identify
from support.browser import Authenticator, add_authenticator
from support.node import Node, running_node
from support.parent_page import ParentPage, parent_server

expect.set_options(timeout=60_000)


@dataclass(frozen=True, slots=True)
class Identified:
    """What the app got: who the person is to it, and what their encryption key makes of a fixed text."""

    identity: str
    sealed: tuple[int, ...]


class Person:
    """`phrase` is what they have written down so far."""

    def __init__(
        self, page: Page, parent: ParentPage, application: Application, authenticator: Authenticator
    ) -> None:
        self.page = page
        self.parent = parent
        self.application = application
        self.authenticator = authenticator
        self.phrase: list[str] = []
        self.console: list[str] = []
        self.sent: list[str] = []
        page.on("console", self._on_console)
        page.on("request", lambda request: self.sent.append(request.url))
        self._number = 0
        self._transcript = b""

    def _on_console(self, message: ConsoleMessage) -> None:
        self.console.append(message.text)

    @property
    def origin(self) -> str:
        """Of the app's page."""
        return self.page.url.rstrip("/")

    @property
    def frame(self) -> FrameLocator:
        return self.parent.frame

    async def visit(self) -> None:
        """Load the app anew, and have it open the frame."""
        await self.page.reload()
        await self.parent.embed(self.application.name)
        await self.parent.greet(self.application.id)
        self._number = 0

    async def ask(self, kind: str = "identify") -> None:
        """The app asks the frame to sign the person in, or to show their account."""
        self._number += 1
        self._transcript = os.urandom(32)
        await self.parent.ask(kind, self._transcript, self._number)

    async def press(self, name: str, *, exact: bool = True) -> None:
        await self.frame.get_by_role("button", name=name, exact=exact).click()

    async def sees(self, heading: str) -> None:
        await expect(self.frame.get_by_role("heading", level=1)).to_have_text(heading)

    async def is_told(self, part: str) -> None:
        await expect(self.frame.get_by_role("alert")).to_contain_text(part)

    async def plug_in(self, transport: str, *, prf: bool = True) -> Authenticator:
        """One more authenticator, beside the one that is there."""
        session = self.authenticator.session
        options = {
            "protocol": "ctap2",
            "ctap2Version": "ctap2_1",
            "transport": transport,
            "hasResidentKey": True,
            "hasUserVerification": True,
            "hasPrf": prf,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        answer = await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return Authenticator(session, answer["authenticatorId"])

    async def set_present(self, authenticator: Authenticator, present: bool) -> None:
        """Whether somebody touches the authenticator when it asks for that."""
        await self.authenticator.session.send(
            "WebAuthn.setAutomaticPresenceSimulation",
            {"authenticatorId": authenticator.id, "enabled": present},
        )

    async def record_passkey_use(self) -> Callable[[], Awaitable[dict[str, Any]]]:
        """Note what passkeys sign in the frame from now on; call what is returned for the latest."""
        frame = self.page.frames[1]
        await frame.evaluate(
            """() => {
              const get = navigator.credentials.get.bind(navigator.credentials);
              navigator.credentials.get = async (options) => {
                const credential = await get(options);
                window.signed = {...credential.toJSON(), clientExtensionResults: {}};
                return credential;
              };
            }"""
        )

        async def latest() -> dict[str, Any]:
            found: dict[str, Any] = await frame.evaluate("signed")
            return found

        return latest

    async def watch_secrets(self) -> None:
        """Note in the frame what authenticators put out, and what is sealed for the node."""
        await self.page.frames[1].evaluate(
            """() => {
              const bytes = (source) => new Uint8Array(
                ArrayBuffer.isView(source)
                  ? source.buffer.slice(source.byteOffset, source.byteOffset + source.byteLength)
                  : source);
              const digits = (byte) => byte.toString(16).padStart(2, '0');
              const hex = (source) => Array.from(bytes(source), digits).join('');
              window.outputs = [];
              window.sealed = [];
              for (const name of ['create', 'get']) {
                const original = navigator.credentials[name].bind(navigator.credentials);
                navigator.credentials[name] = async (options) => {
                  const credential = await original(options);
                  const {first} = credential.getClientExtensionResults().prf?.results ?? {};
                  if (first) {
                    const base64 = btoa(String.fromCharCode(...new Uint8Array(first)));
                    const text = base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
                    window.outputs.push(hex(first), hex(new TextEncoder().encode(text)));
                  }
                  return credential;
                };
              }
              const encrypt = crypto.subtle.encrypt.bind(crypto.subtle);
              const label = hex(new TextEncoder().encode('Encrypt0'));
              crypto.subtle.encrypt = (algorithm, key, data) => {
                if (hex(algorithm.additionalData).includes(label)) window.sealed.push(hex(data));
                return encrypt(algorithm, key, data);
              };
            }"""
        )

    async def secrets(self) -> dict[str, Any]:
        found: dict[str, Any] = await self.page.frames[1].evaluate(
            """async () => ({
              outputs, sealed,
              stored: localStorage.length + sessionStorage.length + document.cookie.length
                + (await indexedDB.databases()).length + (await caches.keys()).length,
            })"""
        )
        return found

    async def create(self, *, write_down: bool = False) -> Identified:
        """Make an account with a passkey that holds its key."""
        await self.ask()
        await self.make_account(write_down=write_down)
        return await self.identified()

    async def make_account(self, *, write_down: bool) -> None:
        """Go from the first page to the account, by way of its phrase."""
        await self.press("Create an account")
        await self.sees("Your recovery phrase")
        if write_down:
            await self.write_down()
        else:
            await self.press("Not now")

    async def sign_in(self) -> Identified:
        await self.ask()
        await self.press("Continue with a passkey")
        return await self.identified()

    async def read_words(self) -> list[str]:
        await self.press("Show the words")
        words = self.frame.get_by_role("listitem").locator("span")
        await expect(words).to_have_count(24)
        return await words.all_inner_texts()

    async def write_down(self) -> None:
        """Read the phrase, go on and give back the words that are asked for."""
        self.phrase = await self.read_words()
        await self.press("I have written them down")
        await self.give_back()

    async def give_back(self, changed: Mapping[int, str] | None = None) -> None:
        """Type the words asked for; `changed` ones, counted from the first asked, wrongly."""
        await self.sees("Check your recovery phrase")
        for index, field in enumerate(await self.frame.get_by_role("textbox").all()):
            position = int((await field.get_attribute("id") or "").removeprefix("word-"))
            await field.fill((changed or {}).get(index, self.phrase[position - 1]))
        await self.press("Confirm")

    async def type_phrase(self, words: list[str]) -> None:
        await self.frame.get_by_label("Recovery phrase").fill(" ".join(words))
        await self.press("Continue")

    async def answer(self) -> dict[str, Any]:
        return await self.parent.answer(self._number)

    async def identified(self) -> Identified:
        """The app's side: check what the frame answers, as the app's session would."""
        answer = await self.answer()
        assert answer["type"] == "identified", answer
        assert set(answer) == {"id", "type", "publicKey", "signature", "encryptionKey"}
        command = Identify(public_key=bytes(answer["publicKey"]), signature=bytes(answer["signature"]))
        identity = verify_identify(command, self.application.id, self._transcript)
        assert identity is not None
        key = answer["encryptionKey"]
        assert not key["extractable"]
        assert key["algorithm"] == "AES-GCM"
        sealed = await self.page.evaluate("([place, text]) => seal(place, text)", [key["place"], "mine"])
        return Identified(identity, tuple(sealed))


class World:
    """A node with an application, and a browser with as many people in it as come."""

    def __init__(self, node: Node, application: Application, browser: Browser, port: int) -> None:
        self.node = node
        self.application = application
        self.browser = browser
        self.parent_origin = f"http://app.localhost:{port}"
        self.node_origin = f"http://localhost:{node.url.rpartition(':')[2]}"
        self._stack = AsyncExitStack()

    async def person(self, *, prf: bool = True, host: str = "app.localhost", **context: Any) -> Person:
        """Somebody with a browser profile of their own, in front of the app. Where it is of another site than
        the node, as by default, this browser lets the frame store nothing; `localhost` is of the same.
        """
        profile = await self.browser.new_context(**context)
        profile.set_default_timeout(60_000)
        page = await profile.new_page()
        await page.goto(self.parent_origin.replace("app.localhost", host))
        authenticator = await add_authenticator(page, prf=prf)
        person = Person(page, ParentPage(page, self.node_origin), self.application, authenticator)
        await person.visit()
        return person

    async def management(self) -> Client:
        """A management session such as the frame has, without the frame."""
        client = await connect(
            self.node_origin, application=None, verifier=self.node.verifier, origin=self.node_origin
        )
        return await self._stack.enter_async_context(client)

    async def post_again(self, frame: bytes) -> int:
        """Send a sealed frame that was sent before. The status it is answered with."""
        headers = {"origin": self.node_origin, "content-type": "application/cose"}
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{self.node_origin}/rpc", data=frame, headers=headers) as response,
        ):
            return response.status

    async def empty(self) -> None:
        """Everybody who came leaves."""
        for context in self.browser.contexts:
            await context.close()
        await self._stack.aclose()


@asynccontextmanager
async def world(directory: Path, browser: Browser) -> AsyncIterator[World]:
    async with running_node(directory) as node, parent_server() as port:
        application = await node.deploy("people", name="people")
        yield World(node, application, browser, port)
