"""Paths and queries: whatever is asked, a match, none, or `BAD_REQUEST`."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from proven.gateway.routes import RouteTable, parse_query, split_path
from proven.wire.errors import ProvenError

PIECES = st.lists(
    st.one_of(
        st.sampled_from(["/", "%2F", "%2e", "..", ".", "%", "%zz", "%00", "a", "é"]), st.text(max_size=4)
    ),
    max_size=12,
).map("".join)

TABLE: RouteTable[str] = RouteTable()
for _path in ("/", "/a", "/a/:b", "/:c/d", "/a/:b/:c"):
    TABLE.add("GET", _path, _path)


@given(PIECES)
def test_a_path_is_matched_or_refused(path: str) -> None:
    match = None
    with suppress(ProvenError):
        match = TABLE.match("GET", "/" + path)
    if match is not None:
        for value in match.parameters.values():
            assert value not in ("", ".", "..")
            assert "\0" not in value


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8), max_size=6))
def test_segments_come_back_as_they_were_encoded(segments: list[str]) -> None:
    path = "/" + "/".join(quote(segment, safe="") for segment in segments)
    if any(segment in (".", "..") for segment in segments):
        return
    assert split_path(path) == (segments or [""])


@given(st.text(max_size=60))
def test_any_query_is_read(query: str) -> None:
    for name, value in parse_query(query):
        assert isinstance(name, str)
        assert isinstance(value, str)
