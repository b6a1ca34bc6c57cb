"""A real browser with virtual authenticators, driven over its own protocol."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import Browser, CDPSession, Page, async_playwright

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)

_FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    """Its path. Without it the test is skipped, but for CI, where it fails."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs Chromium: apt-get install chromium")
        pytest.skip("needs Chromium: apt install chromium")
    return CHROMIUM


@asynccontextmanager
async def open_browser(*flags: str) -> AsyncIterator[Browser]:
    """One headless browser; `browser.new_context()` is a person with a profile of their own.

    `flags` are further ones of Chromium's command line.
    """
    path = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, args=[*_FLAGS, *flags], chromium_sandbox=os.geteuid() != 0
        )
        try:
            yield browser
        finally:
            await browser.close()


@dataclass(frozen=True, slots=True)
class Authenticator:
    """A virtual authenticator of one page and the frames in it."""

    session: CDPSession
    id: str

    async def credentials(self) -> list[dict[str, Any]]:
        answer = await self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})
        found: list[dict[str, Any]] = answer["credentials"]
        return found

    async def remove(self) -> None:
        await self.session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.id})


async def add_authenticator(page: Page, *, prf: bool = True) -> Authenticator:
    """Plug in an authenticator that verifies its user and agrees to everything."""
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable", {"enableUI": False})
    answer = await session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "ctap2Version": "ctap2_1",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "hasPrf": prf,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return Authenticator(session, answer["authenticatorId"])
