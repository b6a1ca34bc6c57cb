"""V8 isolates for tenant code: a pool of sandboxed Deno processes behind one small interface.

`Runtime` loads packages and runs their handlers; `host` is what host functions see of it. The guest side,
which runs inside the processes, is in `js/`; `_frames` describes what the two sides say to each other.
"""

from .config import RuntimeConfig
from .host import (
    CallContext,
    ConsoleLevel,
    ConsoleRecord,
    HostFunction,
    HostFunctions,
    HostStream,
    ImmediateFunction,
    ProcessEnd,
)
from .invocation import HttpRequest, HttpResponse, Invocation, Outcome
from .runtime import ProcessReport, Runtime, RuntimeReport

__all__ = [
    "CallContext",
    "ConsoleLevel",
    "ConsoleRecord",
    "HostFunction",
    "HostFunctions",
    "HostStream",
    "HttpRequest",
    "HttpResponse",
    "ImmediateFunction",
    "Invocation",
    "Outcome",
    "ProcessEnd",
    "ProcessReport",
    "Runtime",
    "RuntimeConfig",
    "RuntimeReport",
]
