"""`proven app` and `proven key` as owners run them, against a node."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from proven.client import LogMemory, collect
from proven.client.collect import collecting
from proven.client.owner import OwnersNode
from support.desk import Desk, desk_at
from support.node import running_node
from support.shell import finished

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = Path(__file__).parents[2]
_SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    data = tmp_path_factory.mktemp("data")
    async with running_node(data) as node:
        with desk_at(node, data, tmp_path_factory.mktemp("home")) as desk:
            yield desk


@pytest.fixture
def desk(shared: Desk, tmp_path: Path) -> Desk:
    return replace(shared, folder=tmp_path)


async def test_create_deploy_and_a_call_answers(desk: Desk) -> None:
    public = desk.key("owner.key")
    desk.app("one")
    made = await desk.json("app", "create", "first", "--key", "owner.key")
    assert (made["revision"], made["signers"]) == (1, [public])
    assert "none yet" in await desk.ok("app", "show", "first")
    told = await desk.ok("app", "deploy", "first", "app", "--key", "owner.key")
    assert "It is live, as version 1." in told
    assert await desk.says("first") == "one"
    shown = await desk.json("app", "show", made["application_id"])
    assert (shown["name"], shown["owner"], shown["version"], shown["revision"]) == ("first", public, 1, 2)
    assert shown["policy"]["kind"] == "owner"
    assert f"entry {shown['log_index']}" in told
    assert f"package {shown['package_id']}" in told
    words = await desk.ok("app", "show", "first")
    assert f"its owner {public[:12]}… alone, at any time and without notice" in words
    mine = await desk.json("app", "list", "--owner", public)
    assert [each["name"] for each in mine] == ["first"]
    secret = (desk.folder / "owner.key").read_text().partition("secret: ")[2].strip()
    assert secret not in told + words


async def test_versions_origins_domains_owners_and_the_end(desk: Desk) -> None:
    desk.key("owner.key")
    other = desk.key("other.key")
    key = ("--key", "owner.key")
    await desk.ok("app", "create", "second", *key)
    for text in ("one", "two"):
        desk.app(text)
        await desk.ok("app", "deploy", "second", "app", *key)
    await desk.ok("app", "rollback", "second", "1", *key)
    assert await desk.says("second") == "one"
    await desk.ok("app", "origin", "add", "second", "HTTPS://Page.example/", *key)
    await desk.ok("app", "domain", "add", "second", "App.Example.com", *key)
    shown = await desk.json("app", "show", "second")
    assert (shown["version"], shown["origins"]) == (3, ["https://page.example"])
    assert [each["name"] for each in shown["domains"]] == ["app.example.com"]
    await desk.ok("app", "origin", "remove", "second", "https://page.example", *key)
    await desk.ok("app", "domain", "remove", "second", "app.example.com", *key)
    assert "--yes" in await desk.refused("app", "transfer", "second", other, *key)
    await desk.ok("app", "transfer", "second", other, "--yes", *key)
    assert "--yes" in await desk.refused("app", "archive", "second", "--key", "other.key")
    await desk.ok("app", "archive", "second", "--yes", "--key", "other.key")
    shown = await desk.json("app", "show", "second")
    assert (shown["owner"], shown["archived"], shown["origins"], shown["domains"]) == (other, True, [], [])


async def test_who_is_too_late_learns_what_happened_meanwhile(desk: Desk) -> None:
    desk.key("owner.key")
    key = ("--key", "owner.key")
    await desk.ok("app", "create", "third", *key)
    await desk.ok("app", "origin", "add", "third", "https://early.example", *key, "--save", "late.command")
    await desk.ok("app", "domain", "add", "third", "first.example.com", *key)
    for command in (
        ("send", "late.command"),
        ("origin", "add", "third", "https://late.example", "--revision", "1", *key),
    ):
        told = await desk.refused("app", *command)
        assert "third has 2 entries, not 1" in told
        assert "Claim the domain first.example.com (signed by " in told
        assert "sign anew" in told
    await desk.ok("app", "origin", "add", "third", "https://late.example", "--revision", "2", *key)
    await desk.ok("app", "origin", "add", "third", "https://twice.example", *key, "--save", "twice.command")
    await desk.ok("app", "send", "twice.command")
    assert "nothing left to do" in await desk.refused("app", "send", "twice.command")
    assert (await desk.json("app", "show", "third"))["revision"] == 4


async def test_another_key_changes_nothing(desk: Desk) -> None:
    owner, stranger = desk.key("owner.key"), desk.key("stranger.key")
    await desk.ok("app", "create", "fourth", "--key", "owner.key")
    told = await desk.refused("app", "origin", "add", "fourth", "https://a.example", "--key", "stranger.key")
    assert f"its owner {owner[:12]}…" in told
    assert f"signed by {stranger}" in told
    assert "no key file" in await desk.refused("app", "cancel", "fourth", "--key", "absent.key")
    assert "proven key new" in await desk.refused("app", "cancel", "fourth")
    (desk.folder / "owner.key").chmod(0o644)
    assert "chmod 600" in await desk.refused("app", "cancel", "fourth", "--key", "owner.key")
    assert (await desk.json("app", "show", "fourth"))["revision"] == 1
    assert "another application is called fourth" in await desk.refused(
        "app", "create", "fourth", "--key", "stranger.key"
    )
    status, out, _ = await desk.run("app", "show", "nobody", "--json")
    assert (status, json.loads(out)["error"]["code"]) == (1, "NOT_FOUND")
    told = await desk.refused("app", "origin", "add", "fourht", "https://a.example", "--key", "stranger.key")
    assert "there is no application 'fourht'" in told
    assert "/explorer/ lists all of the node" in told


async def test_two_of_three_sign_in_files(desk: Desk) -> None:
    keys = [desk.key(f"{name}.key") for name in "abc"]
    desk.app("together")
    await desk.ok("app", "create", "fifth", "--key", "a.key")
    await desk.ok("app", "policy", "fifth", "multisig", "2", "of", *keys, "--key", "a.key")
    shown = await desk.ok("app", "show", "fifth")
    assert "2 of 3 keys" in shown
    assert all(key in shown for key in keys)
    told = await desk.refused("app", "deploy", "fifth", "app", "--key", "a.key")
    assert "2 of 3 keys have to sign, and 1 did" in told
    assert "--save FILE" in told
    saved = await desk.json("app", "deploy", "fifth", "app", "--key", "a.key", "--save", "up.command")
    assert saved["saved"] == "up.command"
    before = (desk.folder / "up.command").read_bytes()
    assert "choose another name" in await desk.refused(
        "app", "deploy", "fifth", "app", "--key", "a.key", "--save", "up.command"
    )
    status, out, err = await desk.run("app", "sign", "up.command", "--key", "b.key")
    assert status == 1
    assert f"Deploy the package {saved['package_id']}" in out
    assert "--yes" in err
    assert (desk.folder / "up.command").read_bytes() == before
    signed = await desk.json("app", "sign", "up.command", "--key", "b.key", "--yes")
    assert signed["signers"] == sorted(keys[:2])
    assert "--package" in await desk.refused("app", "send", "up.command")
    desk.app("another")
    assert "is the package" in await desk.refused("app", "send", "up.command", "--package", "app")
    desk.app("together")
    sent = await desk.json("app", "send", "up.command", "--package", "app")
    assert (sent["revision"], sent["activates_at"]) == (3, None)
    assert await desk.says("fifth") == "together"
    damaged = bytearray((desk.folder / "up.command").read_bytes())
    damaged[-1] ^= 1
    (desk.folder / "damaged.command").write_bytes(damaged)
    assert "is not good" in await desk.refused("app", "sign", "damaged.command", "--key", "c.key", "--yes")
    await desk.ok("app", "cancel", "--help")
    both = ("--key", "b.key", "--key", "c.key")
    await desk.ok("app", "origin", "add", "fifth", "https://both.example", *both)


async def test_what_is_under_notice_is_announced_cancelled_and_vetoed(desk: Desk) -> None:
    guardian = desk.key("guardian.key")
    desk.key("owner.key")
    key = ("--key", "owner.key")
    desk.app("old")
    await desk.ok("app", "create", "sixth", *key)
    await desk.ok("app", "deploy", "sixth", "app", *key)
    await desk.ok("app", "policy", "sixth", "timelock", "7d", "--guardian", guardian, *key)
    desk.app("new")
    told = await desk.ok("app", "deploy", "sixth", "app", *key)
    assert "7 days after it was announced" in told
    assert "can take it back, and a guardian can veto it." in told
    assert await desk.says("sixth") == "old"
    shown = await desk.json("app", "show", "sixth")
    assert shown["pending"]["activates_at"] - shown["pending"]["announced_at"] == 7 * 86_400_000
    words = await desk.ok("app", "show", "sixth")
    assert f"package {shown['pending']['change']['package_id']}" in words
    assert f"(entry {shown['pending']['log_index']})" in words
    assert "a change of sixth is pending" in await desk.refused("app", "rollback", "sixth", "1", *key)
    assert "only a guardian" in await desk.refused("app", "veto", "sixth", *key)
    assert "a guardian can veto" in await desk.refused("app", "cancel", "sixth", "--key", "guardian.key")
    await desk.ok("app", "cancel", "sixth", *key)
    assert (await desk.json("app", "show", "sixth"))["pending"] is None
    assert "no pending change" in await desk.refused("app", "cancel", "sixth", *key)
    await desk.ok("app", "deploy", "sixth", "app", *key)
    await desk.ok("app", "veto", "sixth", "--key", "guardian.key")
    shown = await desk.json("app", "show", "sixth")
    assert (shown["pending"], shown["version"]) == (None, 1)
    assert await desk.says("sixth") == "old"


async def test_immutable_is_asked_about_and_final(desk: Desk) -> None:
    desk.key("owner.key")
    key = ("--key", "owner.key")
    desk.app("final")
    await desk.ok("app", "create", "seventh", *key)
    await desk.ok("app", "deploy", "seventh", "app", *key)
    assert "ever again" in await desk.refused("app", "policy", "seventh", "immutable", *key)
    assert (await desk.json("app", "show", "seventh"))["revision"] == 2
    await desk.ok("app", "policy", "seventh", "immutable", "--yes", *key)
    desk.app("other")
    assert "is immutable" in await desk.refused("app", "deploy", "seventh", "app", *key)
    assert "nobody, ever" in await desk.ok("app", "show", "seventh")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("sometimes",), "is no policy"),
        (("timelock", "1s"), "60s to 365d"),
        (("timelock", "400d"), "60s to 365d"),
        (("multisig", "2", "of", "a" * 64), "not possible"),
        (("multisig", "0", "of", "KEY"), "number of signatures"),
        (("multisig", "1", "of", "KEY", "KEY"), "named twice"),
        (("multisig", "1", "of", "owner.key"), "proven key show"),
        (("owner", "--guardian", "KEY"), "add `timelock 7d`"),
    ],
)
async def test_a_policy_that_is_none_says_how_to_write_one(
    desk: Desk, words: tuple[str, ...], why: str
) -> None:
    public = desk.key("owner.key")
    given = [public if word == "KEY" else word for word in words]
    assert why in await desk.refused("app", "policy", "any", *given, "--key", "owner.key")


async def test_evidence_that_is_not_accepted_gets_nothing_signed(desk: Desk) -> None:
    desk.key("owner.key")
    arguments = ("app", "create", "eighth", "--key", "owner.key", "--node", desk.node.url)
    assert "not attested" in await desk.refused(*arguments, "--pcr0", "00" * 48)
    assert "does it run" in await desk.refused(
        *arguments[:-1], "http://127.0.0.1:1", "--any-development-node"
    )
    assert (await desk.run("app", "show", "eighth"))[0] == 1


async def test_of_a_long_log_only_the_application_is_read_and_is_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.key("owner.key")
    key = ("--key", "owner.key")
    await desk.ok("app", "create", "ninth", *key)
    desk.app("nine")
    await desk.ok("app", "deploy", "ninth", "app", *key)
    await desk.ok("app", "policy", "ninth", "timelock", "1d", *key)
    desk.app("ten")
    await desk.ok("app", "deploy", "ninth", "app", *key)
    async with collecting(desk.node.url) as collector:
        owner = OwnersNode(collector, desk.node.verifier, LogMemory(desk.folder / "memory"))
        whole = await owner.read("ninth")
        monkeypatch.setattr(collect, "WHOLE_LOG", 0)
        part = await owner.read("ninth")
    assert (whole.view.whole, part.view.whole) == (True, False)
    record = whole.find("ninth")
    assert part.find("ninth") == record
    assert part.live(record.id) == whole.live(record.id)
    assert part.entries(record.id) == whole.entries(record.id)
    assert record.pending is not None
    assert record.pending.log_index == part.entries(record.id)[-1][0]


@pytest.mark.timeout(600)
async def test_the_walk_through_of_the_documentation_works(desk: Desk) -> None:
    page = (ROOT / "docs" / "owners.md").read_text("utf-8")
    scripts = _SHELL.findall(page)
    assert len(scripts) >= 3
    script = "set -eux\n" + "".join(scripts)
    status, out, err = await finished(await desk.start("sh", "-c", script), seconds=550)
    assert status == 0, out + err
    shown = await desk.json("app", "show", "greeter")
    assert (shown["version"], shown["policy"]["kind"], shown["pending"]) == (2, "timelock", None)


async def test_a_deployment_says_which_migrations_it_adds(desk: Desk) -> None:
    desk.key("migrator.key")
    await desk.ok("app", "create", "migrated", "--key", "migrator.key")
    desk.sql_app("CREATE TABLE items (id INTEGER)")
    first = await desk.ok("app", "deploy", "migrated", "app", "--key", "migrator.key")
    assert "It adds storage migrations" in first
    assert (
        "application database 'shop': 1 statement, in src/app.ts\n    CREATE TABLE items (id INTEGER)\n"
        in first
    )
    desk.sql_app("CREATE TABLE items (id INTEGER)", health="return 1;")
    assert "migrations" not in await desk.ok("app", "deploy", "migrated", "app", "--key", "migrator.key")
    desk.sql_app("CREATE TABLE items (id INTEGER)", "ALTER TABLE items ADD name TEXT", "DELETE FROM items")
    sent = await desk.json("app", "deploy", "migrated", "app", "--key", "migrator.key")
    (added,) = sent["migrations"]
    assert (added["scope"], added["database"]) == ("application", "shop")
    assert [each["sql"] for each in added["statements"]] == [
        "ALTER TABLE items ADD name TEXT",
        "DELETE FROM items",
    ]


async def test_a_deployment_whose_health_check_fails_changes_nothing_and_says_why(desk: Desk) -> None:
    desk.key("careful.key")
    await desk.ok("app", "create", "careful", "--key", "careful.key")
    desk.app("well")
    await desk.ok("app", "deploy", "careful", "app", "--key", "careful.key")
    desk.sql_app(health='throw new Error("no table of items");')
    refused = await desk.refused("app", "deploy", "careful", "app", "--key", "careful.key")
    assert "the health check src/app.ts#health failed: no table of items" in refused
    assert await desk.says("careful") == "well"
