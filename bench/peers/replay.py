"""Events from a table of SQLite replayed into others, nothing checked and nothing hashed."""

from __future__ import annotations

import json
import sqlite3
import sys
import time

SCHEMA = """
CREATE TABLE application (id TEXT PRIMARY KEY, name TEXT, changed_at INTEGER, entries INTEGER DEFAULT 1,
    versions INTEGER DEFAULT 0, pending TEXT) WITHOUT ROWID;
CREATE TABLE version (application TEXT, number INTEGER, package TEXT, at INTEGER,
    PRIMARY KEY (application, number)) WITHOUT ROWID;
CREATE TABLE setting (application TEXT, value TEXT, PRIMARY KEY (application, value)) WITHOUT ROWID;
"""
CREATE = "INSERT INTO application (id, name, changed_at) VALUES (?, ?, ?)"
DEPLOY = (
    "UPDATE application SET entries = entries + 1, changed_at = ?, versions = versions + 1 WHERE id = ?"
    " RETURNING versions"
)
CHANGE = "UPDATE application SET entries = entries + 1, changed_at = ?, pending = ? WHERE id = ?"
SETTING = "INSERT OR REPLACE INTO setting VALUES (?, ?)"


def main(file: str) -> None:
    """Print how many seconds it took, by the clock and of the processor."""
    events = sqlite3.connect(file)
    tables = sqlite3.connect(":memory:", isolation_level=None)
    tables.executescript(SCHEMA)
    wall, cpu = time.perf_counter(), time.process_time()
    for application, at, event in events.execute("SELECT application, at, event FROM event ORDER BY number"):
        fields = json.loads(event)
        match fields["command"]:
            case "CreateApplication":
                tables.execute(CREATE, (application, fields["name"], at))
            case "Deploy":
                ((number,),) = tables.execute(DEPLOY, (at, application)).fetchall()
                version = (application, number, fields["package_id"], at)
                tables.execute("INSERT INTO version VALUES (?, ?, ?, ?)", version)
            case "AddAllowedOrigin" | "LinkDomain":
                tables.execute(CHANGE, (at, None, application))
                tables.execute(SETTING, (application, fields.get("origin") or fields["domain"]))
            case _:
                tables.execute(CHANGE, (at, event, application))
    print(json.dumps({"fold": time.perf_counter() - wall, "fold_cpu": time.process_time() - cpu}))


main(sys.argv[1])
