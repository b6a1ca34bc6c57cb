"""Front-end files over HTTP, from a node as it runs them."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from integration.gateway_node import Node, running_node
from proven.apps import Application
from proven.client import fetch
from proven.gateway import GatewayConfig
from proven.gateway.assets import Assets, Found
from proven.gateway.http import Request
from proven.packages import Asset, build
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import owner_key
from unit.gateway.raw_http import Answer, connect

pytestmark = pytest.mark.asyncio(loop_scope="module")

HASHED = "assets/index-BkT8a1Xy.js"
FILM = bytes(range(256)) * 4096
SOURCE = """
import { run, runOnHttp } from '@proven-network/handler';
export const nothing = run(() => null);
export const won = runOnHttp({ path: '/won.txt', method: 'GET' }, () => 'route');
export const form = runOnHttp({ path: '/form.html', method: 'POST' }, () => 'posted');
export const fail = runOnHttp({ path: '/fail' }, () => { throw new Error('secret place'); });
export const cookies = runOnHttp({ path: '/cookies', method: 'POST' }, async ({ request }) =>
  new Response('', { headers: { 'set-cookie': await request.text() } }));
export const page = runOnHttp({ path: '/page' }, () => new Response('<p>', { headers: {
  'content-type': 'text/html', 'clear-site-data': '"*"', 'alt-svc': 'h2="evil.example"', nel: '{}' } }));
"""
ABSENT = (
    *("/nothing", "/docs/nothing.html", "//", "//index.html", "/docs//index.html", "/index.html/"),
    *("/docs%2Findex.html", "/docs%5Cindex.html", "/docs\\index.html", "/Index.html", "//evil.example/docs"),
    *("/package.json", "/src/app.ts", "/dist/index.html", "/..%2Fpackage.json", "/%2e%2e%2fpackage.json"),
    *("/%252e%252e/package.json", "/..."),
)
BUILT: Mapping[str, bytes] = {
    "index.html": b"<!doctype html><title>one</title>",
    "docs/index.html": b"<!doctype html>docs",
    "docs/a b/\xc3\xbc.txt": b"umlaut",
    "won.txt": b"file",
    "form.html": b"<form>",
    "film.mp4": FILM,
    "empty.txt": b"",
    "data.bin": b"\0",
    "logo.SVG": b"<svg/>",
    "app.wasm": b"\0asm",
    HASHED: b"export {}",
    "assets/my-favorite.js": b"export {}",
    "index-BkT8a1Xy.js": b"export {}",
}


def app(folder: Path, built: Mapping[str, bytes], **section: str) -> Path:
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "src" / "app.ts").write_text(SOURCE)
    described = {"name": "pages", "proven": {"assets": "dist", **section}}
    (folder / "package.json").write_text(json.dumps(described))
    for path, content in built.items():
        target = folder / "dist" / path.encode("latin-1").decode()
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder


async def deploy(node: Node, folder: Path, name: str) -> Application:
    owner = owner_key(node.owner)
    try:
        record = node.applications.find(name)
    except ProvenError:
        record = await node.applications.create(owner, name, name.encode())
    return await node.deployer.deploy(owner, record.id, build(folder), revision=record.revision)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    directory: Path = tmp_path_factory.mktemp("node")
    config = GatewayConfig(default_application="gate", hosts=("node.example",))
    async with running_node(directory, config) as running:
        await deploy(running, app(directory / "pages", BUILT), "pages")
        yield running


async def ask(
    node: Node,
    path: str,
    *,
    method: str = "GET",
    host: str = "pages.localhost",
    body: bytes = b"",
    **headers: str,
) -> Answer:
    """One request, its path as it is written here."""
    lines = [f"{method} {path} HTTP/1.1", f"host: {host}", *(f"{k}: {v}" for k, v in headers.items())]
    if body:
        lines.append(f"content-length: {len(body)}")
    async with connect(node.port) as peer:
        await peer.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        return await peer.answer(head=method == "HEAD")


async def test_files_are_served_on_the_apps_host_and_under_its_path(node: Node) -> None:
    id_ = node.applications.find("pages").id
    for host, path in (
        ("pages.localhost", "/"),
        (f"pages.localhost:{node.port}", "/index.html"),
        ("pages.node.example", "/"),
        ("localhost", "/app/pages/http/"),
        ("localhost", f"/app/{id_}/http/index.html"),
    ):
        answer = await ask(node, path, host=host)
        assert (answer.status, answer.body) == (200, BUILT["index.html"]), (host, path)


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "text/html; charset=utf-8"),
        (f"/{HASHED}", "text/javascript; charset=utf-8"),
        ("/docs/a%20b/%C3%BC.txt", "text/plain; charset=utf-8"),
        ("/app.wasm", "application/wasm"),
        ("/logo.SVG", "image/svg+xml"),
        ("/data.bin", "application/octet-stream"),
    ],
)
async def test_types_are_stated_and_not_guessed(node: Node, path: str, content_type: str) -> None:
    answer = await ask(node, path)
    assert answer.status == 200
    assert answer.headers["content-type"] == content_type
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_route_goes_before_a_file(node: Node) -> None:
    assert (await ask(node, "/won.txt")).body == b'"route"'


async def test_a_file_is_read_where_routes_only_write(node: Node) -> None:
    assert (await ask(node, "/form.html")).body == b"<form>"
    assert (await ask(node, "/form.html", method="POST")).body == b'"posted"'
    assert (await ask(node, "/form.html", method="PUT")).status == 405


async def test_files_are_only_read(node: Node) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = await ask(node, "/", method=method)
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    answer = await ask(node, "/", method="OPTIONS")
    assert (answer.status, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


async def test_head_says_what_get_would_send(node: Node) -> None:
    for path in ("/", "/film.mp4", "/empty.txt"):
        get, head = await ask(node, path), await ask(node, path, method="HEAD")
        assert head.body == b""
        for name in ("content-length", "content-type", "etag", "cache-control"):
            assert head.headers[name] == get.headers[name]
        assert int(get.headers["content-length"]) == len(get.body)


async def test_a_folder_is_its_index_page(node: Node) -> None:
    assert (await ask(node, "/docs/")).body == BUILT["docs/index.html"]
    moved = await ask(node, "/docs?q=1")
    assert (moved.status, moved.headers["location"]) == (308, "./docs/?q=1")
    assert (await ask(node, "/assets/")).status == (await ask(node, "/assets")).status == 404
    moved = await ask(node, "/app/pages/http", host="localhost")
    assert (moved.status, moved.headers["location"]) == (308, "./http/")


@pytest.mark.parametrize("path", ABSENT)
async def test_nothing_else_is_there(node: Node, path: str) -> None:
    assert (await ask(node, path)).status == 404


@pytest.mark.parametrize(
    "path",
    ["/../package.json", "/docs/../index.html", "/%2e%2e/package.json", "/.%2e/", "/./index.html", "/%00",
     "/index.html%00.js", "/%zz", "/%ff", "/docs/%2E/"],
)  # fmt: skip
async def test_hostile_paths_are_refused(node: Node, path: str) -> None:
    assert (await ask(node, path)).status == 400


async def test_the_tag_is_the_hash_and_saves_the_body(node: Node) -> None:
    tag = f'"{hashlib.sha256(FILM).hexdigest()}"'
    answer = await ask(node, "/film.mp4")
    assert (answer.headers["etag"], answer.body) == (tag, FILM)
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = await ask(node, "/film.mp4", **{"if-none-match": known})
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", tag)
        assert "content-length" not in answer.headers
    assert (await ask(node, "/film.mp4", **{"if-none-match": '"other"'})).status == 200


@pytest.mark.parametrize(
    ("asked", "part"),
    [("bytes=0-0", slice(0, 1)), ("bytes=10-19", slice(10, 20)), ("bytes=-5", slice(-5, None)),
     ("bytes=1000000-", slice(1000000, None)), ("bytes=0-99999999", slice(0, None)),
     ("Bytes=1-2", slice(1, 3)), ("bytes=-99999999", slice(0, None)),
     ("bytes=100-200000", slice(100, 200001))],
)  # fmt: skip
async def test_a_part_can_be_asked_for(node: Node, asked: str, part: slice) -> None:
    answer = await ask(node, "/film.mp4", range=asked)
    start, stop, _ = part.indices(len(FILM))
    assert (answer.status, answer.body) == (206, FILM[part])
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(FILM)}"
    assert answer.headers["content-length"] == str(stop - start)


@pytest.mark.parametrize(
    "asked",
    ["bytes=0-1,5-6", "bytes=-", "bytes=5-1", "bytes=a-b", "items=0-1", "bytes 0-1", "bytes=1-2, bytes=3-4",
     "bytes=" + "9" * 40 + "-", "bytes=--5", "bytes=+1-2"],
)  # fmt: skip
async def test_what_is_no_single_part_gets_everything(node: Node, asked: str) -> None:
    answer = await ask(node, "/film.mp4", range=asked)
    assert (answer.status, answer.body) == (200, FILM)


async def test_a_part_beyond_the_end_is_refused(node: Node) -> None:
    for path, asked in (
        ("/film.mp4", f"bytes={len(FILM)}-"),
        ("/film.mp4", "bytes=-0"),
        ("/empty.txt", "bytes=0-"),
    ):
        answer = await ask(node, path, range=asked)
        assert answer.status == 416
        assert answer.headers["content-range"] == f"bytes */{len(FILM) if 'film' in path else 0}"


async def test_a_part_of_another_content_is_not_given(node: Node) -> None:
    tag = f'"{hashlib.sha256(FILM).hexdigest()}"'
    assert (await ask(node, "/film.mp4", range="bytes=0-9", **{"if-range": tag})).status == 206
    for other in ('"other"', f"W/{tag}", "Mon, 01 Jan 2024 00:00:00 GMT"):
        assert (await ask(node, "/film.mp4", range="bytes=0-9", **{"if-range": other})).status == 200


async def test_only_names_with_a_hash_may_be_kept(node: Node) -> None:
    assert "immutable" in (await ask(node, f"/{HASHED}")).headers["cache-control"]
    for path in ("/", "/film.mp4", "/assets/my-favorite.js", "/index-BkT8a1Xy.js"):
        assert (await ask(node, path)).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/", f"/{HASHED}", "/film.mp4", "/docs", "/empty.txt"])
async def test_an_answer_can_be_attested(node: Node, path: str) -> None:
    url = f"{node.url}/app/pages/http{path}"
    answer = await fetch(url, verifier=node.verifier, headers={"range": "bytes=0-1", "if-none-match": "*"})
    record = node.applications.find("pages")
    assert (answer.attested.application_id, answer.attested.package_id) == (record.id, record.package_id)
    assert answer.status == (308 if path == "/docs" else 200)
    if path != "/docs":
        assert answer.body == BUILT[path[1:] or "index.html"]
        assert dict(answer.headers)["cache-control"] == "no-store"


async def test_an_application_can_answer_every_path_with_one_page(node: Node, tmp_path: Path) -> None:
    built = {"index.html": b"spa", "a.js": b"1"}
    await deploy(node, app(tmp_path / "single", built, fallback="index.html"), "single")
    for path in ("/", "/todos/5", "/users/jane.doe", "/nothing/"):
        answer = await ask(node, path, host="single.localhost")
        assert (answer.status, answer.body) == (200, b"spa")
        assert (answer.headers["content-type"], answer.headers["cache-control"]) == (
            "text/html; charset=utf-8",
            "no-cache",
        )
    for path in ("/missing.js", "/assets/old-BkT8a1Xy.css", "/a%2Fb", "//x"):
        assert (await ask(node, path, host="single.localhost")).status == 404
    assert (await ask(node, "/form.html", method="PUT", host="single.localhost")).status == 405


async def test_a_deploy_switches_code_and_files_together(node: Node, tmp_path: Path) -> None:
    def version(number: int) -> Path:
        folder = app(tmp_path / "twin", {"index.html": b"%d" % number})
        code = SOURCE + f"export const v = runOnHttp({{ path: '/v' }}, () => {number});"
        (folder / "src" / "app.ts").write_text(code)
        return folder

    async def seen(path: str) -> int:
        return int((await ask(node, path, host="twin.localhost")).body)

    await deploy(node, version(0), "twin")
    done = asyncio.Event()
    observed: list[tuple[int, int, int]] = []

    async def watch() -> None:
        while not done.is_set():
            observed.append((await seen("/"), await seen("/v"), await seen("/")))

    async with asyncio.TaskGroup() as group:
        group.create_task(watch())
        for number in range(1, 6):
            await deploy(node, version(number), "twin")
        done.set()
    assert await seen("/") == await seen("/v") == 5
    assert all(first <= code <= last for first, code, last in observed), observed


async def test_large_files_follow_each_other_on_one_connection(node: Node) -> None:
    async with connect(node.port) as peer:
        await peer.send(b"GET /film.mp4 HTTP/1.1\r\nhost: pages.localhost\r\n\r\n" * 8)
        for _ in range(8):
            assert (await peer.answer()).body == FILM


class _Store:
    """Counts what is read."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self.contents = contents
        self.reads: list[str] = []

    async def asset(self, asset: Asset) -> bytes:
        self.reads.append(asset.path)
        await asyncio.sleep(0)
        return self.contents[asset.path]


async def test_what_is_in_use_is_read_once_and_the_rest_forgotten(node: Node) -> None:
    store = _Store({name: name.encode() * 1000 for name in "abc"})
    assets = {
        name: Asset(name, hashlib.sha256(content).hexdigest(), len(content))
        for name, content in store.contents.items()
    }
    serving = Assets(store, cache_bytes=2000)
    request = Request("GET", "/", "/", "", [], body=None)  # type: ignore[arg-type]

    async def get(name: str) -> None:
        response = await serving.answer(request, Found(assets[name]), whole=False)
        assert response.body == store.contents[name]

    await asyncio.gather(*(get("a") for _ in range(20)))
    assert store.reads == ["a"]
    for name in "bcba":
        await get(name)
    assert store.reads == ["a", "b", "c", "a"]


async def test_a_file_the_store_has_lost_is_an_error_and_can_come_back(node: Node) -> None:
    class Broken(_Store):
        async def asset(self, asset: Asset) -> bytes:
            if not self.reads:
                self.reads.append(asset.path)
                raise ProvenError(ErrorCode.NOT_FOUND, "gone")
            return await super().asset(asset)

    serving = Assets(Broken({"a": b"x"}))
    request = Request("GET", "/", "/", "", [], body=None)  # type: ignore[arg-type]
    found = Found(Asset("a", hashlib.sha256(b"x").hexdigest(), 1))
    with pytest.raises(ProvenError):
        await serving.answer(request, found, whole=False)
    assert (await serving.answer(request, found, whole=False)).body == b"x"


async def test_cookies_stay_with_the_host_that_sets_them(node: Node) -> None:
    async def kept(cookie: str, host: str = "pages.node.example", path: str = "/cookies") -> str:
        answer = await ask(node, path, method="POST", host=host, body=cookie.encode())
        assert answer.status == 200
        return answer.headers["set-cookie"]

    plain = "id=1; Path=/; HttpOnly; SameSite=Lax"
    assert await kept(plain) == plain
    for own in ("Domain=pages.node.example", "domain=.Pages.Node.Example"):
        assert await kept(f"{plain}; {own}") == f"{plain}; {own}"
    for other in ("Domain=node.example", "DOMAIN = .node.example", "\tdomain=example", "Domain=", "Domain",
                  "Domain=other.node.example", "Domain=pages.node.example; Domain=node.example"):  # fmt: skip
        assert "node.example" not in (await kept(f"{plain}; {other}")).replace("pages.node.example", ""), (
            other
        )
    assert await kept(f"{plain};Domain=localhost;Secure", "pages.localhost") == f"{plain};Secure"
    for host in ("localhost", "node.example"):
        mounted = await kept(f"{plain}; Domain={host}", host, "/app/pages/http/cookies")
        assert mounted == "id=1; HttpOnly; SameSite=Lax; Path=/app/pages/http"
    for path in (
        "/",
        "",
        "app/pages/http",
        "/app/pages/httpx",
        "/app/pages",
        "/sign-in",
        "/app/pages/http; PATH = /",
    ):
        for cookie in ("id=1", f"id=1; Path={path}"):
            assert await kept(cookie, "localhost", "/app/pages/http/cookies") == "id=1; Path=/app/pages/http"
    for inside in ("id=1; Path=/app/pages/http/a", "id=1; path=/app/pages/http/;Secure"):
        assert await kept(inside, "localhost", "/app/pages/http/cookies") == inside


async def test_on_the_nodes_own_origin_pages_are_sandboxed(node: Node) -> None:
    for path in ("/app/pages/http/", "/app/pages/http/page", "/app/pages/http/won.txt", "/any"):
        answer = await ask(node, path, host="localhost")
        assert answer.status == 200
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("sandbox ")
        assert "allow-same-origin" not in policy
        assert not {"clear-site-data", "alt-svc", "nel"} & answer.headers.keys()
    answer = await ask(node, "/page")
    assert "content-security-policy" not in answer.headers
    assert {"clear-site-data", "alt-svc", "nel"} <= answer.headers.keys()


async def test_only_a_development_node_shows_where_a_handler_failed(node: Node, tmp_path: Path) -> None:
    record = json.loads((await ask(node, "/fail")).body)
    assert record["code"] == "HANDLER_ERROR"
    assert "stack" not in json.dumps(record)
    async with running_node(tmp_path, GatewayConfig(development=True)) as development:
        await deploy(development, app(tmp_path / "pages", {"index.html": b""}), "pages")
        record = json.loads((await ask(development, "/fail")).body)
        assert "src/app.ts" in record["details"]["stack"]


async def test_browsers_and_other_clients_agree(node: Node) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{node.url}/docs?x=%20", headers={"host": "pages.localhost"}) as response,
    ):
        assert (response.status, response.url.path, await response.read()) == (
            200,
            "/docs/",
            BUILT["docs/index.html"],
        )
