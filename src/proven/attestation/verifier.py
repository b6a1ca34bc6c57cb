"""Decides whether an attestation document is to be believed."""

from __future__ import annotations

import hashlib
import importlib.resources
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ._chain import is_self_signed, validate_chain
from ._document import Document, read_document
from .development import DEVELOPMENT_ROOT_NAME
from .evidence import Evidence, Platform
from .policy import Policy, UnsafeAnyMeasurements
from .rules import Rule, broken

NITRO_ROOT_SHA256: Final = "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b"
"""Fingerprint of the AWS Nitro Enclaves root G1, as AWS publishes it with the attestation process."""

MAX_AGE: Final = timedelta(minutes=5)
"""Default age of acceptable evidence. The nonce is what prevents replay; this bounds a wrong clock."""

Clock = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


class Verifier:
    """Verifies attestation documents of one platform. A document has to pass, in this order:

    1. Size, encoding (strict COSE_Sign1 with ES384, nothing in its unprotected header) and structure: the
       limits of AWS's attestation process, no unknown fields.
    2. The first certificate of its bundle is the pinned root, byte for byte.
    3. The path from there to its own certificate is valid at the given time (`_chain.validate_chain`).
    4. The signature over the payload is that of its own certificate.
    5. It was made within `max_age` of the given time.
    6. It says the nonce, user data and public key that were asked about.
    7. Its measurements are acceptable to the policy; debug mode is refused unless the policy is about it.

    Every failure is a `ProvenError` with code `EVIDENCE_INVALID` and the `Rule` in its details.
    """

    def __init__(
        self,
        platform: Platform,
        root: bytes | None,
        policy: Policy,
        *,
        max_age: timedelta = MAX_AGE,
        clock: Clock = _now,
    ) -> None:
        """Prefer the named constructors. `root` is DER; None is any root named as development roots are."""
        if root is None and platform is not Platform.DEVELOPMENT:
            raise ValueError("only development evidence can be verified without a pinned root")
        self._platform = platform
        self._root = root
        self._policy = policy
        self._max_age = max_age
        self._clock = clock

    @classmethod
    def nitro(cls, policy: Policy, *, max_age: timedelta = MAX_AGE, clock: Clock = _now) -> Verifier:
        """For documents signed by AWS Nitro hardware, under the pinned root."""
        pem = importlib.resources.files(__package__).joinpath("aws_nitro_root.pem").read_bytes()
        root = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
        if hashlib.sha256(root).hexdigest() != NITRO_ROOT_SHA256:
            raise broken(Rule.ROOT, "the installed AWS Nitro root is not the one AWS publishes")
        return cls(Platform.NITRO, root, policy, max_age=max_age, clock=clock)

    @classmethod
    def development(
        cls,
        root: x509.Certificate | None = None,
        policy: Policy | None = None,
        *,
        max_age: timedelta = MAX_AGE,
        clock: Clock = _now,
    ) -> Verifier:
        """For documents of a `DevelopmentAttestor`, which prove nothing about hardware or code.

        Without `root` any development node is believed, so whoever sits between can play one: good enough
        for a node on the same machine only.
        """
        if root is not None and root.subject != DEVELOPMENT_ROOT_NAME:
            raise ValueError("not the root of a development node")
        pinned = None if root is None else root.public_bytes(Encoding.DER)
        policy = policy or UnsafeAnyMeasurements()
        return cls(Platform.DEVELOPMENT, pinned, policy, max_age=max_age, clock=clock)

    @property
    def platform(self) -> Platform:
        return self._platform

    def verify(
        self,
        document: bytes,
        *,
        nonce: bytes | None,
        user_data: bytes | None = None,
        public_key: bytes | None = None,
        at: datetime | None = None,
    ) -> Evidence:
        """The evidence in `document`, which has to carry the three values given.

        None stands for a value that does not matter; without a nonce of one's own, the evidence may be of
        anyone who obtained it within `max_age`. `at` is the time to verify at (aware; now by default).
        Raises `ProvenError` (`EVIDENCE_INVALID`).
        """
        at = at or self._clock()
        if at.tzinfo is None:
            raise ValueError("the time to verify at has to have a time zone")
        envelope, contents = read_document(document)
        self._check_root(contents.cabundle[0])
        key = validate_chain([*contents.cabundle, contents.certificate], at)
        if not envelope.is_signed_by(key):
            raise broken(Rule.SIGNATURE, "the document is not signed by the certificate in it")
        self._check_freshness(contents.timestamp, at)
        _check_equal(Rule.NONCE, contents.nonce, nonce)
        _check_equal(Rule.USER_DATA, contents.user_data, user_data)
        _check_equal(Rule.PUBLIC_KEY, contents.public_key, public_key)
        evidence = self._evidence(contents)
        self._policy.verify(evidence)
        return evidence

    def _check_root(self, root: bytes) -> None:
        if self._root is not None:
            if root != self._root:
                raise broken(Rule.ROOT, f"the chain does not begin at the pinned {self._platform} root")
        elif not is_self_signed(root, DEVELOPMENT_ROOT_NAME):
            raise broken(Rule.ROOT, "the chain does not begin at the root of a development node")

    def _check_freshness(self, timestamp: datetime, at: datetime) -> None:
        if abs(at - timestamp) > self._max_age:
            raise broken(
                Rule.FRESHNESS,
                f"made at {timestamp:%Y-%m-%dT%H:%M:%SZ}, which is more than {self._max_age} away from "
                f"{at:%Y-%m-%dT%H:%M:%SZ}",
            )

    def _evidence(self, contents: Document) -> Evidence:
        return Evidence(
            platform=self._platform,
            module_id=contents.module_id,
            timestamp=contents.timestamp,
            pcrs=contents.pcrs,
            public_key=contents.public_key,
            user_data=contents.user_data,
            nonce=contents.nonce,
        )


def _check_equal(rule: Rule, found: bytes | None, expected: bytes | None) -> None:
    if expected is not None and (found is None or not compare_digest(found, expected)):
        raise broken(rule, f"the document is not about the {rule} that was asked about")
