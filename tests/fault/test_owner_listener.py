"""Whoever is on the machine or in its browser, at the port where the command line waits for a signature."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

import aiohttp
import aiohttp.web
import pytest
import pytest_asyncio

from proven.cli.app import _passkey
from proven.cli.app._listener import HOST, PATH, Listener
from proven.cli.app._passkey import Wanted, sign_in_origin, signature
from proven.wire.applications import Body, CreateApplication, Deploy, OwnerKey, decode_envelope, sign
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, IdentityId, application_id
from proven.wire.permissions import Permitted
from support.web_servers import listening

PAGE: Final = "https://sign-in.example"
OWNER: Final = OwnerKey.from_seed(b"O" * 32)
BODY: Final = Body(
    origin="log.example", application_id="a" * 32, revision=3, command=Deploy(package_id="0a" * 32)
)
OTHER: Final = Body(
    origin="log.example", application_id="a" * 32, revision=3, command=Deploy(package_id="0b" * 32)
)
JSON: Final = {"origin": PAGE, "content-type": "application/json"}


class Waiting:
    """A listener, and somebody who sends it things."""

    def __init__(self, listener: Listener, port: int, http: aiohttp.ClientSession) -> None:
        self.listener = listener
        self.url = f"http://{HOST}:{port}{PATH}"
        self.authority = f"{HOST}:{port}"
        self._http = http

    def answer(self, body: Body = BODY, key: OwnerKey = OWNER, **change: Any) -> dict[str, Any]:
        made = {
            "token": self.listener.token.hex(),
            "public_key": key.public_key.hex(),
            "signature": key.sign(body.encode()).hex(),
        }
        return {name: value for name, value in {**made, **change}.items() if value is not None}

    async def post(
        self, answer: object, headers: dict[str, str] | None = None, *, method: str = "POST", path: str = ""
    ) -> aiohttp.ClientResponse:
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        url = self.url if not path else self.url.removesuffix(PATH) + path
        async with self._http.request(
            method, url, data=content, headers=JSON if headers is None else headers
        ) as response:
            await response.read()
            return response

    async def still_waits(self) -> bool:
        """That nothing came of what was sent: the signature is taken yet."""
        before = self.listener._answered.done()
        return not before and (await self.post(self.answer())).status == 204


@pytest_asyncio.fixture
async def waiting() -> AsyncIterator[Waiting]:
    listener = Listener(PAGE, Wanted.change(BODY).signs)
    port = await listener.start()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
        yield Waiting(listener, port, http)
    await listener.stop()


async def test_the_page_that_was_opened_hands_a_signature_back(waiting: Waiting) -> None:
    asking = {"origin": PAGE, "access-control-request-method": "POST"}
    allowed = await waiting.post(b"", asking, method="OPTIONS")
    assert allowed.headers["access-control-allow-origin"] == PAGE
    assert allowed.headers["access-control-allow-headers"] == "content-type"
    assert allowed.headers["access-control-allow-private-network"] == "true"
    assert (await waiting.post(waiting.answer())).status == 204
    assert await waiting.listener.signature() == (OWNER.public_key, OWNER.sign(BODY.encode()))


async def test_a_token_works_once(waiting: Waiting) -> None:
    assert (await waiting.post(waiting.answer())).status == 204
    assert (await waiting.post(waiting.answer())).status == 403
    thief = OwnerKey.from_seed(b"T" * 32)
    assert (await waiting.post(waiting.answer(key=thief))).status == 403
    assert (await waiting.listener.signature())[0] == OWNER.public_key


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://sign-in.example", f"{PAGE}:8443", None]
)
async def test_pages_of_other_origins_are_refused_and_told_nothing(
    waiting: Waiting, origin: str | None
) -> None:
    said = {"content-type": "application/json"} | ({} if origin is None else {"origin": origin})
    asking = {**said, "access-control-request-method": "POST"}
    for headers, method in ((said, "POST"), (asking, "OPTIONS")):
        response = await waiting.post(waiting.answer(), headers, method=method)
        assert response.status == 403
        assert not [name for name in response.headers if name.lower().startswith("access-control")]
    assert await waiting.still_waits()


@pytest.mark.parametrize("host", ["evil.example", "localhost", "127.0.0.2", "127.0.0.1", "[::1]"])
async def test_a_name_that_leads_here_is_not_this_place(waiting: Waiting, host: str) -> None:
    port = waiting.authority.rpartition(":")[2]
    for authority in {f"{host}:{port}", f"{host}:1", host} - {waiting.authority}:
        response = await waiting.post(waiting.answer(), {**JSON, "host": authority})
        assert response.status == 403
    assert await waiting.still_waits()


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json5", ""],
)
async def test_what_a_page_can_send_without_asking_is_not_taken(waiting: Waiting, kind: str) -> None:
    assert (await waiting.post(waiting.answer(), {**JSON, "content-type": kind})).status == 400
    assert await waiting.still_waits()


async def test_only_the_exact_form_is_read(waiting: Waiting) -> None:
    token = waiting.listener.token.hex()
    odd: list[object] = [
        b"", b'{"token": "\xff"}', b"{", b"[]", b"null", b"\xff", b"x" * 2000, [waiting.answer()],
        waiting.answer(more="1"), waiting.answer(token=None), waiting.answer(signature=None),
        waiting.answer(token=token.upper()), waiting.answer(token=token + "\n"), waiting.answer(token=1),
        waiting.answer(public_key="00"), waiting.answer(signature="zz" * 64), waiting.answer(body="00"),
    ]  # fmt: skip
    for answer in odd:
        assert (await waiting.post(answer)).status in (400, 403, 413), answer
    assert await waiting.still_waits()


async def test_nobody_without_the_token_is_taken(waiting: Waiting) -> None:
    other = Listener(PAGE, Wanted.change(BODY).signs)
    for token in (bytes(32), os.urandom(32), other.token):
        assert (await waiting.post(waiting.answer(token=token.hex()))).status == 403
    assert await waiting.still_waits()


async def test_a_signature_counts_over_the_command_that_was_made_here_only(waiting: Waiting) -> None:
    assert (await waiting.post(waiting.answer(OTHER))).status == 403
    good = OWNER.sign(BODY.encode())
    altered = bytes([good[0] ^ 1, *good[1:]])
    assert (await waiting.post(waiting.answer(signature=altered.hex()))).status == 403
    thief = OwnerKey.from_seed(b"T" * 32)
    assert (await waiting.post(waiting.answer(public_key=thief.public_key.hex()))).status == 403
    small = bytes([1, *bytes(31)])
    assert (
        await waiting.post(waiting.answer(public_key=small.hex(), signature=(small + bytes(32)).hex()))
    ).status == 403
    assert await waiting.still_waits()


async def test_other_methods_and_paths_lead_nowhere(waiting: Waiting) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        assert (await waiting.post(b"", method=method)).status == 404
    for path in ("/", "/signature/", "/owner", f"/{waiting.listener.token.hex()}"):
        assert (await waiting.post(waiting.answer(), path=path)).status == 404
    assert await waiting.still_waits()


async def test_nobody_listens_afterwards() -> None:
    listener = Listener(PAGE, Wanted.change(BODY).signs)
    port = await listener.start()
    await listener.stop()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(HOST, port)


async def test_a_new_application_is_the_signers(waiting: Waiting) -> None:
    command = CreateApplication(name="todo", nonce=b"nonce")
    wanted = Wanted.creation("log.example", command)
    made = application_id(OWNER.public_key, b"nonce")
    body = Body(origin="log.example", application_id=made, revision=0, command=command)
    assert wanted.signs(OWNER.public_key, OWNER.sign(body.encode()))
    thief = OwnerKey.from_seed(b"T" * 32)
    assert not wanted.signs(thief.public_key, thief.sign(body.encode()))
    for change in (
        {"revision": 1},
        {"origin": "other.example"},
        {"command": CreateApplication(name="todo", nonce=b"x")},
    ):
        other = Body(
            **{"origin": body.origin, "application_id": made, "revision": 0, "command": command, **change}
        )
        assert not wanted.signs(OWNER.public_key, OWNER.sign(other.encode()))


@pytest.mark.parametrize(
    ("status", "location"),
    [
        (404, None),
        (302, "https://sign-in.example/owner"),
        (307, "http://evil.example/owner"),
        (307, "http://127.0.0.1:80/owner"),
        (307, "javascript:alert(1)"),
        (307, "https://user@sign-in.example/owner"),
        (307, "https://sign-in.example/elsewhere"),
        (307, "https://sign-in.example/owner#command=x"),
        (307, ""),
    ],
)
async def test_a_node_sends_nobody_to_an_odd_address(status: int, location: str | None) -> None:
    async def owner(_: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.Response(status=status, headers={} if location is None else {"location": location})

    site = aiohttp.web.Application()
    site.router.add_get("/owner", owner)
    async with listening(site) as port:
        with pytest.raises(ProvenError) as refused:
            await sign_in_origin(f"http://127.0.0.1:{port}")
    assert refused.value.code is ErrorCode.UNAVAILABLE


async def test_nobody_is_waited_for_without_end(capsys: pytest.CaptureFixture[str]) -> None:
    async def owner(_: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.Response()

    site = aiohttp.web.Application()
    site.router.add_get("/owner", owner)
    async with listening(site) as port:
        with pytest.raises(ProvenError) as ended:
            await signature(f"http://localhost:{port}", Wanted.change(BODY), wait=0.05)
    assert ended.value.code is ErrorCode.REQUEST_TIMEOUT
    assert f"http://localhost:{port}/owner#command=" in capsys.readouterr().err


async def test_the_owner_page_is_where_the_node_leads_to() -> None:
    async def owner(_: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.Response(status=307, headers={"location": f"{PAGE}/owner"})

    site = aiohttp.web.Application()
    site.router.add_get("/owner", owner)
    async with listening(site) as port:
        assert await sign_in_origin(f"http://127.0.0.1:{port}/") == PAGE


READING: Final = Permitted(
    "log.example", ApplicationId("a" * 32), "logs", IdentityId("b" * 32), 1_795_421_642
)


async def test_a_permission_counts_of_those_alone_who_may_give_it() -> None:
    thief = OwnerKey.from_seed(b"T" * 32)
    wanted = Wanted.permission(READING, [OWNER.public_key])
    assert wanted.signs(OWNER.public_key, OWNER.sign(READING.encode()))
    assert not wanted.signs(thief.public_key, thief.sign(READING.encode()))
    for change in ({"until": READING.until + 1}, {"what": "metrics"}, {"application_id": "c" * 32}):
        other = replace(READING, **change)  # type: ignore[arg-type]
        assert not wanted.signs(OWNER.public_key, OWNER.sign(other.encode()))
    assert not wanted.signs(OWNER.public_key, OWNER.sign(BODY.encode()))


async def test_one_more_signature_counts_over_the_bytes_of_the_file_alone() -> None:
    signed = decode_envelope(sign(BODY, OwnerKey.from_seed(b"A" * 32)))
    wanted = Wanted.cosignature(signed)
    assert wanted.fields == {"envelope": signed.encode()}
    assert wanted.signs(OWNER.public_key, OWNER.sign(BODY.encode()))
    assert not wanted.signs(OWNER.public_key, OWNER.sign(OTHER.encode()))
    assert not wanted.signs(OWNER.public_key, OWNER.sign(READING.encode()))


async def test_what_a_browser_is_started_with_holds_no_secret_and_leads_to_the_page_for_this_user_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started: list[tuple[str, str]] = []

    def start(address: str) -> bool:
        file = Path(url2pathname(urlsplit(address).path))
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        assert file.stat().st_uid == os.getuid()
        started.append((address, file.read_text()))
        return True

    async def owner(_: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.Response()

    monkeypatch.setattr(_passkey, "_has_browser", lambda: True)
    monkeypatch.setattr("webbrowser.open", start)
    site = aiohttp.web.Application()
    site.router.add_get("/owner", owner)
    async with listening(site) as port:
        with pytest.raises(ProvenError):
            await signature(f"http://localhost:{port}", Wanted.change(BODY), wait=0.05)
    ((address, page),) = started
    told = next(line.strip() for line in capsys.readouterr().err.splitlines() if "/owner#" in line)
    assert address.startswith("file:///")
    assert "owner" not in address.rpartition("/")[2]
    assert "#" not in address
    assert f'content="0;url={told}"' in page
    assert not Path(url2pathname(urlsplit(address).path)).parent.exists()


def test_a_listener_needs_nothing_of_the_node_but_its_http_server() -> None:
    program = "import sys, proven.cli.app._listener; print(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    loaded = {name for name in done.stdout.split() if name.startswith("proven.")}
    assert {name.split(".")[1] for name in loaded} <= {"_loading", "cli", "gateway", "wire"}
    assert not {"proven.gateway.gateway", "proven.gateway.explorer"} & loaded
