"""What the explorer's pages show. A page and its JSON twin are made of the same record, so neither says more.

Times are Unix milliseconds, sizes bytes, keys and hashes hexadecimal where nothing else is said. Everything
that comes from an application (names, sources, origins, domains) is text of its choosing: for showing, not
for believing. `words` are sentences made here.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One JSON object."""


class Listing(Record, Generic[T], frozen=True):
    """Part of a list: page `page` (from 1) of `pages`, of `total` items together."""

    items: list[T]
    page: int
    pages: int
    total: int


class Policy(Record, frozen=True):
    """Who may change an application. `value` is the policy as commands carry it, with keys in hex."""

    words: str
    guardians: str | None
    value: dict[str, Any]


class Pending(Record, frozen=True):
    """A change that was announced by entry `log_index`. `package_id` is what it makes live, if it does;
    `policy` and `owner` what it changes, if it does. `migrations` are those that the live package does not
    have. `due` says that its time has come.
    """

    words: str
    log_index: int
    announced_at: int
    activates_at: int
    due: bool
    package_id: str | None
    migrations: Listing[Migration]
    policy: Policy | None
    owner: str | None


class Version(Record, frozen=True):
    """`log_index` is the entry that made it live, `announced_index` that of the command."""

    number: int
    package_id: str
    at: int
    log_index: int
    announced_index: int
    rolled_back_to: int | None


class DomainFailure(Record, frozen=True):
    """Why this node's last attempt to prove a domain failed, and when it tries again."""

    code: str
    words: str
    next_at: int | None


class Domain(Record, frozen=True):
    """A domain that the application claims; it is its own only while a proof holds. `state` is `claimed`,
    `proved` or `expired`. A TXT record at `record_name` that says `record_value` proves it.
    """

    name: str
    state: str
    proved_until: int | None
    failure: DomainFailure | None
    record_name: str
    record_value: str


class Happening(Record, frozen=True):
    """One entry of the log, in words. `signers` are keys; none where a node appended it by rule."""

    log_index: int
    at: int
    kind: str
    words: str
    signers: list[str]
    application_id: str
    application: str


class ApplicationSummary(Record, frozen=True):
    id: str
    name: str
    owner: str
    version: int
    package_id: str | None
    policy: str
    pending: bool
    archived: bool
    created_at: int
    changed_at: int


class Applications(Record, frozen=True):
    applications: Listing[ApplicationSummary]


class Application(Record, frozen=True):
    """`owner` is an Ed25519 key, `made_at` when this page was made."""

    id: str
    name: str
    owner: str
    version: int
    package_id: str | None
    log_index: int | None
    archived: bool
    created_at: int
    changed_at: int
    revision: int
    policy: Policy
    pending: Pending | None
    allowed_origins: list[str]
    domains: list[Domain]
    versions: Listing[Version]
    history: Listing[Happening]
    made_at: int


class Found(Record, frozen=True):
    """What begins with what was searched for, or belongs to it. `packages` are ids."""

    wanted: str
    applications: list[ApplicationSummary]
    packages: list[str]
    more: bool


class History(Record, frozen=True):
    """Every entry of one application, the latest first."""

    id: str
    name: str
    history: Listing[Happening]


class Versions(Record, frozen=True):
    """Every version of one application, the latest first."""

    id: str
    name: str
    versions: Listing[Version]


class Handler(Record, frozen=True):
    """`options` are those that are set, as the manifest has them."""

    address: str
    module: str
    export: str
    kind: str
    options: dict[str, Any]


class Module(Record, frozen=True):
    path: str
    sha256: str
    size: int


class Dependency(Record, frozen=True):
    """`integrity` is the lock file's hash of the tarball."""

    name: str
    version: str
    integrity: str


class Statement(Record, frozen=True):
    """One statement of SQL, by its hash. `sql` is what is found in the module, if it is found."""

    sha256: str
    sql: str | None


class Migration(Record, frozen=True):
    """What a module adds to a database, in order."""

    module: str
    scope: str
    database: str
    statements: list[Statement]


class Package(Record, frozen=True):
    """What the manifest says; lists are cut, `manifest` (an address) has everything."""

    id: str
    name: str
    size: int
    limits: dict[str, int]
    fallback: str | None
    handlers: Listing[Handler]
    modules: Listing[Module]
    dependencies: Listing[Dependency]
    migrations: Listing[Migration]
    assets: Listing[Module]
    manifest: str


class ApplicationVersion(Record, frozen=True):
    """One version of an application. `policy` is the one under which it became live, None where the
    application's history is too long to tell here.
    """

    application_id: str
    application: str
    live: bool
    version: Version
    policy: Policy | None
    package: Package


class Section(Record, frozen=True):
    """One list of a package: `section` says which."""

    package_id: str
    name: str
    section: str
    listing: Listing[Any]


class Row(Record, frozen=True):
    """One row. Lines of over 2,000 bytes take several; `continues` says that the line began before."""

    line: int
    text: str
    continues: bool


class Source(Record, frozen=True):
    """Rows of one file. `raw` is the address of its bytes, `utf8` says that they are UTF-8 altogether."""

    package_id: str
    name: str
    path: str
    sha256: str
    size: int
    raw: str
    utf8: bool
    coloured: bool
    rows: Listing[Row]


class DiffRow(Record, frozen=True):
    """`kind` is `same`, `removed`, `added`, or `skipped` for `skipped` unchanged rows that are not shown.
    `unterminated` says that the file ends in this row without the end of a line.
    """

    kind: str
    old: int | None
    new: int | None
    text: str
    skipped: int = 0
    unterminated: bool = False


class FileDiff(Record, frozen=True):
    """`status` is `added`, `removed` or `changed`; `added` and `removed` count rows, where the file is small
    enough to count. `rows` are those that differ with three around them, None where there are too many for
    this page.
    """

    path: str
    status: str
    added: int | None
    removed: int | None
    coloured: bool
    rows: Listing[DiffRow] | None


class Change(Record, frozen=True):
    """Something else than source that differs: `what` of `kind`, as it was and as it is."""

    kind: str
    what: str
    old: str | None
    new: str | None


class Side(Record, frozen=True):
    """One side of a comparison: a version, or the announced one (`label` `pending`)."""

    label: str
    package_id: str
    at: int


class Diff(Record, frozen=True):
    """What differs between two versions; if `path` is given, only in that file."""

    application_id: str
    application: str
    old: Side
    new: Side
    choices: list[str]
    changes: Listing[Change]
    files: Listing[FileDiff]
    path: str | None


class Cosignature(Record, frozen=True):
    """A line under the checkpoint by somebody else than the log. `at` is Unix seconds, unverified here."""

    name: str
    key_id: str
    at: int | None


class Checkpoint(Record, frozen=True):
    """The newest signed state of the log. `note` is the signed note, word for word; `root` is base64."""

    origin: str
    size: int
    root: str
    verifier_key: str
    note: str
    cosignatures: list[Cosignature]


class Log(Record, frozen=True):
    """Entries, the latest first. `older` is the number to give as `before` for those before."""

    checkpoint: Checkpoint
    entries: list[Happening]
    older: int | None


class Step(Record, frozen=True):
    """One step from the entry to the root: the hash beside it, on which side, and what the two give."""

    side: str
    sibling: str
    result: str


class Entry(Record, frozen=True):
    """One entry and the proof that it is in the log. `fields` are what it says; `raw` are its bytes in hex.
    `inclusion` has the hashes in base64 as in `/.well-known/proven/log/inclusion`.
    """

    log_index: int
    happening: Happening
    fields: dict[str, Any]
    raw: str
    leaf_hash: str
    inclusion: list[str]
    steps: list[Step]
    proved: bool
    checkpoint: Checkpoint


class Check(Record, frozen=True):
    """What the script on this page is to check. `rolled_back_to` is the version whose package this one has
    again, if it was rolled back. `development` says that the node's evidence proves nothing about hardware.
    """

    application_id: str
    application: str
    version: int
    package_id: str
    log_index: int
    announced_index: int
    rolled_back_to: int | None
    sources: str
    development: bool


class Problem(Record, frozen=True):
    """Why there is no page. The JSON twin is the error as everywhere."""

    code: str
    message: str
    status: int
