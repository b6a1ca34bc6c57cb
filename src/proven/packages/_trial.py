"""Parse sources of strangers once in a process that may die of it, before this one does.

The parser takes memory that grows with the square of a hostile source's length (a megabyte of `a<b,` takes
all there is), and nothing inside this process can stop it in time. It does the same again for the same
source, so what passed the trial is safe to parse here.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from proven.wire.errors import ErrorCode, ProvenError

SMALL: Final = 8 * 1024
"""Bytes of a source that cannot do harm: the worst known takes under 100 MB."""

_MEMORY: Final = 768 * 1024 * 1024
_SECONDS: Final = 20
"""Processor time: how long a busy machine takes to give that much says nothing about the sources."""
_PATIENCE: Final = 5 * _SECONDS
_REMEMBERED: Final = 10_000
_SUFFIXES: Final = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs")

_PROGRAM: Final = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_CPU, ({_SECONDS}, {_SECONDS}))
resource.setrlimit(resource.RLIMIT_AS, ({_MEMORY}, {_MEMORY}))
import tree_sitter_typescript
from tree_sitter import Language, Parser
parser = Parser(Language(tree_sitter_typescript.language_typescript()))
read = sys.stdin.buffer.read
while head := read(4):
    parser.parse(read(int.from_bytes(head, "big")))
"""

_passed: OrderedDict[bytes, None] = OrderedDict()
_lock = threading.Lock()


def try_parsing(files: Mapping[str, bytes]) -> None:
    """Raises `ProvenError` (`BUILD_ERROR`) if parsing these sources takes too much; blocks meanwhile."""
    untried = {
        hashlib.sha256(content).digest(): content
        for path, content in files.items()
        if len(content) > SMALL and path.lower().endswith(_SUFFIXES) and not _has_passed(content)
    }
    if not untried:
        return
    framed = b"".join(len(content).to_bytes(4, "big") + content for content in untried.values())
    try:
        outcome = subprocess.run(
            [sys.executable, "-I", "-c", _PROGRAM],
            input=framed,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={},
            timeout=_PATIENCE,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        outcome = -1
    except OSError:
        raise ProvenError(ErrorCode.UNAVAILABLE, "no process can be started now", retry_after=5) from None
    if outcome != 0:
        raise ProvenError(
            ErrorCode.BUILD_ERROR,
            "the sources take too much memory or time to read: simplify them, or split large files",
        )
    with _lock:
        _passed.update(dict.fromkeys(untried))
        while len(_passed) > _REMEMBERED:
            _passed.popitem(last=False)


def _has_passed(content: bytes) -> bool:
    with _lock:
        return hashlib.sha256(content).digest() in _passed
