"""What applications publish, kept in the order in which they do."""

from __future__ import annotations

from typing import NamedTuple

from proven.wire.events import Audience
from proven.wire.ids import ApplicationId, PackageId


class Published(NamedTuple):
    application: str
    event: str
    payload: bytes
    audience: Audience


class Recorder:
    """Takes the place of the connections that events go to."""

    def __init__(self) -> None:
        self.published: list[Published] = []

    async def publish(
        self,
        application_id: ApplicationId,
        package_id: PackageId,
        event: str,
        payload: bytes,
        audience: Audience,
    ) -> None:
        self.published.append(Published(application_id, event, payload, audience))
