"""Somebody at a node's owner page, in a real browser with an authenticator."""

from __future__ import annotations

import os
import secrets
from typing import Any

from playwright.async_api import Page, expect

from proven.cli.app._passkey import Wanted, fragment
from proven.packages import build
from proven.wire.applications import Body, Command, CreateApplication, Deploy, OwnerKey, sign
from proven.wire.ids import application_id
from support.browser import add_authenticator
from support.node import APPS
from support.parent_page import ParentPage
from support.person import Person, World


class Owner(Person):
    """`frame` is the page itself."""

    @property
    def frame(self) -> Page:  # type: ignore[override]
        return self.page

    @property
    def url(self) -> str:
        return f"{self.parent.node}/owner"

    async def visit(self, fragment: str = "") -> None:
        """Load the page anew."""
        await self.page.goto("about:blank")
        await self.page.goto(self.url + fragment)

    async def create_account(self, *, write_down: bool = False) -> str:
        """Make an account with a passkey that holds its key; the owner key, in hex."""
        await self.sees("Your applications")
        await self.make_account(write_down=write_down)
        return await self.key()

    async def sign_in(self) -> str:  # type: ignore[override]
        await self.press("Continue with a passkey")
        return await self.key()

    async def recover(self, words: list[str], *, then: str = "Make a passkey") -> str:
        await self.press("Use a recovery phrase")
        await self.type_phrase(words)
        await self.press(then)
        return await self.key()

    async def key(self) -> str:
        """The owner key that is shown."""
        await expect(self.page.locator(".key code")).to_be_visible()
        return await self.page.locator(".key code").inner_text()

    async def open(self, name: str) -> None:
        await self.press(f"Open {name}")
        await self.sees(name)

    async def give_file(self, content: bytes, name: str = "upgrade.command") -> None:
        await self.page.get_by_label("A command file").set_input_files(
            {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        )

    async def reads(self, part: str) -> None:
        """The command that is shown says so."""
        await expect(self.page.locator(".command")).to_contain_text(part)

    async def saved(self) -> bytes:
        """What the page writes when asked to."""
        async with self.page.expect_download() as download:
            await self.press("Save the file")
        path = await (await download.value).path()
        return path.read_bytes()


async def owner(world: World, *, prf: bool = True, fragment: str = "", **context: Any) -> Owner:
    """Somebody with a browser profile of their own, at the node's owner page."""
    profile = await world.browser.new_context(**context)
    profile.set_default_timeout(60_000)
    page = await profile.new_page()
    await page.goto(f"{world.node_origin}/owner{fragment}")
    authenticator = await add_authenticator(page, prf=prf)
    return Owner(page, ParentPage(page, world.node_origin), world.application, authenticator)


async def submit(world: World, command: Command, application: str, *keys: OwnerKey) -> None:
    """Have a command of these keys take effect at the node."""
    await world.node.local._deployer.submit(await signed(world, command, application, *keys))


async def signed(world: World, command: Command, application: str, *keys: OwnerKey) -> bytes:
    """An envelope of a command to an application as it is now."""
    return sign(body_of(world, command, application), *keys)


def body_of(world: World, command: Command, application: str, **change: Any) -> Body:
    """What is signed for that, with `change`."""
    applications = world.node.local._applications
    record = applications.find(application)
    fields = {"origin": applications.origin, "application_id": record.id, "revision": record.revision}
    return Body(**{**fields, "command": command, **change})


def fresh(name: str) -> str:
    """A name that no application has yet, also when a test is run again."""
    return f"{name}-{secrets.token_hex(2)}"


async def deployed(world: World, name: str, key: OwnerKey) -> str:
    """The id of a new application of `key` that has a version."""
    deployer, package = world.node.local._deployer, build(APPS / "people")
    applications = world.node.local._applications
    nonce = os.urandom(16)
    made = application_id(key.public_key, nonce)
    create = CreateApplication(name=name, nonce=nonce)
    body = Body(origin=applications.origin, application_id=made, revision=0, command=create)
    await deployer.submit(sign(body, key))
    deploy = await signed(world, Deploy(package_id=package.id), made, key)
    await deployer.submit(deploy, package=package)
    return made


def handed_over(world: World, command: Command, application: str, *, port: int = 1024, **change: Any) -> str:
    """The fragment by which the command line hands a command over; nobody listens at the port."""
    return fragment(Wanted.change(body_of(world, command, application, **change)), port, bytes(32))
