"""`proven app domain` as owners run it: what to publish, and how it goes."""

from __future__ import annotations

import asyncio
from pathlib import Path

from proven.domains import DomainsConfig
from support.name_servers import Zone, plain_server
from support.node import Node, running_node
from support.shell import Shell, at_home

DOMAIN = "todo.example"


def shell(node: Node, folder: Path) -> Shell:
    return Shell(folder, at_home(folder), ("--node", node.url, "--any-development-node"))


async def until_proved(node: Node, domain: str) -> None:
    async with asyncio.timeout(60):
        while not any(name == domain for name, *_ in node.local._applications._replica.state.proofs()):
            await asyncio.sleep(0.02)


async def test_an_owner_proves_a_domain_by_what_the_command_says(tmp_path: Path) -> None:
    zone = Zone({f"_proven.{DOMAIN}": ["v=spf1 -all"]})
    async with plain_server(zone) as address:
        domains = DomainsConfig(plain_resolver=address, first_retry=0.2, timeout=60)
        async with running_node(tmp_path / "data", domains=domains) as node:
            owner = shell(node, tmp_path)
            owner.key("owner.key")
            signing = ("--key", "owner.key")
            await owner.ok("app", "create", "todo", *signing)
            said = await owner.ok("app", "domain", "add", "todo", "Todo.Example.", *signing)
            lines = dict(line.split(None, 1) for line in said.splitlines() if line.startswith("  "))
            assert lines["name"] == f"_proven.{DOMAIN}"
            assert lines["type"] == "TXT"

            listed = await owner.ok("app", "domain", "list", "todo")
            assert "none begins with proven-domain/v1" in listed
            assert lines["value"] in listed
            assert "not proved: " in await owner.ok("app", "show", "todo")

            zone.records[lines["name"]].append(lines["value"])
            await until_proved(node, DOMAIN)
            (shown,) = await owner.json("app", "domain", "list", "todo")
            assert shown["name"] == DOMAIN
            assert shown["proved_until"] > 0
            assert shown["failure"] is None
            assert "proved until" in await owner.ok("app", "show", "todo")

            made = await owner.json("app", "domain", "add", "todo", "b.example", *signing)
            zone.records[made["record_name"]] = [made["record_value"]]
            await until_proved(node, "b.example")

            await owner.ok("app", "domain", "remove", "todo", DOMAIN, *signing)
            assert DOMAIN not in await owner.ok("app", "domain", "list", "todo")


async def test_what_no_application_can_have_is_refused_with_a_reason(tmp_path: Path) -> None:
    async with running_node(tmp_path / "data") as node:
        owner = shell(node, tmp_path)
        owner.key("owner.key")
        await owner.ok("app", "create", "todo", "--key", "owner.key")
        for name, reason in (
            ("b\u00fccher.example", "xn--"),
            ("todo.localhost", "node's own"),
            ("localhost", "not a domain"),
            ("127.0.0.1", "not a domain"),
            ("https://todo.example", "not a domain"),
        ):
            assert reason in await owner.refused("app", "domain", "add", "todo", name, "--key", "owner.key")
