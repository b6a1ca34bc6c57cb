"""Composition: configuration, boot order, supervision and health of one node.

Nothing else constructs services.
"""

from proven.node.config import GatewaySettings, NodeConfig, load_config
from proven.node.local import LocalNode, local_node
from proven.node.presence import Presence, announced, discover

__all__ = [
    "GatewaySettings",
    "LocalNode",
    "NodeConfig",
    "Presence",
    "announced",
    "discover",
    "load_config",
    "local_node",
]
