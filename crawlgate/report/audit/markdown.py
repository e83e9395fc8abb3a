"""The report of an audit as Markdown (GFM): the same parts as the page, charts as the words that tell them.

Text of others stands in code spans or is escaped, so that it is shown and never read as markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ...criteria import CATALOGUE
from ...criteria.passages import passages
from ...explain import printable
from ..markup import Figure
from ..words import Words, moment, number
from .account import Account
from .asked import question_text
from .blocks import (
    Bar,
    Block,
    Cell,
    Code,
    Columns,
    Curve,
    Examples,
    Facts,
    Heading,
    Key,
    Named,
    Passages,
    Stack,
    Table,
    Text,
)
from .sections import sections

_URL = 2_000
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&]|(?<=\A)[-+]|(?<=\A\d)\.)")


def markdown(account: Account, lang: str = "en") -> str:
    """The whole report."""
    return "\n\n".join(_blocks(account, Words(lang))) + "\n"


def _blocks(account: Account, words: Words) -> Iterator[str]:
    declared = account.summary.get("declaration") or {}
    yield f"# {words('audit.title')}: {_plain(str(declared.get('operator') or words('page.nobody')))}"
    if account.first is not None and account.last is not None and account.as_of == "fetched":
        yield words("audit.period", first=moment(account.first), last=moment(account.last))
    yield _plain(question_text(account, words))
    yield _plain(words("audit.made_by", program=str(account.summary.get("program", "crawlgate"))))
    yield f"> **{words('page.note_title')}.** {words('page.note')}\n>\n> {words('audit.note')}"
    for section in sections(account, words):
        yield f"## {section.title}"
        for block in section.blocks:
            yield from filter(None, _block(block, words))
    yield "---"
    yield words("page.hostile")


def _block(block: Block, words: Words) -> Iterator[str]:
    match block:
        case Heading():
            yield f"{'#' * block.level} {_cell(block.text, words)}"
        case Text():
            yield f"**{_plain(block.text)}**" if block.kind == "question" else _plain(block.text)
        case Table():
            yield f"**{_plain(block.caption)}**"
            yield _table(block, words)
        case Facts():
            yield "\n".join(f"- {_plain(name)}: {_cell(cell, words)}" for name, cell in block.pairs if cell is not None)
        case Examples():
            yield "\n".join(_examples(block, words))
        case Passages():
            if block.criterion in CATALOGUE.criteria:
                for passage in passages(block.criterion):
                    sense = f" {words('explained.sense')}{passage.ja}" if words.lang == "ja" else ""
                    yield f"> **{passage.id}** {_plain(passage.quote)}{_plain(sense)}"
        case Bar() | Columns() | Curve():
            yield _plain(block.title)


def _table(block: Table, words: Words) -> str:
    right = [bool(block.rows) and all(isinstance(row[n], (int, Figure)) for row in block.rows) for n in _places(block)]
    lines = [block.head, ["---:" if n else "---" for n in right]]
    shown = [f"| {' | '.join(_plain(name) if line is block.head else name for name in line)} |" for line in lines]
    shown += [f"| {' | '.join(_cell(cell, words) for cell in row)} |" for row in block.rows]
    return "\n".join(shown)


def _places(block: Table) -> Iterable[int]:
    return range(len(block.head))


def _examples(block: Examples, words: Words) -> Iterator[str]:
    for item in block.items:
        yield f"- {item.verdict or words(f'answer.{item.answer}')} {_code(item.url, _URL)}"
        if item.raw:
            yield f"  - {'<br>'.join(_code(line) for line in item.raw)}"
        yield from (f"  - {_plain(text)}" for text in item.said)
        yield f"  - {'; '.join(_cell(cell, words) for cell in item.where)}"


def _cell(cell: Cell, words: Words) -> str:
    match cell:
        case Code():
            return _code(cell.text, cell.limit)
        case Named():
            title = words.title(cell.criterion) or words("criteria.unknown_criterion")
            return f"**{_plain(cell.criterion)}** {_plain(title)}"
        case Key():
            return words(f"answer.{cell.answer}")
        case Stack():
            return "<br>".join(_cell(part, words) for part in cell.parts)
        case int():
            return number(cell)
        case _:
            return _plain(cell)


def _plain(text: str) -> str:
    """Text in which nothing is markup."""
    return (
        _SPECIAL.sub(r"\\\1", printable(text))
        .replace("://", "&#58;//")
        .replace("@", "&#64;")
        .replace("www.", "www&#46;")
    )


def _code(text: str, limit: int = 400) -> str:
    """A code span that its text cannot leave; a bar is escaped, as tables need it."""
    shown = printable(text if len(text) <= limit else f"{text[:limit]}…").replace("|", "\\|").strip()
    if not shown:
        return ""
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    room = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{room}{shown}{room}{fence}"
