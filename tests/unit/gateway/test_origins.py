"""Which pages may use an application: those its owner allowed, its own, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proven.apps import ApplicationRecord, State
from proven.gateway.origins import LOOPBACK, AppOrigins, matches
from proven.wire.applications import AddAllowedOrigin, LinkDomain, OwnerKey
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import application_id
from proven.wire.log_entries import DomainProved
from support.applications import created, state_after, submitted

OWNER = OwnerKey.from_seed(b"A" * 32)
NODE = "https://node.example:8443"
SIGN_IN = "https://sign-in.example"


TODO = application_id(OWNER.public_key, b"todo")
PROVED_UNTIL = 1000


def state() -> State:
    allowed = AddAllowedOrigin(origin="https://page.example")
    return state_after(
        created(OWNER, "todo", nonce=b"todo"),
        created(OWNER, "other", nonce=b"other"),
        submitted(allowed, OWNER, app=TODO, revision=1),
        submitted(LinkDomain(domain="todo.example"), OWNER, app=TODO, revision=2),
        submitted(LinkDomain(domain="claimed.example"), OWNER, app=TODO, revision=3),
        DomainProved(at=0, application_id=TODO, domain="todo.example", until=PROVED_UNTIL),
    )


class Registry:
    """The applications of `state` at a time."""

    def __init__(self, now: int = 0) -> None:
        self._state = state()
        self._now = now
        self.find = self._state.find
        self.allows_somewhere = self._state.allows_somewhere

    def now(self) -> int:
        return self._now

    def by_domain(self, domain: str) -> ApplicationRecord:
        found = self._state.domain(domain, self._now)
        if found is None:
            raise ProvenError(ErrorCode.NOT_FOUND, "nobody's")
        return found


def origins(now: int = 0, **settings: Any) -> AppOrigins:
    applications: Any = Registry(now)
    return AppOrigins(applications, hosts=("node.example",), sign_in=lambda: (SIGN_IN,), **settings)


@pytest.mark.parametrize(
    "origin",
    [
        "https://page.example",
        "https://todo.node.example:8443",
        "https://todo.localhost:8443",
        NODE,
        SIGN_IN,
    ],
)
def test_its_owners_its_own_and_the_nodes_pages_may_use_an_application(origin: str) -> None:
    assert origins().allows(state().find("todo"), origin, NODE)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "https://page.example:8443",
        "http://page.example",
        "https://page.example.evil.example",
        "https://evil.page.example",
        "https://other.node.example:8443",
        "https://todo.node.example",
        "http://todo.node.example:8443",
        "https://a.todo.node.example:8443",
        "http://localhost:5173",
        "http://127.0.0.1",
    ],
)
def test_no_other_page_may(origin: str) -> None:
    assert not origins().allows(state().find("todo"), origin, NODE)
    assert not origins().allows(state().find("other"), "https://page.example", NODE)


def test_pages_of_a_proved_domain_are_the_applications_own_while_the_proof_holds() -> None:
    record = state().find("todo")
    for origin in ("https://todo.example", "https://todo.example:8443"):
        assert origins(PROVED_UNTIL - 1).allows(record, origin, NODE)
        assert not origins(PROVED_UNTIL).allows(record, origin, NODE)
        assert not origins().allows(state().find("other"), origin, NODE)
    assert not origins(PROVED_UNTIL).allows_frame("https://todo.example")
    for origin in ("https://todo.example.", "https://TODO.example", "https://a.todo.example", "null"):
        assert not origins(development=True).allows(record, origin, NODE)
    assert not origins(development=True).allows(record, "https://claimed.example", NODE)


def test_pages_of_a_domain_without_tls_are_for_development() -> None:
    record, node = state().find("todo"), "http://localhost:3000"
    for origin in ("http://todo.example", "http://todo.example:3000"):
        assert origins(development=True).allows(record, origin, node)
        assert not origins().allows(record, origin, node)


@pytest.mark.parametrize(
    ("origin", "is_local"),
    [
        ("http://localhost", True),
        ("http://localhost:5173", True),
        ("http://a.b.localhost:1", True),
        ("http://127.0.0.1:65535", True),
        ("https://localhost:1", False),
        ("http://localhost.evil.example", False),
        ("http://evillocalhost:1", False),
        ("http://.localhost:1", False),
        ("http://localhost:1@evil.example", False),
        ("http://localhost:", False),
        ("http://localhost:1 ", False),
        ("http://localhost:1\n", False),
        ("http://LOCALHOST:1", False),
        ("http://10.0.0.1:1", False),
    ],
)
def test_a_development_node_lets_pages_of_its_own_machine_in(origin: str, is_local: bool) -> None:
    record = state().find("other")
    assert origins(development=True).allows(record, origin, NODE) is is_local
    assert not origins().allows(record, origin, NODE)


def test_management_is_for_the_nodes_own_pages() -> None:
    rule = origins(development=True)
    assert rule.allows_management(NODE, NODE)
    assert rule.allows_management(SIGN_IN, NODE)
    for origin in ("https://page.example", "https://todo.node.example:8443", "http://localhost:1", "null"):
        assert not rule.allows_management(origin, NODE)


def test_a_page_may_frame_the_sign_in_page_if_any_application_is_its() -> None:
    rule = AppOrigins(
        Registry(),  # type: ignore[arg-type]
        hosts=("node.example",),
        sign_in=lambda: ("https://node.example:8443",),
    )
    for origin in (
        "https://page.example",
        "https://other.node.example:8443",
        "https://node.example:8443",
        "https://todo.example",
    ):
        assert rule.allows_frame(origin)
    for origin in (
        "https://nobody.node.example:8443",
        "https://other.node.example",
        "https://claimed.example",
        "http://todo.example",
        "https://todo.example:1",
        "null",
        "",
        "https://x",
    ):
        assert not rule.allows_frame(origin)


def test_patterns_are_sources_of_a_content_security_policy_and_each_is_said_once() -> None:
    patterns = origins(development=True).patterns(state().find("todo"), SIGN_IN)
    assert patterns == (
        "https://page.example",
        "https://todo.localhost",
        "https://todo.node.example",
        "https://todo.example",
        "http://todo.example",
        SIGN_IN,
        *LOOPBACK,
    )


@given(st.text(max_size=40), st.text(max_size=40))
def test_what_is_no_pattern_matches_itself_alone(pattern: str, origin: str) -> None:
    if "://" not in pattern:
        assert matches(pattern, origin) is (pattern == origin)
