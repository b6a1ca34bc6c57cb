"""Handlers, in the words in which commands say how they are called."""

from __future__ import annotations

from collections.abc import Sequence

from proven.packages.parameters import Parameter

from ._output import printable


def short_name(address: str) -> str:
    """The exported name in a handler's address, or the module of a default export."""
    module, _, export = address.partition("#")
    return export or module


def usage(parameters: Sequence[Parameter] | None) -> str:
    """What a handler takes, as far as it is known."""
    if parameters is None:
        return "[JSON …]"
    return " ".join(printable(_named(parameter)) for parameter in parameters)


def _named(parameter: Parameter) -> str:
    name = f"{parameter.name} …" if parameter.rest else parameter.name
    return f"[{name}]" if parameter.optional else f"<{name}>"


def curl(url: str, method: str | None, path: str) -> str:
    """The command that asks for a route."""
    verb = "" if method in (None, "GET") else f"-X {method} "
    return f"curl {verb}{url}{path}"
