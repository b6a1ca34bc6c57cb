"""Applications are created at a bounded rate, whoever signs for them."""

from __future__ import annotations

from typing import Any

import pytest

from proven.gateway.submissions import SubmissionLimits, Submissions
from proven.wire.applications import Archive, OwnerKey
from proven.wire.errors import ErrorCode, ProvenError
from support.applications import created, submitted


def test_creations_are_rationed_whoever_signs_and_nothing_else_is() -> None:
    now = [0.0]
    nobody: Any = None
    submissions = Submissions(nobody, SubmissionLimits(6, 2), clock=lambda: now[0])
    creations = [created(OwnerKey.from_seed(bytes([n]) * 32), f"app{n}").command for n in range(4)]
    submissions._admit(creations[0])
    submissions._admit(creations[1])
    with pytest.raises(ProvenError) as refused:
        submissions._admit(creations[2])
    assert refused.value.code is ErrorCode.OVERLOADED
    assert refused.value.retry_after == pytest.approx(10)
    other = submitted(Archive(), OwnerKey.from_seed(bytes(32)), app=creations[0].application_id, revision=1)
    submissions._admit(other.command)
    now[0] += 10
    submissions._admit(creations[2])
    with pytest.raises(ProvenError):
        submissions._admit(creations[3])
