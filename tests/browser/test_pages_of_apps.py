"""Pages that an app brings along, in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from click.testing import CliRunner
from playwright.async_api import BrowserContext, Page, expect

from proven.cli import main
from support.dev import DevNode, dev_node


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    app = tmp_path / "paged"
    result = CliRunner().invoke(main, ["init", str(app), "--web"])
    assert result.exit_code == 0, result.output
    return app


@pytest_asyncio.fixture(loop_scope="module")
async def node(folder: Path, tmp_path: Path) -> AsyncIterator[DevNode]:
    async with dev_node(folder, tmp_path / "node") as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def page(context: BrowserContext) -> Page:
    return await context.new_page()


async def test_the_page_of_a_new_app_calls_it(node: DevNode, page: Page) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    await page.goto(node.started["page"])
    await page.get_by_label("Your name").fill("Ada")
    await page.get_by_role("button", name="Greet me").click()
    await expect(page.get_by_role("status")).to_have_text("Hello Ada! Visits: 1")
    await page.get_by_text("What was verified").click()
    await expect(page.get_by_role("listitem").first).to_contain_text("development")
    called = await node.next("called")
    assert (called["handler"], called["error"]) == ("src/paged.ts#greet", None)
    assert [line for line in said if "greeting Ada" not in line] == []


async def test_a_save_is_there_when_the_page_is_loaded_again(node: DevNode, page: Page, folder: Path) -> None:
    await page.goto(node.started["page"])
    script = folder / "web" / "app.js"
    script.write_text(script.read_text() + "\ndocument.title = 'saved';\n")
    await node.next("deployed")
    await page.reload()
    await expect(page).to_have_title("saved")


async def test_on_the_nodes_own_origin_a_page_reaches_nothing_of_the_node(
    node: DevNode, page: Page, folder: Path
) -> None:
    (folder / "web" / "attack.html").write_text("""
<!doctype html><title>waiting</title><script>
  const found = [self.origin];
  for (const look of [
    () => localStorage.length,
    () => document.cookie,
    () => indexedDB.open('x'),
    () => navigator.serviceWorker.register('x.js'),
  ]) {
    try { look(); found.push('reached'); } catch (error) { found.push(error.name); }
  }
  const frame = document.createElement('iframe');
  frame.src = '/sign-in/paged';
  frame.onload = () => {
    try { found.push(frame.contentWindow.document.title); } catch (error) { found.push(error.name); }
    document.title = found.join();
  };
  document.documentElement.append(frame);
</script>""")
    await node.next("deployed")
    port = node.url.rpartition(":")[2]
    await page.goto(f"http://localhost:{port}/app/paged/http/attack.html")
    await expect(page).to_have_title("null," + ",".join(["SecurityError"] * 5))
