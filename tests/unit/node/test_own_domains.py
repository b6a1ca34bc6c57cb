from __future__ import annotations

import pytest

from proven.node.config import GatewaySettings


@pytest.mark.parametrize(
    ("domain", "is_own"),
    [
        ("localhost", True),
        ("todo.localhost", True),
        ("node.example", True),
        ("a.b.node.example", True),
        ("people.example", True),
        ("below.people.example", True),
        ("signin.example", True),
        ("public.example", True),
        ("todo.public.example", True),
        ("anode.example", False),
        ("example", False),
        ("todo.example", False),
    ],
)
def test_domains_of_the_node_and_below_are_no_applications(domain: str, is_own: bool) -> None:
    settings = GatewaySettings(
        hosts=("Node.Example", "*"),
        public_url="https://public.example",
        relying_party="people.example",
        sign_in_origins=("https://signin.example:8443",),
    )
    assert settings.owns(domain) is is_own
