"""The arguments of a call, as they are written on the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from proven.wire.errors import ErrorCode, ProvenError

from ._values import read_value

_SHORT: Final = 200


def read_arguments(texts: Sequence[str]) -> list[Any]:
    """Values of JSON texts; `@FILE` is the JSON in a file, and `-` that on stdin.

    Neither is JSON, so nothing else is meant by them: text that begins so is in quotes, as any is. Raises
    `ProvenError` (`BAD_REQUEST`), and `OSError` for a file that cannot be read.
    """
    if texts.count("-") > 1:
        raise ProvenError(ErrorCode.BAD_REQUEST, "only one argument can be read from stdin (-)")
    return [_read(position, text) for position, text in enumerate(texts, 1)]


def _read(position: int, text: str) -> Any:
    if text == "-":
        return _value(f"argument {position} (from stdin)", _decoded(position, sys.stdin.buffer.read()), None)
    if text.startswith("@") and text != "@":
        content = Path(text[1:]).read_bytes()
        return _value(f"argument {position} (in {text[1:]})", _decoded(position, content), None)
    return _value(f"argument {position}", text, text)


def _decoded(position: int, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"argument {position} is not JSON: it is no UTF-8") from None


def _value(what: str, text: str, typed: str | None) -> Any:
    """The value of a JSON text; `typed` is what somebody wrote by hand, and may have meant as text."""
    try:
        return read_value(text)
    except json.JSONDecodeError as error:
        if typed is None:
            problem = f"{what} is not JSON: {error}"
        elif len(typed) > _SHORT:
            problem = f"{what} is not JSON: {typed[:_SHORT]!r} …"
        else:
            quoted = json.dumps(typed, ensure_ascii=False)
            problem = f"{what} is not JSON: {typed!r}; if it is meant as text, write '{quoted}'"
    except ValueError as error:
        problem = f"{what}: {error}"
    raise ProvenError(ErrorCode.BAD_REQUEST, problem)
