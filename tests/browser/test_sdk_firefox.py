"""The SDK works in Firefox, where that is installed: driven over WebDriver BiDi, which it speaks itself."""

from __future__ import annotations

import asyncio
import itertools
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from support.node import running_node
from support.sdk_page import page_server

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")


class Firefox:
    """One headless Firefox and its only tab."""

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        self._websocket = websocket
        self._numbers = itertools.count(1)
        self._tab = ""

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        await self._websocket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            message = await self._websocket.receive_json(timeout=60)
            if message.get("id") == number:
                assert message["type"] == "success", message
                result: dict[str, Any] = message["result"]
                return result

    async def visit(self, url: str) -> None:
        contexts = (await self.command("browsingContext.getTree"))["contexts"]
        self._tab = contexts[0]["context"]
        await self.command("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    async def run(self, script: str) -> str:
        """The text that the body of an async function returns."""
        answer = await self.command(
            "script.evaluate",
            expression=f"(async () => {{ {script} }})()",
            target={"context": self._tab},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer
        return str(answer["result"]["value"])


@asynccontextmanager
async def firefox(profile: Path) -> AsyncIterator[Firefox]:
    if FIREFOX is None:
        pytest.skip("needs Firefox: apt install firefox-esr")
    command = (
        FIREFOX,
        "--headless",
        "--no-remote",
        "--profile",
        str(profile),
        "--remote-debugging-port",
        "0",
    )
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={"HOME": str(profile), "PATH": "/usr/bin:/bin"},
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(60):
            while (found := re.search(rb"ws://\S+", await process.stderr.readline())) is None:
                assert process.returncode is None
        draining = asyncio.create_task(process.stderr.read())
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(f"{found[0].decode().rstrip('/')}/session") as websocket,
        ):
            driven = Firefox(websocket)
            await driven.command("session.new", capabilities={})
            yield driven
        draining.cancel()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_firefox_verifies_calls_and_listens(tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    profile.mkdir()
    async with firefox(profile) as browser, page_server() as site, running_node(tmp_path / "node") as node:
        await node.deploy("counterpart")
        await browser.visit(site)
        options = f"{{ application: 'counterpart', gateway: '{node.url}', policy: {{ development: true }}"
        for transport in ("websocket", "http"):
            answered = await browser.run(
                f"""
                const sdk = new ProvenSDK({options}, transport: '{transport}' }});
                const sum = await sdk.call(h('add'), 2n ** 70n, 1n);
                return `${{sum}} ${{(await sdk.attestation()).platform}}`;
                """
            )
            assert answered == f"{2**70 + 1} development"
        heard = await browser.run(
            f"""
            const sdk = new ProvenSDK({options} }});
            const got = [];
            await sdk.subscribe('news', (payload) => got.push(payload));
            await sdk.call(h('tell'), 'news', 'hello', 'everyone');
            await until(() => got.length === 1);
            return got[0];
            """
        )
        assert heard == "hello"
        refused = await browser.run(
            f"""
            const {{ code }} = await outcome(new ProvenSDK(
              {{ application: 'counterpart', gateway: '{node.url}', policy: {{ measurements: [] }} }},
            ).call(h('add'), 1, 2));
            return code;
            """
        )
        assert refused == "EVIDENCE_INVALID"
