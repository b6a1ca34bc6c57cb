"""Read a tree of frozen dataclasses from a TOML file, environment variables and flags, weakest first."""

from __future__ import annotations

import dataclasses
import difflib
import re
import tomllib
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from proven.wire.errors import ErrorCode, ProvenError

ENVIRONMENT_PREFIX = "PROVEN_"
_AT: Final = re.compile(r"(?P<problem>.*) - at `\$\.(?P<path>[^`]*)`", re.DOTALL)
"""How a decoder says which value is wrong."""

T = TypeVar("T")


def load(
    shape: type[T],
    *,
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> T:
    """Build a `shape`, every value from the strongest source that names it.

    In `file` a nested dataclass is a table; in `environment` the path is joined by underscores behind
    `PROVEN_` (`gateway.port` is `PROVEN_GATEWAY_PORT`), lists by commas; `flags` are keyed by the dotted
    path, `None` meaning not given.

    Raises `ProvenError` `BAD_REQUEST` naming the setting and where it came from: an unknown name is an
    error, so that a misspelt limit is never silently the default.
    """
    leaves = dict(settings_of(shape))
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    if file is not None:
        values.update(_from_file(file, leaves))
        places.update({path: f"{path} in {file}" for path in values})
    named = _from_environment(environment or {}, leaves)
    values.update(named)
    places.update({path: f"{_variable(path)} ({path})" for path in named})
    given = {path: value for path, value in (flags or {}).items() if value is not None}
    values.update(given)
    places.update({path: f"{path} as an option" for path in given})
    try:
        built: T = msgspec.convert(_nest(values), shape, strict=False, dec_hook=_decode_path)
    except (msgspec.ValidationError, ValueError) as error:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"invalid configuration: {_told(error, places)}") from error
    return built


def _told(error: Exception, places: Mapping[str, str]) -> str:
    """What is wrong with a value, by where it is set instead of by its place in the tree."""
    wrong = _AT.fullmatch(str(error))
    if wrong is None:
        return str(error)
    problem, path = wrong["problem"].replace("`", ""), wrong["path"]
    within = [place for each, place in places.items() if each == path or each.startswith(f"{path}.")]
    exact = [places[each] for each in places if path == each or path.startswith((f"{each}.", f"{each}["))]
    return f"{', '.join(exact or within) or path}: {problem[:1].lower()}{problem[1:]}"


def _variable(path: str) -> str:
    return ENVIRONMENT_PREFIX + path.replace(".", "_").upper()


def _from_file(file: Path, leaves: Mapping[str, Any]) -> dict[str, Any]:
    try:
        document = tomllib.loads(file.read_text())
    except FileNotFoundError:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"there is no configuration file {file}") from None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"cannot read {file}: {error}") from error
    flat = dict(_flatten(document, leaves))
    for path in flat:
        if path not in leaves:
            raise _unknown(path, str(file), leaves)
    return flat


def _from_environment(environment: Mapping[str, str], leaves: Mapping[str, Any]) -> dict[str, Any]:
    names = {_variable(path): path for path in leaves}
    values: dict[str, Any] = {}
    for name, value in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        if name not in names:
            raise _unknown(name, "the environment", names)
        path = names[name]
        values[path] = value.split(",") if _is_sequence(leaves[path]) and value else value
    return values


def _unknown(name: str, source: str, known: Mapping[str, Any]) -> ProvenError:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return ProvenError(ErrorCode.BAD_REQUEST, f"{source} sets {name}, which is not a setting{hint}")


def settings_of(shape: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting of a tree of dataclasses: its dotted path and its type."""
    hints = typing.get_type_hints(shape)
    for field in dataclasses.fields(shape):
        hint = hints[field.name]
        if dataclasses.is_dataclass(hint):
            yield from settings_of(hint, f"{prefix}{field.name}.")
        else:
            yield prefix + field.name, hint


def _flatten(
    table: Mapping[str, Any], leaves: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict) and prefix + key not in leaves:
            yield from _flatten(value, leaves, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path, value in flat.items():
        *tables, leaf = path.split(".")
        place = tree
        for table in tables:
            place = place.setdefault(table, {})
        place[leaf] = value
    return tree


def _is_sequence(hint: Any) -> bool:
    return typing.get_origin(hint) in (tuple, frozenset)


def _decode_path(kind: type, value: Any) -> Any:
    if kind is Path:
        return Path(value).expanduser()
    raise NotImplementedError(kind)
