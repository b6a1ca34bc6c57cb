"""The frame protocol between the node and a guest process, over an inherited socket.

A frame is `[u32 length of the payload][u8 type][u32 id][payload]`, little-endian. Ids are chosen by whoever
starts: the host numbers loads, compilations, invocations and its streams (even), the guest its calls and
streams (odd). Payloads are one value in the value codec unless said otherwise.

| to the guest | payload |
|---|---|
| LOAD | {modules: [[path, format, source]], links: {path: {specifier: target}}, entries, handlers} |
| COMPILE | [[path, source]] |
| INVOKE | [handler number, identity, accounts, origin, arguments] |
| CANCEL | nothing; answered with ENDED |
| COLLECT | nothing: memory is short, give back what is not needed; answered with COLLECTED |
| RESULT, FAILURE | of a CALL: a value; an error record |

| to the host | payload |
|---|---|
| READY | nothing |
| LOADED, COMPILED, REFUSED | registrations; [[code, has a source map]]; what was thrown |
| RETURN, THROW | of an INVOKE: a value; what was thrown |
| RESPONSE | of an INVOKE of the HTTP kind: [status, header pairs, body]; after a stream ENDED follows |
| ENDED | nothing; nothing of the invocation runs any more |
| CALL | u32 invocation (0 = top-level code), then [operation, arguments] |
| CONSOLE | of an invocation, or 0: [level, text, dropped lines] |
| COLLECTED | nothing; the garbage is collected |

Streams, both ways: DATA (bytes), END, ERROR (an error record), CREDIT (u32 bytes more may be sent), CANCEL
(nobody reads any more).
"""

from __future__ import annotations

import enum
import struct
from typing import Final

HEADER: Final = struct.Struct("<IBI")
U32: Final = struct.Struct("<I")


class FrameType(enum.IntEnum):
    """See the module's table."""

    LOAD = 1
    COMPILE = 2
    INVOKE = 3
    CANCEL = 4
    RESULT = 5
    FAILURE = 6
    COLLECT = 7
    READY = 32
    LOADED = 33
    COMPILED = 34
    REFUSED = 35
    RETURN = 36
    THROW = 37
    RESPONSE = 38
    ENDED = 39
    CALL = 40
    CONSOLE = 41
    COLLECTED = 42
    STREAM_DATA = 64
    STREAM_END = 65
    STREAM_ERROR = 66
    STREAM_CREDIT = 67
    STREAM_CANCEL = 68


class ProtocolError(Exception):
    """The guest sent what no correct guest sends; its process is not to be trusted with anything more."""
