"""The sign-in page where it is configured, and where there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from proven.gateway._body import EMPTY_BODY
from proven.gateway.http import Request
from proven.gateway.origins import AppOrigins
from proven.gateway.sign_in import SignIn, SignInConfig, data_element
from proven.gateway.static import StaticFiles
from proven.wire.applications import OwnerKey
from proven.wire.errors import ErrorCode, ProvenError
from support.applications import created, state_after


def test_nothing_in_the_configuration_ends_its_element() -> None:
    hostile = {"name": "</script><script>alert(1)</script><!--", "and": "\u2028&amp;"}
    element = data_element(hostile)
    assert element.count(b"<") == 2
    assert b"-->" not in element
    text = element.removeprefix(b'<script type="application/json" id="proven-sign-in">')
    assert json.loads(text.removesuffix(b"</script>")) == hostile


async def test_a_node_without_the_page_says_so(tmp_path: Path) -> None:
    applications: Any = state_after(created(OwnerKey.from_seed(bytes(32)), "todo"))
    page = SignIn(
        SignInConfig(),
        applications,
        AppOrigins(applications),
        files=StaticFiles(tmp_path),
    )
    request = Request("GET", "/", "/", "", [], EMPTY_BODY, authority="localhost")
    request.parameters = {"application": "todo"}
    with pytest.raises(ProvenError) as refused:
        await page.page(request)
    assert refused.value.code is ErrorCode.UNAVAILABLE
