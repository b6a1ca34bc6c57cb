"""Reading records, and those of several that say by a tag which they are."""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from .errors import ErrorCode, ProvenError


def convert(fields: object, kind: Any, what: str) -> Any:
    """Raises `ProvenError` (`BAD_REQUEST`) for what is no `kind`, in words of which `what` is one."""
    try:
        return msgspec.convert(fields, kind, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"not a {what} that is known here: {error}") from None


class Tagged:
    """Converts to the union `kinds` of tagged structs. Going through the whole union each time, as
    `msgspec.convert` does, takes twenty times as long.
    """

    def __init__(self, kinds: Any, what: str) -> None:
        self._kinds = kinds
        self._what = what
        configurations = {kind: kind.__struct_config__ for kind in get_args(kinds)}
        (self._field,) = {each.tag_field for each in configurations.values()}
        self._by_tag = {each.tag: kind for kind, each in configurations.items()}

    def convert(self, fields: object) -> Any:
        """As `convert` does."""
        tag = fields.get(self._field) if isinstance(fields, dict) else None
        kind = self._by_tag.get(tag) if isinstance(tag, str) else None
        return convert(fields, self._kinds if kind is None else kind, self._what)
