"""Rows, colours and what is written out: for any bytes whatever."""

from __future__ import annotations

import time
import tracemalloc
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proven.gateway.explorer._colour import MAX_COLOURED, Colouring
from proven.gateway.explorer._text import (
    MAX_ROW_BYTES,
    decoded,
    is_odd,
    name_of,
    page_of_rows,
    pieces,
    rows_of,
    visible,
)

SOURCE = st.one_of(
    st.binary(max_size=400),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(
        st.sampled_from(
            [
                "const a = ",
                "`x ${",
                "}`",
                "'q'",
                "/re[/]/g",
                "// c",
                "\n",
                "\r\n",
                "\r",
                "\u2028",
                "<b>",
                "({",
                "</code>",
            ]
        ),
        max_size=60,
    ).map(lambda parts: "".join(parts).encode()),
)

BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
HIDDEN = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u3164\u115f\u2800\ufe0f\U000e0041\U000e0100\u00a0\u2003"
CONTROLS = "\x00\x01\x07\x08\x0b\x1b\x7f\x80\x85\x9b\r\u2028\u2029"


@pytest.mark.parametrize("character", [*BIDI, *HIDDEN, *CONTROLS])
def test_a_character_that_hides_or_reorders_is_written_out(character: str) -> None:
    assert visible(f"a{character}b") == f"a⟨U+{ord(character):04X}⟩b"
    assert list(pieces(f"a{character}b")) == [("a", False), (f"U+{ord(character):04X}", True), ("b", False)]


@pytest.mark.parametrize(
    "text", ["plain", "äöü ß", "日本語", "שלום", "مرحبا", "e\u0301", "🙂", "⟨U+202E⟩", "a < b & c"]
)
def test_text_that_is_what_it_looks_like_stays(text: str) -> None:
    assert visible(text) == text
    assert list(pieces(text)) == [(text, False)]


@given(st.text())
def test_nothing_visible_controls_anything(text: str) -> None:
    shown = visible(text)
    assert all(unicodedata.category(each) not in ("Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn") for each in shown)
    assert not any(map(is_odd, shown))


def test_bytes_that_are_not_utf8_are_written_out_one_by_one() -> None:
    assert list(pieces(decoded(b"a\xff\xfeb"))) == [
        ("a", False),
        ("0xFF", True),
        ("0xFE", True),
        ("b", False),
    ]


@given(SOURCE)
def test_rows_hold_everything_but_the_ends_of_lines(content: bytes) -> None:
    rows = rows_of(content)
    position = 0
    for row in rows:
        assert row.end - row.start <= MAX_ROW_BYTES
        assert content[position : row.start] in (b"", b"\n", b"\r\n")
        position = row.end
    assert content[position:] in (b"", b"\n", b"\r\n")
    assert [row.number for row in rows if not row.continues] == list(range(1, rows[-1].number + 1))


@given(SOURCE, st.sampled_from(["a.ts", "a.tsx", "a.js", "a.json", "a.txt"]))
def test_colours_leave_the_text_as_it_is(content: bytes, path: str) -> None:
    rows = rows_of(content)
    coloured = Colouring(path, content).rows([(row.start, row.end) for row in rows])
    for row, tokens in zip(rows, coloured, strict=True):
        expected = "".join(text for text, _ in pieces(decoded(content[row.start : row.end])))
        assert "".join(text for _, text in tokens) == expected


@given(SOURCE, st.data())
def test_a_part_is_coloured_as_in_the_whole(content: bytes, data: st.DataObject) -> None:
    rows = [(row.start, row.end) for row in rows_of(content)]
    first = data.draw(st.integers(0, len(rows) - 1))
    colouring = Colouring("a.ts", content)
    assert colouring.rows(rows[first:]) == colouring.rows(rows)[first:]


def test_what_is_what_has_its_colour() -> None:
    content = b"// note\nexport const a = run((x: number) => `p${x}q` + 'z'.trim()); #"
    (note,), (*rest,) = Colouring("a.ts", content).rows([(row.start, row.end) for row in rows_of(content)])
    assert note == ("comment", "// note")
    found = {text.strip(): kind for kind, text in rest}
    wanted = {
        "export const": "",
        "run": "function",
        "number": "type",
        "`p": "string",
        "q`": "string",
        "'z'": "string",
    }
    for text, kind in wanted.items():
        assert found.get(text, "") == kind, (text, rest)
    assert found["trim"] == "function"


@pytest.mark.parametrize(
    "unit", [b"a<b,", b"a<(b)=>", b"(a<", b"`${", b"/[", b"{a:", b"<a>", b"async(", b"\x00"]
)
def test_no_source_takes_long_to_colour(unit: bytes) -> None:
    """Ambiguous beginnings make the parser try ever more readings; without a bound this one takes minutes and
    gigabytes.
    """
    content = unit * (MAX_COLOURED // len(unit))
    begun = time.thread_time()
    colouring = Colouring("a.ts", content)
    rows = [(row.start, row.end) for row in rows_of(content)[:1000]]
    assert len(colouring.rows(rows)) == len(rows)
    assert time.thread_time() - begun < 5


def test_a_file_that_is_too_large_has_no_colours() -> None:
    assert Colouring("a.ts", b"const a = 1;\n").coloured
    assert not Colouring("a.ts", b"//" + b"x" * MAX_COLOURED).coloured
    assert not Colouring("a.wasm", b"const a = 1;\n").coloured


def test_names_of_characters() -> None:
    assert (name_of("\u202e"), name_of("\x00"), name_of("\U000e0041")) == ("U+202E", "U+0000", "U+E0041")


@pytest.mark.parametrize("content", [b"", b"a", b"a\r\nb\n\nc\r", b"x" * 5000 + b"\n" + b"y\n" * 7])
def test_a_page_of_rows_is_a_part_of_all_of_them(content: bytes) -> None:
    rows = rows_of(content)
    for page in range(1, len(rows) // 3 + 2):
        assert page_of_rows(content, 3, page, None) == (rows[3 * page - 3 : 3 * page], page, len(rows))
    for line in range(1, rows[-1].number + 3):
        shown, page, _ = page_of_rows(content, 3, 1, line)
        first = next((row for row in rows if row.number >= line), rows[-1])
        assert first in shown
        assert shown == rows[3 * page - 3 : 3 * page]


def test_a_file_of_countless_lines_takes_no_more_memory_than_a_page() -> None:
    content = b"\r" * (1 << 18)
    tracemalloc.start()
    try:
        shown, _, total = page_of_rows(content, 1000, 200, None)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    assert (len(shown), total) == (1000, 1 << 18)
