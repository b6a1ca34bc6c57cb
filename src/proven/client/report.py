"""What a verification says: the links of the chain, which of them hold, and where it breaks."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from proven.client.log import Live
from proven.client.pins import Remembered
from proven.client.responses import Attested
from proven.client.times import Sighting
from proven.wire.errors import ErrorCode, ProvenError


class LinkName(enum.StrEnum):
    """The links of the chain, in the order in which they are walked."""

    HARDWARE = "hardware"
    IMAGE = "image"
    GOVERNANCE = "governance"
    NODE_KEY = "node key"
    SESSION = "session"
    APPLICATION = "application"
    PACKAGE = "package"
    SOURCE = "source"
    LOG = "log"
    POLICY = "policy"
    NOTICE = "notice"


EXIT_CODES: Final = {name: number for number, name in enumerate(LinkName, 11)}
"""What a command exits with if a link is the first that fails."""


class Status(enum.StrEnum):
    """`UNCHECKED`: there was nothing by which to check it, and nothing is claimed."""

    HOLDS = "holds"
    FAILS = "fails"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Link:
    """One link: what was found, and what that was checked against."""

    name: LinkName
    status: Status
    found: str
    against: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The links up to the first that fails. `attested` and `live` are there from the links on that say them;
    `state` is what to remember of the log if all hold; `sightings` say when the witnesses that were asked for
    saw how much of it.
    """

    links: tuple[Link, ...]
    at: datetime
    attested: Attested | None = None
    live: Live | None = None
    state: Remembered | None = None
    sightings: tuple[Sighting, ...] = ()

    @property
    def failed(self) -> Link | None:
        return next((link for link in self.links if link.status is Status.FAILS), None)

    @property
    def exit_code(self) -> int:
        return 0 if self.failed is None else EXIT_CODES[self.failed.name]

    def require(self) -> None:
        """Raises `ProvenError` (`EVIDENCE_INVALID`, detail `link`) unless every link holds."""
        if self.failed is not None:
            raise ProvenError(
                ErrorCode.EVIDENCE_INVALID,
                f"{self.failed.name}: {self.failed.found}",
                details={"link": self.failed.name.value},
            )


class FailedError(Exception):
    """A link fails; `link` if it is not the one that is being examined."""

    def __init__(self, message: str, link: LinkName | None = None) -> None:
        super().__init__(message)
        self.link = link
