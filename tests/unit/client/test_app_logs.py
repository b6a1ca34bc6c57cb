"""What a client makes of a node's pages and events, whatever order and connection they come over."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

import pytest

from proven.client import MissedLines, _feed
from proven.client._feed import MAX_WAITING, Feed
from proven.client.app_logs import read
from proven.wire.commands import Done, FollowLogs, LogEvent, LogLine, ReadLogs, ReadLogsResult, WhoAmI
from proven.wire.errors import ErrorCode, ProvenError

APP = "a" * 32


def lines(first: int, last: int) -> tuple[LogLine, ...]:
    return tuple(
        LogLine(sequence=number, at=0, kind="console", level="info", text=str(number))
        for number in range(first, last + 1)
    )


def event(after: int, last: int, *, first: int | None = None, application: str = APP) -> LogEvent:
    first = after + 1 if first is None else first
    return LogEvent(
        application_id=application,
        after=after,
        next=last,
        lines=lines(first, last),
        missed=first - after - 1,
    )


class Node:
    """Answers as a script says: for each time that somebody follows, what is pushed then, or an error."""

    def __init__(
        self, pages: Sequence[ReadLogsResult], feeds: Sequence[Sequence[LogEvent | None] | ErrorCode]
    ):
        self.closed = False
        self._pages = iter(pages)
        self._feeds = iter(feeds)
        self.feeds: set[Feed[LogEvent]] = set()
        self.asked: list[int | None] = []

    async def ask(self, command: Any, kind: Any, timeout: float | None = None) -> Any:
        if isinstance(command, ReadLogs):
            return next(self._pages)
        assert isinstance(command, FollowLogs)
        self.asked.append(command.after)
        pushed = next(self._feeds, None)
        if pushed is None:
            await asyncio.get_running_loop().create_future()
        if isinstance(pushed, ErrorCode):
            raise ProvenError(pushed, "no")
        for each in pushed or ():
            for feed in self.feeds:
                feed.take(each)
        return Done()

    def attach(self, feed: Feed[LogEvent]) -> None:
        self.feeds.add(feed)

    def detach(self, feed: Feed[LogEvent]) -> None:
        self.feeds.discard(feed)


async def seen(node: Node, count: int) -> list[int | MissedLines]:
    found: list[int | MissedLines] = []
    async with contextlib.aclosing(read(node, "app", follow=True)) as reading, asyncio.timeout(60):
        async for line in reading:
            found.append(line if isinstance(line, MissedLines) else line.sequence)
            if len(found) == count:
                break
    assert not node.feeds
    return found


def page(first: int, last: int, *, more: bool = False, missed: int = 0) -> ReadLogsResult:
    return ReadLogsResult(application_id=APP, next=last, lines=lines(first, last), more=more, missed=missed)


async def test_history_and_events_follow_each_other_without_a_line_twice() -> None:
    node = Node(
        [page(1, 2, more=True), page(3, 4)],
        [
            [
                event(4, 6),
                event(4, 6),
                event(5, 8),
                event(0, 3),
                event(8, 9, application="b" * 32),
                event(8, 9),
            ]
        ],
    )
    assert await seen(node, 9) == list(range(1, 10))


async def test_gaps_are_told_in_their_place() -> None:
    node = Node([page(11, 12, missed=10)], [[event(12, 20, first=18)]])
    assert await seen(node, 7) == [MissedLines(10), 11, 12, MissedLines(5), 18, 19, 20]


async def test_after_a_lost_connection_it_goes_on_from_its_place() -> None:
    node = Node([page(1, 1)], [[event(1, 3), None], ErrorCode.UNAVAILABLE, [None], [event(3, 4)]])
    assert await seen(node, 4) == [1, 2, 3, 4]
    assert node.asked == [1, 3, 3, 3]


async def test_events_that_do_not_connect_are_asked_for_again() -> None:
    node = Node([page(1, 1)], [[event(5, 6)], [event(1, 6)]])
    assert await seen(node, 6) == [1, 2, 3, 4, 5, 6]
    assert node.asked == [1, 1]


async def test_a_program_that_is_slow_loses_nothing_and_keeps_little() -> None:
    pushed = [event(number, number + 1) for number in range(1, 3 * MAX_WAITING)]
    node = Node([page(1, 1)], [pushed, pushed[MAX_WAITING:]])
    assert await seen(node, MAX_WAITING + 10) == list(range(1, MAX_WAITING + 11))
    assert node.asked == [1, MAX_WAITING + 1]


async def test_what_does_not_pass_is_raised() -> None:
    node = Node([page(1, 1)], [ErrorCode.FORBIDDEN])
    with pytest.raises(ProvenError) as raised:
        await seen(node, 2)
    assert raised.value.code is ErrorCode.FORBIDDEN


async def test_a_closed_client_is_not_asked_again() -> None:
    node = Node([page(1, 1)], [[event(1, 2), None]])

    async with contextlib.aclosing(read(node, "app", follow=True)) as reading, asyncio.timeout(60):
        assert (await anext(reading), await anext(reading)) == lines(1, 2)
        node.closed = True
        assert [line async for line in reading] == []
    assert node.asked == [1]


async def test_a_silent_session_is_kept_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_feed, "KEEP_ALIVE", 0.01)
    feed, said = Feed(LogEvent), 0

    class Quiet(Node):
        async def ask(self, command: Any, kind: Any, timeout: float | None = None) -> Any:
            nonlocal said
            assert isinstance(command, WhoAmI)
            said += 1
            if said == 3:
                feed.take(event(0, 1))

    assert await feed.next(Quiet([], [])) == event(0, 1)
    assert said == 3
