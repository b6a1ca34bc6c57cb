"""What comes with the distribution for apps: the types of `@proven-network/…`, and the SDK for web pages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from ._resolve import BUILTIN_PREFIX, BUILTINS

TYPES_FOLDER = ".proven/types"
"""Where an app's folder keeps them. Not part of the app: `proven check` and `proven dev` write them again."""

_IMPORTED: Final = re.compile(rb"""\b(?:from|import) ?\(?["']\./([A-Za-z0-9_-]+\.js)["']""")


def type_declarations() -> dict[str, Path]:
    """The `index.d.ts` of each `@proven-network/…` module, by its short name."""
    root = _root()
    return {
        name: root / name / "index.d.ts"
        for name in sorted(specifier.removeprefix(BUILTIN_PREFIX) for specifier in BUILTINS)
    }


def write_types(folder: Path) -> None:
    """Bring the declarations in an app's folder up to date, touching only what differs."""
    for name, source in type_declarations().items():
        target = folder / TYPES_FOLDER / name / "index.d.ts"
        content = source.read_bytes()
        try:
            current = target.read_bytes()
        except OSError:
            current = None
        if current != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def sdk_modules() -> dict[str, bytes]:
    """The SDK for web pages as ES modules by file name: `index.js` and all it imports, at once or later."""
    folder = _root() / "sdk" / "dist"
    found: dict[str, bytes] = {}
    pending = ["index.js"]
    while pending:
        name = pending.pop()
        if name not in found:
            found[name] = (folder / name).read_bytes()
            pending.extend(match.decode() for match in _IMPORTED.findall(found[name]))
    return dict(sorted(found.items()))


def _root() -> Path:
    """Beside this file in an installed distribution, at the top of a source checkout."""
    installed = Path(__file__).parent / "declarations"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "packages"
