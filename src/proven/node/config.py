"""Everything an operator can set about a node, in one frozen tree.

From `proven.toml`, `PROVEN_*` environment variables and flags, weakest first (`proven.node._settings`).
"""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from proven.apps import Limits as ApplicationLimits
from proven.domains import DomainsConfig
from proven.gateway import HttpLimits, PublicAddress, RpcLimits
from proven.identity import PasskeyLimits, SessionLimits
from proven.node import _settings
from proven.runtime import RuntimeConfig
from proven.runtime.hostcalls import HostCallsConfig
from proven.storage import StorageConfig, Synchronous
from proven.telemetry import TelemetryConfig
from proven.transparency import WitnessAddress
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.notes import NoteKey, is_signer_name
from proven.wire.origins import canonical_origin

DEFAULT_PORT = 3000
_LAST_PORT = 65535


class ConsoleAccess(enum.StrEnum):
    """Where a development node serves its console, which shows all of its data to whoever reaches it."""

    LOOPBACK = "loopback"
    """Where it listens on this machine only, and has no public URL."""

    ALWAYS = "always"
    """Wherever it listens."""

    NEVER = "never"


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Where a node listens. `hosts` are names it answers to besides `localhost` and its addresses.

    `default_application` names the application that answers on the node's own paths.

    `public_url` is where callers reach the node if something in front of it ends TLS and passes on what
    comes, with its `Host`; its name is one of the node's own then.

    `relying_party` is the domain that people's passkeys are made for, and stay bound to; none means the name
    in `public_url`, or `localhost`. `sign_in_origins` are the origins of the sign-in page, on that domain or
    listed by its `/.well-known/webauthn`; none means `public_url`, or the relying party at the node's own
    port.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    hosts: tuple[str, ...] = ()
    default_application: str | None = None
    public_url: str | None = None
    relying_party: str | None = None
    sign_in_origins: tuple[str, ...] = ()
    console: ConsoleAccess = ConsoleAccess.LOOPBACK
    shutdown_grace: float = 10.0
    http: HttpLimits = field(default_factory=HttpLimits)
    rpc: RpcLimits = field(default_factory=RpcLimits)

    def __post_init__(self) -> None:
        """Raises `ValueError`."""
        for origin in self.sign_in_origins:
            if canonical_origin(origin) != origin:
                raise ValueError(f"sign_in_origins: write {origin} as {canonical_origin(origin)}")
        if canonical_origin(f"https://{self.passkey_domain}") != f"https://{self.passkey_domain}":
            raise ValueError("relying_party is a domain in lower case, such as node.example")

    def owns(self, domain: str) -> bool:
        """Whether a domain is one of the node's own or below one, so that no application can have it."""
        pages = (urlsplit(origin).hostname or "" for origin in self.sign_in_origins)
        own = {"localhost", self.passkey_domain, *(host.lower() for host in self.names), *pages}
        return any(domain == each or domain.endswith(f".{each}") for each in own)

    @property
    def public(self) -> PublicAddress | None:
        return None if self.public_url is None else PublicAddress.parse(self.public_url)

    @property
    def names(self) -> tuple[str, ...]:
        """What the node answers to besides `localhost` and its addresses."""
        return self.hosts if self.public is None else (*self.hosts, self.public.host)

    @property
    def passkey_domain(self) -> str:
        """The relying party."""
        if self.relying_party is not None:
            return self.relying_party
        return "localhost" if self.public is None else self.public.host

    @property
    def serves_console(self) -> bool:
        """Whether a development node with these settings has a console."""
        if self.console is ConsoleAccess.LOOPBACK:
            return self.public_url is None and (self.host == "localhost" or _is_loopback(self.host))
        return self.console is ConsoleAccess.ALWAYS


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The transparency log. `name` is what its checkpoints call it, for ever: a domain and path of the
    operator's; none means a name made of its key.

    `witnesses` are asked to cosign checkpoints: each a verifier key, a space, and the URL to which
    `/add-checkpoint` is added. `witnessed` are the verifier keys of other logs, which this node cosigns.
    """

    name: str | None = None
    witnesses: tuple[str, ...] = ()
    witnessed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises `ValueError`."""
        if self.name is not None and (not self.name.isascii() or not is_signer_name(self.name)):
            raise ValueError("log.name is printable ASCII without spaces and plus signs")
        try:
            self.witness_addresses()
            self.witnessed_logs()
        except ProvenError as error:
            raise ValueError(f"log: {error.message}") from None

    def witness_addresses(self) -> tuple[WitnessAddress, ...]:
        return tuple(_read_witness(each) for each in self.witnesses)

    def witnessed_logs(self) -> Mapping[str, NoteKey]:
        """The keys of other logs by their names."""
        keys = [NoteKey.parse(each) for each in self.witnessed]
        return {key.name: key for key in keys}


@dataclass(frozen=True, slots=True)
class AdminSettings:
    """Where the operator's programs read metrics: `/metrics` on loopback. No port is nowhere, 0 is any."""

    port: int | None = None

    def __post_init__(self) -> None:
        """Raises `ValueError`."""
        if self.port is not None and not 0 <= self.port <= _LAST_PORT:
            raise ValueError(f"admin.port is a number from 0 to {_LAST_PORT}")


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """A local node: development evidence, keys in its data directory, writes safe from crashes of the node.

    Storage is in `NORMAL` mode, so the last writes before a power failure can be lost; set
    `storage.synchronous` to `FULL` where that matters.
    """

    data_dir: Path = Path(".proven/data")
    gateway: GatewaySettings = field(default_factory=GatewaySettings)
    sessions: SessionLimits = field(default_factory=SessionLimits)
    passkeys: PasskeyLimits = field(default_factory=PasskeyLimits)
    applications: ApplicationLimits = field(default_factory=ApplicationLimits)
    log: LogSettings = field(default_factory=LogSettings)
    domains: DomainsConfig = field(default_factory=DomainsConfig)
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)
    host_calls: HostCallsConfig = field(default_factory=HostCallsConfig)
    storage: StorageConfig = field(default_factory=lambda: StorageConfig(synchronous=Synchronous.NORMAL))
    telemetry: TelemetryConfig = field(default_factory=TelemetryConfig)
    admin: AdminSettings = field(default_factory=AdminSettings)


def load_config(
    *, file: Path | None = None, environment: Mapping[str, str], flags: Mapping[str, Any]
) -> NodeConfig:
    """Read a node's configuration; raises `BAD_REQUEST` naming what is wrong and where."""
    return _settings.load(NodeConfig, file=file, environment=environment, flags=flags)


def _read_witness(text: str) -> WitnessAddress:
    key, _, url = text.strip().partition(" ")
    if not url.startswith(("http://", "https://")):
        raise ProvenError(
            ErrorCode.BAD_REQUEST, f"{text!r:.100} is not a verifier key, a space and the URL of a witness"
        )
    return WitnessAddress(url.strip(), NoteKey.parse(key))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
