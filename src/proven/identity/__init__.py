"""Who is calling: the sessions of a node and the identity that each of them has proven.

`Sessions` is the registry that the gateway opens sessions in and hands sealed frames to.
"""

from .sessions import Received, Session, SessionLimits, Sessions

__all__ = ["Received", "Session", "SessionLimits", "Sessions"]
