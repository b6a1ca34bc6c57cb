"""What the holder of a domain publishes in DNS so that it leads to an application.

A TXT record at `_proven.<domain>` whose value is exactly `record_value`. The value names the application and
the network's log, so it proves nothing for another application or on another network.
"""

from __future__ import annotations

from typing import Final

from .ids import ApplicationId

PREFIX: Final = "_proven"
LABEL: Final = "proven-domain/v1"


def record_name(domain: str) -> str:
    """Where the record is, without the final dot."""
    return f"{PREFIX}.{domain}"


def record_value(application: ApplicationId, origin: str) -> str:
    """What the record says; `origin` is the name of the network's log.

    It can be longer than the 255 bytes of one string of a TXT record; the strings of one record count as one
    text (as in RFC 7208 §3.3).
    """
    return f"{LABEL} app={application} log={origin}"
