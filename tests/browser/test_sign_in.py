"""People sign in with passkeys in the frame that a node serves, in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.person import World, world


@pytest.fixture(name="world")
async def _world(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def test_who_creates_an_account_is_the_same_person_when_they_sign_in_again(world: World) -> None:
    person = await world.person()
    created = await person.create()
    assert await person.sign_in() == created
    await person.visit()
    assert await person.sign_in() == created
