from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proven.storage._paths import MAX_PATH_BYTES, format_path, parse_directory, parse_path
from proven.wire.errors import ErrorCode, ProvenError


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "..",
        "../x",
        "a/../b",
        "a/..",
        ".",
        "./a",
        "a//b",
        "//a",
        "a/",
        "a\0b",
        "a\nb",
        "a\x7fb",
        "\x85",
        "e\u0301",
        "\ud800",
        "x" * (MAX_PATH_BYTES + 1),
        "é" * (MAX_PATH_BYTES // 2 + 1),
        "/".join("x" * 65),
    ],
)
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ProvenError) as caught:
        parse_path(path)
    assert caught.value.code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize(
    "path", ["a", "/a", "a/b.txt", "...", "a/..b", "..a", "~", "C:\\x", "a b", "é", "文/字", "%2e%2e"]
)
def test_unusual_names_are_names(path: str) -> None:
    assert format_path(parse_path(path)) == path.removeprefix("/")


def test_letters_that_look_alike_are_different_letters() -> None:
    assert parse_path("a") != parse_path("а")
    assert parse_path("a/b") != parse_path("a\u2215b")
    assert parse_path("x..") != parse_path("x\u2024\u2024")


def test_the_root_is_a_directory_and_no_file() -> None:
    assert parse_directory("") == parse_directory("/") == ()


@given(st.text(max_size=40))
def test_a_path_is_refused_or_stands_for_itself_alone(path: str) -> None:
    try:
        segments = parse_path(path)
    except ProvenError:
        return
    assert parse_path(format_path(segments)) == segments
    assert format_path(segments) in (path, path.removeprefix("/"))
    assert unicodedata.is_normalized("NFC", path)
    assert not {"", ".", ".."} & set(segments)
