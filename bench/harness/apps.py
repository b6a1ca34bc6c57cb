"""Apps made for a measurement."""

from __future__ import annotations

from pathlib import Path

LIBRARIES = 9
SIZE = 100_000
"""Bytes of source that `large` writes, give or take a function."""

_HANDLER = """import { run } from "@proven-network/handler";
IMPORTS
export const total = run((seed: number) => [LIST].reduce((sum, part) => part(sum), seed));
"""


def large(folder: Path, salt: int) -> Path:
    """Write an app of ten modules and about 100 kB of functions to `folder`.

    `salt` goes into every module, so that no two share a cache entry. `src/app.ts#total` is its handler;
    `libraries.mjs` imports the same modules without it.
    """
    source = folder / "src"
    source.mkdir(parents=True)
    names = [f"library{index}" for index in range(LIBRARIES)]
    for name in names:
        (source / f"{name}.js").write_text(_library(name, salt))
    imports = "\n".join(f'import {{ {name} }} from "./{name}.js";' for name in names)
    handler = _HANDLER.replace("IMPORTS", imports).replace("LIST", ", ".join(names))
    (source / "app.ts").write_text(handler)
    (folder / "libraries.mjs").write_text("\n".join(f'import "./src/{name}.js";' for name in names) + "\n")
    return folder


def _library(name: str, salt: int) -> str:
    parts = [f"// {name}, {salt}"]
    size = count = 0
    while size < SIZE // LIBRARIES:
        function = (
            f"function step{count}(value) {{\n"
            f"  const scaled = (value * {count + 3} + {salt}) % 1000003;\n"
            f"  if (scaled > {count}) return {{ value: scaled, label: `{name} ${{scaled}}` }};\n"
            f"  return {{ value: scaled + {count}, label: '{name}', nested: [scaled, scaled + 1] }};\n"
            f"}}"
        )
        parts.append(function)
        size += len(function) + 1
        count += 1
    chain = ", ".join(f"step{index}" for index in range(count))
    parts.append(f"export const {name} = (seed) => [{chain}].reduce((sum, step) => step(sum).value, seed);")
    return "\n".join(parts) + "\n"
