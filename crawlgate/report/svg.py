"""A bar of shares as inline SVG. Shares differ by pattern as well as by colour, on paper too."""

from __future__ import annotations

from collections.abc import Sequence

from .markup import Html, element

_WIDTH = 1000
_HEIGHT = 44
_LEAST = 6
_GAP = 3


def patterns() -> Html:
    """The patterns that `bar` and `swatch` refer to; stands once in a page."""
    hatch = element("path", d="M0 0V8", class_="mark")
    cross = element("path", d="M0 0V8M0 0H8", class_="mark")
    dot = element("circle", cx=4, cy=4, r="1.6", class_="dot")
    kinds = (
        ("review", hatch, "rotate(45)"),
        ("deny", cross, "rotate(45)"),
        ("for_now", dot, None),
        ("unknown", hatch, "rotate(-45)"),
        ("not_covered", dot, None),
    )
    drawn = (
        element(
            "pattern",
            element("rect", width=8, height=8, class_=f"fill-{name}"),
            mark,
            id=f"p-{name}",
            width=8,
            height=8,
            patternUnits="userSpaceOnUse",
            patternTransform=turned,
        )
        for name, mark, turned in kinds
    )
    return element("svg", element("defs", *drawn), width=0, height=0, aria_hidden="true", class_="defs")


def bar(title: str, shares: Sequence[tuple[str, int]]) -> Html:
    """One bar of the width of the page; `shares` are names of answers with their numbers. `title` says in
    words what the bar shows."""
    return element(
        "svg",
        element("title", title),
        *_parts(shares),
        class_="bar",
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
        preserveAspectRatio="none",
    )


def strip(shares: Sequence[tuple[str, int]]) -> Html:
    """A small bar beside numbers that say the same; nothing for a reader of the screen."""
    return element(
        "svg",
        *_parts(shares),
        class_="strip",
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        aria_hidden="true",
        preserveAspectRatio="none",
    )


def _parts(shares: Sequence[tuple[str, int]]) -> list[Html]:
    present = [(name, count) for name, count in shares if count > 0]
    total = sum(count for _, count in present)
    room = _WIDTH - _LEAST * len(present) - _GAP * max(0, len(present) - 1)
    parts: list[Html] = []
    at = 0
    for index, (name, count) in enumerate(present):
        wide = _LEAST + room * count // total
        if index == len(present) - 1:
            wide = _WIDTH - at
        parts.append(element("rect", x=at, y=0, width=wide, height=_HEIGHT, rx=4, class_=f"share-{name}"))
        at += wide + _GAP
    return parts


def swatch(name: str) -> Html:
    """The key to a part of the bar."""
    return element(
        "svg",
        element("rect", width=16, height=16, rx=3, class_=f"share-{name}"),
        class_="swatch",
        viewBox="0 0 16 16",
        aria_hidden="true",
    )
