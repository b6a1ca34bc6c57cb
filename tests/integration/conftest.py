"""What several modules of tests ask of a node: that there is one, with people on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from proven.apps import Application
from support.node import Node, running_node


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    """A whole node of the module; those that want a particular one have a fixture of this name themselves."""
    async with running_node(tmp_path_factory.mktemp("node")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def application(node: Node) -> Application:
    """The application `people` on it."""
    return await node.deploy("people")
