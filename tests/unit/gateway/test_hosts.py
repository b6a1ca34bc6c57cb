from __future__ import annotations

import pytest

from proven.gateway.hosts import Hosts, PublicAddress
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


@pytest.fixture
def proved() -> dict[str, str]:
    return {"todo.example": "todo-id", "xn--bcher-kva.example": "books-id", "a.b.localhost": "thief"}


@pytest.mark.parametrize(
    ("authority", "application"),
    [
        ("todo.example", "todo-id"),
        ("todo.example:8443", "todo-id"),
        ("todo.example.", "todo-id"),
        ("todo.example.:80", "todo-id"),
        ("xn--bcher-kva.example", "books-id"),
        ("todo.localhost", "todo"),
        ("localhost", None),
        ("node.example", None),
        ("below.node.example", "below"),
    ],
)
def test_a_proved_domain_is_its_application_however_it_is_written(
    proved: dict[str, str], authority: str, application: str | None
) -> None:
    assert Hosts(["node.example"], proved.get).application(authority) == application


@pytest.mark.parametrize(
    "authority",
    ["a.todo.example", "todo.example..", ".todo.example", "todo.example.evil.example", "xtodo.example"],
)
def test_no_name_beside_a_proved_domain_is_anything(proved: dict[str, str], authority: str) -> None:
    with pytest.raises(ProvenError):
        Hosts([], proved.get).application(authority)


def test_whose_a_domain_is_is_asked_each_time(proved: dict[str, str]) -> None:
    hosts = Hosts([], proved.get)
    assert hosts.application("todo.example") == "todo-id"
    proved["todo.example"] = "other-id"
    assert hosts.application("todo.example") == "other-id"
    del proved["todo.example"]
    with pytest.raises(ProvenError):
        hosts.application("todo.example")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "node.example", "todo.node.example"])
def test_no_proof_takes_a_name_of_the_node(host: str) -> None:
    assert Hosts(["node.example"], lambda _: "thief").application(host) != "thief"


def test_where_any_name_is_the_nodes_proved_domains_are_their_applications(proved: dict[str, str]) -> None:
    hosts = Hosts(["*"], proved.get)
    assert hosts.application("todo.example") == "todo-id"
    assert hosts.application("other.example") is None


@pytest.mark.parametrize(
    ("url", "authority", "scheme"),
    [
        ("https://node.example", "node.example", "https"),
        ("https://node.example", "node.example:443", "https"),
        ("https://node.example", "node.example.", "https"),
        ("https://node.example", "todo.node.example", "https"),
        ("https://node.example", "node.example:3000", "http"),
        ("https://node.example", "todo.node.example:3000", "http"),
        ("https://node.example", "localhost:3000", "http"),
        ("https://node.example", "todo.localhost", "http"),
        ("https://node.example", "127.0.0.1:443", "http"),
        ("https://node.example", "[::1]:443", "http"),
        ("https://node.example", "", "http"),
        ("https://node.example", "shop.example", "https"),
        ("https://node.example:8443", "node.example:8443", "https"),
        ("https://node.example:8443", "node.example", "http"),
        ("https://localhost:8443", "todo.localhost:8443", "https"),
        ("https://localhost:8443", "localhost:3000", "http"),
    ],
)
def test_the_host_that_was_named_tells_which_way_a_request_came(
    url: str, authority: str, scheme: str
) -> None:
    assert PublicAddress.parse(url).scheme_of(authority, "http") == scheme


@pytest.mark.parametrize(
    "url",
    [
        "http://node.example",
        "https://Node.example",
        "https://node.example/",
        "https://node.example:443",
        "https://user@node.example",
        "https://10.0.0.1",
        "https://[::1]",
        "node.example",
    ],
)
def test_a_public_url_is_a_name_over_tls(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        PublicAddress.parse(url)
