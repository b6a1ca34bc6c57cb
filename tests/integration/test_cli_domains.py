"""`proven app domain` as owners run it: what to publish, and how it goes."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from proven.cli.key import new_key
from proven.domains import DomainsConfig
from support.name_servers import Zone, plain_server
from support.node import Node, running_node

DOMAIN = "todo.example"


async def run(node: Node, folder: Path, *arguments: str) -> tuple[int, str, str]:
    """`proven app …`, at a node whose development evidence is accepted."""
    state = {"XDG_STATE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    options = ["--node", node.url, "--any-development-node"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "proven", "app", *arguments, *options),
        env={**os.environ, **state, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(100):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def ok(node: Node, folder: Path, *arguments: str) -> str:
    status, out, err = await run(node, folder, *arguments)
    assert status == 0, out + err
    return out


async def until_proved(node: Node, domain: str) -> None:
    async with asyncio.timeout(60):
        while not any(name == domain for name, *_ in node.local._applications._replica.state.proofs()):
            await asyncio.sleep(0.02)


async def test_an_owner_proves_a_domain_by_what_the_command_says(tmp_path: Path) -> None:
    new_key(tmp_path / "owner.key")
    zone = Zone({f"_proven.{DOMAIN}": ["v=spf1 -all"]})
    async with plain_server(zone) as address:
        domains = DomainsConfig(plain_resolver=address, first_retry=0.2, timeout=60)
        async with running_node(tmp_path / "data", domains=domains) as node:
            signing = ("--key", "owner.key")
            await ok(node, tmp_path, "create", "todo", *signing)
            said = await ok(node, tmp_path, "domain", "add", "todo", "Todo.Example.", *signing)
            lines = dict(line.split(None, 1) for line in said.splitlines() if line.startswith("  "))
            assert lines["name"] == f"_proven.{DOMAIN}"
            assert lines["type"] == "TXT"

            listed = await ok(node, tmp_path, "domain", "list", "todo")
            assert "none begins with proven-domain/v1" in listed
            assert lines["value"] in listed
            assert "not proved: " in await ok(node, tmp_path, "show", "todo")

            zone.records[lines["name"]].append(lines["value"])
            await until_proved(node, DOMAIN)
            (shown,) = json.loads(await ok(node, tmp_path, "domain", "list", "todo", "--json"))
            assert shown["name"] == DOMAIN
            assert shown["proved_until"] > 0
            assert shown["failure"] is None
            assert "proved until" in await ok(node, tmp_path, "show", "todo")

            made = json.loads(
                await ok(node, tmp_path, "domain", "add", "todo", "b.example", *signing, "--json")
            )
            zone.records[made["record_name"]] = [made["record_value"]]
            await until_proved(node, "b.example")

            await ok(node, tmp_path, "domain", "remove", "todo", DOMAIN, *signing)
            assert DOMAIN not in await ok(node, tmp_path, "domain", "list", "todo")


async def test_what_no_application_can_have_is_refused_with_a_reason(tmp_path: Path) -> None:
    new_key(tmp_path / "owner.key")
    async with running_node(tmp_path / "data") as node:
        await ok(node, tmp_path, "create", "todo", "--key", "owner.key")
        for name, reason in (
            ("b\u00fccher.example", "xn--"),
            ("todo.localhost", "node's own"),
            ("localhost", "not a domain"),
            ("127.0.0.1", "not a domain"),
            ("https://todo.example", "not a domain"),
        ):
            status, _, err = await run(node, tmp_path, "domain", "add", "todo", name, "--key", "owner.key")
            assert status == 1
            assert reason in err
