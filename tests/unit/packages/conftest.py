"""Apps as folders, made from a few lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from proven.packages import Package, Registry, build

Files = Mapping[str, str | bytes]


@pytest.fixture
def app(tmp_path: Path) -> Callable[[Files], Path]:
    """Write files into a new folder."""
    count = 0

    def write(files: Files) -> Path:
        nonlocal count
        count += 1
        folder = tmp_path / f"app{count}"
        folder.mkdir()
        for path, content in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    return write


@pytest.fixture
def offline(tmp_path: Path) -> Registry:
    """A registry with an empty cache and nobody behind it."""
    return Registry("http://127.0.0.1:9/", cache=tmp_path / "cache")


@pytest.fixture
def package_of(app: Callable[[Files], Path], offline: Registry) -> Callable[[Files], Package]:
    """Build the package of some files."""
    return lambda files: build(app(files), registry=offline)
