"""Applications: who owns which, what versions each had, which one answers calls now, and who may change that.

Everything follows from one log of signed commands (`Applications`, with the rules in `State`); `Deployer`
keeps what runs in step with it.
"""

from proven.apps._applications import Applications, Receipt
from proven.apps._deployer import Blocked, Deployer, VersionHost
from proven.apps._records import ApplicationRecord, Domain, Limits, Pending, Version
from proven.apps._replica import LOG
from proven.apps._state import State
from proven.apps._view import Application, Change

__all__ = [
    "LOG",
    "Application",
    "ApplicationRecord",
    "Applications",
    "Blocked",
    "Change",
    "Deployer",
    "Domain",
    "Limits",
    "Pending",
    "Receipt",
    "State",
    "Version",
    "VersionHost",
]
