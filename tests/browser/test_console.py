"""The development console in a real browser: what it shows, and what pages that mean harm get of it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page, expect

from proven.apps import Application
from proven.wire.errors import ProvenError
from proven.wire.identity import IdentityKey, new_seed
from support.browser import add_authenticator
from support.node import Node, running_node
from support.web_servers import listening
from support.workspace import npm_workspace

expect.set_options(timeout=60_000)

own = pytest_asyncio.fixture(loop_scope="module")

MARKUP = '"><img src=x onerror="alert(1)"><script>alert(2)</script>{{7*7}}\'; --'


@own
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    async with running_node(tmp_path) as node:
        yield node


@own
async def exhibit(node: Node) -> Application:
    return await node.deploy("exhibit")


class Console:
    """The console in one tab; `faults` are its errors, among them everything that its policy stopped."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.faults: list[str] = []
        self.dialogs: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda line: self.faults.append(line.text) if line.type == "error" else None)
        page.on("dialog", self._on_dialog)

    async def _on_dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        await dialog.dismiss()

    async def open(self, view: str = "") -> None:
        await self.page.goto(f"{self.url}/#/{view}")

    async def handler(self, name: str) -> Any:
        """The opened form of a handler of the exhibit."""
        await self.open("applications/exhibit")
        details = self.page.locator("details.handler").filter(
            has=self.page.locator("strong", has_text=re.compile(f"^{name}$"))
        )
        await details.locator("summary").first.click()
        return details

    async def call(self, handler: str, /, **arguments: str) -> Any:
        """Fill in the form of a handler, call it and wait for the result."""
        form = await self.handler(handler)
        for label, text in arguments.items():
            await form.get_by_label(re.compile(f"^{label}")).fill(text)
        await form.get_by_role("button", name="Call", exact=True).click()
        await expect(form.get_by_role("group", name="Result")).to_be_visible()
        return form


@own
async def console(node: Node, exhibit: Application, context: BrowserContext) -> Console:
    return Console(await context.new_page(), node.url.replace("127.0.0.1", "localhost"))


async def test_the_overview_says_what_runs_and_that_development_evidence_proves_nothing(
    console: Console,
) -> None:
    await console.open()
    page = console.page
    await expect(page.get_by_role("link", name="exhibit")).to_be_visible()
    await expect(page.get_by_text("healthy")).to_be_visible()
    await expect(page.get_by_text("Development evidence: it proves nothing")).to_be_visible()
    await page.get_by_text("What was verified").click()
    await expect(page.get_by_text("PCR0")).to_be_visible()
    await expect(page.locator("#connection")).to_have_text("live")
    assert console.faults == []


async def test_a_form_calls_a_handler_and_shows_result_log_and_time(console: Console) -> None:
    form = await console.call("greet", name="Ada", times="2")
    result = form.get_by_role("group", name="Result")
    await expect(result).to_contain_text('"Hello, Ada! Hello, Ada!"')
    await expect(result).to_contain_text("greeting Ada")
    await expect(result).to_contain_text("twice")
    await expect(result).to_contain_text("in the node")
    await expect(result).to_contain_text("anonymous")
    await expect(form.locator("svg.calls")).to_be_visible()
    await expect(form.get_by_text("1 call", exact=True)).to_be_visible()
    assert console.faults == []


async def test_values_that_json_has_no_form_for_reach_the_handler(console: Console) -> None:
    values = (
        '[{"$bytes": "AAE="}, {"$date": "2026-01-31T12:00:00Z"}, {"$bigint": "1"}, {"$map": [[1, 2]]}, '
        '{"$set": [1]}, {"$undefined": true}, null, {"$number": "NaN"}, {"__proto__": 1}]'
    )
    form = await console.call("kinds", values=values)
    shown = await form.locator(".result pre").first.text_content()
    assert json.loads(shown) == [
        "Uint8Array",
        "Date",
        "BigInt",
        "Map",
        "Set",
        "undefined",
        "null",
        "Number",
        "Object",
    ]
    echoed = '{"a": {"$bytes": "AAE="}, "b": [{"$bigint": "12345678901234567890"}], "c": {"$set": [1]}}'
    form = await console.call("echo", value=echoed)
    assert json.loads(await form.locator(".result pre").first.text_content()) == json.loads(echoed)


async def test_what_is_not_json_is_said_beside_the_field_and_not_sent(console: Console, node: Node) -> None:
    form = await console.handler("echo")
    field = form.get_by_label(re.compile("^value"))
    await field.fill('{"open": ')
    await field.press("Control+Enter")
    await expect(form.get_by_role("alert").first).to_contain_text("not JSON")
    await expect(field).to_be_focused()
    await field.fill('{"$date": "never"}')
    await field.press("Control+Enter")
    await expect(form.get_by_role("alert").first).to_contain_text("$date")
    await field.fill("[1]")
    await field.press("Control+Enter")
    await expect(form.get_by_role("group", name="Result")).to_contain_text("returned")


async def test_errors_show_code_message_and_stack(console: Console) -> None:
    form = await console.call("fail", message="on purpose")
    result = form.get_by_role("group", name="Result")
    await expect(result).to_contain_text("HANDLER_ERROR")
    await expect(result).to_contain_text("on purpose")
    await expect(result.locator("pre")).to_contain_text("src/exhibit.ts")
    form = await console.call("whoIsThis")
    await expect(form.get_by_role("group", name="Result")).to_contain_text("UNAUTHENTICATED")


async def test_somebody_who_signed_in_calls_as_themselves(console: Console) -> None:
    await add_authenticator(console.page)
    form = await console.handler("remember")
    await form.get_by_role("button", name="Sign in").click()
    frame = console.page.frame_locator("iframe")
    await frame.get_by_role("button", name="Create an account").click()
    await frame.get_by_role("button", name="Not now").click()
    await expect(form.get_by_role("button", name="Sign out")).to_be_visible()
    await form.get_by_label(re.compile("^text")).fill("dear diary")
    await form.get_by_role("button", name="Call", exact=True).click()
    await expect(form.get_by_role("group", name="Result")).to_contain_text("returned")
    await console.open("storage/exhibit")
    await expect(console.page.get_by_text("dear diary")).to_be_visible()
    await expect(console.page.get_by_role("navigation", name="Scopes")).to_contain_text("Personal")


async def test_calls_and_lines_appear_as_they_happen(
    console: Console, node: Node, exhibit: Application
) -> None:
    await console.open("activity")
    page = console.page
    await expect(page.get_by_text("Nothing has happened yet.")).to_be_visible()
    client = await node.connect(exhibit, identity=new_seed())
    await client.call("greet", "Ada")
    entries = page.locator(".entry")
    await expect(entries).to_have_count(3)
    await expect(entries.first).to_contain_text("exhibit greet")
    await expect(page.get_by_text("greeting Ada")).to_be_visible()

    await page.get_by_role("button", name="Pause").click()
    with pytest.raises(ProvenError):
        await client.call("fail", "on purpose")
    await expect(page.get_by_role("status").filter(has_text="paused, 1 new")).to_be_visible()
    await expect(entries).to_have_count(3)
    await page.get_by_role("button", name="Continue").click()
    await expect(entries.first).to_contain_text("HANDLER_ERROR")

    await page.get_by_label("Level").select_option("warn")
    await expect(entries).to_have_count(3)
    await page.get_by_role("combobox", name="Handler").select_option("src/exhibit.ts#fail")
    await expect(entries).to_have_count(1)
    await page.get_by_role("combobox", name="Handler").select_option("")
    await page.get_by_label("Show").select_option("failed")
    await expect(entries).to_have_count(1)
    await page.get_by_label("Search").fill("no such text")
    await expect(page.get_by_text("Nothing matches the filters.")).to_be_visible()
    assert console.faults == []


async def test_latency_and_errors_over_time_are_charts_with_their_figures(
    console: Console, node: Node, exhibit: Application
) -> None:
    await console.open("applications/exhibit")
    page = console.page
    metrics = page.get_by_role("region", name="Over time")
    await expect(metrics.get_by_text("No calls in that time.")).to_be_visible()
    client = await node.connect(exhibit)
    for _ in range(3):
        await client.call("greet", "Ada")
    with pytest.raises(ProvenError):
        await client.call("fail", MARKUP)
    await expect(metrics.get_by_role("img", name="Calls: 4 calls, 1 failed")).to_be_visible()
    latency = metrics.get_by_role("img", name=re.compile("^Latency: .* at most$"))
    await expect(latency).to_be_visible()
    assert await latency.locator("polyline").count() == 3
    assert await metrics.locator("rect.bar-errors").count() == 1
    await metrics.get_by_text("Figures").click()
    row = metrics.get_by_role("row", name=re.compile("^fail"))
    await expect(row).to_contain_text("HANDLER_ERROR 1")
    await metrics.get_by_role("combobox", name="Handler").select_option("src/exhibit.ts#greet")
    await expect(metrics.get_by_role("img", name="Calls: 3 calls, 0 failed")).to_be_visible()
    for span in ("the last day", "the last 30 days"):
        await metrics.get_by_role("combobox", name="Time").select_option(span)
        await expect(metrics.get_by_role("img", name="Calls: 3 calls, 0 failed")).to_be_visible()
    await expect(row).to_have_count(0)
    link = await metrics.get_by_role("link", name="Metrics as JSON").get_attribute("href")
    answer = await page.request.get(console.url + str(link))
    found = await answer.json()
    assert (found["step_seconds"], sum(point["calls"] for point in found["points"])) == (3600, 3)
    assert console.faults == []
    assert console.dialogs == []


async def test_the_storage_browser_shows_what_a_handler_wrote(
    console: Console, node: Node, exhibit: Application
) -> None:
    page = console.page
    await console.open("storage/exhibit")
    await expect(page.get_by_text("Nothing is stored yet.")).to_be_visible()
    seed = new_seed()
    client = await node.connect(exhibit, identity=seed)
    await client.call("store", "greeting", '{"said": "hello"}')
    await client.call("everything")
    await client.call("remember", "dear diary")
    for number in range(60):
        await client.call("store", f"many {number:03}", "x")
    await page.reload()
    await page.get_by_role("link", name="notes").click()
    entry = page.locator("details.item", has_text="greeting")
    await entry.locator("summary").click()
    await expect(entry.locator("pre")).to_contain_text('  "said": "hello"')
    await expect(page.locator("details.item")).to_have_count(50)
    await page.get_by_role("button", name="Show more").click()
    await expect(page.locator("details.item")).to_have_count(61)
    await page.get_by_label("Keys that begin with").fill("many 05")
    await page.get_by_label("Keys that begin with").press("Enter")
    await expect(page.locator("details.item")).to_have_count(10)

    await page.get_by_role("link", name="keys", exact=False).last.click()
    await expect(page.get_by_text("not shown")).to_be_visible()
    await page.get_by_role("link", name="shop / items").click()
    await expect(page.get_by_role("cell", name="lamp")).to_be_visible()
    await expect(page.get_by_role("cell", name="00 00 00")).to_be_visible()
    await page.get_by_role("link", name="Files").click()
    await page.get_by_role("link", name="letters/").click()
    await page.locator("summary", has_text="first.txt").click()
    await expect(page.get_by_text("Dear reader")).to_be_visible()
    await page.get_by_role("link", name=re.compile("^Personal")).click()
    identity = IdentityKey.derive(seed, exhibit.id).identity
    await expect(page.locator(".scope-title")).to_contain_text(identity)
    await expect(page.get_by_text("dear diary")).to_be_visible()
    assert console.faults == []


async def test_what_applications_say_is_only_ever_text(
    console: Console, node: Node, exhibit: Application
) -> None:
    client = await node.connect(exhibit)
    await client.call("hostile", MARKUP)
    with pytest.raises(ProvenError):
        await client.call("fail", MARKUP)
    page = console.page

    async def nothing_was_made() -> None:
        assert await page.locator("main img, main script, main iframe, main style").count() == 0

    await console.open("activity")
    await nothing_was_made()
    await expect(page.locator(".entry").first).to_contain_text(MARKUP)
    await expect(page.locator(".entry").last).to_contain_text(MARKUP)
    await console.open("storage/exhibit?scope=application&kind=string&store=notes")
    await nothing_was_made()
    await page.locator("details.item summary").first.click()
    await expect(page.locator("pre.value")).to_have_text(MARKUP)
    await page.get_by_role("link", name=re.compile("SQL table")).first.click()
    await expect(page.get_by_role("cell", name=MARKUP)).to_be_visible()
    await nothing_was_made()
    await page.get_by_role("link", name="Files").click()
    await page.locator("a.directory").click()
    await page.locator("details.item summary").first.click()
    await expect(page.locator("pre.value")).to_have_text(MARKUP)
    form = await console.call("echo", value=json.dumps({MARKUP: MARKUP}))
    await expect(form.locator(".result pre")).to_contain_text("onerror")
    form = await console.call("fail", message=MARKUP)
    await nothing_was_made()
    await console.open(f"storage/exhibit?scope=personal&identity={MARKUP.replace('#', '')}")
    await console.open(f"applications/{MARKUP.replace('#', '')}")
    await expect(page.get_by_role("alert")).to_be_visible()
    assert console.dialogs == []
    assert [fault for fault in console.faults if "404" not in fault] == []


async def test_a_new_version_is_announced(console: Console, node: Node, tmp_path: Path) -> None:
    await console.open("applications/exhibit")
    await expect(console.page.get_by_role("heading", name="Handlers")).to_be_visible()
    await node.deploy("neighbour", name="exhibit")
    await expect(console.page.get_by_text("Version 2 is live now.")).to_be_visible()
    await console.page.get_by_role("link", name="Show it").click()
    await expect(console.page.locator(".versions li")).to_have_count(2)


async def test_a_node_that_stops_is_noticed(context: BrowserContext, tmp_path: Path) -> None:
    async with running_node(tmp_path) as node:
        await node.deploy("exhibit")
        url = node.url
        console = Console(await context.new_page(), url)
        await console.open("activity")
        await expect(console.page.locator("#connection")).to_have_text("live")
    await expect(console.page.locator("#connection")).to_have_text("node is not answering")


async def test_it_can_be_used_with_the_keyboard(console: Console) -> None:
    page = console.page
    await console.open("applications/exhibit")
    summary = page.locator("details.handler summary", has_text="echo")
    await summary.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label(re.compile("^value"))).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(page.get_by_label(re.compile("^value"))).to_be_focused()
    await page.keyboard.type('"typed"')
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("group", name="Result")).to_contain_text('"typed"')
    await page.reload()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()


VIEWS = (
    "",
    "applications/exhibit",
    "activity",
    "storage/exhibit",
    "storage/exhibit?database=shop&table=items",
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_view_breaks_a_rule_of_accessibility(
    browser: Browser, node: Node, exhibit: Application, scheme: Any
) -> None:
    axe = (npm_workspace() / "node_modules/axe-core/axe.min.js").read_text("utf-8")
    client = await node.connect(exhibit)
    await client.call("everything")
    await client.call("greet", "Ada")
    with pytest.raises(ProvenError):
        await client.call("fail", "on purpose")
    # The page's own policy lets no other script in; axe is no part of what is checked.
    context = await browser.new_context(
        color_scheme=scheme, viewport={"width": 360, "height": 740}, bypass_csp=True
    )
    console = Console(await context.new_page(), node.url)
    for view in VIEWS:
        await console.open(view)
        await expect(console.page.get_by_role("heading", level=1)).to_be_visible()
        if view == "":
            await expect(console.page.get_by_text("What was verified")).to_be_visible()
        if view == "applications/exhibit":
            await console.call("echo", value="1")
        if view == "activity":
            await expect(console.page.locator(".entry").first).to_be_visible()
        if view.startswith("storage"):
            await expect(console.page.locator(".item, table").first).to_be_visible()
        await console.page.evaluate(
            "for (const each of document.querySelectorAll('main details')) each.open = true"
        )
        wide = await console.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wide, f"{view} scrolls sideways"
        await console.page.evaluate(axe)
        found = await console.page.evaluate("axe.run(document)")
        problems = [
            (rule["id"], [place["html"][:200] for place in rule["nodes"]]) for rule in found["violations"]
        ]
        assert problems == [], view


# Pages that mean harm.

_ATTEMPTS = """async (url) => {
  const outcome = {};
  const attempt = async (name, work) => {
    try { outcome[name] = await work(); } catch (error) { outcome[name] = 'refused'; }
  };
  const read = async (options) => {
    const answer = await fetch(url + '/console/api/node', options);
    return (await answer.text()).slice(0, 20);
  };
  await attempt('fetch', () => read({}));
  await attempt('credentials', () => read({ credentials: 'include' }));
  await attempt('opaque', () => read({ mode: 'no-cors' }));
  await attempt('post', () => read({ method: 'POST', body: 'x' }));
  await attempt('header', () => read({ headers: { 'x-a': '1' } }));
  await attempt('page', async () => (await (await fetch(url + '/')).text()).slice(0, 20));
  await attempt('stream', () => new Promise((resolve, reject) => {
    const source = new EventSource(url + '/console/api/activity/stream');
    source.onmessage = () => resolve('heard');
    source.onerror = () => { source.close(); reject(new Error()); };
  }));
  await attempt('script', () => new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.onload = () => resolve('ran');
    script.onerror = () => reject(new Error());
    script.src = url + '/console/assets/console.js';
    document.head.append(script);
  }));
  return outcome;
}"""


@own
async def stranger() -> AsyncIterator[str]:
    """The URL of a page of another origin."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(
            text="<!doctype html><title>stranger</title><body></body>", content_type="text/html"
        )

    application = web.Application()
    application.router.add_get("/", page)
    async with listening(application) as port:
        yield f"http://localhost:{port}"


async def test_a_page_of_another_origin_gets_nothing(
    console: Console, context: BrowserContext, stranger: str
) -> None:
    page = await context.new_page()
    answers: list[int] = []
    page.on(
        "response", lambda answer: answers.append(answer.status) if "/console/api" in answer.url else None
    )
    await page.goto(stranger)
    outcome = await page.evaluate(_ATTEMPTS, console.url)
    assert {name: value for name, value in outcome.items() if value != "refused"} in ({}, {"opaque": ""})
    assert 200 not in answers


async def test_a_page_of_an_application_gets_nothing(
    console: Console, context: BrowserContext, exhibit: Application
) -> None:
    port = console.url.rpartition(":")[2]
    for address in (f"http://exhibit.localhost:{port}/page", f"{console.url}/app/exhibit/http/page"):
        page = await context.new_page()
        await page.goto(address)
        assert await page.title() == "page of the app"
        outcome = await page.evaluate(_ATTEMPTS, console.url)
        assert {name: value for name, value in outcome.items() if value != "refused"} in ({}, {"opaque": ""})


async def test_a_form_of_another_page_changes_nothing(
    console: Console, context: BrowserContext, stranger: str
) -> None:
    page = await context.new_page()
    await page.goto(stranger)
    async with page.expect_navigation() as navigated:
        await page.evaluate(
            """(url) => {
              const form = document.createElement('form');
              form.method = 'POST';
              form.action = url + '/console/api/node';
              document.body.append(form);
              form.submit();
            }""",
            console.url,
        )
    answer = await navigated.value
    assert answer is not None
    assert answer.status == 405
    async with page.expect_navigation() as navigated:
        await page.evaluate("location.href = 'about:blank'")
    await page.goto(stranger)
    async with page.expect_navigation() as navigated:
        await page.evaluate("(url) => { location.href = url + '/console/api/node' }", console.url)
    answer = await navigated.value
    assert answer is not None
    assert answer.status == 403


async def test_the_console_cannot_be_framed_and_shares_its_window_with_nobody(
    console: Console, context: BrowserContext, stranger: str
) -> None:
    page = await context.new_page()
    await page.goto(stranger)
    framed = await page.evaluate(
        """(url) => new Promise((resolve) => {
          const frame = document.createElement('iframe');
          frame.onload = () => resolve(frame.contentDocument === null ? 'nothing' : 'document');
          frame.src = url + '/';
          document.body.append(frame);
        })""",
        console.url,
    )
    assert framed == "nothing"
    async with context.expect_page() as opened:
        await page.evaluate("(url) => { globalThis.opened = open(url + '/') }", console.url)
    popup = await opened.value
    await expect(popup.get_by_role("heading", name="Overview")).to_be_visible()
    assert await page.evaluate("globalThis.opened.closed")
    assert await popup.evaluate("window.opener") is None
