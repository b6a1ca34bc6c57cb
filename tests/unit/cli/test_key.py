"""Owner key files: made once, for one user, and never shown."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import pty
import re
import stat
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from proven.cli.key import new_key, public_key, read_key
from proven.wire.applications import OwnerKey
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
    with pytest.raises(ProvenError, match="not a regular file"):
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


@pytest.fixture
def passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "passphrase"
    file.write_text("correct horse battery\nnot this line\n")
    file.chmod(0o600)
    monkeypatch.setenv("PROVEN_KEY_PASSPHRASE_FILE", str(file))
    return file


def test_a_file_under_a_passphrase_is_what_other_programs_read(proven: Proven, passphrase: Path) -> None:
    public = proven("key", "new", "owner.key", "--passphrase").stdout.strip()
    assert proven("key", "show", "owner.key").stdout.strip() == public
    assert read_key("owner.key").public_key.hex() == public
    asked = ["openssl", "pkey", "-in", "owner.key", "-passin", f"file:{passphrase}", "-noout", "-text"]
    shown = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert "ED25519" in shown
    halves = re.sub(r"[^0-9a-z:]", "", shown).replace(":", "")
    assert public in halves
    secret = halves.partition("priv")[2][:64]
    assert OwnerKey.from_seed(bytes.fromhex(secret)).public_key.hex() == public
    written = Path("owner.key").read_bytes()
    assert secret.encode() not in written
    sealed = base64.b64decode("".join(written.decode().partition("KEY-----\n")[2].splitlines()[:-1]))
    assert bytes.fromhex(secret) not in sealed
    scrypt_n_r_p = bytes.fromhex("02024000 020108 020105")
    assert scrypt_n_r_p in sealed


def test_another_passphrase_or_another_head_opens_nothing(proven: Proven, passphrase: Path) -> None:
    for name in ("a.key", "b.key"):
        assert proven("key", "new", name, "--passphrase").exit_code == 0
    public_of_b = proven("key", "show", "b.key").stdout.strip()
    mixed = re.sub(r"[0-9a-f]{64}", public_of_b, Path("a.key").read_text(), count=1)
    Path("a.key").write_text(mixed)
    with pytest.raises(ProvenError, match="do not belong together"):
        read_key("a.key")
    passphrase.write_text("correct horse batterz")
    with pytest.raises(ProvenError, match=r"not the passphrase of b\.key") as refused:
        read_key("b.key")
    assert refused.value.code is ErrorCode.FORBIDDEN
    assert "batter" not in refused.value.message


def test_a_passphrase_is_put_on_and_taken_off_by_copying(proven: Proven, passphrase: Path) -> None:
    public = proven("key", "new", "bare.key").stdout.strip()
    assert proven("key", "copy", "bare.key", "sealed.key", "--passphrase").stdout.strip() == public
    asked = proven("key", "copy", "sealed.key", "open.key")
    assert asked.exit_code == 1
    assert "Whoever can read it can sign" in asked.stderr
    assert not Path("open.key").exists()
    assert proven("key", "copy", "sealed.key", "open.key", "--yes").exit_code == 0
    assert Path("open.key").read_text() == Path("bare.key").read_text()
    assert proven("key", "copy", "bare.key", "again.key").exit_code == 0
    assert "choose another name" in proven("key", "copy", "bare.key", "again.key").stderr
    assert "rm bare.key" in proven("key", "remove", "bare.key", "--yes").stderr


def test_the_file_of_a_passphrase_is_as_private_as_a_key(proven: Proven, passphrase: Path) -> None:
    assert proven("key", "new", "owner.key", "--passphrase").exit_code == 0
    link = Path("link")
    link.symlink_to(passphrase)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROVEN_KEY_PASSPHRASE_FILE", str(link))
        with pytest.raises(ProvenError, match="symbolic link"):
            read_key("owner.key")
        patch.setenv("PROVEN_KEY_PASSPHRASE_FILE", "absent")
        with pytest.raises(ProvenError, match="no passphrase file absent"):
            read_key("owner.key")
    passphrase.chmod(0o644)
    with pytest.raises(ProvenError, match="chmod 600"):
        read_key("owner.key")
    passphrase.chmod(0o600)
    for content, why in (
        (b"short\n", "at least 8"),
        (b"\nsecond", "no passphrase"),
        (b"\xff" * 9, "no text"),
    ):
        passphrase.write_bytes(content)
        result = proven("key", "new", "more.key", "--passphrase")
        assert why in result.stderr
        assert not Path("more.key").exists()


def test_without_a_terminal_nobody_is_asked_for_a_passphrase(proven: Proven) -> None:
    told = proven("key", "new", "owner.key", "--passphrase")
    assert told.exit_code == 1
    assert "PROVEN_KEY_PASSPHRASE_FILE" in told.stderr
    assert not Path("owner.key").exists()


def test_at_a_terminal_it_is_typed_twice_and_not_shown(tmp_path: Path) -> None:
    terminal, theirs = pty.openpty()
    command = [sys.executable, "-m", "proven", "key", "new", "owner.key", "--passphrase"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    ) as process:
        os.close(theirs)
        shown = b""
        for prompt in (b"New passphrase of owner.key: ", b"Repeat for confirmation: "):
            while not shown.endswith(prompt):
                shown += os.read(terminal, 1024)
            os.write(terminal, b"typed by hand\n")
        with contextlib.suppress(OSError):
            while more := os.read(terminal, 1024):
                shown += more
        assert process.wait() == 0
    os.close(terminal)
    assert b"typed" not in shown
    assert "ENCRYPTED" in (tmp_path / "owner.key").read_text()


def test_the_help_says_where_keys_can_be(proven: Proven) -> None:
    shown = " ".join(proven("key", "--help").stdout.split())
    assert "keyring:NAME an entry of the keyring" in shown
    assert "proven key new owner.key --passphrase" in shown
