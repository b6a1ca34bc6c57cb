from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_test_that_the_threat_model_names_exists() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    named = set(re.findall(r"`((?:[a-z]+/)*test_\w+\.py|(?:unit|fault|fuzz|integration)/\w+)`", text))
    assert len(named) > 20
    missing = [
        name
        for name in named
        if not (ROOT / "tests" / name).exists() and not list(ROOT.glob(f"tests/**/{name}"))
    ]
    assert missing == []
