"""`proven call`: one call over a session that this side verified and sealed."""

from __future__ import annotations

import asyncio
import base64
import json
import math
import os
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click
from cryptography import x509

from proven.attestation import Measurements, Verifier
from proven.client import Carrier, connect
from proven.node.keys import load_or_create
from proven.node.presence import Presence, discover
from proven.wire import values
from proven.wire.commands import ConsoleEvent
from proven.wire.errors import ErrorCode, ProvenError

from ._output import json_option, print_json, printable

_IDENTITY_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def _running_applications(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    names = {name for node in discover() for name in node.applications}
    return sorted(name for name in names if name.startswith(incomplete))


@click.command()
@click.argument("application", shell_complete=_running_applications)
@click.argument("handler")
@click.argument("arguments", metavar="[JSON]…", nargs=-1)
@click.option("--as", "identity", metavar="NAME", help="Identify with the key NAME, made the first time.")
@click.option(
    "--node", "url", metavar="URL", help="The node.  [default: the one on this machine that runs it]"
)
@click.option(
    "--development-root",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Accept development evidence under this root certificate (PEM).",
)
@click.option("--any-development-node", is_flag=True, help="Accept development evidence of any node.")
@click.option("--pcr0", metavar="HEX", help="Accept evidence of AWS Nitro hardware that runs this image.")
@click.option("--timeout", type=click.FloatRange(0.1, 3600), default=30.0, show_default=True, help="Seconds.")
@click.option("--http", "over_http", is_flag=True, help="Send frames by HTTP requests, not a WebSocket.")
@json_option
def call(
    application: str,
    handler: str,
    arguments: tuple[str, ...],
    identity: str | None,
    url: str | None,
    development_root: Path | None,
    any_development_node: bool,
    pcr0: str | None,
    timeout: float,
    over_http: bool,
    as_json: bool,
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
    nodes = discover()
    here = _find_node(nodes, application) if url is None else None
    address = url or (here.url if here else "")
    known = here or next((node for node in nodes if node.url == address.rstrip("/")), None)
    verifier = _verifier(known, development_root, any_development_node, pcr0)
    calling = _call(
        address,
        application,
        handler,
        parsed,
        verifier,
        identity=None if identity is None else _seed(identity),
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


def _find_node(nodes: list[Presence], application: str) -> Presence:
    """The node on this machine that an application is called on."""
    matching = [node for node in nodes if application in node.applications]
    if len(matching) == 1:
        return matching[0]
    if not nodes:
        raise ProvenError(
            ErrorCode.UNAVAILABLE,
            "no node runs on this machine; start one with `proven dev <folder>`, or name one with --node",
        )
    if not matching and len(nodes) == 1:
        return nodes[0]
    there_are = ", ".join(f"{node.url} ({', '.join(node.applications)})" for node in matching or nodes)
    what = "several nodes run it" if matching else f"no node on this machine was started for {application!r}"
    raise ProvenError(ErrorCode.BAD_REQUEST, f"{what}; say with --node which one is meant: {there_are}")


def _verifier(
    known: Presence | None, development_root: Path | None, any_development_node: bool, pcr0: str | None
) -> Verifier:
    if sum(map(bool, (development_root, any_development_node, pcr0))) > 1:
        raise ProvenError(ErrorCode.BAD_REQUEST, "say in one way only what evidence is accepted")
    if pcr0 is not None:
        try:
            return Verifier.nitro(Measurements(pcr0=bytes.fromhex(pcr0)))
        except ValueError as error:
            raise ProvenError(ErrorCode.BAD_REQUEST, f"--pcr0: {error}") from None
    if development_root is not None:
        return Verifier.development(_certificate(development_root.read_bytes()))
    if any_development_node:
        return Verifier.development()
    if known is not None:
        return Verifier.development(_certificate(known.development_root.encode()))
    raise ProvenError(
        ErrorCode.BAD_REQUEST,
        "this node is not one of this machine: say what evidence you accept with --pcr0, "
        "--development-root or --any-development-node",
    )


def _certificate(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise ProvenError(ErrorCode.BAD_REQUEST, "the development root is not a PEM certificate") from None


def _seed(name: str) -> bytes:
    """The root seed of a local identity, under `$XDG_CONFIG_HOME/proven/identities`."""
    if not _IDENTITY_NAME.fullmatch(name):
        raise ProvenError(ErrorCode.BAD_REQUEST, f"{name!r} cannot name an identity: use letters and digits")
    base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    file = base / "proven" / "identities" / f"{name}.seed"
    if not file.exists():
        click.echo(f"Made the identity {name} in {file}.", err=True)
    return load_or_create(file)


def _show_console(line: ConsoleEvent) -> None:
    for text in line.text.splitlines() or [""]:
        click.echo(f"{line.level}: {printable(text)}", err=True)
