"""The explorer: pages on which strangers read what an application runs, who may change it, and the log.

`Explorer` is the whole of it. Everything shown comes from applications' owners and is hostile input.
"""

from proven.gateway.explorer.explorer import Explorer
from proven.gateway.explorer.ports import ExplorerRooms, Registry

__all__ = ["Explorer", "ExplorerRooms", "Registry"]
