"""Applications: who owns which, what versions each had, and which one answers calls now.

Everything follows from one log of events (`Applications`, with the rules in `State`); `Deployer` keeps what
runs in step with it.
"""

from proven.apps._applications import Application, Applications, Change
from proven.apps._deployer import Deployer, VersionHost
from proven.apps._events import (
    Actor,
    Archived,
    Created,
    Deployed,
    Event,
    OriginAdded,
    OriginRemoved,
    RolledBack,
)
from proven.apps._state import ApplicationRecord, Limits, State, Version

__all__ = [
    "Actor",
    "Application",
    "ApplicationRecord",
    "Applications",
    "Archived",
    "Change",
    "Created",
    "Deployed",
    "Deployer",
    "Event",
    "Limits",
    "OriginAdded",
    "OriginRemoved",
    "RolledBack",
    "State",
    "Version",
    "VersionHost",
]
