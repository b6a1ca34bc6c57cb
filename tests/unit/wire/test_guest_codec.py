"""The guest's codec and this one write the same bytes for the same values: the published vectors."""

from __future__ import annotations

import json
import os
import subprocess
from importlib.resources import files
from pathlib import Path

import deno
import pytest

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "values.json").read_text())["values"]

PROGRAM = """
import { Reader, Writer } from "%s";
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (byte) => parseInt(byte, 16));
const encode = (value, size) => {
  const writer = new Writer(size, 1e6);
  writer.value(value);
  return hex(writer.bytes.subarray(0, writer.position));
};
const outcomes = %s.map(({ name, javascript, encoded }) => {
  const value = (0, eval)(`(${javascript})`);
  const sizes = Array.from({ length: 80 }, (_, size) => encode(value, size));
  return { name, written: [...new Set(sizes)], again: encode(new Reader(unhex(encoded)).value(), 64) };
});
console.log(JSON.stringify(outcomes));
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    codec = files("proven.runtime").joinpath("js/values.js")
    program = PROGRAM % (Path(str(codec)).as_uri(), json.dumps(VECTORS))
    ended = subprocess.run(
        [deno.find_deno_bin(), "run", "--no-config", "--no-remote", "--no-npm", "--no-prompt", "-"],
        input=program.encode(),
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, "DENO_DIR": str(tmp_path_factory.mktemp("deno")), "NO_COLOR": "1"},
    )
    assert ended.returncode == 0, ended.stderr.decode()
    return {outcome["name"]: outcome for outcome in json.loads(ended.stdout)}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_guest_writes_the_published_bytes(
    vector: dict[str, str], outcomes: dict[str, dict[str, object]]
) -> None:
    """Whatever room its buffer has left: a value is also written right where the buffer grows."""
    assert outcomes[vector["name"]]["written"] == [vector["encoded"]]


@pytest.mark.parametrize(
    "vector",
    [vector for vector in VECTORS if "stack: undefined" not in vector["javascript"]],
    ids=lambda vector: vector["name"],
)
def test_the_guest_reads_the_published_bytes(
    vector: dict[str, str], outcomes: dict[str, dict[str, object]]
) -> None:
    """Except for an error without a stack: JavaScript has none, so reading it makes one up."""
    assert outcomes[vector["name"]]["again"] == vector["encoded"]
