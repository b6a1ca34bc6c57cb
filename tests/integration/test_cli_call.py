"""`proven call` as somebody at a terminal, or a program, runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from support.node import Node
from support.shell import Shell, at_home

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def call(
    node: Node, tmp_path: Path, *arguments: str, accept: tuple[str, ...] = ()
) -> tuple[int, str, str]:
    root = tmp_path / "root.pem"
    root.write_bytes(node.local.development_root.public_bytes(Encoding.PEM))
    accepted = accept or ("--development-root", str(root))
    return await Shell(tmp_path, at_home(tmp_path), ("--node", node.url, *accepted)).run("call", *arguments)


async def test_without_a_handler_those_that_can_be_called_are_listed(node: Node, tmp_path: Path) -> None:
    app = await node.deploy("herald")
    callable_here = sorted(
        each.address.partition("#")[2] for each in app.manifest.handlers if each.kind.value == "rpc"
    )
    status, out, err = await call(node, tmp_path, app.name)
    assert (status, out.splitlines()) == (0, callable_here)
    assert f"call {app.name} {callable_here[0]}" in err
    status, out, _ = await call(node, tmp_path, app.name, "--json")
    assert (status, json.loads(out)) == (0, callable_here)


async def test_of_an_application_that_is_not_there_nothing_is_listed(node: Node, tmp_path: Path) -> None:
    status, out, err = await call(node, tmp_path, "nothing")
    assert (status, out) == (1, "")
    assert "there is no application 'nothing'" in err
    assert "/explorer/ lists all of the node" in err


async def test_a_list_of_a_node_with_other_evidence_is_not_shown(node: Node, tmp_path: Path) -> None:
    app = await node.deploy("herald")
    status, out, err = await call(node, tmp_path, app.name, accept=("--pcr0", "11" * 48))
    assert (status, out) == (1, "")
    assert "does not begin at the pinned nitro root" in err
