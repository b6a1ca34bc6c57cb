"""Origins and schedules have one spelling, and what is none is refused."""

from __future__ import annotations

import pytest

from proven.packages._cron import cron_fault
from proven.packages._options import route_shape
from proven.wire.origins import canonical_origin


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://a.example", "https://a.example"),
        ("https://a.example/", "https://a.example"),
        ("HTTPS://A.Example:443", "https://a.example"),
        ("http://a.example:80", "http://a.example"),
        ("https://a.example:80", "https://a.example:80"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://192.0.2.1", "https://192.0.2.1"),
        ("https://[2001:DB8:0::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_an_origin_has_one_spelling(text: str, origin: str) -> None:
    assert canonical_origin(text) == origin
    assert canonical_origin(origin) == origin


@pytest.mark.parametrize(
    "text",
    [
        "", "a.example", "//a.example", "https://", "https:///x", "ftp://a.example", "https://a.example/x",
        "https://a.example?", "https://a.example#", "https://u@a.example", "https://u:p@a.example", "https://*",
        "https://*.example", "https://a.example:", "https://a.example:0", "https://a.example:99999",
        "https://a.example:8o", "https://a..example", "https://-a.example", "https://a b.example",
        "https://bücher.example", "https://a.example\\@evil.example", "https://a.example\n", "https://1.2.3",
        "https://0x7f.1", "https://127.1", "https://010.0.0.1", "https://[::1", "https://[fe80::1%25eth0]",
        "javascript:alert(1)", "null", "https://" + "a" * 64 + ".example",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        canonical_origin(text)


@pytest.mark.parametrize(
    "text",
    [
        "* * * * *",
        "0 0 1 1 *",
        "*/15 8-18 * * 1-5",
        "0,30 * 29 feb *",
        "59 23 31 dec 7",
        "5/10 * * JAN-MAR sun,Sat",
        "0 0 31 * *",
        "0 0 30 2 mon",
    ],
)
def test_schedules_that_can_fire_are_taken(text: str) -> None:
    assert cron_fault(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "* * * *",
        "* * * * * *",
        "*  * * * *",
        " * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * 0 *",
        "* * * * 8",
        "a * * * *",
        "1- * * * *",
        "-1 * * * *",
        "5-1 * * * *",
        "*/0 * * * *",
        "*/x * * * *",
        "1,,2 * * * *",
        "1, * * * *",
        "@hourly",
        "* * * * mon-sun-tue",
        "0 0 30 2 *",
        "0 0 31 apr,jun *",
        "١ * * * *",
        "*\t* * * *",
    ],
)
def test_schedules_that_never_fire_are_refused(text: str) -> None:
    assert cron_fault(text)


def test_routes_that_match_the_same_requests_have_one_shape() -> None:
    assert route_shape("/a/:id/b") == route_shape("/a/:name/b")
    assert route_shape("/a/id/b") != route_shape("/a/:id/b")
