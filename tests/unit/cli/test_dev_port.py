"""Where `proven dev` listens when nobody said where."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from proven.cli._development import _configure
from proven.packages import build


def test_a_node_beside_another_takes_the_next_free_port_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "package.json").write_text('{"name": "app", "type": "module"}')
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.ts").write_text(
        "import { run } from '@proven-network/handler';\nexport const one = run(() => 1);\n"
    )
    package = build(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        monkeypatch.setenv("PROVEN_GATEWAY_PORT", str(taken))
        config = _configure(tmp_path, package, {"gateway.port": None}, None)
        assert config.gateway.port > taken
        assert capsys.readouterr().err == f"port {taken} is taken, so this node gets {config.gateway.port}\n"
        config = _configure(tmp_path, package, {"gateway.port": taken}, None)
        assert (config.gateway.port, capsys.readouterr().err) == (taken, "")
