"""The crowd of the fan-out benchmark receives what was sent to all, and says so when it did not."""

import pytest

from harness.listeners import Plan, listeners
from harness.peers import broadcaster


async def test_every_client_receives_every_message() -> None:
    async with broadcaster() as server, listeners(Plan(server.port, 10)) as crowd:
        spread = await crowd.spread(3)
        assert 0 < spread.p50 <= spread.last


async def test_a_server_that_is_gone_is_an_error_and_no_time() -> None:
    async with broadcaster() as server:
        port = server.port
    with pytest.raises(RuntimeError, match="refused"):
        async with listeners(Plan(port, 1)):
            pass
