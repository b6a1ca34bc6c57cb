"""Writes `errors.md` from the table of codes in `proven.wire.errors`: `python docs/generate_errors.py`."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

from proven.wire.errors import ErrorCode, http_status

PAGE = Path(__file__).with_name("errors.md")

INTRODUCTION = """\
# Error codes

Every error that leaves a node is a record `{code, message, details?, retry_after?}`. Programs decide by
`code`, which never changes its meaning; `message` is a sentence for a person. `retry_after` is in seconds.
Over HTTP, the status is the one beside the code.

| code | HTTP status | meaning |
|---|---|---|
"""


def meanings() -> dict[ErrorCode, str]:
    """What each code means: the string below it in the source."""
    (definition,) = ast.parse(inspect.getsource(ErrorCode)).body
    assert isinstance(definition, ast.ClassDef)
    found: dict[ErrorCode, str] = {}
    for statement, following in zip(definition.body, definition.body[1:], strict=False):
        match statement, following:
            case ast.Assign(targets=[ast.Name(name)]), ast.Expr(ast.Constant(str(text))):
                found[ErrorCode[name]] = " ".join(text.split())
    return found


def page() -> str:
    """The text of `errors.md`."""
    texts = meanings()
    return INTRODUCTION + "".join(
        f"| `{code}` | {http_status(code)} | {texts[code]} |\n" for code in ErrorCode
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
