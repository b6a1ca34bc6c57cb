"""Values as the command line prints and reads them: JSON, and for what JSON has no form for, an object with
one key that starts with `$`. The console of a node has the same forms.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

from proven.wire import values

NOTHING: Final = {"$undefined": True}
_NUMBERS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "-0": -0.0}
_MAX_DIGITS: Final = 4000
_BIGINT: Final = re.compile(rf"-?[0-9]{{1,{_MAX_DIGITS}}}")


def to_json(value: Any) -> Any:
    """A value as JSON; what JSON has no form for becomes an object with one key that starts with `$`."""
    match value:
        case values.UNDEFINED:
            return NOTHING
        case None | bool() | str():
            return value
        case values.BigInt():
            return {"$bigint": str(int(value))}
        case int():
            return int(value)
        case float():
            return value if (name := _number_name(value)) is None else {"$number": name}
        case bytes():
            return {"$bytes": base64.b64encode(value).decode()}
        case datetime():
            return {"$date": value.isoformat()}
        case values.JsMap():
            return {"$map": [[to_json(key), to_json(entry)] for key, entry in value.pairs()]}
        case values.JsSet():
            return {"$set": [to_json(entry) for entry in value]}
        case Mapping():
            return {str(key): to_json(entry) for key, entry in value.items()}
        case list() | tuple():
            return [to_json(entry) for entry in value]
        case _:
            return {"$value": repr(value)}


def read_value(text: str) -> values.Value:
    """The value that JSON says, in the forms in which `to_json` writes one.

    Raises `ValueError`, and says what is wrong where the text is JSON but no value; `json.JSONDecodeError`
    where it is no JSON.
    """
    try:
        return _revive(json.loads(text, parse_constant=_no_number, parse_float=_finite, parse_int=_whole))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _number_name(value: float) -> str | None:
    """What a number is called that JSON cannot say."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return "-0" if value == 0 and math.copysign(1, value) < 0 else None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f'{name} is not JSON: write {{"$number": "{name}"}}')


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f'{text[:40]} is larger than any number: write {{"$number": "Infinity"}} for that')
    return number


def _whole(text: str) -> int | float:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"a number has more than {_MAX_DIGITS} digits")
    return -0.0 if text == "-0" else int(text)


def _revive(value: Any) -> values.Value:
    if isinstance(value, list):
        return [_revive(each) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, held),) = value.items()
        if (read := _READERS.get(name)) is not None:
            return read(held)
    return {name: _revive(each) for name, each in value.items()}


def _text(name: str, held: Any) -> str:
    if not isinstance(held, str):
        raise ValueError(f"{name} holds text")
    return held


def _list(name: str, held: Any) -> list[Any]:
    if not isinstance(held, list):
        raise ValueError(f"{name} holds a list")
    return held


def _bytes(held: Any) -> bytes:
    try:
        return base64.b64decode(_text("$bytes", held), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError('$bytes holds base64, such as "aGk="') from None


def _date(held: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(_text("$date", held))
    except ValueError:
        raise ValueError('$date holds a date, such as "2026-01-31T12:00:00Z"') from None
    if moment.tzinfo is None and len(held) > len("2026-01-31"):
        raise ValueError('$date needs a time zone, such as the Z in "2026-01-31T12:00:00Z"')
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _bigint(held: Any) -> values.BigInt:
    if not _BIGINT.fullmatch(_text("$bigint", held)):
        raise ValueError('$bigint holds a whole number in quotes, such as "12345678901234567890"')
    return values.BigInt(held)


def _number(held: Any) -> float:
    number = _NUMBERS.get(_text("$number", held))
    if number is None:
        raise ValueError(f"$number holds one of {', '.join(map(json.dumps, _NUMBERS))}")
    return number


def _undefined(held: Any) -> values.Value:
    if held is not True:
        raise ValueError("$undefined holds true")
    return values.UNDEFINED


def _map(held: Any) -> values.JsMap:
    pairs = [_list("$map", pair) for pair in _list("$map", held)]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError("$map holds a list of [key, value]")
    return values.JsMap([(_revive(key), _revive(each)) for key, each in pairs])


def _set(held: Any) -> values.JsSet:
    try:
        return values.JsSet(_revive(each) for each in _list("$set", held))
    except ValueError as error:
        raise ValueError(str(error).replace("a Map with the same key", "a Set with the same value")) from None


def _shown_only(_: Any) -> NoReturn:
    raise ValueError(f"$value shows what cannot be written here; there are {', '.join(list(_READERS)[:-1])}")


_READERS: Final[dict[str, Callable[[Any], values.Value]]] = {
    "$bytes": _bytes,
    "$date": _date,
    "$bigint": _bigint,
    "$number": _number,
    "$undefined": _undefined,
    "$map": _map,
    "$set": _set,
    "$value": _shown_only,
}
