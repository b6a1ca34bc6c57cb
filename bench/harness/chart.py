"""Draw the figures that have a target: how much of what it allows each one uses."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from harness.figures import Result
from harness.report import quantity, ratio, target

_WIDTH, _LEFT, _RIGHT, _TOP, _ROW = 1100, 460, 240, 64, 30
_SHORTEST, _LONGEST = 1.25, 4.0
"""The scale ends at the largest share, but not before the one nor after the other."""

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

    The line at 1 is the target, and a bar that crosses it falls short (it is labelled so as well: colour is
    not the only sign). The scale is linear; a share beyond its end is cut there and told by its label.
    """
    shown = [(result, share) for result in results if (share := _share(result)) is not None]
    end = min(max([_SHORTEST, *(share for _, share in shown)]), _LONGEST)
    bottom = _TOP + _ROW * len(shown)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {bottom + 46}" role="img">',
        "<title>Share of each target that is used</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="ground" width="{_WIDTH}" height="{bottom + 46}"/>',
        _text(16, 28, "Share of each target that is used (shorter is better)", "title"),
    ]
    for tick in [quarter / 4 for quarter in range(int(end * 4) + 1) if end <= 2 or quarter % 4 == 0]:
        x = _x(tick, end)
        kind = "target" if tick == 1 else "grid"
        parts.append(f'<line class="{kind}" x1="{x:.1f}" y1="{_TOP - 8}" x2="{x:.1f}" y2="{bottom}"/>')
        parts.append(_text(x, bottom + 18, "target" if tick == 1 else f"{tick:g}", "muted", "middle"))
    for index, (result, share) in enumerate(shown):
        parts += _bar(result, min(share, end) / end, _TOP + _ROW * index)
    return "\n".join([*parts, "</svg>", ""])


def _share(result: Result) -> float | None:
    wanted = result.figure.target
    return None if wanted is None else wanted.share(result.judged)


def _bar(result: Result, part: float, y: float) -> list[str]:
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
        f' width="{_x(part, 1) - _LEFT:.1f}" height="{_ROW - 12}"/>',
        _text(_WIDTH - _RIGHT + 10, middle, f"{measured} ({target(result)}){mark}", "muted"),
    ]


def _x(share: float, end: float) -> float:
    return _LEFT + share / end * (_WIDTH - _LEFT - _RIGHT)


def _text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
