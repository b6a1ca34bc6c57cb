"""A load generator in a process of its own: `python -m harness.load` with a `Plan` as JSON on standard input.

One thread over epoll and raw sockets, so that it takes as little as Python can from the cores it shares with
the server under test. Every response is checked: a status other than 200 or another body than expected
ends the run with an error.
"""

from __future__ import annotations

import asyncio
import json
import select
import socket
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.http import parse


@dataclass(frozen=True, slots=True)
class Plan:
    """`request` and `expected_body` are text; the wire sees their UTF-8."""

    host: str
    port: int
    request: str
    expected_body: str
    connections: int
    seconds: float
    warm_up: float


@dataclass(frozen=True, slots=True)
class Load:
    per_second: float
    p50_us: float
    p99_us: float


async def generate(plan: Plan) -> Load:
    """Run `plan` in a separate process.

    Raises `RuntimeError` with what the generator said if a response was wrong.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "harness.load",
        cwd=Path(__file__).resolve().parent.parent,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate(json.dumps(asdict(plan)).encode())
    if process.returncode != 0:
        raise RuntimeError(f"load generator: {errors.decode().strip().splitlines()[-1]}")
    return Load(**json.loads(output))


def drive(plan: Plan) -> Load:
    """Keep one request in flight on every connection; count those answered after the warm-up."""
    request, expected = plan.request.encode(), plan.expected_body.encode()
    poll = select.epoll()
    connections: dict[int, socket.socket] = {}
    sent_at: dict[int, float] = {}
    partial: dict[int, bytes] = {}
    good = b""
    latencies: list[float] = []
    try:
        for _ in range(plan.connections):
            connection = socket.create_connection((plan.host, plan.port), timeout=10)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setblocking(False)
            number = connection.fileno()
            connections[number] = connection
            poll.register(number, select.EPOLLIN)
            sent_at[number] = time.perf_counter()
            connection.send(request)
        begin = time.perf_counter() + plan.warm_up
        end = begin + plan.seconds
        while (now := time.perf_counter()) < end:
            ready = poll.poll(10)
            if not ready:
                raise TimeoutError("the server answered nothing for ten seconds")
            for number, _ in ready:
                connection = connections[number]
                data = connection.recv(65536)
                if not data:
                    raise ConnectionError("the server closed a connection")
                if data != good:
                    data = partial.pop(number, b"") + data
                    response = parse(data)
                    if response is None:
                        partial[number] = data
                        continue
                    if response.status != 200 or response.body != expected or response.size != len(data):
                        raise ValueError(f"unexpected response: {data[:200]!r}")
                    good = data
                now = time.perf_counter()
                if now >= begin:
                    latencies.append(now - sent_at[number])
                sent_at[number] = now
                connection.send(request)
    finally:
        for connection in connections.values():
            connection.close()
        poll.close()
    return summarise(latencies, plan.seconds)


def summarise(latencies: list[float], seconds: float) -> Load:
    """Requests per second and percentiles of `latencies` (in seconds)."""
    if len(latencies) < 2:
        raise ValueError("too few requests were answered to say anything")
    cuts = statistics.quantiles(latencies, n=100)
    return Load(len(latencies) / seconds, cuts[49] * 1e6, cuts[98] * 1e6)


def main() -> None:
    print(json.dumps(asdict(drive(Plan(**json.load(sys.stdin))))))


if __name__ == "__main__":
    main()
