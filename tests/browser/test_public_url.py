"""An app behind something that ends TLS under a name of its own, as a person meets it."""

from __future__ import annotations

from pathlib import Path

from support.browser import open_browser
from support.dev import copied, dev_node
from support.relays import wire_to
from support.tls import identity
from support.todo_tab import EXAMPLE, visited

NAME = "dev.example"


async def test_a_person_signs_in_at_the_public_name_and_comes_back(tmp_path: Path) -> None:
    """The sign-in frame runs its own script, passkeys are made for the name, and the session is sealed."""
    app = copied(EXAMPLE, tmp_path / "todo")
    tls = identity(tmp_path, NAME, f"todo.{NAME}")
    resolved = f"--host-resolver-rules=MAP *.{NAME} 127.0.0.1, MAP {NAME} 127.0.0.1"
    async with wire_to(tls=tls.server) as wire, open_browser(tls.flag, resolved) as browser:
        url = f"https://{NAME}:{wire.port}"
        async with dev_node(app, tmp_path / "node", options=["--public-url", url]) as node:
            wire.target = int(node.url.rpartition(":")[2])
            context = await browser.new_context()
            refused: list[str] = []
            context.on(
                "console",
                lambda message: refused.append(message.text) if "Content Security" in message.text else None,
            )
            async with visited(context, url) as tab:
                await tab.create_account()
                await tab.add("Buy milk")
                await tab.shows("Buy milk")
                await tab.page.get_by_role("button", name="Sign out").click()
                await tab.is_signed_out()
                await tab.open_sign_in()
                again = tab.frame.get_by_role("button", name="Continue with a passkey")
                await tab.leaves_frame(again.click())
                await tab.shows("Buy milk")
                assert tab.page.url == node.started["page"]
            assert refused == []
            await context.close()
