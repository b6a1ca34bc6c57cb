"""Type-checking an app's folder with the TypeScript compiler in Deno, offline.

The app is copied beside the types it needs, into `.proven/check` of its folder, because the compiler finds
npm packages only in a `node_modules` above the files it checks. Nothing outside of `.proven` is written.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import deno

from proven.wire.errors import ErrorCode, ProvenError

from . import _lock
from ._lock import LockFile
from ._paths import join
from ._resolve import BUILTIN_PREFIX, NODE_BUILTINS, ResolutionError
from .limits import MAX_FILE_BYTES, MAX_FOLDER_FILES
from .registry import Registry
from .typescript import type_declarations

TIMEOUT_SECONDS: Final = 120
UNCODED: Final = "deno"
"""The code of what the compiler says without one, mostly that it cannot find a module."""
_SUFFIXES: Final = (".ts", ".mts", ".js", ".mjs", ".json")
_IGNORED: Final = frozenset({"node_modules"})
_DIAGNOSTIC: Final = re.compile(r"^(TS\d+) \[ERROR\]: ", re.MULTILINE)
_PLACE: Final = re.compile(r"^ {4}at (file://\S+?):(\d+):(\d+)$", re.MULTILINE)
_FAILURE: Final = re.compile(r"at (file://\S+?):(\d+):(\d+)")
_TYPES: Final = "@types"
_OURS: Final = ".of-proven"
_LINKED: Final = ".linked"
_COMPILER_OPTIONS: Final[Mapping[str, Any]] = {"strict": True, "lib": ["esnext", "webworker"]}


@dataclass(frozen=True, slots=True, order=True)
class Diagnostic:
    """One finding of the compiler. `line` and `column` count from 1, 0 where the compiler names no place."""

    file: str
    line: int
    column: int
    code: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.message} [{self.code}]"


def type_check(folder: Path, modules: Iterable[str], registry: Registry) -> list[Diagnostic]:
    """Check `modules` (paths in the folder) and what they import; return what the compiler objects to.

    Raises `ProvenError`: `UNAVAILABLE` if the compiler cannot be run.
    """
    try:
        copy = _lay_out(folder, registry)
    except ResolutionError as error:
        return [Diagnostic(_lock.NAMES[1], 0, 0, error.rule.value, error.message)]
    return _report(*_run(copy, sorted(modules)), copy)


async def type_check_aside(folder: Path, modules: Iterable[str], registry: Registry) -> list[Diagnostic]:
    """`type_check` for who has something else to do: cancelled, it ends the compiler. Raises as that does."""
    try:
        copy = await asyncio.to_thread(_lay_out, folder, registry)
    except ResolutionError as error:
        return [Diagnostic(_lock.NAMES[1], 0, 0, error.rule.value, error.message)]
    command, environment = _command(copy, sorted(modules))
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=copy / "app",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise ProvenError(ErrorCode.UNAVAILABLE, f"the type checker cannot run: {error}") from None
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            output, _ = await process.communicate()
    except TimeoutError as error:
        raise ProvenError(ErrorCode.UNAVAILABLE, f"the type checker cannot run: {error}") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return _report(process.returncode, output, copy)


def _report(status: int | None, output: bytes, copy: Path) -> list[Diagnostic]:
    if status == 0:
        return []
    text = output.decode(errors="replace")
    found = sorted(set(_diagnostics(text, copy)))
    return found or [Diagnostic(".", 0, 0, UNCODED, f"the type checker failed: {text.strip()[:500]!r}")]


def _lay_out(folder: Path, registry: Registry) -> Path:
    """Make a copy of what the compiler is to see: the app's sources, types, and npm packages."""
    folder = folder.resolve()
    copy = folder / ".proven" / "check"
    app = copy / "app"
    wanted = dict(_sources(folder))
    for stale in _files(app):
        if stale not in wanted:
            (app / stale).unlink()
    for path, content in wanted.items():
        _write(app / path, content)
    declarations = type_declarations()
    for name, source in declarations.items():
        _write(copy / "types" / name / "index.d.ts", source.read_bytes())
    _lay_out_npm(folder, app, registry)
    replacing = _lay_out_node(app / "node_modules")
    configuration = {
        "imports": {
            **{name: f"npm:{name}" for name in replacing},
            **{BUILTIN_PREFIX + name: f"../types/{name}/index.d.ts" for name in declarations},
        },
        "nodeModulesDir": "manual",
        "lock": False,
        "unstable": ["sloppy-imports"],
        "compilerOptions": _COMPILER_OPTIONS,
    }
    _write(app / "deno.json", json.dumps(configuration).encode())
    return copy


def _lay_out_npm(folder: Path, app: Path, registry: Registry) -> None:
    """The npm packages: those that npm installed, or else those of the lock file."""
    modules = app / "node_modules"
    if modules.is_symlink():
        modules.unlink()
    installed = folder / "node_modules"
    if installed.is_dir() or (modules / _LINKED).exists():
        shutil.rmtree(modules, ignore_errors=True)
    if installed.is_dir():
        _link(installed, modules)
        _write(modules / _LINKED, b"")
        return
    lock = next((folder / name for name in _lock.NAMES if (folder / name).is_file()), None)
    if lock is None:
        return
    for location, locked in LockFile(lock.read_bytes()).installed():
        marker = app / location / f".{locked.version}"
        if marker.exists():
            continue
        shutil.rmtree(app / location, ignore_errors=True)
        for path, content in registry.files(locked).items():
            target = join(location, path)
            if target is not None and target.startswith(location + "/"):
                _write(app / target, content)
        _write(marker, b"")


def _link(installed: Path, modules: Path) -> None:
    """Links to all packages, in a folder where types can be added."""
    modules.mkdir()
    for package in installed.iterdir():
        if package.name == _TYPES:
            _link(package, modules / _TYPES)
        else:
            (modules / package.name).symlink_to(package)


def _lay_out_node(modules: Path) -> list[str]:
    """Types of Node's modules that allow everything, if there are none: the rules for packages refuse them,
    and for want of types the compiler would fail. Returns those that npm packages of the same name replace.
    """
    replaced = [name for name in sorted(NODE_BUILTINS) if (modules / name).exists()]
    types = modules / _TYPES / "node"
    if (types / "package.json").exists() and not (types / _OURS).exists():
        return replaced
    names = sorted(NODE_BUILTINS.difference(replaced))
    declared = ["node:*", *names, *(f"{name}/*" for name in names)]
    _write(types / _OURS, b"")
    _write(types / "package.json", b'{"name": "@types/node", "version": "0.0.0", "types": "index.d.ts"}')
    _write(types / "index.d.ts", "".join(f'declare module "{name}";\n' for name in declared).encode())
    return replaced


def _sources(folder: Path) -> Iterator[tuple[str, bytes]]:
    count = 0
    for path in _files(folder):
        file = folder / path
        count += 1
        if count > MAX_FOLDER_FILES:
            message = f"{folder} has over {MAX_FOLDER_FILES} files: run this in the app's own folder"
            raise ProvenError(ErrorCode.TOO_LARGE, message)
        if path.endswith(_SUFFIXES) and file.resolve().is_relative_to(folder):
            try:
                if file.stat().st_size <= MAX_FILE_BYTES:
                    yield path, file.read_bytes()
            except OSError:
                continue


def _files(folder: Path) -> Iterator[str]:
    """Regular files below `folder`, without hidden ones and `node_modules`."""
    for directory, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _IGNORED)
        for name in sorted(names):
            path = Path(directory, name)
            if not name.startswith(".") and path.is_file():
                yield path.relative_to(folder).as_posix()


def _write(file: Path, content: bytes) -> None:
    try:
        if file.read_bytes() == content:
            return
    except OSError:
        file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _command(copy: Path, modules: list[str]) -> tuple[list[str], dict[str, str]]:
    """What to run in the copy of the app, and its environment."""
    arguments = ["check", "--quiet", "--no-remote", "--cached-only", "--config", "deno.json"]
    environment = {
        "HOME": str(copy),
        "DENO_DIR": str(copy / "cache"),
        "DENO_NO_UPDATE_CHECK": "1",
        "NO_COLOR": "1",
    }
    return [deno.find_deno_bin(), *arguments, *(f"./{module}" for module in modules)], environment


def _run(copy: Path, modules: list[str]) -> tuple[int, bytes]:
    command, environment = _command(copy, modules)
    try:
        completed = subprocess.run(
            command,
            cwd=copy / "app",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProvenError(ErrorCode.UNAVAILABLE, f"the type checker cannot run: {error}") from None
    return completed.returncode, completed.stdout


def _diagnostics(output: str, copy: Path) -> Iterator[Diagnostic]:
    """Read the compiler's report, with places in the folder instead of in the copy."""
    starts = [match.start() for match in _DIAGNOSTIC.finditer(output)]
    for start, end in itertools.pairwise([*starts, len(output)]):
        block = output[start:end]
        code = block.partition(" ")[0]
        place = _PLACE.search(block)
        lines = block.partition(": ")[2].splitlines()
        more = [line.strip() for line in _continuation(lines[1:])]
        message = " ".join([lines[0].strip(), *more])
        yield _diagnostic(place, code, message, copy)
    if not starts and (place := _FAILURE.search(output)):
        yield _diagnostic(place, UNCODED, output.removeprefix("error: ").splitlines()[0], copy)


def _continuation(lines: list[str]) -> Iterator[str]:
    """The indented lines that belong to a message, before the excerpt of the source."""
    for line in lines:
        if not line.startswith("  ") or line.startswith("    at "):
            return
        yield line


def _diagnostic(place: re.Match[str] | None, code: str, message: str, copy: Path) -> Diagnostic:
    message = message.replace(f"file://{copy}/app/", "").replace(f"file://{copy}/", "")
    if place is None:
        return Diagnostic(".", 0, 0, code, message)
    path = place[1].removeprefix(f"file://{copy}/app/")
    return Diagnostic(path, int(place[2]), int(place[3]), code, message)
