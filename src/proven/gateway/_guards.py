"""What browsers may do with pages and data of the node's own."""

from __future__ import annotations

from typing import Final

from proven.gateway.http import Headers, Response

DATA_POLICY: Final = b"default-src 'none'; frame-ancestors 'none'; sandbox"
"""The content security policy of what is no page."""
_ALWAYS: Final[Headers] = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
_OWN: Final[Headers] = [(b"cross-origin-resource-policy", b"same-origin")]


def guard(response: Response, *, public: bool = False) -> Response:
    """Add what every answer has, but for what it says itself. What is `public`, pages of other origins may
    load.
    """
    sent = {name for name, _ in response.headers}
    policy = (b"content-security-policy", DATA_POLICY)
    always = [*_ALWAYS, *([] if public else _OWN), policy]
    response.headers += [header for header in always if header[0] not in sent]
    return response
