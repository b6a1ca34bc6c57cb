"""What `proven call` asks of a node."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click
import msgspec

from proven.client import Carrier, connect, verify_response
from proven.client.collect import Collector, collecting
from proven.packages import Package
from proven.packages.parameters import Parameter, parameters
from proven.wire import values
from proven.wire.commands import ConsoleEvent
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import PackageId

from ._handlers import curl, short_name, usage
from ._nodes import Found
from ._output import printable
from ._values import to_json


class Handler(msgspec.Struct, frozen=True):
    """A handler as the node describes it; `method` and `path` are those of a route."""

    address: str
    kind: str
    method: str | None = None
    path: str | None = None

    def is_called(self, name: str) -> bool:
        """Whether somebody means it by `name`: its address, or what it exports."""
        return name in (self.address, short_name(self.address))


class Description(msgspec.Struct, frozen=True):
    """What a node says about the version that answers."""

    package_id: PackageId
    handlers: tuple[Handler, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A handler that can be called: the shortest name that is clear, and its parameters where known."""

    name: str
    arguments: str


async def describe(node: Found, application: str, timeout: float) -> Description:
    """What the node says in a signed answer about an application. Raises `ProvenError`."""
    async with collecting(node.url, timeout=timeout) as collector:
        return await _describe(collector, node, application)


async def list_handlers(node: Found, application: str, timeout: float) -> list[Listed]:
    """What can be called, with the parameters that the source names, if the node gives out the source."""
    async with collecting(node.url, timeout=timeout) as collector:
        described = await _describe(collector, node, application)
        found = [each.address for each in described.handlers if each.kind == "rpc"]
        known = await _parameters(collector, described.package_id) if found else {}
    exports = Counter(address.partition("#")[2] for address in found)
    return sorted(
        (
            Listed(
                export if exports[export] == 1 and export else address,
                usage(known[address]) if address in known else "",
            )
            for address in found
            for export in [address.partition("#")[2]]
        ),
        key=lambda each: each.name,
    )


async def _describe(collector: Collector, node: Found, application: str) -> Description:
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
        return msgspec.json.decode(answer.body, type=Description)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ProvenError(ErrorCode.EVIDENCE_INVALID, "the node's description is malformed") from None


async def _parameters(collector: Collector, package_id: PackageId) -> Mapping[str, Sequence[Parameter]]:
    """The parameters in the source of a package; none where the node does not give out that package."""
    try:
        package = Package.from_archive(await collector.archive(package_id))
    except ProvenError:
        return {}
    return parameters(package, package.manifest.handlers) if package.id == package_id else {}


@contextlib.asynccontextmanager
async def _telling_how_it_is_reached(
    node: Found, application: str, name: str, timeout: float
) -> AsyncIterator[None]:
    """Say of a handler that is there, but is not called, what it is for instead."""
    try:
        yield
    except ProvenError as error:
        if error.code is not ErrorCode.NOT_FOUND or not error.message.startswith("there is no handler"):
            raise
        try:
            described = await describe(node, application, timeout)
        except ProvenError:
            raise error from None
        meant = [each for each in described.handlers if each.kind != "rpc" and each.is_called(name)]
        if not meant:
            raise
        raise ProvenError(error.code, _otherwise(meant[0], node, application, name)) from None


def _otherwise(handler: Handler, node: Found, application: str, name: str) -> str:
    if handler.path is None:
        return f"{name!r:.200} cannot be called: it is a handler of kind {handler.kind}"
    route = f"{handler.method or 'requests to'} {handler.path}"
    url = f"{node.url.rstrip('/')}/app/{application}/http"
    asking = curl(url, handler.method, handler.path)
    return f"{name!r:.200} is not called: it answers {route}; `{asking}` asks for it"


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
    async with (
        _telling_how_it_is_reached(node, application, handler, timeout),
        await connect(
            node.url,
            application=application,
            verifier=node.verifier,
            identity=identity,
            on_console=_show_console,
            timeout=timeout,
            carrier=Carrier.HTTP if over_http else Carrier.AUTO,
        ) as client,
    ):
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
