"""The console's API on a whole node: what it says, to whom, and where it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from proven.apps import Application
from proven.gateway.console import API
from proven.node.config import ConsoleAccess, GatewaySettings, NodeConfig
from proven.node.local import local_node
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import IdentityKey, new_seed
from support.node import Node, running_node
from support.scripts import load

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    async with running_node(tmp_path) as node:
        yield node


@pytest.fixture
async def exhibit(node: Node) -> Application:
    return await node.deploy("exhibit")


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


class Api:
    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url

    async def __call__(self, path: str, /, **query: str | int) -> Any:
        async with self._http.get(f"{self._url}{API}{path}", params=query) as response:
            assert response.status == 200, await response.text()
            return await response.json()


@pytest.fixture
def api(node: Node, http: aiohttp.ClientSession) -> Api:
    return Api(http, node.url)


async def test_the_node_tells_what_it_is(node: Node, exhibit: Application, api: Api) -> None:
    status = await api("/node")
    assert status["evidence"] == "development"
    assert "BEGIN CERTIFICATE" in status["development_root"]
    assert {layer["name"] for layer in status["layers"] if layer["active"]} == set(
        node.local.runtime_report().active_layers
    )
    assert [process["application"] for process in status["processes"]] == ["exhibit"]
    assert status["unhealthy"] == {}
    (listed,) = (await api("/applications"))["applications"]
    assert (listed["id"], listed["name"], listed["version"], listed["package_id"]) == (
        exhibit.id,
        "exhibit",
        1,
        exhibit.package_id,
    )
    assert listed["handlers"] == len(exhibit.manifest.handlers)


async def test_handlers_are_described_with_their_parameters(exhibit: Application, api: Api) -> None:
    found = {each["export"]: each for each in (await api("/applications/exhibit"))["handlers"]}
    assert [each["name"] for each in found["greet"]["parameters"]] == ["name", "times", "loud"]
    assert [each["optional"] for each in found["greet"]["parameters"]] == [False, True, True]
    assert found["kinds"]["parameters"] == [
        {"name": "values", "type": "unknown[]", "optional": True, "rest": True}
    ]
    assert (found["page"]["method"], found["page"]["path"], found["page"]["runs"]) == ("GET", "/page", True)
    assert (found["nightly"]["runs"], found["nightly"]["trigger"]) == (False, "0 0 * * *")
    assert found["whoIsThis"]["access"] == "identified"
    assert (await api(f"/applications/{exhibit.id}"))["name"] == "exhibit"


async def test_only_an_application_that_answers_browsers_has_a_page(
    node: Node, exhibit: Application, api: Api, tmp_path: Path
) -> None:
    source = "import { runOnHttp } from '@proven-network/handler';\n"
    source += "export const home = runOnHttp({ path: '/', method: 'GET' }, () => new Response('hi'));\n"
    (tmp_path / "homely" / "src").mkdir(parents=True)
    (tmp_path / "homely" / "src" / "app.ts").write_text(source)
    await node.deploy(tmp_path / "homely", name="homely")
    pages = {name: (await api(f"/applications/{name}"))["page"] for name in ("exhibit", "homely")}
    assert pages == {"exhibit": False, "homely": True}


async def test_calls_and_lines_are_listed_and_counted(node: Node, exhibit: Application, api: Api) -> None:
    client = await node.connect(exhibit, identity=new_seed())
    await client.call("greet", "Ada")
    with pytest.raises(ProvenError):
        await client.call("fail", "on purpose")
    page = await api("/activity")
    said = [(each["level"], each["text"]) for each in page["entries"] if each["kind"] == "log"]
    assert said == [("log", "greeting Ada"), ("warn", "twice")]
    good, bad = [each for each in page["entries"] if each["kind"] == "call"]
    assert (good["handler"], good["error"], len(good["identity"])) == ("src/exhibit.ts#greet", None, 32)
    assert bad["error"]["code"] == "HANDLER_ERROR"
    assert "src/exhibit.ts" in bad["error"]["stack"]
    rest = await api("/activity", after=good["sequence"])
    assert [each["sequence"] for each in rest["entries"]] == [bad["sequence"]]
    counted = {each["handler"]: each for each in (await api("/statistics"))["handlers"]}
    assert (counted["src/exhibit.ts#greet"]["calls"], counted["src/exhibit.ts#fail"]["errors"]) == (1, 1)


async def test_what_happens_is_streamed_and_a_reader_goes_on_where_it_was(
    node: Node, exhibit: Application, http: aiohttp.ClientSession
) -> None:
    client = await node.connect(exhibit)

    async def next_event(response: aiohttp.ClientResponse) -> tuple[str, dict[str, Any]]:
        event_id = ""
        async with asyncio.timeout(60):
            while True:
                line = (await response.content.readline()).decode().rstrip("\n")
                if line.startswith("id: "):
                    event_id = line.removeprefix("id: ")
                if line.startswith("data: "):
                    return event_id, json.loads(line.removeprefix("data: "))

    async with http.get(f"{node.url}{API}/activity/stream") as response:
        assert response.content_type == "text/event-stream"
        await client.call("greet", "Ada")
        first, page = await next_event(response)
        assert page["entries"][0]["text"] == "greeting Ada"
    await client.call("greet", "Bob")
    async with http.get(f"{node.url}{API}/activity/stream", headers={"last-event-id": first}) as response:
        texts: list[str] = []
        while "greeting Bob" not in texts:
            _, page = await next_event(response)
            texts += [each["text"] for each in page["entries"] if each["kind"] == "log"]
        assert "greeting Ada" not in texts


async def test_a_node_stops_at_once_while_somebody_watches(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    config = NodeConfig(data_dir=tmp_path, gateway=GatewaySettings(port=0, shutdown_grace=600))
    async with asyncio.timeout(60), local_node(config) as local:
        response = await http.get(f"{local.url}{API}/activity/stream")
        assert response.status == 200
    assert await response.content.read() == b"retry: 1000\n\n"


async def test_everything_stored_is_shown(node: Node, exhibit: Application, api: Api) -> None:
    storage = "/applications/exhibit/storage"
    assert (await api(storage))["scopes"] == []
    seed = new_seed()
    identity = IdentityKey.derive(seed, exhibit.id).identity
    client = await node.connect(exhibit, identity=seed)
    await client.call("store", "greeting", "hello")
    await client.call("everything")
    await client.call("remember", "secret of one person")
    scopes = (await api(storage))["scopes"]
    assert [(each["scope"], each["identity"]) for each in scopes] == [
        ("application", None),
        ("personal", identity),
    ]
    shared = await api(f"{storage}/scope")
    assert {(each["kind"], each["name"], each["entries"]) for each in shared["stores"]} == {
        ("string", "notes", 1),
        ("bytes", "raw", 1),
        ("key", "keys", 1),
    }
    assert [(each["name"], [table["name"] for table in each["tables"]]) for each in shared["databases"]] == [
        ("shop", ["items"])
    ]
    assert shared["has_files"]

    async def value(**query: str) -> Any:
        (entry,) = (await api(f"{storage}/entries", **query))["entries"]
        return entry["value"]

    assert (await value(store="notes"))["text"] == "hello"
    assert (await value(kind="bytes", store="raw"))["base64"] == "AAH+/w=="
    hidden = await value(kind="key", store="keys")
    assert (hidden["text"], hidden["base64"]) == (None, None)
    diary = await value(scope="personal", identity=identity, store="diary")
    assert diary["text"] == "secret of one person"
    assert (await api(f"{storage}/entry", store="notes", key="greeting"))["value"]["text"] == "hello"
    rows = await api(f"{storage}/rows", database="shop", table="items")
    assert rows["columns"] == ["id", "name", "photo"]
    assert [cell["type"] for cell in rows["rows"][0]] == ["integer", "text", "blob"]
    assert rows["rows"][0][0]["value"]["text"] == "1"
    (folder,) = (await api(f"{storage}/files"))["files"]
    assert (folder["name"], folder["is_directory"]) == ("letters", True)
    file = await api(f"{storage}/file", path="letters/first.txt")
    assert file["content"]["text"] == "Dear reader"


async def test_pages_follow_each_other(node: Node, exhibit: Application, api: Api) -> None:
    client = await node.connect(exhibit)
    for number in range(5):
        await client.call("store", f"key {number}", "v")
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = await api("/applications/exhibit/storage/entries", store="notes", limit=2, **after)
        seen += [each["key"] for each in page["entries"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == [f"key {number}" for number in range(5)]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/nowhere", "NOT_FOUND"),
        ("/applications/nobody", "NOT_FOUND"),
        ("/applications/exhibit/storage/entries", "BAD_REQUEST"),
        ("/applications/exhibit/storage/entries?store=a&kind=b", "BAD_REQUEST"),
        ("/applications/exhibit/storage/scope?scope=other", "BAD_REQUEST"),
        ("/applications/exhibit/storage/scope?scope=personal", "BAD_REQUEST"),
        ("/applications/exhibit/storage/scope?scope=personal&identity=nobody", "NOT_FOUND"),
        ("/applications/exhibit/storage/rows?database=a&table=b&offset=-1", "BAD_REQUEST"),
        ("/applications/exhibit/storage/file?path=../../etc/passwd", "NOT_FOUND"),
        ("/activity?after=x", "BAD_REQUEST"),
        (f"/activity?limit={'9' * 50}", "BAD_REQUEST"),
    ],
)
async def test_errors_are_those_of_the_node(
    node: Node, exhibit: Application, http: aiohttp.ClientSession, path: str, code: str
) -> None:
    async with http.get(f"{node.url}{API}{path}") as response:
        assert (await response.json())["code"] == code
        assert response.status == (404 if code == "NOT_FOUND" else 400)


async def test_every_address_is_listed_and_documented(api: Api) -> None:
    listed = [each["path"] for each in (await api(""))["endpoints"]]
    assert len(listed) == len(set(listed)) > 10
    page = (ROOT / "docs" / "console.md").read_text("utf-8")
    assert [path for path in listed if f"`{path}`" not in page and f"`{path}?" not in page] == []


def test_the_types_of_the_page_are_those_of_the_node() -> None:
    file = ROOT / "web" / "console" / "generate_api.py"
    generator = load(file)
    assert (file.parent / "api.ts").read_text("utf-8") == generator.page(), f"run python {file}"


# Who may read it.


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://exhibit.localhost"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site, same-origin"},
        {"origin": "http://localhost:1"},
    ],
)
@pytest.mark.parametrize("path", ["", "/node", "/applications", "/activity/stream", "/nowhere"])
async def test_no_other_origin_is_answered(
    node: Node, http: aiohttp.ClientSession, headers: dict[str, str], path: str
) -> None:
    async with http.get(f"{node.url}{API}{path}", headers=headers) as response:
        assert response.status == 403
        assert (await response.json())["code"] == "ORIGIN_DENIED"
        assert not [name for name in response.headers if name.lower().startswith("access-control")]


async def test_its_own_page_is_answered(node: Node, http: aiohttp.ClientSession) -> None:
    for headers in (
        {"origin": node.url, "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {},
    ):
        async with http.get(f"{node.url}{API}/node", headers=headers) as response:
            assert response.status == 200
            assert not [name for name in response.headers if name.lower().startswith("access-control")]
            assert response.headers["cross-origin-resource-policy"] == "same-origin"
            assert "sandbox" in response.headers["content-security-policy"]
            assert response.headers["cache-control"] == "no-store"


async def test_nothing_is_changed_or_preflighted(node: Node, http: aiohttp.ClientSession) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        async with http.request(method, f"{node.url}{API}/node") as response:
            assert response.status == 405
            assert response.headers["allow"] == "GET, HEAD"
            assert not [name for name in response.headers if name.lower().startswith("access-control")]


async def test_the_page_runs_its_own_code_only(node: Node, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{node.url}/") as response:
        policy = response.headers["content-security-policy"]
        text = await response.text()
    assert response.content_type == "text/html"
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "trusted-types 'none'" in policy
    assert response.headers["cross-origin-opener-policy"] == "same-origin"
    assert "style=" not in text
    assert "<script>" not in text
    async with http.get(f"{node.url}/console/", allow_redirects=False) as moved:
        assert (moved.status, moved.headers["location"]) == (308, "/")


async def test_a_name_that_was_rebound_does_not_reach_it(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    for hosts in ((), ("*",), ("node.example", "*")):
        gateway = GatewaySettings(port=0, hosts=hosts, shutdown_grace=1)
        async with local_node(NodeConfig(data_dir=tmp_path / str(len(hosts)), gateway=gateway)) as local:
            for path in ("/", "/console/", f"{API}/node", f"{API}/activity"):
                headers = {"host": f"evil.example:{local.url.rpartition(':')[2]}"}
                async with http.get(f"{local.url}{path}", headers=headers, allow_redirects=False) as response:
                    assert response.status == 404
                    assert "evidence" not in await response.text()


async def test_hosts_of_applications_have_none(
    node: Node, exhibit: Application, http: aiohttp.ClientSession
) -> None:
    for path in ("/", f"{API}/node", "/console/assets/console.js"):
        async with http.get(f"{node.url}{path}", headers={"host": "exhibit.localhost"}) as response:
            assert response.status == 404


async def test_pages_of_applications_on_the_nodes_own_origin_are_sandboxed(
    node: Node, exhibit: Application, http: aiohttp.ClientSession
) -> None:
    async with http.get(f"{node.url}/app/exhibit/http/page") as response:
        assert response.status == 200
        policies = response.headers.getall("content-security-policy")
    assert any("sandbox" in policy and "allow-same-origin" not in policy for policy in policies)


# Where it is.


@pytest.mark.parametrize(
    ("settings", "served"),
    [
        ({}, True),
        ({"host": "::1"}, True),
        ({"host": "127.0.0.2"}, True),
        ({"host": "localhost"}, True),
        ({"host": "0.0.0.0"}, False),
        ({"host": "::"}, False),
        ({"host": "192.0.2.1"}, False),
        ({"host": "node.example"}, False),
        ({"host": "localhost.example"}, False),
        ({"console": ConsoleAccess.NEVER}, False),
        ({"host": "0.0.0.0", "console": ConsoleAccess.ALWAYS}, True),
    ],
)
def test_only_a_node_that_listens_on_loopback_has_one_unless_it_is_told(
    settings: dict[str, Any], served: bool
) -> None:
    assert GatewaySettings(**settings).serves_console is served


@asynccontextmanager
async def listening(directory: Path, **settings: Any) -> AsyncIterator[str]:
    gateway = GatewaySettings(port=0, shutdown_grace=1, **settings)
    async with local_node(NodeConfig(data_dir=directory, gateway=gateway)) as local:
        yield f"http://127.0.0.1:{local.url.rpartition(':')[2]}"
        with_inspection = settings.get("console") is ConsoleAccess.ALWAYS
        if with_inspection:
            assert local._storage.inspector()
        else:
            with pytest.raises(ProvenError) as refused:
                local._storage.inspector()
            assert refused.value.code is ErrorCode.FORBIDDEN


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({"host": "0.0.0.0"}, 404),
        ({"console": ConsoleAccess.NEVER}, 404),
        ({"host": "0.0.0.0", "console": ConsoleAccess.ALWAYS}, 200),
    ],
)
async def test_without_a_console_there_is_no_page_no_api_and_no_inspection(
    tmp_path: Path, http: aiohttp.ClientSession, settings: dict[str, Any], status: int
) -> None:
    async with listening(tmp_path, **settings) as url:
        for path in ("/", f"{API}/node", "/console/assets/console.js"):
            async with http.get(f"{url}{path}") as response:
                assert response.status == status
