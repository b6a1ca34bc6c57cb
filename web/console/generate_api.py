"""Writes `api.ts`, the types of the console's API, from the node's own: run it after changing those."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import msgspec
from msgspec.inspect import (
    BoolType,
    DictType,
    FloatType,
    IntType,
    ListType,
    LiteralType,
    NoneType,
    StrType,
    StructType,
    Type,
    UnionType,
    type_info,
)

from proven.gateway import console_records as records

PAGE = Path(__file__).with_name("api.ts")

INTRODUCTION = """\
// Made from `src/proven/gateway/console_records.py` by `python web/console/generate_api.py`.
//
// Times are Unix milliseconds, durations microseconds, sizes bytes.
"""


def page() -> str:
    """The text of `api.ts`."""
    found = [
        member
        for member in vars(records).values()
        if inspect.isclass(member) and issubclass(member, records.Record) and member is not records.Record
    ]
    return "\n".join([INTRODUCTION, *map(_interface, found), "export type Entry = CallEntry | LogEntry;", ""])


def _interface(record: type[msgspec.Struct]) -> str:
    described = type_info(record)
    assert isinstance(described, StructType)
    about = re.sub(r"\s+", " ", inspect.getdoc(record) or "").replace("*/", "")
    lines = [f"/** {about} */", f"export interface {record.__name__} {{"]
    if described.tag_field is not None:
        lines.append(f"  {described.tag_field}: '{described.tag}';")
    lines += [f"  {field.name}: {_type(field.type)};" for field in described.fields]
    return "\n".join([*lines, "}", ""])


def _type(described: Type) -> str:
    match described:
        case StrType():
            return "string"
        case IntType() | FloatType():
            return "number"
        case BoolType():
            return "boolean"
        case NoneType():
            return "null"
        case StructType(cls=record):
            return str(record.__name__)
        case LiteralType(values=values):
            return " | ".join(f"'{value}'" for value in values)
        case ListType(item_type=item):
            inner = _type(item)
            return f"({inner})[]" if " " in inner else f"{inner}[]"
        case DictType(value_type=value):
            return f"Record<string, {_type(value)}>"
        case UnionType(types=types):
            return " | ".join(map(_type, types))
        case _:
            raise TypeError(f"no TypeScript for {described}")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
