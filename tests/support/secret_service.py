"""A Secret Service of its own: GNOME Keyring on a D-Bus that nothing else is on."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
import secretstorage
from jeepney import DBusAddress, new_method_call
from jeepney.io.blocking import open_dbus_connection

PASSWORD = "of the keyring"
_BUS = """<busconfig>
  <type>session</type>
  <listen>unix:tmpdir={folder}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/>
  </policy>
</busconfig>
"""


class SecretService:
    """`environment` is for programs that are to use it; `folder` has what it keeps on the disk."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address = address
        self.folder = folder
        self.environment = {**os.environ, "DBUS_SESSION_BUS_ADDRESS": address}

    @contextlib.contextmanager
    def collection(self) -> Iterator[secretstorage.Collection]:
        with closing(open_dbus_connection(self.address)) as connection:
            yield secretstorage.Collection(connection)

    def lock(self) -> None:
        with self.collection() as collection:
            collection.lock()

    def forget_at_the_end_of_the_session(self) -> None:
        """Make the collection that is only in memory the default."""
        with closing(open_dbus_connection(self.address)) as connection:
            service = DBusAddress(
                "/org/freedesktop/secrets", "org.freedesktop.secrets", "org.freedesktop.Secret.Service"
            )
            session = "/org/freedesktop/secrets/collection/session"
            connection.send_and_get_reply(new_method_call(service, "SetAlias", "so", ("default", session)))


@contextlib.contextmanager
def secret_service(folder: Path) -> Iterator[SecretService]:
    """An unlocked keyring that is gone after the block.

    Without the programs the test is skipped, in CI failed.
    """
    missing = [name for name in ("dbus-daemon", "gnome-keyring-daemon") if shutil.which(name) is None]
    if missing:
        reason = f"the keyring is NOT tested: {', '.join(missing)} is not installed (.ci/debian installs it)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    (folder / "run").mkdir(mode=0o700)
    (folder / "bus.conf").write_text(_BUS.format(folder=tempfile.gettempdir()))
    bus_command = ["dbus-daemon", f"--config-file={folder / 'bus.conf'}", "--nofork", "--print-address"]
    with _running(bus_command, os.environ, stdout=subprocess.PIPE) as bus:
        assert bus.stdout is not None
        address = bus.stdout.readline().decode().strip()
        environment = {
            **os.environ,
            "DBUS_SESSION_BUS_ADDRESS": address,
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "XDG_RUNTIME_DIR": str(folder / "run"),
        }
        command = ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"]
        with _running(command, environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as daemon:
            assert daemon.stdin is not None
            daemon.stdin.write(PASSWORD.encode())
            daemon.stdin.close()
            _wait_until_it_answers(address)
            yield SecretService(address, folder)


@contextlib.contextmanager
def _running(
    command: list[str], environment: Mapping[str, str], **streams: int
) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, **streams) as process:
        try:
            yield process
        finally:
            process.kill()


def _wait_until_it_answers(address: str) -> None:
    until = time.monotonic() + 30
    while True:
        with closing(open_dbus_connection(address)) as connection:
            try:
                secretstorage.get_collection_by_alias(connection, "default")
            except secretstorage.SecretStorageException:
                pass
            else:
                return
        assert time.monotonic() < until, "GNOME Keyring did not start"
        time.sleep(0.02)
