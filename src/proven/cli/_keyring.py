"""Owner keys in the keyring of the operating system: the Secret Service of a desktop session, on D-Bus.

The Secret Service is all there is, and spoken to directly: what it keeps is encrypted and survives the
session (a collection that does not is refused), and no setting or installed plugin can put another store in
its place.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from proven.wire.errors import ErrorCode, ProvenError

if TYPE_CHECKING:
    from secretstorage import Collection, Item

PREFIX: Final = "keyring:"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_ATTRIBUTES: Final = {"application": "proven", "kind": "owner-key-v1"}
_UNLOCK_SECONDS: Final = 120.0


def name_of(where: str) -> str:
    """The name in `keyring:NAME`. Raises `ProvenError` (`BAD_REQUEST`)."""
    name = where.removeprefix(PREFIX)
    if not where.startswith(PREFIX) or not _NAME.fullmatch(name):
        raise ProvenError(
            ErrorCode.BAD_REQUEST,
            f"{where[:80]!r} names no key in the keyring: write keyring:NAME, of letters, digits, - . and _",
        )
    return name


def names() -> list[str]:
    """The names of the owner keys in the keyring. Raises `ProvenError`."""
    with _unlocked() as keyring:
        found = (item.get_attributes().get("name", "") for item in keyring.search_items(_ATTRIBUTES))
        return sorted({name for name in found if _NAME.fullmatch(name)})


def get(name: str) -> bytes:
    """What was added under a name. Raises `ProvenError`, such as `NOT_FOUND`."""
    with _unlocked() as keyring:
        return _one(keyring, name).get_secret()


def add(name: str, secret: bytes) -> None:
    """Keep a secret under a name that is not taken. Raises `ProvenError`, such as `CONFLICT`."""
    with _unlocked() as keyring:
        if not _items(keyring, name):
            made = keyring.create_item(f"proven owner key {name}", _attributes(name), secret)
            if len(_items(keyring, name)) == 1 and made.get_secret() == secret:
                return
            made.delete()
    raise ProvenError(
        ErrorCode.CONFLICT, f"the keyring has a key {name}, and none is ever replaced: choose another name"
    )


def remove(name: str) -> None:
    """Forget what was added under a name. Raises `ProvenError`, such as `NOT_FOUND`."""
    with _unlocked() as keyring:
        _one(keyring, name).delete()


def _one(keyring: Collection, name: str) -> Item:
    items = _items(keyring, name)
    if not items:
        raise ProvenError(
            ErrorCode.NOT_FOUND,
            f"the keyring has no owner key {name}; `proven key list` shows those that it has, "
            f"`proven key new {PREFIX}{name}` makes it",
        )
    if len(items) > 1:
        raise ProvenError(
            ErrorCode.CONFLICT, f"the keyring has {len(items)} owner keys {name}: remove the wrong ones there"
        )
    return items[0]


def _items(keyring: Collection, name: str) -> list[Item]:
    return list(keyring.search_items(_attributes(name)))


def _attributes(name: str) -> dict[str, str]:
    return {**_ATTRIBUTES, "name": name}


@contextlib.contextmanager
def _unlocked() -> Iterator[Collection]:
    """The user's keyring, open. Whatever its library raises becomes a `ProvenError`."""
    try:
        import jeepney
        import secretstorage
        from secretstorage import exceptions
        from secretstorage.collection import SESSION_COLLECTION
        from secretstorage.util import open_session
    except ImportError:
        raise _unavailable("keyrings are for Linux: there is no Secret Service here") from None
    try:
        with contextlib.closing(secretstorage.dbus_init()) as connection:
            keyring = secretstorage.get_collection_by_alias(connection, "default")
            if keyring.collection_path == SESSION_COLLECTION:
                raise _unavailable("the default keyring is forgotten at the end of the session")
            if keyring.is_locked() and keyring.unlock(timeout=_UNLOCK_SECONDS):
                raise ProvenError(ErrorCode.FORBIDDEN, "the keyring is locked, and was not unlocked")
            keyring.session = open_session(connection)
            if not keyring.session.encrypted:
                raise _unavailable("the keyring would have keys pass through D-Bus in the clear")
            yield keyring
    except TimeoutError:
        raise ProvenError(ErrorCode.FORBIDDEN, "the keyring is locked, and nobody unlocked it") from None
    except exceptions.PromptDismissedException:
        raise ProvenError(ErrorCode.FORBIDDEN, "the keyring asked, and was told no") from None
    except exceptions.LockedException:
        raise ProvenError(ErrorCode.FORBIDDEN, "the keyring was locked meanwhile") from None
    except exceptions.ItemNotFoundException:
        raise _unavailable(
            "there is no default keyring; make one with a password, such as in Seahorse or KWalletManager"
        ) from None
    except (exceptions.SecretStorageException, jeepney.DBusErrorResponse, OSError, EOFError) as error:
        raise _unavailable(
            f"no keyring can be reached here ({str(error)[:200] or type(error).__name__})"
        ) from None


def _unavailable(what: str) -> ProvenError:
    return ProvenError(
        ErrorCode.UNAVAILABLE, f"{what}; a key can be in a file instead: `proven key new FILE --passphrase`"
    )
