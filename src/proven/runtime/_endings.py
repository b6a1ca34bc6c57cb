"""Why processes end, and what those who waited for them are told."""

from __future__ import annotations

import enum
import signal

from proven.wire.errors import ErrorCode, ProvenError


class Ending(enum.Enum):
    """Why a process was ended, or that it ended by itself."""

    RETIRED = "retired"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    RUNAWAY = "runaway"
    PROTOCOL = "protocol"
    CRASHED = "crashed"


def ending_by_itself(status: int, last_words: bytes) -> Ending:
    """What became of a process that nobody ended, by its exit status and what it wrote at last: V8 says that
    it has no memory left, the kernel kills without a word.
    """
    out_of_memory = b"out of memory" in last_words or b"memory allocation" in last_words
    killed_by_kernel = status == -signal.SIGKILL and not last_words
    return Ending.MEMORY if out_of_memory or killed_by_kernel else Ending.CRASHED


def error_of(ending: Ending) -> ProvenError:
    """For the calls that were in the process."""
    return _ENDINGS[ending]


_ENDINGS = {
    Ending.RETIRED: ProvenError(
        ErrorCode.UNAVAILABLE, "the application's process was stopped", retry_after=0.1
    ),
    Ending.TIMEOUT: ProvenError(
        ErrorCode.UNAVAILABLE,
        "the application's process was stopped because another call did not end in time",
        retry_after=0.1,
    ),
    Ending.MEMORY: ProvenError(ErrorCode.HANDLER_MEMORY, "the application used more memory than it may"),
    Ending.RUNAWAY: ProvenError(
        ErrorCode.UNAVAILABLE,
        "the application was stopped: it kept computing after its calls",
        retry_after=0.1,
    ),
    Ending.PROTOCOL: ProvenError(ErrorCode.HANDLER_ERROR, "the application's process broke the protocol"),
    Ending.CRASHED: ProvenError(ErrorCode.HANDLER_ERROR, "the application's process ended unexpectedly"),
}
