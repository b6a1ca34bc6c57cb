from __future__ import annotations

import tomllib
from pathlib import Path
from types import ModuleType

from proven.node.config import load_config
from support.scripts import load

DOCS = Path(__file__).parents[2] / "docs"


def generator() -> ModuleType:
    return load(DOCS / "generate_configuration.py")


def test_the_page_lists_every_setting_with_its_default() -> None:
    current = (DOCS / "configuration.md").read_text("utf-8")
    assert current == generator().page(), "run `python docs/generate_configuration.py`"


def test_the_example_on_the_page_is_a_configuration(tmp_path: Path) -> None:
    example = (DOCS / "configuration.md").read_text("utf-8").split("```toml\n")[1].split("```")[0]
    file = tmp_path / "proven.toml"
    file.write_text(example)
    config = load_config(file=file, environment={}, flags={})
    assert config.gateway.port == tomllib.loads(example)["gateway"]["port"]
