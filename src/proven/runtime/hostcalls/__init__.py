"""What the app API does on the node's side: every operation that guest code can ask for.

`HostCalls` puts them together; the guest's half of each is in `runtime/js/api`. The guest is hostile here:
arguments are checked before use, and whose data an operation touches comes from the invocation's context,
never from an argument.

| operations | arguments | answer |
|---|---|---|
| `kv.get` `kv.entry` `kv.has` | target, kind, store, key | value?, entry?, boolean |
| `kv.set` | target, kind, store, key, value, ttl?, expected version? | new version, or undefined |
| `kv.delete` | target, kind, store, key, expected version? | boolean |
| `kv.keys` `kv.entries` | target, kind, store, prefix?, after?, limit | [page, more] |
| `sql.query` | target, database, statement, parameters | [column names, rows] |
| `sql.execute` | target, database, statement, parameters | rows changed |
| `sql.batch` | target, database, [[statement, parameters], …] | rows each changed |
| `files.read` | target, path, offset?, length? | bytes or stream |
| `files.write` | target, path, bytes or stream, content type? | stat |
| `files.append` | target, path, bytes or stream | stat |
| `files.stat` `files.mkdir` | target, path | stat?, – |
| `files.list` | target, directory?, behind which name? | [stats, more] |
| `files.remove` | target, path, recursive | boolean |
| `files.rename` | target, from, to | – |
| `storage.begin` | scope | transaction |
| `storage.commit` `storage.rollback` | transaction | – |
| `crypto.generate` | – | [handle, public key] |
| `crypto.sign` | handle, data | signature |
| `crypto.verify` | handle, data, signature | boolean |
| `events.publish` | name, encoded payload, audience? | – |
| `fetch.request` | number, method, URL, headers, body?, mode | [status, text, URL, moved, headers, body] |
| `fetch.abort` | number | – |

A target is "application", "personal", `[NFT resource, id]` or a transaction's number; what has a `?` may be
undefined, and `more` says whether another page follows. An entry is `[key, value, version, expiry?]`. The
value of a key store is `[handle, public key]` on its way to the guest, and a handle on its way from it.
"""

from __future__ import annotations

from ._connections import ConnectionLimits, NameResolver, SystemResolver
from ._events import EventsConfig, EventSink
from .calls import HostCalls, HostCallsConfig
from .fetch import FetchBroker, FetchConfig

__all__ = [
    "ConnectionLimits",
    "EventSink",
    "EventsConfig",
    "FetchBroker",
    "FetchConfig",
    "HostCalls",
    "HostCallsConfig",
    "NameResolver",
    "SystemResolver",
]
