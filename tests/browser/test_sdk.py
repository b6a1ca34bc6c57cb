"""Pages call handlers of a real node through the published SDK, in a real browser."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from playwright.async_api import BrowserContext

from proven.apps import Application
from proven.attestation import DEVELOPMENT_PCRS, DevelopmentAttestor
from proven.node.config import GatewaySettings, NodeConfig
from proven.node.local import LocalNode, local_node
from proven.packages import build
from proven.runtime import RuntimeConfig
from proven.wire import cbor
from proven.wire.session import SessionRequest
from support.node import APPS, UNHURRIED_SESSIONS
from support.relays import Meddler, wire_to
from support.sdk_page import SdkPage, new_page, page_server

SECRET = "what nobody between may read"


shared = pytest_asyncio.fixture(scope="module", loop_scope="module")
own = pytest_asyncio.fixture(loop_scope="module")


@shared
async def site() -> AsyncIterator[str]:
    async with page_server() as url:
        yield url


class Backend:
    """A node at one port, which can be stopped and started again with its data."""

    def __init__(self, directory: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = int(listener.getsockname()[1])
        self._directory = directory
        self._stack = AsyncExitStack()
        self.application: Application
        self.node: LocalNode

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    async def start(self) -> None:
        config = NodeConfig(
            data_dir=self._directory,
            gateway=GatewaySettings(port=self.port, shutdown_grace=0.1),
            sessions=UNHURRIED_SESSIONS,
            runtime=RuntimeConfig(pool_size=1),
        )
        self.node = await self._stack.enter_async_context(local_node(config))
        self.application = await self.node.deploy(build(APPS / "counterpart"))

    async def stop(self) -> None:
        await self._stack.aclose()
        self._stack = AsyncExitStack()

    @property
    def root(self) -> str:
        return self.node.development_root.public_bytes(Encoding.PEM).decode()


@shared
async def backend(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Backend]:
    async with running(tmp_path_factory.mktemp("node")) as started:
        yield started


@asynccontextmanager
async def running(directory: Path) -> AsyncIterator[Backend]:
    started = Backend(directory)
    await started.start()
    try:
        yield started
    finally:
        await started.stop()


@own
async def page(context: BrowserContext, site: str, backend: Backend) -> SdkPage:
    return await new_page(context, site, backend.url)


@own
async def other_backend(tmp_path: Path) -> AsyncIterator[Backend]:
    """One that a test may stop."""
    async with running(tmp_path) as started:
        yield started


@own
async def other_page(context: BrowserContext, site: str, other_backend: Backend) -> SdkPage:
    """A page of `other_backend`."""
    return await new_page(context, site, other_backend.url)


async def eventually(holds: Callable[[], Awaitable[bool]] | Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while True:
            found = holds()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.02)


both = pytest.mark.parametrize("transport", ["websocket", "http"])


@both
async def test_a_page_calls_a_handler_of_a_node_that_it_has_verified(page: SdkPage, transport: str) -> None:
    await page.make(transport=transport)
    assert await page.call("add", 2, 3) == {"value": 5}
    report = await page.run("return sdk.attestation();")
    assert report["verified"]
    assert report["platform"] == "development"
    assert not report["trusted"]
    assert report["measurements"]["pcr0"] == DEVELOPMENT_PCRS[0].hex()
    assert "proves nothing about hardware or code" in report["summary"][0]
    assert f"The last answer came from the package {report['packageId']}." in report["summary"]
    assert await page.run("return sdk.connectionState.value;") == "connected"


@both
async def test_values_travel_both_ways_as_they_are(page: SdkPage, transport: str) -> None:
    await page.make(transport=transport)
    assert await page.run(
        """
        const sent = {
          text: 'h€', big: 2n ** 70n, when: new Date(1001), map: new Map([[1, new Set(['a'])]]),
          bytes: new Uint8Array([1, 2]), floats: new Float32Array([1.5]), pattern: /a\\/b/gi,
          minus: -0, not: NaN, nothing: undefined,
        };
        const got = await sdk.call(h('echo'), sent);
        return Object.is(got.minus, -0) && Object.is(got.not, NaN) && got.big === 2n ** 70n &&
          'nothing' in got && got.when instanceof Date && got.when.getTime() === 1001 &&
          got.map.get(1).has('a') && got.text === 'h€' && got.bytes instanceof Uint8Array &&
          got.bytes[1] === 2 && got.floats instanceof Float32Array &&
          got.pattern.source === 'a\\\\/b' && got.pattern.flags === 'gi';
        """
    )


async def test_many_calls_at_once_are_each_answered(page: SdkPage) -> None:
    await page.make()
    found = await page.run(
        "return Promise.all(Array.from({ length: 300 }, (_, n) => sdk.call(h('add'), n, 1)));"
    )
    assert found == list(range(1, 301))


async def test_more_calls_than_can_wait_are_refused_at_once(page: SdkPage) -> None:
    await page.make()
    codes = await page.run(
        """
        await sdk.call(h('add'), 1, 1);
        const calls = Array.from({ length: 1200 }, () => outcome(sdk.call(h('add'), 1, 1)));
        const outcomes = await Promise.all(calls);
        return outcomes.map(({ code }) => code ?? 'answered');
        """
    )
    assert set(codes) == {"answered", "OVERLOADED"}
    assert codes.count("answered") >= 1024


async def test_a_stub_calls_through_the_newest_instance(page: SdkPage) -> None:
    missing = await page.outcome("handler(h('add'))(1, 2)")
    assert missing["code"] == "UNAVAILABLE"
    await page.make()
    assert await page.outcome("handler(h('add'))(1, 2)") == {"value": 3}


@both
async def test_errors_are_typed(page: SdkPage, transport: str) -> None:
    await page.make(transport=transport)
    thrown = await page.call("fail", "too much")
    assert thrown["ours"]
    assert thrown["code"] == "HANDLER_ERROR"
    assert thrown["details"]["name"] == "RangeError"
    assert "too much" in thrown["message"]
    assert (await page.call("missing"))["code"] == "NOT_FOUND"
    assert (await page.call("recall"))["code"] == "NO_IDENTITY"
    assert (await page.call("members"))["code"] == "UNAUTHENTICATED"
    unsupported = await page.outcome("sdk.call(h('echo'), [{ callback: () => 1 }])")
    assert unsupported["code"] == "UNSUPPORTED_VALUE"
    assert "$[0][0].callback" in unsupported["message"]
    late = await page.outcome("sdk.execute(h('slow'), ['late', 5000], { timeout: 300 })")
    assert late["code"] == "REQUEST_TIMEOUT"


async def test_an_application_or_node_that_is_not_there_is_named(page: SdkPage) -> None:
    await page.make(application="nobody")
    assert (await page.call("add", 1, 2))["code"] == "NOT_FOUND"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    await page.make(gateway=f"http://localhost:{port}")
    assert (await page.call("add", 1, 2))["code"] == "UNAVAILABLE"
    refused = await page.outcome("(async () => new ProvenSDK({ application: 'x', gateway: 'ftp://x' }))()")
    assert refused["code"] == "BAD_REQUEST"


async def test_what_a_handler_logs_is_replayed_in_the_console(page: SdkPage) -> None:
    await page.make()
    await page.call("log")
    await eventually(lambda: len(page.console) >= 2)
    said = dict(page.console)
    assert "src/counterpart.ts#log" in said["log"]
    assert "counted to 3" in said["log"]
    assert "careful" in said["warning"]
    page.console.clear()
    await page.make(console=False)
    await page.call("log")
    await page.call("add", 1, 2)
    assert page.console == []


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        ({"development": True, "measurements": [{"pcr0": "ab" * 48}]}, "measurements"),
        ({"development": True, "measurements": []}, "measurements"),
        ({"measurements": [{"pcr0": DEVELOPMENT_PCRS[0].hex()}]}, "root"),
        ({"unsafeAnyMeasurements": True, "unsafeDebugMode": True}, "root"),
        ({}, "root"),
    ],
    ids=str,
)
@both
async def test_a_policy_that_does_not_match_refuses_to_call_anything(
    page: SdkPage, backend: Backend, policy: dict[str, Any], rule: str, transport: str
) -> None:
    """The node never gets a frame: there is nothing to be read or counted on the other side."""
    async with Meddler(backend.url).running() as between:
        sent = between.noting_requests()
        await page.make(policy=policy, transport=transport, gateway=between.url)
        for expression in ("sdk.call(h('count'), 'x')", "sdk.whoAmI()", "sdk.attestation()", "sdk.signIn()"):
            refused = await page.outcome(expression)
            assert refused["code"] == "EVIDENCE_INVALID"
            assert refused["details"]["rule"] == rule
        assert await page.run("return sdk.connectionState.value;") == "idle"
    assert sent == []
    await page.make()
    assert await page.call("counted", "x") == {"value": 0}


async def test_measurements_that_match_are_enough(page: SdkPage, backend: Backend) -> None:
    measured = [{"pcr0": "ab" * 48}, {"pcr0": DEVELOPMENT_PCRS[0].hex(), "pcr2": DEVELOPMENT_PCRS[2].hex()}]
    await page.make(policy={"development": {"root": backend.root}, "measurements": measured})
    assert await page.call("add", 1, 2) == {"value": 3}


@both
async def test_someone_between_reads_nothing_of_what_passes(
    page: SdkPage, backend: Backend, transport: str
) -> None:
    async with Meddler(backend.url).running() as between:
        await page.make(gateway=between.url, transport=transport)
        assert await page.call("echo", SECRET) == {"value": SECRET}
        seen = b"".join(between.seen)
    assert len(seen) > 1000
    assert SECRET.encode() not in seen
    assert b"Execute" not in seen


async def test_someone_between_cannot_answer_the_handshake_with_keys_of_their_own(
    page: SdkPage, backend: Backend, tmp_path: Path
) -> None:
    own_key = X25519PrivateKey.generate().public_key().public_bytes_raw()

    def with_own_key(response: bytes) -> bytes:
        return cbor.encode({**_fields(response), "server_key": own_key})

    def with_other_session(response: bytes) -> bytes:
        return cbor.encode({**_fields(response), "session_id": os.urandom(16)})

    async with Meddler(backend.url).running() as between:
        for rewrite in (with_own_key, with_other_session):
            between.handshakes = rewrite
            await page.make(gateway=between.url)
            refused = await page.call("echo", SECRET)
            assert refused["code"] == "EVIDENCE_INVALID"
            assert refused["details"]["rule"] in {"user_data", "public_key"}
        for position in range(40, 5000, 173):
            between.handshakes = _flip(position)
            await page.make(gateway=between.url)
            assert (await page.call("echo", SECRET))["code"] in {"EVIDENCE_INVALID", "BAD_REQUEST"}


async def test_a_pinned_development_root_keeps_other_development_nodes_from_playing_it(
    page: SdkPage, backend: Backend, tmp_path: Path
) -> None:
    """Everything of the node's answer is replaced consistently, evidence included."""
    impostor = DevelopmentAttestor(tmp_path / "impostor")
    own_key = X25519PrivateKey.generate().public_key().public_bytes_raw()
    requests: list[bytes] = []

    async with Meddler(backend.url).running() as between:

        async def prepare(body: bytes) -> bytes:
            request = SessionRequest.decode(body)
            session_id = os.urandom(16)
            document = await impostor.attest(
                nonce=request.nonce, public_key=own_key, user_data=request.transcript(session_id, own_key)
            )
            return cbor.encode({"session_id": session_id, "server_key": own_key, "evidence": document})

        async def fulfil(route: Any) -> None:
            body = route.request.post_data_buffer
            requests.append(body)
            await route.fulfill(
                body=await prepare(body), headers={"access-control-allow-origin": "*"}, status=200
            )

        await page.page.route("**/session", fulfil)
        await page.make(gateway=between.url, policy={"development": {"root": backend.root}})
        refused = await page.call("echo", SECRET)
    assert requests
    assert refused["code"] == "EVIDENCE_INVALID"
    assert refused["details"]["rule"] == "root"


@both
async def test_altered_replayed_and_swallowed_frames_are_caught(
    page: SdkPage, backend: Backend, transport: str
) -> None:
    async with Meddler(backend.url).running() as between:
        await page.make(gateway=between.url, transport=transport)
        assert await page.call("count", f"caught-{transport}") == {"value": 1}
        answers = between.noting_answers()
        assert await page.call("count", f"caught-{transport}") == {"value": 2}

        between.answers = _flip(60)
        assert (await page.call("count", f"caught-{transport}"))["code"] == "CALL_INTERRUPTED"
        between.answers = lambda frame: answers[0]
        assert (await page.call("counted", f"caught-{transport}"))["code"] == "CALL_INTERRUPTED"
        between.answers = lambda frame: frame
        assert await page.call("counted", f"caught-{transport}") == {"value": 3}

        between.requests = _flip(60)
        assert (await page.call("count", f"caught-{transport}"))["code"] == "CALL_INTERRUPTED"
        between.requests = lambda frame: frame
        assert await page.call("counted", f"caught-{transport}") == {"value": 3}


def _fields(response: bytes) -> dict[str, Any]:
    fields = cbor.decode(response)
    assert isinstance(fields, dict)
    return {str(name): value for name, value in fields.items()}


def _flip(position: int) -> Callable[[bytes], bytes]:
    def flip(data: bytes) -> bytes:
        changed = bytearray(data)
        changed[position % len(changed)] ^= 1
        return bytes(changed)

    return flip


async def test_a_call_that_may_have_been_carried_out_is_never_repeated(
    other_page: SdkPage, other_backend: Backend
) -> None:
    await other_page.make()
    await other_page.run("globalThis.under = outcome(sdk.call(h('slow'), 'interrupted', 8000));")
    await eventually(lambda: _holds(other_page, "begun", "interrupted"))
    await other_backend.stop()
    interrupted = await other_page.run("return under;")
    assert interrupted["code"] in {"CALL_INTERRUPTED", "UNAVAILABLE"}
    refused = await other_page.call("count", "after")
    assert refused["code"] == "UNAVAILABLE"
    await other_backend.start()
    assert await other_page.call("count", "after") == {"value": 1}


async def _holds(page: SdkPage, name: str, *arguments: Any) -> bool:
    return bool((await page.call(name, *arguments)).get("value"))


async def test_subscriptions_survive_a_restart_and_say_that_events_were_missed(
    other_page: SdkPage, other_backend: Backend
) -> None:
    await other_page.make()
    await other_page.run(
        """
        globalThis.got = []; globalThis.missed = 0;
        const onMissed = () => missed++;
        globalThis.stop = await sdk.subscribe('news', (payload) => got.push(payload), { onMissed });
        await sdk.call(h('tell'), 'news', { first: 1n }, 'everyone');
        await until(() => got.length === 1 && got[0].first === 1n);
        """
    )
    await other_backend.stop()
    await other_page.run("await until(() => sdk.connectionState.value !== 'connected');")
    await other_backend.start()
    found = await other_page.run(
        """
        await until(() => missed === 1);
        await sdk.call(h('tell'), 'news', 'second', 'everyone');
        await until(() => got.length === 2);
        await stop();
        await sdk.call(h('tell'), 'news', 'third', 'everyone');
        await sdk.call(h('add'), 1, 1);
        return [got[1], got.length, missed];
        """
    )
    assert found == ["second", 2, 1]


async def test_events_reach_other_pages(page: SdkPage, context: BrowserContext, site: str) -> None:
    other = await new_page(context, site, page.gateway)
    for each in (page, other):
        await each.make()
        await each.run("globalThis.got = []; await sdk.subscribe('news', (payload) => got.push(payload));")
    await page.call("tell", "news", "hello", "everyone")
    for each in (page, other):
        await each.run("await until(() => got.length === 1);")
    assert (await page.outcome("sdk.subscribe('', () => {})"))["code"] == "BAD_REQUEST"
    await other.make(transport="http")
    assert (await other.outcome("sdk.subscribe('news', () => {})"))["code"] in {"UNAVAILABLE", "BAD_REQUEST"}


async def test_a_page_goes_on_after_the_network_was_away(
    context: BrowserContext, site: str, backend: Backend
) -> None:
    async with wire_to(backend.port) as wire:
        page = await new_page(context, site, f"http://localhost:{wire.port}")
        await page.make()
        await page.run(
            "globalThis.missed = 0; await sdk.subscribe('x', () => {}, { onMissed: () => missed++ });"
        )
        await page.call("count", "away")
        await wire.cut()
        await page.run("await until(() => sdk.connectionState.value !== 'connected');")
        assert (await page.call("count", "away"))["code"] == "UNAVAILABLE"
        await wire.mend()
        await page.run("dispatchEvent(new Event('online')); await until(() => missed === 1);")
        assert await page.call("count", "away") == {"value": 2}


async def test_a_page_goes_on_after_the_browser_was_offline(page: SdkPage, context: BrowserContext) -> None:
    await page.make(transport="http")
    assert await page.call("count", "offline") == {"value": 1}
    await context.set_offline(True)
    assert (await page.call("count", "offline"))["code"] in {"UNAVAILABLE", "CALL_INTERRUPTED"}
    await context.set_offline(False)
    assert await page.call("count", "offline") == {"value": 2}


@pytest.mark.parametrize(("minutes", "words"), [(17, "17 minutes ahead of"), (-90, "90 minutes behind")])
async def test_a_skewed_clock_is_named(page: SdkPage, minutes: int, words: str) -> None:
    await page.run("const now = Date.now; Date.now = () => now.call(Date) + argument;", minutes * 60_000)
    await page.make()
    refused = await page.call("add", 1, 2)
    assert refused["code"] == "EVIDENCE_INVALID"
    assert refused["details"]["rule"] in {"freshness", "validity"}
    assert abs(refused["details"]["clockDifference"] - minutes * 60) <= 25
    assert words in refused["message"]


async def test_a_call_on_a_connection_that_is_closing_goes_over_a_new_one(page: SdkPage) -> None:
    """The browser knows it at once, and tells the page a moment later."""
    found = await page.run(
        """
        const sockets = [];
        globalThis.WebSocket = class extends WebSocket {
          constructor(...given) { super(...given); sockets.push(this); }
        };
        globalThis.sdk = new ProvenSDK(argument);
        await sdk.call(h('add'), 1, 1);
        sockets.at(-1).close();
        return [await sdk.call(h('add'), 1, 2), sockets.length];
        """,
        {"application": "counterpart", "gateway": page.gateway, "policy": {"development": True}},
    )
    assert found == [3, 2]


async def test_a_stolen_session_id_is_worth_nothing(page: SdkPage, backend: Backend) -> None:
    await page.make()
    session_id = bytes.fromhex((await page.run("return sdk.whoAmI();"))["sessionId"])
    start = (
        b"\xd0\x83" + cbor.encode(cbor.encode({1: 3})) + cbor.encode({4: session_id, 6: bytes(7) + b"\x63"})
    )
    frame = start + cbor.encode(os.urandom(64))
    url = f"{backend.url}/app/{backend.application.id}/rpc"
    async with aiohttp.ClientSession() as thief:
        for headers, code in (({"origin": "http://localhost:1"}, "ORIGIN_DENIED"), ({}, "SESSION_CLOSED")):
            async with thief.post(url, data=frame, headers=headers) as answer:
                assert (await answer.json())["code"] == code

    async def goes_on() -> bool:
        """A call that is sent before the page has heard of the end is interrupted."""
        found = await page.call("add", 1, 2)
        assert found == {"value": 3} or found["code"] == "CALL_INTERRUPTED"
        return "value" in found

    await eventually(goes_on)
    assert bytes.fromhex((await page.run("return sdk.whoAmI();"))["sessionId"]) != session_id


async def test_close_ends_everything(page: SdkPage) -> None:
    await page.make()
    await page.call("add", 1, 2)
    await page.run("sdk.close();")
    assert (await page.call("add", 1, 2))["code"] == "CLOSED"
    assert await page.run("return sdk.connectionState.value;") == "closed"
