"""What is left of a delay, and times as feeds and headers have them."""

from __future__ import annotations

import pytest

from proven.gateway.explorer import _formats

DAY = 86_400


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 second"),
        (59, "59 seconds"),
        (3600, "1 hour"),
        (3661, "1 hour 1 minute"),
        (86_400 + 59, "1 day"),
        (7 * DAY - 1, "6 days 23 hours"),
        (365 * DAY, "365 days"),
    ],
)
def test_a_time_that_is_left(seconds: int, words: str) -> None:
    assert _formats.time_left(seconds) == words


def test_moments_for_feeds_and_headers() -> None:
    at = 1_795_421_642_999
    assert _formats.timestamp(at) == "2026-11-23T08:14:02Z"
    assert _formats.http_date(at) == "Mon, 23 Nov 2026 08:14:02 GMT"
