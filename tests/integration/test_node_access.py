"""Which exports of an app can be called over a session, and by whom."""

from __future__ import annotations

import pytest
import pytest_asyncio

from proven.apps import Application
from proven.client import Client
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import new_seed
from proven.wire.ids import PackageId
from support.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def anonymous(node: Node, application: Application) -> Client:
    return await node.connect(application)


async def code(client: Client, handler: str) -> ErrorCode:
    with pytest.raises(ProvenError) as refused:
        await client.call(handler)
    return refused.value.code


@pytest.mark.parametrize("name", ["src/people.ts#echo", "echo", "file:///src/people.ts#echo"])
async def test_an_rpc_handler_is_called_by_each_of_its_names(anonymous: Client, name: str) -> None:
    assert await anonymous.call(name, 1) == [1]


@pytest.mark.parametrize(
    "handler",
    [
        pytest.param("src/people.ts#page", id="an HTTP handler"),
        pytest.param("src/people.ts#nightly", id="a schedule handler"),
        pytest.param("src/people.ts#reaction", id="an event handler"),
        pytest.param("src/people.ts#plain", id="an exported function that is no handler"),
        pytest.param("src/people.ts#constant", id="an exported constant"),
        pytest.param("src/people.ts#leaked", id="a variable that is not exported"),
        pytest.param("src/people.ts#default", id="a default export that does not exist"),
        pytest.param("src/people.ts#toString", id="an inherited property"),
        pytest.param("src/people.ts#__proto__", id="the prototype"),
        pytest.param("src/people.ts", id="a module"),
        pytest.param("src/lib/helper.ts#helper", id="a function of another module"),
        pytest.param("../src/people.ts#echo", id="a path that leads back"),
        pytest.param("src/./people.ts#echo", id="another path to the same module"),
        pytest.param("SRC/PEOPLE.TS#echo", id="another case"),
        pytest.param("src/people.ts#echo\0", id="a NUL"),
        pytest.param("@proven-network/kv#getApplicationStore", id="a module of the API"),
        pytest.param("file:///etc/passwd", id="a file of the machine"),
    ],
)
async def test_nothing_else_can_be_called(anonymous: Client, handler: str) -> None:
    assert await code(anonymous, handler) is ErrorCode.NOT_FOUND
    assert await anonymous.call("echo", 1) == [1]


async def test_who_may_call_is_what_the_handler_says(node: Node, application: Application) -> None:
    anonymous, somebody = (
        await node.connect(application),
        await node.connect(application, identity=new_seed()),
    )
    assert await code(anonymous, "identified") is ErrorCode.UNAUTHENTICATED
    assert await code(anonymous, "forOwner") is ErrorCode.UNAUTHENTICATED
    assert await somebody.call("identified") == (await somebody.whoami()).identity
    assert await code(somebody, "forOwner") is ErrorCode.FORBIDDEN


async def test_an_identity_lasts_until_it_is_given_up(node: Node, application: Application) -> None:
    client = await node.connect(application)
    identity = await client.identify(new_seed())
    assert await client.call("identified") == identity
    await client.anonymize()
    assert await code(client, "identified") is ErrorCode.UNAUTHENTICATED


async def test_a_management_session_calls_no_handler(node: Node) -> None:
    management = await node.connect(None)
    assert await code(management, "echo") is ErrorCode.BAD_REQUEST


async def test_only_the_package_that_was_asked_for_answers(node: Node, application: Application) -> None:
    right = await node.connect(application, package_id=application.package_id)
    assert await right.call("echo", 1) == [1]
    wrong = await node.connect(application, package_id=PackageId("0" * 64))
    assert await code(wrong, "echo") is ErrorCode.CONFLICT
