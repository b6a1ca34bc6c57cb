from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proven.storage import Scope, ScopeKind
from proven.storage._keys import KeyRing
from proven.storage.scope import encode_fields
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, IdentityId

A = ApplicationId("a")

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
scopes = st.one_of(
    names.map(lambda a: Scope.application(ApplicationId(a))),
    st.tuples(names, names).map(lambda p: Scope.personal(ApplicationId(p[0]), IdentityId(p[1]))),
    st.tuples(names, names, names).map(lambda p: Scope.nft(ApplicationId(p[0]), p[1], p[2])),
)


@given(scopes, scopes)
def test_two_scopes_have_the_same_encoding_only_if_they_are_the_same(one: Scope, other: Scope) -> None:
    assert (one.encode() == other.encode()) == (one == other)


@given(st.lists(names, max_size=4), st.lists(names, max_size=4))
def test_fields_never_run_into_each_other(one: list[str], other: list[str]) -> None:
    assert (encode_fields(*one) == encode_fields(*other)) == (one == other)


def test_parts_that_join_to_the_same_text_are_different_scopes() -> None:
    assert Scope.nft(A, "x", "yz").encode() != Scope.nft(A, "xy", "z").encode()
    assert Scope.nft(A, "x:y", "z").encode() != Scope.nft(A, "x", "y:z").encode()
    assert Scope.personal(A, IdentityId("x")).encode() != Scope.nft(A, "x", "x").encode()


def test_scopes_databases_and_blobs_share_no_key_and_no_name() -> None:
    ring = KeyRing(bytes(32))
    one, other = ring.scope(Scope.application(A)), ring.scope(Scope.personal(A, IdentityId("x")))
    keys = [one.secret, one.main(), one.sql("x")[1], one.sql("y")[1], one.blob("x"), one.journal()]
    keys += [other.secret, other.main(), other.sql("x")[1], other.blob("x"), other.journal()]
    assert len(set(keys)) == len(keys)
    assert one.name != other.name
    assert one.sql("x")[0] != other.sql("x")[0]


def test_names_on_the_disk_tell_nothing_without_the_root_key() -> None:
    scope = Scope.personal(A, IdentityId("alice"))
    assert KeyRing(bytes(32)).scope(scope).name != KeyRing(bytes([1]) * 32).scope(scope).name
    assert "alice" not in KeyRing(bytes(32)).scope(scope).name


@pytest.mark.parametrize("part", ["", "x" * 1025, "\ud800"])
def test_a_scope_with_an_empty_overlong_or_broken_part_is_refused(part: str) -> None:
    with pytest.raises(ProvenError) as caught:
        Scope.personal(A, IdentityId(part))
    assert caught.value.code is ErrorCode.BAD_REQUEST


def test_a_scope_has_the_parts_of_its_kind() -> None:
    with pytest.raises(ValueError, match="2 parts"):
        Scope(ScopeKind.NFT, A, ("only one",))
