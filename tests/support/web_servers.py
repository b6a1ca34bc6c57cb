"""Web servers of a few lines, which tests put up for whatever talks to them."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


@asynccontextmanager
async def listening(
    application: web.Application,
    *,
    host: str = "127.0.0.1",
    also: str = "",
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[int]:
    """Serve an application on a free port of `host`, and on the same of `also`; the port.

    What is under way at the end is cut off.
    """
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, 0, ssl_context=tls).start()
        port: int = runner.addresses[0][1]
        if also:
            await web.TCPSite(runner, also, port, ssl_context=tls).start()
        yield port
    finally:
        await runner.cleanup()
