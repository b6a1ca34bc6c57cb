"""Evidence: make it on the platform at hand, and decide whether another platform's is to be believed.

`Verifier.nitro(policy)` and `Verifier.development()` verify; an `Attestor` makes evidence, of which the
`DevelopmentAttestor` is the one for machines without special hardware. Which measurements count is said by
the values in `proven.attestation.policy`.
"""

from .attestor import Attestor
from .development import DEVELOPMENT_PCRS, DevelopmentAttestor
from .evidence import Evidence, Platform
from .policy import AllOf, AnyOf, Measurements, Policy, UnsafeAnyMeasurements, UnsafeDebugMode
from .rules import Rule
from .verifier import MAX_AGE, NITRO_ROOT_SHA256, Verifier

__all__ = [
    "DEVELOPMENT_PCRS",
    "MAX_AGE",
    "NITRO_ROOT_SHA256",
    "AllOf",
    "AnyOf",
    "Attestor",
    "DevelopmentAttestor",
    "Evidence",
    "Measurements",
    "Platform",
    "Policy",
    "Rule",
    "UnsafeAnyMeasurements",
    "UnsafeDebugMode",
    "Verifier",
]
