"""Every example in the documentation is one that works."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from proven.attestation import Verifier
from proven.cli.check import find
from proven.client import connect
from proven.node.config import GatewaySettings, NodeConfig
from proven.node.local import local_node
from proven.packages import build
from proven.wire.identity import new_seed

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[object]:
    examples: list[object] = []
    for page in PAGES:
        found = [text for kind, text in _BLOCK.findall(page.read_text("utf-8")) if kind == language]
        examples += [pytest.param(text, id=f"{page.name}-{n}") for n, text in enumerate(found, 1)]
    return examples


def app(folder: Path, source: str) -> Path:
    (folder / "src").mkdir()
    (folder / "package.json").write_text('{"name": "example", "type": "module"}')
    (folder / "src" / "app.ts").write_text(source)
    return folder


@pytest.mark.parametrize("source", blocks("ts"))
def test_a_typescript_example_has_the_right_types_and_follows_the_rules(tmp_path: Path, source: str) -> None:
    assert find(app(tmp_path, source)) == []


@pytest.mark.parametrize("source", blocks("python"))
def test_a_python_example_is_python_that_imports(source: str) -> None:
    indented = source.replace("\n", "\n    ")
    if "await" in source and "async def" not in source:
        imports = "\n".join(line for line in source.splitlines() if line.startswith("from "))
        source = f"{imports}\nasync def example():\n    {indented}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    subprocess.run(
        [sys.executable, "-c", f"exec({source!r}, {{'__name__': 'example'}})"], check=True, env=environment
    )


async def test_the_examples_of_the_readme_do_what_it_says(tmp_path: Path) -> None:
    sources = [text for kind, text in _BLOCK.findall((ROOT / "README.md").read_text("utf-8")) if kind == "ts"]
    folder = app(tmp_path, "export {};")
    (folder / "src" / "app.ts").unlink()
    for number, source in enumerate(sources):
        (folder / "src" / f"part{number}.ts").write_text(source)
    package = await asyncio.to_thread(build, folder)
    config = NodeConfig(data_dir=tmp_path / "data", gateway=GatewaySettings(port=0))
    async with local_node(config) as node:
        await node.deploy(package)
        verifier = Verifier.development(node.development_root)
        ada, bob = new_seed(), new_seed()
        async with await connect(node.url, application="example", verifier=verifier, identity=ada) as client:
            assert await client.call("greet", "Ada") == "Hello, Ada!"
            await client.call("remember", "milk")
            assert await client.call("recall") == "milk"
            await client.identify(bob)
            assert await client.call("recall") != "milk"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target
