from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proven.client import LogMemory, Pins
from proven.client.pins import Remembered
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId
from proven.wire.notes import NoteSigner

APPLICATION = ApplicationId("a" * 32)
WITNESS = NoteSigner("witness.example", Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\x05")).key


def state(size: int, origin: str = "node.example/log") -> Remembered:
    return Remembered(
        origin=origin, verifier_key="key", size=size, root="00" * 32, seen_at=1_800_000_000 + size
    )


@pytest.fixture
def memory(tmp_path: Path) -> LogMemory:
    return LogMemory(tmp_path / "state")


def test_what_was_seen_is_remembered_by_whoever_looks_next(tmp_path: Path, memory: LogMemory) -> None:
    assert memory.log("node.example/log") is None
    memory.remember(APPLICATION, state(3))
    other = LogMemory(tmp_path / "state")
    assert other.log("node.example/log") == state(3)
    assert other.log_of(APPLICATION) == ("node.example/log", "2027-01-15 08:00:03 UTC")


def test_a_shorter_state_never_replaces_a_longer_one(memory: LogMemory) -> None:
    """Two programs that look at the same time would otherwise lose what the faster one saw."""
    memory.remember(APPLICATION, state(9))
    memory.remember(APPLICATION, state(3))
    assert memory.log("node.example/log") == state(9)


def test_an_application_stays_in_the_log_it_was_first_seen_in(memory: LogMemory) -> None:
    memory.remember(APPLICATION, state(1, "first.example/log"))
    memory.remember(APPLICATION, state(1, "second.example/log"))
    assert (memory.log_of(APPLICATION) or ("", ""))[0] == "first.example/log"


@pytest.mark.parametrize("content", [b"", b"{}", b"not json", b"\xff", b"[" * 100_000, None])
def test_a_damaged_file_is_an_error_and_not_a_clean_slate(
    tmp_path: Path, memory: LogMemory, content: bytes | None
) -> None:
    memory.remember(APPLICATION, state(3))
    for file in (tmp_path / "state").glob("*/*.json"):
        file.write_bytes(file.read_bytes().replace(b"0", b"x") if content is None else content)
    for ask in (lambda: memory.log("node.example/log"), lambda: memory.log_of(APPLICATION)):
        with pytest.raises(ProvenError, match="remove it to begin anew") as refused:
            ask()
        assert refused.value.code is ErrorCode.UNAVAILABLE


def test_the_file_of_one_log_says_nothing_of_another(tmp_path: Path, memory: LogMemory) -> None:
    memory.remember(APPLICATION, state(3))
    (file,) = (tmp_path / "state" / "logs").glob("*.json")
    memory.remember(ApplicationId("b" * 32), state(4, "other.example/log"))
    (other,) = set((tmp_path / "state" / "logs").glob("*.json")) - {file}
    other.write_bytes(file.read_bytes())
    with pytest.raises(ProvenError):
        memory.log("other.example/log")


def test_names_of_logs_lead_nowhere_else(tmp_path: Path, memory: LogMemory) -> None:
    memory.remember(APPLICATION, state(1, "../../../../escape"))
    assert [each.name for each in tmp_path.iterdir()] == ["state"]
    assert stat.S_IMODE((tmp_path / "state" / "logs").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_delay": -1},
        {"min_witnesses": 1},
        {"witnesses": (WITNESS,), "min_witnesses": 2},
        {"witnesses": (WITNESS, WITNESS)},
        {"notice_witnessed": True},
        {"witnesses": (WITNESS,), "min_witnesses": 0, "notice_witnessed": True},
    ],
)
def test_pins_that_cannot_hold_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Pins(**wrong)  # type: ignore[arg-type]


def test_all_witnesses_are_needed_unless_fewer_are_named() -> None:
    assert Pins(witnesses=(WITNESS,)).needed_witnesses == 1
    assert Pins(witnesses=(WITNESS,), min_witnesses=0).needed_witnesses == 0
