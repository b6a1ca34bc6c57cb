from __future__ import annotations

import pytest

from proven.runtime.hostcalls._origins import Origin, parse_origins, parse_url
from proven.wire.errors import ErrorCode, ProvenError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.com", Origin("https", "example.com", 443)),
        ("https://example.com/", Origin("https", "example.com", 443)),
        ("https://example.com:443", Origin("https", "example.com", 443)),
        ("http://example.com:8080", Origin("http", "example.com", 8080)),
        ("http://[2606:4700::1111]:81", Origin("http", "2606:4700::1111", 81)),
    ],
)
def test_an_origin_is_scheme_host_and_port(text: str, expected: Origin) -> None:
    assert Origin.parse(text) == expected


def test_an_origin_prints_as_it_is_written() -> None:
    for text in ["https://example.com", "http://example.com:8080", "http://[2606:4700::1111]:81"]:
        assert str(Origin.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "https://*",
        "https://*.example.com",
        "example.com",
        "https://example.com/path",
        "https://example.com?x",
        "https://example.com#x",
        "https://user@example.com",
        "https://user:pass@example.com",
        "ftp://example.com",
        "file:///etc/passwd",
        "https://",
        "https://example.com:0",
        "https://example.com:99999",
        "https://exam ple.com",
        "https://example.com\n",
        "https://example.com\\@evil.example",
        "",
    ],
)
def test_what_is_no_origin_is_refused_and_allows_nothing(text: str) -> None:
    with pytest.raises(ProvenError) as caught:
        Origin.parse(text)
    assert caught.value.code is ErrorCode.BAD_REQUEST
    assert parse_origins((text,)) == frozenset()


@pytest.mark.parametrize(
    "other",
    [
        "http://example.com",
        "https://example.com:444",
        "https://example.com.",
        "https://www.example.com",
        "https://example.com.evil.example",
        "https://xexample.com",
    ],
)
def test_a_different_origin_is_a_different_origin(other: str) -> None:
    assert Origin.parse(other) not in parse_origins(("https://example.com",))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/ space",
        "https://example.com/\r\nHost: evil",
        "https://example.com/\\evil",
        "//example.com",
        "/path",
        "javascript:alert(1)",
        "data:text/plain,x",
        "https:///path",
        "https://exämple.com/",
        "https://example.com/" + "a" * 9000,
    ],
)
def test_urls_that_two_parsers_could_read_differently_are_refused(url: str) -> None:
    with pytest.raises(ProvenError) as caught:
        parse_url(url)
    assert caught.value.code is ErrorCode.BAD_REQUEST


def test_a_url_is_sent_exactly_as_the_guest_wrote_it() -> None:
    url = "https://example.com/a%2Fb/%7Euser?sig=a%2Bb+c&x"
    assert str(parse_url(url)) == url
