"""Static files: only what is inside the folder, never more than once where nothing changed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from proven.gateway._body import EMPTY_BODY
from proven.gateway.http import Request
from proven.gateway.static import IMMUTABLE, StaticFile, StaticFiles, content_type_of, static_response
from proven.wire.errors import ErrorCode, ProvenError


def request(*headers: tuple[bytes, bytes]) -> Request:
    return Request("GET", "/", "/", "", list(headers), EMPTY_BODY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "site" / "deep").mkdir(parents=True)
    (tmp_path / "site" / "page.html").write_text("<p>")
    (tmp_path / "site" / "deep" / "app-1.js").write_text("1")
    (tmp_path / "site" / ".hidden").write_text("no")
    (tmp_path / "secret").write_text("no")
    (tmp_path / "site" / "link").symlink_to(tmp_path / "secret")
    return tmp_path / "site"


async def test_a_file_is_found_by_its_name(folder: Path) -> None:
    files = StaticFiles(folder)
    page, script = await files.find("page.html"), await files.find("deep/app-1.js")
    assert (page.content, page.content_type) == (b"<p>", "text/html; charset=utf-8")
    assert (script.content, script.content_type) == (b"1", "text/javascript; charset=utf-8")


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../secret",
        "deep/../../secret",
        "/page.html",
        "deep//app-1.js",
        ".hidden",
        "link",
        "deep",
        "page.html/",
        "deep\\app-1.js",
        "page.html\0",
        "a/" * 40 + "b",
        "absent",
        "é",
        "x" * 300,
    ],
)
async def test_nothing_else_is(folder: Path, name: str) -> None:
    with pytest.raises(ProvenError) as refused:
        await StaticFiles(folder).find(name)
    assert refused.value.code is ErrorCode.NOT_FOUND


async def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    with pytest.raises(ProvenError) as refused:
        await StaticFiles(tmp_path / "absent").find("page.html")
    assert refused.value.code is ErrorCode.NOT_FOUND


async def test_a_changed_file_is_read_again_and_an_unchanged_one_is_not(folder: Path) -> None:
    files = StaticFiles(folder)
    first = await files.find("page.html")
    assert await files.find("page.html") is first
    (folder / "page.html").write_text("<h1>")
    os.utime(folder / "page.html", ns=(1, 1))
    assert (await files.find("page.html")).content == b"<h1>"


def test_the_tag_is_the_digest_of_the_content() -> None:
    file = StaticFile.of("a.css", b"a{}")
    assert file.etag == f'"{hashlib.sha256(b"a{}").hexdigest()}"'
    assert StaticFile.of("a.css", b"a{}", sha256="ab").etag == '"ab"'


@pytest.mark.parametrize("sent", [b"*", b'"ab"', b'W/"ab"', b'"x", "ab"', b'"x" ,W/"ab"'])
def test_who_has_it_is_not_sent_it_again(sent: bytes) -> None:
    file = StaticFile.of("a.css", b"a{}", sha256="ab")
    response = static_response(request((b"if-none-match", sent)), file, headers=[(b"x", b"1")])
    assert (response.status, response.body) == (304, b"")
    assert {(b"etag", b'"ab"'), (b"cache-control", b"no-cache"), (b"x", b"1")} <= set(response.headers)


@pytest.mark.parametrize("sent", [b"", b"ab", b'"abc"', b'"x"', b'"ab'])
def test_who_has_something_else_is(sent: bytes) -> None:
    file = StaticFile.of("a.css", b"a{}", sha256="ab")
    response = static_response(request((b"if-none-match", sent)), file, cache_control=IMMUTABLE)
    headers = dict(response.headers)
    assert (response.status, response.body) == (200, b"a{}")
    assert headers[b"content-type"] == b"text/css; charset=utf-8"
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"cache-control"] == IMMUTABLE.encode()


def test_an_ending_nobody_knows_is_opaque_bytes() -> None:
    assert content_type_of("a.exe") == content_type_of("html") == "application/octet-stream"
    assert content_type_of("A.HTML") == "text/html; charset=utf-8"
