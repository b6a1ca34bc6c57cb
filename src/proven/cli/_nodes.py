"""Which node a command is about, and which evidence of it is accepted."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

import click

from proven.node.presence import Presence, discover
from proven.wire.errors import ErrorCode, ProvenError

if TYPE_CHECKING:
    from cryptography import x509

    from proven.attestation import Verifier

F = TypeVar("F", bound=Callable[..., Any])

_EVIDENCE: Final = (
    click.option(
        "--development-root",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Accept development evidence under this root certificate (PEM).",
    ),
    click.option("--any-development-node", is_flag=True, help="Accept development evidence of any node."),
    click.option("--pcr0", metavar="HEX", help="Accept evidence of AWS Nitro hardware that runs this image."),
)


def evidence_options(command: F) -> F:
    """Give a command the options from which `verifier` is made."""
    return reduce(lambda made, option: option(made), reversed(_EVIDENCE), command)


def node_options(command: F, *, default: str = "the one on this machine that runs it") -> F:
    """Give a command the options that `find` reads."""
    named = click.option("--node", "url", metavar="URL", help=f"The node.  [default: {default}]")
    return named(evidence_options(command))


def running_applications(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """What a shell completes an application by: the names of those that run on this machine."""
    names = {name for node in discover() for name in node.applications}
    return sorted(name for name in names if name.startswith(incomplete))


@dataclass(frozen=True, slots=True)
class Found:
    """A node, how its evidence is verified, and what is `known` of it where it is one of this machine."""

    url: str
    verifier: Verifier
    known: Presence | None

    @contextlib.contextmanager
    def telling_what_runs(self) -> Iterator[None]:
        """Add to an error about an application that is not there which ones there are."""
        try:
            yield
        except ProvenError as error:
            if error.code is not ErrorCode.NOT_FOUND or (error.details or {}).get("missing") != "application":
                raise
            known = self.known
            node = self.url if known is None else known.url
            runs = "" if known is None else f"{known.url} was started for {', '.join(known.applications)}; "
            lists = f"{runs}{node.rstrip('/')}/explorer/ lists all of the node"
            raise ProvenError(error.code, f"{error.message}; {lists}") from None


def find(application: str | None, options: Mapping[str, Any]) -> Found:
    """The node that the options name, or the one on this machine that runs the application; without an
    application, the only one on this machine.
    """
    url, nodes = options["url"], discover()
    if url is not None:
        if not url.startswith(("http://", "https://")):
            raise ProvenError(
                ErrorCode.BAD_REQUEST, f"--node: {url!r} does not begin with http:// or https://"
            )
        if whole := _node_of(url):
            raise ProvenError(
                ErrorCode.BAD_REQUEST, f"--node: {url[:200]!r} is an address at a node; the node is {whole}"
            )
        known = node_at(url, nodes)
    elif application is not None:
        known = find_node(nodes, application)
    else:
        known = _only_node(nodes)
    address = url or (known.url if known else "")
    return Found(address, verifier(known, options, address), known)


def node_at(url: str, nodes: list[Presence]) -> Presence | None:
    """The node on this machine that `url` leads to, by whichever name of this machine."""
    try:
        asked = urlsplit(url)
        host, port = asked.hostname, asked.port
    except ValueError:
        return None
    return next((node for node in nodes if _is_at(host, port, node.url)), None)


def _node_of(url: str) -> str | None:
    """The node of an address that says more than which node it is; None where it does not."""
    try:
        asked = urlsplit(url)
    except ValueError:
        return None
    more = asked.path.strip("/") or asked.query or asked.fragment
    return f"{asked.scheme}://{asked.netloc}" if more else None


def _is_at(host: str | None, port: int | None, url: str) -> bool:
    """Whether a host name of this machine, with this port, is the node at `url`."""
    node = urlsplit(url)
    return port == node.port and host is not None and (host == node.hostname or _is_here(host))


def _is_here(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def find_node(nodes: list[Presence], application: str, *, by: str = "with --node") -> Presence:
    """The node on this machine that an application is called on. `by` is how else a node is named."""
    matching = [node for node in nodes if application in node.applications]
    if len(matching) == 1:
        return matching[0]
    if not nodes:
        raise ProvenError(
            ErrorCode.UNAVAILABLE,
            f"no node runs on this machine; start one with `proven dev <folder>`, or name one {by}",
        )
    if not matching and len(nodes) == 1:
        return nodes[0]
    there_are = ", ".join(f"{node.url} ({', '.join(node.applications)})" for node in matching or nodes)
    what = "several nodes run it" if matching else f"no node on this machine was started for {application!r}"
    raise ProvenError(ErrorCode.BAD_REQUEST, f"{what}; say {by} which one is meant: {there_are}")


def _only_node(nodes: list[Presence]) -> Presence:
    if len(nodes) > 1:
        there_are = ", ".join(node.url for node in nodes)
        raise ProvenError(ErrorCode.BAD_REQUEST, f"say with --node which one is meant: {there_are}")
    return find_node(nodes, "")


def verifier(known: Presence | None, options: Mapping[str, Any], address: str) -> Verifier:
    """What decides about the evidence of the node at `address`: what the options say, or that it is the
    `known` node.
    """
    from proven.attestation import Measurements, Verifier

    root: Path | None = options["development_root"]
    anything: bool = options["any_development_node"]
    pcr0: str | None = options["pcr0"]
    if sum(map(bool, (root, anything, pcr0))) > 1:
        raise ProvenError(ErrorCode.BAD_REQUEST, "say in one way only what evidence is accepted")
    if pcr0 is not None:
        try:
            measured = bytes.fromhex(pcr0)
        except ValueError:
            raise ProvenError(ErrorCode.BAD_REQUEST, f"--pcr0: {pcr0[:100]!r} is not hexadecimal") from None
        try:
            return Verifier.nitro(Measurements(pcr0=measured))
        except ValueError as error:
            raise ProvenError(ErrorCode.BAD_REQUEST, f"--pcr0: {error}") from None
    if root is not None:
        return Verifier.development(_certificate(root.read_bytes()))
    if anything:
        return Verifier.development()
    if known is not None:
        return Verifier.development(_certificate(known.development_root.encode()))
    raise ProvenError(
        ErrorCode.BAD_REQUEST,
        f"no node that was started on this machine is at {address[:200]}; for another machine's, say what "
        "evidence you accept with --pcr0, --development-root or --any-development-node",
    )


def _certificate(pem: bytes) -> x509.Certificate:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise ProvenError(ErrorCode.BAD_REQUEST, "the development root is not a PEM certificate") from None
