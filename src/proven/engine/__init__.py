"""The coordination floor: ordered logs, registers, messages, leases and objects behind one interface.

Everything above depends on the guarantees of `Engine` and never on the backend that keeps them. The
embedded backend (`proven.engine.embedded`) is one process and one encrypted file;
`tests/conformance/engine` is what any backend must pass.
"""

from proven.engine._names import MAX_NAME_LENGTH
from proven.engine.interface import (
    MAX_OBJECT_BYTES,
    MAX_PAGE,
    MAX_PAYLOAD_BYTES,
    Chunks,
    Engine,
    Entry,
    Lease,
    Leases,
    Logs,
    Messages,
    MessageSubscription,
    ObjectInfo,
    Objects,
    Record,
    Registers,
    Responder,
    Subscription,
)

__all__ = [
    "MAX_NAME_LENGTH",
    "MAX_OBJECT_BYTES",
    "MAX_PAGE",
    "MAX_PAYLOAD_BYTES",
    "Chunks",
    "Engine",
    "Entry",
    "Lease",
    "Leases",
    "Logs",
    "MessageSubscription",
    "Messages",
    "ObjectInfo",
    "Objects",
    "Record",
    "Registers",
    "Responder",
    "Subscription",
]
