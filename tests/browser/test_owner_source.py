"""What the owner page does without, and that it speaks as `proven app sign` does."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from proven.wire import words
from proven.wire.applications import (
    AddAllowedOrigin,
    Archive,
    Body,
    CancelUpgrade,
    Command,
    CreateApplication,
    Deploy,
    Immutable,
    LinkDomain,
    Multisig,
    OwnerDecides,
    OwnerKey,
    Policy,
    RemoveAllowedOrigin,
    RollBack,
    SetUpgradePolicy,
    Timelock,
    TimelockMultisig,
    TransferOwnership,
    UnlinkDomain,
    Veto,
)
from support.workspace import BIN, npm_workspace

ROOT: Final = Path(__file__).parents[2]
SOURCE: Final = ROOT / "web" / "owner"
DIST: Final = ROOT / "web" / "dist" / "owner"
KEYS: Final = tuple(sorted(OwnerKey.from_seed(bytes([number]) * 32).public_key for number in range(16)))
DELAYS: Final = (60, 61, 90, 3600, 3660, 3601, 86_400, 86_460, 90_000, 7 * 86_400, 694_861, 365 * 86_400)


@pytest.mark.parametrize(
    "forbidden",
    ["innerHTML", "insertAdjacentHTML", "eval(", "localStorage", "sessionStorage", "console.", "postMessage"],
)
def test_the_page_does_without(forbidden: str) -> None:
    """What would run text as code, put a secret where it stays, or talk with other windows."""
    ours = [path for path in SOURCE.glob("*.ts") if forbidden in path.read_text()]
    assert not ours
    assert forbidden not in (DIST / "owner.js").read_text()


def test_the_page_listens_to_no_other_window() -> None:
    listened = set(re.findall(r"window\.addEventListener\(\s*['\"](\w+)", (DIST / "owner.js").read_text()))
    assert listened == {"hashchange", "pageshow"}
    assert not re.search(r"onmessage|BroadcastChannel|window\.opener", (DIST / "owner.js").read_text())


def policies() -> list[Policy]:
    shared = [(1, 1), (1, 2), (2, 2), (2, 3), (16, 16), (9, 16)]
    return [
        Immutable(),
        OwnerDecides(),
        *(Timelock(delay=delay, guardians=KEYS[: delay % 4]) for delay in DELAYS),
        *(Multisig(threshold=threshold, keys=KEYS[:keys]) for threshold, keys in shared),
        *(
            TimelockMultisig(delay=delay, threshold=threshold, keys=KEYS[:keys], guardians=KEYS[: delay % 3])
            for delay in DELAYS
            for threshold, keys in shared
        ),
    ]


def commands() -> list[Command]:
    return [
        CreateApplication(name="todo", nonce=b""),
        CreateApplication(name="todo", nonce=b"n", policy=Immutable()),
        Deploy(package_id="0a" * 32),
        *(RollBack(version=version) for version in (1, 999, 1000, 1_000_000)),
        *(SetUpgradePolicy(policy=policy) for policy in policies()),
        TransferOwnership(to=KEYS[0]),
        CancelUpgrade(),
        Veto(),
        AddAllowedOrigin(origin="https://xn--tdo-gma.example:8443"),
        RemoveAllowedOrigin(origin="http://localhost:3000"),
        LinkDomain(domain="xn--tdo-gma.example"),
        UnlinkDomain(domain="todo.example"),
        Archive(),
    ]


def test_commands_are_told_in_the_words_of_the_command_line() -> None:
    asked = commands()
    assert {type(command) for command in asked} == set(Command.__args__)
    bodies = [
        Body(origin="log", application_id="a" * 32, revision=1, command=each).encode().hex() for each in asked
    ]
    npm_workspace()
    program = [BIN / "node", SOURCE / "tests" / "words.js"]
    done = subprocess.run(
        program, input="\n".join(bodies), capture_output=True, text=True, timeout=60, check=True
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert told == [
        [
            words.command(each),
            words.guardians(each.policy) if isinstance(each, SetUpgradePolicy) else None,
        ]
        for each in asked
    ]


def test_permissions_to_read_are_told_in_the_words_of_the_command_line() -> None:
    asked = [(what, "todo", until) for what in ("logs", "metrics") for until in (0, 1_795_421_642, 1 << 32)]
    npm_workspace()
    program = [BIN / "node", SOURCE / "tests" / "words.js"]
    lines = "\n".join(json.dumps(each) for each in asked)
    done = subprocess.run(program, input=lines, capture_output=True, text=True, timeout=60, check=True)
    assert [json.loads(line) for line in done.stdout.splitlines()] == [words.reading(*each) for each in asked]
