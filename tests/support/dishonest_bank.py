"""An application whose operator is about to lie, and the client that is lied to."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from proven.attestation import DevelopmentAttestor, Verifier
from proven.client import LogMemory, Pins
from proven.client.collect import collecting
from proven.client.report import LinkName, Report
from proven.client.verification import examine
from proven.packages import Package, build
from proven.wire.applications import Deploy, OwnerKey, Timelock
from support.dishonest import HOUR, Book, Operator, new_log_key, root_of, serving

OWNER, STRANGER, GUARDIAN = (OwnerKey.from_seed(bytes([number]) * 32) for number in (1, 2, 3))
DELAY = 48 * HOUR


def make_package(folder: Path, answer: str) -> Package:
    (folder / "src").mkdir(parents=True)
    source = f"import {{ run }} from '@proven-network/handler';\nexport const ask = run(() => '{answer}');\n"
    (folder / "src" / "bank.ts").write_text(source)
    return build(folder)


class Scene:
    """An honest log of the application `bank` under a timelock, a client's memory, and who serves it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.attestor = DevelopmentAttestor(folder / "attestation")
        self.good = make_package(folder / "good", "yours")
        self.bad = make_package(folder / "bad", "mine")
        self.log_key, origin = new_log_key()
        self.book = Book(origin)
        self.other = self.book.create(STRANGER, "other")
        self.application = self.book.create(
            OWNER, "bank", Timelock(delay=DELAY, guardians=(GUARDIAN.public_key,))
        )
        self.book.say(self.application, Deploy(package_id=self.good.id), OWNER, ago=20 * 24 * HOUR)
        self.live = self.book.activate(self.application, ago=17 * 24 * HOUR)
        self.book.say(self.other, Deploy(package_id=self.bad.id), STRANGER, ago=16 * 24 * HOUR)
        self.memory = LogMemory(folder / "memory")
        self.operator = self.serve(self.book, self.good, self.live)

    def serve(self, book: Book, package: Package, log_index: int) -> Operator:
        return Operator(self.attestor, book, self.log_key, package, self.application, log_index)

    def signed_head(self) -> dict[str, Any]:
        """What the node itself says of its log, whatever is passed on of that."""
        leaves = self.book.leaves
        root = base64.b64encode(root_of(leaves)).decode()
        return {"log": {"origin": self.book.origin, "size": len(leaves), "root": root}}

    async def verdict(
        self,
        operator: Operator | None = None,
        *,
        asked: str | None = None,
        pins: Pins | None = None,
        verifier: Verifier | None = None,
    ) -> Report:
        """What an unmodified client says, and remembers."""
        async with serving(operator or self.operator) as served, collecting(served.url) as collector:
            answer = await collector.describe(asked or self.application)
            bundle = await collector.bundle(answer, asked=asked or self.application, memory=self.memory)
        verifier = verifier or Verifier.development(self.attestor.root)
        report = examine(bundle, verifier, pins=pins, memory=self.memory)
        if report.state is not None:
            self.memory.remember(self.application, report.state)
        return report


def assert_caught(report: Report, link: LinkName, message: str) -> None:
    assert report.failed is not None, "nothing was noticed"
    assert report.failed.name is link, report.failed
    assert message in report.failed.found
    assert report.exit_code > 10
    assert report.state is None
