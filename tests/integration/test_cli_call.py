"""`proven call` as somebody at a terminal, or a program, runs it."""

from __future__ import annotations

import json
from pathlib import Path

import aiohttp
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
    assert (status, [line.partition(" ")[0] for line in out.splitlines()]) == (0, callable_here)
    assert "tell <name> <payload> [to]" in out.splitlines()
    assert f"call {app.name} {callable_here[0]} <name> <count> <size>`" in err
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


async def test_who_calls_what_is_no_call_is_told_how_it_is_reached(node: Node, tmp_path: Path) -> None:
    await node.deploy("exhibit")
    status, out, err = await call(node, tmp_path, "exhibit", "page")
    assert (status, out) == (1, "")
    route = f"curl {node.url}/app/exhibit/http/page"
    assert f"'page' is not called: it answers GET /page; `{route}` asks for it" in err
    async with aiohttp.ClientSession() as http, http.get(route.removeprefix("curl ")) as answer:
        assert "page of the app" in await answer.text()
    _, _, err = await call(node, tmp_path, "exhibit", "nightly")
    assert "'nightly' cannot be called: it is a handler of kind schedule" in err
    _, _, err = await call(node, tmp_path, "exhibit", "nothing")
    assert "there is no handler 'nothing' that can be called; there are: " in err


async def test_what_a_call_prints_can_be_handed_to_another(node: Node, tmp_path: Path) -> None:
    await node.deploy("exhibit")
    kinds = '[{"$date": "2026-01-31T12:00:00Z"}, {"$bytes": "AP8="}, {"$bigint": "7"}, {"$set": [1]}, 7]'
    status, out, err = await call(node, tmp_path, "exhibit", "kinds", *map(json.dumps, json.loads(kinds)))
    assert status == 0, err
    assert json.loads(out) == ["Date", "Uint8Array", "BigInt", "Set", "Number"]
    value = {"at": {"$date": "2026-01-31T12:00:00+00:00"}, "many": [{"$number": "-Infinity"}, {"$map": []}]}
    long = tmp_path / "long.json"
    long.write_text(json.dumps([value, "x" * 1_000_000]))
    status, out, err = await call(node, tmp_path, "exhibit", "echo", f"@{long}")
    assert status == 0, err
    assert json.loads(out) == json.loads(long.read_text())
