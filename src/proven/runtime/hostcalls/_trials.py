"""Health checks: what their code finds in place of the application's data."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from proven.packages import HandlerKind
from proven.runtime.host import CallContext, HostFunction, ImmediateFunction
from proven.storage import Storage
from proven.wire.errors import ErrorCode, ProvenError

_STATE: Final = "health check.functions"
_PREFIX: Final = "proven-health-check-"


class Trials:
    """Keeps health checks apart from what they are to protect. Its rules:

    1. The code of a version that is not in force sees nothing that the application has stored, and changes
       none of it: the log does not say yet that it ran, and perhaps it never will.
    2. Each health check has a store of its own: empty, under a key that nobody keeps, gone when it ends.
    3. What it publishes is refused: nobody may hear of a version that does not answer.
    """

    def __init__(
        self,
        storage: Storage,
        functions_over: Callable[[Storage], Mapping[str, HostFunction]],
        directory: Path | None,
    ) -> None:
        """`directory` is where stores are put, by default where the system puts temporary files."""
        self._storage = storage
        self._functions_over = functions_over
        self._directory = directory

    def clear(self) -> None:
        """Remove what a node that was killed has left."""
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory.mkdir(mode=0o700, parents=True)

    def apart(self, functions: Mapping[str, HostFunction]) -> dict[str, HostFunction]:
        """Operations on the application's data, with those on the health check's own in their place."""
        return {name: self._routed(name, function) for name, function in functions.items()}

    def never(self, functions: Mapping[str, HostFunction]) -> dict[str, HostFunction]:
        """Operations that health checks are refused."""

        def refusing(name: str, function: HostFunction) -> HostFunction:
            async def refuse() -> Any:
                raise ProvenError(ErrorCode.FORBIDDEN, f"a health check cannot use {name}")

            def perform(context: CallContext, arguments: Sequence[Any]) -> Awaitable[Any]:
                return refuse() if _is_trial(context) else function(context, arguments)

            return perform

        return {name: refusing(name, function) for name, function in functions.items()}

    def waiting(self, functions: Mapping[str, ImmediateFunction]) -> dict[str, ImmediateFunction]:
        """Short cuts to the application's data, which health checks have none of."""

        def guarded(function: ImmediateFunction) -> ImmediateFunction:
            return lambda context, arguments: None if _is_trial(context) else function(context, arguments)

        return {name: guarded(function) for name, function in functions.items()}

    def _routed(self, name: str, function: HostFunction) -> HostFunction:
        async def elsewhere(context: CallContext, arguments: Sequence[Any]) -> Any:
            return await (await self._functions(context))[name](context, arguments)

        def perform(context: CallContext, arguments: Sequence[Any]) -> Awaitable[Any]:
            return elsewhere(context, arguments) if _is_trial(context) else function(context, arguments)

        return perform

    async def _functions(self, context: CallContext) -> Mapping[str, HostFunction]:
        opened: tuple[asyncio.Task[None], Mapping[str, HostFunction]] | None = context.state.get(_STATE)
        if opened is None:
            opened = context.state[_STATE] = self._open(context)
        opening, functions = opened
        await asyncio.shield(opening)
        return functions

    def _open(self, context: CallContext) -> tuple[asyncio.Task[None], Mapping[str, HostFunction]]:
        directory = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self._directory))
        storage = self._storage.scratch(directory)
        opening = asyncio.create_task(storage.start(), name="health-check-store")

        async def discard() -> None:
            await asyncio.gather(opening, return_exceptions=True)  # a check may end before its store is open
            await storage.close()
            await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)

        context.on_end(discard)
        return opening, self._functions_over(storage)


def _is_trial(context: CallContext) -> bool:
    return context.handler is not None and context.handler.kind is HandlerKind.HEALTH_CHECK
