"""Owner keys in a real keyring of the desktop: GNOME Keyring, by the Secret Service API."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.secret_service import SecretService, secret_service

Completed = subprocess.CompletedProcess[str]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[SecretService]:
    folder = tmp_path / "keyring"
    folder.mkdir()
    with secret_service(folder) as service:
        yield service


class Shell:
    """Somebody's terminal, in a folder of theirs."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = {**environment, "PYTHONPATH": ":".join(sys.path)}

    def run(self, *arguments: str) -> Completed:
        return subprocess.run(
            [sys.executable, "-m", "proven", *arguments],
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def ok(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def refused(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert (done.returncode, done.stdout) == (1, ""), done.stdout
        return done.stderr


@pytest.fixture
def shell(service: SecretService, tmp_path: Path) -> Shell:
    (tmp_path / "desk").mkdir()
    return Shell(tmp_path / "desk", service.environment)


def test_a_key_goes_in_is_found_goes_out_and_is_removed(shell: Shell) -> None:
    assert "proven key new keyring:NAME" in shell.run("key", "list").stderr
    public = shell.ok("key", "new", "keyring:todo")
    assert shell.ok("key", "show", "keyring:todo") == public
    assert shell.ok("key", "list") == f"{public}  keyring:todo"
    assert "say --yes" in shell.refused("key", "copy", "keyring:todo", "out.key")
    assert not (shell.folder / "out.key").exists()
    assert shell.ok("key", "copy", "keyring:todo", "out.key", "--yes") == public
    assert shell.ok("key", "show", "out.key") == public
    assert shell.ok("key", "copy", "out.key", "keyring:second") == public
    listed = json.loads(shell.ok("key", "list", "--json"))
    assert [each["key"] for each in listed] == ["keyring:second", "keyring:todo"]
    assert {each["public_key"] for each in listed} == {public}
    assert "say --yes" in shell.refused("key", "remove", "keyring:todo")
    shell.ok("key", "remove", "keyring:todo", "--yes")
    assert "no owner key todo" in shell.refused("key", "show", "keyring:todo")
    assert shell.ok("key", "list") == f"{public}  keyring:second"


def test_the_secret_is_neither_printed_nor_on_the_disk(shell: Shell, service: SecretService) -> None:
    done = [shell.run("key", "new", "keyring:todo", "--json"), shell.run("key", "list")]
    done += [shell.run("key", "show", "keyring:todo"), shell.run("key", "remove", "keyring:todo")]
    with service.collection() as collection:
        (item,) = collection.search_items({"application": "proven", "name": "todo"})
        stored = item.get_secret()
        said = f"{item.get_label()} {item.get_attributes()}"
    secret = stored.partition(b"secret: ")[2].strip()
    assert len(secret) == 64
    assert secret.decode() not in said + "".join(each.stdout + each.stderr for each in done)
    files = [file.read_bytes() for file in service.folder.rglob("*.keyring")]
    assert files
    for content in files:
        assert secret not in content
        assert bytes.fromhex(secret.decode()) not in content


def test_no_key_is_ever_replaced_also_not_by_one_made_at_the_same_time(shell: Shell) -> None:
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: shell.run("key", "new", "keyring:raced"), range(4)))
    made = [each.stdout.strip() for each in done if each.returncode == 0]
    assert len(made) <= 1
    listed = shell.run("key", "list").stdout.split()
    assert listed == ([made[0], "keyring:raced"] if made else [])
    public = shell.ok("key", "new", "keyring:mine")
    for command in (("new", "keyring:mine"), ("copy", "keyring:mine", "keyring:mine")):
        assert "none is ever replaced" in shell.refused("key", *command)
    assert shell.ok("key", "show", "keyring:mine") == public


def test_a_locked_keyring_gives_nothing(shell: Shell, service: SecretService) -> None:
    shell.ok("key", "new", "keyring:todo")
    service.lock()
    for command in (("show", "keyring:todo"), ("list",), ("new", "keyring:more")):
        assert "keyring is locked" in shell.refused("key", *command)


def test_a_keyring_that_forgets_is_not_used(shell: Shell, service: SecretService) -> None:
    service.forget_at_the_end_of_the_session()
    told = shell.refused("key", "new", "keyring:todo")
    assert "forgotten at the end of the session" in told
    assert "proven key new FILE" in told


def test_what_somebody_else_put_there_signs_nothing(shell: Shell, service: SecretService) -> None:
    shell.ok("key", "new", "keyring:a")
    shell.ok("key", "new", "keyring:b")
    with service.collection() as collection:
        first, second = (
            next(collection.search_items({"application": "proven", "name": name})) for name in "ab"
        )
        collection.create_item("again", first.get_attributes(), second.get_secret())
        halves = first.get_secret().partition(b"secret: ")[0] + b"secret: " + second.get_secret()[-65:]
        second.set_secret(halves)
    assert "2 owner keys a" in shell.refused("key", "show", "keyring:a")
    assert "do not belong together" in shell.refused("key", "show", "keyring:b")


@pytest.mark.parametrize("name", ["keyring:", "keyring:../x", "keyring:a b", "keyring:" + "a" * 64])
def test_names_are_plain(shell: Shell, name: str) -> None:
    assert "names no key in the keyring" in shell.refused("key", "new", name)


def test_where_there_is_no_keyring_a_file_is_named_instead(tmp_path: Path, shell: Shell) -> None:
    nowhere = Shell(
        tmp_path, {"PATH": "/usr/bin:/bin", "DBUS_SESSION_BUS_ADDRESS": f"unix:path={tmp_path}/no"}
    )
    told = nowhere.refused("key", "new", "keyring:todo")
    assert "no keyring can be reached here" in told
    assert "proven key new FILE --passphrase" in told
    assert "leave --passphrase out" in shell.refused("key", "new", "keyring:todo", "--passphrase")
