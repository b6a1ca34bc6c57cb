from __future__ import annotations

from proven.isolation import FILE_WALLS, MINIMUM, Layer, SandboxPolicy, SandboxReport

POLICY = SandboxPolicy(mounts=(), require=MINIMUM, require_one_of=FILE_WALLS)
REASON = "not on this kernel"


def report(*missing: Layer) -> SandboxReport:
    return SandboxReport(frozenset(Layer) - set(missing), dict.fromkeys(missing, REASON))


def test_either_wall_around_files_is_enough() -> None:
    assert report(Layer.LANDLOCK).unmet(POLICY) == {}
    assert report(Layer.PRIVATE_ROOT).unmet(POLICY) == {}


def test_without_any_wall_around_files_nothing_starts() -> None:
    assert report(*FILE_WALLS).unmet(POLICY) == dict.fromkeys(FILE_WALLS, REASON)


def test_a_missing_required_layer_is_named_with_its_reason() -> None:
    assert report(Layer.SECCOMP).unmet(POLICY) == {Layer.SECCOMP: REASON}


def test_an_operator_can_say_that_no_wall_is_needed() -> None:
    policy = SandboxPolicy(mounts=(), require=MINIMUM)
    assert report(*FILE_WALLS).unmet(policy) == {}
