"""Charts as inline SVG in shares of their own size, so that they fit any width while their words keep theirs."""

from __future__ import annotations

from collections.abc import Iterator
from math import log10

from ..markup import Html, element
from ..words import number
from .blocks import Columns, Curve

_TOP, _BASE = 6.0, 86.0
_WIDEST = 6.0
_GAP = 0.35


def columns(chart: Columns) -> Html:
    """Columns over time, stacked from the ground up in the order of the answers."""
    count = len(chart.periods)
    most = _ceiling(max(period.rows for period in chart.periods))
    slot = 100 / count
    wide = min(slot * 0.8, _WIDEST)
    drawn: list[Html] = []
    for place, period in enumerate(chart.periods):
        ground = _BASE
        for answer in chart.answers:
            rows = period.counts.get(answer, 0)
            if rows:
                high = max(rows / most * (_BASE - _TOP), _GAP)
                left = place * slot + (slot - wide) / 2
                drawn.append(
                    element(
                        "rect",
                        x=_percent(left),
                        y=_percent(ground - high),
                        width=_percent(wide),
                        height=_percent(high),
                        class_=f"share-{answer}",
                    )
                )
                ground -= high
    names = [(0.0, "start", chart.periods[0].name), (100.0, "end", chart.periods[-1].name)]
    if count > 4:
        middle = count // 2
        names.append(((middle + 0.5) * slot, "middle", chart.periods[middle].name))
    marks = [(most, number(most)), (most // 2, number(most // 2))] if most > 1 else [(most, number(most))]
    return _chart(chart.title, [*_levels([(value / most, text) for value, text in marks]), *drawn], names)


def curve(chart: Curve) -> Html:
    """What is gathered over ranks; ranks grow tenfold from mark to mark."""
    last = chart.points[-1][0]

    def across(rank: int) -> float:
        return log10(rank) / log10(last) * 100

    points = [(across(rank) * 10, 1000 - gathered / chart.total * 1000) for rank, gathered in chart.points]
    line = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    drawn = element(
        "svg",
        element("path", d=f"M0 1000L{line}L1000 1000Z", class_="area"),
        element("path", d=f"M{line}", class_="curve"),
        y=_percent(_TOP),
        width="100%",
        height=_percent(_BASE - _TOP),
        viewBox="0 0 1000 1000",
        preserveAspectRatio="none",
        aria_hidden="true",
    )
    names = [(0.0, "start", "1"), (100.0, "end", number(last))]
    marks: list[Html] = []
    mark = 10
    while mark < last:
        marks.append(_line(across(mark), _BASE, across(mark), _BASE + 2, "base"))
        if 8 < across(mark) < 88:
            names.append((across(mark), "middle", number(mark)))
        mark *= 10
    levels = [(1.0, "100 %"), (0.5, "50 %")]
    return _chart(chart.title, [*_levels(levels), drawn, *marks], names)


def _chart(title: str, drawn: list[Html], names: list[tuple[float, str, str]]) -> Html:
    below = (element("text", name, x=_percent(at), y="97%", text_anchor=anchor) for at, anchor, name in names)
    base = _line(0, _BASE, 100, _BASE, "base")
    return element("svg", element("title", title), *drawn, base, *below, class_="chart", role="img")


def _levels(marks: list[tuple[float, str]]) -> Iterator[Html]:
    for part, text in marks:
        high = _BASE - part * (_BASE - _TOP)
        yield _line(0, high, 100, high, "grid")
        yield element("text", text, x=0, y=_percent(high), dy=-4)


def _line(left: float, top: float, right: float, bottom: float, kind: str) -> Html:
    return element("line", x1=_percent(left), y1=_percent(top), x2=_percent(right), y2=_percent(bottom), class_=kind)


def _percent(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") + "%"


def _ceiling(value: int) -> int:
    """The least of 1, 2, 4, 5, 10, 20 ... that is not below."""
    step = 1
    while True:
        for factor in (1, 2, 4, 5):
            if factor * step >= value:
                return factor * step
        step *= 10
