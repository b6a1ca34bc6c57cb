"""What of a flood is taken, and that the rest is told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proven.telemetry import LogLimits
from proven.telemetry._intake import CUT_SECONDS, MAX_WAITING, MAX_WAITING_BYTES, Intake
from proven.telemetry.lines import size_of
from proven.wire.commands import LogKind, LogLine


def line(text: str = "x", kind: LogKind = "console") -> LogLine:
    return LogLine(sequence=0, at=0, kind=kind, level="info", text=text)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("offer"), st.integers(1, 400)),
            st.tuples(st.just("wait"), st.floats(0, 2)),
            st.tuples(st.just("take"), st.integers(0, 10_000)),
        ),
        max_size=80,
    )
)
def test_every_line_is_taken_or_told_as_dropped_in_its_place(steps: list[tuple[str, float]]) -> None:
    intake = Intake(LogLimits(rate=5, burst=10, byte_rate=1000, byte_burst=3000))
    now, offered = 100.0, 0
    seen: list[LogLine] = []
    for step, amount in steps:
        if step == "offer":
            for _ in range(int(amount) % 30):
                offered += 1
                intake.offer(line(f"{offered:07}" + "x" * int(amount)), now)
        elif step == "wait":
            now += amount
        else:
            seen += intake.take(now, int(amount))
    intake.end()
    while intake:
        seen += intake.take(now, 1000)
    place = 0
    for each in seen:
        if each.kind == "dropped":
            assert each.dropped > 0
            place += each.dropped
        else:
            place += 1
            assert int(each.text[:7]) == place
    assert place == offered


def test_of_a_flood_as_much_is_taken_as_the_rate_allows_and_one_line_a_second_says_so() -> None:
    limits = LogLimits(rate=100, burst=200)
    intake = Intake(limits)
    taken: list[LogLine] = []
    for millisecond in range(10_000):
        for _ in range(20):
            intake.offer(line(), millisecond / 1000)
        if millisecond % 200 == 0:
            taken += intake.take(millisecond / 1000, 1 << 20)
    told = [each for each in taken if each.kind == "dropped"]
    assert len(taken) - len(told) <= limits.burst + 10 * limits.rate
    assert 8 <= len(told) <= 10 / CUT_SECONDS + 1


def test_what_waits_is_bounded_also_when_nothing_is_taken() -> None:
    intake = Intake(LogLimits(rate=1e9, burst=10**9, byte_rate=10**12, byte_burst=10**12))
    for number in range(100_000):
        intake.offer(line(kind="deploy" if number % 2 else "console"), number * 2.0)
    assert len(intake._waiting) <= MAX_WAITING + 100
    for number in range(1000):
        intake.offer(line("y" * 16_000), 1e6 + number * 2)
    assert sum(map(size_of, intake._waiting)) <= MAX_WAITING_BYTES + 100 * 1000


def test_what_the_node_says_is_taken_during_a_cut() -> None:
    intake = Intake(LogLimits(rate=0, burst=1))
    for text in "abc":
        intake.offer(line(text), 0.0)
    intake.offer(line("version 2 is live", "deploy"), 0.1)
    kinds = [(each.kind, each.dropped) for each in intake.take(0.1, 1 << 20)]
    assert kinds == [("console", 0), ("dropped", 2), ("deploy", 0)]


def test_what_could_not_be_stored_comes_first_again() -> None:
    intake = Intake(LogLimits())
    for text in "abc":
        intake.offer(line(text), 0.0)
    taken = intake.take(0.0, 2 * size_of(line()))
    assert [each.text for each in taken] == ["a", "b"]
    intake.put_back(taken)
    assert [each.text for each in intake.take(0.0, 1 << 20)] == ["a", "b", "c"]
