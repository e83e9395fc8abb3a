"""HTML as values: what is plain text is escaped when it enters an element, so that no caller can forget it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from ..explain import printable

_VOID = frozenset({"meta", "path", "rect", "circle"})
_SHOWN = 400


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


Child = str | int | None


def element(name: str, *children: Child, **attributes: str | int | None) -> Html:
    """An element. Children and attributes that are plain text are escaped, control characters shown; None is
    left out. `class_` is written for `class`, `_` for a hyphen."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_escaped(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{join(children)}</{name}>")


def join(children: Iterable[Child], between: str = "") -> Html:
    """Children one after another, plain text escaped."""
    shown = (child if isinstance(child, Html) else _escaped(str(child)) for child in children if child is not None)
    return Html(between.join(shown))


def quoted(text: str, class_: str | None = None, *, limit: int = _SHOWN) -> Html:
    """Text of others, as it was: no direction of writing escapes it, and it is cut at `limit` characters."""
    shown = text if len(text) <= limit else f"{text[:limit]}…"
    return element("code", shown, dir="ltr", class_=class_)


def table(caption: str, head: Sequence[Child], rows: Iterable[Sequence[Child]], *, class_: str | None = None) -> Html:
    """A table whose first column names the rows. Numbers stand right. On narrow screens it scrolls by itself."""
    first, *others = head
    columns = element(
        "tr",
        element("th", first, scope="col"),
        *(element("th", column, scope="col") for column in others),
    )
    body = [
        element("tr", element("th", name, scope="row"), *(_cell(cell) for cell in cells)) for name, *cells in rows
    ]
    shown = element(
        "table", element("caption", caption), element("thead", columns), element("tbody", *body), class_=class_
    )
    return element("div", shown, class_="scroll", tabindex="0", role="region", aria_label=caption)


def definitions(pairs: Iterable[tuple[str, Child]]) -> Html:
    """A list of names and what they stand for."""
    return element(
        "dl", *(element("div", element("dt", name), element("dd", value)) for name, value in pairs if value is not None)
    )


def bullets(items: Iterable[Child], class_: str | None = None) -> Html:
    """A list."""
    return element("ul", *(element("li", item) for item in items), class_=class_)


def _cell(cell: Child) -> Html:
    if isinstance(cell, int):
        return element("td", f"{cell:,}", class_="n" if cell else "n zero")
    return element("td", cell)


def _escaped(text: str) -> str:
    return escape(printable(text))
