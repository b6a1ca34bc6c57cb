"""The edge of a node: HTTP and WebSocket, sealed sessions, an application's own HTTP routes.

`Gateway` is the whole of it; the node passes it the rooms it leads to. What it enforces is listed in the
docstrings of `Connection`, `Rpc`, `Commands`, `AppHttp`, `ResponseAttestor` and `Hosts`.
"""

from proven.gateway.gateway import Gateway, GatewayConfig
from proven.gateway.handlers import Call
from proven.gateway.limits import HttpLimits, RpcLimits, WebSocketLimits
from proven.gateway.server import Access, log_access

__all__ = [
    "Access",
    "Call",
    "Gateway",
    "GatewayConfig",
    "HttpLimits",
    "RpcLimits",
    "WebSocketLimits",
    "log_access",
]
