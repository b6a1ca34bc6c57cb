"""Draw the figures that have a target: how much of what it allows each one uses, on one logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from harness.figures import Result
from harness.report import quantity, ratio, target

_WIDTH, _LEFT, _RIGHT, _TOP, _ROW = 900, 330, 210, 64, 30
_LOW, _HIGH = 0.02, 4.0

_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 16px; font-weight: 600; }
  .muted { fill: #59636e; font-size: 12px; }
  .within { fill: #2a78d6; }
  .beyond { fill: #d1460f; }
  .grid { stroke: #d1d9e0; }
  .target { stroke: #1f2328; stroke-width: 1.5; }
  .ground { fill: #ffffff; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .muted { fill: #9198a1; }
    .within { fill: #4493f8; }
    .beyond { fill: #ff8652; }
    .grid { stroke: #3d444d; }
    .target { stroke: #f0f6fc; }
    .ground { fill: #0d1117; }
  }
"""


def draw(results: Sequence[Result]) -> str:
    """An SVG that follows the reader's light or dark theme.

    Bars start at the left edge of the scale; the line at 1 is the target, and a bar that crosses it falls
    short (it is labelled so as well: colour is not the only sign).
    """
    shown = [result for result in results if result.figure.target is not None]
    bottom = _TOP + _ROW * len(shown)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {bottom + 46}" role="img">',
        "<title>Share of each target that is used</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="ground" width="{_WIDTH}" height="{bottom + 46}"/>',
        _text(16, 28, "Share of each target that is used (shorter is better)", "title"),
    ]
    for tick in (0.05, 0.1, 0.25, 0.5, 1.0, 2.0):
        x = _x(tick)
        kind = "target" if tick == 1 else "grid"
        parts.append(f'<line class="{kind}" x1="{x:.1f}" y1="{_TOP - 8}" x2="{x:.1f}" y2="{bottom}"/>')
        parts.append(_text(x, bottom + 18, "target" if tick == 1 else f"{tick:g}", "muted", "middle"))
    for index, result in enumerate(shown):
        parts += _bar(result, _TOP + _ROW * index)
    return "\n".join([*parts, "</svg>", ""])


def _bar(result: Result, y: float) -> list[str]:
    assert result.figure.target is not None
    share = result.figure.target.share(result.judged)
    kind = "within" if result.passed else "beyond"
    middle = y + _ROW / 2 + 4
    mark = "" if result.passed else " — falls short"
    measured = (
        ratio(result).split(" ")[0]
        if target(result).endswith("×")
        else quantity(result.value, result.figure.unit)
    )
    return [
        _text(_LEFT - 10, middle, result.figure.title, "", "end"),
        f'<rect class="{kind}" x="{_LEFT}" y="{y + 6}" rx="2"'
        f' width="{_x(share) - _LEFT:.1f}" height="{_ROW - 12}"/>',
        _text(_WIDTH - _RIGHT + 10, middle, f"{measured} ({target(result)}){mark}", "muted"),
    ]


def _x(share: float) -> float:
    span = math.log(_HIGH / _LOW)
    place = math.log(min(max(share, _LOW), _HIGH) / _LOW) / span
    return _LEFT + place * (_WIDTH - _LEFT - _RIGHT)


def _text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
