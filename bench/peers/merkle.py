"""pymerkle on a SQLite file: reads a number of entries to begin with, then one command per line."""

from __future__ import annotations

import json
import random
import statistics
import sys
import time

from pymerkle import SqliteTree

SAMPLES = 300


def main(file: str, entries: int) -> None:
    tree = SqliteTree(file)
    tree.append_entries([b"entry %d" % number for number in range(entries)])
    print(json.dumps({"ready": tree.get_size()}), flush=True)
    for line in sys.stdin:
        print(json.dumps(append(tree) if line.strip() == "append" else prove(tree)), flush=True)


def append(tree: SqliteTree) -> dict[str, float]:
    """Milliseconds for one entry on disk and the new root."""
    taken = []
    for number in range(20):
        begin = time.perf_counter()
        tree.append_entry(b"another %d" % number)
        tree.get_root()
        taken.append(time.perf_counter() - begin)
    return {"append": statistics.median(taken) * 1e3}


def prove(tree: SqliteTree) -> dict[str, float]:
    """Microseconds for a proof, and its hashes' bytes."""
    size, taken = tree.get_size(), []
    for _ in range(SAMPLES):
        index = random.randint(1, size)
        begin = time.perf_counter()
        proof = tree.prove_inclusion(index, size)
        taken.append(time.perf_counter() - begin)
    return {"prove": statistics.median(taken) * 1e6, "bytes": len(proof.path) * 32}


main(sys.argv[1], int(sys.argv[2]))
