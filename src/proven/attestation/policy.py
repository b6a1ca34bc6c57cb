"""Which measurements count: small policies that are combined into the one a verifier applies.

    AnyOf([Measurements(pcr0=..., pcr1=..., pcr2=...), Measurements(pcr0=..., pcr1=..., pcr2=...)])

accepts two versions of an image. Evidence of a debug-mode enclave is refused by every policy but
`UnsafeDebugMode`.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import ClassVar, final

from proven.wire.errors import ProvenError

from .evidence import Evidence
from .rules import Rule, broken

_PCR_SIZES = (32, 48, 64)


class Policy(abc.ABC):
    """Says whether verified evidence is that of code one wants to talk to."""

    judges_debug_mode: ClassVar[bool] = False
    """Set only by a policy that itself decides about, or hands on, evidence of debug-mode enclaves."""

    @final
    def verify(self, evidence: Evidence) -> None:
        """Raises `ProvenError` (`EVIDENCE_INVALID`, rule `debug` or `measurements`) unless it is."""
        if evidence.debug and not self.judges_debug_mode:
            raise broken(
                Rule.DEBUG, "the enclave runs in debug mode (PCR0 is zero), so its operator sees inside"
            )
        self._verify(evidence)

    @abc.abstractmethod
    def _verify(self, evidence: Evidence) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurements(Policy):
    """Each register that is named has exactly this value; those left out may have any.

    PCR0 measures the whole image, PCR1 kernel and boot ramdisk, PCR2 the application; PCR3 the parent
    instance's IAM role, PCR4 its id, PCR8 the certificate that signed the image.
    """

    pcr0: bytes
    pcr1: bytes | None = None
    pcr2: bytes | None = None
    pcr3: bytes | None = None
    pcr4: bytes | None = None
    pcr8: bytes | None = None

    def __post_init__(self) -> None:
        for index, value in self._wanted():
            if len(value) not in _PCR_SIZES:
                raise ValueError(f"PCR{index} has to be 32, 48 or 64 bytes, not {len(value)}")

    def _wanted(self) -> list[tuple[int, bytes]]:
        named = ((int(field.name.removeprefix("pcr")), getattr(self, field.name)) for field in fields(self))
        return [(index, value) for index, value in named if value is not None]

    def _verify(self, evidence: Evidence) -> None:
        for index, value in self._wanted():
            found = evidence.pcrs.get(index)
            if found != value:
                shown = "missing" if found is None else found.hex()
                raise broken(Rule.MEASUREMENTS, f"PCR{index} is {shown}, expected {value.hex()}")


@dataclass(frozen=True, slots=True)
class AnyOf(Policy):
    """At least one of `policies` accepts; an empty list accepts nothing."""

    policies: Sequence[Policy]
    judges_debug_mode: ClassVar[bool] = True

    def _verify(self, evidence: Evidence) -> None:
        error = broken(Rule.MEASUREMENTS, "the policy accepts no measurements at all")
        for policy in self.policies:
            try:
                return policy.verify(evidence)
            except ProvenError as refusal:
                error = refusal
        if len(self.policies) < 2 or evidence.debug:
            raise error
        raise broken(
            Rule.MEASUREMENTS,
            f"none of {len(self.policies)} policies accepts it; PCR0 is {evidence.pcrs[0].hex()}",
        )


@dataclass(frozen=True, slots=True)
class AllOf(Policy):
    """Every one of `policies` accepts; an empty list accepts nothing."""

    policies: Sequence[Policy]
    judges_debug_mode: ClassVar[bool] = True

    def _verify(self, evidence: Evidence) -> None:
        if not self.policies:
            raise broken(Rule.MEASUREMENTS, "the policy accepts no measurements at all")
        for policy in self.policies:
            policy.verify(evidence)


@dataclass(frozen=True, slots=True)
class UnsafeAnyMeasurements(Policy):
    """Accepts any code at all, except in debug mode: the evidence then proves only the platform."""

    def _verify(self, evidence: Evidence) -> None:
        return


@dataclass(frozen=True, slots=True)
class UnsafeDebugMode(Policy):
    """Accepts debug-mode enclaves, and only those; for developing an image on real hardware."""

    judges_debug_mode: ClassVar[bool] = True

    def _verify(self, evidence: Evidence) -> None:
        if not evidence.debug:
            raise broken(Rule.MEASUREMENTS, "the enclave does not run in debug mode")
