"""Places for packages: whoever has had much of them waits for who has not."""

from __future__ import annotations

import asyncio

from proven.gateway._uploads import AT_ONCE, Uploads
from proven.wire.ids import ApplicationId


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def app(name: str) -> ApplicationId:
    return ApplicationId(name)


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_many_applications_whose_versions_take_long_to_check_delay_others_by_one_turn() -> None:
    clock, order = Clock(), list[str]()
    uploads, release = Uploads(clock), asyncio.Semaphore(0)

    async def deploy(name: str) -> None:
        async with uploads.place(app(name)):
            order.append(name)
            await release.acquire()
            clock.now += 30.0

    async def again_and_again(name: str) -> None:
        for _ in range(3):
            await deploy(name)

    hogs = [asyncio.create_task(again_and_again(f"hog{number}")) for number in range(10 * AT_ONCE)]
    await settled()
    for _ in range(10 * AT_ONCE):
        release.release()
        await settled()
    honest = asyncio.create_task(deploy("honest"))
    await settled()
    begun = len(order)
    while "honest" not in order:
        release.release()
        await settled()
    assert order.index("honest") - begun <= AT_ONCE
    for task in (*hogs, honest):
        task.cancel()
    await asyncio.gather(*hogs, honest, return_exceptions=True)


async def test_a_place_that_nobody_waits_for_any_more_goes_to_the_next() -> None:
    uploads = Uploads(Clock())
    held = [uploads.place(app(f"{number}")) for number in range(AT_ONCE)]
    for each in held:
        await each.__aenter__()

    async def take(name: str) -> str:
        async with uploads.place(app(name)):
            return name

    gone, stays = asyncio.create_task(take("gone")), asyncio.create_task(take("stays"))
    await settled()
    gone.cancel()
    await settled()
    await held[0].__aexit__(None, None, None)
    async with asyncio.timeout(60):
        assert await stays == "stays"
    for each in held[1:]:
        await each.__aexit__(None, None, None)
    async with asyncio.timeout(60):
        assert await asyncio.gather(*(take(f"{number}") for number in range(3 * AT_ONCE)))
