"""A package made ready to run: compiled, resolved, and encoded the way a guest process takes it."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proven.packages import HandlerEntry, ModuleGraph, Package
from proven.wire import values
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import PackageId

from ._endings import Ending
from ._guest import Guest
from ._stacks import SourceMap, StackMapper
from ._thrown import ThrownError
from .config import MIB, RuntimeConfig

_TYPESCRIPT: Final = (".ts", ".mts", ".cts")
_COMPILER_VERSION: Final = b"strip-types/1\0"
_BATCH_CHARACTERS: Final = MIB
_PROGRAM_BYTES: Final = 64 * MIB
_MEMORY_CACHE_BYTES: Final = 32 * MIB


@dataclass(frozen=True, slots=True)
class Program:
    """What a process needs to serve a package. `handlers` maps an address to its entry and encoded number."""

    payload: bytes
    handlers: dict[str, tuple[HandlerEntry, bytes]]
    memory_mib: int
    map_stack: StackMapper


class Compiler:
    """Turns packages into programs.

    TypeScript is compiled in a process of its own, which is thrown away afterwards: it has read one
    application's source and nobody else's code ever meets it. Results are kept by hash of their source.
    """

    def __init__(self, config: RuntimeConfig, take: Callable[[], Awaitable[Guest]]) -> None:
        self._config = config
        self._take = take
        self._cache = _Cache(config.compile_cache)
        self._programs: OrderedDict[PackageId, Program] = OrderedDict()

    async def program(self, package: Package) -> Program:
        """The program of a package: kept from before, or made now.

        Raises `ProvenError` (`BUILD_ERROR`) for what cannot be resolved or compiled.
        """
        program = self._programs.get(package.id)
        if program is None:
            program = await self._make(package)
        self._programs[package.id] = program
        self._programs.move_to_end(package.id)
        while sum(len(kept.payload) for kept in self._programs.values()) > _PROGRAM_BYTES:
            self._programs.popitem(last=False)
        return program

    async def _make(self, package: Package) -> Program:
        graph = await asyncio.to_thread(ModuleGraph.resolve, package)
        sources = {path: graph.source(path).decode("utf-8", "replace") for path in graph.modules}
        code = dict(sources)
        maps: dict[str, SourceMap] = {}
        typescript = [path for path in sources if path.endswith(_TYPESCRIPT)]
        compiled = await self._compile([(path, sources[path]) for path in typescript])
        for path, (text, has_map) in compiled.items():
            code[path] = text
            if has_map and (source_map := SourceMap.inline(text)) is not None:
                maps[path] = source_map
        manifest = package.manifest
        entries = sorted({*manifest.entries, *(handler.module for handler in manifest.handlers)})
        document = {
            "modules": [[path, graph.modules[path].format.value, text] for path, text in code.items()],
            "links": {path: dict(module.imports) for path, module in graph.modules.items()},
            "entries": entries,
            "handlers": [[h.address, h.module, h.export, h.kind.value] for h in manifest.handlers],
        }
        return Program(
            payload=values.encode(document),
            handlers={h.address: (h, values.encode(i)) for i, h in enumerate(manifest.handlers)},
            memory_mib=self._memory(package),
            map_stack=StackMapper(maps),
        )

    def _memory(self, package: Package) -> int:
        asked = [h.options.memory_mib for h in package.manifest.handlers if h.options.memory_mib is not None]
        return min(max([self._config.memory_mib, *asked]), self._config.max_memory_mib)

    async def _compile(self, sources: list[tuple[str, str]]) -> dict[str, tuple[str, bool]]:
        results: dict[str, tuple[str, bool]] = {}
        missing = []
        for path, source in sources:
            known = self._cache.get(source)
            if known is None:
                missing.append((path, source))
            else:
                results[path] = known
        if missing:
            compiled = await self._compile_in_process(missing)
            for (path, source), (text, has_map) in zip(missing, compiled, strict=True):
                results[path] = (text, has_map)
                self._cache.put(source, text, has_map)
        return results

    async def _compile_in_process(self, sources: list[tuple[str, str]]) -> list[tuple[str, bool]]:
        guest = await self._take()
        raw: list[object] = []
        try:
            async with asyncio.timeout(self._config.load_timeout):
                for batch in _batches(sources):
                    raw += await guest.compile(batch)
        except ThrownError as thrown:
            raise ProvenError(ErrorCode.BUILD_ERROR, f"TypeScript: {thrown.record['message']}") from None
        except TimeoutError:
            raise ProvenError(ErrorCode.BUILD_ERROR, "compiling the package takes too long") from None
        finally:
            guest.kill(Ending.RETIRED)
        results: list[tuple[str, bool]] = []
        for item in raw:
            match item:
                case [str(text), bool(has_map)]:
                    results.append((text, has_map))
        if len(results) != len(sources):
            raise ProvenError(ErrorCode.BUILD_ERROR, "the compiler gave no result")
        return results


def _batches(sources: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """Some sources at a time, so that a result is never too large for one frame."""
    batch: list[tuple[str, str]] = []
    size = 0
    for path, source in sources:
        if batch and size + len(source) > _BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
        batch.append((path, source))
        size += len(source)
    if batch:
        yield batch


class _Cache:
    """Compiled modules by SHA-256 of their source: the most recent in memory, all of them in a directory."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._entries: OrderedDict[str, tuple[str, bool]] = OrderedDict()
        self._bytes = 0
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def get(self, source: str) -> tuple[str, bool] | None:
        key = _key(source)
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
            return entry
        if self._directory is None:
            return None
        try:
            text = (self._directory / key).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None
        entry = (text[1:], text[:1] == "t")
        self._remember(key, entry)
        return entry

    def put(self, source: str, text: str, has_map: bool) -> None:
        key = _key(source)
        self._remember(key, (text, has_map))
        if self._directory is not None:
            scratch = self._directory / f"{key}.{os.getpid()}"
            scratch.write_text(("t" if has_map else "s") + text, encoding="utf-8")
            scratch.replace(self._directory / key)

    def _remember(self, key: str, entry: tuple[str, bool]) -> None:
        self._entries[key] = entry
        self._bytes += len(entry[0])
        while self._bytes > _MEMORY_CACHE_BYTES:
            _, (text, _) = self._entries.popitem(last=False)
            self._bytes -= len(text)


def _key(source: str) -> str:
    return hashlib.sha256(_COMPILER_VERSION + source.encode()).hexdigest()
