"""The keys of a person are those that were published, and each is good for one thing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from proven.wire.applications import BODY_LABEL
from proven.wire.identity import IDENTIFY_LABEL, IdentityKey, owner_key

PEOPLE: Final = json.loads((Path(__file__).parents[2] / "vectors" / "identity.json").read_text())["people"]


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person["account"])
def test_keys_have_their_published_derivations(person: dict[str, Any]) -> None:
    seed = bytes.fromhex(person["seed"])
    assert IdentityKey.derive(seed, None).identity == person["account"]
    assert owner_key(seed).public_key.hex() == person["owner_key"]
    for key in person["keys"]:
        derived = IdentityKey.derive(seed, key["application"])
        assert (derived.public_key.hex(), derived.identity) == (key["public_key"], key["identity"])
        assert derived.identify(bytes.fromhex(person["transcript"])).signature.hex() == key["signature"]


def test_the_owner_key_is_none_of_the_keys_for_sessions() -> None:
    for person in PEOPLE:
        assert person["owner_key"] not in {key["public_key"] for key in person["keys"]}
    assert not BODY_LABEL.startswith(IDENTIFY_LABEL)
    assert not IDENTIFY_LABEL.startswith(BODY_LABEL)


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_a_seed_has_32_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        owner_key(bytes(size))
    with pytest.raises(ValueError, match="32 bytes"):
        IdentityKey.derive(bytes(size), None)
