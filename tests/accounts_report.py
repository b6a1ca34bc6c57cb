"""Print how far this node agrees with the published vectors and other implementations of account standards.

`python tests/accounts_report.py [--write]`; with `--write` the table in docs/accounts.md is replaced.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from support.account_peers import running_peers  # noqa: E402
from support.account_vectors import Row, against_peers, published, table  # noqa: E402

PAGE = ROOT / "docs" / "accounts.md"
START, END = "<!-- agreement -->\n", "<!-- /agreement -->"


def rows() -> list[Row]:
    with running_peers() as peers:
        return [*published(), *against_peers(peers)]


def with_table(page: str, text: str) -> str:
    """The page with another table."""
    before, _, rest = page.partition(START)
    return f"{before}{START}{text}\n{END}{rest.partition(END)[2]}"


def main() -> int:
    found = rows()
    text = table(found)
    print(text)
    for row in found:
        for difference in row.differences:
            print(f"differs ({row.standard}, {row.what}): {difference}", file=sys.stderr)
    if "--write" in sys.argv[1:]:
        PAGE.write_text(with_table(PAGE.read_text("utf-8"), text), "utf-8")
    return any(row.differences for row in found)


if __name__ == "__main__":
    raise SystemExit(main())
