"""A row as an example: what was decided and why, the line that said so, and where all of that stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from string import Formatter

from ...criteria import CATALOGUE
from ...criteria.passages import outcome_text
from ...explain import OUTCOMES
from ..words import Words, age_text, moment
from .account import ExampleRow, RemovalRow
from .blocks import Cell, Code, Example
from .outputs import Found, Quote

_URL = 2_000


def example(row: ExampleRow, words: Words, *, about: str | None = None) -> Example:
    """The row, with the findings that decided; `about` names a criterion whose finding is told in any case."""
    told = list(row.basis.deciding)
    told += [found for found in row.basis.findings if found.criterion == about and found not in told]
    return Example(
        url=row.url,
        answer=row.basis.answer,
        said=tuple(finding_text(found, words, row) for found in told),
        raw=_raw(row.quote or (row.named if any(found.criterion == "B3" for found in told) else None)),
        where=tuple(_where(row, words)),
    )


def _raw(quote: Quote | None) -> tuple[str, ...]:
    return () if quote is None else (*quote.agents, quote.text)


def finding_text(found: Found, words: Words, row: ExampleRow | None = None) -> str:
    """`B2 met: a measure covers ...`; in the words of the outcome where the reason's own lack what only a row knows."""
    outcome = OUTCOMES[words.lang][found.outcome]
    return f"{found.criterion} {outcome}: {reason_text(found, words, row)}"


def reason_text(found: Found, words: Words, row: ExampleRow | None = None) -> str:
    """Why, in one sentence without a gap: what only a row knows is left out where no row is at hand; where that
    leaves no sentence, in the words of the outcome."""
    params = _params(row)
    texts = CATALOGUE.sentences.get(found.reason)
    if texts is not None:
        text = _without_gaps(texts[words.lang], params)
        if not _gaps(text) - params.keys():
            return Formatter().vformat(text, (), params)
    told = outcome_text(found.criterion, found.outcome, words.lang) if found.criterion in CATALOGUE.criteria else None
    return told or CATALOGUE.phrase(found.reason, params, words.lang)


def _without_gaps(text: str, params: Mapping[str, str]) -> str:
    """A sentence without what stands in brackets, or after a colon at its end, and cannot be filled."""
    for gap in _gaps(text) - params.keys():
        text = re.sub(rf"\s?[(（][^()（）]*\{{{gap}\}}[^()（）]*[)）]", "", text)
        text = re.sub(rf"[:：]\s?「?\{{{gap}\}}」?\Z", "", text)
    return text


def _gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def _params(row: ExampleRow | None) -> Mapping[str, str]:
    return {} if row is None or row.quote is None else {"quote": row.quote.text, "kind": "robots.txt"}


def _where(row: ExampleRow, words: Words) -> Iterator[Cell]:
    yield from _robots(row, words)
    yield words("audit_example.fetched", at=moment(row.at))
    yield words("audit_example.place", file=row.file, row=row.row)
    yield words("audit_example.basis", basis=row.basis.number)
    if row.earlier_row is not None:
        yield words("audit_example.earlier", file=row.earlier_file or "?", row=row.earlier_row)
    if row.list is not None:
        yield words("audit_example.list", list=row.list, notice=row.notice or "?")


def _robots(row: ExampleRow | RemovalRow, words: Words) -> Iterator[Cell]:
    if row.line is not None:
        yield words("audit_example.line", line=row.line)
    elif isinstance(row, ExampleRow) and row.named is not None:
        yield words("audit_example.named", line=row.named.line)
    if row.robots_at is not None:
        age = age_text(row.robots_at, row.at, words)
        key = "audit_example.robots" if age else "audit_example.robots_after"
        yield words(key, at=moment(row.robots_at), age=age)
        yield Code(f"sha256:{(row.robots or '')[:16]}")
    elif isinstance(row, ExampleRow):
        yield words("audit_example.no_robots")


def removal_example(row: RemovalRow, words: Words) -> Example:
    """A row of the removal list: why it is out, what was known at its fetch, and where its copy is."""
    said = [words.known("audit_cause", row.cause)]
    if row.known is not None:
        known = words.known("audit_known", row.known)
        said = [words("audit_removals.why", cause=said[0], known=known)]
    outcomes = OUTCOMES[words.lang]
    said += [f"{name} {words.title(name)}: {outcomes[outcome]}" for name, outcome in row.criteria]
    return Example(
        url=row.url,
        answer=row.effect,
        said=tuple(said),
        raw=_raw(row.quote),
        where=tuple(_copy(row, words)),
        verdict=words(f"audit_effect.{row.effect}"),
    )


def _copy(row: RemovalRow, words: Words) -> Iterator[Cell]:
    if row.notice is not None:
        received = "?" if row.received_at is None else moment(row.received_at)
        issuer = row.issuer or words("audit_removals.nobody")
        yield words("audit_removals.notice", notice=row.notice, issuer=issuer, list=row.list or "?", at=received)
    if row.override is not None:
        yield words("audit_removals.override", record=row.override)
    yield from _robots(row, words)
    yield words("audit_example.fetched", at=moment(row.at))
    yield words("audit_example.place", file=row.file, row=row.row)
    if row.shard is not None or row.offset is not None or row.content_hash is not None:
        told = {"shard": row.shard, "offset": row.offset, "hash": row.content_hash}
        yield words("audit_removals.copy", **{key: "-" if value is None else value for key, value in told.items()})


def examples(rows: Iterable[ExampleRow], words: Words, *, about: str | None = None) -> tuple[Example, ...]:
    """Several rows, see `example`."""
    return tuple(example(row, words, about=about) for row in rows)


def place(table: Mapping[str, object], words: Words) -> str:
    """Where something that was rejected stands in its file."""
    parts = []
    if table.get("row") is not None:
        parts.append(words("audit_coverage.row", row=table["row"]))
    if table.get("offset") is not None:
        parts.append(words("audit_coverage.offset", offset=table["offset"]))
    return ", ".join(parts)


def url_of(table: Mapping[str, object]) -> Code:
    """The URL of something that was rejected."""
    return Code(str(table.get("url") or ""), _URL)
