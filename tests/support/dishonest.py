"""An operator with a server of their own making, who holds every key of a node and can tell any lie."""

from __future__ import annotations

import base64
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proven.attestation import DevelopmentAttestor
from proven.packages import Package
from proven.wire import http_signatures as signatures
from proven.wire import merkle
from proven.wire.applications import Body, Command, CreateApplication, OwnerKey, Policy, sign
from proven.wire.applications import decode_envelope as decode
from proven.wire.ids import ApplicationId, PackageId, application_id
from proven.wire.log_entries import Activated, Entry, Submitted, encode_entry
from proven.wire.log_key import LOG_LABEL, AttestedKey, default_name, user_data
from proven.wire.notes import Checkpoint, Note, NoteSigner, Signature
from proven.wire.session import ServerHandshake
from proven.wire.tiles import Tile, encode_entries
from support.web_servers import listening

HOUR = 3600


class Book:
    """A log as it is written. Times are seconds before now."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.leaves: list[bytes] = []
        self.revisions: Counter[str] = Counter()
        self._now = time.time()

    def copy(self) -> Book:
        """What is written into the copy is not in this one."""
        other = Book(self.origin)
        other.leaves, other.revisions = list(self.leaves), Counter(self.revisions)
        return other

    def create(
        self, owner: OwnerKey, name: str, policy: Policy | None = None, *, ago: float = 30 * 24 * HOUR
    ) -> ApplicationId:
        application = application_id(owner.public_key, name.encode())
        self.say(
            application, CreateApplication(name=name, nonce=name.encode(), policy=policy), owner, ago=ago
        )
        return application

    def say(
        self,
        application: ApplicationId,
        command: Command,
        *keys: OwnerKey,
        ago: float = 24 * HOUR,
        revision: int | None = None,
    ) -> int:
        """Append a command; returns its index."""
        seen = self.revisions[application] if revision is None else revision
        body = Body(origin=self.origin, application_id=application, revision=seen, command=command)
        return self.write(Submitted(at=self.at(ago), command=decode(sign(body, *keys))), application)

    def activate(self, application: ApplicationId, *, ago: float, revision: int | None = None) -> int:
        seen = self.revisions[application] if revision is None else revision
        return self.write(Activated(at=self.at(ago), application_id=application, revision=seen), application)

    def write(self, entry: Entry, application: ApplicationId) -> int:
        self.leaves.append(encode_entry(entry))
        self.revisions[application] += 1
        return len(self.leaves) - 1

    def checkpoint(self, size: int | None = None) -> str:
        """The text of a checkpoint of the first `size` entries, by default of all."""
        leaves = self.leaves[:size]
        return Checkpoint(self.origin, len(leaves), root_of(leaves)).text()

    def seen_by(self, witness: NoteSigner, ago: float, size: int | None = None) -> Note:
        """What a witness says that it saw of this log then."""
        text = self.checkpoint(size)
        return Note(text, (witness.cosign(text, self.at(ago) // 1000),))

    def at(self, ago: float) -> int:
        return int((self._now - ago) * 1000)


@dataclass
class Operator:
    """What is served. As it is made, all of it is true; tests change one thing each.

    `shown` is how many entries the checkpoint covers (None: all), `listed` which ones the operator says are
    the application's. `cosigned` are earlier checkpoints with what witnesses said of them. `described` are
    fields of the signed description that are other than they should be. `answered` are bodies that the
    application itself answers with, by path; what is `withheld` is said not to be there. `signed_at` is when
    answers are signed (None: now).
    """

    attestor: DevelopmentAttestor
    book: Book
    log_key: Ed25519PrivateKey
    package: Package
    application: ApplicationId
    log_index: int
    name: str = "bank"
    package_id: PackageId | None = None
    archive: bytes | None = None
    shown: int | None = None
    listed: Sequence[int] | None = None
    described: dict[str, Any] = field(default_factory=dict)
    answered: dict[str, bytes] = field(default_factory=dict)
    withheld: set[str] = field(default_factory=set)
    signed_at: datetime | None = None
    cosignatures: Sequence[Signature] = ()
    cosigned: Sequence[Note] = ()
    checkpoint_key: Ed25519PrivateKey | None = None
    attested_log_key: Ed25519PrivateKey | None = None
    log_attestor: DevelopmentAttestor | None = None
    replayed_nonce: bytes | None = None
    replayed_log_nonce: bytes | None = None
    alter_body: bytes | None = None
    response_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    url: str = ""

    @property
    def leaves(self) -> list[bytes]:
        return self.book.leaves if self.shown is None else self.book.leaves[: self.shown]

    def note(self) -> Note:
        signer = NoteSigner(self.book.origin, self.checkpoint_key or self.log_key)
        text = Checkpoint(self.book.origin, len(self.leaves), root_of(self.leaves)).text()
        return Note(text, (signer.sign(text), *self.cosignatures))

    async def describe(self, request: web.Request) -> web.Response:
        if request.path in self.withheld:
            return web.json_response({"code": "NOT_FOUND", "message": "no such application"}, status=404)
        nonce = signatures.parse_nonce(request.headers["accept-attestation"])
        checkpoint = Checkpoint(self.book.origin, len(self.leaves), root_of(self.leaves))
        description = {
            "id": self.application,
            "revision": self.book.revisions[self.application],
            "log": {"origin": checkpoint.origin, "size": checkpoint.size, "root": _base64(checkpoint.root)},
            **self.described,
        }
        body = self.answered.get(request.path) or msgspec.json.encode(description)
        headers = {
            "content-type": "application/json",
            "content-digest": signatures.content_digest(body),
            "proven-application": self.application,
            "proven-package": self.package_id or self.package.id,
            "proven-log-index": str(self.log_index),
        }
        exchange = signatures.Exchange("GET", str(request.url), None, 200, list(headers.items()))
        created = int(time.time() if self.signed_at is None else self.signed_at.timestamp())
        headers |= signatures.sign(self.response_key, exchange, created=created, nonce=nonce)
        document = await self.attestor.attest(
            nonce=self.replayed_nonce or nonce,
            public_key=self.response_key.public_key().public_bytes_raw(),
            user_data=signatures.EVIDENCE_LABEL,
        )
        headers["attestation"] = f":{_base64(document)}:"
        return web.Response(body=self.alter_body or body, headers=headers)

    async def session(self, request: web.Request) -> web.Response:
        handshake = ServerHandshake(await request.read())
        document = await self.attestor.attest(
            nonce=handshake.nonce, public_key=handshake.server_key, user_data=handshake.transcript
        )
        return web.Response(body=handshake.finish(document)[0])

    async def key(self, request: web.Request) -> web.Response:
        text = request.query["nonce"]
        nonce = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        shown = NoteSigner(self.book.origin, self.log_key).key
        held = (self.attested_log_key or self.log_key).public_key().public_bytes_raw()
        evidence = await (self.log_attestor or self.attestor).attest(
            nonce=self.replayed_log_nonce or nonce,
            public_key=held,
            user_data=user_data(LOG_LABEL, shown.verifier_key()),
        )
        return web.Response(body=AttestedKey(shown.verifier_key(), evidence).encode())

    async def checkpoint(self, request: web.Request) -> web.Response:
        return web.Response(body=self.note().encode().encode())

    async def bundle(self, request: web.Request) -> web.Response:
        tile = Tile.parse(f"entries/{request.match_info['path']}")
        first = tile.index * 256
        return web.Response(body=encode_entries(self.leaves[first : first + tile.width]))

    async def entries(self, request: web.Request) -> web.Response:
        indexes = range(len(self.leaves)) if self.listed is None else self.listed
        subtrees = subtrees_of(self.leaves)
        entries = [
            {
                "index": index,
                "leaf": _base64(self.leaves[index]),
                "hashes": [
                    _base64(each) for each in merkle.prove_inclusion(index, len(self.leaves), subtrees)
                ],
            }
            for index in indexes
        ]
        return web.json_response({"entries": entries, "more": False})

    async def consistency(self, request: web.Request) -> web.Response:
        old, new = int(request.query["old"]), int(request.query["new"])
        proof = merkle.prove_consistency(old, new, subtrees_of(self.leaves))
        return web.json_response({"hashes": [_base64(each) for each in proof]})

    async def cosigned_before(self, request: web.Request) -> web.Response:
        return web.json_response({"notes": [note.encode() for note in self.cosigned]})

    async def packages(self, request: web.Request) -> web.Response:
        return web.Response(body=self.archive or self.package.to_archive())


@asynccontextmanager
async def serving(operator: Operator) -> AsyncIterator[Operator]:
    """Serve at `operator.url` until the block ends."""
    application = web.Application()
    log = "/.well-known/proven/log"
    application.add_routes(
        [
            web.get("/app/{application}", operator.describe),
            web.get("/.well-known/proven/app/{application}", operator.describe),
            web.get("/balance", operator.describe),
            web.post("/app/{application}/session", operator.session),
            web.get(f"{log}/key", operator.key),
            web.get(f"{log}/checkpoint", operator.checkpoint),
            web.get(f"{log}/tile/entries/{{path:.*}}", operator.bundle),
            web.get(f"{log}/application/{{application}}", operator.entries),
            web.get(f"{log}/consistency", operator.consistency),
            web.get(f"{log}/cosigned", operator.cosigned_before),
            web.get("/.well-known/proven/packages/{package}", operator.packages),
        ]
    )
    async with listening(application) as port:
        operator.url = f"http://127.0.0.1:{port}"
        yield operator


def new_log_key() -> tuple[Ed25519PrivateKey, str]:
    """A log's key and the name that goes with it."""
    key = Ed25519PrivateKey.generate()
    return key, default_name(key.public_key().public_bytes_raw())


def root_of(leaves: Sequence[bytes]) -> bytes:
    frontier = merkle.Frontier()
    for leaf in leaves:
        list(frontier.append(merkle.leaf_hash(leaf)))
    return frontier.root()


def subtrees_of(leaves: Sequence[bytes]) -> merkle.Subtrees:
    frontier, found = merkle.Frontier(), {}
    for leaf in leaves:
        for height, index, value in frontier.append(merkle.leaf_hash(leaf)):
            found[height, index] = value
    return lambda height, index: found[height, index]


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
