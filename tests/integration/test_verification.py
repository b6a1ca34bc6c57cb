"""The transparency log and its clients on real nodes."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import shlex
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from yarl import URL

from proven.apps import Application
from proven.cli import main
from proven.client import Bundle, LogMemory, Pins, connect, fetch
from proven.client.collect import collecting
from proven.client.report import LinkName
from proven.node.config import LogSettings
from proven.packages import Package
from proven.transparency.witness import AddCheckpoint
from proven.wire import merkle, tiles
from proven.wire.applications import (
    Body,
    CreateApplication,
    OwnerDecides,
    OwnerKey,
    SetUpgradePolicy,
    Timelock,
    sign,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import application_id
from proven.wire.log_key import LOG_LABEL, WITNESS_LABEL, AttestedKey, user_data
from proven.wire.notes import Checkpoint, Note, NoteKey, NoteSigner
from support.node import Node, running_node
from support.tiles import hashes_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOG = "/.well-known/proven/log"
SOURCE = """\
import { run, runOnHttp } from '@proven-network/handler';
export const which = run(() => 'VERSION');
export const page = runOnHttp({ path: '/page', method: 'GET' }, () => ({ which: 'VERSION' }));
"""
FOREIGN = NoteSigner("foreign.example/log", Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\x07"))
NONCE = base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("=")


def write_app(folder: Path, version: str) -> Path:
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "dist").mkdir(exist_ok=True)
    (folder / "src" / "app.ts").write_text(SOURCE.replace("VERSION", version))
    (folder / "dist" / "index.html").write_text(f"<!doctype html><title>{version}</title>")
    (folder / "package.json").write_text('{"name": "shown", "proven": {"assets": "dist"}}')
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    settings = LogSettings(witnessed=(FOREIGN.key.verifier_key(),))
    async with running_node(tmp_path_factory.mktemp("node"), log=settings) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def application(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Application:
    return await node.deploy(write_app(tmp_path_factory.mktemp("app"), "one"), name="shown")


@pytest_asyncio.fixture(loop_scope="module")
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def memory(tmp_path: Path) -> LogMemory:
    return LogMemory(tmp_path / "memory")


async def prove(node: Node, *arguments: str, folder: Path) -> Result:
    """Run `proven verify` as somebody who knows the node's root and has a state directory of their own."""
    root = folder / "root.pem"
    root.write_bytes(node.local.development_root.public_bytes(Encoding.PEM))
    command = ["verify", *arguments, "--development-root", str(root)]
    environment = {"XDG_STATE_HOME": str(folder / "state")}
    return await asyncio.to_thread(CliRunner(env=environment).invoke, main, command)


class TestEndpoints:
    async def test_tiles_checkpoint_and_proofs_are_of_one_log(
        self, node: Node, application: Application, http: aiohttp.ClientSession
    ) -> None:
        async with http.get(f"{node.url}{LOG}/checkpoint") as response:
            assert response.headers["content-type"] == "text/plain; charset=utf-8"
            assert response.headers["cache-control"] == "no-cache"
            note = Note.parse(await response.read())
        checkpoint = Checkpoint.parse(note.text)
        size = checkpoint.size
        async with http.get(f"{node.url}{LOG}/tile/entries/{tile_path(size)}") as response:
            assert "immutable" in response.headers["cache-control"]
            assert response.headers["content-type"] == "application/octet-stream"
            leaves = list(tiles.decode_entries(await response.read()))
        async with http.get(f"{node.url}{LOG}/tile/0/{tile_path(size)}") as response:
            hashes = hashes_of(await response.read())
        assert hashes == [merkle.leaf_hash(leaf) for leaf in leaves]
        async with http.get(f"{node.url}{LOG}/inclusion?index={application.log_index}") as response:
            proof = decoded(await response.json())
        leaf = hashes[application.log_index]
        merkle.check_inclusion(leaf, application.log_index, size, checkpoint.root, proof)
        async with http.get(f"{node.url}{LOG}/consistency?old=1&new={size}") as response:
            consistency = decoded(await response.json())
        merkle.check_consistency(1, size, hashes[0], checkpoint.root, consistency)

    async def test_the_keys_are_attested_for_the_nonce(
        self, node: Node, application: Application, http: aiohttp.ClientSession
    ) -> None:
        for path, label in (("key", LOG_LABEL), ("witness", WITNESS_LABEL)):
            async with http.get(f"{node.url}{LOG}/{path}?nonce={NONCE}") as response:
                assert response.headers["cache-control"] == "no-store"
                attested = AttestedKey.decode(await response.read())
            node.verifier.verify(
                attested.evidence,
                nonce=bytes(range(32)),
                user_data=user_data(label, attested.verifier_key),
                public_key=attested.key().public_key,
            )

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("checkpoint/", 404),
            ("tile/0/001", 404),
            ("tile/0/000.p/256", 404),
            ("tile/0/000.p/0", 404),
            ("tile/9/000", 404),
            ("tile/entries/x000/000", 404),
            ("tile/entries/../key", 400),
            ("tile/0/" + "x999/" * 6 + "999", 404),
            ("inclusion", 400),
            ("inclusion?index=99", 404),
            ("inclusion?index=0&size=99", 404),
            ("inclusion?index=0&index=1", 400),
            ("inclusion?index=-1", 400),
            ("inclusion?index=0x1", 400),
            ("consistency?old=9&new=1", 404),
            ("consistency?old=1&new=99999999999999999", 400),
            ("cosigned", 400),
            ("cosigned?entries=", 400),
            ("cosigned?entries=1,,2", 400),
            ("cosigned?entries=" + ",".join(map(str, range(17))), 400),
            ("key", 400),
            ("key?nonce=!!", 400),
            ("application/none", 400),
            ("application/" + "a" * 32, 404),
        ],
    )
    async def test_what_is_not_there_is_refused(
        self, node: Node, application: Application, http: aiohttp.ClientSession, path: str, status: int
    ) -> None:
        async with http.get(URL(f"{node.url}{LOG}/{path}", encoded=True)) as response:
            assert response.status == status, await response.text()

    async def test_a_package_is_served_whole_by_its_id_and_never_as_a_page(
        self, node: Node, application: Application, http: aiohttp.ClientSession
    ) -> None:
        url = f"{node.url}/.well-known/proven/packages/{application.package_id}"
        async with http.get(url) as response:
            assert response.headers["x-content-type-options"] == "nosniff"
            assert "sandbox" in response.headers["content-security-policy"]
            package = Package.from_archive(await response.read())
        assert package.id == application.package_id
        assert list(package.assets) == ["index.html"]
        async with http.get(f"{url}?assets=none") as response:
            assert Package.from_code_archive(await response.read()).id == application.package_id
        async with http.get(f"{node.url}/.well-known/proven/packages/{'0' * 64}") as response:
            assert response.status == 404


class TestAsAWitness:
    """C2SP tlog-witness, over HTTP."""

    async def test_it_answers_with_the_statuses_of_the_specification(
        self, node: Node, http: aiohttp.ClientSession
    ) -> None:
        url = f"{node.url}{LOG}/add-checkpoint"
        other = NoteSigner("other.example/log", Ed25519PrivateKey.generate())
        forger = NoteSigner(FOREIGN.key.name, Ed25519PrivateKey.generate())
        first, second = (merkle.leaf_hash(leaf) for leaf in (b"one", b"two"))
        both = merkle.node_hash(first, second)

        async def post(body: bytes) -> tuple[int, str, bytes]:
            async with http.post(url, data=body) as response:
                return response.status, response.headers["content-type"], await response.read()

        assert (await post(b"nonsense"))[0] == 400
        assert (await post(b"x" * 200_000))[0] == 413
        assert (await post(request(other, 0, 1, first)))[0] == 404
        assert (await post(request(forger, 0, 1, first)))[0] == 403
        status, kind, body = await post(request(FOREIGN, 0, 1, first))
        assert (status, kind) == (200, "text/plain; charset=utf-8")
        async with http.get(f"{node.url}{LOG}/witness?nonce={NONCE}") as response:
            witness = AttestedKey.decode(await response.read()).key()
        text = Checkpoint(FOREIGN.key.name, 1, first).text()
        assert witness.cosigned_at(Note.parse(f"{text}\n".encode() + body)) is not None
        assert await post(request(FOREIGN, 0, 2, both)) == (409, "text/x.tlog.size", b"1\n")
        assert (await post(request(FOREIGN, 1, 2, both)))[0] == 422
        assert (await post(request(FOREIGN, 1, 2, both, [second])))[0] == 200

    async def test_a_node_that_watches_no_log_is_nobodys_witness(
        self, tmp_path: Path, http: aiohttp.ClientSession
    ) -> None:
        async with (
            running_node(tmp_path) as node,
            http.post(f"{node.url}{LOG}/add-checkpoint", data=b"old 0\n") as response,
        ):
            assert response.status == 404

    async def test_nodes_cosign_each_others_logs_and_clients_ask_for_it(
        self, tmp_path: Path, http: aiohttp.ClientSession, memory: LogMemory
    ) -> None:
        async with running_node(tmp_path / "a") as first:
            await first.deploy(write_app(tmp_path / "app", "one"), name="shown")
            async with http.get(f"{first.url}{LOG}/key?nonce={NONCE}") as response:
                log_key = AttestedKey.decode(await response.read()).verifier_key
        watching = LogSettings(witnessed=(log_key,))
        async with running_node(tmp_path / "b", log=watching) as witness:
            async with http.get(f"{witness.url}{LOG}/witness?nonce={NONCE}") as response:
                witness_key = AttestedKey.decode(await response.read()).verifier_key
            asking = LogSettings(witnesses=(f"{witness_key} {witness.url}{LOG}",))
            async with running_node(tmp_path / "a", log=asking) as first:
                key = NoteKey.parse(witness_key)
                async with asyncio.timeout(60):
                    while True:
                        async with http.get(f"{first.url}{LOG}/checkpoint") as response:
                            note = Note.parse(await response.read())
                        if key.cosigned_at(note) is not None:
                            break
                        await asyncio.sleep(0.02)
                async with await connect(
                    first.url,
                    application="shown",
                    verifier=first.verifier,
                    pins=Pins(witnesses=(key,)),
                    memory=memory,
                ) as client:
                    assert await client.call("which") == "one"
                announced = await announce(first, OwnerKey.from_seed(b"o" * 32))
                async with asyncio.timeout(60):
                    while not (seen := await cosigned(http, first, announced, key)).after:
                        await asyncio.sleep(0.02)
            async with running_node(tmp_path / "a") as first:
                assert await cosigned(http, first, announced, key) == seen
        assert min(seen.before, default=0) <= announced < min(seen.after)


class TestTheClient:
    async def test_answers_name_the_entry_that_made_their_code_live(
        self, node: Node, application: Application
    ) -> None:
        client = await node.connect(application)
        result = await client.execute("which", b"\x80")
        assert (result.package_id, result.log_index) == (application.package_id, application.log_index)
        answer = await fetch(f"{node.url}/app/shown/http/page", verifier=node.verifier)
        assert answer.attested.log_index == application.log_index

    async def test_nothing_of_the_log_is_fetched_unless_it_is_asked_for(
        self, node: Node, application: Application, memory: LogMemory
    ) -> None:
        async with await connect(
            node.url, application=application.id, verifier=node.verifier, memory=memory
        ) as client:
            await client.call("which")
            assert memory.log_of(application.id) is None
            report = await client.verify()
            assert report.live is not None
            assert report.live.version.package_id == application.package_id
            assert memory.log_of(application.id) is not None

    @pytest.mark.parametrize(
        ("pins", "link"),
        [
            (Pins(refuse_development=True), None),
            (Pins(min_delay=60), "policy"),
            (Pins(only_package="0" * 64), "package"),
            (Pins(witnesses=(FOREIGN.key,)), "log"),
        ],
    )
    async def test_what_is_pinned_is_required_before_anything_is_called(
        self, node: Node, application: Application, memory: LogMemory, pins: Pins, link: str | None
    ) -> None:
        with pytest.raises(ProvenError) as refused:
            await connect(
                node.url, application=application.id, verifier=node.verifier, pins=pins, memory=memory
            )
        assert refused.value.code is ErrorCode.EVIDENCE_INVALID
        assert (refused.value.details or {}).get("link") == link

    async def test_an_upgrade_is_verified_before_it_is_called(
        self, node: Node, memory: LogMemory, tmp_path: Path
    ) -> None:
        first = await node.deploy(write_app(tmp_path, "one"), name="moving")
        async with await connect(
            node.url, application=first.id, verifier=node.verifier, pins=Pins(), memory=memory
        ) as client:
            assert await client.call("which") == "one"
            second = await node.deploy(write_app(tmp_path, "two"), name="moving")
            assert await client.call("which") == "two"
            report = await client.verify()
            assert report.attested is not None
            assert report.attested.package_id == second.package_id
        async with await connect(
            node.url,
            application=first.id,
            verifier=node.verifier,
            pins=Pins(only_package=second.package_id),
            memory=memory,
        ) as client:
            assert await client.call("which") == "two"
            await node.deploy(write_app(tmp_path, "three"), name="moving")
            with pytest.raises(ProvenError) as refused:
                await client.call("which")
            assert (refused.value.details or {}).get("link") == "package"

    async def test_a_session_of_management_has_nothing_to_verify(self, node: Node) -> None:
        client = await node.connect(None)
        with pytest.raises(ProvenError) as refused:
            await client.verify()
        assert refused.value.code is ErrorCode.BAD_REQUEST


class TestTheCommand:
    async def test_it_walks_every_link(self, node: Node, application: Application, tmp_path: Path) -> None:
        run = await prove(node, f"shown@{node.url}", folder=tmp_path)
        assert run.exit_code == 0, run.output
        for link in LinkName:
            assert link.value in run.stdout
        assert application.package_id in run.stdout
        assert "its owner" in run.stdout
        assert "alone, at any time and without notice" in run.stdout
        assert "the first time that this machine sees this log" in run.stdout
        again = await prove(node, f"{application.id}@{node.url}", folder=tmp_path)
        assert "what this machine saw on" in again.stdout

    async def test_it_verifies_the_answer_at_an_address(
        self, node: Node, application: Application, tmp_path: Path
    ) -> None:
        port = node.url.rpartition(":")[2]
        for url in (f"{node.url}/app/shown/http/page", f"http://shown.localhost:{port}/"):
            run = await prove(node, url, "--json", folder=tmp_path)
            record = json.loads(run.stdout)
            assert record["holds"], record
            assert record["package_id"] == application.package_id
            assert record["application"]["policy"] == {"kind": "owner"}

    async def test_what_is_saved_verifies_offline_and_says_so_when_it_was_altered(
        self, tmp_path: Path
    ) -> None:
        proof, altered = tmp_path / "shown.proof", tmp_path / "altered.proof"
        async with running_node(tmp_path / "node") as gone:
            await gone.deploy(write_app(tmp_path / "app", "one"), name="shown")
            run = await prove(gone, f"shown@{gone.url}", "--save", str(proof), folder=tmp_path)
            assert run.exit_code == 0, run.output
        elsewhere = CliRunner(env={"XDG_STATE_HOME": str(tmp_path / "elsewhere")}).invoke
        refused = await asyncio.to_thread(elsewhere, main, ["verify", str(proof)])
        assert refused.exit_code == 1
        assert f"say what evidence you accept of who gave the answer in {proof}: --pcr0" in refused.stderr
        assert "node that was started" not in refused.stderr
        (told,) = re.findall(r"`proven (verify [^`]+)` checks it again", run.stdout)
        run = await asyncio.to_thread(elsewhere, main, shlex.split(told))
        assert run.exit_code == 0, run.output
        raw = proof.read_bytes()
        altered.write_bytes(raw.replace(b"=> 'one'", b"=> 'two'"))
        run = await prove(gone, str(altered), folder=tmp_path)
        assert run.exit_code == 18, run.output
        assert "The chain breaks at source" in run.stdout

    async def test_an_answer_kept_by_a_program_is_verified_later(
        self, node: Node, application: Application, tmp_path: Path
    ) -> None:
        answer = await fetch(f"{node.url}/app/shown/http/page", verifier=node.verifier)
        file = tmp_path / "answer"
        file.write_bytes(Bundle(made_at=answer.saved.at, answer=answer.saved).encode())
        run = await prove(node, str(file), folder=tmp_path)
        assert run.exit_code == 0, run.output
        assert application.package_id in run.stdout

    @pytest.mark.parametrize(
        ("pin", "code"),
        [
            ("hardware", 11),
            ("package=" + "0" * 64, 17),
            (f"witness={FOREIGN.key.verifier_key()}", 19),
            ("min-delay=7d", 20),
        ],
    )
    async def test_it_exits_with_the_first_link_that_fails(
        self, node: Node, application: Application, tmp_path: Path, pin: str, code: int
    ) -> None:
        run = await prove(node, f"shown@{node.url}", "--pin", pin, folder=tmp_path)
        assert run.exit_code == code, run.output
        assert "do not rely on this answer" in run.stdout

    @pytest.mark.parametrize(
        ("target", "said"),
        [
            ("shown@https://127.0.0.1:1", "cannot be reached"),
            ("no such file", "no application, no address"),
            ("{url}/", "is not attested"),
            ("{url}/app/shown/http/none", "has nothing at this path"),
            ("absent@{url}", "there is no application"),
        ],
    )
    async def test_what_cannot_be_verified_is_an_error_and_no_verdict(
        self, node: Node, application: Application, tmp_path: Path, target: str, said: str
    ) -> None:
        run = await prove(node, target.format(url=node.url), folder=tmp_path)
        assert run.exit_code == 1
        assert said in run.stderr

    @pytest.mark.parametrize(
        "pin",
        ["delay=1d", "min-delay=7", "hardware=yes", "package=abc", "min-witnesses=1", "notice-witnessed"],
    )
    async def test_a_pin_that_is_none_is_refused(self, node: Node, tmp_path: Path, pin: str) -> None:
        run = await prove(node, f"shown@{node.url}", "--pin", pin, folder=tmp_path)
        assert run.exit_code == 1


async def announce(node: Node, owner: OwnerKey) -> int:
    """Create an application and announce a change of its policy; the index of the announcement."""
    async with collecting(node.url) as collector:
        origin = Checkpoint.parse(Note.parse((await collector.log(None)).checkpoint).text).origin
        application = application_id(owner.public_key, b"guarded")
        create = CreateApplication(name="guarded", nonce=b"guarded", policy=Timelock(delay=3600))
        for revision, command in enumerate((create, SetUpgradePolicy(policy=OwnerDecides()))):
            body = Body(origin=origin, application_id=application, revision=revision, command=command)
            result = await collector.submit(sign(body, owner))
    return result.log_index


@dataclass(frozen=True)
class Seen:
    """The sizes that a witness saw before and after an entry was public."""

    before: frozenset[int]
    after: frozenset[int]


async def cosigned(http: aiohttp.ClientSession, node: Node, index: int, witness: NoteKey) -> Seen:
    async with http.get(f"{node.url}{LOG}/cosigned?entries={index}") as response:
        notes = [Note.parse(each.encode()) for each in (await response.json())["notes"]]
    assert all(witness.cosigned_at(note) is not None for note in notes)
    sizes = {Checkpoint.parse(note.text).size for note in notes}
    return Seen(
        frozenset(size for size in sizes if size <= index), frozenset(size for size in sizes if size > index)
    )


def tile_path(size: int) -> str:
    return tiles.Tile(0, 0, size).path().partition("/")[2]


def decoded(record: dict[str, list[str]]) -> list[bytes]:
    return [base64.b64decode(each) for each in record["hashes"]]


def request(signer: NoteSigner, old: int, size: int, root: bytes, proof: list[bytes] | None = None) -> bytes:
    text = Checkpoint(signer.key.name, size, root).text()
    return AddCheckpoint(old, tuple(proof or ()), Note(text, (signer.sign(text),))).encode()
