"""The SQL behind the hashes by which a manifest names migrations."""

from __future__ import annotations

from typing import Final

from ._migrations import find_statements, hash_of
from ._reader import read_module
from ._syntax import Source
from .package import Package
from .parsing import Budget, TooComplexError

MAX_MODULE: Final = 256 * 1024
"""Bytes. In larger modules nothing is looked for."""
MAX_SECONDS: Final = 0.2
"""Processor time for all of it, give or take what `verify` lets a parser take for one module."""
MAX_TEXT: Final = 256 * 1024
"""Characters of all statements together."""


def read_statements(package: Package) -> dict[str, str]:
    """The SQL of a verified package's migrations by its SHA-256 (hex), read from the modules that run it.

    What takes more than the bounds above to find is left out: it is known by its hash alone.
    """
    migrations = package.manifest.migrations
    wanted = {hash_ for each in migrations for hash_ in each.statements}
    found: dict[str, str] = {}
    budget, left = Budget(MAX_SECONDS), MAX_TEXT
    for path in sorted({each.module for each in migrations}):
        content = package.files[path]
        if len(content) > MAX_MODULE:
            continue
        try:
            module = read_module(Source(path, content, budget, interruptible=True), own=True)
            statements, _ = find_statements(module)
        except TooComplexError:
            break
        for text in (text for texts in statements.values() for text in texts):
            hash_ = hash_of(text)
            if hash_ in wanted and hash_ not in found and len(text) <= left:
                found[hash_] = text
                left -= len(text)
    return found
