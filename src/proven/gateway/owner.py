"""The owner page of a node: where people sign for their applications by a key made of their account."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any, Final

from proven.apps import ApplicationRecord
from proven.gateway._guards import guard
from proven.gateway.http import Headers, Request, Response, json_response
from proven.gateway.origins import node_origin
from proven.gateway.ports import Applications
from proven.gateway.routes import MethodNotAllowedError, parse_query, refusal
from proven.gateway.sign_in import SignInConfig, data_element
from proven.gateway.static import StaticFile, StaticFiles, static_response, web_folder
from proven.wire import words
from proven.wire.applications import TransferOwnership, guardians_of
from proven.wire.errors import ErrorCode, ProvenError

PATH: Final = "/owner"
PAGE: Final = "owner.html"
ELEMENT_ID: Final = "proven-owner"
APPLICATIONS: Final = f"{PATH}/applications"
ASSETS: Final = f"{PATH}/assets/"
APPLICATIONS_SHOWN: Final = 100
_MARKER: Final = b"<!--configuration-->"
_KEY: Final = re.compile(r"[0-9a-f]{64}")
_AT_A_TIME: Final = 500
_SEARCHES: Final = 4

_PERMISSIONS: Final = b"publickey-credentials-create=(self), publickey-credentials-get=(self)"


class OwnerPage:
    """Answers `/owner` and everything below it. Rules:

    1. The page is there on the origins of the sign-in page only, whose passkeys it uses; elsewhere it leads
       to the first of them.
    2. It runs its own script and nothing inline, no page can frame it, and it shares its window with nobody.
       It talks to its node and to the machine that it runs on, where `proven app --passkey` listens.
    3. What is read here everybody may know; pages of other origins are not told.
    """

    def __init__(
        self,
        config: SignInConfig,
        applications: Applications,
        *,
        development: bool = False,
        files: StaticFiles | None = None,
    ) -> None:
        self._config = config
        self._applications = applications
        self._development = development
        self._files = files or StaticFiles(web_folder("owner"))
        self._searches = 0

    @staticmethod
    def owns(request: Request) -> bool:
        """Whether `request`, which is for the node itself, is for this page."""
        return request.path == PATH or request.path.startswith(f"{PATH}/")

    async def answer(self, request: Request) -> Response:
        """Answer a request that the page owns. Raises nothing but what cancels it."""
        try:
            response = await self._answer(request)
        except ProvenError as error:
            response = refusal(error)
        return guard(response)

    async def _answer(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowedError(frozenset({"GET", "HEAD"}))
        if request.path == PATH:
            return await self._page(request)
        if request.path == APPLICATIONS:
            return json_response(await self._of(request), headers=[(b"cache-control", b"no-store")])
        name = request.path.removeprefix(ASSETS)
        if not request.path.startswith(ASSETS) or name == PAGE:
            raise ProvenError(ErrorCode.NOT_FOUND, "there is nothing at this path")
        return static_response(request, await self._files.find(name))

    async def _page(self, request: Request) -> Response:
        node, origins = node_origin(request), self._config.origins()
        if origins and node not in origins:
            location = f"{next(iter(origins))}{PATH}".encode("ascii")
            return Response(307, [(b"location", location), (b"cache-control", b"no-store")])
        try:
            page = (await self._files.find(PAGE)).content
        except ProvenError:
            raise ProvenError(
                ErrorCode.UNAVAILABLE, "the owner page is not part of this installation"
            ) from None
        configuration = {
            "relying_party": self._config.relying_party,
            "development": self._development,
        }
        content = page.replace(_MARKER, data_element(configuration, ELEMENT_ID), 1)
        headers: Headers = [
            (b"content-security-policy", _policy(node)),
            (b"permissions-policy", _PERMISSIONS),
            (b"origin-agent-cluster", b"?1"),
        ]
        return static_response(request, StaticFile.of(PAGE, content), headers=headers)

    async def _of(self, request: Request) -> dict[str, Any]:
        """`GET /owner/applications?key=`. Raises `BAD_REQUEST`, `OVERLOADED`."""
        key = dict(parse_query(request.query)).get("key", "")
        if _KEY.fullmatch(key) is None:
            raise ProvenError(ErrorCode.BAD_REQUEST, "say with ?key= which one, in 64 hexadecimal digits")
        if self._searches >= _SEARCHES:
            raise ProvenError(ErrorCode.OVERLOADED, "too many are looking for applications", retry_after=1)
        self._searches += 1
        try:
            found = await self._search(bytes.fromhex(key))
        finally:
            self._searches -= 1
        shown = [_listed(record, roles) for record, roles in found[:APPLICATIONS_SHOWN]]
        return {"applications": shown, "more": len(found) > APPLICATIONS_SHOWN}

    async def _search(self, key: bytes) -> list[tuple[ApplicationRecord, list[str]]]:
        """Those that are not archived first; one more than are shown, if there are."""
        found: list[tuple[ApplicationRecord, list[str]]] = []
        for number, record in enumerate(self._applications.list(), start=1):
            if roles := list(_roles(record, key)):
                found.append((record, roles))
            if number % _AT_A_TIME == 0:
                await asyncio.sleep(0)
        return sorted(found, key=lambda each: each[0].archived)


def _roles(record: ApplicationRecord, key: bytes) -> Iterator[str]:
    if record.owner == key:
        yield "owner"
    if key in getattr(record.policy, "keys", ()):
        yield "one of those who sign"
    if key in guardians_of(record.policy):
        yield "guardian"
    pending = record.pending
    if pending is not None and isinstance(pending.change, TransferOwnership) and pending.change.to == key:
        yield "owner to be"


def _listed(record: ApplicationRecord, roles: list[str]) -> dict[str, Any]:
    pending = record.pending
    return {
        "id": record.id,
        "name": record.name,
        "roles": roles,
        "version": record.version,
        "policy": words.policy(record.policy),
        "pending": None
        if pending is None
        else {"words": words.command(pending.change), "activates_at": pending.activates_at},
        "archived": record.archived,
    }


def _policy(node: str) -> bytes:
    assets = f"{node}{ASSETS}"
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {assets}",
            f"style-src {assets}",
            "connect-src 'self' http://127.0.0.1:*",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    ).encode("ascii")
