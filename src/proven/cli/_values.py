"""Values as the command line prints them."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from proven.wire import values

NOTHING: Final = {"$undefined": True}


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
            return value if math.isfinite(value) else {"$number": str(value)}
        case bytes():
            return {"$bytes": base64.b64encode(value).decode()}
        case datetime():
            return {"$date": value.isoformat()}
        case values.JsMap():
            return {"$map": [[to_json(key), to_json(entry)] for key, entry in value.items()]}
        case values.JsSet():
            return {"$set": [to_json(entry) for entry in value]}
        case Mapping():
            return {str(key): to_json(entry) for key, entry in value.items()}
        case list() | tuple():
            return [to_json(entry) for entry in value]
        case _:
            return {"$value": repr(value)}
