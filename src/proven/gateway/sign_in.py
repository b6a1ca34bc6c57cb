"""The sign-in page of a node: a page that applications show in a frame, and where alone passkeys are used."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from proven.apps import ApplicationRecord
from proven.gateway.http import Headers, Request, Response, json_response
from proven.gateway.origins import AppOrigins, node_origin
from proven.gateway.ports import Applications
from proven.gateway.static import StaticFile, StaticFiles, static_response, web_folder
from proven.wire.errors import ErrorCode, ProvenError

PAGE: Final = "frame.html"
MARKER: Final = b"<!--configuration-->"
ELEMENT_ID: Final = "proven-sign-in"

_PERMISSIONS: Final = b"publickey-credentials-create=(self), publickey-credentials-get=(self)"


@dataclass(frozen=True, slots=True)
class SignInConfig:
    """`relying_party` is the domain that passkeys are made for. `origins` are the pages that may use them:
    they are on that domain, below it, or named by its `/.well-known/webauthn` (related origins).
    """

    relying_party: str = "localhost"
    origins: Callable[[], Collection[str]] = tuple


class SignIn:
    """Serves the page and its files.

    The page runs nothing that is not one of its own files, talks to nobody but its node, and can be shown
    only by the application's own pages (`AppOrigins`). What it is told is one JSON object:
    `{application: {id, name}, origins, relying_party, development}`.
    """

    def __init__(
        self,
        config: SignInConfig,
        applications: Applications,
        origins: AppOrigins,
        *,
        development: bool = False,
        files: StaticFiles | None = None,
    ) -> None:
        self._config = config
        self._applications = applications
        self._origins = origins
        self._development = development
        self._files = files or StaticFiles(web_folder("sign-in"))

    async def page(self, request: Request) -> Response:
        """`GET /sign-in/{application id or name}`. Raises `NOT_FOUND`, `UNAVAILABLE`."""
        record = self._applications.find(request.parameters["application"])
        if record.archived:
            raise ProvenError(ErrorCode.NOT_FOUND, f"the application {record.name} was archived")
        node = node_origin(request)
        patterns = self._origins.patterns(record, node)
        content = self._configured((await self._page_file()).content, record, patterns)
        return static_response(request, StaticFile.of(PAGE, content), headers=_page_headers(node, patterns))

    async def asset(self, request: Request) -> Response:
        """`GET /sign-in/assets/{file}`. Raises `NOT_FOUND`."""
        name = request.parameters["file"]
        if name == PAGE:
            raise ProvenError(ErrorCode.NOT_FOUND, "there is no such file")
        file = await self._files.find(name)
        return static_response(request, file, headers=[(b"cross-origin-resource-policy", b"same-origin")])

    async def related_origins(self, request: Request) -> Response:
        """`GET /.well-known/webauthn` (Web Authentication Level 3, §5.11)."""
        return json_response(
            {"origins": list(self._config.origins())}, headers=[(b"cache-control", b"no-cache")]
        )

    async def _page_file(self) -> StaticFile:
        try:
            return await self._files.find(PAGE)
        except ProvenError:
            raise ProvenError(
                ErrorCode.UNAVAILABLE, "the sign-in page is not part of this installation"
            ) from None

    def _configured(self, page: bytes, record: ApplicationRecord, patterns: tuple[str, ...]) -> bytes:
        configuration = {
            "application": {"id": record.id, "name": record.name},
            "origins": list(patterns),
            "relying_party": self._config.relying_party,
            "development": self._development,
        }
        return page.replace(MARKER, data_element(configuration), 1)


def data_element(value: object, element_id: str = ELEMENT_ID) -> bytes:
    """A script element that holds `value` as JSON, and in which nothing ends it early or starts a comment."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    escaped = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return f'<script type="application/json" id="{element_id}">{escaped}</script>'.encode("ascii")


def _page_headers(node: str, patterns: tuple[str, ...]) -> Headers:
    scheme, _, authority = node.partition("://")
    socket = f"{'wss' if scheme == 'https' else 'ws'}://{authority}"
    assets = f"{node}/sign-in/assets/"
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {assets}",
            f"style-src {assets}",
            f"connect-src 'self' {socket}",
            "img-src 'self' data:",
            "base-uri 'none'",
            "form-action 'none'",
            f"frame-ancestors {' '.join(patterns)}",
        ]
    )
    return [
        (b"content-security-policy", policy.encode("ascii")),
        (b"permissions-policy", _PERMISSIONS),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"origin-agent-cluster", b"?1"),
    ]
