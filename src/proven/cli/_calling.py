"""The session in which `proven call` calls."""

from __future__ import annotations

from typing import Any

import click

from proven.attestation import Verifier
from proven.client import Carrier, connect
from proven.wire import values
from proven.wire.commands import ConsoleEvent

from ._output import printable
from ._values import to_json


async def run_call(
    url: str,
    application: str,
    handler: str,
    arguments: list[Any],
    verifier: Verifier,
    *,
    identity: bytes | None,
    timeout: float,
    over_http: bool,
) -> dict[str, Any]:
    """Call a handler, and tell what is known of the answer; print what it says meanwhile."""
    async with await connect(
        url,
        application=application,
        verifier=verifier,
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
