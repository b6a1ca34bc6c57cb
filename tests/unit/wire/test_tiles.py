from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proven.wire import tiles
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.tiles import Tile

numbers = st.integers(0, (1 << 53) - 2)
any_tile = st.builds(Tile, st.none() | st.integers(0, 6), numbers, st.integers(1, 255) | st.just(tiles.WIDTH))


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        # The examples of C2SP tlog-tiles.
        (Tile(0, 1234067), "0/x001/x234/067"),
        (Tile(None, 1234067), "entries/x001/x234/067"),
        (Tile(0, 273, 112), "0/273.p/112"),
        (Tile(1, 1, 17), "1/001.p/17"),
        (Tile(2, 0, 1), "2/000.p/1"),
        (Tile(0, 0), "0/000"),
    ],
)
def test_paths_are_those_of_the_specification(tile: Tile, path: str) -> None:
    assert tile.path() == path
    assert Tile.parse(path) == tile


@given(any_tile)
def test_a_path_names_one_tile(tile: Tile) -> None:
    assert Tile.parse(tile.path()) == tile


@pytest.mark.parametrize(
    "path",
    ["", "0", "0/", "0/1", "0/0001", "0/x000/001", "7/000", "00/000", "0/000.p/0", "0/000.p/256",
     "0/000.p/012", "entries/000/", "../0/000", "0/x001/234/567", "data/000", "0/000.p/1/", "0/٠٠٠"],
)  # fmt: skip
def test_no_other_path_is_a_tile(path: str) -> None:
    with pytest.raises(ProvenError) as refused:
        Tile.parse(path)
    assert refused.value.code is ErrorCode.NOT_FOUND


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_entries_come_back_as_they_were(entries: list[bytes]) -> None:
    assert list(tiles.decode_entries(tiles.encode_entries(entries))) == entries


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=5), st.data())
def test_a_bundle_that_is_cut_short_is_noticed(entries: list[bytes], data: st.DataObject) -> None:
    raw = tiles.encode_entries(entries)
    ends = {len(tiles.encode_entries(entries[:count])) for count in range(len(entries) + 1)}
    cut = data.draw(st.integers(0, len(raw) - 1).filter(lambda length: length not in ends))
    with pytest.raises(ProvenError):
        list(tiles.decode_entries(raw[:cut]))


def test_an_entry_that_is_too_long_has_no_place() -> None:
    with pytest.raises(ValueError, match="at most"):
        tiles.encode_entries([bytes(1 << 16)])
