"""What a version adds to databases, beside the version before it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from proven.packages import Manifest, Migration, Package
from proven.packages.manifest import MigrationScope

PackageOf = Callable[[Mapping[str, str]], Package]

HANDLER = "import { run } from '@proven-network/handler';\nexport const f = run(() => 1);\n"
SQL = "import { getApplicationDb, getPersonalDb } from '@proven-network/sql';\n"


def hashed(*statements: str) -> tuple[str, ...]:
    return tuple(hashlib.sha256(statement.encode()).hexdigest() for statement in statements)


def manifest(package_of: PackageOf, **modules: str) -> Manifest:
    files = {f"src/{name}.ts": SQL + source + HANDLER for name, source in modules.items()}
    return package_of(files).manifest


def test_all_of_a_first_version_are_new(package_of: PackageOf) -> None:
    first = manifest(package_of, a="getApplicationDb('shop').migrate('A').migrate('B');\n")
    assert first.migrations_beyond(None) == (
        Migration("src/a.ts", MigrationScope.APPLICATION, "shop", hashed("A", "B")),
    )


def test_only_what_was_not_there_for_the_same_database_is_new(package_of: PackageOf) -> None:
    before = manifest(package_of, a="getApplicationDb('shop').migrate('A');\n")
    after = manifest(
        package_of,
        a="getApplicationDb('shop').migrate('A').migrate('B');\ngetPersonalDb('shop').migrate('A');\n",
        b="getApplicationDb('other').migrate('A');\n",
    )
    assert set(after.migrations_beyond(before)) == {
        Migration("src/a.ts", MigrationScope.APPLICATION, "shop", hashed("B")),
        Migration("src/a.ts", MigrationScope.PERSONAL, "shop", hashed("A")),
        Migration("src/b.ts", MigrationScope.APPLICATION, "other", hashed("A")),
    }
    assert after.migrations_beyond(after) == ()
    assert before.migrations_beyond(after) == ()


def test_a_statement_that_moved_or_is_repeated_is_not_new_twice(package_of: PackageOf) -> None:
    before = manifest(package_of, a="getApplicationDb('shop').migrate('A');\n")
    moved = manifest(package_of, b="getApplicationDb('shop').migrate('A').migrate('B');\n")
    twice = manifest(
        package_of,
        a="getApplicationDb('shop').migrate('A').migrate('B');\n",
        b="getApplicationDb('shop').migrate('B');\n",
    )
    for after in (moved, twice):
        (added,) = after.migrations_beyond(before)
        assert added.statements == hashed("B")
