from __future__ import annotations

from proven.gateway._body import EMPTY_BODY
from proven.gateway.cors import CorsPolicy, any_origin
from proven.gateway.http import Request

PAGE = b"https://page.example"


def request(method: str = "GET", origin: bytes | None = PAGE, **headers: bytes) -> Request:
    fields = [(name.replace("_", "-").encode(), value) for name, value in headers.items()]
    if origin is not None:
        fields.append((b"origin", origin))
    return Request(method, "/", "/", "", fields, EMPTY_BODY)


ONE = CorsPolicy(lambda origin: origin == PAGE.decode(), ("GET",), ("x-a",), credentials=True, max_age=60)


def test_an_allowed_origin_is_named_and_caches_are_told_that_it_varies() -> None:
    headers = ONE.headers_for(request())
    assert (b"access-control-allow-origin", PAGE) in headers
    assert (b"access-control-allow-credentials", b"true") in headers
    assert (b"vary", b"origin") in headers


def test_another_origin_and_a_request_without_one_are_told_nothing() -> None:
    for asked in (request(origin=b"https://evil.example"), request(origin=None), request(origin=b"null")):
        assert ONE.headers_for(asked) == [(b"vary", b"origin")]


def test_a_wildcard_is_never_sent_with_credentials() -> None:
    policy = CorsPolicy(any_origin, ("GET",), wildcard=True, credentials=True)
    assert (b"access-control-allow-origin", PAGE) in policy.headers_for(request())
    policy = CorsPolicy(any_origin, ("GET",), wildcard=True)
    assert policy.headers_for(request()) == [(b"access-control-allow-origin", b"*")]


def test_a_preflight_tells_an_allowed_origin_what_it_may_do() -> None:
    answer = ONE.preflight(request("OPTIONS", access_control_request_method=b"GET"))
    assert answer.status == 204
    assert (b"access-control-allow-methods", b"GET") in answer.headers
    assert (b"access-control-allow-headers", b"x-a") in answer.headers
    assert (b"access-control-max-age", b"60") in answer.headers


def test_a_preflight_tells_another_origin_nothing() -> None:
    answer = ONE.preflight(request("OPTIONS", b"https://evil.example", access_control_request_method=b"GET"))
    assert not any(name.startswith(b"access-control") for name, _ in answer.headers)
