"""Every key and file name of the data store, derived from one root key.

Each derivation is HKDF-SHA256 with a label of its own and an injective encoding of what it is for, so
knowing one key tells nothing about another. File names are derived too: a directory listing shows how
many databases an application has, not whose they are.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from proven.storage.scope import Scope, encode_fields
from proven.wire.ids import ApplicationId

_MIN_ROOT_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class ScopeKeys:
    """The name and keys of one scope. `secret` is what the scope's keys are derived from."""

    name: str
    secret: bytes

    def main(self) -> bytes:
        """Key of the main database."""
        return _derive(self.secret, "database/main")

    def sql(self, database: str) -> tuple[str, bytes]:
        """File name and key of a SQL database."""
        fields = encode_fields(database)
        file = _derive(self.secret, "name/sql", fields)[:16].hex() + ".db"
        return file, _derive(self.secret, "database/sql", fields)

    def blob(self, blob_id: str) -> bytes:
        """Key of one file's content."""
        return _derive(self.secret, "blob", encode_fields(blob_id))

    def journal(self) -> bytes:
        """Key that authenticates the record of a commit over several files."""
        return _derive(self.secret, "journal")


class KeyRing:
    """Derives names and keys from the node's root key."""

    def __init__(self, root_key: bytes) -> None:
        if len(root_key) < _MIN_ROOT_KEY_BYTES:
            raise ValueError(f"the root key has at least {_MIN_ROOT_KEY_BYTES} bytes")
        self._root_key = hmac.digest(b"proven/storage/v1", root_key, "sha256")

    def fingerprint(self) -> bytes:
        """Tells whether a directory was written with this root key."""
        return _derive(self._root_key, "fingerprint")

    def catalogue(self) -> bytes:
        """Key of the file with the names of scopes."""
        return _derive(self._root_key, "catalogue")

    def application_directory(self, application_id: ApplicationId) -> str:
        """Name of the directory with all data of one application."""
        return _derive(self._root_key, "name/application", encode_fields(application_id))[:16].hex()

    def scope(self, scope: Scope) -> ScopeKeys:
        """Directory name and keys of one scope."""
        encoded = scope.encode()
        name = _derive(self._root_key, "name/scope", encoded)[:16].hex()
        return ScopeKeys(name, _derive(self._root_key, "scope", encoded))


def _derive(secret: bytes, label: str, context: bytes = b"") -> bytes:
    info = encode_fields("proven/storage/v1", label) + context
    return HKDFExpand(hashes.SHA256(), length=32, info=info).derive(secret)
