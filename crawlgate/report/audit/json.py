"""The report of an audit as an object for machines (schema `crawlgate.audit-report/1`)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from ...criteria import CATALOGUE
from ...criteria.passages import person_questions
from ...explain import printable
from ..words import Words
from .account import Account, Counts, ExampleRow, RemovalRow, Site
from .examples import finding_text, reason_text
from .outputs import Found
from .places import ANSWERS

SCHEMA = "crawlgate.audit-report/1"
NOTE = "page.note"

SITES = 1_000
"""Sites that JSON and SARIF name."""


def report_object(account: Account, lang: str = "en") -> dict[str, Any]:
    """Everything that the page says, and more of the sites; texts in `lang`."""
    words = Words(lang)
    return {
        "schema": SCHEMA,
        "note": words(NOTE),
        "lang": lang,
        "asked": {key: value for key, value in account.summary.items() if key in _ASKED},
        "outputs": [asdict(file) for file in account.outputs],
        "period": {"first": _time(account.first), "last": _time(account.last), "unit": account.unit},
        "coverage": _coverage(account, words),
        "verdicts": _counts(account.counts),
        "criteria": {name: _criterion(account, name, words) for name in account.criteria},
        "over_time": [{"period": period.name, **_counts(period.counts)} for period in account.periods],
        "sites": [_site(site, words) for site in account.sites],
        "sites_denied_or_held": account.sites_stopped,
        "concentration": {
            "sites": account.concentration.sites,
            "sites_denied": account.concentration.sites_denied,
            "denied": account.concentration.denied,
            "sites_needed": [{"percent": part, "sites": sites} for part, sites in account.concentration.needed],
            "gathered": [{"sites": rank, "denied": rows} for rank, rows in account.concentration.curve],
        },
        "lists": [
            {
                "name": one.name,
                **_counts(one.counts),
                "entries": [{"notice": notice, "rows": rows} for notice, rows in one.notices],
            }
            for one in account.lists
        ],
        "files": [{"name": name, **_counts(counts)} for name, counts in account.files],
        "for_people": {
            "waiting": [
                {
                    "criterion": waiting.criterion,
                    "rows": waiting.rows,
                    "question": words.suggest(waiting.criterion),
                    "examples": [_row(row, words) for row in waiting.examples],
                }
                for waiting in account.waiting
            ],
            "open": [
                {
                    "question": one.key,
                    "text": one.text(lang),
                    "criteria": list(one.criteria),
                    "sources": list(one.sources),
                    "rows": account.questions[one.key],
                }
                for one in person_questions()
                if one.key in account.questions
            ],
        },
        "removals": _removals(account),
        "setup": [
            {"key": one.key, "level": one.level, "text": words(f"audit_setup.{one.key}", **one.params)}
            for one in account.setup
        ],
    }


_ASKED = (
    "audit",
    "program",
    "versions",
    "rule_pack",
    "source_document",
    "profile",
    "declaration",
    "agents",
    "psl",
    "as_of",
    "known_until",
    "columns",
    "reading",
    "people",
    "inputs",
    "evidence",
    "lists",
)


def _counts(counts: Counts) -> dict[str, int]:
    return {"rows": sum(counts.values()), **{str(answer): counts.get(answer, 0) for answer in ANSWERS}}


def _coverage(account: Account, words: Words) -> dict[str, Any]:
    found = account.coverage
    return {
        "rows": found.rows,
        "judged": found.judged,
        "known": found.known,
        "unknown": found.unknown,
        "not_covered": found.not_covered,
        "some_unknown": found.some_unknown,
        "rejected": found.rejected,
        "rejected_by": dict(found.rejected_by),
        "beside": found.beside,
        "not_assessed": [
            {"names": list(item.names), "reason": item.why, "text": words.sentence(item.why), "rows": item.urls}
            for item in found.not_assessed
        ],
    }


def _criterion(account: Account, name: str, words: Words) -> dict[str, Any]:
    figures = account.criteria[name]
    known = CATALOGUE.criteria.get(name)
    return {
        "title": words.title(name),
        "sources": list(known.sources) if known else [],
        "outcomes": {str(outcome): count for outcome, count in figures.outcomes.items()},
        "not_assessed": figures.not_assessed,
        "reasons": [{**_found(found, words), "rows": rows} for found, rows in figures.reasons],
        "examples": [_row(row, words) for rows in figures.examples.values() for row in rows],
    }


def _found(found: Found, words: Words) -> dict[str, str]:
    return {"outcome": str(found.outcome), "reason": found.reason, "text": reason_text(found, words)}


def _site(site: Site, words: Words) -> dict[str, Any]:
    return {
        "site": site.name,
        "hosts": site.hosts,
        **_counts(site.counts),
        "findings": [
            {"verdict": str(answer), "criterion": one.criterion, **_found(one, words), "rows": rows}
            for answer, one, rows in site.found
        ],
        "examples": [_row(row, words) for row in site.examples],
    }


def _row(row: ExampleRow, words: Words) -> dict[str, Any]:
    return {
        "file": row.file,
        "row": row.row,
        "url": row.url,
        "fetched_at": _time(row.at),
        "verdict": str(row.basis.answer),
        "basis": row.basis.number,
        "findings": [printable(finding_text(found, words, row)) for found in row.basis.deciding],
        "robots": _robots(row),
        "named": None
        if row.named is None
        else {"line": row.named.line, "text": row.named.text, "agents": list(row.named.agents)},
        "list": row.list,
        "notice": row.notice,
        "earlier": None if row.earlier_row is None else {"file": row.earlier_file, "row": row.earlier_row},
    }


def _removals(account: Account) -> dict[str, Any] | None:
    found = account.removals
    if found is None:
        return None
    return {
        "rows": found.rows,
        "effects": {str(effect): count for effect, count in found.effects.items()},
        "split": [
            {"cause": cause, "known": known, "effect": str(effect), "rows": rows}
            for cause, known, effect, rows in found.split
        ],
        "lists": [{"name": name, "rows": rows} for name, rows in found.lists],
        "placed": found.placed,
        "looked_again": found.looked_again,
        "not_looked_again": found.not_looked_again,
        "examples": [_removal(row) for row in found.examples],
    }


def _removal(row: RemovalRow) -> dict[str, Any]:
    return {
        "file": row.file,
        "row": row.row,
        "url": row.url,
        "fetched_at": _time(row.at),
        "effect": str(row.effect),
        "cause": row.cause,
        "findings": {name: str(outcome) for name, outcome in row.criteria},
        "known": row.known,
        "notice": row.notice,
        "list": row.list,
        "issuer": row.issuer,
        "received_at": _time(row.received_at),
        "override": row.override,
        "robots": _robots(row),
        "shard": row.shard,
        "offset": row.offset,
        "content_hash": row.content_hash,
    }


def _robots(row: ExampleRow | RemovalRow) -> dict[str, Any] | None:
    if row.robots is None:
        return None
    return {
        "sha256": row.robots,
        "received_at": _time(row.robots_at),
        "line": row.line,
        "text": None if row.quote is None else row.quote.text,
        "agents": [] if row.quote is None else list(row.quote.agents),
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")
