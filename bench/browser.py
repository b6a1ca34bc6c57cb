"""What the front-end SDK costs in a real page: `PYTHONPATH=src:tests .venv/bin/python bench/browser.py`.

Each time stands beside that of a plain `fetch` of the same node's health, in the same page and run: what any
request from there costs without evidence, sealing or a handler.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path

from support.browser import open_browser
from support.node import running_node
from support.sdk_page import SdkPage, new_page, page_server

LOADS = 15
CALLS = 1000

# Milliseconds from the start of the navigation to the first answer, scripts loaded and evidence verified.
FIRST = """
globalThis.sdk = new ProvenSDK(argument);
await sdk.call(h('add'), 1, 2);
return performance.now();
"""
REPEATED = """
const { url, calls } = argument;
const measure = async (run) => {
  const times = [];
  for (let call = 0; call < calls; call++) {
    const begin = performance.now();
    await run();
    times.push(performance.now() - begin);
  }
  return times.sort((a, b) => a - b);
};
const plain = async () => (await fetch(url, { cache: 'no-store' })).json();
await measure(plain);
return { plain: await measure(plain), execute: await measure(() => sdk.call(h('add'), 1, 2)) };
"""


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with running_node(Path(folder)) as node, page_server() as site, open_browser() as browser:
            await node.deploy("counterpart")
            gateway = node.url.replace("127.0.0.1", "localhost")
            for transport in ("websocket", "http"):
                options = {
                    "application": "counterpart",
                    "gateway": gateway,
                    "policy": {"development": True},
                    "transport": transport,
                }
                first: list[float] = []
                for _ in range(LOADS):
                    context = await browser.new_context()
                    page = await new_page(context, site, gateway)
                    first.append(await _first(page, site, options))
                    await context.close()
                page = await new_page(await browser.new_context(), site, gateway)
                await page.run(FIRST, options)
                times = await page.run(
                    REPEATED, {"url": f"{gateway}/.well-known/proven/health", "calls": CALLS}
                )
                _report(transport, first, times["plain"], times["execute"])


async def _first(page: SdkPage, site: str, options: Mapping[str, object]) -> float:
    """Load the page again, with the call in its script, so that nobody outside adds to the time."""
    script = "addEventListener('load', () => { globalThis.first = (async (argument) => { %s })(%s); });"
    await page.page.add_init_script(script % (FIRST, json.dumps(options)))
    await page.load(site)
    return float(await page.run("return first;"))


def _report(transport: str, first: list[float], plain: list[float], execute: list[float]) -> None:
    middle, base = execute[len(execute) // 2], plain[len(plain) // 2]
    late, late_base = execute[len(execute) * 99 // 100], plain[len(plain) * 99 // 100]
    print(
        f"{transport}: page load to first verified answer {statistics.median(first):.0f} ms median, "
        f"{max(first):.0f} ms worst of {len(first)}"
    )
    print(
        f"{transport}: one execute p50 {middle:.2f} ms ({middle / base:.1f} x a plain fetch, {base:.2f} ms), "
        f"p99 {late:.2f} ms ({late / late_base:.1f} x)"
    )


if __name__ == "__main__":
    asyncio.run(main())
