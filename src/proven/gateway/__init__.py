"""The edge of a node: HTTP and WebSocket, sealed sessions, an application's own HTTP routes."""
