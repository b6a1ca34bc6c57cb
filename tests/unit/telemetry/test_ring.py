from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proven.telemetry import Ring


@given(
    st.lists(st.integers(0, 9), max_size=60),
    st.integers(0, 8),
    st.integers(0, 30),
    st.integers(-1, 70),
    st.integers(0, 70),
)
def test_a_ring_is_the_end_of_the_list_of_everything(
    sizes: list[int], max_items: int, max_size: int, after: int, limit: int
) -> None:
    ring: Ring[int] = Ring(max_items, max_size)
    kept: list[int] = []
    for number, size in enumerate(sizes, 1):
        assert ring.append(number, size) == number
        kept.append(number)
        while len(kept) > max_items or sum(sizes[each - 1] for each in kept) > max_size:
            kept.pop(0)
    behind = [number for number in range(1, len(sizes) + 1) if number > after]
    oldest, latest = ring.oldest(max(0, after), limit), ring.latest(after, limit)
    present = [number for number in kept if number > after]
    assert oldest.items == present[:limit]
    assert oldest.missed == len(behind) - len(present)
    assert latest.items == (present[-limit:] if limit else [])
    assert latest.missed == len(behind) - len(latest.items)
    assert ring.last == len(sizes)
