"""Custom domains: look up what their holders publish in DNS, and record in the log what was proved.

The network around a node belongs to its operator, so nothing that DNS says in the clear is worth anything:
`Quorum` believes what several independent resolvers say over TLS, and `Prover` keeps the log in step with it.
"""

from proven.domains._agenda import Failure, Looking, Pace
from proven.domains._https import HttpsResolver
from proven.domains._plain import PlainResolver
from proven.domains.config import DomainsConfig, resolver_for
from proven.domains.prover import Prover
from proven.domains.quorum import Quorum
from proven.domains.resolver import (
    BadAnswerError,
    DisagreementError,
    NoRecordError,
    ResolutionError,
    Resolver,
    TextRecords,
    UnreachableError,
    UnsignedError,
)

__all__ = [
    "BadAnswerError",
    "DisagreementError",
    "DomainsConfig",
    "Failure",
    "HttpsResolver",
    "Looking",
    "NoRecordError",
    "Pace",
    "PlainResolver",
    "Prover",
    "Quorum",
    "ResolutionError",
    "Resolver",
    "TextRecords",
    "UnreachableError",
    "UnsignedError",
    "resolver_for",
]
