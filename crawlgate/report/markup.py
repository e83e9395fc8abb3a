"""HTML as values: what is plain text is escaped when it enters an element, so that no caller can forget it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from ..explain import printable

_VOID = frozenset({"meta", "path", "rect", "circle", "line"})
_SHOWN = 400


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


class Figure(str):
    """A number as text (a share): stands right in a table, as whole numbers do."""

    __slots__ = ()


Child = str | int | None


def element(name: str, /, *children: Child, **attributes: str | int | None) -> Html:
    """An element. Children and attributes that are plain text are escaped, control characters shown; None is
    left out. `class_` is written for `class`, `_` for a hyphen."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_escaped(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Html(f"<{name}{given}/>")
    return Html(f"<{name}{given}>{join(children)}</{name}>")


def join(children: Iterable[Child], between: str = "") -> Html:
    """Children one after another, plain text escaped."""
    shown = (child if isinstance(child, Html) else _escaped(str(child)) for child in children if child is not None)
    return Html(between.join(shown))


def quoted(text: str, class_: str | None = None, *, limit: int = _SHOWN) -> Html:
    """Text of others, as it was: no direction of writing escapes it, and it is cut at `limit` characters."""
    shown = text if len(text) <= limit else f"{text[:limit]}…"
    return element("code", shown, dir="ltr", class_=class_)


def table(caption: str, head: Sequence[Child], rows: Iterable[Sequence[Child]]) -> Html:
    """A table whose first column names the rows. Numbers stand right. On narrow screens it scrolls by itself."""
    body = list(rows)
    right = [at > 0 and bool(body) and all(_is_number(row[at]) for row in body) for at in range(len(head))]
    columns = (element("th", name, scope="col", class_="n" if n else None) for name, n in zip(head, right, strict=True))
    lines = (element("tr", element("th", row[0], scope="row"), *map(_cell, row[1:])) for row in body)
    shown = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *columns)),
        element("tbody", *lines),
    )
    return element("div", shown, class_="scroll", tabindex="0", role="region", aria_label=caption)


def row(*cells: Child) -> tuple[Child, ...]:
    """A row of a table."""
    return cells


def definitions(pairs: Iterable[tuple[str, Child]]) -> Html:
    """A list of names and what they stand for."""
    return element(
        "dl", *(element("div", element("dt", name), element("dd", value)) for name, value in pairs if value is not None)
    )


def bullets(items: Iterable[Child], class_: str | None = None) -> Html:
    """A list."""
    return element("ul", *(element("li", item) for item in items), class_=class_)


def _is_number(cell: Child) -> bool:
    return isinstance(cell, (int, Figure))


def _cell(cell: Child) -> Html:
    if isinstance(cell, int):
        return element("td", f"{cell:,}", class_="n" if cell else "n zero")
    return element("td", cell, class_="n" if isinstance(cell, Figure) else None)


def _escaped(text: str) -> str:
    return escape(printable(text))
