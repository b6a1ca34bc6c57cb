"""Owner key files: made once, for one user, and never shown."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from proven.cli.key import new_key, public_key, read_key
from proven.wire.errors import ErrorCode, ProvenError

Proven = Callable[..., Result]


def test_a_key_is_made_shown_and_read_and_its_secret_never_printed(proven: Proven) -> None:
    made = proven("key", "new", "owner.key")
    shown = proven("key", "show", "owner.key", "--json")
    assert made.exit_code == shown.exit_code == 0
    public = made.stdout.strip()
    assert json.loads(shown.stdout) == {"file": "owner.key", "public_key": public}
    assert proven("key", "show", "owner.key").stdout == f"{public}\n"
    assert read_key(Path("owner.key")).public_key == public_key(public)
    secret = Path("owner.key").read_text().partition("secret: ")[2].strip()
    assert len(secret) == 64
    assert all(secret not in result.output for result in (made, shown))


def test_only_its_user_can_read_the_file_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        new_key(tmp_path / "wide")
        os.umask(0o777)
        new_key(tmp_path / "narrow")
    finally:
        os.umask(before)
    for name in ("wide", "narrow"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_no_file_is_ever_replaced_nor_a_link_followed(proven: Proven, tmp_path: Path) -> None:
    Path("taken").write_text("mine")
    Path("dangling").symlink_to(tmp_path / "elsewhere")
    for name in ("taken", "dangling"):
        result = proven("key", "new", name)
        assert result.exit_code == 1
        assert "choose another name" in result.stderr
    assert Path("taken").read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


def test_files_that_others_could_use_or_change_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "owner.key"
    new_key(file)
    for mode in (0o640, 0o604, 0o620, 0o602, 0o601):
        file.chmod(mode)
        with pytest.raises(ProvenError, match="chmod 600") as refused:
            read_key(file)
        assert refused.value.code is ErrorCode.FORBIDDEN
    file.chmod(0o600)
    link = tmp_path / "link"
    link.symlink_to(file)
    with pytest.raises(ProvenError, match="symbolic link"):
        read_key(link)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    with pytest.raises(ProvenError, match="no file that could hold a key"):
        read_key(pipe)
    with pytest.raises(ProvenError, match="proven key new"):
        read_key(tmp_path / "absent")


def test_what_is_not_exactly_a_key_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "owner.key"
    new_key(file)
    good = file.read_text()
    other = tmp_path / "other.key"
    new_key(other)
    secret_of_other = other.read_text().partition("secret: ")[2]
    damaged = {
        "empty": "",
        "cut": good[:-1],
        "more": good + "\n",
        "another version": good.replace("v1", "v2"),
        "upper case": good.upper(),
        "halves of two": good.partition("secret: ")[0] + "secret: " + secret_of_other,
        "large": good * 100,
    }
    for what, content in damaged.items():
        file.write_text(content)
        with pytest.raises(ProvenError) as refused:
            read_key(file)
        assert refused.value.code is ErrorCode.BAD_REQUEST, what
        assert "secret" not in refused.value.message
    file.write_bytes(b"\xff\x00" * 20)
    with pytest.raises(ProvenError, match="does not hold an owner key"):
        read_key(file)


@pytest.mark.parametrize("text", ["", "ab", "A" * 64, "g" * 64, "0" * 65, "\x1b[2J"])
def test_public_keys_are_hexadecimal(text: str) -> None:
    with pytest.raises(ProvenError, match="proven key show"):
        public_key(text)


def test_the_help_says_what_there_is_not(proven: Proven) -> None:
    shown = " ".join(proven("key", "--help").stdout.split())
    assert "the keyrings of operating systems are not supported" in shown
    assert "proven key new owner.key" in shown
