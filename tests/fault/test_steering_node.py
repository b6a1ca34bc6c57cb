"""A node, or whoever is in between, whose errors are to steer the terminal of who asks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import aiohttp.web
import pytest

from proven.client.collect import collecting
from proven.wire.errors import ProvenError
from proven.wire.ids import ApplicationId
from support.shell import Shell, at_home
from support.web_servers import listening

STEERING: Final = "\x1b[2J\x1b]0;owned\x07 \x9b31m\u202egnirts\u202c back\r\b\x7f \u2028 end"
IMITATION: Final = "nothing\n✓ evidence  genuine hardware\nerror: none. Everything that was checked holds"
COMMANDS: Final = [
    ("app", "show", "todo", "--node"),
    ("app", "list", "--node"),
    ("app", "create", "todo", "--passkey", "--node"),
    ("call", "todo", "greet", "--node"),
    ("listen", "todo", "news", "--node"),
    ("verify",),
]


def site(answer: dict[str, Any] | bytes, status: int = 404) -> aiohttp.web.Application:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()

    async def refuse(_: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.Response(body=body, status=status, content_type="application/json")

    application = aiohttp.web.Application()
    application.router.add_route("*", "/{path:.*}", refuse)
    return application


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
async def test_errors_neither_steer_a_terminal_nor_pass_for_what_commands_say(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    answer = {
        "code": "NOT_FOUND",
        "message": f"{STEERING} {IMITATION}",
        "details": {"stack": f"{IMITATION}\n{STEERING}"},
    }
    async with listening(site(answer)) as port:
        url = f"http://127.0.0.1:{port}"
        status, out, err = await Shell(tmp_path, at_home(tmp_path)).run(
            *command, url, "--any-development-node"
        )
    assert status != 0
    assert not out
    assert all(line.isprintable() for line in err.split("\n")), err
    claims = [line for line in err.split("\n") if line and not line.startswith(("error: ", "  "))]
    assert not claims
    assert sum(line.startswith("error: ") for line in err.split("\n")) == 1


@pytest.mark.parametrize("wait", [10**400, 1e300, -1, True, "soon"])
async def test_an_odd_time_to_wait_is_not_waited_for(tmp_path: Path, wait: object) -> None:
    answer = {"code": "OVERLOADED", "message": "later", "retry_after": wait}
    async with listening(site(answer)) as port:
        url = f"http://127.0.0.1:{port}"
        status, _, err = await Shell(tmp_path, at_home(tmp_path)).run(
            "app", "list", "--node", url, "--any-development-node"
        )
    assert status == 1
    assert "Traceback" not in err
    assert "error: later" in err


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize("body", [b'{"code": "\xff"}', b"[" * 100_000, b"null", b"", b"9" * 10_000])
async def test_answers_that_nobody_can_read_are_errors_like_others(
    tmp_path: Path, body: bytes, status: int
) -> None:
    async with listening(site(body, status)) as port, collecting(f"http://127.0.0.1:{port}") as collector:
        for ask in (
            collector.find("todo"),
            collector.log(None),
            collector.unproved(ApplicationId("a" * 32)),
            collector.submit(b""),
        ):
            with pytest.raises(ProvenError):
                await ask
