"""An owner of one application, who sends signed commands to a node."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Self

from harness import http
from harness.nodes import Node
from proven.packages import Package
from proven.wire.applications import Body, Command, CreateApplication, Deploy, OwnerKey, sign
from proven.wire.ids import application_id

_COMMANDS = "/.well-known/proven/commands"
_CHECKPOINT = "/.well-known/proven/log/checkpoint"


class Owner:
    """Creates its application `name`, the first time it is entered, and changes it over one connection."""

    def __init__(self, node: Node) -> None:
        nonce = os.urandom(8)
        self.name = f"app-{nonce.hex()}"
        self._node, self._nonce, self._key = node, nonce, OwnerKey.from_seed(os.urandom(32))
        self.id = application_id(self._key.public_key, nonce)
        self._revision = 0

    async def __aenter__(self) -> Self:
        self._client = await http.RawClient.connect("127.0.0.1", self._node.port)
        self._origin = (await self.get(_CHECKPOINT)).split("\n")[0]
        await self.send(self._framed(CreateApplication(name=self.name, nonce=self._nonce)))
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def deploying(self, package: Package) -> bytes:
        """The request that deploys `package`, as the application's next entry."""
        return self._framed(Deploy(package_id=package.id), package.to_archive())

    async def get(self, path: str) -> str:
        return await self.send(http.request(self._host, path))

    async def send(self, request: bytes) -> str:
        """The body of the answer; raises `RuntimeError` if the node refuses."""
        response = await self._client.send(request)
        if response.status != 200:
            raise RuntimeError(f"the node refused: {response.body!r}")
        return response.body.decode()

    def _framed(self, command: Command, package: bytes = b"") -> bytes:
        body = Body(origin=self._origin, application_id=self.id, revision=self._revision, command=command)
        self._revision += 1
        envelope = sign(body, self._key)
        framed = len(envelope).to_bytes(4, "big") + envelope + package
        return http.request(self._host, _COMMANDS, method="POST", body=framed)

    @property
    def _host(self) -> str:
        return f"127.0.0.1:{self._node.port}"
