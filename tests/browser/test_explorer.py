"""The explorer in a real browser: without scripts, for everybody, and inert whatever it shows."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from proven.apps import ApplicationRecord
from proven.packages import Package
from proven.wire.applications import SetUpgradePolicy, Timelock
from support.gallery import GUARDIAN, HANDLER, Gallery, open_gallery
from support.node import running_node
from support.workspace import npm_workspace

ROOT: Final = Path(__file__).parents[2]
SOURCE: Final = ROOT / "web" / "explorer"
DIST: Final = ROOT / "web" / "dist" / "explorer"
MARKUP: Final = (
    '"><img src=x onerror=alert(1)></code></div></main></script><script>alert(2)</script>{{7*7}}<!--'
)
TROJAN: Final = "\u202e } \u2066if (isAdmin)\u2069 \u2066 begin admins only\u2069"
WEEK: Final = 7 * 86_400


@dataclass
class Reader:
    """A page of the explorer and everything that went wrong on it, refused by its policy included."""

    page: Page
    faults: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @classmethod
    async def open(cls, browser: Browser, **options: Any) -> Reader:
        context = await browser.new_context(**options)
        reader = cls(await context.new_page())
        reader.page.on("pageerror", lambda error: reader.faults.append(str(error)))
        reader.page.on(
            "console", lambda line: reader.faults.append(line.text) if line.type == "error" else None
        )
        reader.page.on("dialog", reader._dialog)
        reader.page.on("request", lambda request: reader.asked.append(request.url))
        reader.page.on("requestfailed", lambda request: reader.faults.append(f"failed: {request.url}"))
        return reader

    async def _dialog(self, dialog: Any) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    async def close(self) -> None:
        await self.page.context.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gallery(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gallery]:
    async with open_gallery(tmp_path_factory.mktemp("gallery")) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(gallery: Gallery) -> ApplicationRecord:
    """An application with some versions and an announced one."""
    record = await gallery.create("shop")
    first = (ROOT / "tests/support/apps/exhibit/src/exhibit.ts").read_text()
    await gallery.deploy(record, gallery.package({"src/exhibit.ts": first}))
    second = first.replace("times = 1", "times = 2").replace("console.warn('twice');", "")
    await gallery.deploy(record, gallery.package({"src/exhibit.ts": second}))
    policy = Timelock(delay=WEEK, guardians=(GUARDIAN.public_key,))
    await gallery.submit(record, SetUpgradePolicy(policy=policy))
    third = second + "\nexport const later = run((): string => 'soon');\n"
    record = await gallery.deploy(record, gallery.package({"src/exhibit.ts": third}))
    gallery.now += 90_000
    return record


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hostile(gallery: Gallery) -> ApplicationRecord:
    """An application whose owner put into it whatever a package may hold."""
    quoted = json.dumps(MARKUP)
    source = (
        "import { run, runOnEvent } from '@proven-network/handler';\n"
        "import { getApplicationDb } from '@proven-network/sql';\n"
        f"const db = getApplicationDb({quoted}).migrate('CREATE TABLE a (b)');\n"
        f"export const a = run(() => {quoted}); // {MARKUP}\n"
        f"export const b = runOnEvent({{ event: {quoted} }}, () => 1);\n"
        f"/* {TROJAN} */ // zero\u200bwidth \u00a0 blank\n"
        "// one line\rexport const hidden = 1; // or two\u2028export const more = 2;\n"
        f"const long = '{'<b>' * 30_000}';\n"
    )
    files: dict[str, str | bytes] = {
        "src/'&=+%41;x y.ts": source,
        "src/שלום.ts": HANDLER + "export const שלום = 1;\nexport const c = run(() => 1);\n",
        "package.json": '{"name":"hostile","proven":{"assets":"dist"}}',
        "dist/index.html": MARKUP,
        "dist/a'&.svg": '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(3)"/>',
    }
    record = await gallery.create("hostile")
    await gallery.deploy(record, gallery.package(files))
    files["src/שלום.ts"] = HANDLER + f"// {MARKUP} {TROJAN}\nexport const c = run(() => 2);\n"
    return await gallery.deploy(record, gallery.package(files))


def _pages_of(record: ApplicationRecord) -> dict[str, str]:
    home, package = f"/explorer/applications/{record.id}", f"/explorer/packages/{record.package_id}"
    return {
        "applications": "/explorer/applications",
        "application": home,
        "history": f"{home}/history",
        "versions": f"{home}/versions",
        "version": f"{home}/versions/2",
        "diff": f"{home}/diff?from=1&to=2",
        "package": package,
        "handlers": f"{package}/handlers",
        "log": "/explorer/log",
        "entry": "/explorer/log/2",
        "problem": "/explorer/applications/nobody",
    }


async def _source_addresses(gallery: Gallery, record: ApplicationRecord) -> list[str]:
    page = await gallery.page(f"/explorer/packages/{record.package_id}")
    found = re.findall(r'href="(/explorer/[^"]*/(?:source|raw)\?[^"]*)"', page)
    return sorted({html.unescape(each) for each in found})


async def test_a_hostile_application_is_only_text(
    browser: Browser, gallery: Gallery, hostile: ApplicationRecord
) -> None:
    reader = await Reader.open(browser)
    addresses = [address for name, address in _pages_of(hostile).items() if name != "problem"]
    sources = await _source_addresses(gallery, hostile)
    assert len(sources) == 5
    addresses += sources
    for address in addresses:
        response = await reader.page.goto(gallery.url + address)
        assert response is not None
        assert response.status == 200, address
        found = await reader.page.evaluate(
            """() => ({
                scripts: document.scripts.length,
                images: document.images.length,
                handlers: [...document.querySelectorAll('*')].flatMap((each) => [...each.attributes])
                  .map((each) => each.name).filter((name) => name.startsWith('on') || name === 'style'),
                targets: [...document.links].map((each) => each.origin)
                  .filter((origin) => origin !== location.origin),
                origin: self.origin,
            })"""
        )
        if "/raw?" in address:  # The browser's own view of plain text has a style.
            found["handlers"] = []
        assert (found["scripts"], found["images"], found["handlers"], found["targets"]) == (0, 0, [], []), (
            address
        )
        assert found["origin"] == "null", address
    assert reader.faults == []
    elsewhere = [url for url in reader.asked if not url.startswith(f"{gallery.url}/explorer/")]
    assert elsewhere == []
    await reader.close()


async def test_what_hides_or_reorders_is_seen(
    browser: Browser, gallery: Gallery, hostile: ApplicationRecord
) -> None:
    reader = await Reader.open(browser)
    (address,) = [
        each for each in await _source_addresses(gallery, hostile) if "source?" in each and "%2541" in each
    ]
    await reader.page.goto(gallery.url + address)
    odd = await reader.page.locator(".odd").all_inner_texts()
    for wanted in ("U+202E", "U+2066", "U+2069", "U+200B", "U+00A0", "U+000D", "U+2028"):
        assert wanted in odd
    # What JavaScript takes for the next line is on the next line.
    rows = await reader.page.locator(".row").all_inner_texts()
    (hidden,) = [row for row in rows if "hidden = 1" in row]
    assert "one line" not in hidden
    assert await reader.page.locator(".row:has-text('hidden = 1') .keyword").count() == 2
    twin = await gallery.json(address.replace("/source?", "/source.json?"))
    shown = await reader.page.evaluate(
        "() => [...document.querySelectorAll('.row > code')].map((each) => each.textContent)"
    )
    written = [
        re.sub(r"[\r\u2028\u202e\u2066\u2069\u200b\u00a0]", _written, row["text"])
        for row in twin["rows"]["items"]
    ]
    assert shown == written
    await reader.close()


async def test_letters_that_run_from_the_right_stay_where_they_are(
    browser: Browser, gallery: Gallery, hostile: ApplicationRecord
) -> None:
    """`a = "שלום", b` must not be drawn in another order than it is stored in."""
    package = gallery.package(
        {"src/a.ts": HANDLER + "export const a = run(() => 1); const x = ['אב', 1, 'גד'];\n"}
    )
    await gallery.keep(package)
    reader = await Reader.open(browser)
    await reader.page.goto(f"{gallery.url}/explorer/packages/{package.id}/source?path=src/a.ts")
    places = await reader.page.evaluate(
        """() => {
            const row = document.querySelectorAll('.row > code')[1];
            const at = [];
            const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
            for (let node = walker.nextNode(); node; node = walker.nextNode()) {
              for (let index = 0; index < node.length; index++) {
                const range = document.createRange();
                range.setStart(node, index);
                range.setEnd(node, index + 1);
                const box = range.getBoundingClientRect();
                at.push([Math.round(box.top), box.left]);
              }
            }
            return at;
        }"""
    )
    assert len(places) > 40
    assert places == sorted(places)
    await reader.close()


async def test_bytes_that_are_no_text_are_written_out(browser: Browser, gallery: Gallery) -> None:
    """No node deploys such a package; one from elsewhere could be stored."""
    package = _altered(gallery, b"// a\x00b \xff\xfe\xed\xa0\x80 c\x1b[31m\n<script>alert(1)</script>\x00")
    await gallery.keep(package)
    reader = await Reader.open(browser)
    await reader.page.goto(f"{gallery.url}/explorer/packages/{package.id}/source?path=src/a.ts")
    odd = await reader.page.locator(".odd").all_inner_texts()
    assert odd == ["U+0000", "0xFF", "0xFE", "0xED", "0xA0", "0x80", "U+001B", "U+0000"]
    await expect(reader.page.get_by_text("not UTF-8 altogether")).to_be_visible()
    raw = await reader.page.goto(f"{gallery.url}/explorer/packages/{package.id}/raw?path=src/a.ts")
    assert raw is not None
    assert await reader.page.evaluate("document.scripts.length") == 0
    assert reader.faults == []
    await reader.close()


async def test_files_are_never_interpreted(
    browser: Browser, gallery: Gallery, hostile: ApplicationRecord
) -> None:
    reader = await Reader.open(browser)
    for path in ("index.html", "a'%26.svg"):
        response = await reader.page.goto(
            f"{gallery.url}/explorer/packages/{hostile.package_id}/raw?path={path}"
        )
        assert response is not None
        assert response.headers["content-type"] == "text/plain; charset=utf-8"
        assert "sandbox" in response.headers["content-security-policy"]
        assert await reader.page.evaluate(
            "[document.scripts.length, document.images.length, document.contentType]"
        ) == [0, 0, "text/plain"]
    assert reader.faults == []
    await reader.close()


async def test_everything_is_reached_without_scripts(
    browser: Browser, gallery: Gallery, shop: ApplicationRecord
) -> None:
    reader = await Reader.open(browser, java_script_enabled=False)
    page = reader.page
    await page.goto(f"{gallery.url}/explorer")
    await page.get_by_role("link", name="shop").click()
    page.set_default_timeout(60_000)
    await expect(page.locator(".policy")).to_contain_text("changes are announced 7 days before")
    await expect(page.get_by_text("5 days 23 hours left")).to_be_visible()
    await page.get_by_role("link", name="What it would change").click()
    await expect(page.locator(".diff .added")).to_have_count(2)
    await page.locator("select[name=from]").select_option("1")
    await page.locator("select[name=to]").select_option("2")
    await page.get_by_role("button", name="Compare").click()
    await expect(page).to_have_url(re.compile(r"/diff\?from=1&to=2$"))
    await expect(page.locator(".diff .removed").first).to_contain_text("times = 1")
    await page.get_by_role("link", name="shop").click()
    await page.get_by_role("link", name="version 2").first.click()
    await page.get_by_role("link", name="src/exhibit.ts").last.click()
    await expect(page.locator("#L1")).to_contain_text("import")
    await page.locator("#L3 a").click()
    await expect(page).to_have_url(re.compile(r"#L3$"))
    await page.get_by_role("link", name="Log").click()
    await page.get_by_role("link", name="entry 2").click()
    await expect(page.get_by_text("lead from this entry to the root")).to_be_visible()
    await page.get_by_placeholder("name, id or entry").fill("shop")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("shop")
    await page.get_by_role("link", name="in this browser, with a script").click()
    await expect(page.get_by_text("and none has run")).to_be_visible()
    assert reader.faults == []
    await reader.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 320), ("dark", 1100)])
async def test_no_page_breaks_a_rule_of_accessibility(
    browser: Browser,
    gallery: Gallery,
    shop: ApplicationRecord,
    hostile: ApplicationRecord,
    scheme: Any,
    width: int,
) -> None:
    axe = (npm_workspace() / "node_modules/axe-core/axe.min.js").read_text("utf-8")
    # The pages' own policy lets no script in; axe is no part of what is checked.
    reader = await Reader.open(
        browser, color_scheme=scheme, viewport={"width": width, "height": 740}, bypass_csp=True
    )
    addresses = list(_pages_of(shop).values())
    if width == 320:
        addresses += [_pages_of(hostile)[name] for name in ("version", "diff")]
    addresses += [
        f"/explorer/applications/{shop.id}/diff?from=2&to=pending",
        f"/explorer/applications/{shop.id}/versions/2/check",
    ]
    addresses += [each for each in await _source_addresses(gallery, shop) if "source" in each]
    for address in addresses:
        await reader.page.goto(gallery.url + address)
        await reader.page.evaluate(
            "for (const each of document.querySelectorAll('main details')) each.open = true"
        )
        wide = await reader.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{address} scrolls sideways"
        await reader.page.evaluate(axe)
        found = await reader.page.evaluate("axe.run(document)")
        problems = [
            (rule["id"], [place["html"][:200] for place in rule["nodes"]]) for rule in found["violations"]
        ]
        assert problems == [], address
    await reader.close()


async def test_a_narrow_window_shows_all_of_a_table(
    browser: Browser, gallery: Gallery, shop: ApplicationRecord
) -> None:
    reader = await Reader.open(browser, viewport={"width": 320, "height": 740})
    for address in (f"/explorer/applications/{shop.id}", _pages_of(shop)["version"]):
        await reader.page.goto(gallery.url + address)
        cut = await reader.page.evaluate(
            """[...document.querySelectorAll('td, td a, td code')]
              .filter((each) => each.getBoundingClientRect().right > innerWidth).length"""
        )
        assert (cut, await reader.page.locator("td").count() > 0) == (0, True), address
    await reader.close()


async def test_the_keyboard_leads_to_the_content(
    browser: Browser, gallery: Gallery, shop: ApplicationRecord
) -> None:
    reader = await Reader.open(browser)
    await reader.page.goto(f"{gallery.url}/explorer/applications/{shop.id}")
    await reader.page.keyboard.press("Tab")
    await expect(reader.page.get_by_role("link", name="To the content")).to_be_focused()
    await expect(reader.page.get_by_role("link", name="To the content")).to_be_in_viewport()
    await reader.page.keyboard.press("Enter")
    await reader.page.keyboard.press("Tab")
    inside = await reader.page.evaluate("document.querySelector('main').contains(document.activeElement)")
    assert inside
    await reader.close()


async def _checked(page: Page, url: str) -> dict[str, str]:
    """The outcome of each step of a check, by its title."""
    await page.goto(url)
    await expect(page.locator("#check[data-done]")).to_be_attached(timeout=60_000)
    return dict(
        await page.evaluate(
            """() => [...document.querySelectorAll('#steps li')]
              .map((each) => [each.firstChild.textContent.trim(), each.dataset.outcome])"""
        )
    )


STEPS: Final = ("The key of the log.", "The checkpoint.", "The entry.", "The package.", "The files.")


async def test_a_browser_checks_what_a_page_shows(browser: Browser, tmp_path: Path) -> None:
    async with running_node(tmp_path) as node:
        app = await node.deploy("exhibit")
        url = node.url.replace("127.0.0.1", "localhost")
        address = f"{url}/explorer/applications/{app.id}/versions/1/check"
        reader = await Reader.open(browser)
        assert await _checked(reader.page, address) == dict.fromkeys(STEPS, "holds")
        await expect(reader.page.get_by_text("All 5 steps hold.")).to_be_visible()
        assert await reader.page.evaluate("self.origin") == "null"
        assert await reader.page.evaluate("document.scripts.length") == 1
        await expect(reader.page.get_by_text("proves nothing about hardware")).to_be_visible()
        await expect(reader.page.get_by_text("came from the node that is checked")).to_be_visible()
        await expect(reader.page.get_by_text(f"proven verify exhibit@{url}")).to_be_visible()
        assert reader.faults == []

        async def outcome(pattern: str, old: bytes, new: bytes) -> set[str]:
            """The steps that do not hold once an answer has been altered."""

            async def alter(route: Route) -> None:
                answer = await route.fetch()
                body = await answer.body()
                assert old in body, pattern
                await route.fulfill(response=answer, body=body.replace(old, new, 1))

            await reader.page.route(re.compile(pattern), alter)
            found = await _checked(reader.page, address)
            await reader.page.unroute_all(behavior="wait")
            return {title for title, how in found.items() if how != "holds"}

        assert await outcome(r"/raw\?path=src", b"Hello", b"Hallo") == {"The files."}
        assert await outcome(r"/source\.json\?path=src", b"Hello", b"Hallo") == {"The files."}
        assert await outcome(r"/manifest$", b"exhibit", b"exhibiT") == {"The package.", "The files."}
        assert await outcome(r"/log/1\.json", b'"raw":"84', b'"raw":"85') == {"The entry."}
        assert await outcome(r"/inclusion", b'"hashes":["', b'"hashes":["AAAA') == {"The entry."}
        assert "The checkpoint." in await outcome(r"/log/checkpoint$", b"\n2\n", b"\n3\n")
        await reader.close()


async def test_a_rolled_back_version_is_checked_by_the_one_it_returns_to(
    browser: Browser, tmp_path: Path
) -> None:
    async with running_node(tmp_path) as node:
        app = await node.deploy("exhibit", name="back")
        await node.deploy("ledger", name="back")
        owner, applications = node.local._owner, node.local._applications
        revision = applications.find(app.id).revision
        await node.local._deployer.roll_back(owner, app.id, 1, revision=revision)
        url = node.url.replace("127.0.0.1", "localhost")
        reader = await Reader.open(browser)
        found = await _checked(reader.page, f"{url}/explorer/applications/{app.id}/versions/3/check")
        assert found == dict.fromkeys(STEPS, "holds")
        await expect(reader.page.get_by_text("All 5 steps hold.")).to_be_visible()
        await expect(reader.page.get_by_text("returns to version 1, which entry 1 made live")).to_be_visible()
        await reader.close()


async def test_an_announced_version_is_checked_by_both_its_entries(browser: Browser, tmp_path: Path) -> None:
    """Without a key that a node attests, what follows from the log is left open; packages are checked."""
    async with open_gallery(tmp_path) as gallery:
        record = await gallery.create("later")
        files = {
            "package.json": '{"name":"later","proven":{"assets":"dist"}}',
            "src/a.ts": HANDLER + "export const a = run(() => 1);\n",
            "dist/package.json": "Later",
        }
        record = await gallery.deploy(record, gallery.package(files))
        reader = await Reader.open(browser)
        address = f"{gallery.url}/explorer/applications/{record.id}/versions/1/check"
        found = await _checked(reader.page, address)
        assert [found[title] for title in STEPS] == ["fails", "unchecked", "unchecked", "holds", "holds"]
        await expect(reader.page.get_by_text("2 source files and 1 front-end file")).to_be_visible()

        async def alter(route: Route) -> None:
            await route.fulfill(body="Laser", content_type="text/plain")

        await reader.page.route(re.compile(r"/raw\?asset=package\.json"), alter)
        found = await _checked(reader.page, address)
        assert [found[title] for title in STEPS] == ["fails", "unchecked", "unchecked", "holds", "fails"]
        await reader.close()


@pytest.mark.parametrize(
    "forbidden", ["innerHTML", "insertAdjacentHTML", "outerHTML", "document.write", "eval("]
)
def test_the_script_does_without(forbidden: str) -> None:
    assert not [path for path in SOURCE.glob("*.ts") if forbidden in path.read_text()]


def test_no_template_says_that_something_is_safe() -> None:
    for path in SOURCE.iterdir():
        if path.suffix in (".html", ".atom"):
            text = path.read_text()
            assert not re.search(r"\|\s*safe|autoescape|Markup|\sstyle=|\son[a-z]+=", text), path
            assert not re.search(r"\s[a-z-]+=\{", text), f"{path} has an attribute without quotes"


def _altered(gallery: Gallery, content: bytes) -> Package:
    """A package whose only module has any bytes."""
    package = gallery.package({"src/a.ts": HANDLER + "export const a = run(() => 1);\n"})
    modules = tuple(
        msgspec.structs.replace(each, sha256=hashlib.sha256(content).hexdigest(), size=len(content))
        if each.path == "src/a.ts"
        else each
        for each in package.manifest.modules
    )
    manifest = msgspec.structs.replace(package.manifest, modules=modules)
    return Package.create(manifest, {**package.files, "src/a.ts": content}, {})


def _written(match: re.Match[str]) -> str:
    return f"U+{ord(match[0]):04X}"
