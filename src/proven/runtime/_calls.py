"""What a guest asks of the node: find the host function, run it, send back what it gives."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from proven.wire import values
from proven.wire.errors import ErrorCode, ProvenError

from . import _wire
from ._connection import Connection
from ._frames import FrameType
from ._running import Running
from ._streams import StreamTable
from .config import RuntimeConfig
from .host import HostFunctions

_log = logging.getLogger("proven.runtime")


class HostCalls:
    """The host calls of one process. Each is a task of the invocation that made it, and ends with it."""

    def __init__(self, config: RuntimeConfig, functions: HostFunctions, streams: StreamTable) -> None:
        self.connection: Connection | None = None
        self._config = config
        self._functions = functions
        self._streams = streams

    def begin(self, running: Running, id_: int, payload: bytes) -> None:
        """Start call `id_`; the answer is sent when it is there."""
        assert self.connection is not None
        try:
            if len(running.tasks) >= self._config.max_host_calls:
                raise ProvenError(ErrorCode.OVERLOADED, "too many unanswered host calls", retry_after=0.1)
            operation, arguments = self._parse(running, payload)
            result = self._at_once(self.connection, running, operation, arguments)
        except ProvenError as error:
            self.connection.send(FrameType.FAILURE, id_, values.encode(error.to_record()))
            return
        if result is not None:
            self.connection.send(FrameType.RESULT, id_, result)
            return
        call = self._answer(self.connection, running, id_, operation, arguments)
        task = asyncio.get_running_loop().create_task(call)
        running.tasks.add(task)
        task.add_done_callback(running.tasks.discard)

    async def answer_now(self, running: Running | None, payload: bytes) -> bytes:
        """One call of the blocking channel: a status byte and the encoded result or error record."""
        try:
            if running is None:
                raise ProvenError(ErrorCode.UNAVAILABLE, "the invocation has ended")
            operation, arguments = self._parse(running, payload)
            return b"\0" + await self._perform(running, operation, arguments)
        except ProvenError as error:
            return b"\1" + values.encode(error.to_record())

    def _parse(self, running: Running, payload: bytes) -> tuple[str, list[Any]]:
        operation, arguments = _wire.call(payload, self._config.max_frame_bytes)
        return operation, self._streams.opened(running.own_streams(), arguments)

    def _at_once(
        self, connection: Connection, running: Running, operation: str, arguments: list[Any]
    ) -> bytes | None:
        """The encoded result, if the operation has a short cut and need not wait."""
        function = self._functions.immediate.get(operation)
        if function is None or running.handler is None or connection.congested:
            return None
        try:
            found = function(running.context, arguments)
            return None if found is None else _wire.result(found[0], self._config.max_value_bytes)
        except ProvenError:
            raise
        except Exception:
            raise _failed(operation) from None

    async def _answer(
        self, connection: Connection, running: Running, id_: int, operation: str, arguments: list[Any]
    ) -> None:
        await connection.writable()  # a guest that does not read gets nothing more to read
        try:
            result = await self._perform(running, operation, arguments)
        except ProvenError as error:
            connection.send(FrameType.FAILURE, id_, values.encode(error.to_record()))
        else:
            connection.send(FrameType.RESULT, id_, result)

    async def _perform(self, running: Running, operation: str, arguments: list[Any]) -> bytes:
        """Run one host call; returns the encoded result. Raises only `ProvenError` and cancellation."""
        function = self._functions.functions.get(operation)
        if function is None:
            raise ProvenError(ErrorCode.NOT_FOUND, f"the node has no operation {operation:.80}")
        if running.handler is None and operation not in self._functions.while_loading:
            raise ProvenError(
                ErrorCode.FORBIDDEN, f"{operation} cannot be used by top-level code, only by a handler"
            )
        try:
            result = await function(running.context, arguments)
            result = self._streams.referred(running.own_streams(), result)
            return _wire.result(result, self._config.max_value_bytes)
        except ProvenError:
            raise
        except Exception:
            raise _failed(operation) from None


def _failed(operation: str) -> ProvenError:
    """What the guest hears of an exception, which is told to the log."""
    _log.exception("host_call_failed", extra={"operation": operation})
    return ProvenError(ErrorCode.INTERNAL, f"{operation} failed")
