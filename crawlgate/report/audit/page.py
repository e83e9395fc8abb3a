"""The report of an audit as one HTML page: no script, nothing loaded, fit for paper, telephones and reading aloud."""

from __future__ import annotations

from .. import svg
from ..document import document
from ..gist import Answer
from ..markup import Child, Figure, Html, bullets, definitions, element, join, quoted, table
from ..shared import criterion_name, passages_of
from ..words import Words, moment, number
from . import charts
from .account import Account
from .asked import question_text
from .blocks import (
    Bar,
    Block,
    Cell,
    Code,
    Columns,
    Curve,
    Example,
    Examples,
    Facts,
    Heading,
    Key,
    Named,
    Passages,
    Section,
    Stack,
    Table,
    Text,
)
from .sections import sections

_URL = 2_000


def page(account: Account, lang: str = "en") -> str:
    """The whole page. All that came from elsewhere is escaped."""
    words = Words(lang)
    operator = _operator(account, words)
    parts = sections(account, words)
    body = element(
        "body",
        element("a", words("audit.skip"), href="#report", class_="skip"),
        svg.patterns(),
        element(
            "div",
            _header(account, words, operator),
            _contents(parts, words),
            element("main", *(_section(part, words) for part in parts), id="report", tabindex="-1"),
            element("footer", element("p", words("page.hostile")), element("p", words("audit.footer"))),
            class_="wrap",
        ),
    )
    return document(f"{words('audit.title')}: {operator}", body, lang)


def _operator(account: Account, words: Words) -> str:
    declared = account.summary.get("declaration") or {}
    return str(declared.get("operator") or words("page.nobody"))


def _header(account: Account, words: Words, operator: str) -> Html:
    period = words("audit.no_period")
    if account.first is not None and account.last is not None and account.as_of == "fetched":
        period = words("audit.period", first=moment(account.first), last=moment(account.last))
    note = element(
        "div",
        element("h2", words("page.note_title"), id="h-note"),
        element("p", words("page.note")),
        element("p", words("audit.note")),
        class_="note",
        role="note",
        aria_labelledby="h-note",
    )
    return element(
        "header",
        element("p", words("audit.title"), class_="kind"),
        element("h1", operator),
        element("p", period, class_="meta") if account.as_of == "fetched" else None,
        element("p", question_text(account, words), class_="meta"),
        element("p", words("audit.made_by", program=str(account.summary.get("program", "crawlgate"))), class_="meta"),
        note,
        _figures(account, words),
        _state(account, words),
    )


def _figures(account: Account, words: Words) -> Html:
    covered = account.coverage
    shown: list[Html] = [
        _figure(covered.rows, words("audit_figures.rows")),
        _figure(covered.judged, words("audit_figures.judged")),
        _figure(covered.rejected, words("audit_figures.rejected")),
    ]
    shown += [
        _figure(account.counts.get(answer, 0), join((svg.swatch(answer), words(f"answer.{answer}"))))
        for answer in account.answers
    ]
    shown.append(_figure(account.concentration.sites_denied, words("audit_figures.sites")))
    if account.removals is not None:
        shown.append(_figure(account.removals.effects[Answer.DENY], words("audit_figures.out")))
    return element("ul", *shown, class_="figures", aria_label=words("figures.title"))


def _figure(value: int, label: str) -> Html:
    return element("li", element("strong", number(value)), element("span", label))


def _state(account: Account, words: Words) -> Html | None:
    """The gravest thing about the set-up, where a reader must not miss it."""
    found = next((found for found in account.setup if found.level == "error"), None)
    if found is None:
        return None
    return element("p", words(f"audit_setup.{found.key}", **found.params), class_="state bad")


def _contents(parts: tuple[Section, ...], words: Words) -> Html:
    items = (element("li", element("a", part.title, href=f"#{part.name}")) for part in parts)
    return element(
        "nav", element("h2", words("page.contents"), id="h-nav"), element("ol", *items), aria_labelledby="h-nav"
    )


def _section(part: Section, words: Words) -> Html:
    heading = element("h2", part.title, id=f"h-{part.name}")
    blocks = (_block(block, words) for block in part.blocks)
    return element("section", heading, *blocks, id=part.name, aria_labelledby=f"h-{part.name}")


def _block(block: Block, words: Words) -> Html:
    match block:
        case Heading():
            return element(f"h{block.level}", _cell(block.text, words))
        case Text():
            return element("p", block.text, class_=block.kind)
        case Table():
            return _table(block, words)
        case Facts():
            return definitions((name, None if cell is None else _cell(cell, words)) for name, cell in block.pairs)
        case Examples():
            return bullets((_example(item, words) for item in block.items), class_="examples")
        case Passages():
            return passages_of(block.criterion, words) or Html("")
        case Bar():
            keys = (join((svg.swatch(name), text)) for name, text in block.keys)
            return join((svg.bar(block.title, block.shares), bullets(keys, class_="keys") if block.keys else None))
        case Columns():
            keys = (join((svg.swatch(answer), words(f"answer.{answer}"))) for answer in block.answers)
            return element("figure", charts.columns(block), bullets(keys, class_="keys"))
        case Curve():
            return element("figure", charts.curve(block), element("figcaption", block.title))


def _table(block: Table, words: Words) -> Html:
    rows = [[_cell(cell, words) for cell in line] for line in block.rows]
    head: list[Child] = list(block.head)
    if block.bars:
        head.append(block.bars_title)
        for line, shares in zip(rows, block.bars, strict=True):
            line.append(svg.strip(shares))
    return table(block.caption, head, rows)


def _cell(cell: Cell, words: Words) -> Child:
    match cell:
        case Code():
            return quoted(cell.text, limit=cell.limit)
        case Named():
            return criterion_name(cell.criterion, words)
        case Key():
            return join((svg.swatch(cell.answer), words(f"answer.{cell.answer}")))
        case Stack():
            return join(element("div", _cell(part, words)) for part in cell.parts)
        case int() | Figure():
            return cell
        case _:
            return join((cell,))


def _example(item: Example, words: Words) -> Html:
    said = item.verdict or words(f"answer.{item.answer}")
    verdict = element("span", svg.swatch(item.answer), said, class_="verdict")
    raw = element("code", *(element("span", line) for line in item.raw), class_="raw", dir="ltr") if item.raw else None
    where = (element("span", _cell(cell, words)) for cell in item.where)
    return join(
        (
            element("p", verdict, " ", quoted(item.url, limit=_URL), class_="url"),
            raw,
            *(element("p", text) for text in item.said),
            element("p", *where, class_="where"),
        )
    )
