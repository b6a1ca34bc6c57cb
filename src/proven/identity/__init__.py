"""Who is calling: the sessions of a node and the identity that each of them has proven.

`Sessions` is the registry that the gateway opens sessions in and hands sealed frames to. `Passkeys` carries
out the commands by which people make and use passkeys. `RatePerSource` is for whatever else anybody may
ask for.
"""

from ._rate import RatePerSource, TokenBucket, network_of
from ._session import Received, Session
from ._webauthn import RelyingParty
from .passkeys import PasskeyLimits, Passkeys
from .sessions import SessionLimits, Sessions

__all__ = [
    "PasskeyLimits",
    "Passkeys",
    "RatePerSource",
    "Received",
    "RelyingParty",
    "Session",
    "SessionLimits",
    "Sessions",
    "TokenBucket",
    "network_of",
]
