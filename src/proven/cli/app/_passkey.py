"""Signatures of people: the owner page of the node asks for them, and hands them to a listener here.

The page is given what is to be signed in its address, in the part that browsers send to nobody. What
comes back is a key and a signature, and nothing else: it counts only over the bytes that were made here.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import html
import os
import sys
import tempfile
import webbrowser
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import click
import msgspec

from proven.cli._output import COMMAND
from proven.wire import cbor, ed25519
from proven.wire.applications import Body, CreateApplication, SignedCommand
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import application_id
from proven.wire.origins import canonical_origin
from proven.wire.permissions import Permitted

from ._listener import Listener

WAIT_SECONDS: Final = 600.0
_PAGE: Final = "/owner"
_SAVED_THERE: Final = (
    "On another machine, sign there, save the file, end this with Ctrl-C and hand the file in with "
    "`{command} app send FILE`."
)
_OPENED_THERE: Final = (
    "On another machine, end this with Ctrl-C, take the file there, and open it on the owner page there."
)
_FORWARDED: Final = (
    "On another machine, have its port {port} lead to this one's first, such as with "
    "`ssh -L {port}:127.0.0.1:{port} THIS-MACHINE` there."
)
_LEADING: Final = (
    '<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
    '<meta http-equiv="refresh" content="0;url={0}"><title>Proven</title>'
    '<a href="{0}" rel="noreferrer">Go on to sign</a>\n'
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be signed: `fields` tell it to the owner page, `message` is what the holder of a key signs,
    and `elsewhere` says what to do where the browser is on another machine than this listener, at `{port}`.

    For a new application that depends on the key, which is not known before: its id follows from it.
    """

    fields: dict[str, bytes | str]
    message: Callable[[bytes], bytes]
    elsewhere: str = _SAVED_THERE
    keys: frozenset[bytes] | None = None
    """Whose signature is taken; None leaves that to the node."""

    @classmethod
    def change(cls, body: Body) -> Wanted:
        return cls({"body": body.encode()}, lambda _: body.encode())

    @classmethod
    def creation(cls, origin: str, command: CreateApplication) -> Wanted:
        fields = msgspec.to_builtins(command, builtin_types=(bytes,))
        return cls(
            {"origin": origin, "create": cbor.encode(fields)},
            lambda owner: created_by(owner, origin, command).encode(),
        )

    @classmethod
    def cosignature(cls, signed: SignedCommand) -> Wanted:
        """One more signature of a command that others have signed."""
        return cls({"envelope": signed.encode()}, lambda _: signed.raw, elsewhere=_OPENED_THERE)

    @classmethod
    def permission(cls, permitted: Permitted, keys: Iterable[bytes]) -> Wanted:
        """The permission to read, of one of those who may read."""
        message = permitted.encode()
        return cls({"read": message}, lambda _: message, elsewhere=_FORWARDED, keys=frozenset(keys))

    def signs(self, key: bytes, signature: bytes) -> bool:
        if self.keys is not None and key not in self.keys:
            return False
        return ed25519.is_signed(key, signature, self.message(key))


def created_by(owner: bytes, origin: str, command: CreateApplication) -> Body:
    """What the holder of `owner` signs to create an application."""
    made = application_id(owner, command.nonce)
    return Body(origin=origin, application_id=made, revision=0, command=command)


async def signature(url: str, wanted: Wanted, *, wait: float = WAIT_SECONDS) -> tuple[bytes, bytes]:
    """The key of whoever signs on the owner page of the node at `url`, and their signature. `wait` is in
    seconds. Raises `ProvenError`: `UNAVAILABLE` without such a page, `REQUEST_TIMEOUT`.
    """
    origin = await sign_in_origin(url)
    listener = Listener(origin, wanted.signs)
    try:
        port = await listener.start()
        address = origin + _PAGE + fragment(wanted, port, listener.token)
        async with _shown(address, wanted.elsewhere.format(command=COMMAND, port=port)):
            async with asyncio.timeout(wait):
                return await listener.signature()
    except TimeoutError:
        raise ProvenError(
            ErrorCode.REQUEST_TIMEOUT,
            f"nobody signed within {wait / 60:.0f} minutes; nothing was sent: run it again when you can sign",
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


@contextlib.asynccontextmanager
async def _shown(address: str, elsewhere: str) -> AsyncIterator[None]:
    """Open the page, or say where it is, for as long as it is waited for."""
    with contextlib.ExitStack() as stack:
        opened = _has_browser() and await asyncio.to_thread(
            webbrowser.open, stack.enter_context(leading_to(address))
        )
        told = (
            "Sign in the browser window that was opened, or at"
            if opened
            else "Sign in a browser on this machine, at"
        )
        click.echo(f"{told}\n\n  {address}\n", err=True)
        if not opened:
            click.echo(f"{elsewhere}\n", err=True)
        click.echo("Waiting for your signature …", err=True)
        yield


@contextlib.contextmanager
def leading_to(address: str) -> Iterator[str]:
    """The address of a file that leads there, which this user alone can read, until the block is left: what
    a browser is started with, every user of the machine can see in the list of processes.
    """
    with tempfile.TemporaryDirectory(prefix="proven-") as folder:
        file = Path(folder) / "sign.html"
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as page:
            page.write(_LEADING.format(html.escape(address)))
        yield file.as_uri()


def _has_browser() -> bool:
    """Whether somebody at a terminal could see a window that is opened here."""
    if not sys.stderr.isatty() or "SSH_CONNECTION" in os.environ:
        return False
    return sys.platform in ("darwin", "win32") or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
