"""Views, as they are for people who see, hear or use a page in other ways."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from playwright.async_api import Frame, Page

_AXE: Final = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
_TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_SCREENSHOTS: Final = os.environ.get("PROVEN_SCREENSHOTS")
"""A folder to put pictures of the views into, for whoever changes them."""


async def look(
    page: Page, name: str, widths: Mapping[str, int], *, height: int, frame: Frame | None = None
) -> None:
    """Check the view that `page`, or a frame in it, shows: light and dark, in each width."""
    shown = frame or page.main_frame
    if not await shown.evaluate("typeof axe === 'object'"):
        await shown.evaluate(_AXE.read_text())
    for device, width in widths.items():
        await page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            overflow = await shown.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, f"{name} is {overflow} pixels wider than {width}"
            report = await shown.evaluate("tags => axe.run(document, {runOnly: tags})", _TAGS)
            problems = [
                f"{violation['id']}: {violation['help']} ({node['html']})"
                for violation in report["violations"]
                for node in violation["nodes"]
            ]
            assert not problems, f"{name}, {device}, {scheme}:\n" + "\n".join(problems)
            if _SCREENSHOTS:
                path = Path(_SCREENSHOTS) / f"{name}-{device}-{scheme}.png"
                await page.screenshot(path=path, full_page=frame is None)
