"""Commands to run next, as they are to be typed: with the keys, node and package of the one before."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from proven.apps import ApplicationRecord
from proven.cli._output import COMMAND
from proven.wire.applications import Command, Deploy, keys_of

_SOME_KEY: Final = "--key FILE"
_NODE_OPTIONS: Final = (("url", "--node"), ("development_root", "--development-root"), ("pcr0", "--pcr0"))


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed, as far as the next command needs it too: `signers` are options, `node` as well;
    `package` is where a deployment was read from.
    """

    signers: tuple[str, ...] = ()
    node: tuple[str, ...] = ()
    package: str | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any], package: str | None = None) -> Typed:
        signers = [f"--key {shlex.quote(str(key))}" for key in options.get("keys", ())]
        if options.get("passkey"):
            signers.append("--passkey")
        node = [
            f"{name} {shlex.quote(str(options[option]))}"
            for option, name in _NODE_OPTIONS
            if options.get(option) is not None
        ]
        if options.get("any_development_node"):
            node.append("--any-development-node")
        return cls(tuple(signers), tuple(node), package)

    def cancel(self, record: ApplicationRecord) -> str:
        """How the announced change of an application is taken back, by who announced it."""
        signers = self.signers or (_SOME_KEY,) * signatures_needed(record)
        return _line("app cancel", record.name, *signers, *self.node)

    def send(self, file: object, command: Command) -> str:
        """How a signed command in a file is handed in."""
        package = None if self.package is None else shlex.quote(self.package)
        of = (f"--package {package or 'FOLDER'}",) if isinstance(command, Deploy) else ()
        return _line("app send", shlex.quote(str(file)), *of, *self.node)


def veto(record: ApplicationRecord) -> str:
    return _line("app veto", record.name, _SOME_KEY)


def signatures_needed(record: ApplicationRecord) -> int:
    return int(getattr(record.policy, "threshold", 1)) if keys_of(record.policy) else 1


def _line(*words: str) -> str:
    return " ".join((COMMAND, *words))
