"""Calling applications from Python, with verification built in.

    async with await connect(url, application="todo", verifier=Verifier.development(root)) as app:
        await app.call("src/todo.ts#add", "milk")

    async with app.subscribe("todos") as events:
        async for event in events:
            ...

`fetch` and `verify_response` do the same for attested answers over plain HTTP; `proven.client.sync` is for
programs without an event loop.
"""

from proven.client._session import Carrier
from proven.client.app_logs import MissedLines
from proven.client.bundle import Bundle
from proven.client.client import Client, connect
from proven.client.events import Event, Missed, Published, Subscription
from proven.client.pins import LogMemory, Pins
from proven.client.report import Link, LinkName, Report, Status
from proven.client.responses import Attested, AttestedResponse, fetch, verify_response
from proven.client.verification import examine
from proven.client.versions import VersionNotice

__all__ = [
    "Attested",
    "AttestedResponse",
    "Bundle",
    "Carrier",
    "Client",
    "Event",
    "Link",
    "LinkName",
    "LogMemory",
    "Missed",
    "MissedLines",
    "Pins",
    "Published",
    "Report",
    "Status",
    "Subscription",
    "VersionNotice",
    "connect",
    "examine",
    "fetch",
    "verify_response",
]
