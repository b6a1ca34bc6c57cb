"""The transparency log over HTTP (C2SP tlog-tiles, tlog-witness), and packages by their id."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from proven.gateway.attested import RationedAttestor
from proven.gateway.commands import Performer
from proven.gateway.http import Request, Response, error_response, json_response
from proven.gateway.ports import EntryIndex, PackageStore, PublicLog
from proven.gateway.routes import parse_query
from proven.identity import Session
from proven.packages import Asset
from proven.transparency.witness import MAX_REQUEST, AddCheckpoint, UnexpectedSizeError
from proven.wire import cbor, ids
from proven.wire import http_signatures as signatures
from proven.wire.commands import Command, LogHead, LogHeadResult
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.log_key import LOG_LABEL, WITNESS_LABEL, AttestedKey, user_data
from proven.wire.notes import Checkpoint, NoteKey, Signature
from proven.wire.tiles import Tile

PREFIX: Final = "/.well-known/proven/log/"
PACKAGES: Final = "/.well-known/proven/packages/"
MAX_TILE_SEGMENTS: Final = 9
"""Level, up to six groups of three digits, and the two parts of a partial tile's end."""
MAX_LISTED: Final = 256
MAX_COSIGNED: Final = 16
"""Entries of which it can be asked at once since when they are public."""
_PACKAGES_AT_ONCE: Final = 4
_CATCH_UP_SECONDS: Final = 5.0
_UNPROCESSABLE: Final = 422
_SIZE_TYPE: Final = b"text/x.tlog.size"
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,15}")
_FOREVER: Final = (b"cache-control", b"public, max-age=31536000, immutable")
_REVALIDATED: Final = (b"cache-control", b"no-cache")
_NEVER: Final = (b"cache-control", b"no-store")
_TEXT: Final = (b"content-type", b"text/plain; charset=utf-8")
_BYTES: Final = (b"content-type", b"application/octet-stream")
_INERT: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
)
"""What comes from applications' owners is never a page of the node's."""


class CheckpointWitness(Protocol):
    """This node as a witness of other logs, as `proven.transparency.Witness` is one."""

    @property
    def key(self) -> NoteKey: ...
    async def add_checkpoint(self, request: AddCheckpoint) -> Signature: ...


@dataclass(frozen=True, slots=True)
class TransparencyRooms:
    """What the endpoints lead to. `cosignatures` are those of the newest checkpoint. `cosigned` gives, of
    each witness, the last checkpoint that it cosigned without an entry, and the first with it.
    """

    log: PublicLog
    packages: PackageStore
    index: EntryIndex
    cosignatures: Callable[[], Sequence[Signature]] = tuple
    cosigned: Callable[[int], Sequence[bytes]] = lambda index: ()
    witness: CheckpointWitness | None = None


class Transparency:
    """Answers for `Gateway`. Everything here is public, and believed by nobody: clients check it.

    | path, below `/.well-known/proven/` | what |
    |---|---|
    | `log/checkpoint` | the newest signed checkpoint, with the cosignatures of witnesses |
    | `log/tile/{L}/{N}[.p/{W}]`, `log/tile/entries/{N}[.p/{W}]` | tiles; they never change |
    | `log/inclusion?index=&size=`, `log/consistency?old=&new=` | proofs, as JSON |
    | `log/cosigned?entries=` | since when witnesses say that these entries (`3,14`) are public, as JSON |
    | `log/application/{id}?after=&size=` | an application's entries with proofs of inclusion, as JSON |
    | `log/key?nonce=`, `log/witness?nonce=` | the keys, with evidence made for the nonce |
    | `POST log/add-checkpoint` | cosign the checkpoint of a log that is witnessed here |
    | `packages/{id}` | the archive of a package; `?assets=none` without its front-end files |
    """

    def __init__(self, rooms: TransparencyRooms, attestor: RationedAttestor) -> None:
        self._rooms = rooms
        self._attestor = attestor
        self._reading = asyncio.Semaphore(_PACKAGES_AT_ONCE)

    def performers(self) -> Mapping[type[Command], Performer]:
        """What is asked inside of sessions."""
        return {LogHead: self._head}

    async def _head(self, session: Session, command: LogHead) -> LogHeadResult:
        newest = await self._reached()
        application, entries = session.application_id, 0
        if application is not None:
            entries = bisect_left(self._rooms.index.entries_of(application), newest.size)
        return LogHeadResult(origin=newest.origin, size=newest.size, root=newest.root, revision=entries)

    async def _reached(self) -> Checkpoint:
        """The checkpoint of all that this node knows of."""
        try:
            async with asyncio.timeout(_CATCH_UP_SECONDS):
                return await self._rooms.log.reach(self._rooms.index.root()[0])
        except TimeoutError:
            raise ProvenError(ErrorCode.UNAVAILABLE, "the log is behind; try again", retry_after=1) from None

    async def state(self) -> dict[str, object]:
        """The checkpoint of all that this node knows of, as part of a description that it signs."""
        newest = await self._reached()
        root = base64.b64encode(newest.root).decode()
        return {"origin": newest.origin, "size": newest.size, "root": root}

    def reading(self) -> dict[str, Callable[[Request], Awaitable[Response]]]:
        """What is read, by path."""
        tiles = {
            f"{PREFIX}tile/" + "/".join(f":{number}" for number in range(count)): self._tile
            for count in range(2, MAX_TILE_SEGMENTS + 1)
        }
        return {
            f"{PREFIX}checkpoint": self._checkpoint,
            **tiles,
            f"{PREFIX}inclusion": self._inclusion,
            f"{PREFIX}consistency": self._consistency,
            f"{PREFIX}cosigned": self._cosigned,
            f"{PREFIX}application/:application": self._entries,
            f"{PREFIX}key": self._key,
            f"{PREFIX}witness": self._witness_key,
            f"{PACKAGES}:package": self._package,
        }

    def posting(self) -> dict[str, Callable[[Request], Awaitable[Response]]]:
        """What is posted, by path."""
        return {f"{PREFIX}add-checkpoint": self._add_checkpoint}

    async def _checkpoint(self, request: Request) -> Response:
        return Response(200, [_TEXT, _REVALIDATED], self._rooms.log.signed(self._rooms.cosignatures()))

    async def _tile(self, request: Request) -> Response:
        tile = Tile.parse(request.path.removeprefix(f"{PREFIX}tile/"))
        return Response(200, [_BYTES, _FOREVER, *_INERT], await self._rooms.log.tile(tile))

    async def _inclusion(self, request: Request) -> Response:
        asked = _numbers(request, "index", "size")
        size = asked.get("size", self._rooms.log.checkpoint.size)
        if "index" not in asked:
            raise ProvenError(ErrorCode.BAD_REQUEST, "say which entry, as ?index=")
        proof = self._rooms.log.prove_inclusion(asked["index"], size)
        return _proof({"index": asked["index"], "size": size}, proof, lasting="size" in asked)

    async def _consistency(self, request: Request) -> Response:
        asked = _numbers(request, "old", "new")
        new = asked.get("new", self._rooms.log.checkpoint.size)
        if "old" not in asked:
            raise ProvenError(ErrorCode.BAD_REQUEST, "say which size was seen before, as ?old=")
        proof = self._rooms.log.prove_consistency(asked["old"], new)
        return _proof({"old": asked["old"], "new": new}, proof, lasting="new" in asked)

    async def _cosigned(self, request: Request) -> Response:
        match list(parse_query(request.query)):
            case [("entries", text)]:
                listed = text.split(",")
            case _:
                listed = []
        if not 0 < len(listed) <= MAX_COSIGNED or not all(map(_NUMBER.fullmatch, listed)):
            raise ProvenError(ErrorCode.BAD_REQUEST, f"say which, 1 to {MAX_COSIGNED}, as ?entries=3,14")
        notes = {note for index in listed for note in self._rooms.cosigned(int(index))}
        return json_response({"notes": sorted(note.decode() for note in notes)}, headers=[_REVALIDATED])

    async def _entries(self, request: Request) -> Response:
        application = ids.parse_application_id(request.parameters["application"])
        asked = _numbers(request, "after", "size")
        size = asked.get("size", self._rooms.log.checkpoint.size)
        known = self._rooms.index.entries_of(application)
        begin = bisect_right(known, asked.get("after", -1))
        indexes = [index for index in known[begin : begin + MAX_LISTED + 1] if index < size]
        entries = [
            {
                "index": index,
                "leaf": base64.b64encode(await self._rooms.index.leaf(index)).decode(),
                "hashes": _encoded(self._rooms.log.prove_inclusion(index, size)),
            }
            for index in indexes[:MAX_LISTED]
        ]
        listed = {"application": application, "size": size, "entries": entries}
        return json_response(listed | {"more": len(indexes) > MAX_LISTED}, headers=[_REVALIDATED])

    async def _key(self, request: Request) -> Response:
        key = NoteKey.parse(self._rooms.log.verifier_key)
        return await self._attested(request, LOG_LABEL, key.verifier_key(), key)

    async def _witness_key(self, request: Request) -> Response:
        if self._rooms.witness is None:
            raise ProvenError(ErrorCode.NOT_FOUND, "this node is nobody's witness")
        key = self._rooms.witness.key
        return await self._attested(request, WITNESS_LABEL, key.verifier_key(cosigner=True), key)

    async def _attested(self, request: Request, label: str, text: str, key: NoteKey) -> Response:
        evidence = await self._attestor.attest(
            request.peer,
            nonce=nonce_of(request),
            public_key=key.public_key,
            user_data=user_data(label, text),
        )
        return Response(
            200, [(b"content-type", b"application/cbor"), _NEVER], AttestedKey(text, evidence).encode()
        )

    async def _add_checkpoint(self, request: Request) -> Response:
        """C2SP tlog-witness. 404: not a log that is watched; 403: not signed by it; 409: the witness has
        seen the size in the body; 422: the proof does not hold.
        """
        if self._rooms.witness is None:
            raise ProvenError(ErrorCode.NOT_FOUND, "this node is nobody's witness")
        asked = AddCheckpoint.parse(await request.body.read(MAX_REQUEST))
        try:
            cosignature = await self._rooms.witness.add_checkpoint(asked)
        except UnexpectedSizeError as error:
            return Response(409, [(b"content-type", _SIZE_TYPE), _NEVER], f"{error.size}\n".encode())
        except ProvenError as error:
            if error.code is ErrorCode.EVIDENCE_INVALID:
                return error_response(error, status=_UNPROCESSABLE)
            raise
        return Response(200, [_TEXT, _NEVER], cosignature.line().encode())

    async def _package(self, request: Request) -> Response:
        package_id = ids.parse_package_id(request.parameters["package"])
        async with self._reading:
            package = await self._rooms.packages.package(package_id)
            code = await asyncio.to_thread(package.to_code_archive)
        assets = package.manifest.assets
        wanted = dict(parse_query(request.query)).get("assets", "all")
        if wanted not in ("all", "none"):
            raise ProvenError(ErrorCode.BAD_REQUEST, "assets is all or none")
        body: bytes | AsyncIterator[bytes] = code
        if assets and wanted == "all":
            body = self._archive(code, assets)
        name = f'attachment; filename="{package_id}.package"'.encode()
        return Response(200, [_BYTES, _FOREVER, *_INERT, (b"content-disposition", name)], body)

    async def _archive(self, code: bytes, assets: Sequence[Asset]) -> AsyncIterator[bytes]:
        """The archive of the whole package (`Package.to_archive`): one more item in the outermost list."""
        yield cbor.head(cbor.ARRAY, 4) + code[1:] + cbor.head(cbor.ARRAY, len(assets))
        for asset in assets:
            content = await self._rooms.packages.asset(asset)
            yield cbor.head(cbor.BYTES, len(content)) + content


def nonce_of(request: Request) -> bytes:
    """The nonce in the query. Raises `BAD_REQUEST`."""
    nonce = dict(parse_query(request.query)).get("nonce", "")
    try:
        raw = base64.b64decode(nonce + "=" * (-len(nonce) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise ProvenError(ErrorCode.BAD_REQUEST, "nonce is base64url") from None
    return signatures.check_nonce(raw)


def _numbers(request: Request, *names: str) -> dict[str, int]:
    """Those of `names` that the query gives. Raises `BAD_REQUEST`."""
    found: dict[str, int] = {}
    for name, value in parse_query(request.query):
        if name not in names or name in found or _NUMBER.fullmatch(value) is None:
            raise ProvenError(
                ErrorCode.BAD_REQUEST, f"this takes {' and '.join(names)}, each a number and once"
            )
        found[name] = int(value)
    return found


def _proof(about: dict[str, int], proof: Sequence[bytes], *, lasting: bool) -> Response:
    return json_response(
        {**about, "hashes": _encoded(proof)}, headers=[_FOREVER if lasting else _REVALIDATED]
    )


def _encoded(hashes: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(each).decode() for each in hashes]
