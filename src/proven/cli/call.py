"""`proven call`: one call over a session that this side verified and sealed."""

from __future__ import annotations

import asyncio
import base64
import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import click

from proven.attestation import Verifier
from proven.client import Carrier, connect
from proven.wire import values
from proven.wire.commands import ConsoleEvent
from proven.wire.errors import ErrorCode, ProvenError

from ._identities import AS, seed
from ._nodes import find, node_options, running_applications
from ._output import json_option, print_json, printable


@click.command()
@click.argument("application", shell_complete=running_applications)
@click.argument("handler")
@click.argument("arguments", metavar="[JSON]…", nargs=-1)
@AS
@node_options
@click.option("--timeout", type=click.FloatRange(0.1, 3600), default=30.0, show_default=True, help="Seconds.")
@click.option("--http", "over_http", is_flag=True, help="Send frames by HTTP requests, not a WebSocket.")
@json_option
def call(
    application: str,
    handler: str,
    arguments: tuple[str, ...],
    identity: str | None,
    timeout: float,
    over_http: bool,
    as_json: bool,
    **where: Any,
) -> None:
    """Call HANDLER of APPLICATION (a name or an id) with JSON arguments, and print what it returns.

    HANDLER is the name of an export, or module and export where several modules export that name. The node's
    evidence is verified before anything is sent. A node on this machine is found, and its development
    evidence accepted, by itself; for any other, say what evidence you accept.

    \b
    Examples:
      proven call hello greet '"Ada"'
      proven call todo 'src/todo.ts#add' '{"title": "milk"}' --as ada
      proven call hello greet '"Ada"' --node https://example.org --pcr0 3b1f…
    """
    parsed = [_parse(position, text) for position, text in enumerate(arguments, 1)]
    node = find(application, where)
    known = node.known
    calling = _call(
        node.url,
        application,
        handler,
        parsed,
        node.verifier,
        identity=None if identity is None else seed(identity),
        timeout=timeout,
        carrier=Carrier.HTTP if over_http else Carrier.AUTO,
    )
    try:
        answer = asyncio.run(calling)
    except ProvenError as error:
        if error.code is not ErrorCode.NOT_FOUND or known is None or application in known.applications:
            raise
        runs = ", ".join(known.applications)
        raise ProvenError(error.code, f"{error.message}; {known.url} runs {runs}") from None
    if as_json:
        print_json(answer)
    elif answer["value"] is not _NOTHING:
        print_json(answer["value"])


_NOTHING: Final = {"$undefined": True}


async def _call(
    url: str,
    application: str,
    handler: str,
    arguments: list[Any],
    verifier: Verifier,
    *,
    identity: bytes | None,
    timeout: float,
    carrier: Carrier,
) -> dict[str, Any]:
    async with await connect(
        url,
        application=application,
        verifier=verifier,
        identity=identity,
        on_console=_show_console,
        timeout=timeout,
        carrier=carrier,
    ) as client:
        result = await client.execute(handler, values.encode(arguments))
        return {
            "value": to_json(values.decode(result.value)),
            "package_id": result.package_id,
            "duration_us": result.duration_us,
            "application_id": client.application_id,
            "platform": client.evidence.platform,
        }


def to_json(value: Any) -> Any:
    """A value as JSON; what JSON has no form for becomes an object with one key that starts with `$`."""
    match value:
        case values.UNDEFINED:
            return _NOTHING
        case None | bool() | str():
            return value
        case values.BigInt():
            return {"$bigint": str(int(value))}
        case int():
            return int(value)
        case float():
            return value if math.isfinite(value) else {"$number": str(value)}
        case bytes():
            return {"$bytes": base64.b64encode(value).decode()}
        case datetime():
            return {"$date": value.isoformat()}
        case values.JsMap():
            return {"$map": [[to_json(key), to_json(entry)] for key, entry in value.items()]}
        case values.JsSet():
            return {"$set": [to_json(entry) for entry in value]}
        case Mapping():
            return {str(key): to_json(entry) for key, entry in value.items()}
        case list() | tuple():
            return [to_json(entry) for entry in value]
        case _:
            return {"$value": repr(value)}


def _parse(position: int, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        quoted = json.dumps(text, ensure_ascii=False)
        raise ProvenError(
            ErrorCode.BAD_REQUEST,
            f"argument {position} is not JSON: {text!r}; if it is meant as text, write '{quoted}'",
        ) from None


def _show_console(line: ConsoleEvent) -> None:
    for text in line.text.splitlines() or [""]:
        click.echo(f"{line.level}: {printable(text)}", err=True)
