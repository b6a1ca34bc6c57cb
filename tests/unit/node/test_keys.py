from __future__ import annotations

from pathlib import Path

import pytest

from proven.node.keys import derive, load_or_create, log_key, owner_key
from proven.wire.errors import ErrorCode, ProvenError


def test_a_key_is_made_once_and_only_its_user_can_read_it(tmp_path: Path) -> None:
    file = tmp_path / "data" / "root.key"
    key = load_or_create(file)
    assert len(key) == 32
    assert load_or_create(file) == key
    assert file.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in file.parent.iterdir()] == ["root.key"]


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "root.key"
    load_or_create(file)
    file.chmod(0o644)
    with pytest.raises(ProvenError, match="chmod 600") as refused:
        load_or_create(file)
    assert refused.value.code is ErrorCode.FORBIDDEN


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_damaged_key_is_an_error_and_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "root.key"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(ProvenError, match="restore it"):
        load_or_create(file)
    assert file.read_bytes() == content


def test_keys_of_different_purposes_are_unrelated() -> None:
    root = bytes(32)
    keys = {
        derive(root, "engine"),
        derive(root, "storage"),
        owner_key(root).public_key,
        log_key(root).public_key().public_bytes_raw(),
        root,
    }
    assert len(keys) == 5
