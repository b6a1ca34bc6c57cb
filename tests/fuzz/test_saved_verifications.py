"""Saved verifications from anywhere: whatever is altered in one, nothing else follows from it."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fault.test_dishonest_operator import Scene
from proven.attestation import Verifier
from proven.client import Bundle, collect, examine
from proven.client.collect import collecting
from proven.client.report import Report
from proven.wire.errors import ErrorCode, ProvenError
from support.dishonest import serving


class Saved(NamedTuple):
    raw: bytes
    verifier: Verifier
    report: Report


async def save(scene: Scene) -> bytes:
    async with serving(scene.operator) as served, collecting(served.url) as collector:
        answer = await collector.describe(scene.application)
        return (await collector.bundle(answer, asked=scene.application)).encode()


@pytest.fixture(scope="module", params=["whole log", "proofs"])
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Saved:
    scene = Scene(tmp_path_factory.mktemp("scene"))
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "proofs":
            patch.setattr(collect, "WHOLE_LOG", 0)
            scene.operator.listed = [1, 2, 3]
        raw = asyncio.run(save(scene))
    verifier = Verifier.development(scene.attestor.root)
    report = examine(Bundle.decode(raw), verifier)
    assert report.failed is None, report.failed
    return Saved(raw, verifier, report)


@settings(max_examples=400)
@given(st.data())
def test_a_flipped_bit_is_refused_or_changes_nothing_that_follows(saved: Saved, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(saved.raw) * 8 - 1))
    altered = bytearray(saved.raw)
    altered[position // 8] ^= 1 << position % 8
    found = examined(bytes(altered), saved.verifier)
    if isinstance(found, ErrorCode):
        assert found in (ErrorCode.BAD_REQUEST, ErrorCode.TOO_LARGE)
    elif found.failed is None:
        assert conclusions(found) == conclusions(saved.report)


@settings(max_examples=200)
@given(st.data())
def test_a_file_cut_short_or_made_longer_is_refused(saved: Saved, data: st.DataObject) -> None:
    end = data.draw(st.integers(0, len(saved.raw) - 1))
    more = data.draw(st.binary(min_size=1, max_size=64))
    for altered in (saved.raw[:end], saved.raw + more):
        with pytest.raises(ProvenError):
            Bundle.decode(altered)


@settings(max_examples=300)
@given(st.binary(max_size=4096))
def test_anything_else_is_refused(raw: bytes) -> None:
    with pytest.raises(ProvenError):
        Bundle.decode(raw)


@settings(max_examples=60)
@given(st.data())
def test_parts_of_another_verification_do_not_fit(
    saved: Saved, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    from msgspec.structs import replace

    other = Bundle.decode(another(tmp_path_factory))
    part = data.draw(st.sampled_from(("answer", "session", "log", "archive")))
    mixed = replace(Bundle.decode(saved.raw), **{part: getattr(other, part)})
    report = examine(mixed, saved.verifier)
    assert report.failed is not None


_another: list[bytes] = []


def another(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A verification at somebody else's node, of another package."""
    if not _another:
        scene = Scene(tmp_path_factory.mktemp("another"))
        scene.operator.package = scene.bad
        _another.append(asyncio.run(save(scene)))
    return _another[0]


def examined(raw: bytes, verifier: Verifier) -> Report | ErrorCode:
    try:
        return examine(Bundle.decode(raw), verifier)
    except ProvenError as error:
        return error.code


def conclusions(report: Report) -> tuple[object, ...]:
    """All that somebody learns from a report, but when it was made."""
    assert report.attested is not None
    assert report.live is not None
    assert report.state is not None
    attested = report.attested
    return (
        attested.evidence,
        attested.application_id,
        attested.package_id,
        attested.log_index,
        attested.created,
        report.live,
        report.state.origin,
        report.state.verifier_key,
        report.state.size,
        report.state.root,
        [(link.name, link.status) for link in report.links],
    )
