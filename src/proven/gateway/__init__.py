"""The edge of a node: HTTP and WebSocket, sealed sessions, an application's own HTTP routes.

`Gateway` is the whole of it; the node passes it the rooms it leads to. What it enforces is listed in the
docstrings of `Connection`, `Rpc`, `Commands`, `EventHub`, `Mailbox`, `AppHttp`,
`ResponseAttestor` and `Hosts`.

What it exports is loaded when it is asked for: the command line serves one request by the HTTP server alone.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from proven.gateway.admin import Admin
    from proven.gateway.app_telemetry import AppTelemetry
    from proven.gateway.console import Console
    from proven.gateway.console_activity import Activity
    from proven.gateway.events import Publisher
    from proven.gateway.explorer import Explorer, ExplorerRooms
    from proven.gateway.gateway import Gateway, GatewayConfig
    from proven.gateway.handlers import Call
    from proven.gateway.hosts import PublicAddress
    from proven.gateway.limits import EventLimits, HttpLimits, RpcLimits, WebSocketLimits
    from proven.gateway.origins import AppOrigins
    from proven.gateway.server import Access, log_access
    from proven.gateway.sign_in import SignInConfig
    from proven.gateway.submissions import SubmissionLimits, Submissions
    from proven.gateway.transparency import TransparencyRooms

__all__ = [
    "Access",
    "Activity",
    "Admin",
    "AppOrigins",
    "AppTelemetry",
    "Call",
    "Console",
    "EventLimits",
    "Explorer",
    "ExplorerRooms",
    "Gateway",
    "GatewayConfig",
    "HttpLimits",
    "PublicAddress",
    "Publisher",
    "RpcLimits",
    "SignInConfig",
    "SubmissionLimits",
    "Submissions",
    "TransparencyRooms",
    "WebSocketLimits",
    "log_access",
]

_MODULES: Final = {
    "Access": "server",
    "Activity": "console_activity",
    "Admin": "admin",
    "AppOrigins": "origins",
    "AppTelemetry": "app_telemetry",
    "Call": "handlers",
    "Console": "console",
    "EventLimits": "limits",
    "Explorer": "explorer",
    "ExplorerRooms": "explorer",
    "Gateway": "gateway",
    "GatewayConfig": "gateway",
    "HttpLimits": "limits",
    "PublicAddress": "hosts",
    "Publisher": "events",
    "RpcLimits": "limits",
    "SignInConfig": "sign_in",
    "SubmissionLimits": "submissions",
    "Submissions": "submissions",
    "TransparencyRooms": "transparency",
    "WebSocketLimits": "limits",
    "log_access": "server",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value
