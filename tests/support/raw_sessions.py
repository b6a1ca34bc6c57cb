"""Sessions whose frames a test makes and sends itself."""

from __future__ import annotations

import aiohttp

from proven.attestation import Verifier
from proven.wire.errors import ProvenError
from proven.wire.session import ClientHandshake, SealedChannel

COSE = {"content-type": "application/cose"}


async def open_channel(
    http: aiohttp.ClientSession,
    url: str,
    handshake: ClientHandshake,
    verifier: Verifier,
    *,
    origin: str | None = None,
) -> SealedChannel:
    """Shake hands at `url`, the address of an application or of management, as a page of `origin` does.

    Raises what the node answers as `ProvenError`.
    """
    headers = COSE if origin is None else {**COSE, "origin": origin}
    async with http.post(f"{url}/session", data=handshake.request(), headers=headers) as response:
        if response.status != 200:
            raise ProvenError.from_record(await response.json())
        return handshake.finish(await response.read(), verifier)[0]
