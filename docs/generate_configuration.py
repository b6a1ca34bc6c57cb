"""Writes `configuration.md` from the settings of a node: `python docs/generate_configuration.py`."""

from __future__ import annotations

import enum
import json
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from proven.node import _settings
from proven.node.config import NodeConfig

PAGE = Path(__file__).with_name("configuration.md")

INTRODUCTION = """\
# Configuration

A node reads `proven.toml`, then environment variables, then flags; what comes later wins. The variable of a
setting is its path in upper case behind `PROVEN_`: `gateway.port` is `PROVEN_GATEWAY_PORT`. Lists are
separated by commas there. A name that is not a setting is an error.

```toml
[gateway]
port = 8080

[storage]
synchronous = "FULL"

[runtime]
timeout = 5
```

Sizes are in bytes unless the name says otherwise, times in seconds. `proven dev` sets `data_dir` and
`gateway.default_application` itself.

| setting | type | default |
|---|---|---|
"""


def page() -> str:
    """The text of `configuration.md`."""
    defaults = NodeConfig()
    return INTRODUCTION + "".join(
        f"| `{path}` | {_type(hint)} | {_default(defaults, path)} |\n"
        for path, hint in _settings.settings_of(NodeConfig)
    )


def _type(hint: Any) -> str:
    origin = typing.get_origin(hint)
    if origin in (tuple, frozenset):
        return "list"
    if origin is Mapping:
        return "table"
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return " or ".join(f"`{member.value}`" for member in hint)
    names = {
        int: "integer",
        float: "number",
        str: "text",
        bool: "boolean",
        Path: "path",
        type(None): "nothing",
    }
    return " or ".join(names[part] for part in (typing.get_args(hint) or (hint,)) if part is not type(None))


def _default(tree: Any, path: str) -> str:
    value = tree
    for name in path.split("."):
        value = getattr(value, name)
    if isinstance(value, frozenset):
        return ", ".join(f"`{member.value}`" for member in sorted(value))
    if isinstance(value, enum.Enum):
        return f"`{value.value}`"
    if value is None or (not isinstance(value, int | float) and not value):
        return "–"
    return f"`{value if isinstance(value, str | Path) else json.dumps(value)}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
