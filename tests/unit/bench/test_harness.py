"""The benchmark harness counts what it says it counts, and calls a shortfall a shortfall."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from xml.etree import ElementTree

import pytest

from comparisons import COMPARISONS
from harness import chart, http, latency, load, processes, report
from harness.figures import Figure, Of, Result, Source, Target, at_least, at_most, results
from harness.machine import Machine
from harness.rounds import Comparison, Contender, take


def figure(target: Target | None = None) -> Figure:
    return Figure("call", "warm call", "µs", Source("ours", "p50"), Source("peer", "p50"), "a peer", target)


def result(ours: Sequence[float], peer: Sequence[float], target: Target | None = None) -> Result:
    return Result(figure(target), tuple(ours), tuple(peer))


class Fake:
    def __init__(self, name: str, log: list[str]) -> None:
        self.name = name
        self._log = log

    async def measure(self) -> dict[str, float]:
        self._log.append(self.name)
        return {"p50": float(len(self._log))}


def comparison(log: list[str]) -> Comparison:
    @asynccontextmanager
    async def start() -> AsyncIterator[Sequence[Contender]]:
        yield [Fake("ours", log), Fake("peer", log)]
        log.append("closed")

    return Comparison("calls", "Calls", start, (figure(at_most(2, Of.RATIO)),))


def test_a_ratio_pairs_the_values_of_the_same_round() -> None:
    # The machine is ten times slower in the second round; the ratio is twice the peer in each.
    slowed = result([2, 20, 2], [1, 10, 1])
    assert slowed.ratios == (2, 2, 2)
    assert slowed.ratio == 2


def test_one_disturbed_round_does_not_move_the_median() -> None:
    assert result([1, 1, 90], [1, 1, 1]).ratio == 1


@pytest.mark.parametrize(
    ("target", "passed"),
    [
        (at_most(1.5, Of.RATIO), False),
        (at_most(2, Of.RATIO), True),
        (at_most(4), True),
        (at_most(3), False),
        (at_least(4), True),
        (at_least(5), False),
        (None, None),
    ],
)
def test_a_verdict_follows_the_bound_and_what_it_is_of(target: Target | None, passed: bool | None) -> None:
    assert result([4, 4], [2, 2], target).passed is passed


@pytest.mark.parametrize("target", [at_most(10), at_least(10)])
def test_the_share_of_a_target_exceeds_one_exactly_when_it_is_missed(target: Target) -> None:
    for value in (5, 10, 20):
        assert (target.share(value) <= 1) == target.met_by(value)


async def test_rounds_are_interleaved_and_every_other_one_runs_backwards() -> None:
    log: list[str] = []
    rounds = await take(comparison(log), 3, lambda message: None)
    assert log == ["ours", "peer", "peer", "ours", "ours", "peer", "closed"]
    assert [taken["ours"]["p50"] for taken in rounds] == [1, 4, 5]


def test_a_metric_that_was_not_reported_is_an_error() -> None:
    with pytest.raises(KeyError):
        results([figure()], [{"ours": {"p50": 1.0}, "peer": {}}])


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"hi"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n1;x=y\r\n!\r\n0\r\n\r\n", b"hi!"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
    ],
)
def test_a_response_is_complete_only_with_its_last_byte(data: bytes, body: bytes) -> None:
    for end in range(len(data)):
        assert http.parse(data[:end]) is None
    response = http.parse(data + b"HTTP/1.1 500")
    assert response is not None
    assert (response.status, response.body, response.size) == (200, body, len(data))


@pytest.mark.parametrize("data", [b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_what_is_no_response_with_a_length_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="response"):
        http.parse(data)


@asynccontextmanager
async def serving(*answers: bytes) -> AsyncIterator[int]:
    """A server that gives every connection `answers` in turn, the last one for ever."""
    connections: list[asyncio.Task[None]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = list(answers)
        with contextlib.suppress(ConnectionError):
            while await reader.read(1000):
                writer.write(left.pop(0) if len(left) > 1 else left[0])
                await writer.drain()
        writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(asyncio.create_task(answer(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*connections)


def plan(port: int, seconds: float = 0.2) -> load.Plan:
    return load.Plan(
        "127.0.0.1", port, http.request("x", "/").decode(), "hi", 4, seconds=seconds, warm_up=0.05
    )


GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


async def test_the_load_generator_counts_right_answers() -> None:
    async with serving(GOOD) as port:
        measured = await load.generate(plan(port, seconds=3))
    assert measured.per_second > 0
    assert 0 < measured.p50_us <= measured.p99_us


@pytest.mark.parametrize("bad", [GOOD.replace(b"200", b"503"), GOOD.replace(b"hi", b"no"), b""])
async def test_the_load_generator_fails_on_a_wrong_answer(bad: bytes) -> None:
    async with serving(GOOD, GOOD, bad or GOOD + GOOD) as port:
        with pytest.raises(RuntimeError, match="unexpected response"):
            await load.generate(plan(port))


async def test_the_raw_client_answers_requests_in_order() -> None:
    async with serving(GOOD, GOOD.replace(b"hi", b"ho")) as port:
        client = await http.RawClient.connect("127.0.0.1", port)
        bodies = [(await client.send(http.request("x", "/"))).body for _ in range(2)]
        client.close()
    assert bodies == [b"hi", b"ho"]


async def test_no_more_operations_than_asked_for_are_in_flight() -> None:
    running = highest = done = 0

    async def operation() -> None:
        nonlocal running, highest, done
        running += 1
        highest = max(highest, running)
        await asyncio.sleep(0)
        running -= 1
        done += 1

    await latency.per_second(operation, in_flight=8, count=100)
    assert highest == 8
    assert done == 110


MACHINE = Machine("A processor", 2, 8.0, "6.1", "3.11", 0.1, (("deno", "2"),))
SHORT = report.Section(
    "calls",
    "Calls",
    (result([4.0], [2.0], at_most(1.5, Of.RATIO)),),
    (report.Step("part", 3.0, "µs"),),
    "Why.",
)
GONE = report.Section("http", "HTTP", (), (), "", missing="no peer")


async def test_the_time_of_a_process_and_of_those_it_started_can_be_told_apart() -> None:
    shell = "python3 -c 'while True: pass' & echo $!; wait"
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", shell, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    try:
        assert process.stdout is not None
        child = int(await process.stdout.readline())
        assert child in processes.descendants(process.pid)
        async with asyncio.timeout(60):
            while processes.cpu_seconds(child) < 0.05:
                await asyncio.sleep(0.01)
        assert processes.cpu_seconds(process.pid) < 0.05
        assert processes.pss_mb(child) > 1
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def test_processes_are_placed_only_for_as_long_as_asked() -> None:
    before = os.sched_getaffinity(0)
    with processes.placed(os.getpid(), apart=False):
        assert os.sched_getaffinity(0) == {min(before)}
    assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (99.96, "µs", "100 µs"),
        (9.996, "ms", "10.0 ms"),
        (1.234, "MB", "1.23 MB"),
        (46781.9, "/s", "46 782/s"),
    ],
)
def test_values_are_told_with_three_digits(value: float, unit: str, text: str) -> None:
    assert report.quantity(value, unit) == text


def test_reports_name_shortfalls_and_what_was_not_measured() -> None:
    for text in (
        report.table([SHORT, GONE]),
        report.document([SHORT, GONE], MACHINE, taken_on=date(2026, 1, 2), rounds=1, chart="x.svg"),
    ):
        assert "FALLS SHORT" in text
        assert "2.00× (2.00–2.00)" in text
        assert "no peer" in text


def test_the_chart_is_xml_with_a_bar_per_target_and_marks_shortfalls_in_words() -> None:
    drawn = chart.draw([*SHORT.results, result([1.0], [1.0], at_most(2)), result([1.0], [1.0])])
    root = ElementTree.fromstring(drawn)
    bars = [element for element in root.iter() if element.get("class") in ("within", "beyond")]
    assert [bar.get("class") for bar in bars] == ["beyond", "within"]
    assert drawn.count("falls short") == 1
    assert "prefers-color-scheme: dark" in drawn


def test_every_title_has_room_beside_its_bar() -> None:
    titles = [each.title for comparison in COMPARISONS for each in comparison.figures if each.target]
    assert max(map(len, titles)) <= 64
