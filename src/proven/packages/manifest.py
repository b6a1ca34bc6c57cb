"""What a package says about itself. Its canonical JSON (RFC 8785) is what the package id is the hash of."""

from __future__ import annotations

import enum
import hashlib
from typing import Final

import msgspec
import rfc8785

from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import PackageId

from .limits import MAX_MANIFEST_BYTES

FORMAT: Final = 1


class HandlerKind(enum.StrEnum):
    """What makes a handler run."""

    RPC = "rpc"
    HTTP = "http"
    SCHEDULE = "schedule"
    EVENT = "event"
    RADIX_EVENT = "radix_event"
    ETHEREUM_EVENT = "ethereum_event"
    BITCOIN_EVENT = "bitcoin_event"
    HEALTH_CHECK = "health_check"


class Access(enum.StrEnum):
    """Who may call an RPC handler."""

    ANYONE = "anyone"
    IDENTIFIED = "identified"
    OWNER = "owner"


class AttestationMode(enum.StrEnum):
    """Which responses of a route are signed."""

    ALWAYS = "always"
    REQUEST = "request"


class MigrationScope(enum.StrEnum):
    """Whose database a migration is for."""

    APPLICATION = "application"
    PERSONAL = "personal"
    NFT = "nft"


class Cors(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Which pages may call a route. `origins` may hold `*`; `max_age` is in seconds."""

    origins: tuple[str, ...]
    headers: tuple[str, ...] = ()
    credentials: bool = False
    max_age: int | None = None


class HandlerOptions(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Every option of every kind of handler; `None` where the developer left the choice to the node.

    `allowed_origins` are canonical (`https://host[:port]`). `abi` is JSON text.
    """

    timeout_ms: int | None = None
    memory_mib: int | None = None
    allowed_origins: tuple[str, ...] = ()
    access: Access | None = None
    path: str | None = None
    method: str | None = None
    cors: Cors | None = None
    attestation: AttestationMode | None = None
    cron: str | None = None
    timezone: str | None = None
    event: str | None = None
    application: str | None = None
    event_name: str | None = None
    event_emitter: str | None = None
    network: str | None = None
    address: str | None = None
    abi: str | None = None
    topic: str | None = None
    confirmations: int | None = None


class HandlerEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One callable export. `address` is `<module>#<export>`, or `<module>` for a default export."""

    address: str
    module: str
    export: str
    kind: HandlerKind
    options: HandlerOptions


class Module(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of the package: its path, the SHA-256 (hex) of its bytes as written, and its size in bytes."""

    path: str
    sha256: str
    size: int


class Asset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One front-end file that comes with the package: its path as it is served, relative to the folder of
    built files, the SHA-256 (hex) of its bytes, and its size in bytes.
    """

    path: str
    sha256: str
    size: int


class Dependency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One npm package, of which the files reachable by imports are in the package under
    `npm/<name>@<version>/`.

    `integrity` is the lock file's hash of the tarball (`sha512-…`). `requires` maps the names it imports to
    the `<name>@<version>` each leads to.
    """

    name: str
    version: str
    integrity: str
    requires: dict[str, str]

    @property
    def key(self) -> str:
        """`<name>@<version>`."""
        return f"{self.name}@{self.version}"


class Migration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one module adds to one database: the SHA-256 (hex) of each statement, in order."""

    module: str
    scope: MigrationScope
    database: str
    statements: tuple[str, ...]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Defaults that `package.json` sets for handlers that state none; applied to their options already."""

    timeout_ms: int | None = None
    memory_mib: int | None = None


class Manifest(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Everything that decides what a package does. Lists are sorted, so one folder has one manifest.

    `requires` maps the npm names that the app's own modules import to `<name>@<version>`. `assets` are its
    front-end files, and `fallback` is the one of them that answers paths at which there is nothing; packages
    without them have no such field.
    """

    format: int
    name: str
    entries: tuple[str, ...]
    modules: tuple[Module, ...]
    requires: dict[str, str]
    dependencies: tuple[Dependency, ...]
    handlers: tuple[HandlerEntry, ...]
    migrations: tuple[Migration, ...]
    limits: Limits
    assets: tuple[Asset, ...] = ()
    fallback: str | None = None

    def to_json(self) -> bytes:
        """The canonical JSON (RFC 8785)."""
        return rfc8785.dumps(msgspec.to_builtins(self))

    @property
    def package_id(self) -> PackageId:
        """SHA-256 of the canonical JSON, in hex."""
        return PackageId(hashlib.sha256(self.to_json()).hexdigest())

    @property
    def size(self) -> int:
        """Bytes of all modules and assets."""
        return sum(module.size for module in self.modules) + sum(asset.size for asset in self.assets)

    def handler(self, address: str) -> HandlerEntry | None:
        """The handler at `address`, if there is one."""
        return next((entry for entry in self.handlers if entry.address == address), None)

    def migrations_beyond(self, before: Manifest | None) -> tuple[Migration, ...]:
        """The statements that this package runs on databases and `before` does not, by the module that adds
        them; all of them if there is nothing before.
        """
        earlier = () if before is None else before.migrations
        known = {(each.scope, each.database, hash_) for each in earlier for hash_ in each.statements}
        added = []
        for each in self.migrations:
            new = tuple(hash_ for hash_ in each.statements if (each.scope, each.database, hash_) not in known)
            known.update((each.scope, each.database, hash_) for hash_ in new)
            if new:
                added.append(Migration(each.module, each.scope, each.database, new))
        return tuple(added)

    @classmethod
    def from_json(cls, data: bytes) -> Manifest:
        """Read a manifest, which must be in canonical form. Says nothing yet about what its fields hold.

        Raises `ProvenError`: `TOO_LARGE`, or `BAD_REQUEST` for anything else than a canonical manifest.
        """
        if len(data) > MAX_MANIFEST_BYTES:
            raise ProvenError(ErrorCode.TOO_LARGE, f"a manifest is at most {MAX_MANIFEST_BYTES} bytes")
        try:
            manifest = msgspec.json.decode(data, type=cls)
            canonical = manifest.to_json()
        except (msgspec.MsgspecError, rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
            raise ProvenError(ErrorCode.BAD_REQUEST, f"not a package manifest: {error}") from None
        if manifest.format != FORMAT:
            raise ProvenError(
                ErrorCode.BAD_REQUEST, f"package format {manifest.format} is not {FORMAT}: update the node"
            )
        if canonical != data:
            raise ProvenError(ErrorCode.BAD_REQUEST, "the package manifest is not canonical JSON (RFC 8785)")
        return manifest
