"""The sign-in page as a node serves it: what it may run, who may show it, what it is told."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from integration.gateway_node import Node, running_node
from proven.client import connect
from proven.gateway import GatewayConfig, SignInConfig
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import owner_key
from proven.wire.session import ClientHandshake

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIGN_IN = "https://sign-in.example"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    directory: Path = tmp_path_factory.mktemp("node")
    config = GatewayConfig(
        hosts=("node.example",),
        default_application="gate",
        sign_in=SignInConfig("sign-in.example", lambda: (SIGN_IN,)),
    )
    async with running_node(directory, config) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        yield session


def policy_of(response: aiohttp.ClientResponse) -> dict[str, str]:
    directives = response.headers["content-security-policy"].split("; ")
    return dict(directive.partition(" ")[::2] for directive in directives)


async def test_the_page_runs_only_its_own_files_and_only_its_applications_pages_may_show_it(
    node: Node, http: aiohttp.ClientSession
) -> None:
    async with http.get(f"{node.url}/sign-in/gate", headers={"host": "node.example:8443"}) as response:
        assert (response.status, response.content_type) == (200, "text/html")
        own = "http://node.example:8443"
        assert policy_of(response) == {
            "default-src": "'none'",
            "script-src": f"{own}/sign-in/assets/",
            "style-src": f"{own}/sign-in/assets/",
            "connect-src": "'self' ws://node.example:8443",
            "img-src": "'self' data:",
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "https://page.example http://gate.localhost:8443 "
            f"http://gate.node.example:8443 {own} {SIGN_IN}",
        }
        assert response.headers["permissions-policy"] == (
            "publickey-credentials-create=(self), publickey-credentials-get=(self)"
        )
        assert response.headers["referrer-policy"] == "no-referrer"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in response.headers
        page = await response.text()
    found = re.search(r'<script type="application/json" id="proven-sign-in">(.*?)</script>', page)
    assert found is not None
    assert json.loads(found[1]) == {
        "application": {"id": node.application.id, "name": "gate"},
        "origins": [
            "https://page.example",
            "http://gate.localhost:8443",
            "http://gate.node.example:8443",
            "http://node.example:8443",
            SIGN_IN,
        ],
        "relying_party": "sign-in.example",
        "development": False,
    }


async def test_every_file_that_the_page_names_is_there_and_kept_by_whoever_has_it(
    node: Node, http: aiohttp.ClientSession
) -> None:
    async with http.get(f"{node.url}/sign-in/{node.application.id}") as response:
        page = await response.text()
    names = re.findall(r'(?:src|href)="(/sign-in/assets/[^"]+)"', page)
    assert {name.rpartition(".")[2] for name in names} == {"js", "css"}
    for name in names:
        async with http.get(f"{node.url}{name}") as response:
            assert response.status == 200
            assert response.headers["x-content-type-options"] == "nosniff"
            etag = response.headers["etag"]
        async with http.get(f"{node.url}{name}", headers={"if-none-match": etag}) as response:
            assert (response.status, await response.read()) == (304, b"")
        async with http.head(f"{node.url}{name}") as response:
            assert (response.status, int(response.headers["content-length"]) > 0) == (200, True)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/sign-in/nobody", 404),
        ("/sign-in/", 404),
        ("/sign-in/assets/frame.html", 404),
        ("/sign-in/assets/..%2Fframe.html", 404),
        ("/sign-in/assets/%2e%2e", 400),
        ("/sign-in/gate/more", 404),
    ],
)
async def test_nothing_else_is_there(node: Node, http: aiohttp.ClientSession, path: str, status: int) -> None:
    async with http.get(aiohttp.client.URL(f"{node.url}{path}", encoded=True)) as response:
        assert response.status == status


async def test_an_application_cannot_put_a_sign_in_page_of_its_own_where_the_nodes_is(
    node: Node, http: aiohttp.ClientSession
) -> None:
    """The default application has every other path; on its own host, `/sign-in` is its own affair."""
    async with http.post(f"{node.url}/sign-in/gate") as response:
        assert response.status == 405
    host = {"host": f"gate.localhost:{node.port}"}
    for path in ("/sign-in/gate", "/.well-known/webauthn"):
        async with http.get(f"{node.url}{path}", headers=host) as response:
            assert response.status == 404
            assert "gate has nothing" in await response.text()


async def test_related_origins_are_told(node: Node, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{node.url}/.well-known/webauthn") as response:
        assert response.content_type == "application/json"
        assert await response.json() == {"origins": [SIGN_IN]}


async def test_management_sessions_are_for_the_nodes_own_pages(
    node: Node, http: aiohttp.ClientSession
) -> None:
    for origin, status in (
        (None, 200),
        (node.url, 200),
        (SIGN_IN, 200),
        ("https://page.example", 403),
        (f"http://gate.localhost:{node.port}", 403),
        ("null", 403),
    ):
        request = ClientHandshake(None, origin=origin).request()
        headers = {} if origin is None else {"origin": origin}
        async with http.post(f"{node.url}/session", data=request, headers=headers) as response:
            assert response.status == status


async def test_an_origin_that_is_removed_can_use_its_sessions_no_longer(node: Node) -> None:
    page = "https://soon.gone.example"
    owner = owner_key(node.owner)
    await node.applications.add_origin(owner, node.application.id, page)
    async with await connect(node.url, application="gate", verifier=node.verifier, origin=page) as client:
        assert await client.call("src/app.ts#add", 1, 2) == 3
        await node.applications.remove_origin(owner, node.application.id, page)
    with pytest.raises(ProvenError) as refused:
        async with await connect(node.url, application="gate", verifier=node.verifier, origin=page):
            pass
    assert refused.value.code is ErrorCode.ORIGIN_DENIED
