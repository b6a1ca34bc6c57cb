from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proven.gateway.routes import MAX_QUERY_PAIRS, MethodNotAllowedError, RouteTable, parse_query, split_path
from proven.wire.errors import ErrorCode, ProvenError


def table(*routes: tuple[str | None, str]) -> RouteTable[str]:
    made: RouteTable[str] = RouteTable()
    for method, path in routes:
        made.add(method, path, f"{method} {path}")
    return made


def find(routes: RouteTable[str], method: str, path: str) -> tuple[str, dict[str, str]] | None:
    match = routes.match(method, path)
    return None if match is None else (match.target, match.parameters)


def test_a_literal_beats_a_parameter_whatever_the_order_of_declaration() -> None:
    routes = table(("GET", "/users/:id"), ("GET", "/users/me"), ("GET", "/:what/me"))
    assert find(routes, "GET", "/users/me") == ("GET /users/me", {})
    assert find(routes, "GET", "/users/7") == ("GET /users/:id", {"id": "7"})
    assert find(routes, "GET", "/groups/me") == ("GET /:what/me", {"what": "groups"})
    assert find(routes, "GET", "/groups/7") is None


def test_a_less_specific_path_answers_a_method_that_the_more_specific_one_has_not() -> None:
    routes = table(("GET", "/users/me"), ("POST", "/users/:id"))
    assert find(routes, "POST", "/users/me") == ("POST /users/:id", {"id": "me"})


def test_a_route_without_a_method_answers_any_after_those_that_name_theirs() -> None:
    routes = table((None, "/a"), ("PUT", "/a"))
    assert find(routes, "PUT", "/a") == ("PUT /a", {})
    assert find(routes, "DELETE", "/a") == ("None /a", {})


def test_head_falls_back_to_get() -> None:
    assert find(table(("GET", "/a")), "HEAD", "/a") == ("GET /a", {})
    assert find(table(("GET", "/a"), ("HEAD", "/a")), "HEAD", "/a") == ("HEAD /a", {})


def test_a_path_with_other_methods_says_which() -> None:
    with pytest.raises(MethodNotAllowedError) as refused:
        table(("GET", "/a"), ("PUT", "/a")).match("POST", "/a")
    assert refused.value.allowed == {"GET", "HEAD", "PUT", "OPTIONS"}
    assert refused.value.code is ErrorCode.METHOD_NOT_ALLOWED


def test_an_encoded_slash_stays_inside_its_segment_and_decoding_happens_once() -> None:
    routes = table(("GET", "/files/:name"))
    assert find(routes, "GET", "/files/a%2Fb") == ("GET /files/:name", {"name": "a/b"})
    assert find(routes, "GET", "/files/%2541") == ("GET /files/:name", {"name": "%41"})
    assert find(routes, "GET", "/files/caf%C3%A9") == ("GET /files/:name", {"name": "café"})
    assert find(routes, "GET", "/%66iles/x") == ("GET /files/:name", {"name": "x"})
    assert find(routes, "GET", "/files/a/b") is None


def test_a_parameter_is_never_empty_and_a_trailing_slash_counts() -> None:
    routes = table(("GET", "/a/:b"), ("GET", "/c/"))
    assert find(routes, "GET", "/a/") is None
    assert find(routes, "GET", "/c") is None
    assert find(routes, "GET", "/c/") == ("GET /c/", {})


@pytest.mark.parametrize(
    "path",
    ["/..", "/a/../b", "/%2e%2E/x", "/.", "/%", "/%4", "/%zz", "/%ff", "/%c0%af", "/%00", "/a%0ab", "a", ""],
)
def test_a_path_that_could_be_read_in_two_ways_is_refused(path: str) -> None:
    with pytest.raises(ProvenError) as refused:
        split_path(path)
    assert refused.value.code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize("routes", [[("GET", "/a"), ("GET", "/a")], [("GET", "/:a/:a")], [("GET", "a")]])
def test_a_table_refuses_routes_that_make_no_sense(routes: list[tuple[str, str]]) -> None:
    with pytest.raises(ValueError, match=r"route|parameter|start"):
        table(*routes)


def test_a_query_is_decoded_as_urlsearchparams_does() -> None:
    assert parse_query("a=1&a=2&b&=c&d=e+f%20g%2B&&h=%zz&i=%ff") == [
        ("a", "1"),
        ("a", "2"),
        ("b", ""),
        ("", "c"),
        ("d", "e f g+"),
        ("h", "%zz"),
        ("i", "\ufffd"),
    ]
    with pytest.raises(ProvenError):
        parse_query("a&" * (MAX_QUERY_PAIRS + 1))


SEGMENTS = st.lists(st.sampled_from(["a", "b", ":x", ":y"]), min_size=1, max_size=4)


@given(st.lists(SEGMENTS, max_size=8), st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4))
def test_the_route_found_is_the_most_specific_of_all_that_match(
    shapes: list[list[str]], asked: list[str]
) -> None:
    routes: RouteTable[tuple[bool, ...]] = RouteTable()
    matching = []
    for shape in {tuple(":" if part.startswith(":") else part for part in shape) for shape in shapes}:
        literal = tuple(part != ":" for part in shape)
        named = [f":p{index}" if part == ":" else part for index, part in enumerate(shape)]
        routes.add("GET", "/" + "/".join(named), literal)
        if len(shape) == len(asked) and all(
            not fixed or part == want for part, want, fixed in zip(shape, asked, literal, strict=True)
        ):
            matching.append(literal)
    match = routes.match("GET", "/" + "/".join(asked))
    assert (match.target if match else None) == max(matching, default=None)
