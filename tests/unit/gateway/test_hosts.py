from __future__ import annotations

import pytest

from proven.gateway.hosts import Hosts
from proven.wire.errors import ErrorCode, ProvenError


@pytest.mark.parametrize(
    "authority", ["", "localhost", "localhost:80", "127.0.0.1:1", "[::1]:1", "10.0.0.1", "localhost."]
)
def test_addresses_and_localhost_are_the_node(authority: str) -> None:
    assert Hosts().application(authority) is None


def test_a_name_below_a_host_of_the_node_is_an_application() -> None:
    hosts = Hosts(["Node.Example"])
    assert hosts.application("todo.localhost:8080") == "todo"
    assert hosts.application("todo.node.example") == "todo"
    assert hosts.application("node.example") is None


@pytest.mark.parametrize(
    "authority", ["evil.example", "localhost.evil.example", "a.b.localhost", "127.0.0.1.evil.example"]
)
def test_other_names_are_refused_unless_any_is_allowed(authority: str) -> None:
    with pytest.raises(ProvenError) as refused:
        Hosts().application(authority)
    assert refused.value.code is ErrorCode.NOT_FOUND
    assert Hosts(["*"]).application(authority) is None
