"""Apps made for a measurement."""

from __future__ import annotations

from pathlib import Path

LIBRARIES = 9

_HANDLER = """import { run, runOnHttp } from "@proven-network/handler";
IMPORTS
export const total = run((seed: number) => [LIST].reduce((sum, part) => part(sum), seed));
export const page = runOnHttp({ path: "/total", method: "GET" }, () => String(total(1)));
"""


def large(folder: Path, salt: int, *, size: int = 100_000, typed: bool = False) -> Path:
    """Write an app of ten modules and about `size` bytes of functions to `folder`, in JavaScript or, `typed`,
    in TypeScript.

    `salt` goes into every module, so that no two share a cache entry. `src/app.ts#total` is its handler;
    `libraries.mjs` imports the same modules without it.
    """
    source = folder / "src"
    source.mkdir(parents=True)
    names = [f"library{index}" for index in range(LIBRARIES)]
    files = [f"{name}.{'ts' if typed else 'js'}" for name in names]
    for name, file in zip(names, files, strict=True):
        (source / file).write_text(_library(name, salt, size // LIBRARIES, ": number" if typed else ""))
    imports = "\n".join(
        f'import {{ {name} }} from "./{file}";' for name, file in zip(names, files, strict=True)
    )
    handler = _HANDLER.replace("IMPORTS", imports).replace("LIST", ", ".join(names))
    (source / "app.ts").write_text(handler)
    (folder / "libraries.mjs").write_text("\n".join(f'import "./src/{file}";' for file in files) + "\n")
    return folder


def _library(name: str, salt: int, wanted: int, typed: str) -> str:
    parts = [f"// {name}, {salt}"]
    size = count = 0
    while size < wanted:
        function = (
            f"function step{count}(value{typed}) {{\n"
            f"  const scaled = (value * {count + 3} + {salt}) % 1000003;\n"
            f"  if (scaled > {count}) return {{ value: scaled, label: `{name} ${{scaled}}` }};\n"
            f"  return {{ value: scaled + {count}, label: '{name}', nested: [scaled, scaled + 1] }};\n"
            f"}}"
        )
        parts.append(function)
        size += len(function) + 1
        count += 1
    chain = ", ".join(f"step{index}" for index in range(count))
    parts.append(
        f"export const {name} = (seed{typed}) => [{chain}].reduce((sum, step) => step(sum).value, seed);"
    )
    return "\n".join(parts) + "\n"
