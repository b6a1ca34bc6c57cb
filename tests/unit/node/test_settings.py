from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from proven.node._settings import load
from proven.node.config import load_config
from proven.wire.errors import ProvenError


@dataclass(frozen=True, slots=True)
class Inner:
    port: int = 3000
    host: str = "127.0.0.1"
    verbose: bool = False
    names: tuple[str, ...] = ()
    endpoints: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outer:
    directory: Path = Path("data")
    inner: Inner = field(default_factory=Inner)


def test_defaults_apply_when_nothing_is_set() -> None:
    assert load(Outer) == Outer()


def test_flags_beat_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    file = tmp_path / "proven.toml"
    file.write_text('directory = "from-file"\n[inner]\nport = 1\nhost = "file"\n')
    loaded = load(
        Outer,
        file=file,
        environment={"PROVEN_INNER_PORT": "2", "PROVEN_INNER_HOST": "environment", "HOME": "/x"},
        flags={"inner.port": 3, "inner.host": None},
    )
    assert loaded == Outer(Path("from-file"), Inner(port=3, host="environment"))


def test_environment_text_becomes_the_type_of_the_setting() -> None:
    assert load(Outer, environment={"PROVEN_INNER_VERBOSE": "true"}).inner.verbose is True


def test_lists_and_maps_can_be_set(tmp_path: Path) -> None:
    file = tmp_path / "proven.toml"
    file.write_text('[inner.endpoints]\nchain = "http://a"\n')
    inner = load(Outer, file=file, environment={"PROVEN_INNER_NAMES": "a,b"}).inner
    assert inner.names == ("a", "b")
    assert inner.endpoints == {"chain": "http://a"}


@pytest.mark.parametrize(
    ("environment", "content", "expected"),
    [
        ({"PROVEN_INNER_PROT": "1"}, "", "did you mean PROVEN_INNER_PORT"),
        ({"PROVEN_INNER_PORT": "many"}, "", "inner.port"),
        ({}, "[inner]\nhots = 'x'", "did you mean inner.host"),
        ({}, "[inner", "cannot read"),
    ],
)
def test_a_mistake_names_the_setting(
    tmp_path: Path, environment: dict[str, str], content: str, expected: str
) -> None:
    file = tmp_path / "proven.toml"
    file.write_text(content)
    with pytest.raises(ProvenError, match=expected):
        load(Outer, file=file, environment=environment)


def test_a_value_of_another_type_is_named_by_where_it_is_set(tmp_path: Path) -> None:
    file = tmp_path / "proven.toml"
    file.write_text('[inner]\nport = "many"\n')
    with pytest.raises(ProvenError) as refused:
        load(Outer, file=file)
    assert refused.value.message == f"invalid configuration: inner.port in {file}: expected int, got str"
    with pytest.raises(ProvenError) as refused:
        load(Outer, file=file, environment={"PROVEN_INNER_PORT": "x"})
    assert (
        refused.value.message
        == "invalid configuration: PROVEN_INNER_PORT (inner.port): expected int, got str"
    )
    file.write_text("[inner]\nnames = [1]\n")
    with pytest.raises(ProvenError) as refused:
        load(Outer, file=file)
    assert f"inner.names in {file}: expected str, got int" in refused.value.message


def test_values_that_do_not_go_together_are_named_by_where_they_are_set() -> None:
    with pytest.raises(ProvenError) as refused:
        load_config(environment={"PROVEN_ADMIN_PORT": "70000"}, flags={})
    assert refused.value.message == (
        "invalid configuration: PROVEN_ADMIN_PORT (admin.port): admin.port is a number from 0 to 65535"
    )
