"""What `proven call` asks of a node."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click
import msgspec

from proven.client import Carrier, connect, verify_response
from proven.client.collect import collecting
from proven.wire import values
from proven.wire.commands import ConsoleEvent
from proven.wire.errors import ErrorCode, ProvenError

from ._nodes import Found
from ._output import printable
from ._values import to_json


class _Handler(msgspec.Struct, frozen=True):
    address: str
    kind: str


class _Description(msgspec.Struct, frozen=True):
    handlers: tuple[_Handler, ...]


async def list_handlers(node: Found, application: str, timeout: float) -> list[str]:
    """What the node says in a signed answer that can be called, by the shortest names that are clear."""
    async with collecting(node.url, timeout=timeout) as collector:
        answer = await collector.describe(application)
    verify_response(
        node.verifier,
        nonce=answer.nonce,
        method=answer.method,
        url=answer.url,
        status=answer.status,
        headers=answer.headers,
        body=answer.body,
    )
    try:
        described = msgspec.json.decode(answer.body, type=_Description)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ProvenError(ErrorCode.EVIDENCE_INVALID, "the node's description is malformed") from None
    found = [each.address for each in described.handlers if each.kind == "rpc"]
    exports = Counter(address.partition("#")[2] for address in found)
    return sorted(
        export if exports[export] == 1 and export else address
        for address in found
        for export in [address.partition("#")[2]]
    )


async def run_call(
    node: Found,
    application: str,
    handler: str,
    arguments: list[Any],
    *,
    identity: bytes | None,
    timeout: float,
    over_http: bool,
) -> dict[str, Any]:
    """Call a handler, and tell what is known of the answer; print what it says meanwhile."""
    async with await connect(
        node.url,
        application=application,
        verifier=node.verifier,
        identity=identity,
        on_console=_show_console,
        timeout=timeout,
        carrier=Carrier.HTTP if over_http else Carrier.AUTO,
    ) as client:
        result = await client.execute(handler, values.encode(arguments))
        return {
            "value": to_json(values.decode(result.value)),
            "package_id": result.package_id,
            "duration_us": result.duration_us,
            "application_id": client.application_id,
            "platform": client.evidence.platform,
        }


def _show_console(line: ConsoleEvent) -> None:
    for text in line.text.splitlines() or [""]:
        click.echo(f"{line.level}: {printable(text)}", err=True)
