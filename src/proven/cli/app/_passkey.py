"""Signatures of people: the owner page of the node asks for them, and hands them to a listener here.

The page is given the command in its address, in the part that browsers send to nobody. What comes back is a
key and a signature, never a command: it counts only over the bytes that were made here.
"""

from __future__ import annotations

import asyncio
import base64
import os
import sys
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import click
import msgspec

from proven.cli._output import COMMAND
from proven.wire import cbor, ed25519
from proven.wire.applications import Body, CreateApplication
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import application_id
from proven.wire.origins import canonical_origin

from ._listener import Listener

WAIT_SECONDS: Final = 600.0
_PAGE: Final = "/owner"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be signed: `fields` tell it to the owner page, `body` is what the holder of a key signs.

    For a new application that depends on the key, which is not known before: its id follows from it.
    """

    fields: dict[str, bytes | str]
    body: Callable[[bytes], Body]

    @classmethod
    def change(cls, body: Body) -> Wanted:
        return cls({"body": body.encode()}, lambda _: body)

    @classmethod
    def creation(cls, origin: str, command: CreateApplication) -> Wanted:
        def body(owner: bytes) -> Body:
            made = application_id(owner, command.nonce)
            return Body(origin=origin, application_id=made, revision=0, command=command)

        fields = msgspec.to_builtins(command, builtin_types=(bytes,))
        return cls({"origin": origin, "create": cbor.encode(fields)}, body)

    def signs(self, key: bytes, signature: bytes) -> bool:
        return ed25519.is_signed(key, signature, self.body(key).encode())


async def signature(url: str, wanted: Wanted, *, wait: float = WAIT_SECONDS) -> tuple[bytes, bytes]:
    """The key of whoever signs on the owner page of the node at `url`, and their signature. `wait` is in
    seconds. Raises `ProvenError`: `UNAVAILABLE` without such a page, `REQUEST_TIMEOUT`.
    """
    origin = await sign_in_origin(url)
    listener = Listener(origin, wanted.signs)
    try:
        address = origin + _PAGE + fragment(wanted, await listener.start(), listener.token)
        await _show(address)
        async with asyncio.timeout(wait):
            return await listener.signature()
    except TimeoutError:
        raise ProvenError(
            ErrorCode.REQUEST_TIMEOUT, f"nobody signed within {wait / 60:.0f} minutes; nothing was sent"
        ) from None
    finally:
        await listener.stop()


def fragment(wanted: Wanted, port: int, token: bytes) -> str:
    """What follows the address of the owner page."""
    handed = cbor.encode({**wanted.fields, "port": port, "token": token})
    return f"#command={base64.urlsafe_b64encode(handed).rstrip(b'=').decode()}"


async def sign_in_origin(url: str) -> str:
    """The origin at which the owner page of a node is: its own, or where it leads to."""
    base = url.rstrip("/")
    timeout = aiohttp.ClientTimeout(total=20)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.get(f"{base}{_PAGE}", allow_redirects=False) as response,
        ):
            status, location = response.status, response.headers.get("location", "")
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise ProvenError(ErrorCode.UNAVAILABLE, f"cannot reach {url}: {error}") from None
    if status not in (200, 307):
        raise ProvenError(ErrorCode.UNAVAILABLE, f"{url} has no owner page, which --passkey needs: use --key")
    try:
        found = canonical_origin(base if status == 200 else location.removesuffix(_PAGE))
    except ValueError:
        raise ProvenError(ErrorCode.UNAVAILABLE, f"{url} does not say where its owner page is") from None
    host = urlsplit(found).hostname
    if not found.startswith("https:") and host != "localhost":
        raise ProvenError(ErrorCode.UNAVAILABLE, f"browsers have no passkeys for {found}, which is not HTTPS")
    return found


async def _show(address: str) -> None:
    """Open the page, or say where it is."""
    opened = _has_browser() and await asyncio.to_thread(webbrowser.open, address)
    told = (
        "Sign in the browser window that was opened, or at"
        if opened
        else "Sign in a browser on this machine, at"
    )
    click.echo(f"{told}\n\n  {address}\n", err=True)
    if not opened:
        click.echo(
            "On another machine, sign there, save the file, end this with Ctrl-C and hand the file in with "
            f"`{COMMAND} app send FILE`.\n",
            err=True,
        )
    click.echo("Waiting for your signature …", err=True)


def _has_browser() -> bool:
    """Whether somebody at a terminal could see a window that is opened here."""
    if not sys.stderr.isatty() or "SSH_CONNECTION" in os.environ:
        return False
    return sys.platform in ("darwin", "win32") or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
