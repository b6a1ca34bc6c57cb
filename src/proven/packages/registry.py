"""npm packages by hash: from a cache that anyone may fill, or from the registry that npm uses."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import secrets
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from ._lock import Locked
from ._resolve import ResolutionError
from ._tarball import unpack
from .limits import MAX_TARBALL_BYTES
from .rules import Rule

DEFAULT_URL: Final = "https://registry.npmjs.org/"
TIMEOUT_SECONDS: Final = 30.0
_VARIABLE: Final = re.compile(r"\$\{([^}]+)\}")


class Registry:
    """Where the tarballs of npm packages come from. Nothing is believed: every tarball is checked against
    its hash.

    `url` is the registry, `scopes` the registries of single scopes (`@acme`), `cache` a folder of tarballs
    named by their SHA-512. What is in the cache needs no network. Credentials are not supported.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        cache: Path | None = None,
        scopes: Mapping[str, str] | None = None,
        on_fetch: Callable[[str], None] | None = None,
    ) -> None:
        self._url = url
        self._scopes = dict(scopes or {})
        self._cache = cache if cache is not None else default_cache()
        self._on_fetch = on_fetch
        self._unpacked: dict[str, Mapping[str, bytes]] = {}

    @classmethod
    def from_environment(
        cls,
        folder: Path | None = None,
        environment: Mapping[str, str] = os.environ,
        on_fetch: Callable[[str], None] | None = None,
    ) -> Registry:
        """The registry that npm would use in `folder`: `npm_config_registry`, then `.npmrc` there and at
        home.
        """
        settings: dict[str, str] = {}
        home = environment.get("HOME")
        files = [Path(environment.get("npm_config_userconfig") or Path(home or "/") / ".npmrc")]
        for file in [*files, *([folder / ".npmrc"] if folder is not None else [])]:
            settings.update(_read_npmrc(file, environment))
        for variable, value in environment.items():
            if variable.lower() == "npm_config_registry" and value:
                settings["registry"] = value
        scopes = {
            name.removesuffix(":registry"): value
            for name, value in settings.items()
            if name.startswith("@") and name.endswith(":registry")
        }
        url = settings.get("registry", DEFAULT_URL)
        return cls(url, cache=default_cache(environment), scopes=scopes, on_fetch=on_fetch)

    def files(self, locked: Locked) -> Mapping[str, bytes]:
        """The files of a package. Raises `ResolutionError` if it cannot be had as it is locked."""
        files = self._unpacked.get(locked.integrity)
        if files is None:
            files = self._unpacked[locked.integrity] = unpack(self.tarball(locked))
        return files

    def tarball(self, locked: Locked) -> bytes:
        """The package's tarball, verified. Raises `ResolutionError`."""
        digest = base64.b64decode(locked.integrity.removeprefix("sha512-"))
        file = self._cache / "sha512" / f"{digest.hex()}.tgz"
        try:
            cached = file.read_bytes()
        except OSError:
            cached = None
        if cached is not None and hashlib.sha512(cached).digest() == digest:
            return cached
        if self._on_fetch is not None:
            self._on_fetch(locked.key)
        tarball = self._fetch(locked)
        if hashlib.sha512(tarball).digest() != digest:
            message = f"{locked.key} from the registry is not what the lock file names: someone changed it"
            raise ResolutionError(Rule.DEPENDENCY_INTEGRITY, message)
        _store(file, tarball)
        return tarball

    def _fetch(self, locked: Locked) -> bytes:
        scope, _, base = locked.name.rpartition("/")
        registry = self._scopes.get(scope, self._url)
        name = urllib.parse.quote(locked.name, safe="@/")
        version = urllib.parse.quote(locked.version, safe="")
        url = f"{registry.rstrip('/')}/{name}/-/{urllib.parse.quote(base)}-{version}.tgz"
        if not url.startswith(("https://", "http://")):
            raise ResolutionError(Rule.DEPENDENCY_FETCH, "the npm registry in use is not an http(s) address")
        request = urllib.request.Request(url, headers={"accept": "application/octet-stream"})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
                data: bytes = response.read(MAX_TARBALL_BYTES + 1)
        except (OSError, ValueError, EOFError) as error:
            reason = getattr(error, "reason", None) or type(error).__name__
            message = (
                f"{locked.key} is not in the cache and the registry did not send it ({reason}): try "
                "again online"
            )
            raise ResolutionError(Rule.DEPENDENCY_FETCH, message) from None
        if len(data) > MAX_TARBALL_BYTES:
            raise ResolutionError(Rule.DEPENDENCY_ARCHIVE, f"{locked.key} is over {MAX_TARBALL_BYTES} bytes")
        return data


def default_cache(environment: Mapping[str, str] = os.environ) -> Path:
    """`$XDG_CACHE_HOME/proven/npm`, by default under `~/.cache`."""
    base = environment.get("XDG_CACHE_HOME") or Path(environment.get("HOME") or "/tmp") / ".cache"  # noqa: S108
    return Path(base) / "proven" / "npm"


def _store(file: Path, content: bytes) -> None:
    """Add to the cache; a cache that cannot be written is no reason to fail."""
    draft = file.with_name(f".{secrets.token_hex(8)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        draft.replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()


def _read_npmrc(file: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The registry settings of an `.npmrc`; nothing else in it, credentials least of all, is looked at."""
    try:
        text = file.read_text("utf-8", errors="replace")
    except OSError:
        return {}
    settings: dict[str, str] = {}
    for line in text.splitlines():
        name, separator, value = line.partition("=")
        name = name.strip()
        if separator and (name == "registry" or (name.startswith("@") and name.endswith(":registry"))):
            value = value.strip().strip("\"'")
            settings[name] = _VARIABLE.sub(lambda match: environment.get(match[1], match[0]), value)
    return settings
