"""`proven dev --public-url`: a node behind something that ends TLS, under another name and port."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from multidict import CIMultiDictProxy

from proven.client import connect, fetch
from proven.wire.errors import ErrorCode, ProvenError
from support.dev import DevNode, dev_node, dev_process
from support.relays import wire_to
from support.tls import Identity, identity

APP = """
import { run, runOnHttp } from '@proven-network/handler';

export const ping = run(() => 'pong');
export const cookie = runOnHttp({ path: '/cookie' }, ({ request }) => new Response(request.url, {
  headers: [['set-cookie', 'a=1'], ['set-cookie', 'b=2; Secure; HttpOnly'], ['set-cookie', 'c=secure']],
}));
"""

FORWARDED = {
    "x-forwarded-proto": "https",
    "x-forwarded-host": "dev.example",
    "x-forwarded-ssl": "on",
    "forwarded": "proto=https;host=dev.example",
}


class Everywhere(AbstractResolver):
    """A resolver to which every name is one of this machine."""

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 0, "flags": 0}]

    async def close(self) -> None: ...


@dataclass
class Place:
    """A node, and the way to it over TLS under a name."""

    node: DevNode
    http: aiohttp.ClientSession
    tls: Identity
    port: int
    name: str

    @property
    def url(self) -> str:
        return f"https://{self.name}:{self.port}"

    @property
    def app(self) -> str:
        return f"https://shop.{self.name}:{self.port}"

    async def get(self, url: str, headers: Mapping[str, str] = {}) -> tuple[int, CIMultiDictProxy[str], str]:
        async with self.http.get(url, headers=headers) as answer:
            return answer.status, answer.headers, await answer.text()


@asynccontextmanager
async def placed(folder: Path, name: str = "dev.example") -> AsyncIterator[Place]:
    app = folder / "shop"
    (app / "src").mkdir(parents=True)
    (app / "src" / "app.ts").write_text(APP)
    (app / "dist").mkdir()
    (app / "dist" / "index.html").write_text("<!doctype html><title>Shop</title>")
    (app / "package.json").write_text('{"name": "shop", "proven": {"assets": "dist"}}')
    tls = identity(folder, name, f"shop.{name}")
    async with wire_to(tls=tls.server) as wire:
        options = ["--public-url", f"https://{name}:{wire.port}"]
        connector = aiohttp.TCPConnector(resolver=Everywhere(), ssl=tls.client)
        async with (
            dev_node(app, folder / "node", options=options) as node,
            aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=30)) as http,
        ):
            wire.target = int(node.url.rpartition(":")[2])
            yield Place(node, http, tls, wire.port, name)


async def test_everything_that_a_node_says_about_itself_is_by_its_public_url(tmp_path: Path) -> None:
    async with placed(tmp_path) as place:
        started = place.node.started
        assert started["public_url"] == place.url
        assert started["page"] == f"{place.app}/"
        assert started["url"].startswith("http://127.0.0.1:")

        status, headers, page = await place.get(f"{place.url}/sign-in/shop")
        assert status == 200
        policy = dict(each.split(" ", 1) for each in headers["content-security-policy"].split("; "))
        assert policy["script-src"] == policy["style-src"] == f"{place.url}/sign-in/assets/"
        assert policy["connect-src"] == f"'self' wss://dev.example:{place.port}"
        assert place.app in policy["frame-ancestors"].split(" ")
        told = json.loads(page.partition('id="proven-sign-in">')[2].partition("<")[0])
        assert told["relying_party"] == "dev.example"
        status, _, related = await place.get(f"{place.url}/.well-known/webauthn")
        assert json.loads(related) == {"origins": [place.url]}

        status, headers, said = await place.get(f"{place.app}/cookie")
        assert said == f"{place.app}/cookie"
        assert headers.getall("set-cookie") == ["a=1; Secure", "b=2; Secure; HttpOnly", "c=secure; Secure"]


async def test_who_may_use_an_app_follows_from_the_public_url(tmp_path: Path) -> None:
    async with placed(tmp_path) as place:
        session = f"{place.url}/app/shop/session"
        for origin, allowed in (
            (place.app, True),
            (place.url, True),
            (place.app.replace("https", "http"), False),
            (f"https://shop.dev.example:{place.port + 1}", False),
            ("https://shop.dev.example.evil.example", False),
            (f"https://other.dev.example:{place.port}", False),
        ):
            async with place.http.post(session, data=b"", headers={"origin": origin}) as answer:
                denied = (await answer.json())["code"] == ErrorCode.ORIGIN_DENIED
                assert denied is not allowed, origin


async def test_nobody_says_in_a_header_how_they_came(tmp_path: Path) -> None:
    """Neither directly, pretending that it was over TLS, nor over TLS, pretending that it was not."""
    async with placed(tmp_path) as place:
        direct = place.node.url
        port = direct.rpartition(":")[2]
        for named in (f"127.0.0.1:{port}", f"localhost:{port}"):
            _, headers, _ = await place.get(f"{direct}/sign-in/shop", {"host": named, **FORWARDED})
            assert f"script-src http://{named}/sign-in/assets/" in headers["content-security-policy"]
        for named in (f"shop.localhost:{port}", f"shop.dev.example:{port}", "shop.dev.example"):
            _, headers, said = await place.get(f"{direct}/cookie", {"host": named, **FORWARDED})
            assert said == f"http://{named}/cookie"
            assert headers["set-cookie"] == "a=1"
        pretending = {"x-forwarded-proto": "http", "forwarded": "proto=http"}
        _, headers, said = await place.get(f"{place.app}/cookie", pretending)
        assert said == f"{place.app}/cookie"
        assert headers["set-cookie"] == "a=1; Secure"
        status, _, _ = await place.get(f"{direct}/", {"host": "evil.example", **FORWARDED})
        assert status == 404


async def test_the_console_is_for_nobody_where_everybody_may_come(tmp_path: Path) -> None:
    async with placed(tmp_path) as place:
        assert place.node.started["console"] is None
        port = place.node.url.rpartition(":")[2]
        for named in (f"dev.example:{place.port}", f"localhost:{port}", "127.0.0.1"):
            for path in ("/console/", "/console/api/overview"):
                status, _, _ = await place.get(place.url + path, {"host": named})
                assert status == 404, (named, path)
            status, _, root = await place.get(f"{place.url}/", {"host": named})
            assert "Shop" in root


async def test_python_verifies_sessions_and_answers_on_both_ways(tmp_path: Path) -> None:
    async with placed(tmp_path, "localhost") as place:
        verifier = place.node.verifier
        for url, tls in ((place.url, place.tls.client), (place.node.url, None)):
            async with await connect(url, application="shop", verifier=verifier, tls=tls) as client:
                assert await client.call("ping") == "pong"
            answer = await fetch(f"{url}/app/shop/http/cookie", verifier=verifier, tls=tls)
            assert answer.status == 200


@pytest.mark.parametrize(
    "url",
    [
        "http://dev.example",
        "dev.example",
        "https://dev.example/path",
        "https://10.0.0.1",
        "https://[::1]:8443",
        "https://*.example",
    ],
)
async def test_what_is_no_public_url_is_said_before_anything_starts(tmp_path: Path, url: str) -> None:
    app = tmp_path / "app"
    (app / "src").mkdir(parents=True)
    (app / "src" / "app.ts").write_text(APP)
    (app / "package.json").write_text('{"name": "shop"}')
    async with dev_process(app, tmp_path / "node", options=["--public-url", url]) as node:
        assert await node.ended() != 0
        assert "public" in node.stderr + json.dumps(node.failure if node._other_output else {})


async def test_a_direct_caller_is_not_told_of_another_way(tmp_path: Path) -> None:
    """Somebody on this machine reaches the node as before."""
    async with placed(tmp_path) as place:
        async with await connect(place.node.url, application="shop", verifier=place.node.verifier) as client:
            assert await client.call("ping") == "pong"
        with pytest.raises(ProvenError) as refused:
            await connect(
                place.node.url,
                application="shop",
                verifier=place.node.verifier,
                origin="https://evil.example",
            )
        assert refused.value.code is ErrorCode.ORIGIN_DENIED
